//! Strict DER (X.690 §10 and §11): the form that has exactly one byte string for one value.
//!
//! `x509-parser` reads BER leniently: long lengths, bytes left over inside a sequence, fractions of a second. [`check`]
//! walks the whole tree first and refuses what would not re-encode to itself.

/// Bytes that are not DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerError {
    /// The bytes end inside an element.
    #[error("DER ends inside an element: {needed} more bytes were expected")]
    Truncated {
        /// How many bytes are missing.
        needed: usize,
    },
    /// An indefinite length, or one not in its shortest form.
    #[error("DER length is indefinite, not the shortest form or above 65,535 (first byte {first:#04x})")]
    Length {
        /// First byte of the length.
        first: u8,
    },
    /// Another kind of element than the one that belongs here.
    #[error("expected DER tag {expected:#04x}, got {got:#04x}")]
    Tag {
        /// The tag that belongs here.
        expected: u8,
        /// The tag that came.
        got: u8,
    },
    /// The content of an element is not the one form that DER allows for its tag, or the tag is none that we read.
    #[error("the content of the element with DER tag {tag:#04x} is not in DER's one form")]
    Content {
        /// Tag of the element.
        tag: u8,
    },
    /// Bytes behind the last element.
    #[error("{bytes} bytes follow the last DER element")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// A sequence with more or fewer elements than its type has.
    #[error("a DER sequence has {got} elements where {least} to {most} belong")]
    Elements {
        /// Fewest that belong.
        least: usize,
        /// Most that belong.
        most: usize,
        /// How many came.
        got: usize,
    },
    /// Nested deeper than any certificate of ours.
    #[error("DER is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// A certificate nests nine levels; nothing we read needs more than this.
pub(crate) const MAX_DEPTH: usize = 16;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
const CONSTRUCTED: u8 = 0x20;
const CLASS: u8 = 0xc0;

/// Reads elements one after another.
#[derive(Clone, Copy)]
pub(crate) struct Der<'a> {
    rest: &'a [u8],
}

/// One element.
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag, length and content as they arrived.
    pub(crate) raw: &'a [u8],
}

impl<'a> Der<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is.
    pub(crate) fn next(&mut self) -> Result<Element<'a>, DerError> {
        let start = self.rest;
        let (&[tag, first], rest) = take(start)?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81 => {
                let (&[length], rest) = take(rest)?;
                (usize::from(length), rest)
            }
            0x82 => {
                let (&length, rest) = take(rest)?;
                (usize::from(u16::from_be_bytes(length)), rest)
            }
            _ => return Err(DerError::Length { first }),
        };
        // The long forms are for what does not fit into the next shorter one.
        if first == 0x81 && length < 0x80 || first == 0x82 && length < 0x100 {
            return Err(DerError::Length { first });
        }
        let (content, rest) = rest
            .split_at_checked(length)
            .ok_or(DerError::Truncated { needed: length.saturating_sub(rest.len()) })?;
        self.rest = rest;
        let raw = start.get(..start.len() - rest.len()).unwrap_or(start);
        Ok(Element { tag, content, raw })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, expected: u8) -> Result<Element<'a>, DerError> {
        let element = self.next()?;
        if element.tag == expected { Ok(element) } else { Err(DerError::Tag { expected, got: element.tag }) }
    }

    /// Nothing may be left.
    pub(crate) const fn finish(self) -> Result<(), DerError> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(DerError::Trailing { bytes }),
        }
    }

    /// All remaining elements, of which there must be `least` to `most`.
    pub(crate) fn elements(mut self, least: usize, most: usize) -> Result<Vec<Element<'a>>, DerError> {
        let mut elements = Vec::new();
        while !self.is_empty() {
            elements.push(self.next()?);
        }
        match elements.len() {
            got if (least..=most).contains(&got) => Ok(elements),
            got => Err(DerError::Elements { least, most, got }),
        }
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), DerError> {
    bytes.split_first_chunk().ok_or(DerError::Truncated { needed: N.saturating_sub(bytes.len()) })
}

/// The content of the one element with this tag that `bytes` are.
pub(crate) fn only(bytes: &[u8], tag: u8) -> Result<&[u8], DerError> {
    let mut der = Der::new(bytes);
    let element = der.expect(tag)?;
    der.finish()?;
    Ok(element.content)
}

/// Whether `bytes` are exactly one element and DER all the way down.
pub(crate) fn check(bytes: &[u8]) -> Result<(), DerError> {
    let mut der = Der::new(bytes);
    check_element(&der.next()?, MAX_DEPTH)?;
    der.finish()
}

fn check_element(element: &Element<'_>, depth: usize) -> Result<(), DerError> {
    if element.tag & CONSTRUCTED == 0 {
        let good = is_primitive_good(element.tag, element.content);
        return good.then_some(()).ok_or(DerError::Content { tag: element.tag });
    }
    // Constructed strings are BER; of the universal class only SEQUENCE and SET are made of elements.
    if element.tag & CLASS == 0 && !matches!(element.tag, SEQUENCE | SET) {
        return Err(DerError::Content { tag: element.tag });
    }
    let depth = depth.checked_sub(1).ok_or(DerError::TooDeep)?;
    let mut inner = Der::new(element.content);
    while !inner.is_empty() {
        check_element(&inner.next()?, depth)?;
    }
    Ok(())
}

