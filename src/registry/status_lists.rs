//! The status lists of this installation.

use std::collections::BTreeMap;

use super::open::Registry;
use crate::codec::{Envelope, LicenceClaims, limits};
use crate::ledger::Event;
use crate::licence::{CreditCode, State};
use crate::store::{EventKind, KeyRange, StoreError};
use crate::time::UnixTime;

pub(super) struct ListSnapshot {
    pub(super) uri: String,
    pub(super) authority: CreditCode,
    pub(super) bits: Vec<u8>,
}

impl Registry {
    pub(super) fn list_snapshots(&self, now: UnixTime) -> Result<Vec<ListSnapshot>, StoreError> {
        let mut lists: BTreeMap<String, (CreditCode, Vec<u8>)> = BTreeMap::new();
        for authority in &self.trust.list().authorities {
            lists.insert(format!("{}0", authority.status_uri), (authority.credit_code, vec![0; 1 << 18]));
        }
        for row in self.store.rows(&KeyRange::prefix(b"s"), usize::MAX)? {
            let event = crate::store::EventRow::decode(&row.value)?;
            let identifier = match self.store.entry(event.position)?.event {
                Event::Status(change) => change.identifier,
                Event::Licence(issued) => match issued.replaces {
                    Some(replaced) => replaced.identifier,
                    None => continue,
                },
                _ => continue,
            };
            let Some(licence) = self.store.licence(&identifier)? else { continue };
            let Event::Licence(issued) = self.store.entry(licence.position)?.event else { continue };
            let Ok(full) = Envelope::decode(&issued.full, limits::ENVELOPE) else { continue };
            let Ok(claims) = LicenceClaims::decode(full.payload()) else { continue };
            let events = self.store.events(&identifier)?;
            let replaced = events
                .iter()
                .any(|event| matches!(&event.what, EventKind::Replaced { from, .. } if *from <= now));
            let value = match super::status::state(&events) {
                _ if replaced => 1,
                State::Valid => 0,
                State::Suspended => 2,
                State::Revoked => 1,
            };
            let (_, bits) = lists
                .entry(claims.status.uri.clone())
                .or_insert_with(|| (identifier.issuer(), vec![0; 1 << 18]));
            let index = usize::try_from(claims.status.index).unwrap_or(usize::MAX);
            if let Some(byte) = bits.get_mut(index / 4) {
                let shift = index % 4 * 2;
                *byte = *byte & !(3 << shift) | value << shift;
            }
        }
        Ok(lists.into_iter().map(|(uri, (authority, bits))| ListSnapshot { uri, authority, bits }).collect())
    }

    pub(super) fn changed_since(
        &self,
        _uri: &str,
        _version: u64,
        _since: UnixTime,
        _now: UnixTime,
    ) -> Option<Vec<u32>> {
        None
    }
}
