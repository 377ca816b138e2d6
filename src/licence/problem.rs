//! What can be wrong with an issue request.

use std::fmt;

use super::holder::HolderError;
use super::holder_code_type::{HolderCodeType, HolderCodeTypeError};
use super::identifier::IdentifierError;
use super::json::UnreadableError;
use super::licence_type::HolderCategory;
use super::replacement::ReplacementError;
use super::text::TextError;
use super::type_code::{TypeCode, TypeCodeError};
use super::validity::PastCalendar;
use super::value::ValueError;
use crate::time::{Date, TimeError};

/// Why an issue request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableError),
    /// It is understood and breaks rules: all of them are listed, in the order of the request.
    #[error(transparent)]
    Refused(#[from] Problems),
}

impl DraftError {
    /// Whether it could not even be read (400 over HTTP); else it was understood and refused (422).
    pub const fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable(_))
    }

    /// The rules broken; none where it could not be read.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Unreadable(_) => &[],
            Self::Refused(problems) => problems.as_slice(),
        }
    }
}

/// One or more rules broken; the first hundred are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The most that are kept.
    pub const MAX: usize = 100;

    /// All of them.
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    pub(super) fn add(&mut self, path: impl Into<String>, rule: impl Into<Rule>) {
        if self.0.len() < Self::MAX {
            self.0.push(Problem { path: path.into(), rule: rule.into() });
        }
    }

    /// The value where there is one; else its problem is kept.
    pub(super) fn keep<T>(&mut self, path: &str, result: Result<T, impl Into<Rule>>) -> Option<T> {
        result.map_err(|rule| self.add(path, rule)).ok()
    }

    /// `Ok` where no rule is broken.
    pub(super) fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "; " })?;
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// One rule broken at one place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {rule}")]
pub struct Problem {
    /// Where in the request, as a JSON pointer (RFC 6901).
    pub path: String,
    /// Which rule.
    #[source]
    pub rule: Rule,
}

/// Rules of an issue request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// A member that no request or no licence of this type has.
    #[error("expected no such member")]
    UnknownMember,
    /// A member that every request or every licence of this type has.
    #[error("expected this member, got none")]
    Missing,
    /// Another JSON type.
    #[error("expected {expected}, got {got}")]
    JsonType {
        /// What the member is.
        expected: &'static str,
        /// What came.
        got: &'static str,
    },
    /// A text that may not stand on a licence.
    #[error(transparent)]
    Text(#[from] TextError),
    /// No date.
    #[error(transparent)]
    Date(#[from] TimeError),
    /// No type code.
    #[error(transparent)]
    TypeCode(#[from] TypeCodeError),
    /// Another type than the one it is checked against.
    #[error("expected licence type {expected}, got {got}")]
    OtherType {
        /// The type it is checked against.
        expected: TypeCode,
        /// The type it names.
        got: TypeCode,
    },
    /// No identifier.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// No kind of replacement.
    #[error(transparent)]
    Replacement(#[from] ReplacementError),
    /// Too few holders, or too many.
    #[error("expected 1 to {max} holders, got {got}")]
    HolderCount {
        /// The most allowed.
        max: usize,
        /// How many came.
        got: usize,
    },
    /// No holder code type.
    #[error(transparent)]
    CodeType(#[from] HolderCodeTypeError),
    /// A holder's name or code.
    #[error(transparent)]
    Holder(#[from] HolderError),
    /// A holder that may not hold this type.
    #[error("expected a holder of the category {}, got code type {got}", .category.label())]
    HolderCategory {
        /// Who may hold it.
        category: HolderCategory,
        /// What came.
        got: HolderCodeType,
    },
    /// The same code twice.
    #[error("expected each holder once, got the code of an earlier one")]
    DuplicateHolder,
    /// A field's value.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// An end before the beginning.
    #[error("expected a last day not before {valid_from}, got {valid_to}")]
    EndsBeforeItBegins {
        /// The first day.
        valid_from: Date,
        /// The last one.
        valid_to: Date,
    },
    /// Long-term where the type does not know it.
    #[error("expected a date, since licences of this type are not long-term")]
    NotLongTerm,
    /// An end past the calendar.
    #[error(transparent)]
    PastCalendar(#[from] PastCalendar),
}

impl Rule {
    /// A stable word for the API.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownMember => "unknown_member",
            Self::Missing => "missing",
            Self::JsonType { .. } => "json_type",
            Self::Text(_) => "text",
            Self::Date(_) => "date",
            Self::TypeCode(_) => "type_code",
            Self::OtherType { .. } => "other_type",
            Self::Identifier(error) => error.code(),
            Self::Replacement(_) => "replaces_for",
            Self::HolderCount { .. } => "holder_count",
            Self::CodeType(_) => "code_type",
            Self::Holder(error) if error.is_name() => "holder_name",
            Self::Holder(_) => "holder_code",
            Self::HolderCategory { .. } => "holder_category",
            Self::DuplicateHolder => "duplicate_holder",
            Self::Value(_) => "value",
            Self::EndsBeforeItBegins { .. } => "ends_before_it_begins",
            Self::NotLongTerm => "not_long_term",
            Self::PastCalendar(_) => "past_calendar",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_listed_and_bounded() {
        let mut problems = Problems::default();
        assert_eq!(problems.clone().into_result(), Ok(()));
        problems.add("/number", Rule::Missing);
        problems.add("/fields/a", Rule::UnknownMember);
        assert_eq!(
            problems.to_string(),
            "/number: expected this member, got none; /fields/a: expected no such member"
        );
        for _ in 0..200 {
            problems.add("", Rule::Missing);
        }
        assert_eq!(problems.into_result().unwrap_err().as_slice().len(), Problems::MAX);
    }
}
