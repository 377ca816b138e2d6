//! Hands out places in status lists: random inside a list, so that a place tells nothing about when or to whom.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::codec::StatusReference;
use crate::crypto::{Random, RandomError, random_bytes};
use crate::store::{Store, StoreError};

/// Places in one list (FORMAT.md §2): at 2 bits each, 256 KiB.
const PLACES: u32 = 1 << 20;
/// Random places tried before a list counts as full enough. At 45 % taken about one in 350,000 tries fails so often.
const TRIES: u32 = 16;

/// The status lists of one authority.
#[derive(Debug)]
pub(super) struct StatusIndexes {
    prefix: String,
    /// The list that places are taken from. Starts at 0 after every opening: full ones are passed over quickly.
    list: AtomicU32,
}

/// No place could be found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum StatusIndexError {
    /// Looking whether one is taken failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl StatusIndexes {
    /// Lists whose addresses are `prefix` and a number.
    pub(super) const fn new(prefix: String) -> Self {
        Self { prefix, list: AtomicU32::new(0) }
    }

    /// Passes over the current list, as if it were full.
    #[cfg(test)]
    pub(super) fn pass_over(&self) {
        self.list.fetch_add(1, Ordering::Relaxed);
    }

    /// A place of the list that places are taken from, free or not.
    pub(super) fn any(&self, random: &dyn Random) -> Result<StatusReference, RandomError> {
        self.any_of(self.list.load(Ordering::Relaxed), random)
    }

    fn any_of(&self, list: u32, random: &dyn Random) -> Result<StatusReference, RandomError> {
        let index = u32::from_be_bytes(random_bytes(random)?) % PLACES; // a power of two: no bias
        Ok(StatusReference { uri: format!("{}{list}", self.prefix), index })
    }

    /// A place that is free now. Whether it still is when the licence is appended, a guard decides.
    pub(super) fn free(
        &self,
        store: &Store,
        random: &dyn Random,
    ) -> Result<StatusReference, StatusIndexError> {
        loop {
            let list = self.list.load(Ordering::Relaxed);
            for _ in 0..TRIES {
                let place = self.any_of(list, random)?;
                if !store.has(&store.keys().status_index(&place.uri, place.index))? {
                    return Ok(place);
                }
            }
            // Another thread may have moved on already; either way the next list is tried.
            let _ = self.list.compare_exchange(
                list,
                list.saturating_add(1),
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
        }
    }
}
