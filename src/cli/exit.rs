//! Exit codes, and the errors that lead to them.

use std::fmt;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::registry::{
    ActError, CertifyError, DepartmentError, ErrorKind, MakeError, ProblemView, RegistryOpenError,
};

/// What `--help` says about exit codes and what all commands share.
pub(super) const TABLE: &str = "\
Exit codes:
  0   done; the licence is valid
  1   the licence is not valid
  2   it cannot be determined whether the licence is valid
  64  the command line is wrong
  65  the data is refused: a file, a licence, a store, a trust list
  70  something failed here
  130 stopped by Ctrl-C: what was begun is finished

With --json an error is one line on standard error: {\"error\": {\"code\", \"detail\", \"problems\"?}}.

Environment: ELICENSE_DATA is the directory where --data is not given, ELICENSE_LISTEN the address where --listen is
not, ELICENSE_TLS_CERT and ELICENSE_TLS_KEY where --tls-cert and --tls-key are not; ELICENSE_LOG sets how much a service logs, as info or elicense=debug.";

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Done,
    Invalid,
    Indeterminate,
    Usage,
    Data,
    Internal,
    Interrupted,
}

/// As [`Exit::Interrupted`], for a process that ends on the spot.
pub(super) const INTERRUPTED: i32 = 130;

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Invalid => 1,
            Exit::Indeterminate => 2,
            Exit::Usage => 64,
            Exit::Data => 65,
            Exit::Internal => 70,
            Exit::Interrupted => 130,
        })
    }
}

/// A command that did not do what it was asked. The text is for people.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The command line asks for something that does not go together.
    #[error("{0}")]
    Usage(String),
    /// What was given is refused.
    #[error("{0}")]
    Data(String),
    /// The installation refuses what it was asked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too much waits there; nothing was done.
    #[error("{0}")]
    Busy(String),
    /// A request or its answer was lost on the way; it may have been done.
    #[error("{0}")]
    Transport(String),
    /// Something failed here.
    #[error("{0}")]
    Internal(String),
    /// Whoever read standard output has gone.
    #[error("nobody reads standard output any more")]
    NobodyReads,
}

/// What an installation refuses, with a stable code (docs/API.md) and every rule that is broken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, thiserror::Error)]
pub(super) struct Refusal {
    code: String,
    detail: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    problems: Vec<BrokenRule>,
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct BrokenRule {
    path: String,
    code: String,
    detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problems.is_empty() {
            return f.write_str(&self.detail);
        }
        f.write_str("the request is refused")?;
        self.problems.iter().try_for_each(|one| write!(f, "\n  {}: {}", one.path, one.detail))
    }
}

impl Refusal {
    /// A refusal of this process, of something that no installation has seen.
    pub(super) fn new(code: &'static str, detail: &str) -> Self {
        Self { code: code.to_owned(), detail: detail.to_owned(), problems: Vec::new() }
    }

    /// Whether every request of this department will be refused like this.
    pub(super) fn is_the_departments(&self) -> bool {
        matches!(self.code.as_str(), "not_an_issuer" | "unauthorized")
    }
}

impl CliError {
    pub(super) fn usage(error: impl fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    pub(super) fn data(error: impl fmt::Display) -> Self {
        Self::Data(error.to_string())
    }

    pub(super) fn internal(error: impl fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Data(_) | Self::Refused(_) => Exit::Data,
            // Nobody has read the verdict: 0 would call it valid.
            Self::Busy(_) | Self::Transport(_) | Self::Internal(_) | Self::NobodyReads => Exit::Internal,
        }
    }

    /// The error for a machine: a stable code, a sentence, and the broken rules where there are any.
    pub(super) fn to_json(&self) -> Value {
        let error = match self {
            Self::Refused(refusal) => json!(refusal),
            other => json!({"code": other.code(), "detail": other.to_string()}),
        };
        json!({"error": error})
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::Data(_) | Self::Refused(_) => "data",
            Self::Busy(_) => "busy",
            Self::Transport(_) => "unreachable",
            Self::Internal(_) => "internal",
            Self::NobodyReads => "nobody_reads",
        }
    }

    /// A service's answer that is no good one: a problem document, or whatever came instead.
    pub(super) fn answered(status: u16, body: &[u8]) -> Self {
        match (status, serde_json::from_slice::<Refusal>(body)) {
            (_, Err(_)) => Self::Internal(format!("the service answered {status}")),
            // Nobody but the local socket's caller names a department, and a service knows its own.
            (401, Ok(refusal)) => Self::Refused(Refusal {
                detail: "the department is none of this installation's".to_owned(),
                ..refusal
            }),
            (429 | 503, Ok(refusal)) if refusal.code == "busy" => Self::Busy(refusal.detail),
            (500.., Ok(refusal)) => Self::Internal(refusal.detail),
            (_, Ok(refusal)) => Self::Refused(refusal),
        }
    }
}

impl From<ActError> for CliError {
    fn from(error: ActError) -> Self {
        match error.kind() {
            ErrorKind::Busy => Self::Busy(error.to_string()),
            ErrorKind::Unavailable | ErrorKind::Internal => Self::internal(error),
            _ => {
                let problem = |one: ProblemView| BrokenRule {
                    path: one.path,
                    code: one.code.to_owned(),
                    detail: one.detail,
                };
                Self::Refused(Refusal {
                    code: error.code().to_owned(),
                    detail: error.to_string(),
                    problems: error.problems().into_iter().map(problem).collect(),
                })
            }
        }
    }
}

impl From<RegistryOpenError> for CliError {
    fn from(error: RegistryOpenError) -> Self {
        Self::data(error)
    }
}

impl From<MakeError> for CliError {
    fn from(error: MakeError) -> Self {
        match error {
            MakeError::Twice { .. } | MakeError::UnknownType { .. } => Self::usage(error),
            MakeError::Exists { .. }
            | MakeError::NotEmpty { .. }
            | MakeError::Busy { .. }
            | MakeError::Occupied { .. }
            | MakeError::Origin(_)
            | MakeError::Certify(CertifyError::Mint(_) | CertifyError::Scope(_)) => Self::data(error),
            error => Self::internal(error),
        }
    }
}

impl From<DepartmentError> for CliError {
    fn from(error: DepartmentError) -> Self {
        match error {
            DepartmentError::ClockBehind { .. }
            | DepartmentError::Append(_)
            | DepartmentError::Witness(_)
            | DepartmentError::Certify(
                CertifyError::Append(_) | CertifyError::Random(_) | CertifyError::Trust(_),
            ) => Self::internal(error),
            error => Self::data(error),
        }
    }
}
