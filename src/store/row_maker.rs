//! Makes the index rows of ledger entries from the entries themselves: for an index that is caught up, and for a copy.

use std::sync::Arc;

use super::catch_up::{Lookup, ReplayError};
use super::engine::{Row, StoredEntry};
use super::licence_store::StoreKeys;
use super::lock::Lock;
use super::reader::open_entry;
use super::rows::RowKeys;
use super::sealed_index::SealedIndex;
use super::sled_engine::{OpenError, Opening, SledEngine, SledOptions};
use crate::crypto::DataKey;
use crate::ledger::Checkpoint;

/// Makes rows, sealed as an engine takes them.
pub(super) struct RowMaker {
    data: Arc<DataKey>,
    names: RowKeys,
    index: SealedIndex,
}

impl RowMaker {
    pub(super) fn new(keys: &StoreKeys) -> Self {
        let index = SealedIndex::new(&keys.data, Arc::clone(&keys.random));
        Self { data: Arc::clone(&keys.data), names: RowKeys::new(&keys.data), index }
    }

    /// The rows of an entry.
    pub(super) fn rows(&self, stored: &StoredEntry) -> Result<Vec<Row>, ReplayError> {
        let entry = open_entry(&self.data, stored)?;
        let rows = self.names.rows_of(stored.position, &entry).map_err(|_| ReplayError::Content)?;
        self.index.seal(rows).map_err(|_| ReplayError::Content)
    }
}

impl SledEngine {
    /// As [`SledEngine::open`], with the rows that an installation with these `keys` has.
    pub fn open_with(
        options: &SledOptions,
        lock: Lock,
        checkpoint: Option<&Checkpoint>,
        keys: &StoreKeys,
    ) -> Result<(Self, Opening), OpenError> {
        let rows = RowMaker::new(keys);
        let replay = |stored: &StoredEntry, _: &Lookup<'_>| rows.rows(stored);
        Self::open(options, lock, checkpoint, Arc::clone(&keys.random), &replay)
    }
}
