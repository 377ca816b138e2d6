//! The presentation's payload: what a holder shows of a licence for a minute (FORMAT.md §13).

use super::cbor::{Reader, Writer};
use super::payload::{PayloadError, encode_fields, read_fields, read_parsed, read_text, read_time};
use crate::crypto::Digest;
use crate::licence::{CreditCode, Fields, TypeCode};
use crate::time::UnixTime;

mod claim {
    pub(super) const ISSUER: i64 = 1;
    pub(super) const EXPIRES: i64 = 4;
    pub(super) const ISSUED_AT: i64 = 6;
    pub(super) const PRESENTATION: i64 = -70_005;
}

const CLAIMS: &str = "claims";
const PRESENTATION: &str = "presentation";

/// Everything that a presentation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentationClaims {
    /// `iss`: who issued the licence.
    pub issuer: CreditCode,
    /// `exp`: good until the second before.
    pub expires: UnixTime,
    /// `iat`: good from then on.
    pub issued_at: UnixTime,
    /// The licence's type.
    pub type_code: TypeCode,
    /// Digest of its full form's envelope, its first half.
    pub licence: HalfDigest,
    /// Number of the issuer's status list that its status stands in.
    pub status_list: u32,
    /// Where in that list.
    pub status_index: u32,
    /// The organisation it is shown to.
    pub audience: String,
    /// SHA-256 of the reason's UTF-8, its first half.
    pub reason: HalfDigest,
    /// What the holder chose: field keys of the type and [`PresentationClaims::BESIDE_FIELDS`].
    pub fields: Fields,
}

/// The first 16 bytes of a SHA-256: nobody finds another thing with the same, and the QR stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HalfDigest([u8; 16]);

impl HalfDigest {
    /// The first half of this digest.
    pub fn of(digest: &Digest) -> Self {
        let bytes = digest.as_bytes();
        Self(bytes.first_chunk().copied().unwrap_or_default())
    }

    /// Takes the 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl PresentationClaims {
    /// The longest that a presentation is good, in seconds.
    pub const MOST_SECONDS: u32 = 600;
    /// How long it is good where nobody says otherwise.
    pub const SECONDS: u32 = 60;
    /// The most characters of the organisation's name.
    pub const MOST_AUDIENCE: usize = 100;
    /// What may be chosen besides the type's fields. `holder_…` is the first holder's.
    pub const BESIDE_FIELDS: [&'static str; 5] =
        ["holder_name", "holder_code", "number", "valid_from", "valid_to"];

    /// The payload's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(4).int(claim::ISSUER).text(self.issuer.as_str());
        out.int(claim::EXPIRES).int(self.expires.seconds());
        out.int(claim::ISSUED_AT).int(self.issued_at.seconds());
        out.int(claim::PRESENTATION).map(6).int(1).text(self.type_code.as_str());
        out.int(2).bytes(self.licence.as_bytes());
        out.int(3).array(2).uint(u64::from(self.status_list)).uint(u64::from(self.status_index));
        out.int(4).text(&self.audience).int(5).bytes(self.reason.as_bytes()).int(6);
        encode_fields(&self.fields, &mut out);
        out.finish()
    }

    /// Reads a payload, and holds it to its 1 to 600 seconds.
    pub fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(payload);
        let mut keys = reader.map()?;
        let (mut issuer, mut expires, mut issued_at, mut shown) = (None, None, None, None);
        while let Some(label) = keys.next_int(&mut reader)? {
            match label {
                claim::ISSUER => issuer = Some(read_parsed::<CreditCode>(&mut reader, "iss")?),
                claim::EXPIRES => expires = Some(read_time(&mut reader, "exp")?),
                claim::ISSUED_AT => issued_at = Some(read_time(&mut reader, "iat")?),
                claim::PRESENTATION => shown = Some(Shown::read(&mut reader)?),
                label => return Err(PayloadError::UnknownClaim { map: CLAIMS, label }),
            }
        }
        reader.finish()?;
        let missing = |label| PayloadError::MissingClaim { map: CLAIMS, label };
        let issuer = issuer.ok_or_else(|| missing(claim::ISSUER))?;
        let expires = expires.ok_or_else(|| missing(claim::EXPIRES))?;
        let issued_at = issued_at.ok_or_else(|| missing(claim::ISSUED_AT))?;
        let good = expires.seconds().saturating_sub(issued_at.seconds());
        if !(1..=i64::from(Self::MOST_SECONDS)).contains(&good) {
            return Err(PayloadError::Value { what: "number of seconds a presentation is good" });
        }
        shown.ok_or_else(|| missing(claim::PRESENTATION))?.finish(issuer, expires, issued_at)
    }
}

/// The private claim as it is read, key by key.
#[derive(Default)]
struct Shown<'a> {
    type_code: Option<TypeCode>,
    licence: Option<HalfDigest>,
    status: Option<(u32, u32)>,
    audience: Option<&'a str>,
    reason: Option<HalfDigest>,
    fields: Option<Fields>,
}

impl<'a> Shown<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, PayloadError> {
        let mut keys = reader.map()?;
        let mut shown = Self::default();
        while let Some(label) = keys.next_int(reader)? {
            match label {
                1 => shown.type_code = Some(read_parsed(reader, "type code")?),
                2 => shown.licence = Some(read_half(reader, "digest of the licence")?),
                3 => shown.status = Some(read_status(reader)?),
                4 => {
                    let most = PresentationClaims::MOST_AUDIENCE;
                    shown.audience = Some(read_text(reader, "organisation it is shown to", most)?);
                }
                5 => shown.reason = Some(read_half(reader, "digest of the reason")?),
                6 => shown.fields = Some(read_fields(reader)?),
                label => return Err(PayloadError::UnknownClaim { map: PRESENTATION, label }),
            }
        }
        Ok(shown)
    }

    fn finish(
        self,
        issuer: CreditCode,
        expires: UnixTime,
        issued_at: UnixTime,
    ) -> Result<PresentationClaims, PayloadError> {
        let missing = |label| PayloadError::MissingClaim { map: PRESENTATION, label };
        let (status_list, status_index) = self.status.ok_or_else(|| missing(3))?;
        Ok(PresentationClaims {
            issuer,
            expires,
            issued_at,
            type_code: self.type_code.ok_or_else(|| missing(1))?,
            licence: self.licence.ok_or_else(|| missing(2))?,
            status_list,
            status_index,
            audience: self.audience.ok_or_else(|| missing(4))?.to_owned(),
            reason: self.reason.ok_or_else(|| missing(5))?,
            fields: self.fields.ok_or_else(|| missing(6))?,
        })
    }
}

fn read_half(reader: &mut Reader<'_>, what: &'static str) -> Result<HalfDigest, PayloadError> {
    reader.bytes()?.try_into().map(HalfDigest).map_err(|_| PayloadError::Value { what })
}

fn read_status(reader: &mut Reader<'_>) -> Result<(u32, u32), PayloadError> {
    reader.array_of(2)?;
    let mut number = |what| u32::try_from(reader.uint()?).map_err(|_| PayloadError::Value { what });
    Ok((number("status list's number")?, number("status index")?))
}

#[cfg(test)]
mod tests;
