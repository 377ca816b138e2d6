//! States of an issued licence and the changes between them.
//!
//! Expired, not yet valid and replaced are no states: they follow from dates and from other licences.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::text::{TextError, check_text};

/// What an authority has said about a licence of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Good, as issued.
    Valid,
    /// Not good for now.
    Suspended,
    /// Not good any more, for ever.
    Revoked,
}

/// What an authority does to a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// Stops it for a time.
    Suspend,
    /// Ends a suspension.
    Resume,
    /// Ends the licence.
    Revoke,
}

/// Everything that is allowed. What is not a row here does not happen; no row leaves `Revoked`.
const ALLOWED: [(State, Transition, State); 4] = [
    (State::Valid, Transition::Suspend, State::Suspended),
    (State::Suspended, Transition::Resume, State::Valid),
    (State::Valid, Transition::Revoke, State::Revoked),
    (State::Suspended, Transition::Revoke, State::Revoked),
];

/// A change that is not a row of the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a licence that is {from} cannot become {to}; allowed from here: {}", Listed(.allowed))]
pub struct TransitionError {
    /// The state the licence is in.
    pub from: State,
    /// The state that was asked for.
    pub to: State,
    /// The states it may go to, none where it stays as it is for good.
    pub allowed: Vec<State>,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Valid, Self::Suspended, Self::Revoked];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }

    /// The transition that leads from here to `to`.
    pub fn transition_to(self, to: Self) -> Result<Transition, TransitionError> {
        let found = ALLOWED.into_iter().find(|(from, _, target)| (*from, *target) == (self, to));
        found.map(|(_, transition, _)| transition).ok_or_else(|| TransitionError {
            from: self,
            to,
            allowed: ALLOWED.iter().filter(|(from, _, _)| *from == self).map(|(_, _, to)| *to).collect(),
        })
    }

    /// The state after `transition`, where it is allowed from here.
    pub fn after(self, transition: Transition) -> Result<Self, TransitionError> {
        self.transition_to(transition.target())?;
        Ok(transition.target())
    }
}

impl Transition {
    /// Every transition.
    pub const ALL: [Self; 3] = [Self::Suspend, Self::Resume, Self::Revoke];

    /// The state it leads to, wherever it starts.
    pub const fn target(self) -> State {
        match self {
            Self::Suspend => State::Suspended,
            Self::Resume => State::Valid,
            Self::Revoke => State::Revoked,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

struct Listed<'a>(&'a [State]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|state| state.as_str()).collect();
        f.write_str(if words.is_empty() { "nothing" } else { "" })?;
        f.write_str(&words.join(", "))
    }
}

/// Why a status was changed, in the authority's own words: 1 to 200 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The most characters of a reason.
    pub const MAX_LENGTH: usize = 200;

    /// The text must be one that may stand on a licence.
    pub fn new(text: &str) -> Result<Self, TextError> {
        check_text(text, Self::MAX_LENGTH)?;
        Ok(Self(text.to_owned()))
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_states_is_allowed_or_refused_as_the_rule_says() {
        use State::{Revoked, Suspended, Valid};
        for from in State::ALL {
            for to in State::ALL {
                let expected = match (from, to) {
                    (Valid, Suspended) => Some(Transition::Suspend),
                    (Suspended, Valid) => Some(Transition::Resume),
                    (Valid | Suspended, Revoked) => Some(Transition::Revoke),
                    _ => None,
                };
                assert_eq!(from.transition_to(to).ok(), expected, "{from} to {to}");
            }
        }
    }

    #[test]
    fn the_table_and_the_targets_agree() {
        for (from, transition, to) in ALLOWED {
            assert_eq!(transition.target(), to);
            assert_eq!(from.after(transition), Ok(to));
        }
    }

    #[test]
    fn a_revoked_licence_stays_revoked() {
        for transition in Transition::ALL {
            let error = State::Revoked.after(transition).unwrap_err();
            assert_eq!(error.allowed, []);
        }
        assert_eq!(
            State::Revoked.after(Transition::Resume).unwrap_err().to_string(),
            "a licence that is revoked cannot become valid; allowed from here: nothing"
        );
        assert_eq!(
            State::Suspended.after(Transition::Suspend).unwrap_err().to_string(),
            "a licence that is suspended cannot become suspended; allowed from here: valid, revoked"
        );
    }

    #[test]
    fn states_are_words_in_json() {
        for state in State::ALL {
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
        assert!(serde_json::from_str::<State>("\"Valid\"").is_err());
    }

    #[test]
    fn a_reason_is_a_short_plain_text() {
        assert_eq!(Reason::new("持证人申请").unwrap().as_str(), "持证人申请");
        assert_eq!(Reason::new(""), Err(TextError::Empty));
        assert!(Reason::new("a\nb").is_err());
        assert!(Reason::new(&"因".repeat(201)).is_err());
    }
}
