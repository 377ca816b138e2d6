//! The claims of a licence as an SD-JWT VC: which stand in the open, which are disclosed (FORMAT §14), and what each may hold.

use serde_json::{Map, Value};

use super::holder_key::{HolderKey, HolderKeyError};
use super::json::shortened;
use crate::codec::StatusReference;
use crate::licence::{
    AreaCode, CreditCode, FieldValue, Holder, HolderCodeType, Identifier, Licence, TypeCode, check_text,
    is_field_key,
};
use crate::time::{Date, UnixTime};

/// Where a type's description stands below the public URL: what `vct` names.
const TYPES: &str = "/v1/licence-types/";
/// What a field's key has before it.
pub(super) const FIELD: &str = "field_";
/// Characters of a disclosed text; more than any rule of a type allows.
const MAX_TEXT: usize = 4_000;
/// Holders of a licence.
const MAX_HOLDERS: usize = 50;

/// What an SD-JWT VC says: all that stands in the open, and what was disclosed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdJwtClaims {
    /// `iss`: public URL of the installation.
    pub issuer_url: String,
    /// `vct`.
    pub vct: String,
    /// The licence type at the end of `vct`.
    pub type_code: TypeCode,
    /// `iat`.
    pub issued_at: UnixTime,
    /// `nbf`.
    pub not_before: UnixTime,
    /// `exp`.
    pub expires: Option<UnixTime>,
    /// `status`: the licence's place in its list.
    pub status: StatusReference,
    /// `cnf`.
    pub holder_key: Option<HolderKey>,
    /// What was disclosed of the licence, by claim name, each of its kind. Other claims are left aside.
    pub disclosed: Map<String, Value>,
}

/// Claims that are not those of a licence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// Missing, or of another kind.
    #[error("expected claim {claim:?} to be {expected}")]
    Claim {
        /// Its name, shortened.
        claim: String,
        /// What it should be.
        expected: &'static str,
    },
    /// `cnf` holds no key.
    #[error("cnf: {0}")]
    HolderKey(#[from] HolderKeyError),
    /// Two claims say different things.
    #[error("expected claims that agree: {what}")]
    Disagree {
        /// Which.
        what: &'static str,
    },
}

/// The `vct` of a licence type.
pub fn vct_of(public_url: &str, code: TypeCode) -> String {
    format!("{public_url}{TYPES}{code}")
}

/// What is selectively disclosable of a licence, by claim name.
pub(super) fn disclosable(licence: &Licence) -> Vec<(String, Value)> {
    let mut claims: Vec<(String, Value)> = Vec::new();
    let mut put = |name: &str, value: Value| claims.push((name.to_owned(), value));
    put("identifier", licence.identifier.as_str().into());
    put("number", licence.number.as_str().into());
    put("authority", licence.authority.name().into());
    put("authority_code", licence.authority.code().as_str().into());
    put("issue_date", licence.issued.to_string().into());
    put("valid_from", licence.valid_from.to_string().into());
    if let Some(last) = licence.valid_to {
        put("valid_to", last.to_string().into());
    }
    put("holders", Value::Array(licence.holders.iter().map(holder).collect()));
    if let Some(area) = &licence.area_code {
        put("area_code", area.as_str().into());
    }
    if let Some(old) = &licence.replaces {
        put("replaces", old.as_str().into());
    }
    for (key, value) in licence.fields.iter() {
        let value = match value {
            FieldValue::Text(text) => text.into(),
            FieldValue::Integer(number) => number.into(),
        };
        put(&format!("{FIELD}{key}"), value);
    }
    claims
}

fn holder(holder: &Holder) -> Value {
    let code_type = holder.code_type().to_string();
    serde_json::json!({"name": holder.name(), "code": holder.code(), "code_type": code_type})
}

impl SdJwtClaims {
    /// Reads claims from which everything about disclosures is gone already.
    pub fn read(claims: &Map<String, Value>) -> Result<Self, ClaimsError> {
        let vct = text(claims, "vct")?;
        let type_code = vct.rsplit_once('/').and_then(|(_, code)| code.parse().ok());
        let type_code = type_code.ok_or_else(|| wrong("vct", "a URL that ends in a licence type's code"))?;
        let expires = if claims.contains_key("exp") { Some(time(claims, "exp")?) } else { None };
        let jwk =
            claims.get("cnf").map(|cnf| cnf.get("jwk").ok_or_else(|| wrong("cnf", "an object with jwk")));
        let read = Self {
            issuer_url: text(claims, "iss")?.to_owned(),
            vct: vct.to_owned(),
            type_code,
            issued_at: time(claims, "iat")?,
            not_before: time(claims, "nbf")?,
            expires,
            status: status(claims)?,
            holder_key: jwk.transpose()?.map(HolderKey::from_jwk).transpose()?,
            disclosed: disclosed(claims)?,
        };
        read.check_agreement()?;
        Ok(read)
    }

    /// The licence's identifier, if it was disclosed.
    pub fn identifier(&self) -> Option<Identifier> {
        self.disclosed_as("identifier")
    }

