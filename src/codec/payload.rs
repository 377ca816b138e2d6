//! The licence payload: CWT claims in both forms (FORMAT.md §2).

use super::cbor::{CborError, Reader, Writer};
use crate::crypto::Digest;
use crate::licence::{
    AreaCode, Authority, CreditCode, FieldValue, Fields, Holder, HolderCodeType, HolderError, Identifier,
    IdentifierError, Licence, LicenceType, PurposeError, TextError, check_text, is_field_key,
};
use crate::time::{Date, UnixTime};

/// CWT claim labels (RFC 8392), the Token Status List's, and ours.
mod claim {
    pub(super) const ISSUER: i64 = 1;
    pub(super) const EXPIRES: i64 = 4;
    pub(super) const NOT_BEFORE: i64 = 5;
    pub(super) const ISSUED_AT: i64 = 6;
    pub(super) const STATUS: i64 = 65_535;
    pub(super) const LICENCE: i64 = -70_001;
}

const STATUS_LIST: &str = "status_list";
/// Fields of one licence: more than twice the largest type of the catalogue.
pub(super) const MOST_FIELDS: usize = 100;
const MOST_FIELD_CHARACTERS: usize = 2_000;
const MOST_NUMBER: usize = 64;
pub(super) const MOST_TYPE_NAME: usize = 200;
pub(super) const MOST_URI: usize = 512;

/// Everything an envelope of a licence says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceClaims {
    /// `iss`.
    pub issuer: CreditCode,
    /// `exp`; absent where the licence is long-term.
    pub expires: Option<UnixTime>,
    /// `nbf`.
    pub not_before: UnixTime,
    /// `iat`.
    pub issued_at: UnixTime,
    /// Where its status stands.
    pub status: StatusReference,
    /// The licence. In the qr form it has fewer fields, and some are masked.
    pub licence: Licence,
    /// Which form this is.
    pub form: LicenceForm,
}

/// A place in a Token Status List.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatusReference {
    /// The list.
    pub uri: String,
    /// The index inside it.
    pub index: u32,
}

/// The two forms of one licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenceForm {
    /// Every field.
    Full,
    /// What fits into a QR.
    Qr {
        /// Digest of the full form's envelope.
        full: Digest,
    },
}

