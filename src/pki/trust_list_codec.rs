//! The trust list as CBOR, and the rules it obeys whether it is written or read (FORMAT §5).

use std::sync::Arc;

use unicode_normalization::is_nfc;

use super::certificate::Certificate;
use super::trust_list::{
    Authority, CertificateEntry, LedgerKey, Revocation, RevocationReason, TrustList, TrustListError,
};
use crate::codec::KeyId;
use crate::codec::cbor::{MapKeys, Reader, Writer};
use crate::time::UnixTime;

const ISSUED_AT: i64 = 6;
const TRUST_LIST: i64 = -70_002;

const CERTIFICATES: Count =
    Count { what: "certificates", least: TrustList::MIN_CERTIFICATES, most: TrustList::MAX_CERTIFICATES };
const AUTHORITIES: Count = Count { what: "authorities", least: 0, most: TrustList::MAX_AUTHORITIES };
const LEDGER_KEYS: Count = Count { what: "ledger keys", least: 1, most: TrustList::MAX_LEDGER_KEYS };

impl TrustList {
    /// The payload of its envelope. What [`TrustList::decode`] would refuse is not written.
    pub fn encode(&self) -> Result<Vec<u8>, TrustListError> {
        self.check()?;
        let mut writer = Writer::new();
        writer.map(2).int(ISSUED_AT).int(self.issued_at.seconds()).int(TRUST_LIST).map(6);
        writer.uint(1).uint(self.version).uint(2).text(&self.region);
        writer.uint(3).array(self.certificates.len());
        for entry in &self.certificates {
            encode_entry(entry, &mut writer);
        }
        writer.uint(4).array(self.authorities.len());
        for authority in &self.authorities {
            writer.map(4).uint(1).text(authority.credit_code.as_str()).uint(2).text(&authority.name);
            writer.uint(3).text(&authority.status_uri).uint(4).bytes(authority.status_signer.as_bytes());
        }
        writer.uint(5).array(self.ledger_keys.len());
        for key in &self.ledger_keys {
            writer.map(2).uint(1).text(&key.origin).uint(2).text(&key.verifier_key);
        }
        writer.uint(6).text(&self.public_url);
        Ok(writer.finish())
    }

    /// Reads the payload of an envelope: every key known and present, every limit kept, every certificate inspected.
    pub fn decode(payload: &[u8]) -> Result<Self, TrustListError> {
        let mut reader = Reader::new(payload);
        let mut claims = Fields::open("claims", &mut reader)?;
        claims.expect(ISSUED_AT, &mut reader)?;
        let issued_at = read_time(&mut reader)?;
        claims.expect(TRUST_LIST, &mut reader)?;
        let list = Self::decode_list(issued_at, &mut reader)?;
        claims.close(&mut reader)?;
        reader.finish()?;
        list.check()?;
        Ok(list)
    }

    fn decode_list(issued_at: UnixTime, reader: &mut Reader<'_>) -> Result<Self, TrustListError> {
        let mut fields = Fields::open("body", reader)?;
        fields.expect(1, reader)?;
        let version = reader.uint()?;
        fields.expect(2, reader)?;
        let region = reader.text()?.to_owned();
        fields.expect(3, reader)?;
        let certificates = read_array(reader, CERTIFICATES, decode_entry)?;
        fields.expect(4, reader)?;
        let authorities = read_array(reader, AUTHORITIES, decode_authority)?;
        fields.expect(5, reader)?;
        let ledger_keys = read_array(reader, LEDGER_KEYS, decode_ledger_key)?;
        fields.expect(6, reader)?;
        let public_url = reader.text()?.to_owned();
        fields.close(reader)?;
        Ok(Self { issued_at, version, region, certificates, authorities, ledger_keys, public_url })
    }

    /// The rules that hold for a list to be written as for one that was read.
    fn check(&self) -> Result<(), TrustListError> {
        if self.version == 0 {
            return Err(TrustListError::Version);
        }
        check_text("a region", &self.region, Self::MAX_NAME)?;
        check_url("the public URL", &self.public_url, UrlForm::NoSlash)?;
        CERTIFICATES.check(self.certificates.len())?;
        AUTHORITIES.check(self.authorities.len())?;
        LEDGER_KEYS.check(self.ledger_keys.len())?;
        for authority in &self.authorities {
            check_text("an authority's name", &authority.name, Self::MAX_NAME)?;
            check_url("a status URI", &authority.status_uri, UrlForm::Prefix)?;
        }
        for (position, pair) in (2..).zip(self.authorities.windows(2)) {
            if pair.is_sorted_by(|one, next| one.credit_code < next.credit_code) {
                continue;
            }
            return Err(TrustListError::Order { position });
        }
        self.ledger_keys.iter().try_for_each(|key| {
            check_text("a ledger's origin", &key.origin, Self::MAX_NAME)?;
            check_text("a verifier key", &key.verifier_key, Self::MAX_URL)?;
            let rest = key.verifier_key.strip_prefix(&key.origin);
            let good = rest.is_some_and(|rest| rest.starts_with('+'));
            good.then_some(()).ok_or_else(|| TrustListError::LedgerKey { origin: excerpt(&key.origin) })
        })
    }
}

fn encode_entry(entry: &CertificateEntry, writer: &mut Writer) {
    let optional = usize::from(entry.retired.is_some()) + usize::from(entry.revocation.is_some());
    writer.map(1 + optional).uint(1).bytes(entry.certificate.der());
    if let Some(retired) = entry.retired {
        writer.uint(2).int(retired.seconds());
    }
    if let Some(revocation) = entry.revocation {
        writer.uint(3).map(3).uint(1).text(revocation.reason.as_str());
        writer.uint(2).int(revocation.at.seconds()).uint(3).uint(revocation.position);
    }
}

