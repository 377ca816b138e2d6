//! The private parts of entries: a map with integer keys for each kind (STORE.md §2).

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::entry::{
    ApiKey, ApiKeyState, Department, EntryError, Event, Installation, IssuedLicence, Issuing,
    MintedCertificate, Order, Replaced, StatusChange,
};
use super::sd_jwt::IssuedSdJwt;
use super::uses::{PresentationMade, PresentationUsed, ReceiptGiven};
use crate::codec::KeyId;
use crate::codec::cbor::{MapKeys, Reader, Writer};
use crate::crypto::Digest;
use crate::licence::{LegalBasis, Reason, Replacement, State, TypeCode};

/// The private part of an event.
pub(super) fn private_part(event: &Event) -> Vec<u8> {
    let mut map = Writer::new();
    match event {
        Event::Installation(made) => {
            map.map(4).int(1).text(&made.region).int(2).text(&made.public_url);
            map.int(3).text(&made.origin).int(4).text(made.city.as_str());
        }
        Event::Certificate(minted) => {
            map.map(2).int(1).bytes(&minted.der).int(2).text(&minted.key_name);
        }
        Event::Department(department) => write_department(department, &mut map),
        Event::ApiKey(key) => {
            map.map(4).int(1).bytes(&key.id).int(2).bytes(key.secret.as_bytes());
            map.int(3).text(key.department.as_str()).int(4).text(api_key_state(key.state));
        }
        Event::TrustList(envelope) => {
            map.map(1).int(1).bytes(envelope);
        }
        Event::Licence(issued) => write_licence(issued, &mut map),
        Event::Status(change) => write_status(change, &mut map),
        Event::SdJwt(issued) => issued.write(&mut map),
        Event::Receipt(given) => given.write(&mut map),
        Event::Presentation(made) => made.write(&mut map),
        Event::PresentationUsed(used) => used.write(&mut map),
    }
    map.finish()
}

fn write_department(department: &Department, map: &mut Writer) {
    map.map(if department.issuing.is_some() { 5 } else { 3 });
    map.int(1)
        .text(department.code.as_str())
        .int(2)
        .text(&department.name)
        .int(3)
        .array(department.types.len());
    for code in &department.types {
        map.text(code.as_str());
    }
    if let Some(issuing) = &department.issuing {
        map.int(4).bytes(issuing.key_id.as_bytes()).int(5).text(&issuing.status_tag);
    }
}

fn write_licence(issued: &IssuedLicence, map: &mut Writer) {
    let purpose = issued.replaces.as_ref().map(|replaced| replaced.purpose);
    map.map(match purpose {
        None => 6,
        Some(UNSAID) => 8,
        Some(_) => 9,
    });
    map.int(1).bytes(&issued.full).int(2).bytes(&issued.qr).int(3).text(&issued.idempotency_key);
    map.int(4).bytes(issued.request.as_bytes()).int(5).text(issued.order.department.as_str());
    map.int(6).text(&issued.order.asked_by);
    if let Some(replaced) = &issued.replaces {
        map.int(7).text(replaced.identifier.as_str()).int(8).uint(u64::from(replaced.sequence));
    }
    if let Some(purpose) = purpose.filter(|purpose| *purpose != UNSAID) {
        map.int(9).text(purpose.as_str());
    }
}

/// The purpose that an entry without one has.
const UNSAID: Replacement = Replacement::Replacement;

fn write_status(change: &StatusChange, map: &mut Writer) {
    map.map(if change.legal_basis.is_some() { 7 } else { 6 });
    map.int(1).text(change.identifier.as_str()).int(2).text(change.to.as_str());
    map.int(3).text(change.reason.as_str()).int(4).text(change.order.department.as_str());
    map.int(5).text(&change.order.asked_by).int(6).uint(u64::from(change.sequence));
    if let Some(legal_basis) = &change.legal_basis {
        map.int(7).text(legal_basis.as_str());
    }
}

const fn api_key_state(state: ApiKeyState) -> &'static str {
    match state {
        ApiKeyState::Made => "made",
        ApiKeyState::Withdrawn => "withdrawn",
    }
}

/// Reads the private part of an event of this kind.
pub(super) fn read_private_part(kind: u64, bytes: &[u8]) -> Result<Event, EntryError> {
    let mut map = Map::open(bytes)?;
    let event = match kind {
        1 => Event::Installation(Installation {
            region: map.text(1)?.to_owned(),
            public_url: map.text(2)?.to_owned(),
            origin: map.text(3)?.to_owned(),
            city: map.parsed(4, "credit code")?,
        }),
        2 => Event::Certificate(MintedCertificate {
            der: map.bytes(1)?.to_vec(),
            key_name: map.text(2)?.to_owned(),
        }),
        3 => Event::Department(read_department(&mut map)?),
        4 => Event::ApiKey(ApiKey {
            id: map.bytes(1)?.try_into().map_err(|_| EntryError::Value { what: "key id" })?,
            secret: map.digest(2)?,
            department: map.parsed(3, "credit code")?,
            state: read_api_key_state(map.text(4)?)?,
        }),
        5 => Event::TrustList(map.bytes(1)?.to_vec()),
        6 => Event::Licence(Box::new(read_licence(&mut map)?)),
        7 => Event::Status(read_status(&mut map)?),
        11 => Event::SdJwt(IssuedSdJwt::read(&mut map)?),
        8 => Event::Receipt(ReceiptGiven::read(&mut map)?),
        9 => Event::Presentation(PresentationMade::read(&mut map)?),
        10 => Event::PresentationUsed(PresentationUsed::read(&mut map)?),
        got => return Err(EntryError::Kind { got }),
    };
    map.close()?;
    Ok(event)
}

