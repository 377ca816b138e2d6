//! Instants, dates and validity. Never asks the clock: every check takes the time as an argument.
//!
//! Dates on a licence are days in China Standard Time (+08:00, no daylight saving), so a licence begins at
//! 00:00 +08:00 of its first day and ends at 00:00 +08:00 of the day after its last.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const CHINA_STANDARD_TIME: Offset = Offset::constant(8);

/// Seconds since 1970-01-01T00:00:00Z. Shown as RFC 3339 at +08:00, whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    /// The first second that can be shown as a date: 0001-01-01T00:00:00+08:00.
    pub const MIN: Self = Self(-62_135_625_600);
    /// The last one: 9999-12-30T23:59:59+08:00, so that the day after can still be named.
    pub const MAX: Self = Self(253_402_185_599);

    /// `None` outside [`UnixTime::MIN`] to [`UnixTime::MAX`].
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&seconds).then_some(Self(seconds))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// This instant moved by `seconds`, held within the range that can be shown.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// The day this instant falls on in China Standard Time.
    pub fn date(self) -> Date {
        Date(self.civil().date())
    }

    fn civil(self) -> civil::DateTime {
        let timestamp = jiff::Timestamp::from_second(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        CHINA_STANDARD_TIME.to_datetime(timestamp)
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+08:00",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }
}

/// Text that is not an RFC 3339 time or a date `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not `YYYY-MM-DD`, or not a day of the calendar.
    #[error("expected a date as YYYY-MM-DD between 0001-01-01 and 9999-12-30, got {got:?}")]
    Date {
        /// The text as it came.
        got: String,
    },
    /// Not RFC 3339 with an offset.
    #[error("expected a time as YYYY-MM-DDThh:mm:ss+08:00 or …Z, got {got:?}")]
    Time {
        /// The text as it came.
        got: String,
    },
}

impl FromStr for UnixTime {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::Time { got: text.chars().take(40).collect() };
        let timestamp: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
        Self::from_seconds(timestamp.as_second()).ok_or_else(wrong)
    }
}

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A day of the calendar, `YYYY-MM-DD`, in China Standard Time; 0001-01-01 to 9999-12-30.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// `None` where the calendar has no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        let date = civil::Date::new(year, month, day).ok()?;
        (year >= 1 && date < civil::Date::MAX).then_some(Self(date))
    }

    /// 00:00 +08:00 of this day.
    pub fn start(self) -> UnixTime {
        // Days from 0001-01-01 to 9999-12-30 are all within what a timestamp can say.
        let midnight = CHINA_STANDARD_TIME.to_timestamp(self.0.at(0, 0, 0, 0));
        UnixTime(midnight.map_or(UnixTime::MIN.0, jiff::Timestamp::as_second))
    }

    /// 00:00 +08:00 of the day after: the first second that no longer belongs to this day.
    pub fn end(self) -> UnixTime {
        UnixTime(self.start().0 + 86_400)
    }

    /// The day before; the first of all days stays itself.
    #[must_use]
    pub fn yesterday(self) -> Self {
        match self.0.yesterday() {
            Ok(day) if day.year() >= 1 => Self(day),
            _ => self,
        }
    }

    /// This day moved by a number of days, months and years; a day that the month lacks becomes its last.
    /// `None` past the end of the calendar.
    pub fn plus(self, years: i32, months: i32, days: i32) -> Option<Self> {
        let span = jiff::Span::new().try_years(years).ok()?.try_months(months).ok()?.try_days(days).ok()?;
        let date = self.0.checked_add(span).ok()?;
        Self::new(date.year(), date.month(), date.day())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl FromStr for Date {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        parse_date(text.as_bytes()).ok_or_else(|| TimeError::Date { got: text.chars().take(40).collect() })
    }
}

/// Exactly ten bytes, digits and two hyphens: nothing lenient on the verifying path.
fn parse_date(bytes: &[u8]) -> Option<Date> {
    let &[a, b, c, d, b'-', m, n, b'-', x, y] = bytes else { return None };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i16::from(byte - b'0'));
    let year = digit(a)? * 1000 + digit(b)? * 100 + digit(c)? * 10 + digit(d)?;
    let month = digit(m)? * 10 + digit(n)?;
    let day = digit(x)? * 10 + digit(y)?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        let day: Date = "2026-11-24".parse().unwrap();
        assert_eq!(day.start().to_string(), "2026-11-24T00:00:00+08:00");
        assert_eq!(day.start().seconds(), 1_795_449_600);
        assert_eq!(day.end().to_string(), "2026-11-25T00:00:00+08:00");
        assert_eq!(day.start().date(), day);
        assert_eq!(day.end().plus(-1).date(), day);
    }

    #[test]
    fn only_ten_characters_of_a_real_day_are_a_date() {
        for wrong in [
            "2026-2-03",
            "2026-02-30",
            "20260203",
            " 2026-02-03",
            "2026-02-03 ",
            "0000-01-01",
            "9999-12-31",
            "",
        ] {
            assert_eq!(wrong.parse::<Date>(), Err(TimeError::Date { got: wrong.to_owned() }));
        }
    }

    #[test]
    fn times_are_read_at_any_offset_and_shown_at_plus_eight() {
        let at: UnixTime = "2026-11-23T16:00:00Z".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-24T00:00:00+08:00");
        assert!("2026-11-24".parse::<UnixTime>().is_err());
        assert_eq!(UnixTime::MAX.date().to_string(), "9999-12-30");
        assert_eq!(UnixTime::MIN.to_string(), "0001-01-01T00:00:00+08:00");
    }

    #[test]
    fn a_year_after_leap_day_is_the_last_of_february() {
        let day: Date = "2024-02-29".parse().unwrap();
        assert_eq!(day.plus(1, 0, 0).unwrap().to_string(), "2025-02-28");
        assert_eq!(Date::new(9999, 12, 30).unwrap().plus(0, 0, 1), None);
    }
}
