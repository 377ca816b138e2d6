//! Unified social credit codes (统一社会信用代码, GB 32100-2015) of authorities and legal persons.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Eighteen characters whose own check and whose organisation code's check (GB 11714) are both right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditCode([u8; Self::LENGTH]);

/// Why a text is not a credit code. Positions count from 1, as the standard counts them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditCodeError {
    /// Not eighteen characters.
    #[error("expected a credit code of 18 characters, got {got}")]
    Length {
        /// How many characters came.
        got: usize,
    },
    /// A character outside the 31 of the standard: capitals without I, O, S, V, Z, and digits.
    #[error(
        "expected a digit or a capital other than I, O, S, V, Z at position {position} of the credit code, got {got:?}"
    )]
    Character {
        /// Counted from 1.
        position: usize,
        /// What stands there.
        got: char,
    },
    /// Position 17 does not check positions 9 to 16.
    #[error(
        "expected {expected:?} at position 17 of the credit code, which checks its organisation code, got {got:?}"
    )]
    OrganisationCheck {
        /// The right check character.
        expected: char,
        /// What stands there.
        got: char,
    },
    /// Position 18 does not check positions 1 to 17.
    #[error("expected {expected:?} at position 18 of the credit code, which checks the whole, got {got:?}")]
    Check {
        /// The right check character.
        expected: char,
        /// What stands there.
        got: char,
    },
}

impl CreditCode {
    /// Characters in a credit code.
    pub const LENGTH: usize = 18;

    /// The code as it is printed.
    pub fn as_str(&self) -> &str {
        // Every constructor has seen that these are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Value of a character is its place here (GB 32100, table of check values).
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// 3^(i-1) mod 31 for positions 1 to 17.
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
/// GB 11714, for the first eight characters of the organisation code.
const ORGANISATION_WEIGHTS: [usize; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

impl FromStr for CreditCode {
    type Err = CreditCodeError;

    fn from_str(text: &str) -> Result<Self, CreditCodeError> {
        let code: [u8; Self::LENGTH] = text.as_bytes().try_into().map_err(|_| not_a_code(text))?;
        let values = code.map(value);
        if values.contains(&NO_VALUE) {
            return Err(not_a_code(text));
        }
        let [.., organisation_check, check] = code;
        let (expected, got) = (check_of_organisation(&code), char::from(organisation_check));
        if expected != got {
            return Err(CreditCodeError::OrganisationCheck { expected, got });
        }
        let (expected, got) = (check_of_whole(&values), char::from(check));
        if expected != got {
            return Err(CreditCodeError::Check { expected, got });
        }
        Ok(Self(code))
    }
}

/// A character that is not of the alphabet, or else the wrong number of characters.
fn not_a_code(text: &str) -> CreditCodeError {
    let bad = |character: char| u8::try_from(character).map_or(NO_VALUE, value) == NO_VALUE;
    match text.chars().take(CreditCode::LENGTH).position(bad) {
        Some(index) => {
            let got = text.chars().nth(index).unwrap_or_default();
            CreditCodeError::Character { position: index + 1, got }
        }
        None => CreditCodeError::Length { got: text.chars().count() },
    }
}

const NO_VALUE: u8 = 255;

/// Value by byte; [`NO_VALUE`] where the byte is no character of the alphabet.
const VALUES: [u8; 256] = {
    let mut values = [NO_VALUE; 256];
    let mut value: u8 = 0;
    let mut rest: &[u8] = ALPHABET;
    while let [character, others @ ..] = rest {
        // Evaluated at compile time, where an index out of bounds is an error of the build.
        #[expect(
            clippy::indexing_slicing,
            clippy::as_conversions,
            reason = "constant, checked by the compiler"
        )]
        {
            values[*character as usize] = value;
        }
        value += 1;
        rest = others;
    }
    values
};

#[expect(clippy::indexing_slicing, reason = "a table of 256 by a byte")]
fn value(character: u8) -> u8 {
    VALUES[usize::from(character)]
}

/// Expects values of characters of the alphabet only.
fn check_of_whole(values: &[u8; 18]) -> char {
    let sum: usize = values.iter().zip(WEIGHTS).map(|(value, weight)| usize::from(*value) * weight).sum();
    ALPHABET.get((31 - sum % 31) % 31).map_or('0', |found| char::from(*found))
}

/// Letters count A = 10 to Z = 35 here, with no letter left out.
fn check_of_organisation(code: &[u8; 18]) -> char {
    let digits = code.iter().skip(8).filter_map(|c| char::from(*c).to_digit(36));
    let sum: usize =
        digits.zip(ORGANISATION_WEIGHTS).filter_map(|(d, w)| Some(usize::try_from(d).ok()? * w)).sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => u32::try_from(digit).ok().and_then(|digit| char::from_digit(digit, 10)).unwrap_or('0'),
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CreditCode({self})")
    }
}

