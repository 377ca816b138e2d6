//! Opened rows that a node keeps in memory, where reading one is a journey to another machine.
//!
//! A row is what it was when the node had seen so many entries of the ledger. Entries that it sees later take away the rows
//! that they write, so what is here is always as of the last entry seen. How a node sees to it that it has seen the
//! newest, `freshness` says.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use quick_cache::sync::Cache;

use super::engine::Row;

/// Rows that are remembered: some 60 MB.
const ROWS: usize = 131_072;
/// Runs of rows that are remembered: some 30 MB.
const RUNS: usize = 65_536;
/// Rows of the longest run that is remembered.
const LONGEST_RUN: usize = 64;

/// Opened rows, by key, and runs of them, by what their keys begin with.
pub(super) struct RowCache {
    seen: RwLock<u64>,
    rows: Cache<Vec<u8>, Option<Arc<[u8]>>>,
    runs: Cache<Vec<u8>, Arc<[Row]>>,
    /// Where a key's run begins with: its prefix.
    run_of: fn(&[u8]) -> Option<&[u8]>,
    /// While it is not known what others have appended, nothing that is remembered is used.
    is_paused: AtomicBool,
}

/// How much of the ledger was seen before a row was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(u64);

impl RowCache {
    /// Of a ledger of which so many entries were seen; `run_of` says which run a key is in, if runs of its kind are kept.
    pub(super) fn new(seen: u64, run_of: fn(&[u8]) -> Option<&[u8]>) -> Self {
        let (rows, runs) = (Cache::new(ROWS), Cache::new(RUNS));
        Self { seen: RwLock::new(seen), rows, runs, run_of, is_paused: AtomicBool::new(false) }
    }

    /// The database does not say what others have appended.
    pub(super) fn pause(&self) {
        self.is_paused.store(true, Ordering::Release);
    }

    /// It does.
    pub(super) fn resume(&self) {
        self.is_paused.store(false, Ordering::Release);
    }

    fn is_in_use(&self) -> bool {
        !self.is_paused.load(Ordering::Acquire)
    }

    /// Before a row is read that shall be remembered.
    pub(super) fn mark(&self) -> Mark {
        Mark(*self.seen.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is remembered of a key: its value, or that there is none.
    pub(super) fn row(&self, key: &[u8]) -> Option<Option<Arc<[u8]>>> {
        if self.is_in_use() { self.rows.get(key) } else { None }
    }

    /// Every row whose key begins with `prefix`.
    pub(super) fn run(&self, prefix: &[u8]) -> Option<Arc<[Row]>> {
        if self.is_in_use() { self.runs.get(prefix) } else { None }
    }

    /// Remembers what was read since `mark`, unless entries were seen in between: they may have written it.
    pub(super) fn remember_row(&self, mark: Mark, key: &[u8], value: Option<&[u8]>) {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        if *seen == mark.0 {
            self.rows.insert(key.to_vec(), value.map(Arc::from));
        }
    }

    /// As [`RowCache::remember_row`], a whole run.
    pub(super) fn remember_run(&self, mark: Mark, prefix: &[u8], rows: &[Row]) {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        if *seen == mark.0 && rows.len() <= LONGEST_RUN {
            self.runs.insert(prefix.to_vec(), rows.into());
        }
    }

    /// Entries up to `seen` were seen, which write these keys.
    pub(super) fn forget<'a>(&self, keys: impl Iterator<Item = &'a [u8]>, now_seen: u64) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            self.rows.remove(key);
            if let Some(prefix) = (self.run_of)(key) {
                self.runs.remove(prefix);
            }
        }
        *seen = now_seen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> RowCache {
        RowCache::new(0, |key| key.strip_suffix(b"!").or_else(|| key.strip_suffix(b"?")))
    }

    #[test]
    fn what_is_written_is_forgotten_and_what_was_read_before_is_not_remembered_after() {
        let cache = cache();
        assert!(cache.row(b"a").is_none());
        let before = cache.mark();
        cache.remember_row(before, b"a", Some(b"1"));
        cache.remember_row(before, b"b", None);
        assert_eq!(cache.row(b"a").unwrap().as_deref(), Some(&b"1"[..]));
        assert_eq!(cache.row(b"b").unwrap(), None);
        cache.forget([&b"a"[..]].into_iter(), 1);
        assert!(cache.row(b"a").is_none());
        assert_eq!(cache.row(b"b").unwrap(), None);
        cache.remember_row(before, b"a", Some(b"1"));
        assert!(cache.row(b"a").is_none(), "it was read before entry 0 was seen");
    }

    #[test]
    fn while_it_is_not_known_what_others_did_nothing_is_used() {
        let cache = cache();
        cache.remember_row(cache.mark(), b"a", Some(b"1"));
        cache.pause();
        assert!(cache.row(b"a").is_none());
        cache.resume();
        assert!(cache.row(b"a").is_some());
    }

    #[test]
    fn a_run_goes_with_any_of_its_rows() {
        let cache = cache();
        let rows = [Row { key: b"a!".to_vec(), value: Vec::new() }];
        cache.remember_run(cache.mark(), b"a", &rows);
        assert_eq!(cache.run(b"a").unwrap()[..], rows);
        cache.forget([&b"b!"[..]].into_iter(), 1);
        assert!(cache.run(b"a").is_some());
        cache.forget([&b"a?"[..]].into_iter(), 2);
        assert!(cache.run(b"a").is_none());
        let long = vec![rows[0].clone(); LONGEST_RUN + 1];
        cache.remember_run(cache.mark(), b"a", &long);
        assert!(cache.run(b"a").is_none());
    }
}
