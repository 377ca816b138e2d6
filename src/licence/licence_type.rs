//! Licence types (证照类型): one record of the catalogue, with the elements of GB/T 36902.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::credit_code::CreditCode;
use super::field::{FieldDefinition, FieldError, FieldRecord};
use super::holder_code_type::HolderCodeType;
use super::offline_policy::OfflinePolicy;
use super::text::{TextError, check_text};
use super::type_code::TypeCode;
use super::validity::ValidityRange;

/// A licence type: what its licences are called, who defines and issues them, how long they last, what they say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LicenceType {
    #[serde(flatten)]
    record: TypeRecord,
    fields: Vec<FieldDefinition>,
}

/// Everything of a type but its fields, as a type file and the API write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeRecord {
    code: TypeCode,
    name: String,
    name_en: String,
    define_authority: DefineAuthority,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    related_item: Option<RelatedItem>,
    holder_category: HolderCategory,
    validity_ranges: Vec<ValidityRange>,
    issuing_levels: Vec<AuthorityLevel>,
    #[serde(default)]
    offline: OfflinePolicy,
    provisional: bool,
    source: String,
    #[serde(default, rename = "fields", skip_serializing)]
    field_records: Vec<FieldRecord>,
}

/// The body that defines a type (证照定义机构).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefineAuthority {
    /// Its credit code: the first eighteen characters of the type code.
    pub code: CreditCode,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: AuthorityLevel,
}

/// The service item whose outcome licences of a type are (关联事项).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelatedItem {
    /// Its name.
    pub name: String,
    /// Its code, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Levels of authorities (机构级别).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorityLevel {
    /// 国家级
    National,
    /// 省(部)级
    Provincial,
    /// 地市级
    City,
    /// 区县级
    County,
    /// 乡镇级
    Township,
    /// 其他
    Other,
}

/// Who may hold licences of a type (持证主体类别).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderCategory {
    /// 自然人
    NaturalPerson,
    /// 法人和其他组织
    LegalPerson,
    /// 混合
    Mixed,
    /// 其他
    Other,
}

impl HolderCategory {
    /// Whether a holder with such a code is of this category.
    pub const fn admits(self, code_type: HolderCodeType) -> bool {
        match self {
            Self::NaturalPerson => code_type.is_personal(),
            Self::LegalPerson => !code_type.is_personal(),
            Self::Mixed | Self::Other => true,
        }
    }

    /// The standard's own label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NaturalPerson => "自然人",
            Self::LegalPerson => "法人和其他组织",
            Self::Mixed => "混合",
            Self::Other => "其他",
        }
    }
}

impl AuthorityLevel {
    /// The standard's own label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::National => "国家级",
            Self::Provincial => "省(部)级",
            Self::City => "地市级",
            Self::County => "区县级",
            Self::Township => "乡镇级",
            Self::Other => "其他",
        }
    }
}

/// Why a type file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// Not TOML, or not with the right members; says the line.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// A name or note that may not stand on a licence.
    #[error("wrong {member}: {error}")]
    Text {
        /// Which member of the file.
        member: &'static str,
        /// What is wrong with it.
        #[source]
        error: TextError,
    },
    /// The type code belongs to another body than the one the file names.
    #[error("expected define_authority.code to be {expected}, as the type code says, got {got}")]
    DefineAuthority {
        /// The first eighteen characters of the type code.
        expected: CreditCode,
        /// What the file says.
        got: CreditCode,
    },
    /// A list without members, or with one twice.
    #[error("expected {member} to have at least one member, and each once")]
    List {
        /// Which member of the file.
        member: &'static str,
    },
    /// More fields than a licence may have.
    #[error("expected at most {max} fields, got {got}", max = LicenceType::MAX_FIELDS)]
    FieldCount {
        /// How many there are.
        got: usize,
    },
    /// A status that is stale before it is fresh.
    #[error("expected offline.fresh to be at most offline.stale")]
    Offline,
    /// A field's definition.
    #[error("field {key:?}: {error}")]
    Field {
        /// The field's key as it came.
        key: String,
        /// What is wrong with it.
        #[source]
        error: FieldError,
    },
    /// A key that an earlier field has.
    #[error("field {key:?}: expected a key that no other field of the type has")]
    DuplicateKey {
        /// The key.
        key: String,
    },
}

impl LicenceType {
    /// The most fields of a type.
    pub const MAX_FIELDS: usize = 60;
    const MAX_NAME: usize = 100;
    const MAX_SOURCE: usize = 400;

