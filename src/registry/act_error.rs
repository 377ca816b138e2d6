//! Why an act was not done. Each has a stable code, and says whether anything may have been written.

use serde::Serialize;

use super::presentations::PresentationError;
use crate::issue::{IssueError, PredecessorError};
use crate::licence::{
    DraftError, Identifier, Problem, TextError, TransitionError, TypeCode, UnreadableError,
};
use crate::store::{AppendError, Outcome, StoreError};
use crate::verify::{Code, Language};

/// An act that was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The issue request cannot be read, or breaks rules.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The status request cannot be read.
    #[error("expected {{\"to\": \"suspended\" / \"valid\" / \"revoked\", \"reason\": \"…\"}}: {0}")]
    StatusRequest(serde_json::Error),
    /// A member of the status request is unknown, missing or wrong.
    #[error("expected {{\"to\": \"suspended\" / \"valid\" / \"revoked\", \"reason\": \"…\"}}: {0}")]
    StatusMember(serde_json::Error),
    /// There is no such receipt, or it was given to another department: the answer is the same.
    #[error("there is no such receipt")]
    ReceiptNotFound,
    /// A receipt about a receipt says nothing that it does not say itself.
    #[error("what was sent is a receipt itself: verify it without a purpose")]
    ReceiptOfReceipt,
    /// The presentation request cannot be read.
    #[error("expected {{\"identifier\", \"fields\", \"for\", \"reason\", \"seconds\"?, \"one_time\"?}}: {0}")]
    PresentationRequest(serde_json::Error),
    /// A member of the presentation request is unknown, missing or wrong.
    #[error("expected {{\"identifier\", \"fields\", \"for\", \"reason\", \"seconds\"?, \"one_time\"?}}: {0}")]
    PresentationMember(serde_json::Error),
    /// What is to be shown cannot be.
    #[error(transparent)]
    Presentation(#[from] PresentationError),
    /// The licence is not good now, so it cannot be shown.
    #[error("the licence cannot be shown: {}", reason.sentence(Language::En))]
    NotGood {
        /// The first check that it did not pass.
        reason: Code,
    },
    /// The reason may not stand in the ledger.
    #[error("the reason is refused: {0}")]
    Reason(#[from] TextError),
    /// The caller's department does not issue.
    #[error("this department issues no licences")]
    NotAnIssuer,
    /// No such type in the catalogue.
    #[error("type {0} is not in the catalogue")]
    UnknownType(TypeCode),
    /// The department is not certified for the type, or its key failed.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// Unknown, or another department's: the answer is the same.
    #[error("there is no such licence")]
    NotFound,
    /// The licence that a draft replaces cannot be replaced.
    #[error("the licence named in \"replaces\" cannot be replaced: {0}")]
    Predecessor(#[from] PredecessorError),
    /// The number is another licence's.
    #[error("number {number:?} is taken by {by}, which this does not replace")]
    NumberTaken {
        /// The number.
        number: String,
        /// The licence that has it.
        by: Identifier,
    },
    /// The idempotency key was used for another body.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The status may not change so.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// Somebody changed the licence at the same moment.
    #[error("the licence was changed by somebody else at the same moment; look at it again")]
    Raced,
    /// The clock is behind the newest ledger entry: nothing is signed.
    #[error("the clock is {seconds} s behind the newest ledger entry; nothing is signed until it is right")]
    ClockBehind {
        /// By how much.
        seconds: i64,
    },
    /// The store refused or does not know.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that cannot be.
    #[error("{0}")]
    Internal(&'static str),
}

/// What kind of trouble it is; HTTP and command line map it to their own codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request cannot be read.
    Unreadable,
    /// Too long.
    TooLarge,
    /// Unknown, or not the caller's.
    NotFound,
    /// Not allowed in this state.
    Conflict,
    /// Understood and refused.
    Refused,
    /// Too much waits; nothing was done. Try again.
    Busy,
    /// Cannot be done now, or it is not known whether it was: the same idempotency key tells.
    Unavailable,
    /// Ours to mend.
    Internal,
}

/// One broken rule of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProblemView {
    /// JSON pointer (RFC 6901) into the request.
    pub path: String,
    /// The rule, as a stable word.
    pub code: &'static str,
    /// What was expected and what came.
    pub detail: String,
}

impl ActError {
    /// A stable word.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Draft(DraftError::Unreadable(error)) => error.code(),
            Self::Draft(DraftError::Refused(_)) => "draft_refused",
            Self::StatusRequest(_) => "not_json",
            Self::StatusMember(_) => "status_request_refused",
            Self::Reason(_) => "reason_refused",
            Self::ReceiptNotFound => "not_found",
            Self::ReceiptOfReceipt => "purpose_refused",
            Self::PresentationRequest(_) => "not_json",
            Self::PresentationMember(_) | Self::Presentation(_) => "presentation_refused",
            Self::NotGood { .. } => "licence_not_good",
            Self::NotAnIssuer => "not_an_issuer",
            Self::UnknownType(_) => "type_unknown",
            Self::Issue(IssueError::OutOfScope { .. }) => "type_not_authorised",
            Self::Issue(_) | Self::Internal(_) => "internal",
            Self::NotFound => "not_found",
            Self::Predecessor(_) => "not_replaceable",
            Self::NumberTaken { .. } => "number_taken",
            Self::KeyReused => "idempotency_key_reused",
            Self::Transition(_) => "transition_not_allowed",
            Self::Raced => "raced",
            Self::ClockBehind { .. } => "clock_behind",
            Self::Append(AppendError::Busy) => "busy",
            Self::Append(error) => match error.outcome() {
                Outcome::Unknown => "outcome_unknown",
                Outcome::NotWritten => "store_unavailable",
            },
            Self::Store(_) => "store_unavailable",
        }
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Draft(DraftError::Unreadable(UnreadableError::TooLarge { .. })) => ErrorKind::TooLarge,
            Self::Draft(error) if error.is_unreadable() => ErrorKind::Unreadable,
            Self::StatusRequest(_) | Self::PresentationRequest(_) => ErrorKind::Unreadable,
            Self::Draft(_)
            | Self::StatusMember(_)
            | Self::Reason(_)
            | Self::ReceiptOfReceipt
            | Self::PresentationMember(_)
            | Self::Presentation(_)
            | Self::NotAnIssuer
            | Self::UnknownType(_)
            | Self::Issue(IssueError::OutOfScope { .. })
            | Self::KeyReused => ErrorKind::Refused,
            Self::NotFound | Self::ReceiptNotFound => ErrorKind::NotFound,
            Self::NotGood { .. }
            | Self::Predecessor(_)
            | Self::NumberTaken { .. }
            | Self::Transition(_)
            | Self::Raced => ErrorKind::Conflict,
            Self::Append(AppendError::Busy) => ErrorKind::Busy,
            Self::ClockBehind { .. } | Self::Append(_) | Self::Store(_) => ErrorKind::Unavailable,
            Self::Issue(_) | Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// Every rule that an issue request breaks.
    pub fn problems(&self) -> Vec<ProblemView> {
        let Self::Draft(error) = self else { return Vec::new() };
        let view = |problem: &Problem| ProblemView {
            path: problem.path.clone(),
            code: problem.rule.code(),
            detail: problem.rule.to_string(),
        };
        error.problems().iter().map(view).collect()
    }
}
