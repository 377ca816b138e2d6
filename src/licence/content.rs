//! What is signed: the contents of a licence, before any form or encoding.

use std::collections::BTreeMap;

use super::authority::{AreaCode, Authority};
use super::field::InQr;
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
    pub fields: BTreeMap<String, FieldValue>,
    /// The licence it replaces.
    pub replaces: Option<Identifier>,
    /// Where it was issued (所属管辖属地).
    pub area_code: Option<AreaCode>,
}

impl Licence {
    /// The fields that the QR form shows, masked where the type says so.
    pub fn qr_fields(&self, licence_type: &LicenceType) -> BTreeMap<String, FieldValue> {
        let shown = |(key, value): (&String, &FieldValue)| {
            let value = match (licence_type.field(key)?.in_qr(), value) {
                (InQr::Omitted, _) => return None,
                (InQr::Masked, FieldValue::Text(text)) => FieldValue::Text(mask(text)),
                (InQr::Masked | InQr::Shown, value) => value.clone(),
            };
            Some((key.clone(), value))
        };
        self.fields.iter().filter_map(shown).collect()
    }

    /// The holders as the QR form shows them: names stay, codes of natural persons are masked.
    pub fn qr_holders(&self) -> Vec<Holder> {
        self.holders.iter().map(Holder::for_qr).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::draft::tests::{read, request};
    use super::super::licence_type::tests::trial_type;
    use super::*;

    #[test]
    fn the_qr_form_holds_what_the_type_puts_there_and_masks_what_is_personal() {
        let mut request = request();
        request["fields"]["seats"] = 5.into();
        request["fields"]["born"] = "1949-12-31".into();
        let draft = read(&request).unwrap().check(&trial_type(), "2026-11-24".parse().unwrap()).unwrap();
        let identifier = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";
        let authority = Authority::new("11430000006122244L".parse().unwrap(), "住建厅").unwrap();
        let licence = draft.into_licence(identifier.parse().unwrap(), authority, None);
        let shown = serde_json::to_value(licence.qr_fields(&trial_type())).unwrap();
        assert_eq!(shown, serde_json::json!({"address": "幸***号", "class": "A", "seats": 5}));
        assert_eq!(licence.qr_holders()[0].code(), "1****************X");
        assert_eq!(licence.qr_holders()[0].name(), "甲");
    }
}
