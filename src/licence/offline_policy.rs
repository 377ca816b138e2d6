//! How long a status is good enough without a line.

use serde::{Deserialize, Serialize};

/// How old a status may be for an offline verdict, in seconds. A type whose file says nothing has the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflinePolicy {
    /// Up to this age it counts as fresh.
    pub fresh: u32,
    /// Up to this age the licence is good as of then; beyond it nobody can tell.
    pub stale: u32,
}

/// How old a status is, by the policy of its licence's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As good as now.
    Fresh,
    /// Good as of then.
    Stale,
    /// Too old to say.
    TooOld,
}

impl Default for OfflinePolicy {
    /// A day, and a week.
    fn default() -> Self {
        Self { fresh: 86_400, stale: 7 * 86_400 }
    }
}

impl OfflinePolicy {
    /// The grade of a status that is this many seconds old.
    pub fn grade(self, age: i64) -> Grade {
        if age <= i64::from(self.fresh) {
            Grade::Fresh
        } else if age <= i64::from(self.stale) {
            Grade::Stale
        } else {
            Grade::TooOld
        }
    }

    /// Whether fresh ends before stale does.
    pub const fn agrees_with_itself(self) -> bool {
        self.fresh <= self.stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_second_of_a_grade_still_has_it() {
        let policy = OfflinePolicy { fresh: 10, stale: 20 };
        for (age, grade) in [(-5, Grade::Fresh), (10, Grade::Fresh), (11, Grade::Stale), (20, Grade::Stale)] {
            assert_eq!(policy.grade(age), grade, "{age}");
        }
        assert_eq!(policy.grade(21), Grade::TooOld);
    }
}
