//! The lists follow the ledger: every entry up to a position, and every replacement that has begun by now, is in them.
//!
//! Nothing about lists is kept on the disk. They are made from the index once, by one walk over what happened to licences, and then
//! entry by entry. An entry's part is always the value that follows from the licence's whole history, so it does not matter
//! how often or in which order that is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::journal::Journal;
use super::notes::{Noted, changed_by};
use crate::ledger::Event;
use crate::licence::{CreditCode, Identifier};
use crate::registry::act_error::ActError;
use crate::registry::show::read_issued;
use crate::registry::status::state;
use crate::status::{Change, StatusBits};
use crate::store::{EventKind, EventRow, Row, RowKeys, Store, StoredEntry};
use crate::time::UnixTime;

/// Rows of the index that are read at once.
const PAGE: usize = 4_096;
/// Entries of the ledger that are read at once.
const RUN: usize = 256;
/// Bytes at the end of an event's key that number it within its licence's history.
const SEQUENCE: usize = 4;

/// An authority and the addresses of its lists up to their numbers.
#[derive(Clone, Debug)]
pub(in crate::registry) struct Prefix {
    pub(in crate::registry) authority: CreditCode,
    pub(in crate::registry) prefix: String,
}

/// Every list as of the first `applied` entries.
pub(super) struct Followed {
    prefixes: Vec<Prefix>,
    lists: BTreeMap<String, List>,
    applied: u64,
    /// Licences that end when a newer one begins, by that second.
    begins: BTreeMap<UnixTime, Vec<Identifier>>,
}

/// One list.
pub(super) struct List {
    pub(super) authority: CreditCode,
    pub(super) bits: Arc<StatusBits>,
    /// Counts the changes: another number, other entries.
    pub(super) generation: u64,
    pub(super) journal: Journal,
}

/// The value of a licence with this history.
fn value_at(events: &[EventRow], now: UnixTime) -> u8 {
    let replaced = |event: &EventRow| matches!(&event.what, EventKind::Replaced { from, .. } if *from <= now);
    if events.iter().any(replaced) { 1 } else { state(events).list_value() }
}

impl Followed {
    /// Makes all lists from the index.
    pub(super) fn build(store: &Store, prefixes: Vec<Prefix>, now: UnixTime) -> Result<Self, ActError> {
        // What is appended during the walk may be in it or not; it is applied afterwards in any case.
        let applied = store.visible_entries();
        let mut built = Self { prefixes, lists: BTreeMap::new(), applied, begins: BTreeMap::new() };
        built.discover(store)?;
        let mut range = RowKeys::all_events();
        let mut history: Vec<Row> = Vec::new();
        loop {
            let page = store.rows(&range, PAGE)?;
            let Some(last) = page.last() else { break };
            range = range.after(&last.key);
            for row in page {
                if history.last().is_some_and(|before| licence_part(before) != licence_part(&row)) {
                    built.restore(store, &history, now)?;
                    history.clear();
                }
                history.push(row);
            }
        }
        built.restore(store, &history, now)?;
        Ok(built)
    }

    /// From here on it follows the lists of these authorities.
    pub(super) fn serve(&mut self, prefixes: Vec<Prefix>) {
        self.prefixes = prefixes;
    }

    /// Applies the entries up to `end`, and the replacements that have begun. What is not `noted` is read, in runs.
    pub(super) fn catch_up(
        &mut self,
        store: &Store,
        (noted, end): (Noted, u64),
        now: UnixTime,
    ) -> Result<(), ActError> {
        let read_to = noted.from.min(end);
        while self.applied < read_to {
            let limit = usize::try_from(read_to - self.applied).map_or(RUN, |missing| missing.min(RUN));
            let run = store.entries_from(self.applied, limit)?;
            if run.is_empty() {
                return Err(ActError::Internal("the ledger ends before its visible entries do"));
            }
            for stored in run {
                if let Some(identifier) = read(store, &stored)? {
                    self.apply(store, &identifier, Cause::Entry(stored.position), now)?;
                }
                self.applied = stored.position.saturating_add(1);
            }
        }
        for (position, identifier) in noted.changed {
            if position >= self.applied {
                self.apply(store, &identifier, Cause::Entry(position), now)?;
                self.applied = position.saturating_add(1);
            }
        }
        self.applied = self.applied.max(end);
        while let Some((&from, identifiers)) = self.begins.first_key_value().filter(|(from, _)| **from <= now)
        {
            for identifier in identifiers.clone() {
                self.apply(store, &identifier, Cause::Time(from), now)?;
            }
            self.begins.remove(&from);
        }
        Ok(())
    }

