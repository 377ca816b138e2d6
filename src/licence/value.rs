//! Values of a licence's fields.

use serde::Serialize;

use super::field::{FieldDefinition, FieldKind};
use super::text::{TextError, check_text};
use crate::time::{Date, TimeError};

/// What a field holds. Dates, decimals and choices travel as text; there are no floating-point numbers anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum FieldValue<'a> {
    /// A text, date, decimal or choice.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
}

/// Why a value does not fit its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Text for a number, or a number for text.
    #[error("expected {expected}, got {got}")]
    Type {
        /// What the field's kind asks for.
        expected: &'static str,
        /// What came.
        got: &'static str,
    },
    /// A text that may not stand on a licence.
    #[error(transparent)]
    Text(#[from] TextError),
    /// No date.
    #[error(transparent)]
    Date(#[from] TimeError),
    /// Not a canonical decimal.
    #[error(
        "expected a decimal such as 0, -1.5 or 120.00: at most 18 digits, 6 of them after the point, got {got:?}"
    )]
    Decimal {
        /// The text as it came, shortened.
        got: String,
    },
    /// Beyond what every JSON reader keeps exactly.
    #[error("expected an integer from -{max} to {max}, got {got}", max = MAX_INTEGER)]
    IntegerRange {
        /// The number as it came.
        got: i64,
    },
    /// None of the field's choices.
    #[error("expected one of {}, got {got:?}", .expected.join(", "))]
    Choice {
        /// The choices.
        expected: Vec<String>,
        /// The text as it came, shortened.
        got: String,
    },
}

/// 2^53 - 1: the largest integer that a reader with floating-point numbers keeps (RFC 7493 §2.2).
pub(super) const MAX_INTEGER: i64 = 9_007_199_254_740_991;

impl FieldValue<'_> {
    /// What this is, in words for errors.
    pub(super) const fn kind_in_json(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
        }
    }

    /// Passes where the value is one that `field` may hold.
    pub fn check(&self, field: &FieldDefinition) -> Result<(), ValueError> {
        match (field.kind(), self) {
            (FieldKind::Integer, Self::Integer(number)) => check_integer(*number),
            (FieldKind::Integer, Self::Text(_)) | (_, Self::Integer(_)) => {
                Err(ValueError::Type { expected: field.kind().in_json(), got: self.kind_in_json() })
            }
            (FieldKind::Text, Self::Text(text)) => Ok(check_text(text, field.max_length())?),
            (FieldKind::Date, Self::Text(text)) => Ok(text.parse::<Date>().map(drop)?),
            (FieldKind::Decimal, Self::Text(text)) => check_decimal(text),
            (FieldKind::Choice, Self::Text(text)) => check_choice(text, field.choices()),
        }
    }
}

fn check_integer(number: i64) -> Result<(), ValueError> {
    if (-MAX_INTEGER..=MAX_INTEGER).contains(&number) {
        return Ok(());
    }
    Err(ValueError::IntegerRange { got: number })
}

fn check_choice(text: &str, choices: &[String]) -> Result<(), ValueError> {
    if choices.iter().any(|choice| choice == text) {
        return Ok(());
    }
    Err(ValueError::Choice { expected: choices.to_vec(), got: shortened(text) })
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]{1,6})?`, at most 18 digits and no negative zero. Trailing zeros stay: they say how
/// exactly something was measured.
fn check_decimal(text: &str) -> Result<(), ValueError> {
    let magnitude = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = magnitude.split_once('.').map_or((magnitude, None), |(w, f)| (w, Some(f)));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let whole_is_right = all_digits(whole) && (whole == "0" || !whole.starts_with('0'));
    let fraction_is_right = fraction.is_none_or(|part| all_digits(part) && part.len() <= 6);
    let short = whole.len() + fraction.map_or(0, str::len) <= 18;
    let negative_zero = text.starts_with('-') && !magnitude.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if whole_is_right && fraction_is_right && short && !negative_zero {
        return Ok(());
    }
    Err(ValueError::Decimal { got: shortened(text) })
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_have_one_way_to_be_written() {
        for right in
            ["0", "0.0", "-1.5", "120.00", "999999999999999999", "0.000001", "-0.1", "123456789012.123456"]
        {
            assert_eq!(check_decimal(right), Ok(()), "{right}");
        }
        for wrong in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "00",
            "01.5",
            "+1",
            "1e3",
            "-0",
            "-0.00",
            "1,000",
            "1.0000000",
            "１",
            " 1",
            "1 ",
            "--1",
            "1.2.3",
            "1.-2",
            "1999999999999999999",
            "1234567890123.123456",
            "NaN",
        ] {
            assert_eq!(check_decimal(wrong), Err(ValueError::Decimal { got: wrong.to_owned() }));
        }
    }

    #[test]
    fn integers_stay_within_what_every_reader_keeps() {
        assert_eq!(check_integer(MAX_INTEGER), Ok(()));
        assert_eq!(check_integer(-MAX_INTEGER), Ok(()));
        assert_eq!(check_integer(MAX_INTEGER + 1), Err(ValueError::IntegerRange { got: MAX_INTEGER + 1 }));
        assert_eq!(check_integer(i64::MIN), Err(ValueError::IntegerRange { got: i64::MIN }));
    }

    #[test]
    fn in_json_it_is_a_string_or_a_number() {
        assert_eq!(serde_json::to_string(&FieldValue::Text("-7")).unwrap(), "\"-7\"");
        assert_eq!(serde_json::to_string(&FieldValue::Integer(-7)).unwrap(), "-7");
    }

    proptest! {
        #[test]
        fn what_passes_as_decimal_fits_its_grammar(text in "-?[0-9.]{0,20}") {
            if check_decimal(&text).is_ok() {
                let digits = text.bytes().filter(u8::is_ascii_digit).count();
                prop_assert!((1..=18).contains(&digits));
                prop_assert!(text.parse::<f64>().is_ok());
            }
        }
    }
}