/// A payload that is not a licence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Not deterministic CBOR of the right shape.
    #[error("the payload is not well-formed: {0}")]
    Cbor(#[from] CborError),
    /// A claim that the format does not have: the schema is closed.
    #[error("claim {label} of the {map} is not known")]
    UnknownClaim {
        /// Which map.
        map: &'static str,
        /// Its label.
        label: i64,
    },
    /// A claim that must be there is not.
    #[error("claim {label} of the {map} is missing")]
    MissingClaim {
        /// Which map.
        map: &'static str,
        /// Its label.
        label: i64,
    },
    /// A time outside the calendar: milliseconds instead of seconds end here.
    #[error("{what} {got} is not a time in seconds that a calendar can show")]
    Time {
        /// Which claim.
        what: &'static str,
        /// What came.
        got: i64,
    },
    /// A text that is not what its place asks for.
    #[error("{what} is not valid")]
    Value {
        /// Which value.
        what: &'static str,
    },
    /// The identifier.
    #[error("the identifier is not valid: {0}")]
    Identifier(#[from] IdentifierError),
    /// A holder.
    #[error("a holder is not valid: {0}")]
    Holder(#[from] HolderError),
    /// A text that may not stand on a licence.
    #[error("{what} may not stand on a licence: {source}")]
    Text {
        /// Which text.
        what: &'static str,
        /// Why.
        source: TextError,
    },
    /// The purpose in a receipt.
    #[error(transparent)]
    Purpose(#[from] PurposeError),
    /// Form and digest do not go together: `qr` has one, `full` has none.
    #[error("the qr form must carry the full form's digest, and only the qr form")]
    FormAndDigest,
}

impl LicenceClaims {
    /// The claims of the full form. Times follow from the licence's dates.
    pub fn full(licence: Licence, issued_at: UnixTime, status: StatusReference) -> Self {
        Self {
            issuer: licence.authority.code(),
            expires: licence.valid_to.map(Date::end),
            not_before: licence.valid_from.start(),
            issued_at,
            status,
            licence,
            form: LicenceForm::Full,
        }
    }

    /// The same claims with what the QR carries, bound to the full form's envelope.
    #[must_use]
    pub fn to_qr(&self, licence_type: &LicenceType, full: Digest) -> Self {
        let licence = Licence {
            fields: self.licence.qr_fields(licence_type),
            holders: self.licence.qr_holders(),
            ..self.licence.clone()
        };
        Self { licence, form: LicenceForm::Qr { full }, status: self.status.clone(), ..*self }
    }

    /// The payload's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(if self.expires.is_some() { 6 } else { 5 });
        out.int(claim::ISSUER).text(self.issuer.as_str());
        if let Some(expires) = self.expires {
            out.int(claim::EXPIRES).int(expires.seconds());
        }
        out.int(claim::NOT_BEFORE).int(self.not_before.seconds());
        out.int(claim::ISSUED_AT).int(self.issued_at.seconds());
        out.int(claim::STATUS).map(1).text(STATUS_LIST).map(2);
        out.text("idx").uint(u64::from(self.status.index)).text("uri").text(&self.status.uri);
        out.int(claim::LICENCE);
        encode_licence(&self.licence, self.form, &mut out);
        out.finish()
    }

    /// Reads a payload. Everything is checked by itself here; whether it agrees with itself and with its signer, `verify`
    /// asks.
    pub fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(payload);
        let mut keys = reader.map()?;
        let (mut issuer, mut expires, mut not_before, mut issued_at) = (None, None, None, None);
        let (mut status, mut licence) = (None, None);
        while let Some(label) = keys.next_int(&mut reader)? {
            match label {
                claim::ISSUER => issuer = Some(read_parsed::<CreditCode>(&mut reader, "iss")?),
                claim::EXPIRES => expires = Some(read_time(&mut reader, "exp")?),
                claim::NOT_BEFORE => not_before = Some(read_time(&mut reader, "nbf")?),
                claim::ISSUED_AT => issued_at = Some(read_time(&mut reader, "iat")?),
                claim::STATUS => status = Some(read_status(&mut reader)?),
                claim::LICENCE => licence = Some(read_licence(&mut reader)?),
                label => return Err(PayloadError::UnknownClaim { map: CLAIMS, label }),
            }
        }
        reader.finish()?;
        let missing = |label| PayloadError::MissingClaim { map: CLAIMS, label };
        let issuer = issuer.ok_or_else(|| missing(claim::ISSUER))?;
        let (licence, form) = licence.ok_or_else(|| missing(claim::LICENCE))?.finish(issuer)?;
        Ok(Self {
            issuer,
            expires,
            not_before: not_before.ok_or_else(|| missing(claim::NOT_BEFORE))?,
            issued_at: issued_at.ok_or_else(|| missing(claim::ISSUED_AT))?,
            status: status.ok_or_else(|| missing(claim::STATUS))?,
            licence,
            form,
        })
    }
}

const CLAIMS: &str = "claims";
const LICENCE: &str = "licence";

fn encode_licence(licence: &Licence, form: LicenceForm, out: &mut Writer) {
    let optional = [
        licence.valid_to.is_some(),
        licence.replaces.is_some(),
        licence.area_code.is_some(),
        matches!(form, LicenceForm::Qr { .. }),
    ];
    out.map(9 + optional.iter().filter(|there| **there).count());
    out.int(1).text(licence.identifier.as_str()).int(2).text(&licence.type_name).int(3).text(&licence.number);
    out.int(4).text(licence.authority.name()).int(5).text(&licence.issued.to_string());
    out.int(6).text(&licence.valid_from.to_string());
    if let Some(valid_to) = licence.valid_to {
        out.int(7).text(&valid_to.to_string());
    }
    out.int(8).array(licence.holders.len());
    for holder in &licence.holders {
        out.array(3).text(holder.name()).text(holder.code()).text(holder.code_type().code());
    }
    out.int(9);
    encode_fields(&licence.fields, out);
    if let Some(replaces) = &licence.replaces {
        out.int(10).text(replaces.as_str());
    }
    if let Some(area) = &licence.area_code {
        out.int(11).text(area.as_str());
    }
    match form {
        LicenceForm::Full => out.int(12).text("full"),
        LicenceForm::Qr { full } => out.int(12).text("qr").int(13).bytes(full.as_bytes()),
    };
}

pub(super) fn encode_fields(fields: &Fields, out: &mut Writer) {
    out.map(fields.len());
    for (key, value) in fields.iter() {
        out.text(key);
        match value {
            FieldValue::Text(text) => out.text(text),
            FieldValue::Integer(number) => out.int(number),
        };
    }
}

/// A licence as it is read, key by key.
#[derive(Default)]
struct Parts<'a> {
    identifier: Option<Identifier>,
    type_name: Option<&'a str>,
    number: Option<&'a str>,
    authority_name: Option<&'a str>,
    issued: Option<Date>,
    valid_from: Option<Date>,
    valid_to: Option<Date>,
    holders: Option<Vec<RawHolder<'a>>>,
    fields: Option<Fields>,
    replaces: Option<Identifier>,
    area_code: Option<AreaCode>,
    form: Option<&'a str>,
    full: Option<Digest>,
}

