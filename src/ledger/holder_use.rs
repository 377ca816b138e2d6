//! Entry kind 13: a holder's licences were looked up, compared or asked for (STORE.md §2). Keys of fields stand there, never their
//! values.

use super::entry::{EntryError, Order};
use super::entry_codec::{Map, field_keys, parse};
use super::uses::read_holder_number;
use crate::access::Call;
use crate::codec::cbor::Writer;
use crate::licence::{HolderNumber, Identifier};

/// A use of a holder's licences, also where nothing was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderUse {
    /// The receipt's envelope, bare: who asked, for what, and what came of it.
    pub receipt: Vec<u8>,
    /// For whom, and at whose word.
    pub order: Order,
    /// [`Call::Lookup`], [`Call::Comparison`] or [`Call::Materials`].
    pub call: Call,
    /// Whose licences.
    pub holder: HolderNumber,
    /// What was shown or compared.
    pub licences: Vec<UsedLicence>,
    /// The service item that was asked for, where materials were.
    pub item_code: Option<String>,
    /// The answer of a comparison, 0 to 6.
    pub result: Option<u8>,
}

/// A licence that was shown or compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedLicence {
    /// Which.
    pub identifier: Identifier,
    /// Keys of its fields.
    pub fields: Vec<String>,
}

impl HolderUse {
    pub(super) fn write(&self, map: &mut Writer) {
        map.map(7 + usize::from(self.item_code.is_some()) + usize::from(self.result.is_some()));
        map.int(1).bytes(&self.receipt).int(2).text(self.order.department.as_str());
        map.int(3).text(&self.order.asked_by).int(4).text(self.call.as_str());
        map.int(5).text(self.holder.code_type().code()).int(6).text(self.holder.code());
        map.int(7).array(self.licences.len());
        for used in &self.licences {
            map.array(2).text(used.identifier.as_str()).array(used.fields.len());
            used.fields.iter().for_each(|key| {
                map.text(key);
            });
        }
        if let Some(item_code) = &self.item_code {
            map.int(8).text(item_code);
        }
        if let Some(result) = self.result {
            map.int(9).uint(u64::from(result));
        }
    }

    pub(super) fn read(map: &mut Map<'_>) -> Result<Self, EntryError> {
        let (receipt, order) = (map.bytes(1)?.to_vec(), map.order(2)?);
        let call =
            map.word(4, "call", [Call::Lookup, Call::Comparison, Call::Materials], |one| one.as_str())?;
        let holder = read_holder_number(map.text(5)?, map.text(6)?)?;
        let reader = map.value(7)?;
        let mut licences = Vec::new();
        for _ in 0..reader.array()? {
            reader.array_of(2)?;
            let identifier = parse(reader.text()?, "identifier")?;
            let count = reader.array()?;
            let keys: Result<Vec<String>, EntryError> =
                (0..count).map(|_| Ok(reader.text()?.to_owned())).collect();
            licences.push(UsedLicence { identifier, fields: field_keys(keys?)? });
        }
        let item_code = map.has(8).then(|| map.text(8).map(str::to_owned)).transpose()?;
        let result = map.has(9).then(|| map.number(9, "result", 0..=6)).transpose()?;
        let result =
            result.map(u8::try_from).transpose().map_err(|_| EntryError::Value { what: "result" })?;
        Ok(Self { receipt, order, call, holder, licences, item_code, result })
    }
}
