//! Entry kind 14: a holder's consent was given or withdrawn (STORE.md §2).

use super::entry::{EntryError, Order};
use super::entry_codec::{Map, parse};
use super::uses::read_holder_number;
use crate::access::GrantId;
use crate::codec::cbor::Writer;
use crate::licence::{CreditCode, HolderNumber, TypeCode};
use crate::time::UnixTime;

/// Names a consent, in the form of a grant's id.
pub type ConsentId = GrantId;

/// A consent as it is from this entry on. A later entry with the same id takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentChange {
    /// Its id.
    pub id: ConsentId,
    /// Whose.
    pub holder: HolderNumber,
    /// To which department.
    pub department: CreditCode,
    /// For which types; for all where there is none.
    pub types: Vec<TypeCode>,
    /// For which service item; for any where it is absent.
    pub item_code: Option<String>,
    /// It is good until the second before.
    pub until: UnixTime,
    /// Given, or withdrawn.
    pub state: ConsentState,
    /// Who said so: the portal.
    pub order: Order,
}

/// Whether a consent counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConsentState {
    /// It does, until its time.
    Given,
    /// It does no more.
    Withdrawn,
}

impl ConsentState {
    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl ConsentChange {
    pub(super) fn write(&self, map: &mut Writer) {
        map.map(8 + usize::from(!self.types.is_empty()) + usize::from(self.item_code.is_some()));
        map.int(1).bytes(self.id.as_bytes()).int(2).text(self.holder.code_type().code());
        map.int(3).text(self.holder.code()).int(4).text(self.department.as_str());
        if !self.types.is_empty() {
            map.int(5).array(self.types.len());
            self.types.iter().for_each(|code| {
                map.text(code.as_str());
            });
        }
        if let Some(item_code) = &self.item_code {
            map.int(6).text(item_code);
        }
        map.int(7).int(self.until.seconds()).int(8).text(self.state.as_str());
        map.int(9).text(self.order.department.as_str()).int(10).text(&self.order.asked_by);
    }

    pub(super) fn read(map: &mut Map<'_>) -> Result<Self, EntryError> {
        let id = map.bytes(1)?.try_into().map(ConsentId::from_bytes);
        let id = id.map_err(|_| EntryError::Value { what: "consent id" })?;
        let holder = read_holder_number(map.text(2)?, map.text(3)?)?;
        let department = map.parsed(4, "credit code")?;
        let mut types = Vec::new();
        if map.has(5) {
            for code in map.texts(5)? {
                types.push(parse(&code, "type code")?);
            }
        }
        let item_code = map.has(6).then(|| map.text(6).map(str::to_owned)).transpose()?;
        let until = map.time(7)?;
        let state =
            map.word(8, "state", [ConsentState::Given, ConsentState::Withdrawn], |one| one.as_str())?;
        Ok(Self { id, holder, department, types, item_code, until, state, order: map.order(9)? })
    }
}