struct RawHolder<'a> {
    name: &'a str,
    code: &'a str,
    code_type: HolderCodeType,
}

fn read_licence<'a>(reader: &mut Reader<'a>) -> Result<Parts<'a>, PayloadError> {
    let mut keys = reader.map()?;
    let mut parts = Parts::default();
    while let Some(label) = keys.next_int(reader)? {
        match label {
            1 => parts.identifier = Some(reader.text()?.parse()?),
            2 => parts.type_name = Some(read_text(reader, "type name", MOST_TYPE_NAME)?),
            3 => parts.number = Some(read_text(reader, "number", MOST_NUMBER)?),
            4 => parts.authority_name = Some(reader.text()?),
            5 => parts.issued = Some(read_parsed(reader, "issue date")?),
            6 => parts.valid_from = Some(read_parsed(reader, "valid from")?),
            7 => parts.valid_to = Some(read_parsed(reader, "valid to")?),
            8 => parts.holders = Some(read_holders(reader)?),
            9 => parts.fields = Some(read_fields(reader)?),
            10 => parts.replaces = Some(reader.text()?.parse()?),
            11 => parts.area_code = Some(read_parsed(reader, "area code")?),
            12 => parts.form = Some(reader.text()?),
            13 => parts.full = Some(read_digest(reader, "digest of the full form")?),
            label => return Err(PayloadError::UnknownClaim { map: LICENCE, label }),
        }
    }
    Ok(parts)
}

impl Parts<'_> {
    fn finish(self, issuer: CreditCode) -> Result<(Licence, LicenceForm), PayloadError> {
        let missing = |label| PayloadError::MissingClaim { map: LICENCE, label };
        let form = match (self.form.ok_or_else(|| missing(12))?, self.full) {
            ("full", None) => LicenceForm::Full,
            ("qr", Some(full)) => LicenceForm::Qr { full },
            _ => return Err(PayloadError::FormAndDigest),
        };
        let make = match form {
            LicenceForm::Full => Holder::new,
            LicenceForm::Qr { .. } => Holder::from_qr,
        };
        let holders = self.holders.ok_or_else(|| missing(8))?;
        let holders = holders.iter().map(|raw| make(raw.name, raw.code, raw.code_type));
        let authority = Authority::new(issuer, self.authority_name.ok_or_else(|| missing(4))?)
            .map_err(|source| PayloadError::Text { what: "authority name", source })?;
        let licence = Licence {
            identifier: self.identifier.ok_or_else(|| missing(1))?,
            type_name: self.type_name.ok_or_else(|| missing(2))?.to_owned(),
            number: self.number.ok_or_else(|| missing(3))?.to_owned(),
            authority,
            issued: self.issued.ok_or_else(|| missing(5))?,
            valid_from: self.valid_from.ok_or_else(|| missing(6))?,
            valid_to: self.valid_to,
            holders: holders.collect::<Result<_, _>>()?,
            fields: self.fields.ok_or_else(|| missing(9))?,
            replaces: self.replaces,
            area_code: self.area_code,
        };
        Ok((licence, form))
    }
}

