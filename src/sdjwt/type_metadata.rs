//! What `vct` leads to: the type metadata of the SD-JWT VC draft (§4), made of a licence type.

use serde::Serialize;

use super::claims::{FIELD, vct_of};
use crate::licence::LicenceType;

/// The members of type metadata that a licence type's description does not have by itself (`name` it has).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeMetadata {
    /// The type's address; equal to `vct` in a credential.
    vct: String,
    /// Its name in two languages.
    display: Vec<Named>,
    /// Every claim about a licence of the type.
    claims: Vec<Claim>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Named {
    locale: &'static str,
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Labelled {
    locale: &'static str,
    label: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Claim {
    path: Vec<String>,
    display: Vec<Labelled>,
    sd: &'static str,
}

/// What every licence says, whatever its type.
const COMMON: [(&str, &str, &str); 10] = [
    ("identifier", "证照标识", "Identifier"),
    ("number", "证照编号", "Number"),
    ("authority", "颁发机构", "Issuing authority"),
    ("authority_code", "颁发机构代码", "Code of the issuing authority"),
    ("issue_date", "颁发日期", "Date of issue"),
    ("valid_from", "有效期起始日期", "Valid from"),
    ("valid_to", "有效期截止日期", "Valid to"),
    ("holders", "持证主体", "Holders"),
    ("area_code", "所属管辖属地", "Area code"),
    ("replaces", "原证照标识", "Identifier of the licence replaced"),
];

impl TypeMetadata {
    /// Of a type of the installation with this public URL.
    pub fn of(public_url: &str, licence_type: &LicenceType) -> Self {
        let name = |locale, name: &str| Named { locale, name: name.to_owned() };
        let (zh, en) = licence_type.names();
        let common = COMMON.iter().map(|(claim, zh, en)| claim_of((*claim).to_owned(), zh, en));
        let fields = licence_type.fields().iter();
        let fields =
            fields.map(|field| claim_of(format!("{FIELD}{}", field.key()), field.label(), field.label_en()));
        Self {
            vct: vct_of(public_url, licence_type.code()),
            display: vec![name("zh-CN", zh), name("en", en)],
            claims: common.chain(fields).collect(),
        }
    }
}

fn claim_of(name: String, zh: &str, en: &str) -> Claim {
    let label = |locale, label: &str| Labelled { locale, label: label.to_owned() };
    Claim { path: vec![name], display: vec![label("zh-CN", zh), label("en", en)], sd: "always" }
}
