//! Why an act was not done. Each has a stable code, and says whether anything may have been written.

use std::fmt;

use serde::Serialize;

use super::access_error::AccessError;
use super::credentials::CredentialError;
use super::history::CameFirst;
use super::holder_request::MemberError;
use super::presentations::PresentationError;
use super::tls_certificates::TlsCertificateError;
use crate::issue::{IssueError, PredecessorError};
use crate::licence::{
    AskedHolderError, ClaimsError, CreditCode, DraftError, Identifier, Problem, PurposeError, TextError,
    TransitionError, TypeCode, UnreadableError,
};
use crate::sdjwt::{HolderKeyError, SdJwtIssueError};
use crate::store::{AppendError, Outcome, StoreError};
use crate::time::UnixTime;
use crate::verify::{Code, Language};

/// An act that was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The issue request cannot be read, or breaks rules.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The status request cannot be read.
    #[error("expected {{\"to\": a state, \"reason\": \"…\", \"legal_basis\"?: \"…\"}}: {0}")]
    StatusRequest(serde_json::Error),
    /// A member of the status request is unknown, missing or wrong.
    #[error("expected {{\"to\": a state, \"reason\": \"…\", \"legal_basis\"?: \"…\"}}: {0}")]
    StatusMember(serde_json::Error),
    /// A row of status changes cannot be read.
    #[error("expected {{\"identifier\", \"to\": a state, \"reason\", \"legal_basis\"?}}: {0}")]
    StatusRowUnreadable(serde_json::Error),
    /// A member of a row of status changes is unknown, missing or wrong.
    #[error("expected {{\"identifier\", \"to\": a state, \"reason\", \"legal_basis\"?}}: {0}")]
    StatusRow(serde_json::Error),
    /// A row of status changes is too long.
    #[error("expected a row of at most {max} bytes")]
    RowTooLong {
        /// The most bytes of a row.
        max: usize,
    },
    /// More rows than one request or file may have.
    #[error("expected at most {max} rows; put the rest into another file")]
    TooManyRows {
        /// The most rows.
        max: usize,
    },
    /// A row before this one names the same licence.
    #[error("an earlier row names the same licence; put this one into another file")]
    RowTwice,
    /// The row was done before, and the licence was changed since.
    #[error(
        "this very change was made at {at} and the licence was changed since: {first}; \
             if it is meant anew, give another reason"
    )]
    DoneBefore {
        /// When it was done.
        at: UnixTime,
        /// Who changed it since.
        first: Box<CameFirst>,
    },
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
    Reason(TextError),
    /// The legal basis may not stand in the ledger.
    #[error("the legal basis is refused: {0}")]
    LegalBasis(TextError),
    /// The SD-JWT request cannot be read.
    #[error("expected {{}} or {{\"holder_key\": JWK}}: {0}")]
    SdJwtRequest(serde_json::Error),
    /// A member of the SD-JWT request is unknown or wrong.
    #[error("expected {{}} or {{\"holder_key\": JWK}}: {0}")]
    SdJwtMember(serde_json::Error),
    /// The holder's key.
    #[error("holder_key: {0}")]
    HolderKey(#[from] HolderKeyError),
    /// The department was certified before there was SD-JWT VC.
    #[error(
        "this department's certificate is not for SD-JWT VC; `elicense department certify` makes one that is"
    )]
    SdJwtNotCertified,
    /// Nothing can be issued of a licence that is not in force and will not be again.
    #[error("the licence has ended: it was revoked or replaced, or its last day is past")]
    LicenceEnded,
    /// The SD-JWT VC could not be signed.
    #[error(transparent)]
    SdJwt(#[from] SdJwtIssueError),
    /// The caller's department does not issue.
    #[error("this department issues no licences")]
    NotAnIssuer,
    /// The department was added on another node, and its key is not among this node's.
    #[error(
        "this node does not have the key that department {department} signs with: copy keys/department-{department}.pem from \
             the node where it was added, and restart this node"
    )]
    KeyNotHere {
        /// The department.
        department: CreditCode,
    },
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
    #[error("the licence named in \"replaces\" cannot be replaced: {source}{}", Since(.first))]
    Predecessor {
        /// Why.
        source: PredecessorError,
        /// Who brought that about.
        first: Option<Box<CameFirst>>,
    },
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
    #[error("{source}{}", Since(.first))]
    Transition {
        /// What was asked for, and what is allowed.
        source: TransitionError,
        /// Who put it into the state it is in.
        first: Option<Box<CameFirst>>,
    },
    /// A newer licence has taken its place.
    #[error("the licence is replaced by {by} and can only be ended; {first}")]
    AlreadyReplaced {
        /// The newer licence.
        by: Identifier,
        /// Who issued that.
        first: Box<CameFirst>,
    },
    /// Somebody changed the licence at the same moment.
    #[error("the licence was changed by somebody else at the same moment: {first}; look at it again")]
    Raced {
        /// Who, and how.
        first: Box<CameFirst>,
    },
    /// Somebody took the number at the same moment, and let go of it again.
    #[error("something else was done at the same moment; try again")]
    Contended,
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
    /// Not this caller's to do now, or who may ask what cannot be changed so.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A request about a holder cannot be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableError),
    /// A member of a request about a holder is unknown, missing or wrong.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// What is to be compared are no claims.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// The holder is none.
    #[error(transparent)]
    Holder(#[from] AskedHolderError),
    /// The purpose is none.
    #[error(transparent)]
    Purpose(#[from] PurposeError),
    /// No such service item.
    #[error("the catalogue has no such service item")]
    UnknownItem,
    /// A certificate of TLS that cannot be made so.
    #[error(transparent)]
    TlsCertificate(#[from] TlsCertificateError),
    /// Something that cannot be.
    #[error("{0}")]
    Internal(&'static str),
}

impl From<CredentialError> for ActError {
    fn from(error: CredentialError) -> Self {
        Self::Access(error.into())
    }
}

/// What kind of trouble it is; HTTP and command line map it to their own codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request cannot be read.
    Unreadable,
    /// Too long.
    TooLarge,
    /// Not this caller's to do.
    Forbidden,
    /// Unknown, or not the caller's.
    NotFound,
    /// Not allowed in this state.
    Conflict,
    /// Understood and refused.
    Refused,
    /// As often as it may be today; nothing was done.
    TooOften,
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
    pub fn code(&self) -> &'static str {
        match self {
            Self::Draft(DraftError::Unreadable(error)) => error.code(),
            Self::Draft(DraftError::Refused(_)) => "draft_refused",
            Self::StatusRequest(_)
            | Self::StatusRowUnreadable(_)
            | Self::SdJwtRequest(_)
            | Self::PresentationRequest(_) => "not_json",
            Self::StatusMember(_) | Self::StatusRow(_) => "status_request_refused",
            Self::RowTooLong { .. } => "too_large",
            Self::TooManyRows { .. } => "too_many_rows",
            Self::RowTwice => "row_twice",
            Self::DoneBefore { .. } => "done_before",
            Self::Reason(_) => "reason_refused",
            Self::SdJwtMember(_) => "sd_jwt_request_refused",
            Self::HolderKey(_) => "holder_key_refused",
            Self::SdJwtNotCertified => "sd_jwt_not_certified",
            Self::LicenceEnded => "licence_ended",
            Self::LegalBasis(_) => "legal_basis_refused",
            Self::ReceiptOfReceipt => "purpose_refused",
            Self::PresentationMember(_) | Self::Presentation(_) => "presentation_refused",
            Self::NotGood { .. } => "licence_not_good",
            Self::NotAnIssuer => "not_an_issuer",
            Self::KeyNotHere { .. } => "key_not_here",
            Self::UnknownType(_) => "type_unknown",
            Self::Issue(IssueError::OutOfScope { .. }) => "type_not_authorised",
            Self::Issue(_) | Self::SdJwt(_) | Self::Internal(_) => "internal",
            Self::NotFound | Self::ReceiptNotFound => "not_found",
            Self::Predecessor { .. } => "not_replaceable",
            Self::NumberTaken { .. } => "number_taken",
            Self::KeyReused => "idempotency_key_reused",
            Self::Transition { .. } => "transition_not_allowed",
            Self::AlreadyReplaced { .. } => "already_replaced",
            Self::Raced { .. } | Self::Contended => "raced",
            Self::ClockBehind { .. } => "clock_behind",
            Self::Access(error) => error.code(),
            Self::Unreadable(error) => error.code(),
            Self::Member(_) | Self::Claims(_) => "lookup_refused",
            Self::Holder(_) => "holder_refused",
            Self::Purpose(_) => "purpose_refused",
            Self::UnknownItem => "item_unknown",
            Self::TlsCertificate(TlsCertificateError::City(_)) => "internal",
            Self::TlsCertificate(TlsCertificateError::Request(error)) if !error.is_data() => "not_json",
            Self::TlsCertificate(_) => "certificate_request_refused",
            Self::Append(AppendError::Busy | AppendError::NotAdmitted) => "busy",
            Self::Append(error) => match error.outcome() {
                Outcome::Unknown => "outcome_unknown",
                Outcome::NotWritten => "store_unavailable",
            },
            Self::Store(_) => "store_unavailable",
        }
    }

    /// What is wrong with an SD-JWT request: its JSON, or what it says.
    pub(super) fn sd_jwt_request(error: serde_json::Error) -> Self {
        if error.is_data() { Self::SdJwtMember(error) } else { Self::SdJwtRequest(error) }
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(error) => error.kind(),
            Self::Draft(DraftError::Unreadable(UnreadableError::TooLarge { .. })) => ErrorKind::TooLarge,
            Self::Draft(error) if error.is_unreadable() => ErrorKind::Unreadable,
            Self::Unreadable(UnreadableError::TooLarge { .. }) => ErrorKind::TooLarge,
            Self::Unreadable(_) => ErrorKind::Unreadable,
            Self::Member(_) | Self::Claims(_) | Self::Holder(_) | Self::Purpose(_) => ErrorKind::Refused,
            Self::StatusRequest(_)
            | Self::StatusRowUnreadable(_)
            | Self::SdJwtRequest(_)
            | Self::PresentationRequest(_) => ErrorKind::Unreadable,
            Self::RowTooLong { .. } | Self::TooManyRows { .. } => ErrorKind::TooLarge,
            Self::Draft(_)
            | Self::StatusMember(_)
            | Self::StatusRow(_)
            | Self::RowTwice
            | Self::SdJwtMember(_)
            | Self::HolderKey(_)
            | Self::Reason(_)
            | Self::LegalBasis(_)
            | Self::ReceiptOfReceipt
            | Self::PresentationMember(_)
            | Self::Presentation(_)
            | Self::NotAnIssuer
            | Self::UnknownType(_)
            | Self::Issue(IssueError::OutOfScope { .. })
            | Self::KeyReused
            | Self::UnknownItem => ErrorKind::Refused,
            Self::TlsCertificate(TlsCertificateError::City(_)) => ErrorKind::Internal,
            Self::TlsCertificate(TlsCertificateError::Request(error)) if !error.is_data() => {
                ErrorKind::Unreadable
            }
            Self::TlsCertificate(_) => ErrorKind::Refused,
            Self::NotFound | Self::ReceiptNotFound => ErrorKind::NotFound,
            Self::NotGood { .. }
            | Self::Predecessor { .. }
            | Self::NumberTaken { .. }
            | Self::Transition { .. }
            | Self::AlreadyReplaced { .. }
            | Self::DoneBefore { .. }
            | Self::SdJwtNotCertified
            | Self::LicenceEnded
            | Self::Raced { .. }
            | Self::Contended => ErrorKind::Conflict,
            Self::Append(AppendError::Busy | AppendError::NotAdmitted) => ErrorKind::Busy,
            Self::ClockBehind { .. } | Self::KeyNotHere { .. } | Self::Append(_) | Self::Store(_) => {
                ErrorKind::Unavailable
            }
            Self::Issue(_) | Self::SdJwt(_) | Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// Whose change stands in the way of this one.
    pub fn came_first(&self) -> Option<&CameFirst> {
        match self {
            Self::Predecessor { first, .. } | Self::Transition { first, .. } => first.as_deref(),
            Self::AlreadyReplaced { first, .. } | Self::DoneBefore { first, .. } | Self::Raced { first } => {
                Some(first)
            }
            _ => None,
        }
    }

    /// Seconds after which it may be done, where that is known.
    pub const fn seconds_to_wait(&self) -> Option<u32> {
        match self {
            Self::Access(error) => error.seconds_to_wait(),
            _ => None,
        }
    }

    /// Every rule that the request breaks.
    pub fn problems(&self) -> Vec<ProblemView> {
        let error = match self {
            Self::Draft(error) => error,
            Self::Access(error) => return error.problems(),
            _ => return Vec::new(),
        };
        let view = |problem: &Problem| ProblemView {
            path: problem.path.clone(),
            code: problem.rule.code(),
            detail: problem.rule.to_string(),
        };
        error.problems().iter().map(view).collect()
    }
}

/// Who brought it about, where that is known.
struct Since<'a>(&'a Option<Box<CameFirst>>);

impl fmt::Display for Since<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |first| write!(f, "; {first}"))
    }
}
