//! What the store does with entries that are seen: rows that they write are forgotten, and those who follow the ledger are
//! shown them.

use std::sync::{Arc, OnceLock};

use super::engine::{EngineError, Row, StoredEntry};
use super::follow::{By, Follower, Intake, Sent};
use super::reader::open_entry;
use super::row_cache::RowCache;
use super::rows::RowKeys;
use crate::crypto::DataKey;

/// Passes entries on.
pub(super) struct StoreIntake {
    pub(super) data: Arc<DataKey>,
    pub(super) keys: Arc<RowKeys>,
    /// Where rows are kept in memory.
    pub(super) cache: Option<Arc<RowCache>>,
    pub(super) follower: OnceLock<Arc<dyn Follower>>,
}

impl Intake for StoreIntake {
    fn own(&self, first: u64, entries: &[Sent], rows: &[Row]) {
        if let Some(cache) = &self.cache {
            let seen =
                (first..).zip(entries).last().map_or(first, |(position, _)| position.saturating_add(1));
            cache.forget(rows.iter().map(|row| row.key.as_slice()), seen);
        }
        let Some(follower) = self.follower.get() else { return };
        for (position, sent) in (first..).zip(entries) {
            if let Some(entry) = &sent.entry {
                follower.take(position, entry, By::ThisNode);
            }
        }
    }

    fn read(&self, stored: &StoredEntry, sent: Option<&Sent>) -> Result<(), EngineError> {
        let position = stored.position;
        let does_not_open = || EngineError::DoesNotOpen { position };
        let (entry, by) = match sent.and_then(|sent| sent.entry.clone()) {
            Some(entry) => (entry, By::ThisNode),
            None => (Arc::new(open_entry(&self.data, stored).map_err(|_| does_not_open())?), By::Another),
        };
        if let Some(cache) = &self.cache {
            let rows = self.keys.rows_of(position, &entry).map_err(|_| does_not_open())?;
            cache.forget(rows.iter().map(|row| row.key.as_slice()), position.saturating_add(1));
        }
        if let Some(follower) = self.follower.get() {
            follower.take(position, &entry, by);
        }
        Ok(())
    }
}
