//! What the ledger records when a licence is used: receipts given, presentations made and used (FORMAT.md §6, kinds 8 to 10),
//! with their private parts (STORE.md §2). Keys of fields stand there, never their values.

use super::entry::{EntryError, Order};
use super::entry_codec::{Map, field_keys};
use crate::codec::PresentationClaims;
use crate::codec::cbor::Writer;
use crate::crypto::Digest;
use crate::licence::{HolderNumber, Identifier};

/// A receipt was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptGiven {
    /// Its envelope, bare.
    pub envelope: Vec<u8>,
    /// To whom, and at whose word.
    pub order: Order,
    /// Holders of the licence that was shown, where one was.
    pub holders: Vec<HolderNumber>,
}

/// A presentation was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentationMade {
    /// Of which licence.
    pub identifier: Identifier,
    /// Digest of its envelope, which is not kept: what it shows is the holder's.
    pub envelope: Digest,
    /// The organisation it is shown to.
    pub audience: String,
    /// Why it is shown.
    pub reason: String,
    /// Keys of the fields that it shows.
    pub fields: Vec<String>,
    /// How long it is good.
    pub seconds: u32,
    /// How often.
    pub uses: Uses,
    /// For whom, and at whose word.
    pub order: Order,
    /// Holders of the licence; none in an entry from before uses were shown to holders.
    pub holders: Vec<HolderNumber>,
}

/// How often a presentation is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uses {
    /// As often as its minutes allow.
    Many,
    /// The first time it is verified online.
    One,
}

/// A presentation that is good for one use was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentationUsed {
    /// Digest of its envelope.
    pub presentation: Digest,
    /// By whom, where a key said so.
    pub by: Option<Order>,
}

impl ReceiptGiven {
    pub(super) fn write(&self, map: &mut Writer) {
        map.map(3 + usize::from(!self.holders.is_empty())).int(1).bytes(&self.envelope);
        map.int(2).text(self.order.department.as_str()).int(3).text(&self.order.asked_by);
        write_holders(4, &self.holders, map);
    }

    pub(super) fn read(map: &mut Map<'_>) -> Result<Self, EntryError> {
        Ok(Self { envelope: map.bytes(1)?.to_vec(), order: map.order(2)?, holders: read_holders(4, map)? })
    }
}

impl PresentationMade {
    pub(super) fn write(&self, map: &mut Writer) {
        map.map(9 + usize::from(!self.holders.is_empty()));
        map.int(1).text(self.identifier.as_str()).int(2).bytes(self.envelope.as_bytes());
        map.int(3).text(&self.audience).int(4).text(&self.reason).int(5).array(self.fields.len());
        for key in &self.fields {
            map.text(key);
        }
        map.int(6).uint(u64::from(self.seconds)).int(7).uint(match self.uses {
            Uses::Many => 0,
            Uses::One => 1,
        });
        map.int(8).text(self.order.department.as_str()).int(9).text(&self.order.asked_by);
        write_holders(10, &self.holders, map);
    }

    pub(super) fn read(map: &mut Map<'_>) -> Result<Self, EntryError> {
        Ok(Self {
            identifier: map.parsed(1, "identifier")?,
            envelope: map.digest(2)?,
            audience: map.text(3)?.to_owned(),
            reason: map.text(4)?.to_owned(),
            fields: field_keys(map.texts(5)?)?,
            seconds: map.number(6, "number of seconds", 1..=PresentationClaims::MOST_SECONDS)?,
            uses: match map.number(7, "number of uses", 0..=1)? {
                0 => Uses::Many,
                _ => Uses::One,
            },
            order: map.order(8)?,
            holders: read_holders(10, map)?,
        })
    }
}

/// Nothing where there are none.
fn write_holders(key: i64, holders: &[HolderNumber], map: &mut Writer) {
    if holders.is_empty() {
        return;
    }
    map.int(key).array(holders.len());
    for holder in holders {
        map.array(2).text(holder.code_type().code()).text(holder.code());
    }
}

fn read_holders(key: i64, map: &mut Map<'_>) -> Result<Vec<HolderNumber>, EntryError> {
    if !map.has(key) {
        return Ok(Vec::new());
    }
    let reader = map.value(key)?;
    let count = reader.array()?;
    (0..count)
        .map(|_| {
            reader.array_of(2)?;
            read_holder_number(reader.text()?, reader.text()?)
        })
        .collect()
}

pub(super) fn read_holder_number(code_type: &str, code: &str) -> Result<HolderNumber, EntryError> {
    let code_type = code_type.parse().map_err(|_| EntryError::Value { what: "holder code type" })?;
    HolderNumber::new(code, code_type).map_err(|_| EntryError::Value { what: "holder code" })
}

impl PresentationUsed {
    pub(super) fn write(&self, map: &mut Writer) {
        map.map(if self.by.is_some() { 3 } else { 1 }).int(1).bytes(self.presentation.as_bytes());
        if let Some(by) = &self.by {
            map.int(2).text(by.department.as_str()).int(3).text(&by.asked_by);
        }
    }

    pub(super) fn read(map: &mut Map<'_>) -> Result<Self, EntryError> {
        Ok(Self {
            presentation: map.digest(1)?,
            by: match map.left() {
                0 => None,
                _ => Some(map.order(2)?),
            },
        })
    }
}