    /// Reads a type file and checks all of it.
    pub fn from_toml(text: &str) -> Result<Self, TypeError> {
        let mut record: TypeRecord = toml::from_str(text)?;
        record.check_texts()?;
        let (expected, got) = (record.code.definer(), record.define_authority.code);
        if expected != got {
            return Err(TypeError::DefineAuthority { expected, got });
        }
        if !record.offline.agrees_with_itself() {
            return Err(TypeError::Offline);
        }
        check_list("validity_ranges", &record.validity_ranges)?;
        check_list("issuing_levels", &record.issuing_levels)?;
        let fields = checked_fields(std::mem::take(&mut record.field_records))?;
        Ok(Self { record, fields })
    }

    /// The type code.
    pub const fn code(&self) -> TypeCode {
        self.record.code
    }

    /// The Chinese name: the one that is signed.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// The English name.
    pub fn name_en(&self) -> &str {
        &self.record.name_en
    }

    /// The Chinese name and the English one.
    pub fn names(&self) -> (&str, &str) {
        (self.name(), self.name_en())
    }

    /// Who defines the type.
    pub const fn define_authority(&self) -> &DefineAuthority {
        &self.record.define_authority
    }

    /// The service item it comes from.
    pub const fn related_item(&self) -> Option<&RelatedItem> {
        self.record.related_item.as_ref()
    }

    /// Who may hold it.
    pub const fn holder_category(&self) -> HolderCategory {
        self.record.holder_category
    }

    /// How long its licences are good, the usual range first; at least one.
    pub fn validity_ranges(&self) -> &[ValidityRange] {
        &self.record.validity_ranges
    }

    /// The range of a licence whose request names no end: the first.
    pub fn default_range(&self) -> ValidityRange {
        // A type has at least one range; without an end is the one that needs no number.
        self.record.validity_ranges.first().copied().unwrap_or(ValidityRange::LongTerm)
    }

    /// The levels of authorities that issue it; at least one.
    pub fn issuing_levels(&self) -> &[AuthorityLevel] {
        &self.record.issuing_levels
    }

    /// How long its licences' status is good enough without a line.
    pub const fn offline(&self) -> OfflinePolicy {
        self.record.offline
    }

    /// Whether the field list is this project's own guess rather than the defining body's.
    pub const fn is_provisional(&self) -> bool {
        self.record.provisional
    }

    /// Where code and fields come from.
    pub fn source(&self) -> &str {
        &self.record.source
    }

    /// Its fields, in the order they are shown.
    pub fn fields(&self) -> &[FieldDefinition] {
        &self.fields
    }

    /// The field with this key.
    pub fn field(&self, key: &str) -> Option<&FieldDefinition> {
        self.fields.iter().find(|field| field.key() == key)
    }
}

impl TypeRecord {
    fn check_texts(&self) -> Result<(), TypeError> {
        let check = |member, text: &str, max| {
            check_text(text, max).map_err(|error| TypeError::Text { member, error })
        };
        check("name", &self.name, LicenceType::MAX_NAME)?;
        check("name_en", &self.name_en, LicenceType::MAX_NAME)?;
        check("source", &self.source, LicenceType::MAX_SOURCE)?;
        check("define_authority.name", &self.define_authority.name, LicenceType::MAX_NAME)?;
        if let Some(item) = &self.related_item {
            check("related_item.name", &item.name, LicenceType::MAX_NAME)?;
            item.code.iter().try_for_each(|code| check("related_item.code", code, LicenceType::MAX_NAME))?;
        }
        Ok(())
    }
}

fn check_list<T: Ord>(member: &'static str, list: &[T]) -> Result<(), TypeError> {
    let distinct: BTreeSet<&T> = list.iter().collect();
    if list.is_empty() || distinct.len() < list.len() {
        return Err(TypeError::List { member });
    }
    Ok(())
}

