//! Entry kind 12: a grant was given, confirmed or withdrawn (STORE.md §2).

use std::collections::BTreeMap;

use super::entry::{EntryError, Order};
use super::entry_codec::{Map, parse};
use crate::access::{Basis, Grant, GrantId, GrantState, GrantedFields, GrantedTypes, Terms};
use crate::codec::cbor::{Kind, Reader, Writer};
use crate::licence::is_field_key;

/// A grant as it is from this entry on. A later entry with the same id takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantChange {
    /// The grant.
    pub grant: Grant,
    /// Who ordered this change.
    pub order: Order,
    /// Who proposed it, once another has confirmed it.
    pub proposed_by: Option<Order>,
}

/// All types, or all fields of one.
const ALL: &str = "*";

impl GrantChange {
    pub(super) fn write(&self, map: &mut Writer) {
        let Grant { id, department, terms, state } = &self.grant;
        let optional = [
            !terms.addresses.is_empty(),
            terms.from.is_some(),
            terms.to.is_some(),
            terms.daily.is_some(),
            self.proposed_by.is_some(),
            self.proposed_by.is_some(),
        ];
        map.map(8 + optional.iter().filter(|present| **present).count());
        map.int(1).bytes(id.as_bytes()).int(2).text(department.as_str());
        map.int(3).array(terms.calls.iter().count());
        terms.calls.iter().for_each(|call| {
            map.text(call.as_str());
        });
        map.int(4);
        write_types(&terms.types, map);
        if !terms.addresses.is_empty() {
            map.int(5).array(terms.addresses.len());
            terms.addresses.iter().for_each(|network| {
                map.text(&network.to_string());
            });
        }
        for (key, date) in [(6, terms.from), (7, terms.to)] {
            if let Some(date) = date {
                map.int(key).text(&date.to_string());
            }
        }
        if let Some(daily) = terms.daily {
            map.int(8).uint(u64::from(daily));
        }
        map.int(9).text(terms.basis.as_str()).int(10).text(state.as_str());
        map.int(11).text(self.order.department.as_str()).int(12).text(&self.order.asked_by);
        if let Some(by) = &self.proposed_by {
            map.int(13).text(by.department.as_str()).int(14).text(&by.asked_by);
        }
    }

    pub(super) fn read(map: &mut Map<'_>) -> Result<Self, EntryError> {
        let wrong = |what| EntryError::Value { what };
        let id = map.bytes(1)?.try_into().map(GrantId::from_bytes).map_err(|_| wrong("grant id"))?;
        let department = map.parsed(2, "credit code")?;
        let calls = map
            .texts(3)?
            .iter()
            .map(|word| word.parse().map_err(|_| wrong("call")))
            .collect::<Result<_, _>>()?;
        let types = read_types(map.value(4)?)?;
        let mut addresses = Vec::new();
        if map.has(5) {
            for network in map.texts(5)? {
                addresses.push(parse(&network, "network")?);
            }
        }
        let mut date = |key| map.has(key).then(|| map.parsed(key, "date")).transpose();
        let (from, to) = (date(6)?, date(7)?);
        let daily = map.has(8).then(|| map.number(8, "daily number", 0..=u32::MAX)).transpose()?;
        let basis = map.word(9, "basis", [Basis::Duty, Basis::Consent], |one| one.as_str())?;
        let terms = Terms { calls, types, addresses, from, to, daily, basis };
        let state = map.word(10, "state", GrantState::ALL, |one| one.as_str())?;
        let order = map.order(11)?;
        let proposed_by = map.has(13).then(|| map.order(13)).transpose()?;
        Ok(Self { grant: Grant { id, department, terms, state }, order, proposed_by })
    }
}

fn write_types(types: &GrantedTypes, out: &mut Writer) {
    let GrantedTypes::Only(types) = types else {
        out.text(ALL);
        return;
    };
    out.array(types.len());
    for (code, fields) in types {
        out.array(2).text(code.as_str());
        match fields {
            GrantedFields::All => {
                out.text(ALL);
            }
            GrantedFields::Only(keys) => {
                out.array(keys.len());
                keys.iter().for_each(|key| {
                    out.text(key);
                });
            }
        }
    }
}

fn read_types(reader: &mut Reader<'_>) -> Result<GrantedTypes, EntryError> {
    if reader.peek()? == Kind::Text {
        read_all(reader)?;
        return Ok(GrantedTypes::All);
    }
    let mut types = BTreeMap::new();
    for _ in 0..reader.array()? {
        reader.array_of(2)?;
        let code = parse(reader.text()?, "type code")?;
        types.insert(code, read_fields(reader)?);
    }
    Ok(GrantedTypes::Only(types))
}

fn read_fields(reader: &mut Reader<'_>) -> Result<GrantedFields, EntryError> {
    if reader.peek()? == Kind::Text {
        read_all(reader)?;
        return Ok(GrantedFields::All);
    }
    let count = reader.array()?;
    let key = |reader: &mut Reader<'_>| {
        let key = reader.text()?;
        if is_field_key(key) { Ok(key.to_owned()) } else { Err(EntryError::Value { what: "field key" }) }
    };
    (0..count).map(|_| key(reader)).collect::<Result<_, _>>().map(GrantedFields::Only)
}

fn read_all(reader: &mut Reader<'_>) -> Result<(), EntryError> {
    match reader.text()? {
        ALL => Ok(()),
        _ => Err(EntryError::Value { what: "list of types or fields" }),
    }
}