impl AsRef<str> for CreditCode {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Serialize for CreditCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for CreditCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PUBLIC_BODIES: [&str; 14] = [
        "11100000000013338W",
        "11100000MB03271699",
        "11100000MB0341032Y",
        "11100000000013127D",
        "11100000MB0143028R",
        "11100000000019713D",
        "11430000006122244L",
        "11110000000021135M",
        "11330105002500287C",
        "11220000013544541J",
        "11370800MB28559184",
        "113700000045030270",
        "113700000045046442",
        "12110000400777687U",
    ];

    #[test]
    fn codes_of_public_bodies_pass_both_checks() {
        for text in PUBLIC_BODIES {
            let code: CreditCode = text.parse().unwrap();
            assert_eq!(code.as_str(), text);
            assert_eq!(format!("{code} {code:?}"), format!("{text} CreditCode({text})"));
        }
    }

    #[test]
    fn any_one_changed_character_is_refused() {
        for text in PUBLIC_BODIES {
            for position in 0..CreditCode::LENGTH {
                for other in b'!'..=b'~' {
                    let mut changed = text.as_bytes().to_vec();
                    if changed[position] == other {
                        continue;
                    }
                    changed[position] = other;
                    let changed = String::from_utf8(changed).unwrap();
                    assert!(changed.parse::<CreditCode>().is_err(), "{changed} for {text}");
                }
            }
        }
    }

    #[test]
    fn the_error_names_what_was_expected_and_what_came() {
        let error = |text: &str| text.parse::<CreditCode>().unwrap_err();
        assert_eq!(error(""), CreditCodeError::Length { got: 0 });
        assert_eq!(error("11100000000013338W1"), CreditCodeError::Length { got: 19 });
        assert_eq!(error("11100000000013338w"), CreditCodeError::Character { position: 18, got: 'w' });
        assert_eq!(error("1110000000001333证W"), CreditCodeError::Character { position: 17, got: '证' });
        assert_eq!(
            error("11100000000013337W"),
            CreditCodeError::OrganisationCheck { expected: '8', got: '7' }
        );
        assert_eq!(error("11100000000013338X"), CreditCodeError::Check { expected: 'W', got: 'X' });
        assert_eq!(
            error("11100000000013338X").to_string(),
            "expected 'W' at position 18 of the credit code, which checks the whole, got 'X'"
        );
    }

    #[test]
    fn json_is_a_string_and_checked() {
        let code: CreditCode = serde_json::from_str("\"11100000000013338W\"").unwrap();
        assert_eq!(serde_json::to_string(&code).unwrap(), "\"11100000000013338W\"");
        assert!(serde_json::from_str::<CreditCode>("\"11100000000013338X\"").is_err());
    }

    /// Sixteen characters and the two checks that belong to them.
    fn any_code() -> impl Strategy<Value = String> {
        "[0-9A-HJ-NP-RTUW-Y]{8}[0-9A-HJ-NP-RTUW-Y]{8}".prop_map(|sixteen| {
            let mut code = [b'0'; CreditCode::LENGTH];
            code[..16].copy_from_slice(sixteen.as_bytes());
            code[16] = u8::try_from(check_of_organisation(&code)).unwrap();
            code[17] = u8::try_from(check_of_whole(&code.map(value))).unwrap();
            String::from_utf8(code.to_vec()).unwrap()
        })
    }

    proptest! {
        #[test]
        fn any_code_with_both_checks_is_read_and_written_the_same(text in any_code()) {
            let read: CreditCode = text.parse().unwrap();
            prop_assert_eq!(read.as_str(), text);
        }

        #[test]
        fn any_one_changed_character_of_any_code_is_refused(
            text in any_code(),
            at in 0..CreditCode::LENGTH,
            other in "[0-9A-Za-z]",
        ) {
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(changed.parse::<CreditCode>().is_ok(), changed == text);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<CreditCode>();
        }
    }
}