fn read_holders<'a>(reader: &mut Reader<'a>) -> Result<Vec<RawHolder<'a>>, PayloadError> {
    let count = reader.array()?;
    if !(1..=50).contains(&count) {
        return Err(PayloadError::Value { what: "number of holders" });
    }
    let mut holders = Vec::with_capacity(count);
    for _ in 0..count {
        reader.array_of(3)?;
        let (name, code) = (reader.text()?, reader.text()?);
        holders.push(RawHolder { name, code, code_type: read_parsed(reader, "holder code type")? });
    }
    Ok(holders)
}

pub(super) fn read_fields(reader: &mut Reader<'_>) -> Result<Fields, PayloadError> {
    let mut keys = reader.map()?;
    if keys.left() > MOST_FIELDS {
        return Err(PayloadError::Value { what: "number of fields" });
    }
    let mut fields = Fields::with_capacity(keys.left(), reader.left());
    while let Some(key) = keys.next_text(reader)? {
        if !is_field_key(key) {
            return Err(PayloadError::Value { what: "field key" });
        }
        let value = match reader.peek()? {
            super::cbor::Kind::Text => FieldValue::Text(read_text(reader, "field", MOST_FIELD_CHARACTERS)?),
            _ => FieldValue::Integer(reader.int()?),
        };
        // The reader has seen that the keys ascend, so each is taken.
        let _ = fields.push(key, value);
    }
    Ok(fields)
}

fn read_status(reader: &mut Reader<'_>) -> Result<StatusReference, PayloadError> {
    let wrong = PayloadError::Value { what: "status" };
    let mut keys = reader.map()?;
    if keys.left() != 1 || keys.next_text(reader)? != Some(STATUS_LIST) {
        return Err(wrong);
    }
    let mut keys = reader.map()?;
    if keys.left() != 2 || keys.next_text(reader)? != Some("idx") {
        return Err(wrong);
    }
    let index = u32::try_from(reader.uint()?).map_err(|_| PayloadError::Value { what: "status index" })?;
    if keys.next_text(reader)? != Some("uri") {
        return Err(wrong);
    }
    let uri = reader.text()?;
    if uri.is_empty() || uri.len() > MOST_URI || !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(PayloadError::Value { what: "status list uri" });
    }
    Ok(StatusReference { uri: uri.to_owned(), index })
}

pub(super) fn read_time(reader: &mut Reader<'_>, what: &'static str) -> Result<UnixTime, PayloadError> {
    let got = reader.int()?;
    UnixTime::from_seconds(got).ok_or(PayloadError::Time { what, got })
}

pub(super) fn read_digest(reader: &mut Reader<'_>, what: &'static str) -> Result<Digest, PayloadError> {
    Digest::from_slice(reader.bytes()?).ok_or(PayloadError::Value { what })
}

pub(super) fn read_text<'a>(
    reader: &mut Reader<'a>,
    what: &'static str,
    most: usize,
) -> Result<&'a str, PayloadError> {
    let text = reader.text()?;
    check_text(text, most).map_err(|source| PayloadError::Text { what, source })?;
    Ok(text)
}

pub(super) fn read_parsed<T: std::str::FromStr>(
    reader: &mut Reader<'_>,
    what: &'static str,
) -> Result<T, PayloadError> {
    reader.text()?.parse().map_err(|_| PayloadError::Value { what })
}

#[cfg(test)]
mod tests;