fn checked_fields(records: Vec<FieldRecord>) -> Result<Vec<FieldDefinition>, TypeError> {
    if records.len() > LicenceType::MAX_FIELDS {
        return Err(TypeError::FieldCount { got: records.len() });
    }
    let mut fields: Vec<FieldDefinition> = Vec::with_capacity(records.len());
    for record in records {
        let key: String = record.key().chars().take(40).collect();
        if fields.iter().any(|earlier| earlier.key() == key) {
            return Err(TypeError::DuplicateKey { key });
        }
        fields.push(FieldDefinition::new(record).map_err(|error| TypeError::Field { key, error })?);
    }
    Ok(fields)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A type of one field of each kind.
    pub(in crate::licence) const TOML: &str = r#"
code = "11100000000013338W999"
name = "试验证"
name_en = "Trial licence"
holder_category = "natural_person"
validity_ranges = ["1/Y", "0/L"]
issuing_levels = ["city", "county"]
provisional = true
source = "made for tests"

[define_authority]
code = "11100000000013338W"
name = "住房和城乡建设部"
level = "national"

[[fields]]
key = "address"
label = "住址"
label_en = "Address"
kind = "text"
required = true
max_length = 20
in_qr = true
masked_in_qr = true

[[fields]]
key = "born"
label = "出生日期"
label_en = "Date of birth"
kind = "date"

[[fields]]
key = "seats"
label = "座位数"
label_en = "Seats"
kind = "integer"
in_qr = true

[[fields]]
key = "area"
label = "面积"
label_en = "Area"
kind = "decimal"

[[fields]]
key = "class"
label = "类别"
label_en = "Class"
kind = "choice"
choices = ["A", "B"]
required = true
in_qr = true
"#;

    pub(in crate::licence) fn trial_type() -> LicenceType {
        LicenceType::from_toml(TOML).unwrap()
    }

    fn error(from: &str, to: &str) -> TypeError {
        assert!(TOML.contains(from));
        LicenceType::from_toml(&TOML.replacen(from, to, 1)).unwrap_err()
    }

    #[test]
    fn a_type_says_what_its_file_says() {
        let found = trial_type();
        assert_eq!(found.names(), ("试验证", "Trial licence"));
        assert_eq!(found.default_range().to_string(), "1/Y");
        let keys: Vec<_> = found.fields().iter().map(FieldDefinition::key).collect();
        assert_eq!(keys, ["address", "born", "seats", "area", "class"]);
        assert_eq!(found.field("class").unwrap().choices(), ["A", "B"]);
        assert_eq!(found.field("colour"), None);
    }

    #[test]
    fn each_fault_of_a_file_is_named() {
        assert!(matches!(error("code = \"11100000000013338W999\"", ""), TypeError::Toml(_)));
        assert!(matches!(error("W999", "W99"), TypeError::Toml(_)));
        assert!(matches!(error("\"1/Y\"", "\"1/X\""), TypeError::Toml(_)));
        assert!(matches!(error("provisional", "colour = 1\nprovisional"), TypeError::Toml(_)));
        assert!(matches!(error("required", "requested"), TypeError::Toml(_)));
        assert_eq!(error("\"试验证\"", "\"\""), TypeError::Text { member: "name", error: TextError::Empty });
        assert!(matches!(
            error("code = \"11100000000013338W\"", "code = \"11100000MB0143028R\""),
            TypeError::DefineAuthority { .. }
        ));
        assert_eq!(error("[\"1/Y\", \"0/L\"]", "[]"), TypeError::List { member: "validity_ranges" });
        assert_eq!(
            error("[\"city\", \"county\"]", "[\"city\", \"city\"]"),
            TypeError::List { member: "issuing_levels" }
        );
        assert_eq!(error("\"born\"", "\"address\""), TypeError::DuplicateKey { key: "address".to_owned() });
        assert_eq!(
            error("\"born\"", "\"Born\"").to_string(),
            "field \"Born\": expected a key of a small letter and at most 39 small letters, digits or _"
        );
        let many = format!(
            "{TOML}{}",
            "[[fields]]\nkey=\"k\"\nlabel=\"k\"\nlabel_en=\"k\"\nkind=\"date\"\n".repeat(60)
        );
        assert_eq!(LicenceType::from_toml(&many), Err(TypeError::FieldCount { got: 65 }));
    }

    #[test]
    fn json_has_every_element_and_the_fields() {
        let json = serde_json::to_value(trial_type()).unwrap();
        assert_eq!(json["code"], "11100000000013338W999");
        assert_eq!(json["define_authority"]["level"], "national");
        assert_eq!(json["validity_ranges"], serde_json::json!(["1/Y", "0/L"]));
        assert_eq!(json["holder_category"], "natural_person");
        assert_eq!(json["fields"][4]["key"], "class");
        assert_eq!(json["fields"].as_array().unwrap().len(), 5);
    }

    #[test]
    fn a_category_admits_its_own_codes() {
        let admitted = |category: HolderCategory| {
            HolderCodeType::ALL.into_iter().filter(|kind| category.admits(*kind)).count()
        };
        assert_eq!(admitted(HolderCategory::NaturalPerson), 14);
        assert_eq!(admitted(HolderCategory::LegalPerson), 2);
        assert_eq!(admitted(HolderCategory::Mixed), 16);
    }
}
