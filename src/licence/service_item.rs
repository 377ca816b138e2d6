//! Service items (政务服务事项): what an applicant applies for, and which licences he has to show for it.
//!
//! A requirement (材料) names one or more types, any of which will do. Each may come with conditions on its fields; the
//! requirement may ask that the licence lasts some days more, and says where it is to be had when no department of the
//! installation issues it. `read` reads the files, `judge` says what an applicant has and what he lacks.

mod code;
mod error;
mod judge;
mod read;

pub use code::{ItemCode, ItemCodeError};
pub use error::ItemError;
pub use judge::{Found, Goodness, Held, Missing};

use serde::Serialize;

use super::fields::Fields;
use super::type_code::TypeCode;
use super::value::FieldValue;

/// A service item: its code and name, who handles it, what it requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceItem {
    code: ItemCode,
    name: String,
    name_en: String,
    handled_by: String,
    requirements: Vec<Requirement>,
}

/// A licence that an item requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    name: String,
    any_of: Vec<Alternative>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_for_days: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elsewhere: Option<String>,
}

/// A type of licence that will do, and what has to stand on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alternative {
    #[serde(rename = "type")]
    type_code: TypeCode,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    conditions: Vec<Condition>,
}

/// What a field has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    field: String,
    #[serde(flatten)]
    test: Test,
}

/// How a field is looked at. A licence without the field passes neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Test {
    /// One of these texts stands somewhere in it.
    Contains(Vec<String>),
    /// It is one of these texts.
    OneOf(Vec<String>),
}

impl ServiceItem {
    /// The most requirements of an item.
    pub const MAX_REQUIREMENTS: usize = 20;
    const MAX_NAME: usize = 100;

    /// The code.
    pub const fn code(&self) -> ItemCode {
        self.code
    }

    /// The name, as the applicant knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is called in English.
    pub fn name_en(&self) -> &str {
        &self.name_en
    }

    /// The kind of department that handles it.
    pub fn handled_by(&self) -> &str {
        &self.handled_by
    }

    /// Whether a licence of this type will do for one of its requirements, by its type.
    pub fn requires(&self, type_code: TypeCode) -> bool {
        self.requirements.iter().any(|one| one.types().any(|code| code == type_code))
    }

    /// What it requires: at least one licence.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }
}

impl Requirement {
    /// The most types that will do.
    pub const MAX_ALTERNATIVES: usize = 10;
    /// The most days that a licence has to last: ten years.
    pub const MAX_DAYS: i64 = 3_650;
    const MAX_TEXT: usize = 200;

    /// What it is called among the materials.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Any of these will do, the one that is rather wanted first; at least one.
    pub fn any_of(&self) -> &[Alternative] {
        &self.any_of
    }

    /// The types that will do.
    pub fn types(&self) -> impl Iterator<Item = TypeCode> {
        self.any_of.iter().map(|alternative| alternative.type_code)
    }

    /// On so many days after today it must still be good.
    pub const fn valid_for_days(&self) -> Option<u16> {
        self.valid_for_days
    }

    /// Where to get one that no department of the installation issues.
    pub fn elsewhere(&self) -> Option<&str> {
        self.elsewhere.as_deref()
    }
}

impl Alternative {
    /// The most conditions on a type.
    pub const MAX_CONDITIONS: usize = 5;

    /// The type.
    pub const fn type_code(&self) -> TypeCode {
        self.type_code
    }

    /// All of these have to hold.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

impl Condition {
    /// The most texts of a condition.
    pub const MAX_TEXTS: usize = 20;

    /// The key of the field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The texts, one of which has to stand there.
    pub fn texts(&self) -> &[String] {
        match &self.test {
            Test::Contains(texts) | Test::OneOf(texts) => texts,
        }
    }

    /// Whether a licence with these fields meets it.
    pub fn holds(&self, fields: &Fields) -> bool {
        let Some(FieldValue::Text(text)) = fields.get(&self.field) else { return false };
        match &self.test {
            Test::Contains(wanted) => wanted.iter().any(|wanted| text.contains(wanted.as_str())),
            Test::OneOf(wanted) => wanted.iter().any(|wanted| text == wanted),
        }
    }
}

#[cfg(test)]
mod tests;
