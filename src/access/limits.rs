//! How often a service may be asked (ACCESS.md, *Limits*): `limits` in `settings.json`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// How often a service may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessLimits {
    /// Calls of one credential a second.
    pub calls_per_second: NonZeroU32,
    /// Calls of one credential at once after a pause.
    pub burst: NonZeroU32,
    /// Lookups, comparisons and questions for materials of one department about one holder an hour.
    pub holder_per_hour: NonZeroU32,
    /// The same at once after a pause.
    pub holder_burst: NonZeroU32,
    /// Holders that one operator of one department may ask for within an hour before an alarm is raised.
    pub alarm_holders_per_hour: NonZeroU32,
}

const fn number(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

impl Default for AccessLimits {
    fn default() -> Self {
        Self {
            calls_per_second: number(200),
            burst: number(400),
            holder_per_hour: number(60),
            holder_burst: number(30),
            alarm_holders_per_hour: number(200),
        }
    }
}

impl AccessLimits {
    /// Those of the demonstration, which do not bind whoever measures it.
    pub fn of_the_demonstration() -> Self {
        Self {
            calls_per_second: number(20_000),
            burst: number(40_000),
            holder_per_hour: number(100_000_000),
            holder_burst: number(1_000_000),
            ..Self::default()
        }
    }

    /// Whether they are what is meant where nothing is said.
    pub fn are_usual(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_usual_and_nothing_else_may_be_said() {
        let read = serde_json::from_str::<AccessLimits>;
        assert_eq!(read("{}").unwrap(), AccessLimits::default());
        let one = read(r#"{"burst": 7}"#).unwrap();
        assert_eq!(one, AccessLimits { burst: number(7), ..AccessLimits::default() });
        for wrong in [r#"{"burst": 0}"#, r#"{"burst": -1}"#, r#"{"bursts": 7}"#, r#"{"burst": "7"}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
