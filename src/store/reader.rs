//! Reads entries and rows, opened.

use std::sync::Arc;

use super::catch_up::ReplayError;
use super::engine::{Direction, Engine, EngineError, KeyRange, Row, StoredEntry, additional_data};
use super::row_cache::RowCache;
use super::rows::{EventRow, LicenceRow, RowContentError, RowKeys};
use super::sealed_index::{RowError, SealedIndex};
use crate::crypto::{DataKey, SealError};
use crate::ledger::{Entry, EntryError};
use crate::licence::Identifier;

/// The reading half of a store: everything that needs no committer.
pub(super) struct Reader {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) index: Arc<SealedIndex>,
    pub(super) keys: Arc<RowKeys>,
    pub(super) data: Arc<DataKey>,
    /// Rows in memory, where the engine is another machine.
    pub(super) cache: Option<Arc<RowCache>>,
}

/// A question that could not be answered. Never an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An index row.
    #[error(transparent)]
    Row(#[from] RowError),
    /// What an index row says.
    #[error(transparent)]
    Content(#[from] RowContentError),
    /// A sealed entry.
    #[error("entry {position} does not open: {source}")]
    Sealed {
        /// Its position.
        position: u64,
        /// Why.
        source: SealError,
    },
    /// What an entry says.
    #[error("entry {position}: {source}")]
    Entry {
        /// Its position.
        position: u64,
        /// Why.
        source: EntryError,
    },
    /// The index names a position past the end.
    #[error("the index names entry {position}, which the ledger does not have")]
    Absent {
        /// The position.
        position: u64,
    },
}

impl Reader {
    pub(super) fn entry(&self, position: u64) -> Result<Entry, StoreError> {
        self.open(&self.stored(position)?)
    }

    pub(super) fn stored(&self, position: u64) -> Result<StoredEntry, StoreError> {
        self.engine.read(position)?.ok_or(StoreError::Absent { position })
    }

    pub(super) fn open(&self, stored: &StoredEntry) -> Result<Entry, StoreError> {
        let position = stored.position;
        let key = self.data.segment_key(&stored.salt);
        let additional = additional_data(position, stored.entry.kind);
        let plain = key
            .open(stored.entry.nonce, &additional, &stored.entry.sealed)
            .map_err(|source| StoreError::Sealed { position, source })?;
        Entry::decode(&plain, &stored.entry.record).map_err(|source| StoreError::Entry { position, source })
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(cache) = &self.cache else { return Ok(self.index.get(&*self.engine, key)?) };
        if let Some(row) = cache.row(key) {
            return Ok(row.map(|value| value.to_vec()));
        }
        let mark = cache.mark();
        let value = self.index.get(&*self.engine, key)?;
        cache.remember_row(mark, key, value.as_deref());
        Ok(value)
    }

    /// What is there now, whatever is remembered.
    pub(super) fn values(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let wanted: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let values = self.engine.get_many(&wanted)?;
        let open = |(key, value): (&&[u8], Option<Vec<u8>>)| {
            value.map(|value| self.index.open(key, &value)).transpose()
        };
        Ok(wanted.iter().zip(values).map(open).collect::<Result<_, _>>()?)
    }

    pub(super) fn scan(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.index.scan(&*self.engine, range, direction, limit)?)
    }

    pub(super) fn licence(&self, identifier: &Identifier) -> Result<Option<LicenceRow>, StoreError> {
        let value = self.get(&self.keys.licence(identifier))?;
        Ok(value.map(|value| LicenceRow::decode(&value)).transpose()?)
    }

    pub(super) fn events(&self, identifier: &Identifier) -> Result<Vec<EventRow>, StoreError> {
        let range = self.keys.events(identifier);
        let Some(cache) = &self.cache else {
            return decode(&self.scan(&range, Direction::Forward, usize::MAX)?);
        };
        if let Some(rows) = cache.run(&range.from) {
            return decode(&rows);
        }
        let mark = cache.mark();
        let rows = self.scan(&range, Direction::Forward, usize::MAX)?;
        cache.remember_run(mark, &range.from, &rows);
        decode(&rows)
    }
}

fn decode(rows: &[Row]) -> Result<Vec<EventRow>, StoreError> {
    Ok(rows.iter().map(|row| EventRow::decode(&row.value)).collect::<Result<_, _>>()?)
}

/// Opens a sealed entry and reads it.
pub fn open_entry(data: &DataKey, stored: &StoredEntry) -> Result<Entry, ReplayError> {
    let additional = additional_data(stored.position, stored.entry.kind);
    let key = data.segment_key(&stored.salt);
    let plain = key.open(stored.entry.nonce, &additional, &stored.entry.sealed)?;
    Entry::decode(&plain, &stored.entry.record).map_err(|_| ReplayError::Content)
}
