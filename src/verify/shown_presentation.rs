//! What a verdict shows of a presentation, in the shape of the API.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::code::Language;
use crate::codec::PresentationClaims;
use crate::crypto::Digest;
use crate::licence::{Catalogue, FieldValue, TypeCode};
use crate::time::UnixTime;

/// A presentation as the API and the pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownPresentation {
    claims: Arc<PresentationClaims>,
    issuer_name: String,
    type_name: Option<String>,
    fields: Vec<ShownField>,
    envelope: Digest,
}

/// A field that the holder chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownField {
    /// Its key.
    pub key: String,
    /// What it is, in Chinese; absent where the type is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_en: Option<String>,
    /// What it says.
    pub value: String,
}

/// The labels, Chinese and English, of what is chosen like a field and is none (FORMAT.md §13).
pub fn beside_field_labels(key: &str) -> Option<(&'static str, &'static str)> {
    match key {
        "holder_name" => Some(("持证主体", "Holder")),
        "holder_code" => Some(("持证主体代码", "Holder's code")),
        "number" => Some(("证照编号", "Number")),
        "valid_from" => Some(("有效期起", "In force from")),
        "valid_to" => Some(("有效期至", "In force until")),
        _ => None,
    }
}

impl ShownPresentation {
    pub(super) fn new(claims: Arc<PresentationClaims>, issuer_name: String, envelope: Digest) -> Self {
        let field = |(key, value): (&str, FieldValue<'_>)| ShownField {
            key: key.to_owned(),
            label: None,
            label_en: None,
            value: match value {
                FieldValue::Text(text) => text.to_owned(),
                FieldValue::Integer(number) => number.to_string(),
            },
        };
        let fields = claims.fields.iter().map(field).collect();
        Self { claims, issuer_name, type_name: None, fields, envelope }
    }

    /// With the names that the catalogue has for type and fields.
    pub(super) fn named_by(mut self, catalogue: Option<&Catalogue>) -> Self {
        let licence_type = catalogue.and_then(|catalogue| catalogue.get(&self.claims.type_code));
        self.type_name = licence_type.map(|known| known.name().to_owned());
        for field in &mut self.fields {
            let known =
                licence_type.and_then(|known| known.fields().iter().find(|one| one.key() == field.key));
            let labels = beside_field_labels(&field.key)
                .or_else(|| known.map(|known| (known.label(), known.label_en())));
            field.label = labels.map(|(zh, _)| zh.to_owned());
            field.label_en = labels.map(|(_, en)| en.to_owned());
        }
        self
    }

    /// The organisation it is shown to.
    pub fn audience(&self) -> &str {
        &self.claims.audience
    }

    /// The licence's type.
    pub fn type_code(&self) -> TypeCode {
        self.claims.type_code
    }

    /// Name of the licence's type; its code where the type is not known.
    pub fn type_name(&self) -> &str {
        self.type_name.as_deref().unwrap_or_else(|| self.claims.type_code.as_str())
    }

    /// Name of the authority that issued the licence.
    pub fn issuer_name(&self) -> &str {
        &self.issuer_name
    }

    /// Good until the second before.
    pub fn expires(&self) -> UnixTime {
        self.claims.expires
    }

    /// What the holder chose.
    pub fn fields(&self) -> &[ShownField] {
        &self.fields
    }

    /// Digest of its envelope.
    pub(crate) const fn envelope(&self) -> Digest {
        self.envelope
    }
}

impl ShownField {
    /// What it is, in this language; its key where the type is not known.
    pub fn label(&self, language: Language) -> &str {
        let label = match language {
            Language::Zh => &self.label,
            Language::En => &self.label_en,
        };
        label.as_deref().unwrap_or(&self.key)
    }
}

impl Serialize for ShownPresentation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("for", &self.claims.audience)?;
        map.serialize_entry("type", &self.claims.type_code)?;
        if let Some(name) = &self.type_name {
            map.serialize_entry("type_name", name)?;
        }
        let issuer = serde_json::json!({"code": self.claims.issuer, "name": self.issuer_name});
        map.serialize_entry("issuer", &issuer)?;
        map.serialize_entry("issued", &self.claims.issued_at)?;
        map.serialize_entry("expires", &self.claims.expires)?;
        map.serialize_entry("fields", &self.fields)?;
        map.end()
    }
}
