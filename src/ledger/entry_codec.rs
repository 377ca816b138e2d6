//! The private parts of entries: a map with integer keys for each kind (STORE.md §2).

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::consent::ConsentChange;
use super::credential::Credential;
use super::entry::{
    Department, EntryError, Event, Installation, IssuedLicence, Issuing, MintedCertificate, Order, Replaced,
    StatusChange,
};
use super::grant::GrantChange;
use super::holder_use::HolderUse;
use super::sd_jwt::IssuedSdJwt;
use super::uses::{PresentationMade, PresentationUsed, ReceiptGiven};
use crate::access::{Role, Roles};
use crate::codec::KeyId;
use crate::codec::cbor::{MapKeys, Reader, Writer};
use crate::crypto::Digest;
use crate::licence::{LegalBasis, Reason, Replacement, State, TypeCode, is_field_key};
use crate::time::UnixTime;

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
        Event::Credential(credential) => credential.write(&mut map),
        Event::TrustList(envelope) => {
            map.map(1).int(1).bytes(envelope);
        }
        Event::Licence(issued) => write_licence(issued, &mut map),
        Event::Status(change) => write_status(change, &mut map),
        Event::SdJwt(issued) => issued.write(&mut map),
        Event::Receipt(given) => given.write(&mut map),
        Event::Presentation(made) => made.write(&mut map),
        Event::PresentationUsed(used) => used.write(&mut map),
        Event::Grant(change) => change.write(&mut map),
        Event::Use(used) => used.write(&mut map),
        Event::Consent(change) => change.write(&mut map),
    }
    map.finish()
}

fn write_department(department: &Department, map: &mut Writer) {
    let (issuing, roles) = (department.issuing.is_some(), department.roles.is_some());
    map.map(3 + if issuing { 2 } else { 0 } + if roles { 3 } else { 0 });
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
    if let Some((roles, order)) = &department.roles {
        map.int(6);
        write_roles(*roles, map);
        map.int(7).text(order.department.as_str()).int(8).text(&order.asked_by);
    }
}

pub(super) fn write_roles(roles: Roles, map: &mut Writer) {
    map.array(roles.iter().count());
    for role in roles.iter() {
        map.text(role.as_str());
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
        4 => Event::Credential(Credential::read(&mut map)?),
        5 => Event::TrustList(map.bytes(1)?.to_vec()),
        6 => Event::Licence(Box::new(read_licence(&mut map)?)),
        7 => Event::Status(read_status(&mut map)?),
        11 => Event::SdJwt(IssuedSdJwt::read(&mut map)?),
        8 => Event::Receipt(ReceiptGiven::read(&mut map)?),
        9 => Event::Presentation(PresentationMade::read(&mut map)?),
        10 => Event::PresentationUsed(PresentationUsed::read(&mut map)?),
        12 => Event::Grant(GrantChange::read(&mut map)?),
        13 => Event::Use(HolderUse::read(&mut map)?),
        14 => Event::Consent(ConsentChange::read(&mut map)?),
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
        0 | 3 => None,
        _ => Some(Issuing {
            key_id: map
                .bytes(4)?
                .try_into()
                .map(KeyId::from_bytes)
                .map_err(|_| EntryError::Value { what: "key id" })?,
            status_tag: map.text(5)?.to_owned(),
        }),
    };
    let roles = match map.keys.left() {
        0 => None,
        _ => Some((map.roles(6)?, map.order(7)?)),
    };
    Ok(Department { code, name, types: types?, issuing, roles })
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

pub(super) fn parse<T: FromStr>(text: &str, what: &'static str) -> Result<T, EntryError> {
    text.parse().map_err(|_| EntryError::Value { what })
}

pub(super) fn field_keys(keys: Vec<String>) -> Result<Vec<String>, EntryError> {
    match keys.iter().all(|key| is_field_key(key)) {
        true => Ok(keys),
        false => Err(EntryError::Value { what: "field key" }),
    }
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

    /// Roles in the order of [`Role::ALL`], each once.
    pub(super) fn roles(&mut self, key: i64) -> Result<Roles, EntryError> {
        let wrong = EntryError::Value { what: "list of roles" };
        let words = self.texts(key)?;
        let named: Result<Roles, _> = words.iter().map(|word| word.parse::<Role>()).collect();
        let roles = named.map_err(|_| wrong)?;
        match roles.iter().map(Role::as_str).eq(words.iter().map(String::as_str)) {
            true => Ok(roles),
            false => Err(wrong),
        }
    }

    /// The reader behind a key, for a value of its own shape.
    pub(super) fn value(&mut self, key: i64) -> Result<&mut Reader<'a>, EntryError> {
        self.key(key)?;
        Ok(&mut self.reader)
    }

    /// The next key, if there is one and it is this one; keys that may be absent are asked for so, in order.
    pub(super) fn has(&mut self, key: i64) -> bool {
        self.keys.left() > 0 && self.reader.clone().int() == Ok(key)
    }

    /// One of a few words.
    pub(super) fn word<T: Copy, const N: usize>(
        &mut self,
        key: i64,
        what: &'static str,
        all: [T; N],
        name: fn(T) -> &'static str,
    ) -> Result<T, EntryError> {
        let text = self.text(key)?;
        all.into_iter().find(|one| name(*one) == text).ok_or(EntryError::Value { what })
    }

    pub(super) fn time(&mut self, key: i64) -> Result<UnixTime, EntryError> {
        self.key(key)?;
        UnixTime::from_seconds(self.reader.int()?).ok_or(EntryError::Value { what: "time" })
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
