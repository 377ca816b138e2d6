//! What an applicant has of what an item requires, what he lacks, and why.

use std::cmp::Reverse;

use super::{Alternative, Requirement, ServiceItem};
use crate::licence::fields::Fields;
use crate::licence::identifier::Identifier;
use crate::licence::type_code::TypeCode;
use crate::time::Date;

/// A licence that the applicant holds, good or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held<'a> {
    /// Its type.
    pub type_code: TypeCode,
    /// Its identifier.
    pub identifier: &'a Identifier,
    /// Whether it is good today.
    pub goodness: Goodness,
    /// Its last day; absent: long-term.
    pub valid_to: Option<Date>,
    /// What it says.
    pub fields: &'a Fields,
}

/// Whether a licence is good now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goodness {
    /// Its verdict is valid.
    Good,
    /// Its verdict is another.
    NotGood,
}

/// What was found for one requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The place of the licence that comes nearest, in the list of those held.
    pub best: Option<usize>,
    /// Why it does not do; `None` where it does.
    pub missing: Option<Missing>,
}

/// Why a requirement is not met, what is nearest to being met first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    /// There is a good one, and it ends before the days that are asked for are over.
    EndsTooSoon,
    /// There is a good one, and a field does not say what it has to.
    ConditionNotMet,
    /// There is one, and it is not good.
    NotGood,
    /// There is none.
    NotHeld,
}

impl Missing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::EndsTooSoon, Self::ConditionNotMet, Self::NotGood, Self::NotHeld];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EndsTooSoon => "ends_too_soon",
            Self::ConditionNotMet => "condition_not_met",
            Self::NotGood => "not_good",
            Self::NotHeld => "not_held",
        }
    }
}

impl ServiceItem {
    /// What is found for each requirement, in their order, among the licences that are held. The order of those does not
    /// matter.
    pub fn judge(&self, held: &[Held<'_>], today: Date) -> Vec<Found> {
        self.requirements.iter().map(|requirement| requirement.judge(held, today)).collect()
    }
}

impl Requirement {
    fn judge(&self, held: &[Held<'_>], today: Date) -> Found {
        let candidates = held.iter().enumerate().filter_map(|(place, one)| {
            let at = self.any_of.iter().position(|alternative| alternative.type_code == one.type_code)?;
            let missing = self.missing(self.any_of.get(at)?, one, today);
            // What does before what does not; then the type that is rather wanted; then what lasts longest.
            let rank =
                (missing, at, one.valid_to.is_some(), Reverse(one.valid_to), one.identifier.to_string());
            Some((rank, Found { best: Some(place), missing }))
        });
        let best = candidates.min_by(|(one, _), (other, _)| one.cmp(other));
        best.map_or(Found { best: None, missing: Some(Missing::NotHeld) }, |(_, found)| found)
    }

    fn missing(&self, alternative: &Alternative, held: &Held<'_>, today: Date) -> Option<Missing> {
        if held.goodness == Goodness::NotGood {
            return Some(Missing::NotGood);
        }
        if !alternative.conditions.iter().all(|condition| condition.holds(held.fields)) {
            return Some(Missing::ConditionNotMet);
        }
        let lasts = match (self.valid_for_days, held.valid_to) {
            (None, _) | (_, None) => true,
            // A day past the end of the calendar comes after every last day.
            (Some(days), Some(last)) => today.plus(0, 0, i32::from(days)).is_some_and(|until| until <= last),
        };
        (!lasts).then_some(Missing::EndsTooSoon)
    }
}