fn read_department(map: &mut Map<'_>) -> Result<Department, EntryError> {
    let (code, name) = (map.parsed(1, "credit code")?, map.text(2)?.to_owned());
    map.key(3)?;
    let count = map.reader.array()?;
    let types: Result<Vec<TypeCode>, EntryError> =
        (0..count).map(|_| parse(map.reader.text()?, "type code")).collect();
    let issuing = match map.keys.left() {
        0 => None,
        _ => Some(Issuing {
            key_id: map
                .bytes(4)?
                .try_into()
                .map(KeyId::from_bytes)
                .map_err(|_| EntryError::Value { what: "key id" })?,
            status_tag: map.text(5)?.to_owned(),
        }),
    };
    Ok(Department { code, name, types: types?, issuing })
}

fn read_licence(map: &mut Map<'_>) -> Result<IssuedLicence, EntryError> {
    Ok(IssuedLicence {
        full: map.bytes(1)?.to_vec(),
        qr: map.bytes(2)?.to_vec(),
        idempotency_key: map.text(3)?.to_owned(),
        request: map.digest(4)?,
        order: Order { department: map.parsed(5, "credit code")?, asked_by: map.text(6)?.to_owned() },
        replaces: match map.keys.left() {
            0 => None,
            _ => Some(read_replaced(map)?),
        },
    })
}

fn read_replaced(map: &mut Map<'_>) -> Result<Replaced, EntryError> {
    Ok(Replaced {
        identifier: map.parsed(7, "identifier")?,
        sequence: map.sequence(8)?,
        purpose: match map.keys.left() {
            0 => UNSAID,
            _ => match map.parsed(9, "purpose")? {
                UNSAID => return Err(EntryError::Value { what: "purpose" }),
                purpose => purpose,
            },
        },
    })
}

fn read_status(map: &mut Map<'_>) -> Result<StatusChange, EntryError> {
    Ok(StatusChange {
        identifier: map.parsed(1, "identifier")?,
        to: State::of_word(map.text(2)?).ok_or(EntryError::Value { what: "state" })?,
        reason: Reason::new(map.text(3)?).map_err(|_| EntryError::Value { what: "reason" })?,
        order: Order { department: map.parsed(4, "credit code")?, asked_by: map.text(5)?.to_owned() },
        sequence: map.sequence(6)?,
        legal_basis: match map.keys.left() {
            0 => None,
            _ => Some(LegalBasis::new(map.text(7)?).map_err(|_| EntryError::Value { what: "legal basis" })?),
        },
    })
}

fn read_api_key_state(text: &str) -> Result<ApiKeyState, EntryError> {
    let all = [ApiKeyState::Made, ApiKeyState::Withdrawn];
    all.into_iter().find(|state| api_key_state(*state) == text).ok_or(EntryError::Value { what: "key state" })
}

fn parse<T: FromStr>(text: &str, what: &'static str) -> Result<T, EntryError> {
    text.parse().map_err(|_| EntryError::Value { what })
}

/// A map whose keys are asked for in order, and which must hold no others.
pub(super) struct Map<'a> {
    reader: Reader<'a>,
    keys: MapKeys<'a>,
}

impl<'a> Map<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, EntryError> {
        let mut reader = Reader::new(bytes);
        let keys = reader.map()?;
        Ok(Self { reader, keys })
    }

    pub(super) fn key(&mut self, expected: i64) -> Result<(), EntryError> {
        match self.keys.next_int(&mut self.reader)? {
            Some(key) if key == expected => Ok(()),
            _ => Err(EntryError::Value { what: "set of keys" }),
        }
    }

    pub(super) fn text(&mut self, key: i64) -> Result<&'a str, EntryError> {
        self.key(key)?;
        Ok(self.reader.text()?)
    }

    pub(super) fn bytes(&mut self, key: i64) -> Result<&'a [u8], EntryError> {
        self.key(key)?;
        Ok(self.reader.bytes()?)
    }

    pub(super) fn digest(&mut self, key: i64) -> Result<Digest, EntryError> {
        Digest::from_slice(self.bytes(key)?).ok_or(EntryError::Value { what: "digest" })
    }

    /// Keys that were not asked for yet.
    pub(super) const fn left(&self) -> usize {
        self.keys.left()
    }

    fn sequence(&mut self, key: i64) -> Result<u32, EntryError> {
        self.key(key)?;
        u32::try_from(self.reader.uint()?).map_err(|_| EntryError::Value { what: "sequence number" })
    }

    pub(super) fn parsed<T: FromStr>(&mut self, key: i64, what: &'static str) -> Result<T, EntryError> {
        parse(self.text(key)?, what)
    }

    /// A department and who asked for it, under two labels.
    pub(super) fn order(&mut self, key: i64) -> Result<Order, EntryError> {
        Ok(Order { department: self.parsed(key, "credit code")?, asked_by: self.text(key + 1)?.to_owned() })
    }

    pub(super) fn texts(&mut self, key: i64) -> Result<Vec<String>, EntryError> {
        self.key(key)?;
        let count = self.reader.array()?;
        (0..count).map(|_| Ok(self.reader.text()?.to_owned())).collect()
    }

    pub(super) fn number(
        &mut self,
        key: i64,
        what: &'static str,
        range: RangeInclusive<u32>,
    ) -> Result<u32, EntryError> {
        self.key(key)?;
        let number = u32::try_from(self.reader.uint()?).ok().filter(|number| range.contains(number));
        number.ok_or(EntryError::Value { what })
    }

    fn close(self) -> Result<(), EntryError> {
        match self.keys.left() {
            0 => Ok(self.reader.finish()?),
            _ => Err(EntryError::Value { what: "set of keys" }),
        }
    }
}
