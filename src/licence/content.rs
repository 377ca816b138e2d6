//! What is signed: the contents of a licence, before any form or encoding.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::authority::{AreaCode, Authority};
use super::field::{FieldDefinition, InQr};
use super::fields::Fields;
use super::holder::Holder;
use super::identifier::Identifier;
use super::licence_type::LicenceType;
use super::mask::mask;
use super::value::FieldValue;
use crate::time::Date;

/// A licence, with the metadata of GB/T 36903. Made by [`super::CheckedDraft::into_licence`], or read from an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// Type, issuer, serial and version (证照标识).
    pub identifier: Identifier,
    /// The type's Chinese name (证照类型名称).
    pub type_name: String,
    /// The number printed on the face (证照编号).
    pub number: String,
    /// Who issued it (颁发机构).
    pub authority: Authority,
    /// The day of issue (颁发日期).
    pub issued: Date,
    /// Its first day (有效期起始日期).
    pub valid_from: Date,
    /// Its last day (有效期截止日期); `None` where it is long-term.
    pub valid_to: Option<Date>,
    /// Who holds it (持证主体); at least one.
    pub holders: Vec<Holder>,
    /// The fields of its type, by key.
    pub fields: Fields,
    /// The licence it replaces.
    pub replaces: Option<Identifier>,
    /// Where it was issued (所属管辖属地).
    pub area_code: Option<AreaCode>,
}

impl Licence {
    /// The fields that the QR form shows, masked where the type says so.
    pub fn qr_fields(&self, licence_type: &LicenceType) -> Fields {
        let mut shown = Fields::new();
        for (key, value) in self.fields.iter() {
            // In order already, so each is taken.
            let _ = match (licence_type.field(key).map(FieldDefinition::in_qr), value) {
                (None | Some(InQr::Omitted), _) => true,
                (Some(InQr::Masked), FieldValue::Text(text)) => {
                    shown.push(key, FieldValue::Text(&mask(text)))
                }
                (Some(InQr::Masked | InQr::Shown), value) => shown.push(key, value),
            };
        }
        shown
    }

    /// The holders as the QR form shows them: names stay, codes of natural persons are masked.
    pub fn qr_holders(&self) -> Vec<Holder> {
        self.holders.iter().map(Holder::for_qr).collect()
    }
}

/// The licence as the API shows it, `version` and `type` taken from the identifier; what is absent is left out.
impl Serialize for Licence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut shown = serializer.serialize_struct("Licence", 13)?;
        shown.serialize_field("identifier", &self.identifier)?;
        shown.serialize_field("type", &self.identifier.type_code())?;
        shown.serialize_field("type_name", &self.type_name)?;
        shown.serialize_field("number", &self.number)?;
        shown.serialize_field("version", &self.identifier.version())?;
        shown.serialize_field("authority", &self.authority)?;
        shown.serialize_field("issued", &self.issued)?;
        shown.serialize_field("valid_from", &self.valid_from)?;
        serialize_present(&mut shown, "valid_to", self.valid_to.as_ref())?;
        shown.serialize_field("holders", &self.holders)?;
        shown.serialize_field("fields", &self.fields)?;
        serialize_present(&mut shown, "replaces", self.replaces.as_ref())?;
        serialize_present(&mut shown, "area_code", self.area_code.as_ref())?;
        shown.end()
    }
}

fn serialize_present<S: SerializeStruct>(
    shown: &mut S,
    key: &'static str,
    value: Option<&impl Serialize>,
) -> Result<(), S::Error> {
    match value {
        Some(value) => shown.serialize_field(key, value),
        None => shown.skip_field(key),
    }
}

#[cfg(test)]
mod tests {
    use super::super::draft::tests::{read, request};
    use super::super::licence_type::tests::trial_type;
    use super::*;

    fn licence() -> Licence {
        let mut request = request();
        request["fields"]["seats"] = 5.into();
        request["fields"]["born"] = "1949-12-31".into();
        let draft = read(&request).unwrap().check(&trial_type(), "2026-11-24".parse().unwrap()).unwrap();
        let identifier = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";
        let authority = Authority::new("11430000006122244L".parse().unwrap(), "住建厅").unwrap();
        draft.into_licence(identifier.parse().unwrap(), authority, None)
    }

    #[test]
    fn the_qr_form_holds_what_the_type_puts_there_and_masks_what_is_personal() {
        let licence = licence();
        let shown = serde_json::to_value(licence.qr_fields(&trial_type())).unwrap();
        assert_eq!(shown, serde_json::json!({"address": "幸***号", "class": "A", "seats": 5}));
        assert_eq!(licence.qr_holders()[0].code(), "1****************X");
        assert_eq!(licence.qr_holders()[0].name(), "甲");
    }

    #[test]
    fn json_is_what_the_api_shows() {
        let mut licence = licence();
        let shown = serde_json::to_value(&licence).unwrap();
        let expected = serde_json::json!({
            "identifier": licence.identifier.as_str(),
            "type": "11100000000013338W011",
            "type_name": "试验证",
            "number": "试字第 1 号",
            "version": "001",
            "authority": {"code": "11430000006122244L", "name": "住建厅"},
            "issued": "2026-11-24",
            "valid_from": "2026-11-24",
            "valid_to": "2027-11-23",
            "holders": [{"name": "甲", "code": "11010519491231002X", "code_type": "111"}],
            "fields": {"address": "幸福路一号", "born": "1949-12-31", "class": "A", "seats": 5},
        });
        assert_eq!(shown, expected);
        licence.valid_to = None;
        licence.area_code = Some("340100".parse().unwrap());
        let shown = serde_json::to_value(&licence).unwrap();
        assert_eq!((shown.get("valid_to"), &shown["area_code"]), (None, &serde_json::json!("340100")));
    }
}
