//! How a licence stands at a time: its state, together with what follows from dates and from other licences.

use super::lifecycle::State;
use super::ministry::MinistryCode;
use crate::time::UnixTime;

/// How a licence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// As its authority says.
    State(State),
    /// Its first day has not come.
    NotYetInForce,
    /// Its last day is over.
    Expired,
    /// A newer licence has begun.
    Replaced,
}

/// What a standing follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingFacts {
    /// The state its authority has put it into.
    pub state: State,
    /// Its first second.
    pub begins: UnixTime,
    /// The first second after it; absent: long-term.
    pub ends: Option<UnixTime>,
    /// The first second of the licence that replaces it, where there is one.
    pub replaced_from: Option<UnixTime>,
}

impl Standing {
    /// Those that follow, in the order of their table.
    pub const DERIVED: [Self; 3] = [Self::NotYetInForce, Self::Expired, Self::Replaced];

    /// How a licence stands at `at`. What cannot be undone counts before what can: an end, then a newer licence, then its
    /// dates.
    pub fn of(facts: StandingFacts, at: UnixTime) -> Self {
        let StandingFacts { state, begins, ends, replaced_from } = facts;
        match state {
            end if end.is_end() => Self::State(end),
            _ if replaced_from.is_some_and(|from| from <= at) => Self::Replaced,
            _ if ends.is_some_and(|end| end <= at) => Self::Expired,
            State::Valid if at < begins => Self::NotYetInForce,
            state => Self::State(state),
        }
    }

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State(state) => state.as_str(),
            Self::NotYetInForce => "not_yet_in_force",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
        }
    }

    /// What it is called in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::State(state) => state.zh(),
            Self::NotYetInForce => "尚未生效",
            Self::Expired => "已过期",
            Self::Replaced => "已换发",
        }
    }

    /// What it is called in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::State(state) => state.en(),
            Self::NotYetInForce => "not yet in force",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
        }
    }

    /// How the ministries' exchange codes it.
    pub const fn ministry_code(self) -> MinistryCode {
        match self {
            Self::State(state) => state.ministry_code(),
            Self::NotYetInForce => MinistryCode::Other,
            Self::Expired | Self::Replaced => MinistryCode::Lapsed,
        }
    }

    /// The description that the ministries ask for beside code 99.
    pub const fn ministry_description(self) -> Option<&'static str> {
        match self.ministry_code() {
            MinistryCode::Other => Some(self.zh()),
            _ => None,
        }
    }

    /// The graded answer of GB/T 36906.
    pub const fn grade(self) -> u8 {
        match self {
            Self::State(state) => state.grade(),
            Self::NotYetInForce => 1,
            Self::Expired | Self::Replaced => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(seconds).unwrap()
    }

    fn standing(state: State, now: i64) -> Standing {
        let facts =
            StandingFacts { state, begins: at(100), ends: Some(at(200)), replaced_from: Some(at(150)) };
        Standing::of(facts, at(now))
    }

    #[test]
    fn dates_and_a_newer_licence_count_to_the_second() {
        assert_eq!(standing(State::Valid, 99), Standing::NotYetInForce);
        assert_eq!(standing(State::Valid, 100), Standing::State(State::Valid));
        assert_eq!(standing(State::Valid, 149), Standing::State(State::Valid));
        assert_eq!(standing(State::Valid, 150), Standing::Replaced);
        let alone =
            StandingFacts { state: State::Valid, begins: at(100), ends: Some(at(200)), replaced_from: None };
        assert_eq!(Standing::of(alone, at(199)), Standing::State(State::Valid));
        assert_eq!(Standing::of(alone, at(200)), Standing::Expired);
        assert_eq!(
            Standing::of(StandingFacts { ends: None, ..alone }, at(200)),
            Standing::State(State::Valid)
        );
    }

    #[test]
    fn an_end_outlasts_everything_and_a_suspension_nothing_but_the_beginning() {
        for state in State::ALL.iter().copied().filter(|state| *state != State::Valid) {
            assert_eq!(standing(state, 99), Standing::State(state), "{state}");
            let expected = if state.is_end() { Standing::State(state) } else { Standing::Replaced };
            assert_eq!(standing(state, 150), expected, "{state}");
        }
    }

    #[test]
    fn derived_standings_have_codes_and_grades_and_99_says_what_it_is() {
        let figures: Vec<_> = Standing::DERIVED
            .iter()
            .map(|standing| (standing.as_str(), standing.ministry_code().code(), standing.grade()))
            .collect();
        assert_eq!(figures, [("not_yet_in_force", "99", 1), ("expired", "05", 3), ("replaced", "05", 3)]);
        let states = State::ALL.iter().map(|state| Standing::State(*state));
        for standing in states.chain(Standing::DERIVED) {
            let described = standing.ministry_description().is_some();
            assert_eq!(described, standing.ministry_code().code() == "99", "{}", standing.as_str());
            assert!(!standing.en().is_empty() && !standing.zh().is_empty());
        }
    }
}
