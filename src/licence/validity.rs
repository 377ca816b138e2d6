//! Validity ranges (有效期限范围, GB/T 36902): how long licences of a type are good.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Date;

/// One range of a type's record, written `n/D`, `n/M`, `n/Y`, or `0/L` for long-term; n is 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValidityRange {
    /// So many days.
    Days(NonZeroU16),
    /// So many months.
    Months(NonZeroU16),
    /// So many years.
    Years(NonZeroU16),
    /// Without an end.
    LongTerm,
}

/// A text that is no validity range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a validity range as n/D, n/M, n/Y with n from 1 to 9999, or 0/L, got {got:?}")]
pub struct ValidityRangeError {
    /// The text as it came, shortened.
    pub got: String,
}

/// A range that would end after the last day that can be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {range} from {from} to end by 9999-12-30")]
pub struct PastCalendar {
    /// The range.
    pub range: ValidityRange,
    /// Its first day.
    pub from: Date,
}

impl ValidityRange {
    /// The last day of this range when `from` is its first; `None` for long-term.
    ///
    /// The day before the one that bears the same number so many months or years later: one year from 2026-03-01 lasts
    /// to 2027-02-28. Where that month lacks the number, its last day: one year from 2024-02-29 lasts to 2025-02-28.
    pub fn last_day(self, from: Date) -> Result<Option<Date>, PastCalendar> {
        let (years, months, days) = match self {
            Self::LongTerm => return Ok(None),
            Self::Days(n) => (0, 0, i32::from(n.get())),
            Self::Months(n) => (0, i32::from(n.get()), 0),
            Self::Years(n) => (i32::from(n.get()), 0, 0),
        };
        let after = from.plus(years, months, days).ok_or(PastCalendar { range: self, from })?;
        let same_number = after.plus(-years, -months, -days) == Some(from);
        Ok(Some(if same_number { after.yesterday() } else { after }))
    }
}

impl FromStr for ValidityRange {
    type Err = ValidityRangeError;

    fn from_str(text: &str) -> Result<Self, ValidityRangeError> {
        let wrong = || ValidityRangeError { got: text.chars().take(40).collect() };
        if text == "0/L" {
            return Ok(Self::LongTerm);
        }
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let plain = count.len() <= 4 && count.bytes().all(|b| b.is_ascii_digit()) && !count.starts_with('0');
        let count = plain.then(|| count.parse().ok()).flatten().ok_or_else(wrong)?;
        match unit {
            "D" => Ok(Self::Days(count)),
            "M" => Ok(Self::Months(count)),
            "Y" => Ok(Self::Years(count)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for ValidityRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(n) => write!(f, "{n}/D"),
            Self::Months(n) => write!(f, "{n}/M"),
            Self::Years(n) => write!(f, "{n}/Y"),
            Self::LongTerm => f.write_str("0/L"),
        }
    }
}

impl Serialize for ValidityRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ValidityRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_day(range: &str, from: &str) -> Option<String> {
        let range: ValidityRange = range.parse().unwrap();
        range.last_day(from.parse().unwrap()).unwrap().map(|day| day.to_string())
    }

    #[test]
    fn a_range_ends_the_day_before_its_anniversary() {
        for (range, from, last) in [
            ("1/D", "2026-11-24", "2026-11-24"),
            ("30/D", "2026-11-24", "2026-12-23"),
            ("1/M", "2026-11-24", "2026-12-23"),
            ("1/Y", "2026-01-01", "2026-12-31"),
            ("1/Y", "2026-03-01", "2027-02-28"),
            ("3/Y", "2025-03-01", "2028-02-29"),
            ("1/Y", "2024-02-29", "2025-02-28"),
            ("4/Y", "2024-02-29", "2028-02-28"),
            ("1/M", "2026-01-31", "2026-02-28"),
        ] {
            assert_eq!(last_day(range, from).as_deref(), Some(last), "{range} from {from}");
        }
        assert_eq!(last_day("0/L", "2026-11-24"), None);
    }

    #[test]
    fn the_end_of_the_calendar_is_an_error() {
        let range: ValidityRange = "1/Y".parse().unwrap();
        let from = "9999-06-01".parse().unwrap();
        assert_eq!(range.last_day(from), Err(PastCalendar { range, from }));
    }

    #[test]
    fn ranges_are_read_as_written_and_nothing_else_is() {
        for text in ["1/D", "12/M", "9999/Y", "0/L"] {
            assert_eq!(text.parse::<ValidityRange>().unwrap().to_string(), text);
        }
        for wrong in ["", "1", "/D", "0/D", "01/D", "1/L", "10000/D", "+1/D", "1/d", "1/D/D", "长期"] {
            assert_eq!(wrong.parse::<ValidityRange>(), Err(ValidityRangeError { got: wrong.to_owned() }));
        }
    }
}
