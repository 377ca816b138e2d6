//! The calls that a grant is for.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A call that needs a grant beside its role (ACCESS.md, *Grants*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Issue a licence.
    Issue,
    /// Change a status.
    Status,
    /// Look up a holder's licences.
    Lookup,
    /// Compare claims with a licence.
    Comparison,
    /// Ask for a service item's materials.
    Materials,
}

/// A text that is no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected \"issue\", \"status\", \"lookup\", \"comparison\" or \"materials\", got {got:?}")]
pub struct CallError {
    /// Up to 40 characters of it.
    pub got: String,
}

impl Call {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 5] = [Self::Issue, Self::Status, Self::Lookup, Self::Comparison, Self::Materials];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Status => "status",
            Self::Lookup => "lookup",
            Self::Comparison => "comparison",
            Self::Materials => "materials",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Issue => 1,
            Self::Status => 2,
            Self::Lookup => 4,
            Self::Comparison => 8,
            Self::Materials => 16,
        }
    }
}

impl FromStr for Call {
    type Err = CallError;

    fn from_str(text: &str) -> Result<Self, CallError> {
        let known = Self::ALL.into_iter().find(|call| call.as_str() == text);
        known.ok_or_else(|| CallError { got: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Calls(u8);

impl Calls {
    /// Whether `call` is among them.
    pub const fn contains(self, call: Call) -> bool {
        self.0 & call.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each, in the order of [`Call::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Call> {
        Call::ALL.into_iter().filter(move |call| self.contains(*call))
    }
}

impl FromIterator<Call> for Calls {
    fn from_iter<I: IntoIterator<Item = Call>>(calls: I) -> Self {
        Self(calls.into_iter().fold(0, |bits, call| bits | call.bit()))
    }
}

impl Serialize for Calls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Call::as_str))
    }
}
