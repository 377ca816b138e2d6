//! Reading an item's file (TOML): strictly, and against the catalogue, so that what is required can be met.

use serde::Deserialize;

use super::code::ItemCode;
use super::error::ItemError;
use super::{Alternative, Condition, Requirement, ServiceItem, Test};
use crate::licence::catalogue::Catalogue;
use crate::licence::field::{FieldDefinition, FieldKind};
use crate::licence::text::check_text;
use crate::licence::type_code::TypeCode;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemRecord {
    code: ItemCode,
    name: String,
    name_en: String,
    handled_by: String,
    #[serde(default)]
    requirements: Vec<RequirementRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequirementRecord {
    name: String,
    #[serde(default)]
    any_of: Vec<AlternativeRecord>,
    valid_for_days: Option<i64>,
    elsewhere: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlternativeRecord {
    #[serde(rename = "type")]
    type_code: TypeCode,
    #[serde(default)]
    conditions: Vec<ConditionRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionRecord {
    field: String,
    contains: Option<Vec<String>>,
    one_of: Option<Vec<String>>,
}

impl ServiceItem {
    /// Reads an item's file and checks all of it, its types and fields against the catalogue.
    pub fn from_toml(text: &str, catalogue: &Catalogue) -> Result<Self, ItemError> {
        let record: ItemRecord = toml::from_str(text)?;
        check("name", &record.name, Self::MAX_NAME)?;
        check("name_en", &record.name_en, Self::MAX_NAME)?;
        check("handled_by", &record.handled_by, Self::MAX_NAME)?;
        let got = record.requirements.len();
        if !(1..=Self::MAX_REQUIREMENTS).contains(&got) {
            return Err(ItemError::RequirementCount { got });
        }
        let mut requirements: Vec<Requirement> = Vec::with_capacity(got);
        for record in record.requirements {
            let found = record.checked(catalogue)?;
            if requirements.iter().any(|earlier| earlier.name == found.name) {
                return Err(ItemError::DuplicateRequirement { requirement: found.name });
            }
            requirements.push(found);
        }
        let ItemRecord { code, name, name_en, handled_by, .. } = record;
        Ok(Self { code, name, name_en, handled_by, requirements })
    }
}

impl RequirementRecord {
    fn checked(self, catalogue: &Catalogue) -> Result<Requirement, ItemError> {
        let Self { name, any_of, valid_for_days, elsewhere } = self;
        check("requirements.name", &name, ServiceItem::MAX_NAME)?;
        if let Some(elsewhere) = &elsewhere {
            check("requirements.elsewhere", elsewhere, Requirement::MAX_TEXT)?;
        }
        let got = any_of.len();
        if !(1..=Requirement::MAX_ALTERNATIVES).contains(&got) {
            return Err(ItemError::AlternativeCount { requirement: name, got });
        }
        let valid_for_days = match valid_for_days.map(|days| (days, u16::try_from(days))) {
            None => None,
            Some((1..=Requirement::MAX_DAYS, Ok(days))) => Some(days),
            Some((got, _)) => return Err(ItemError::Days { requirement: name, got }),
        };
        let mut alternatives: Vec<Alternative> = Vec::with_capacity(got);
        for record in any_of {
            let type_code = record.type_code;
            if alternatives.iter().any(|earlier| earlier.type_code == type_code) {
                return Err(ItemError::DuplicateType { requirement: name, type_code });
            }
            alternatives.push(record.checked(&name, catalogue)?);
        }
        Ok(Requirement { name, any_of: alternatives, valid_for_days, elsewhere })
    }
}

impl AlternativeRecord {
    fn checked(self, requirement: &str, catalogue: &Catalogue) -> Result<Alternative, ItemError> {
        let Self { type_code, conditions } = self;
        let requirement = || requirement.to_owned();
        let Some(licence_type) = catalogue.get(&type_code) else {
            return Err(ItemError::UnknownType { requirement: requirement(), type_code });
        };
        let got = conditions.len();
        if got > Alternative::MAX_CONDITIONS {
            return Err(ItemError::ConditionCount { requirement: requirement(), got });
        }
        let checked = conditions.into_iter().map(|condition| {
            let field = licence_type.field(&condition.field).filter(|field| holds_text(field));
            let Some(field) = field else {
                let field = condition.field;
                return Err(ItemError::UnknownField { requirement: requirement(), type_code, field });
            };
            condition.checked(&requirement(), field)
        });
        Ok(Alternative { type_code, conditions: checked.collect::<Result<_, _>>()? })
    }
}

fn holds_text(field: &FieldDefinition) -> bool {
    matches!(field.kind(), FieldKind::Text | FieldKind::Choice)
}

impl ConditionRecord {
    fn checked(self, requirement: &str, definition: &FieldDefinition) -> Result<Condition, ItemError> {
        let requirement = requirement.to_owned();
        let field = self.field;
        let test = match (self.contains, self.one_of) {
            (Some(texts), None) => Test::Contains(texts),
            (None, Some(texts)) => Test::OneOf(texts),
            _ => return Err(ItemError::Test { requirement, field }),
        };
        let condition = Condition { field, test };
        let texts = condition.texts();
        let right = |text: &String| check_text(text, definition.max_length()).is_ok();
        if !(1..=Condition::MAX_TEXTS).contains(&texts.len()) || !texts.iter().all(right) {
            return Err(ItemError::Texts { requirement, field: condition.field });
        }
        // A part of a choice says nothing that the choice does not.
        let never =
            |text: &&String| definition.kind() == FieldKind::Choice && !definition.choices().contains(*text);
        match texts.iter().find(never) {
            Some(text) => {
                let text = text.clone();
                Err(ItemError::NotAChoice { requirement, field: condition.field, text })
            }
            None => Ok(condition),
        }
    }
}

fn check(member: &'static str, text: &str, max: usize) -> Result<(), ItemError> {
    check_text(text, max).map_err(|error| ItemError::Text { member, error })
}
