//! Exit codes, and the errors that lead to them.

use std::process::ExitCode;

use serde_json::Value;

use crate::registry::{ActError, ErrorKind, MakeError, RegistryOpenError};

/// What `--help` says about exit codes.
pub(super) const TABLE: &str = "\
Exit codes:
  0   done; the licence is valid
  1   the licence is not valid
  2   it cannot be determined whether the licence is valid
  64  the command line is wrong
  65  the data is refused: a file, a licence, a store, a trust list
  70  something failed here";

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Done,
    Invalid,
    Indeterminate,
    Usage,
    Data,
    Internal,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Invalid => 1,
            Exit::Indeterminate => 2,
            Exit::Usage => 64,
            Exit::Data => 65,
            Exit::Internal => 70,
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
    /// Something failed here.
    #[error("{0}")]
    Internal(String),
}

impl CliError {
    pub(super) fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    pub(super) fn data(error: impl std::fmt::Display) -> Self {
        Self::Data(error.to_string())
    }

    pub(super) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Data(_) => Exit::Data,
            Self::Internal(_) => Exit::Internal,
        }
    }

    /// A problem document of the service, with everything it lists.
    pub(super) fn problem(problem: &Value) -> Self {
        let text = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut message = text("detail");
        for one in problem.get("problems").and_then(Value::as_array).into_iter().flatten() {
            let part = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
            message.push_str(&format!("\n  {}: {}", part("path"), part("detail")));
        }
        match problem.get("status").and_then(Value::as_u64) {
            Some(500..) => Self::Internal(message),
            _ => Self::Data(message),
        }
    }
}

impl From<ActError> for CliError {
    fn from(error: ActError) -> Self {
        match error.kind() {
            ErrorKind::Busy | ErrorKind::Unavailable | ErrorKind::Internal => Self::internal(error),
            _ => {
                let mut message = String::new();
                for one in error.problems() {
                    message.push_str(&format!("\n  {}: {}", one.path, one.detail));
                }
                if message.is_empty() {
                    Self::data(error)
                } else {
                    Self::Data(format!("the request is refused{message}"))
                }
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
            MakeError::Exists { .. } => Self::data(error),
            error => Self::internal(error),
        }
    }
}
