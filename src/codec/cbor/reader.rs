//! Reads CBOR in place, accepting the deterministic form only. Allocates nothing.

use std::cmp::Ordering;
use std::fmt;

use super::error::CborError;
use super::major;
use crate::codec::limits::NESTING;

/// Reads items one behind the other out of a slice that outlives what it hands out.
///
/// [`Reader::array`], [`Reader::map`] and [`Reader::tag`] hand out heads only, so how deep a caller goes is fixed by the
/// format it reads; [`Reader::skip`], which follows the input instead, stops at [`NESTING`].
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

/// What kind of item stands next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number, zero or more.
    Unsigned,
    /// A number below zero.
    Negative,
    /// A byte string.
    Bytes,
    /// A text.
    Text,
    /// An array.
    Array,
    /// A map.
    Map,
    /// A tagged item.
    Tag,
    /// A float, a simple value or a break: nothing of ours.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsigned => "a number of zero or more",
            Self::Negative => "a number below zero",
            Self::Bytes => "a byte string",
            Self::Text => "a text",
            Self::Array => "an array",
            Self::Map => "a map",
            Self::Tag => "a tag",
            Self::Other => "a float or simple value",
        })
    }
}

struct Head {
    at: usize,
    kind: Kind,
    value: u64,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `input`.
    pub const fn new(input: &'a [u8]) -> Self {
        Self { all: input, rest: input }
    }

    /// Offset of the next item.
    pub const fn position(&self) -> usize {
        self.all.len() - self.rest.len()
    }

    /// Bytes not read yet.
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// The kind of the next item.
    pub fn peek(&self) -> Result<Kind, CborError> {
        let first = self.rest.first().ok_or(CborError::Truncated { at: self.position(), needed: 1 })?;
        Ok(kind_of(*first))
    }

    /// A number of zero or more.
    pub fn uint(&mut self) -> Result<u64, CborError> {
        self.expect(Kind::Unsigned).map(|head| head.value)
    }

    /// A number that fits into 64 bits with a sign.
    #[inline]
    pub fn int(&mut self) -> Result<i64, CborError> {
        let head = self.head()?;
        let out_of_range = CborError::Range { at: head.at };
        let value = i64::try_from(head.value).map_err(|_| out_of_range);
        match head.kind {
            Kind::Unsigned => value,
            Kind::Negative => value.map(|value| -1 - value),
            got => Err(CborError::Unexpected { at: head.at, expected: Kind::Unsigned, got }),
        }
    }

    /// A byte string.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], CborError> {
        let head = self.expect(Kind::Bytes)?;
        self.take(&head)
    }

    /// A text.
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, CborError> {
        let head = self.expect(Kind::Text)?;
        std::str::from_utf8(self.take(&head)?).map_err(|_| CborError::NotUtf8 { at: head.at })
    }

    /// The head of an array: how many elements follow. Never more than there are bytes left.
    pub fn array(&mut self) -> Result<usize, CborError> {
        let head = self.expect(Kind::Array)?;
        self.count(&head, 1)
    }

    /// The head of an array of exactly `expected` elements.
    pub fn array_of(&mut self, expected: usize) -> Result<(), CborError> {
        let at = self.position();
        match self.array()? {
            got if got == expected => Ok(()),
            got => Err(CborError::Count { at, expected, got }),
        }
    }

    /// The head of a map; the keys are read through what comes back, which sees to their order.
    pub fn map(&mut self) -> Result<MapKeys<'a>, CborError> {
        let head = self.expect(Kind::Map)?;
        let left = self.count(&head, 2)?;
        Ok(MapKeys { left, before: &[] })
    }

    /// A tag; the item it marks is next.
    pub fn tag(&mut self) -> Result<u64, CborError> {
        self.expect(Kind::Tag).map(|head| head.value)
    }

    /// Passes over one item, whatever it is, and hands out its bytes. Everything in it is checked.
    pub fn skip(&mut self) -> Result<&'a [u8], CborError> {
        let before = self.rest;
        self.skip_below(NESTING)?;
        Ok(before.get(..before.len() - self.rest.len()).unwrap_or(before))
    }

    /// The end: nothing may follow.
    pub const fn finish(self) -> Result<(), CborError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(CborError::Trailing { at: self.position(), count }),
        }
    }

    fn skip_below(&mut self, levels: usize) -> Result<(), CborError> {
        let at = self.position();
        let deeper = || levels.checked_sub(1).ok_or(CborError::TooDeep { at });
        match self.peek()? {
            Kind::Unsigned | Kind::Negative => self.head().map(|_| ()),
            Kind::Bytes => self.bytes().map(|_| ()),
            Kind::Text => self.text().map(|_| ()),
            Kind::Array => {
                let levels = deeper()?;
                (0..self.array()?).try_for_each(|_| self.skip_below(levels))
            }
            Kind::Map => {
                let levels = deeper()?;
                let mut keys = self.map()?;
                while keys.next_any(self, levels)? {
                    self.skip_below(levels)?;
                }
                Ok(())
            }
            Kind::Tag => {
                let levels = deeper()?;
                self.tag()?;
                self.skip_below(levels)
            }
            got @ Kind::Other => Err(CborError::Unexpected { at, expected: Kind::Unsigned, got }),
        }
    }

    #[inline]
    fn expect(&mut self, expected: Kind) -> Result<Head, CborError> {
        let head = self.head()?;
        if head.kind == expected {
            Ok(head)
        } else {
            Err(CborError::Unexpected { at: head.at, expected, got: head.kind })
        }
    }

    #[inline]
    fn head(&mut self) -> Result<Head, CborError> {
        let at = self.position();
        // Nearly all heads of a licence: one byte, of a kind that is ours.
        if let [first @ 0..0xe0, rest @ ..] = self.rest
            && first & 0x1f < 24
        {
            self.rest = rest;
            return Ok(Head { at, kind: kind_of(*first), value: u64::from(first & 0x1f) });
        }
        self.long_head(at)
    }

    fn long_head(&mut self, at: usize) -> Result<Head, CborError> {
        let (&first, rest) = self.rest.split_first().ok_or(CborError::Truncated { at, needed: 1 })?;
        let kind = kind_of(first);
        if kind == Kind::Other {
            return Err(CborError::Unexpected { at, expected: Kind::Unsigned, got: kind });
        }
        let (value, rest) = match first & 0x1f {
            short @ 0..24 => (u64::from(short), rest),
            24 => wide::<1>(rest, at)?,
            25 => wide::<2>(rest, at)?,
            26 => wide::<4>(rest, at)?,
            27 => wide::<8>(rest, at)?,
            _ => return Err(CborError::Indefinite { at }),
        };
        self.rest = rest;
        Ok(Head { at, kind, value })
    }

    #[inline]
    fn take(&mut self, head: &Head) -> Result<&'a [u8], CborError> {
        let there = self.rest.len();
        let parts = usize::try_from(head.value).ok().and_then(|length| self.rest.split_at_checked(length));
        let (taken, rest) = parts.ok_or_else(|| missing(head, there))?;
        self.rest = rest;
        Ok(taken)
    }

    /// An element takes a byte at least: a count above what is left cannot be met, and is refused before anyone reserves
    /// memory for it.
    fn count(&self, head: &Head, bytes_each: usize) -> Result<usize, CborError> {
        let there = self.rest.len();
        usize::try_from(head.value)
            .ok()
            .filter(|count| *count <= there / bytes_each)
            .ok_or_else(|| missing(head, there))
    }
}

