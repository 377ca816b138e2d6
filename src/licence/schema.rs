//! The issue request of a type as JSON Schema 2020-12, for the API's clients.
//!
//! It says what a schema can say. Check characters, real days, visible characters and the order of dates are checked
//! besides.

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::field::{FieldDefinition, FieldKind};
use super::holder::Holder;
use super::holder_code_type::HolderCodeType;
use super::identifier::Identifier;
use super::licence_type::LicenceType;
use super::replacement::Replacement;
use super::validity::ValidityRange;
use super::value::MAX_INTEGER;

const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
const DECIMAL: &str = "^-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,6})?$";

/// The schema of the body that asks for a licence of `licence_type`.
pub fn json_schema_of_issue_request(licence_type: &LicenceType) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": licence_type.name(),
        "description": licence_type.name_en(),
        "type": "object",
        "additionalProperties": false,
        "required": ["type", "number", "holders", "fields"],
        "properties": {
            "type": {"const": licence_type.code()},
            "number": {"type": "string", "minLength": 1, "maxLength": Draft::MAX_NUMBER},
            "holders": holders(licence_type),
            "issued": {"type": "string", "format": "date", "pattern": DATE},
            "valid_from": {"type": "string", "format": "date", "pattern": DATE},
            "valid_to": valid_to(licence_type),
            "fields": fields(licence_type),
            "replaces": {"type": "string", "maxLength": Identifier::MAX_LENGTH},
            "replaces_for": {"enum": Replacement::ALL},
        },
        "dependentRequired": {"replaces_for": ["replaces"]},
    })
}

fn holders(licence_type: &LicenceType) -> Value {
    let category = licence_type.holder_category();
    let admitted: Vec<_> = HolderCodeType::ALL.into_iter().filter(|kind| category.admits(*kind)).collect();
    json!({
        "type": "array",
        "minItems": 1,
        "maxItems": Draft::MAX_HOLDERS,
        "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["name", "code", "code_type"],
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": Holder::MAX_NAME},
                "code": {"type": "string", "minLength": 1, "maxLength": Holder::MAX_CODE},
                "code_type": {"enum": admitted},
            },
        },
    })
}

fn valid_to(licence_type: &LicenceType) -> Value {
    let date = json!({"type": "string", "format": "date", "pattern": DATE});
    if licence_type.validity_ranges().contains(&ValidityRange::LongTerm) {
        return json!({"anyOf": [date, {"const": Draft::LONG_TERM}]});
    }
    date
}

fn fields(licence_type: &LicenceType) -> Value {
    let required: Vec<_> =
        licence_type.fields().iter().filter(|field| field.is_required()).map(FieldDefinition::key).collect();
    let properties: Map<String, Value> =
        licence_type.fields().iter().map(|field| (field.key().to_owned(), value(field))).collect();
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

fn value(field: &FieldDefinition) -> Value {
    let mut schema = match field.kind() {
        FieldKind::Text => json!({"type": "string", "minLength": 1, "maxLength": field.max_length()}),
        FieldKind::Date => json!({"type": "string", "format": "date", "pattern": DATE}),
        FieldKind::Integer => json!({"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER}),
        FieldKind::Decimal => json!({"type": "string", "pattern": DECIMAL}),
        FieldKind::Choice => json!({"enum": field.choices()}),
    };
    if let Some(members) = schema.as_object_mut() {
        members.insert("title".to_owned(), field.label().into());
        members.insert("description".to_owned(), field.label_en().into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::super::licence_type::tests::trial_type;
    use super::*;

    #[test]
    fn the_schema_is_closed_and_names_every_member() {
        let schema = json_schema_of_issue_request(&trial_type());
        assert_eq!(schema["properties"]["type"], json!({"const": "11100000000013338W999"}));
        assert_eq!(schema["required"], json!(["type", "number", "holders", "fields"]));
        for closed in ["", "/properties/fields", "/properties/holders/items"] {
            assert_eq!(schema.pointer(closed).unwrap()["additionalProperties"], false, "{closed:?}");
        }
        let codes = schema.pointer("/properties/holders/items/properties/code_type/enum").unwrap();
        assert_eq!(codes.as_array().unwrap().len(), 14);
    }

    #[test]
    fn each_kind_of_field_has_its_schema() {
        let schema = json_schema_of_issue_request(&trial_type());
        let fields = &schema["properties"]["fields"];
        assert_eq!(fields["required"], json!(["address", "class"]));
        assert_eq!(
            fields["properties"]["address"],
            json!({"type": "string", "minLength": 1, "maxLength": 20, "title": "住址", "description": "Address"})
        );
        assert_eq!(fields["properties"]["class"]["enum"], json!(["A", "B"]));
        assert_eq!(fields["properties"]["seats"]["type"], "integer");
        assert_eq!(fields["properties"]["area"]["pattern"], DECIMAL);
        assert_eq!(fields["properties"]["born"]["format"], "date");
    }

    #[test]
    fn only_types_that_know_it_may_be_long_term() {
        let schema = json_schema_of_issue_request(&trial_type());
        assert_eq!(schema.pointer("/properties/valid_to/anyOf/1").unwrap(), &json!({"const": "long-term"}));
    }
}
