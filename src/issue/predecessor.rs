//! Renewal and change: a new version of a licence that names the one it replaces.

use crate::licence::{CreditCode, Identifier, State};

/// The licence that a draft is to replace, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// Which one.
    pub identifier: Identifier,
    /// Its state.
    pub state: State,
    /// The licence that replaces it already.
    pub replaced_by: Option<Identifier>,
}

/// A licence that cannot be replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PredecessorError {
    /// Another authority issued it.
    #[error("a licence is replaced by the authority that issued it")]
    OtherAuthority,
    /// It ended for good.
    #[error("the licence is {state} and stays so")]
    Ended {
        /// How.
        state: State,
    },
    /// Somebody was faster.
    #[error("the licence is replaced already, by {by}")]
    Replaced {
        /// The newer licence.
        by: Identifier,
    },
    /// There is no version 1000.
    #[error("the licence has reached version 999")]
    LastVersion,
}

impl Predecessor {
    /// The identifier of the licence that replaces this one: its next version.
    pub fn successor(&self, authority: CreditCode) -> Result<Identifier, PredecessorError> {
        match (&self.replaced_by, self.state) {
            _ if self.identifier.issuer() != authority => Err(PredecessorError::OtherAuthority),
            (Some(by), _) => Err(PredecessorError::Replaced { by: by.clone() }),
            (None, state) if state.is_end() => Err(PredecessorError::Ended { state }),
            (None, _) => self.identifier.next_version().ok_or(PredecessorError::LastVersion),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predecessor(version: &str) -> Predecessor {
        Predecessor { identifier: version.parse().unwrap(), state: State::Valid, replaced_by: None }
    }

    const FIRST: &str = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";
    const SECOND: &str = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.002.S";

    #[test]
    fn a_licence_is_replaced_once_by_its_next_version() {
        let authority: CreditCode = "11430000006122244L".parse().unwrap();
        let old = predecessor(FIRST);
        assert_eq!(old.successor(authority).unwrap().as_str(), SECOND);
        let suspended = Predecessor { state: State::Suspended, ..old.clone() };
        assert_eq!(
            suspended.successor(authority).unwrap().as_str(),
            SECOND,
            "changing may be why it was suspended"
        );
        let revoked = Predecessor { state: State::Revoked, ..old.clone() };
        assert_eq!(revoked.successor(authority), Err(PredecessorError::Ended { state: State::Revoked }));
        let by: Identifier = SECOND.parse().unwrap();
        let replaced = Predecessor { replaced_by: Some(by.clone()), ..old.clone() };
        assert_eq!(replaced.successor(authority), Err(PredecessorError::Replaced { by }));
        let other: CreditCode = "11110000000021135M".parse().unwrap();
        assert_eq!(old.successor(other), Err(PredecessorError::OtherAuthority));
    }
}