/// The keys of one map, which must ascend by the bytes of their encoding (RFC 8949 §4.2.1).
#[derive(Clone, Debug)]
pub struct MapKeys<'a> {
    left: usize,
    before: &'a [u8],
}

impl<'a> MapKeys<'a> {
    /// Pairs not read yet.
    pub const fn left(&self) -> usize {
        self.left
    }

    /// The next key as a number; `None` behind the last pair. The value is next in `reader`.
    #[inline]
    pub fn next_int(&mut self, reader: &mut Reader<'a>) -> Result<Option<i64>, CborError> {
        self.next(reader, Reader::int)
    }

    /// The next key as a text; `None` behind the last pair. The value is next in `reader`.
    #[inline]
    pub fn next_text(&mut self, reader: &mut Reader<'a>) -> Result<Option<&'a str>, CborError> {
        self.next(reader, Reader::text)
    }

    fn next_any(&mut self, reader: &mut Reader<'a>, levels: usize) -> Result<bool, CborError> {
        self.next(reader, |reader| reader.skip_below(levels)).map(|key| key.is_some())
    }

    #[inline]
    fn next<T>(
        &mut self,
        reader: &mut Reader<'a>,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, CborError>,
    ) -> Result<Option<T>, CborError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        let at = reader.position();
        let input = reader.rest;
        let key = read(reader)?;
        let encoded = input.get(..input.len() - reader.rest.len()).unwrap_or(input);
        match order(self.before, encoded) {
            Ordering::Less => {}
            Ordering::Equal => return Err(CborError::DuplicateKey { at }),
            Ordering::Greater => return Err(CborError::KeyOrder { at }),
        }
        self.left = left;
        self.before = encoded;
        Ok(Some(key))
    }
}

/// The order of two encoded keys. Their first bytes nearly always tell, at a fraction of the cost of comparing slices.
fn order(before: &[u8], encoded: &[u8]) -> Ordering {
    before.first().cmp(&encoded.first()).then_with(|| before.cmp(encoded))
}

const fn kind_of(first: u8) -> Kind {
    match first >> 5 {
        major::UINT => Kind::Unsigned,
        major::NEGATIVE => Kind::Negative,
        major::BYTES => Kind::Bytes,
        major::TEXT => Kind::Text,
        major::ARRAY => Kind::Array,
        major::MAP => Kind::Map,
        major::TAG => Kind::Tag,
        _ => Kind::Other,
    }
}

/// A head's number in `N` bytes, which must not fit into half of them (or into the head itself).
fn wide<const N: usize>(rest: &[u8], at: usize) -> Result<(u64, &[u8]), CborError> {
    let there = rest.len();
    let short = || CborError::Truncated { at, needed: u64::try_from(N.saturating_sub(there)).unwrap_or(1) };
    let (bytes, rest) = rest.split_first_chunk::<N>().ok_or_else(short)?;
    let value = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let least = match N {
        1 => 24,
        2 => 1 << 8,
        4 => 1 << 16,
        _ => 1 << 32,
    };
    if value < least { Err(CborError::NotShortest { at }) } else { Ok((value, rest)) }
}

fn missing(head: &Head, there: usize) -> CborError {
    let there = u64::try_from(there).unwrap_or(u64::MAX);
    CborError::Truncated { at: head.at, needed: head.value.saturating_sub(there).max(1) }
}

#[cfg(test)]
mod tests;
