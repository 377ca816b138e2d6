//! The members of a request's object, taken one by one: what is missing, unknown or wrong is noted with its place, and all of it is
//! said at once.

use std::fmt;
use std::str::FromStr;

use super::act_error::{ActError, ProblemView};
use crate::licence::{DraftError, Json, pointer, read_object};

/// The most bytes of such a request.
const MAX_BYTES: usize = 128 * 1024;
/// The most problems that are said.
const MOST_PROBLEMS: usize = 100;

/// Members that are missing, unknown or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct MembersRefused(Vec<ProblemView>);

impl MembersRefused {
    /// Each, with its place.
    pub fn problems(&self) -> &[ProblemView] {
        &self.0
    }
}

impl fmt::Display for MembersRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            write!(f, "{}{}: {}", if index == 0 { "" } else { "; " }, problem.path, problem.detail)?;
        }
        Ok(())
    }
}

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Wrong(Vec<ProblemView>);

impl Wrong {
    pub(super) fn add(&mut self, path: &str, code: &'static str, detail: impl fmt::Display) {
        if self.0.len() < MOST_PROBLEMS {
            self.0.push(ProblemView { path: path.to_owned(), code, detail: detail.to_string() });
        }
    }

    fn other_type(&mut self, path: &str, expected: &str, got: &Json) {
        self.add(path, "json_type", format_args!("expected {expected}, got {}", got.kind()));
    }

    /// A text that `T` reads.
    pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(
        &mut self,
        path: &str,
        code: &'static str,
        value: &Json,
    ) -> Option<T> {
        let Json::Text(text) = value else {
            self.other_type(path, "a string", value);
            return None;
        };
        text.parse().map_err(|error| self.add(path, code, error)).ok()
    }

    /// An array's items, each with its place.
    pub(super) fn items(&mut self, path: &str, value: Json) -> Option<Vec<(String, Json)>> {
        match value {
            Json::Array(items) => {
                let placed = items.into_iter().enumerate();
                Some(placed.map(|(index, item)| (format!("{path}/{index}"), item)).collect())
            }
            other => {
                self.other_type(path, "an array", &other);
                None
            }
        }
    }

    /// An object's members.
    pub(super) fn object(&mut self, path: &str, value: Json) -> Option<Members> {
        match value {
            Json::Object(left) => Some(Members { path: path.to_owned(), left }),
            other => {
                self.other_type(path, "an object", &other);
                None
            }
        }
    }

    /// A whole number from 0 on.
    pub(super) fn number(&mut self, path: &str, value: &Json) -> Option<u32> {
        let number = match value {
            Json::Integer(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        if number.is_none() {
            let expected = format_args!("expected a whole number from 0 to {}", u32::MAX);
            self.add(path, "number", expected);
        }
        number
    }

    /// What was read, where nothing is wrong.
    pub(super) fn or<T>(self, read: Option<T>) -> Result<T, MembersRefused> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => Err(MembersRefused(self.0)),
        }
    }
}

/// One object being taken apart: members are removed as they are read, and what is left was not expected.
pub(super) struct Members {
    path: String,
    left: Vec<(String, Json)>,
}

impl Members {
    /// Of a body; what is no object of JSON with each key once cannot be read.
    pub(super) fn of(body: &[u8]) -> Result<Self, ActError> {
        let left = read_object(body, MAX_BYTES).map_err(DraftError::from)?;
        Ok(Self { path: String::new(), left })
    }

    /// A member and its place. `null` is as good as absent.
    pub(super) fn optional(&mut self, key: &str) -> Option<(String, Json)> {
        let at = self.left.iter().position(|(name, _)| name == key)?;
        let (_, value) = self.left.remove(at);
        (value != Json::Null).then(|| (pointer(&self.path, key), value))
    }

    /// A member that has to be there.
    pub(super) fn required(&mut self, key: &str, wrong: &mut Wrong) -> Option<(String, Json)> {
        let found = self.optional(key);
        if found.is_none() {
            wrong.add(&pointer(&self.path, key), "missing", "expected this member, got none");
        }
        found
    }

    /// Notes what nobody asked for.
    pub(super) fn finish(self, wrong: &mut Wrong) {
        for (key, _) in &self.left {
            wrong.add(&pointer(&self.path, key), "unknown_member", "expected no such member");
        }
    }
}
