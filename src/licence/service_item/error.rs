//! What can be wrong with an item's file.

use super::{Alternative, Condition, Requirement, ServiceItem};
use crate::licence::text::TextError;
use crate::licence::type_code::TypeCode;

/// Why an item's file is refused. A requirement is named as the file names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// Not TOML, or not with the right members; says the line.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// A text that may not be shown.
    #[error("wrong {member}: {error}")]
    Text {
        /// Which member of the file.
        member: &'static str,
        /// What is wrong with it.
        #[source]
        error: TextError,
    },
    /// No requirement, or more than a window asks for.
    #[error("expected 1 to {max} requirements, got {got}", max = ServiceItem::MAX_REQUIREMENTS)]
    RequirementCount {
        /// How many there are.
        got: usize,
    },
    /// Two requirements of one name.
    #[error("requirement {requirement:?}: expected a name that no other requirement of the item has")]
    DuplicateRequirement {
        /// The name.
        requirement: String,
    },
    /// Nothing will do, or too many things.
    #[error("requirement {requirement:?}: expected any_of to have 1 to {max} types, got {got}", max = Requirement::MAX_ALTERNATIVES)]
    AlternativeCount {
        /// Its name.
        requirement: String,
        /// How many there are.
        got: usize,
    },
    /// A type twice in one requirement.
    #[error("requirement {requirement:?}: expected {type_code} once in any_of")]
    DuplicateType {
        /// Its name.
        requirement: String,
        /// The type.
        type_code: TypeCode,
    },
    /// No time, or more than any licence has to last.
    #[error("requirement {requirement:?}: expected valid_for_days from 1 to {max}, got {got}", max = Requirement::MAX_DAYS)]
    Days {
        /// Its name.
        requirement: String,
        /// How many days.
        got: i64,
    },
    /// A condition that does not say how the field is looked at, or in two ways.
    #[error("requirement {requirement:?}, field {field:?}: expected either contains or one_of")]
    Test {
        /// Its name.
        requirement: String,
        /// The field.
        field: String,
    },
    /// A condition without texts, or with one that no field can hold.
    #[error("requirement {requirement:?}, field {field:?}: expected 1 to {max} texts that a field can hold", max = Condition::MAX_TEXTS)]
    Texts {
        /// Its name.
        requirement: String,
        /// The field.
        field: String,
    },
    /// More conditions than one licence is asked.
    #[error("requirement {requirement:?}: expected at most {max} conditions on a type, got {got}", max = Alternative::MAX_CONDITIONS)]
    ConditionCount {
        /// Its name.
        requirement: String,
        /// How many there are.
        got: usize,
    },
    /// A type that the catalogue does not have.
    #[error("requirement {requirement:?}: expected a type of the catalogue, got {type_code}")]
    UnknownType {
        /// Its name.
        requirement: String,
        /// The type.
        type_code: TypeCode,
    },
    /// A field that the type does not have, or that holds no text.
    #[error("requirement {requirement:?}: expected a field of {type_code} that holds a text, got {field:?}")]
    UnknownField {
        /// Its name.
        requirement: String,
        /// The type.
        type_code: TypeCode,
        /// The field.
        field: String,
    },
    /// A text that the field can never be.
    #[error("requirement {requirement:?}: expected one of the choices of {field:?}, got {text:?}")]
    NotAChoice {
        /// Its name.
        requirement: String,
        /// The field.
        field: String,
        /// The text.
        text: String,
    },
}
