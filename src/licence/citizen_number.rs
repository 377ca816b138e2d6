//! Citizen identity numbers (公民身份号码, GB 11643-1999).

use std::str::FromStr;

use crate::time::Date;

/// Seventeen digits and a check character; digits 7 to 14 are a day of the calendar.
///
/// Neither `Debug` nor `Display`: a personal number is shown only by whoever asks for it by [`CitizenNumber::as_str`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CitizenNumber([u8; Self::LENGTH]);

/// Why a text is not a citizen number. The number itself is not repeated, since it may be a person's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CitizenNumberError {
    /// Not eighteen characters.
    #[error("expected a citizen number of 18 characters, got {got}")]
    Length {
        /// How many characters came.
        got: usize,
    },
    /// Not a digit, or at position 18 neither a digit nor a capital X.
    #[error("expected a digit at position {position} of the citizen number, or X at its end, got {got:?}")]
    Character {
        /// Counted from 1.
        position: usize,
        /// What stands there.
        got: char,
    },
    /// Positions 7 to 14 name no day.
    #[error("expected a day of the calendar, YYYYMMDD, at positions 7 to 14 of the citizen number")]
    BirthDate,
    /// Position 18 does not check the others.
    #[error("expected the check character of the citizen number at position 18 to fit its digits")]
    Check,
}

impl CitizenNumber {
    /// Characters in a citizen number.
    pub const LENGTH: usize = 18;

    /// The number as it is printed.
    pub fn as_str(&self) -> &str {
        // The constructor has seen that these are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check character by the weighted sum modulo 11.
const CHECKS: &[u8; 11] = b"10X98765432";

impl FromStr for CitizenNumber {
    type Err = CitizenNumberError;

    fn from_str(text: &str) -> Result<Self, CitizenNumberError> {
        for (index, got) in text.chars().enumerate().take(Self::LENGTH) {
            if !(got.is_ascii_digit() || (index == Self::LENGTH - 1 && got == 'X')) {
                return Err(CitizenNumberError::Character { position: index + 1, got });
            }
        }
        let number: [u8; Self::LENGTH] = text
            .as_bytes()
            .try_into()
            .map_err(|_| CitizenNumberError::Length { got: text.chars().count() })?;
        if birth_date(&number).is_none() {
            return Err(CitizenNumberError::BirthDate);
        }
        let [.., check] = number;
        if check_of(&number) != Some(check) {
            return Err(CitizenNumberError::Check);
        }
        Ok(Self(number))
    }
}

fn birth_date(number: &[u8; 18]) -> Option<Date> {
    let part = |range: std::ops::Range<usize>| std::str::from_utf8(number.get(range)?).ok();
    Date::new(part(6..10)?.parse().ok()?, part(10..12)?.parse().ok()?, part(12..14)?.parse().ok()?)
}

fn check_of(number: &[u8; 18]) -> Option<u8> {
    let digits = number.iter().filter_map(|digit| char::from(*digit).to_digit(10));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    CHECKS.get(usize::try_from(sum % 11).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The two examples printed in the standard.
    const PRINTED: [&str; 2] = ["11010519491231002X", "440524188001010014"];

    fn error(text: &str) -> Option<CitizenNumberError> {
        text.parse::<CitizenNumber>().err()
    }

    #[test]
    fn the_examples_of_the_standard_pass() {
        for text in PRINTED {
            assert_eq!(text.parse::<CitizenNumber>().ok().unwrap().as_str(), text);
        }
    }

    #[test]
    fn any_one_changed_character_is_refused() {
        for text in PRINTED {
            for position in 0..CitizenNumber::LENGTH {
                for other in "0123456789Xx*".bytes().filter(|other| *other != text.as_bytes()[position]) {
                    let mut changed = text.as_bytes().to_vec();
                    changed[position] = other;
                    let changed = String::from_utf8(changed).unwrap();
                    assert!(error(&changed).is_some(), "{changed}");
                }
            }
        }
    }

    #[test]
    fn the_error_says_which_rule_broke() {
        assert_eq!(error("1101051949123100"), Some(CitizenNumberError::Length { got: 16 }));
        assert_eq!(error("11010519491231002XX"), Some(CitizenNumberError::Length { got: 19 }));
        assert_eq!(
            error("11010519491231002x"),
            Some(CitizenNumberError::Character { position: 18, got: 'x' })
        );
        assert_eq!(error("110105194902300025"), Some(CitizenNumberError::BirthDate));
        assert_eq!(error("110105194912310021"), Some(CitizenNumberError::Check));
    }

    /// A place, a day, a number in a row and the check that belongs to them. Place 999999 does not exist.
    fn any_number() -> impl Strategy<Value = String> {
        (1_800_u16..2_100, 1_u8..=12, 1_u8..=28, 0_u16..1_000).prop_map(|(year, month, day, row)| {
            let digits = format!("999999{year:04}{month:02}{day:02}{row:03}0");
            let mut number: [u8; CitizenNumber::LENGTH] = digits.as_bytes().try_into().unwrap();
            number[17] = check_of(&number).unwrap();
            String::from_utf8(number.to_vec()).unwrap()
        })
    }

    proptest! {
        #[test]
        fn any_number_with_its_check_is_read_and_written_the_same(text in any_number()) {
            let read = text.parse::<CitizenNumber>().ok().unwrap();
            prop_assert_eq!(read.as_str(), text);
        }

        /// The weights are no multiples of 11 and differ between neighbours (GB 11643 by ISO 7064, MOD 11-2).
        #[test]
        fn any_one_changed_or_exchanged_character_of_any_number_is_refused(
            text in any_number(),
            at in 0..CitizenNumber::LENGTH - 1,
            other in "[0-9Xx]",
        ) {
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(changed.parse::<CitizenNumber>().is_ok(), changed == text);
            let mut exchanged = text.as_bytes().to_vec();
            exchanged.swap(at, at + 1);
            let exchanged = String::from_utf8(exchanged).unwrap();
            prop_assert_eq!(exchanged.parse::<CitizenNumber>().is_ok(), exchanged == text);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<CitizenNumber>();
        }
    }
}