fn is_primitive_good(tag: u8, content: &[u8]) -> bool {
    match (tag, content) {
        (BOOLEAN, content) => matches!(content, [0x00 | 0xff]),
        (INTEGER, content) => !matches!(content, [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..]),
        (BIT_STRING, content) => is_bit_string(content),
        (NULL, content) => content.is_empty(),
        (OBJECT_IDENTIFIER, content) => is_object_identifier(content),
        (UTF8_STRING, content) => std::str::from_utf8(content).is_ok(),
        (PRINTABLE_STRING, content) => content.iter().all(|&byte| is_printable(byte)),
        (IA5_STRING, content) => content.is_ascii(),
        (UTC_TIME, content) => is_time(content, 12),
        (GENERALIZED_TIME, content) => is_time(content, 14),
        (OCTET_STRING, _) => true,
        // Context-specific and implicit: what it is, its reader knows. Tag numbers above 30 are never used.
        (tag, _) => tag & CLASS == 0x80 && tag & 0x1f != 0x1f,
    }
}

fn is_bit_string(content: &[u8]) -> bool {
    match content {
        [0] => true,
        &[unused @ 0..=7, .., last] => last & ((1 << unused) - 1) == 0,
        _ => false,
    }
}

fn is_object_identifier(content: &[u8]) -> bool {
    let ends = content.last().is_some_and(|last| last & 0x80 == 0);
    // A component that begins with 0x80 has a leading zero.
    let mut starts = true;
    ends && content.iter().all(|&byte| {
        let good = !(starts && byte == 0x80);
        starts = byte & 0x80 == 0;
        good
    })
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b' ' | b'\'' | b'(' | b')' | b'+' | b',' | b'-' | b'.' | b'/' | b':' | b'=' | b'?')
}

/// Digits and `Z`: seconds present, no fraction, no offset (RFC 5280 §4.1.2.5).
fn is_time(content: &[u8], digits: usize) -> bool {
    match content.split_last() {
        Some((b'Z', time)) => time.len() == digits && time.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Writes one element.
pub(crate) fn write(into: &mut Vec<u8>, tag: u8, content: &[u8]) {
    into.push(tag);
    let [.., b2, b1, b0] = content.len().to_be_bytes();
    match (b2, b1, b0) {
        (0, 0, 0..0x80) => into.push(b0),
        (0, 0, _) => into.extend([0x81, b0]),
        (0, _, _) => into.extend([0x82, b1, b0]),
        _ => into.extend([0x83, b2, b1, b0]),
    }
    into.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_length_is_read() {
        assert_eq!(check(&[0x04, 0x01, 0x00]), Ok(()));
        assert_eq!(check(&[0x04, 0x81, 0x01, 0x00]), Err(DerError::Length { first: 0x81 }));
        assert_eq!(check(&[0x04, 0x82, 0x00, 0x01, 0x00]), Err(DerError::Length { first: 0x82 }));
        assert_eq!(check(&[0x30, 0x80, 0x00, 0x00]), Err(DerError::Length { first: 0x80 }));
        assert_eq!(check(&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff]), Err(DerError::Length { first: 0x84 }));
    }

    #[test]
    fn what_ends_early_or_late_is_refused() {
        assert_eq!(check(&[]), Err(DerError::Truncated { needed: 2 }));
        assert_eq!(check(&[0x04]), Err(DerError::Truncated { needed: 1 }));
        assert_eq!(check(&[0x04, 0x03, 0x00]), Err(DerError::Truncated { needed: 2 }));
        assert_eq!(check(&[0x04, 0x81]), Err(DerError::Truncated { needed: 1 }));
        assert_eq!(check(&[0x04, 0x82, 0x01]), Err(DerError::Truncated { needed: 1 }));
        assert_eq!(check(&[0x05, 0x00, 0x00]), Err(DerError::Trailing { bytes: 1 }));
    }

    #[test]
    fn each_primitive_has_one_form() {
        let cases: [(u8, &[u8], &[u8]); 9] = [
            (BOOLEAN, &[0xff], &[0x01]),
            (INTEGER, &[0x00, 0x80], &[0x00, 0x7f]),
            (INTEGER, &[0xff, 0x7f], &[0xff, 0x80]),
            (BIT_STRING, &[0x07, 0x80], &[0x07, 0xc0]),
            (NULL, &[], &[0x00]),
            (OBJECT_IDENTIFIER, &[0x2a, 0x81, 0x00], &[0x2a, 0x80, 0x01]),
            (UTF8_STRING, "证".as_bytes(), &[0xc0, 0x80]),
            (UTC_TIME, b"261124000000Z", b"2611240000Z"),
            (GENERALIZED_TIME, b"20501124000000Z", b"20501124000000.5Z"),
        ];
        for (tag, good, bad) in cases {
            let element = |content| {
                let mut bytes = Vec::new();
                write(&mut bytes, tag, content);
                bytes
            };
            assert_eq!(check(&element(good)), Ok(()), "{tag:#x}");
            assert_eq!(check(&element(bad)), Err(DerError::Content { tag }), "{tag:#x}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| {
            (0..levels).fold(vec![NULL, 0], |inner, _| {
                let mut outer = Vec::new();
                write(&mut outer, SEQUENCE, &inner);
                outer
            })
        };
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Err(DerError::TooDeep));
    }

    #[test]
    fn what_is_written_is_read_back_at_every_length_form() {
        for length in [0, 1, 127, 128, 255, 256, 65_535] {
            let mut bytes = Vec::new();
            write(&mut bytes, OCTET_STRING, &vec![7; length]);
            assert_eq!(only(&bytes, OCTET_STRING).unwrap().len(), length);
            assert_eq!(check(&bytes), Ok(()));
        }
    }
}
