//! Why something is not this caller's to do, or why who may ask what is not changed so (ACCESS.md).

use super::act_error::{ErrorKind, ProblemView};
use super::credentials::CredentialError;
use super::members::MembersRefused;
use crate::access::{Call, GrantState, Roles};
use crate::licence::CreditCode;

/// A call that is not allowed, or a change of credentials, roles, grants or consents that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The credential has none of the roles of which the call needs one.
    #[error("this needs the role {roles}, which this credential has not")]
    RoleRequired {
        /// The roles.
        roles: Roles,
    },
    /// No grant allows the call.
    #[error("no grant of this department allows \"{call}\" now, from this address, for this type")]
    NotGranted {
        /// The call.
        call: Call,
    },
    /// Members of a grant.
    #[error("the grant is refused: {0}")]
    Grant(MembersRefused),
    /// There is no such grant.
    #[error("there is no such grant")]
    GrantNotFound,
    /// The grant is in another state.
    #[error("expected a grant that is {expected}; this one is \"{}\"", state.as_str())]
    GrantState {
        /// What it would have to be.
        expected: &'static str,
        /// What it is.
        state: GrantState,
    },
    /// Four eyes: whoever gave a grant may not confirm it.
    #[error(
        "a second administrator confirms a grant to issue: neither whoever gave it, nor a credential that he had made, nor one that had his made"
    )]
    SameAdministrator,
    /// Members of a consent.
    #[error("the consent is refused: {0}")]
    Consent(MembersRefused),
    /// There is no such consent.
    #[error("there is no such consent in force")]
    ConsentNotFound,
    /// A holder has as many consents to one department as anybody may.
    #[error("expected at most {max} consents in force of one holder to one department")]
    ConsentsFull {
        /// The most.
        max: usize,
    },
    /// The ceilings of all grants that would allow it are used up.
    #[error("the day's number of \"{call}\" is used up; the day ends in {seconds} s")]
    CeilingReached {
        /// The call.
        call: Call,
        /// Seconds to midnight, China Standard Time.
        seconds: u32,
    },
    /// A credential or roles that cannot be made so.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// There is no such department here.
    #[error("{code} is no department of this installation")]
    DepartmentUnknown {
        /// The code.
        code: CreditCode,
    },
    /// There is no such credential, or it opens nothing any more.
    #[error("there is no such credential in force")]
    CredentialNotFound,
}

impl AccessError {
    /// A stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RoleRequired { .. } => "role_required",
            Self::NotGranted { .. } => "not_granted",
            Self::CeilingReached { .. } => "ceiling_reached",
            Self::Grant(_) => "grant_refused",
            Self::GrantNotFound => "grant_unknown",
            Self::GrantState { .. } => "grant_not_in_that_state",
            Self::SameAdministrator => "same_administrator",
            Self::Consent(_) => "consent_refused",
            Self::ConsentNotFound => "consent_unknown",
            Self::ConsentsFull { .. } => "too_many_consents",
            Self::Credential(error) if error.is_unreadable() => "not_json",
            Self::Credential(_) => "credential_refused",
            Self::CredentialNotFound | Self::DepartmentUnknown { .. } => "not_found",
        }
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::RoleRequired { .. } | Self::NotGranted { .. } => ErrorKind::Forbidden,
            Self::CeilingReached { .. } => ErrorKind::TooOften,
            Self::GrantState { .. } | Self::SameAdministrator | Self::ConsentsFull { .. } => {
                ErrorKind::Conflict
            }
            Self::GrantNotFound
            | Self::ConsentNotFound
            | Self::CredentialNotFound
            | Self::DepartmentUnknown { .. } => ErrorKind::NotFound,
            Self::Credential(error) if error.is_unreadable() => ErrorKind::Unreadable,
            Self::Grant(_) | Self::Consent(_) | Self::Credential(_) => ErrorKind::Refused,
        }
    }

    /// Seconds after which it may be done, where that is known.
    pub(super) const fn seconds_to_wait(&self) -> Option<u32> {
        match self {
            Self::CeilingReached { seconds, .. } => Some(*seconds),
            _ => None,
        }
    }

    /// Every member that is wrong.
    pub(super) fn problems(&self) -> Vec<ProblemView> {
        match self {
            Self::Grant(refused) | Self::Consent(refused) => refused.problems().to_vec(),
            _ => Vec::new(),
        }
    }
}
