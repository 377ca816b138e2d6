//! States of an issued licence and the changes between them: two tables, which `docs/LIFECYCLE.md` shows.
//!
//! Expired, not yet in force and replaced are no states: they follow from dates and from other licences
//! ([`Standing`](super::Standing)).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ministry::{MinistryCode, MinistryOperation};

macro_rules! states {
    ($($variant:ident $word:literal $zh:literal $en:literal $code:ident $effect:ident;)*) => {
        /// What an authority has said about a licence of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum State {
            $(#[doc = $en] $variant,)*
        }

        impl State {
            /// Every state.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it is called in Chinese.
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* }
            }

            /// What it is called in English.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)* }
            }

            /// How the ministries' exchange codes it.
            pub const fn ministry_code(self) -> MinistryCode {
                match self { $(Self::$variant => MinistryCode::$code,)* }
            }

            /// What it does to the licence.
            pub const fn effect(self) -> Effect {
                match self { $(Self::$variant => Effect::$effect,)* }
            }
        }
    };
}

states! {
    Valid "valid" "有效" "in force" InForce Good;
    Suspended "suspended" "暂停使用" "suspended" Other NotForNow;
    Withheld "withheld" "暂扣" "withheld" Withheld NotForNow;
    ReportedLost "reported_lost" "挂失" "reported lost" Other NotForNow;
    InInspection "in_inspection" "年检中" "in inspection" Other NotForNow;
    BeingChanged "being_changed" "变更中" "being changed" Other NotForNow;
    TransferredOut "transferred_out" "办理转出" "transferred out" TransferredOut NotForNow;
    Revoked "revoked" "吊销" "revoked" Revoked Ended;
    Cancelled "cancelled" "注销" "cancelled" Cancelled Ended;
    Withdrawn "withdrawn" "撤销" "withdrawn" Withdrawn Ended;
    // Public registers cancel it, with this as the reason; there is no code of its own.
    IssuedInError "issued_in_error" "颁发有误" "issued in error" Cancelled Ended;
}

/// What a state does to a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It is good.
    Good,
    /// It is not good for now.
    NotForNow,
    /// It is not good any more, for ever.
    Ended,
}

/// One group of allowed changes.
struct Rule {
    from: &'static [State],
    to: &'static [State],
    operation: MinistryOperation,
}

use MinistryOperation as Do;
use State::{
    BeingChanged, Cancelled, InInspection, IssuedInError, ReportedLost, Revoked, Suspended, TransferredOut,
    Valid, Withdrawn, Withheld,
};

const ENDS: &[State] = &[Revoked, Cancelled, Withdrawn, IssuedInError];

/// Everything that is allowed. What is not in a rule here does not happen; no rule leaves an end. The same state again is
/// no change.
const ALLOWED: &[Rule] = &[
    Rule { from: &[Valid], to: &[Withheld], operation: Do::Withhold },
    Rule { from: &[Withheld], to: &[Valid], operation: Do::GiveBack },
    Rule { from: &[Valid], to: &[Suspended, ReportedLost, InInspection, BeingChanged], operation: Do::Other },
    Rule { from: &[Suspended, ReportedLost, InInspection, BeingChanged], to: &[Valid], operation: Do::Other },
    // From one kind of suspension straight to another.
    Rule {
        from: &[Suspended, ReportedLost, InInspection, BeingChanged],
        to: &[Withheld],
        operation: Do::Withhold,
    },
    Rule {
        from: &[Suspended, Withheld, ReportedLost, InInspection, BeingChanged],
        to: &[Suspended, ReportedLost, InInspection, BeingChanged],
        operation: Do::Other,
    },
    // Nobody moves away from a sanction: what is withheld is given back first.
    Rule { from: &[Valid, BeingChanged], to: &[TransferredOut], operation: Do::End },
    Rule { from: &[TransferredOut], to: &[Valid], operation: Do::UndoTransfer },
    Rule {
        from: &[Valid, Suspended, Withheld, ReportedLost, InInspection, BeingChanged, TransferredOut],
        to: ENDS,
        operation: Do::End,
    },
];

/// A change that the table does not allow.
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

impl Effect {
    /// The graded answer of GB/T 36906: 0 good, 2 out of force for a time, 3 out of force.
    pub const fn grade(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::NotForNow => 2,
            Self::Ended => 3,
        }
    }
}

