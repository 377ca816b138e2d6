//! Renewal, change, transfer: a licence that names the one it replaces.

use crate::licence::{CreditCode, Identifier, Replacement, State};

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

/// What the licence that replaces another is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Succession {
    /// The next version of the same licence.
    NextVersion(Identifier),
    /// The first version under a new serial of the authority that takes it over.
    NewSerial,
}

/// A licence that cannot be replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PredecessorError {
    /// Another authority issued it.
    #[error(
        "a licence is replaced by the authority that issued it; another one takes it over with \"transfer_in\""
    )]
    OtherAuthority,
    /// One's own is not taken over.
    #[error("\"transfer_in\" takes over a licence of another authority, and this one issued it itself")]
    OwnTransfer,
    /// Its authority has not let go of it.
    #[error("its authority has not transferred it out: it is {state}")]
    NotTransferredOut {
        /// The state it is in.
        state: State,
    },
    /// It is on its way to another authority.
    #[error("it is transferred_out, and its own authority replaces it only after undoing that")]
    TransferredOut,
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
    /// How `authority` goes on from this licence, for this purpose.
    pub fn succession(
        &self,
        authority: CreditCode,
        purpose: Replacement,
    ) -> Result<Succession, PredecessorError> {
        let its_own = self.identifier.issuer() == authority;
        let is_transfer = purpose == Replacement::TransferIn;
        match (&self.replaced_by, self.state) {
            _ if is_transfer && its_own => Err(PredecessorError::OwnTransfer),
            _ if !is_transfer && !its_own => Err(PredecessorError::OtherAuthority),
            (Some(by), _) => Err(PredecessorError::Replaced { by: by.clone() }),
            (None, state) if state.is_end() => Err(PredecessorError::Ended { state }),
            (None, State::TransferredOut) if is_transfer => Ok(Succession::NewSerial),
            (None, State::TransferredOut) => Err(PredecessorError::TransferredOut),
            (None, state) if is_transfer => Err(PredecessorError::NotTransferredOut { state }),
            (None, _) => match self.identifier.next_version() {
                Some(next) => Ok(Succession::NextVersion(next)),
                None => Err(PredecessorError::LastVersion),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";
    const SECOND: &str = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.002.S";

    fn authority() -> CreditCode {
        "11430000006122244L".parse().unwrap()
    }

    fn other() -> CreditCode {
        "11110000000021135M".parse().unwrap()
    }

    fn predecessor(state: State) -> Predecessor {
        Predecessor { identifier: FIRST.parse().unwrap(), state, replaced_by: None }
    }

    #[test]
    fn a_licence_is_replaced_by_its_next_version_whatever_it_is_suspended_for() {
        let next = Succession::NextVersion(SECOND.parse().unwrap());
        for state in State::ALL.iter().copied() {
            for purpose in Replacement::ALL.iter().copied().filter(|kind| *kind != Replacement::TransferIn) {
                let expected = match state {
                    State::TransferredOut => Err(PredecessorError::TransferredOut),
                    end if end.is_end() => Err(PredecessorError::Ended { state: end }),
                    _ => Ok(next.clone()),
                };
                assert_eq!(predecessor(state).succession(authority(), purpose), expected, "{state}");
                let theirs = predecessor(state).succession(other(), purpose);
                assert_eq!(theirs, Err(PredecessorError::OtherAuthority), "{state}");
            }
        }
    }

    #[test]
    fn a_licence_is_taken_over_by_another_authority_once_its_own_has_let_go() {
        for state in State::ALL.iter().copied() {
            let expected = match state {
                State::TransferredOut => Ok(Succession::NewSerial),
                end if end.is_end() => Err(PredecessorError::Ended { state: end }),
                state => Err(PredecessorError::NotTransferredOut { state }),
            };
            let old = predecessor(state);
            assert_eq!(old.succession(other(), Replacement::TransferIn), expected, "{state}");
            let own = old.succession(authority(), Replacement::TransferIn);
            assert_eq!(own, Err(PredecessorError::OwnTransfer), "{state}");
        }
    }

    #[test]
    fn a_licence_is_replaced_once() {
        let by: Identifier = SECOND.parse().unwrap();
        for (state, authority, purpose) in [
            (State::Valid, authority(), Replacement::Renewal),
            (State::TransferredOut, other(), Replacement::TransferIn),
        ] {
            let replaced = Predecessor { replaced_by: Some(by.clone()), ..predecessor(state) };
            let again = replaced.succession(authority, purpose);
            assert_eq!(again, Err(PredecessorError::Replaced { by: by.clone() }));
        }
    }
}