    /// The issuing authority's code, if it was disclosed, by itself or in the identifier.
    pub fn authority_code(&self) -> Option<CreditCode> {
        self.disclosed_as("authority_code")
            .or_else(|| self.identifier().map(|identifier| identifier.issuer()))
    }

    fn disclosed_as<T: std::str::FromStr>(&self, claim: &str) -> Option<T> {
        self.disclosed.get(claim)?.as_str()?.parse().ok()
    }

    fn check_agreement(&self) -> Result<(), ClaimsError> {
        let first: Option<Date> = self.disclosed_as("valid_from");
        let last: Option<Date> = self.disclosed_as("valid_to");
        let identifier = self.identifier();
        let authority: Option<CreditCode> = self.disclosed_as("authority_code");
        let issuer = identifier.as_ref().map(Identifier::issuer);
        let wrong = [
            (
                first.is_some_and(|day| day.start() != self.not_before),
                "nbf is not the first second of valid_from",
            ),
            (
                last.is_some_and(|day| Some(day.end()) != self.expires),
                "exp is not the first second after valid_to",
            ),
            (self.expires.is_some_and(|end| end <= self.not_before), "exp is not after nbf"),
            (
                identifier.is_some_and(|identifier| identifier.type_code() != self.type_code),
                "vct is not the type in the identifier",
            ),
            (
                authority.zip(issuer).is_some_and(|(code, issuer)| code != issuer),
                "authority_code is not the issuer in the identifier",
            ),
        ];
        let found = wrong.into_iter().find_map(|(wrong, what)| wrong.then_some(what));
        found.map_or(Ok(()), |what| Err(ClaimsError::Disagree { what }))
    }
}

fn disclosed(claims: &Map<String, Value>) -> Result<Map<String, Value>, ClaimsError> {
    let mut disclosed = Map::new();
    for (claim, value) in claims {
        let fault = match (claim.as_str(), claim.strip_prefix(FIELD)) {
            ("identifier" | "replaces", _) => parses::<Identifier>(value, "a licence's identifier"),
            ("authority_code", _) => parses::<CreditCode>(value, "a credit code"),
            ("area_code", _) => parses::<AreaCode>(value, "an area code"),
            ("issue_date" | "valid_from" | "valid_to", _) => parses::<Date>(value, "a date"),
            ("number" | "authority", _) => (!is_text(value)).then_some("a text that is shown as it is"),
            ("holders", _) => {
                (!are_holders(value)).then_some("1 to 50 holders with name, code and code_type")
            }
            (_, Some(key)) if is_field_key(key) => {
                let good = value.is_i64() || is_text(value);
                (!good).then_some("a text that is shown as it is, or a whole number")
            }
            _ => continue,
        };
        if let Some(expected) = fault {
            return Err(wrong(claim, expected));
        }
        disclosed.insert(claim.clone(), value.clone());
    }
    Ok(disclosed)
}

fn parses<T: std::str::FromStr>(value: &Value, expected: &'static str) -> Option<&'static str> {
    let good = value.as_str().is_some_and(|text| text.parse::<T>().is_ok());
    (!good).then_some(expected)
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| check_text(text, MAX_TEXT).is_ok())
}

fn are_holders(value: &Value) -> bool {
    let Some(holders) = value.as_array() else { return false };
    (1..=MAX_HOLDERS).contains(&holders.len())
        && holders.iter().all(|one| {
            let member = |key: &str| one.get(key).and_then(Value::as_str);
            let (Some(name), Some(code), Some(code_type)) =
                (member("name"), member("code"), member("code_type"))
            else {
                return false;
            };
            let read = code_type.parse::<HolderCodeType>().ok().map(|kind| Holder::new(name, code, kind));
            one.as_object().is_some_and(|members| members.len() == 3) && matches!(read, Some(Ok(_)))
        })
}

fn status(claims: &Map<String, Value>) -> Result<StatusReference, ClaimsError> {
    let expected = "an object status_list with idx and uri";
    let list = claims.get("status").and_then(|status| status.get("status_list"));
    let index = list.and_then(|list| list.get("idx")).and_then(Value::as_u64);
    let index = index.and_then(|index| u32::try_from(index).ok());
    let uri = list.and_then(|list| list.get("uri")).and_then(Value::as_str);
    let (Some(index), Some(uri)) = (index, uri) else { return Err(wrong("status", expected)) };
    Ok(StatusReference { uri: uri.to_owned(), index })
}

fn text<'a>(claims: &'a Map<String, Value>, claim: &'static str) -> Result<&'a str, ClaimsError> {
    claims.get(claim).and_then(Value::as_str).ok_or_else(|| wrong(claim, "a string"))
}

/// Whole seconds: no text, no fraction (ADVERSARY #21).
fn time(claims: &Map<String, Value>, claim: &'static str) -> Result<UnixTime, ClaimsError> {
    let seconds = claims.get(claim).and_then(Value::as_i64);
    seconds.and_then(UnixTime::from_seconds).ok_or_else(|| wrong(claim, "whole seconds since 1970"))
}

fn wrong(claim: &str, expected: &'static str) -> ClaimsError {
    ClaimsError::Claim { claim: shortened(claim), expected }
}