impl State {
    /// The state that a word of the API names.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == word)
    }

    /// The graded answer of GB/T 36906.
    pub const fn grade(self) -> u8 {
        self.effect().grade()
    }

    /// Its entry in a status list (FORMAT.md §10): 0 good, 1 out of force for good, 2 not good for now.
    pub const fn list_value(self) -> u8 {
        match self.effect() {
            Effect::Good => 0,
            Effect::Ended => 1,
            Effect::NotForNow => 2,
        }
    }

    /// Whether it is one of the ends, which nothing leaves.
    pub const fn is_end(self) -> bool {
        matches!(self.effect(), Effect::Ended)
    }

    /// What the ministries call the change from here to `to`.
    pub fn transition_to(self, to: Self) -> Result<MinistryOperation, TransitionError> {
        let rule = |rule: &&Rule| rule.from.contains(&self) && rule.to.contains(&to);
        match ALLOWED.iter().find(rule) {
            Some(rule) if self != to => Ok(rule.operation),
            _ => Err(TransitionError { from: self, to, allowed: self.successors() }),
        }
    }

    /// The states it may go to from here, in the order of the table.
    pub fn successors(self) -> Vec<Self> {
        let reaches =
            |to: &Self| ALLOWED.iter().any(|rule| rule.from.contains(&self) && rule.to.contains(to));
        Self::ALL.iter().copied().filter(|to| *to != self && reaches(to)).collect()
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const PAUSES: [State; 5] = [Suspended, Withheld, ReportedLost, InInspection, BeingChanged];

    /// The rules in other words than the table's: every pair of states is looked at.
    fn expected(from: State, to: State) -> Option<&'static str> {
        match (from, to) {
            (from, to) if from == to || ENDS.contains(&from) => None,
            (_, to) if ENDS.contains(&to) => Some("05"),
            (Valid | BeingChanged, TransferredOut) => Some("05"),
            (TransferredOut, Valid) => Some("10"),
            (TransferredOut, _) | (_, TransferredOut) => None,
            (Withheld, Valid) => Some("06"),
            (_, Withheld) => Some("03"),
            _ => Some("07"),
        }
    }

    #[test]
    fn every_pair_of_states_is_allowed_or_refused_as_the_rule_says() {
        for from in State::ALL {
            for to in State::ALL {
                let got = from.transition_to(*to).ok().map(MinistryOperation::code);
                assert_eq!(got, expected(*from, *to), "{from} to {to}");
                assert_eq!(from.successors().contains(to), got.is_some(), "{from} to {to}");
            }
        }
    }

    #[test]
    fn nothing_leaves_an_end_and_every_other_state_can_end() {
        for state in State::ALL {
            assert_eq!(state.is_end(), ENDS.contains(state), "{state}");
            match state.is_end() {
                true => assert_eq!(state.successors(), [], "{state}"),
                false => assert!(ENDS.iter().all(|end| state.successors().contains(end)), "{state}"),
            }
        }
        assert_eq!(
            Revoked.transition_to(Valid).unwrap_err().to_string(),
            "a licence that is revoked cannot become valid; allowed from here: nothing"
        );
        assert_eq!(
            TransferredOut.transition_to(Suspended).unwrap_err().to_string(),
            "a licence that is transferred_out cannot become suspended; allowed from here: valid, revoked, cancelled, \
             withdrawn, issued_in_error"
        );
    }

    #[test]
    fn each_state_has_its_code_grade_and_entry_in_a_status_list() {
        let figures: Vec<_> = State::ALL
            .iter()
            .map(|state| (state.as_str(), state.ministry_code().code(), state.grade(), state.list_value()))
            .collect();
        assert_eq!(
            figures,
            [
                ("valid", "01", 0, 0),
                ("suspended", "99", 2, 2),
                ("withheld", "02", 2, 2),
                ("reported_lost", "99", 2, 2),
                ("in_inspection", "99", 2, 2),
                ("being_changed", "99", 2, 2),
                ("transferred_out", "06", 2, 2),
                ("revoked", "07", 3, 1),
                ("cancelled", "04", 3, 1),
                ("withdrawn", "03", 3, 1),
                ("issued_in_error", "04", 3, 1),
            ]
        );
        assert!(PAUSES.iter().all(|state| state.effect() == Effect::NotForNow));
    }

    #[test]
    fn states_are_words_in_json_and_no_two_share_one() {
        for state in State::ALL {
            assert_eq!(serde_json::to_string(state).unwrap(), format!("\"{state}\""));
            assert_eq!(State::of_word(state.as_str()), Some(*state));
        }
        assert!(serde_json::from_str::<State>("\"Valid\"").is_err());
        assert_eq!(State::of_word("replaced"), None);
        let names: HashSet<_> =
            State::ALL.iter().flat_map(|state| [state.as_str(), state.zh(), state.en()]).collect();
        assert!(names.len() > State::ALL.len() * 2);
    }
}
