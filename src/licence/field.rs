//! Definitions of the fields that licences of a type have beyond what all licences have.

use serde::{Deserialize, Serialize};

use super::text::{TextError, check_text};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A whole number.
    Integer,
    /// A decimal number, as text.
    Decimal,
    /// One of the field's choices.
    Choice,
}

impl FieldKind {
    /// How a value of this kind is written in JSON, in words for errors.
    pub const fn in_json(self) -> &'static str {
        match self {
            Self::Integer => "an integer",
            Self::Text | Self::Date | Self::Decimal | Self::Choice => "a string",
        }
    }
}

/// Whether the QR form shows a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InQr {
    /// Only the file has it.
    Omitted,
    /// As it is.
    Shown,
    /// Its first and last characters.
    Masked,
}

/// One field of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "FieldRecord")]
pub struct FieldDefinition {
    record: FieldRecord,
    in_qr: InQr,
    max_length: usize,
}

/// A field as a type file and the API write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldRecord {
    key: String,
    label: String,
    label_en: String,
    kind: FieldKind,
    #[serde(default)]
    required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_length: Option<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    choices: Vec<String>,
    #[serde(default)]
    in_qr: bool,
    #[serde(default)]
    masked_in_qr: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
}

/// Why a definition is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The key has other characters, or too many.
    #[error("expected a key of a small letter and at most 39 small letters, digits or _")]
    Key,
    /// The Chinese label.
    #[error("wrong label: {0}")]
    Label(#[source] TextError),
    /// The English label.
    #[error("wrong label_en: {0}")]
    LabelEn(#[source] TextError),
    /// The alias.
    #[error("expected an alias of 1 to 40 letters, digits or _")]
    Alias,
    /// `max_length` on something other than a text.
    #[error("expected max_length only where kind is \"text\"")]
    MaxLengthOfOther,
    /// `max_length` out of range.
    #[error("expected max_length from 1 to {max}, got {got}", max = FieldDefinition::MAX_TEXT)]
    MaxLength {
        /// What the file says.
        got: usize,
    },
    /// Choices on something that is no choice.
    #[error("expected choices only where kind is \"choice\"")]
    ChoicesOfOther,
    /// A choice of nothing, or of far too much.
    #[error("expected 1 to {max} choices, got {got}", max = FieldDefinition::MAX_CHOICES)]
    ChoiceCount {
        /// How many there are.
        got: usize,
    },
    /// One choice's text.
    #[error("wrong choice: {0}")]
    Choice(#[source] TextError),
    /// The same choice twice.
    #[error("expected each choice once, got {got:?} again")]
    DuplicateChoice {
        /// The choice.
        got: String,
    },
    /// Masked where it is not shown.
    #[error("expected masked_in_qr only where in_qr is true")]
    MaskedOutsideQr,
    /// A number cannot be masked.
    #[error("expected masked_in_qr only where kind is not \"integer\"")]
    MaskedInteger,
}

impl FieldDefinition {
    /// The most characters of a text field.
    pub const MAX_TEXT: usize = 2000;
    /// The most characters of a text field whose definition does not say.
    pub const DEFAULT_TEXT: usize = 200;
    /// The most choices.
    pub const MAX_CHOICES: usize = 100;
    const MAX_LABEL: usize = 60;

    pub(super) fn new(record: FieldRecord) -> Result<Self, FieldError> {
        if !is_field_key(&record.key) {
            return Err(FieldError::Key);
        }
        check_text(&record.label, Self::MAX_LABEL).map_err(FieldError::Label)?;
        check_text(&record.label_en, Self::MAX_LABEL).map_err(FieldError::LabelEn)?;
        if !record.alias.as_deref().is_none_or(is_alias) {
            return Err(FieldError::Alias);
        }
        check_choices(&record)?;
        Ok(Self { in_qr: in_qr(&record)?, max_length: max_length(&record)?, record })
    }

    /// The key in JSON and in the signed payload.
    pub fn key(&self) -> &str {
        &self.record.key
    }

    /// The Chinese label.
    pub fn label(&self) -> &str {
        &self.record.label
    }

    /// The English label.
    pub fn label_en(&self) -> &str {
        &self.record.label_en
    }

    /// What it holds.
    pub const fn kind(&self) -> FieldKind {
        self.record.kind
    }

    /// Whether every licence of the type has it.
    pub const fn is_required(&self) -> bool {
        self.record.required
    }

    /// The most characters, where it holds text.
    pub const fn max_length(&self) -> usize {
        self.max_length
    }

    /// What may be chosen, where it holds a choice; else nothing.
    pub fn choices(&self) -> &[String] {
        &self.record.choices
    }

    /// Whether the QR form shows it.
    pub const fn in_qr(&self) -> InQr {
        self.in_qr
    }

    /// The name that existing systems use for it, usually pinyin initials.
    pub fn alias(&self) -> Option<&str> {
        self.record.alias.as_deref()
    }
}

impl From<FieldDefinition> for FieldRecord {
    fn from(field: FieldDefinition) -> Self {
        field.record
    }
}

impl FieldRecord {
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

/// Whether a text is a field key, `[a-z][a-z0-9_]{0,39}`.
pub fn is_field_key(text: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= 40 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(rest)
}

fn is_alias(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn in_qr(record: &FieldRecord) -> Result<InQr, FieldError> {
    match (record.in_qr, record.masked_in_qr) {
        (false, false) => Ok(InQr::Omitted),
        (true, false) => Ok(InQr::Shown),
        (true, true) if record.kind == FieldKind::Integer => Err(FieldError::MaskedInteger),
        (true, true) => Ok(InQr::Masked),
        (false, true) => Err(FieldError::MaskedOutsideQr),
    }
}

fn max_length(record: &FieldRecord) -> Result<usize, FieldError> {
    match (record.max_length, record.kind) {
        (None, _) => Ok(FieldDefinition::DEFAULT_TEXT),
        (Some(got), FieldKind::Text) if (1..=FieldDefinition::MAX_TEXT).contains(&got) => Ok(got),
        (Some(got), FieldKind::Text) => Err(FieldError::MaxLength { got }),
        (Some(_), _) => Err(FieldError::MaxLengthOfOther),
    }
}

fn check_choices(record: &FieldRecord) -> Result<(), FieldError> {
    let got = record.choices.len();
    match record.kind {
        FieldKind::Choice if (1..=FieldDefinition::MAX_CHOICES).contains(&got) => {}
        FieldKind::Choice => return Err(FieldError::ChoiceCount { got }),
        _ if got == 0 => {}
        _ => return Err(FieldError::ChoicesOfOther),
    }
    for (index, choice) in record.choices.iter().enumerate() {
        check_text(choice, FieldDefinition::MAX_LABEL).map_err(FieldError::Choice)?;
        if record.choices.iter().take(index).any(|earlier| earlier == choice) {
            return Err(FieldError::DuplicateChoice { got: choice.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::value::{FieldValue, ValueError};
    use super::*;

    pub(in crate::licence) fn field(toml: &str) -> Result<FieldDefinition, FieldError> {
        let record = format!("key = \"k\"\nlabel = \"字\"\nlabel_en = \"Field\"\n{toml}");
        FieldDefinition::new(toml::from_str(&record).unwrap())
    }

    fn check(toml: &str, value: &str) -> Result<(), ValueError> {
        FieldValue::Text(value).check(&field(toml).unwrap())
    }

    #[test]
    fn keys_are_short_and_plain() {
        for right in ["a", "a1", "area_m2", &"a".repeat(40)] {
            assert!(is_field_key(right), "{right}");
        }
        for wrong in ["", "A", "1a", "_a", "a-b", "a b", "证", "a\n", &"a".repeat(41)] {
            assert!(!is_field_key(wrong), "{wrong}");
        }
    }

    #[test]
    fn definitions_that_contradict_themselves_are_refused() {
        for (toml, expected) in [
            ("kind = \"date\"\nmax_length = 5", FieldError::MaxLengthOfOther),
            ("kind = \"text\"\nmax_length = 0", FieldError::MaxLength { got: 0 }),
            ("kind = \"text\"\nmax_length = 2001", FieldError::MaxLength { got: 2001 }),
            ("kind = \"text\"\nchoices = [\"甲\"]", FieldError::ChoicesOfOther),
            ("kind = \"choice\"", FieldError::ChoiceCount { got: 0 }),
            (
                "kind = \"choice\"\nchoices = [\"甲\", \"甲\"]",
                FieldError::DuplicateChoice { got: "甲".to_owned() },
            ),
            ("kind = \"choice\"\nchoices = [\"\"]", FieldError::Choice(TextError::Empty)),
            ("kind = \"text\"\nmasked_in_qr = true", FieldError::MaskedOutsideQr),
            ("kind = \"integer\"\nin_qr = true\nmasked_in_qr = true", FieldError::MaskedInteger),
            ("kind = \"text\"\nalias = \"坐落\"", FieldError::Alias),
        ] {
            assert_eq!(field(toml), Err(expected), "{toml}");
        }
    }

    #[test]
    fn values_are_checked_by_kind() {
        assert_eq!(check("kind = \"text\"\nmax_length = 2", "幸福"), Ok(()));
        assert_eq!(
            check("kind = \"text\"\nmax_length = 2", "幸福路"),
            Err(ValueError::Text(TextError::TooLong { max: 2, got: 3 }))
        );
        assert_eq!(check("kind = \"date\"", "2026-02-28"), Ok(()));
        assert!(matches!(check("kind = \"date\"", "2026-02-29"), Err(ValueError::Date(_))));
        assert!(matches!(check("kind = \"decimal\"", "1.50"), Ok(())));
        let choice = "kind = \"choice\"\nchoices = [\"甲\", \"乙\"]";
        assert_eq!(check(choice, "乙"), Ok(()));
        assert_eq!(check(choice, "丙").unwrap_err().to_string(), "expected one of 甲, 乙, got \"丙\"");
        assert_eq!(
            check("kind = \"integer\"", "5"),
            Err(ValueError::Type { expected: "an integer", got: "a string" })
        );
        let number = FieldValue::Integer(5);
        assert_eq!(number.check(&field("kind = \"integer\"").unwrap()), Ok(()));
        assert_eq!(
            number.check(&field("kind = \"decimal\"").unwrap()),
            Err(ValueError::Type { expected: "a string", got: "an integer" })
        );
    }

    #[test]
    fn json_writes_the_record() {
        let json =
            serde_json::to_value(field("kind = \"text\"\nin_qr = true\nalias = \"ZL\"").unwrap()).unwrap();
        assert_eq!(json["in_qr"], true);
        assert_eq!(json["masked_in_qr"], false);
        assert_eq!(json["alias"], "ZL");
        assert_eq!(json.get("choices"), None);
    }
}