    /// Finds lists that have come into use: an authority's first list always is there, another once a place in it is taken.
    pub(super) fn discover(&mut self, store: &Store) -> Result<(), ActError> {
        for Prefix { authority, prefix } in &self.prefixes {
            for number in 0_u32.. {
                let uri = format!("{prefix}{number}");
                if self.lists.contains_key(&uri) {
                    continue;
                }
                let taken = || store.rows(&store.keys().status_indexes(&uri), 1);
                if number > 0 && taken()?.is_empty() {
                    break;
                }
                self.lists.insert(uri, List::new(*authority));
            }
        }
        Ok(())
    }

    /// Entries that are in the lists.
    pub(super) const fn version(&self) -> u64 {
        self.applied
    }

    /// Every list by its address.
    pub(super) const fn lists(&self) -> &BTreeMap<String, List> {
        &self.lists
    }

    /// A licence's history as the index has it, in one go.
    fn restore(&mut self, store: &Store, history: &[Row], now: UnixTime) -> Result<(), ActError> {
        let events: Result<Vec<EventRow>, _> =
            history.iter().map(|row| EventRow::decode(&row.value)).collect();
        let events = events.map_err(crate::store::StoreError::from)?;
        let Some(last) = events.last() else { return Ok(()) };
        let entry = store.entry(last.position)?;
        let identifier = changed_by(&entry.event).cloned();
        let identifier =
            identifier.ok_or(ActError::Internal("an event's row names an entry that changes no licence"))?;
        let Some((list, index)) = self.place(store, &identifier)? else { return Ok(()) };
        list.set(index, value_at(&events, now))?;
        for event in &events {
            list.journal.changed(event.position, index);
        }
        let begins = beginnings(&events);
        begins.filter(|from| *from <= now).for_each(|from| list.journal.began(from, index));
        self.expect_beginnings(&identifier, &events, now);
        Ok(())
    }

    fn apply(
        &mut self,
        store: &Store,
        identifier: &Identifier,
        cause: Cause,
        now: UnixTime,
    ) -> Result<(), ActError> {
        let events = store.events(identifier)?;
        let Some((list, index)) = self.place(store, identifier)? else { return Ok(()) };
        list.set(index, value_at(&events, now))?;
        match cause {
            Cause::Entry(position) => {
                list.journal.changed(position, index);
                self.expect_beginnings(identifier, &events, now);
            }
            Cause::Time(from) => list.journal.began(from, index),
        }
        Ok(())
    }

    fn expect_beginnings(&mut self, identifier: &Identifier, events: &[EventRow], now: UnixTime) {
        for from in beginnings(events).filter(|from| *from > now) {
            let waiting = self.begins.entry(from).or_default();
            if !waiting.contains(identifier) {
                waiting.push(identifier.clone());
            }
        }
    }

    /// Where a licence stands; `None` in a list that is no department's here any more.
    fn place(
        &mut self,
        store: &Store,
        identifier: &Identifier,
    ) -> Result<Option<(&mut List, u32)>, ActError> {
        let row = store.licence(identifier)?;
        let row =
            row.ok_or(ActError::Internal("an event is about a licence that the index does not have"))?;
        let status = read_issued(store, row.position)?.0.status;
        if !self.lists.contains_key(&status.uri) {
            self.discover(store)?;
        }
        Ok(self.lists.get_mut(&status.uri).map(|list| (list, status.index)))
    }
}

/// What made a licence's value another.
#[derive(Clone, Copy)]
enum Cause {
    Entry(u64),
    Time(UnixTime),
}

impl List {
    fn new(authority: CreditCode) -> Self {
        let bits = Arc::new(StatusBits::all_good());
        Self { authority, bits, generation: 0, journal: Journal::default() }
    }

    fn set(&mut self, index: u32, value: u8) -> Result<(), ActError> {
        if self.bits.get(index) == Some(value) {
            return Ok(());
        }
        // Copies the entries only while somebody is publishing what they were.
        match Arc::make_mut(&mut self.bits).set(index, value) {
            Ok(Change::Made) => self.generation = self.generation.wrapping_add(1),
            Ok(Change::None) => {}
            Err(_) => return Err(ActError::Internal("a licence has a place that no status list has")),
        }
        Ok(())
    }
}

/// The key of an event's row without the event's number: the same for all events of a licence.
fn licence_part(row: &Row) -> &[u8] {
    row.key.get(..row.key.len().saturating_sub(SEQUENCE)).unwrap_or_default()
}

/// The seconds at which newer licences take this one's place.
fn beginnings(events: &[EventRow]) -> impl Iterator<Item = UnixTime> {
    events.iter().filter_map(|event| match event.what {
        EventKind::Replaced { from, .. } => Some(from),
        EventKind::Status { .. } => None,
    })
}

/// The licence that an entry changes. One of another kind is not even opened.
fn read(store: &Store, stored: &StoredEntry) -> Result<Option<Identifier>, ActError> {
    match stored.entry.kind {
        Event::LICENCE | Event::STATUS => Ok(changed_by(&store.opened(stored)?.event).cloned()),
        _ => Ok(None),
    }
}