fn decode_entry(position: usize, reader: &mut Reader<'_>) -> Result<CertificateEntry, TrustListError> {
    const MAP: &str = "certificate entry";
    let mut keys = reader.map()?;
    let (mut certificate, mut retired, mut revocation) = (None, None, None);
    while let Some(key) = keys.next_int(reader)? {
        match key {
            1 => {
                let parsed = Certificate::parse(reader.bytes()?);
                certificate = Some(parsed.map_err(|error| TrustListError::Certificate { position, error })?);
            }
            2 => retired = Some(read_time(reader)?),
            3 => revocation = Some(decode_revocation(reader)?),
            key => return Err(TrustListError::UnknownKey { map: MAP, key }),
        }
    }
    let certificate = certificate.ok_or(TrustListError::MissingKey { map: MAP, key: 1 })?;
    Ok(CertificateEntry { certificate: Arc::new(certificate), retired, revocation })
}

fn decode_revocation(reader: &mut Reader<'_>) -> Result<Revocation, TrustListError> {
    let mut fields = Fields::open("revocation", reader)?;
    fields.expect(1, reader)?;
    let reason = match reader.text()? {
        "superseded" => RevocationReason::Superseded,
        "compromised" => RevocationReason::Compromised,
        got => return Err(TrustListError::Reason { got: excerpt(got) }),
    };
    fields.expect(2, reader)?;
    let at = read_time(reader)?;
    fields.expect(3, reader)?;
    let position = reader.uint()?;
    fields.close(reader)?;
    Ok(Revocation { reason, at, position })
}

fn decode_authority(position: usize, reader: &mut Reader<'_>) -> Result<Authority, TrustListError> {
    let mut fields = Fields::open("authority", reader)?;
    fields.expect(1, reader)?;
    let credit_code = reader.text()?.parse().map_err(|_| TrustListError::CreditCode { position })?;
    fields.expect(2, reader)?;
    let name = reader.text()?.to_owned();
    fields.expect(3, reader)?;
    let status_uri = reader.text()?.to_owned();
    fields.expect(4, reader)?;
    let key_id = reader.bytes()?;
    fields.close(reader)?;
    let status_signer = key_id.try_into().map(KeyId::from_bytes);
    let status_signer = status_signer.map_err(|_| TrustListError::KeyIdLength { got: key_id.len() })?;
    Ok(Authority { credit_code, name, status_uri, status_signer })
}

fn decode_ledger_key(_position: usize, reader: &mut Reader<'_>) -> Result<LedgerKey, TrustListError> {
    let mut fields = Fields::open("ledger key", reader)?;
    fields.expect(1, reader)?;
    let origin = reader.text()?.to_owned();
    fields.expect(2, reader)?;
    let verifier_key = reader.text()?.to_owned();
    fields.close(reader)?;
    Ok(LedgerKey { origin, verifier_key })
}

/// The keys of a map that has exactly 1, 2, 3 … or other fixed ones.
struct Fields<'a> {
    map: &'static str,
    keys: MapKeys<'a>,
}

impl<'a> Fields<'a> {
    fn open(map: &'static str, reader: &mut Reader<'a>) -> Result<Self, TrustListError> {
        Ok(Self { map, keys: reader.map()? })
    }

    fn expect(&mut self, expected: i64, reader: &mut Reader<'a>) -> Result<(), TrustListError> {
        match self.keys.next_int(reader)? {
            Some(key) if key == expected => Ok(()),
            Some(_) | None => Err(TrustListError::MissingKey { map: self.map, key: expected }),
        }
    }

    fn close(mut self, reader: &mut Reader<'a>) -> Result<(), TrustListError> {
        match self.keys.next_int(reader)? {
            None => Ok(()),
            Some(key) => Err(TrustListError::UnknownKey { map: self.map, key }),
        }
    }
}

/// How many there may be.
struct Count {
    what: &'static str,
    least: usize,
    most: usize,
}

impl Count {
    fn check(&self, got: usize) -> Result<(), TrustListError> {
        let Self { what, least, most } = *self;
        let good = (least..=most).contains(&got);
        good.then_some(()).ok_or(TrustListError::Count { what, least, most, got })
    }
}

fn read_array<'a, T>(
    reader: &mut Reader<'a>,
    count: Count,
    read: impl Fn(usize, &mut Reader<'a>) -> Result<T, TrustListError>,
) -> Result<Vec<T>, TrustListError> {
    let length = reader.array()?;
    count.check(length)?;
    (1..=length).map(|position| read(position, reader)).collect()
}

fn read_time(reader: &mut Reader<'_>) -> Result<UnixTime, TrustListError> {
    let seconds = reader.int()?;
    UnixTime::from_seconds(seconds).ok_or(TrustListError::Time { seconds })
}

fn check_text(what: &'static str, text: &str, most: usize) -> Result<(), TrustListError> {
    let good =
        (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) && is_nfc(text);
    good.then_some(()).ok_or_else(|| TrustListError::Text { what, most, got: excerpt(text) })
}

#[derive(Clone, Copy)]
enum UrlForm {
    Prefix,
    NoSlash,
}

fn check_url(what: &'static str, text: &str, form: UrlForm) -> Result<(), TrustListError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = text.len() <= TrustList::MAX_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
    let (ends, form) = match form {
        UrlForm::Prefix => (text.ends_with('-'), "with a hyphen at the end"),
        UrlForm::NoSlash => (!text.ends_with('/'), "without a slash at the end"),
    };
    match rest {
        Some(rest) if plain && ends && !rest.is_empty() && !rest.starts_with('/') => Ok(()),
        _ => Err(TrustListError::Url { what, form, got: excerpt(text) }),
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
