//! Base45 (RFC 9285), strict: what decodes is the one text that encodes to it.
//!
//! Our own because it stands on the verifying path: the property test holds it against the crate `base45`, the benchmark
//! shows what it saves.
#![expect(clippy::indexing_slicing, reason = "tables of 256 by a byte, and 45 by a remainder of 45")]

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// Value of each byte, [`NOT_A_DIGIT`] for those outside the alphabet.
const VALUES: [u32; 256] = {
    let mut values = [NOT_A_DIGIT; 256];
    let mut value: u32 = 0;
    let mut digits: &[u8] = ALPHABET;
    while let [digit, rest @ ..] = digits {
        #[expect(clippy::as_conversions, reason = "a byte as an index, in a constant")]
        let index = *digit as usize;
        values[index] = value;
        value += 1;
        digits = rest;
    }
    values
};

/// More than any two bytes hold, so that looking whether a value fits finds overflow and bad digits alike.
const NOT_A_DIGIT: u32 = 1 << 16;

/// A text that is not base45.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Base45Error {
    /// One digit left over: no length leaves a remainder of 1 by 3.
    #[error("a text of {got} characters cannot be base45")]
    Length {
        /// Characters that came.
        got: usize,
    },
    /// A character outside the alphabet, lower case among them.
    #[error("character {at} is not one of base45's")]
    Character {
        /// Its offset.
        at: usize,
    },
    /// Three digits above 65535, or two above 255.
    #[error("the digits at {at} stand for more than their bytes can hold")]
    Overflow {
        /// Offset of the first digit.
        at: usize,
    },
}

/// Encodes bytes; the result has QR's alphanumeric characters only.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    let mut push = |value: u32| text.push(char::from(ALPHABET[usize::try_from(value % 45).unwrap_or(0)]));
    let mut pairs = bytes.chunks_exact(2);
    for pair in pairs.by_ref() {
        let value = u32::from(pair[0]) << 8 | u32::from(pair[1]);
        push(value);
        push(value / 45);
        push(value / (45 * 45));
    }
    if let [last] = pairs.remainder() {
        push(u32::from(*last));
        push(u32::from(*last) / 45);
    }
    text
}

/// Decodes a text.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, Base45Error> {
    let (triples, rest) = text.as_chunks::<3>();
    let mut bytes = Vec::with_capacity(triples.len() * 2 + 1);
    bytes.resize(triples.len() * 2, 0);
    // Looked at once for all triples: a branch each would cost more than the arithmetic.
    let mut all = 0;
    for (pair, &[a, b, c]) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(triples) {
        let value = triple(a, b, c);
        all |= value;
        let [_, _, high, low] = value.to_be_bytes();
        *pair = [high, low];
    }
    if all > u32::from(u16::MAX) {
        return Err(first_fault(text, triples));
    }
    match *rest {
        [] => {}
        [a, b] => match u8::try_from(digit(a) + digit(b) * 45) {
            Ok(value) => bytes.push(value),
            Err(_) => return Err(fault(text, triples.len() * 3, 2)),
        },
        _ => return Err(fault_at_end(text)),
    }
    Ok(bytes)
}

fn triple(a: u8, b: u8, c: u8) -> u32 {
    digit(a) + digit(b) * 45 + digit(c) * (45 * 45)
}

fn digit(byte: u8) -> u32 {
    VALUES[usize::from(byte)]
}

/// The fault of the first triple that has one, found only when there is one.
fn first_fault(text: &[u8], triples: &[[u8; 3]]) -> Base45Error {
    let is_bad = |&[a, b, c]: &[u8; 3]| triple(a, b, c) > u32::from(u16::MAX);
    let index = triples.iter().position(is_bad).unwrap_or(0);
    fault(text, index * 3, 3)
}

/// Which digit is bad, found only when one is.
fn fault(text: &[u8], at: usize, digits: usize) -> Base45Error {
    let bad = text.iter().skip(at).take(digits).position(|byte| digit(*byte) == NOT_A_DIGIT);
    bad.map_or(Base45Error::Overflow { at }, |offset| Base45Error::Character { at: at + offset })
}

fn fault_at_end(text: &[u8]) -> Base45Error {
    let last = text.len().saturating_sub(1);
    match fault(text, last, 1) {
        Base45Error::Overflow { .. } => Base45Error::Length { got: text.len() },
        bad => bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_rfc_9285() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"AB", "BB8"),
            (b"Hello!!", "%69 VD92EX0"),
            (b"base-45", "UJCLQE7W581"),
            (b"ietf!", "QED8WEX0"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text.as_bytes()).unwrap(), bytes);
        }
    }

    #[test]
    fn what_no_encoder_writes_is_refused() {
        for (text, expected) in [
            ("A", Base45Error::Length { got: 1 }),
            ("BB8A", Base45Error::Length { got: 4 }),
            ("BB8a", Base45Error::Character { at: 3 }),
            ("bb8", Base45Error::Character { at: 0 }),
            ("BB\n", Base45Error::Character { at: 2 }),
            ("BB8_A", Base45Error::Character { at: 3 }),
            ("GGW", Base45Error::Overflow { at: 0 }),
            (":::", Base45Error::Overflow { at: 0 }),
            ("a00", Base45Error::Character { at: 0 }),
            ("BB8V5", Base45Error::Overflow { at: 3 }),
            ("::", Base45Error::Overflow { at: 0 }),
        ] {
            assert_eq!(decode(text.as_bytes()), Err(expected), "{text:?}");
        }
        assert_eq!(decode(b"FGW").unwrap(), [255, 255], "the largest triple, one below the first refused");
        assert_eq!(decode(b"U5").unwrap(), [255], "the largest pair");
    }

    proptest! {
        #[test]
        fn a_second_implementation_agrees(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = encode(&bytes);
            prop_assert_eq!(&text, &base45::encode(&bytes));
            prop_assert_eq!(decode(text.as_bytes()).unwrap(), bytes);
        }

        #[test]
        fn what_decodes_encodes_to_the_same_text(text in "[0-9A-Z $%*+./:a-]{0,40}") {
            if let Ok(bytes) = decode(text.as_bytes()) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
