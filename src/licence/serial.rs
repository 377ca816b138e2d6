//! Serials (流水号) and versions (版本号) of licences, as GB/T 36904 puts them into an identifier.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// One to 64 characters 0-9A-Z: what the identifier's check can be computed over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(String);

/// Why a text is not a serial.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SerialError {
    /// Empty or too long.
    #[error("expected a serial of 1 to 64 characters, got {got}")]
    Length {
        /// How many characters came.
        got: usize,
    },
    /// Not a digit or capital letter.
    #[error("expected a digit or a capital letter at position {position} of the serial, got {got:?}")]
    Character {
        /// Counted from 1.
        position: usize,
        /// What stands there.
        got: char,
    },
}

impl Serial {
    /// The most characters of a serial; the standard's own limit is not known, 32 is the longest seen.
    pub const MAX_LENGTH: usize = 64;
    /// Characters of a generated serial: 129 bits, so that no identifier can be guessed.
    pub const GENERATED_LENGTH: usize = 25;

    /// A serial made of 256 random bits, which must come from a cryptographic source.
    ///
    /// The bits are read as one number and written in base 36; with 126 bits to spare, no serial is likelier than
    /// another by more than one part in 2^126.
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        let mut number = *bytes;
        Self(
            (0..Self::GENERATED_LENGTH)
                .filter_map(|_| char::from_digit(divide_by_36(&mut number), 36))
                .map(|c| c.to_ascii_uppercase())
                .collect(),
        )
    }

    /// The serial as it stands in the identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Long division in place, most significant byte first; the answer is the remainder.
fn divide_by_36(number: &mut [u8]) -> u32 {
    number.iter_mut().fold(0, |remainder, byte| {
        let dividend = remainder * 256 + u32::from(*byte);
        // A remainder is below 36, so the quotient is below 256.
        *byte = u8::try_from(dividend / 36).unwrap_or(u8::MAX);
        dividend % 36
    })
}

impl FromStr for Serial {
    type Err = SerialError;

    fn from_str(text: &str) -> Result<Self, SerialError> {
        let good = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        if (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(good) {
            return Ok(Self(text.to_owned()));
        }
        let bad = |(_, c): &(usize, char)| !(c.is_ascii_digit() || c.is_ascii_uppercase());
        Err(match text.chars().take(Self::MAX_LENGTH).enumerate().find(bad) {
            Some((index, got)) => SerialError::Character { position: index + 1, got },
            None => SerialError::Length { got: text.chars().count() },
        })
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// 001 to 999: a change or renewal of a licence raises it and keeps the rest of the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(NonZeroU16);

/// A text that is not three digits, or is 000.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a version of three digits from 001 to 999, got {got:?}")]
pub struct VersionError {
    /// The text as it came, shortened.
    pub got: String,
}

impl Version {
    /// 001, of a licence that replaces none.
    pub const FIRST: Self = Self(NonZeroU16::MIN);

    /// The version after this one; `None` after 999.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).filter(|next| next.get() <= 999).map(Self)
    }

    /// 1 to 999.
    pub const fn number(self) -> u16 {
        self.0.get()
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let three_digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = three_digits.then(|| text.parse().ok()).flatten();
        number.map(Self).ok_or_else(|| VersionError { got: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_digits_and_capitals_up_to_64_are_a_serial() {
        let error = |text: &str| text.parse::<Serial>().unwrap_err();
        assert_eq!(error(""), SerialError::Length { got: 0 });
        assert_eq!(error(&"A".repeat(65)), SerialError::Length { got: 65 });
        assert_eq!(error("2024-1"), SerialError::Character { position: 5, got: '-' });
        assert_eq!(error("ab"), SerialError::Character { position: 1, got: 'a' });
        assert_eq!(error("1２"), SerialError::Character { position: 2, got: '２' });
        assert_eq!("A".repeat(64).parse::<Serial>().unwrap().as_str().len(), 64);
    }

    #[test]
    fn generated_serials_are_the_base_36_digits_of_the_random_number() {
        let mut bytes = [0; 32];
        assert_eq!(Serial::from_random(&bytes).as_str(), "0".repeat(25));
        bytes[31] = 35;
        bytes[30] = 0;
        assert_eq!(Serial::from_random(&bytes).as_str(), format!("Z{}", "0".repeat(24)));
        bytes[30] = 1; // 256 + 35 = 8 * 36 + 3
        assert_eq!(Serial::from_random(&bytes).as_str(), format!("38{}", "0".repeat(23)));
    }

    #[test]
    fn every_random_bit_below_the_spare_ones_changes_the_serial() {
        let mut seen = HashSet::new();
        for bit in 0..256 {
            let mut bytes = [0x5a; 32];
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(seen.insert(Serial::from_random(&bytes)), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn a_generated_serial_is_a_serial(bytes in any::<[u8; 32]>()) {
            let serial = Serial::from_random(&bytes);
            prop_assert_eq!(serial.as_str().len(), Serial::GENERATED_LENGTH);
            prop_assert_eq!(serial.as_str().parse::<Serial>(), Ok(serial.clone()));
        }
    }

    #[test]
    fn versions_run_from_001_to_999() {
        assert_eq!(Version::FIRST.to_string(), "001");
        assert_eq!(Version::FIRST.next().unwrap().to_string(), "002");
        assert_eq!("999".parse::<Version>().unwrap().next(), None);
        for wrong in ["000", "1", "0001", "+01", " 01", "00１", "-01", ""] {
            assert_eq!(wrong.parse::<Version>(), Err(VersionError { got: wrong.to_owned() }));
        }
    }
}
