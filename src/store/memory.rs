//! An engine that keeps everything in memory, for tests and for showing what an engine is.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use super::engine::{
    Direction, Engine, EngineError, Group, KeyRange, Next, Row, Salt, SealedEntry, StoredEntry,
};
use super::head::Head;

/// Ledger and rows in memory. "Durable" here means: until dropped.
#[derive(Debug)]
pub struct MemoryEngine {
    kept: RwLock<Kept>,
}

#[derive(Debug)]
struct Kept {
    head: Head,
    salt: Salt,
    entries: Vec<(Salt, SealedEntry)>,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MemoryEngine {
    /// An empty one whose entries are sealed under `salt`, until told otherwise.
    pub const fn new(salt: Salt) -> Self {
        let kept = Kept { head: Head::empty(), salt, entries: Vec::new(), rows: BTreeMap::new() };
        Self { kept: RwLock::new(kept) }
    }

    fn kept(&self) -> std::sync::RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for MemoryEngine {
    fn next(&self) -> Result<Next, EngineError> {
        let kept = self.kept();
        Ok(Next { head: kept.head.clone(), salt: kept.salt })
    }

    fn append(&self, group: &Group) -> Result<(), EngineError> {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let salt = kept.salt;
        group.check(&Next { head: kept.head.clone(), salt })?;
        kept.entries.extend(group.entries().iter().map(|entry| (salt, entry.clone())));
        kept.rows.extend(group.rows().iter().cloned().map(|row| (row.key, row.value)));
        kept.head = group.head().clone();
        Ok(())
    }

    fn use_salt(&self, salt: Salt) -> Result<(), EngineError> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner).salt = salt;
        Ok(())
    }

    fn read(&self, position: u64) -> Result<Option<StoredEntry>, EngineError> {
        let kept = self.kept();
        let entry = usize::try_from(position).ok().and_then(|index| kept.entries.get(index));
        Ok(entry.map(|(salt, entry)| StoredEntry { position, salt: *salt, entry: entry.clone() }))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.kept().rows.get(key).cloned())
    }

    fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Row>, EngineError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let kept = self.kept();
        let to = range.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = kept.rows.range::<[u8], _>((Bound::Included(range.from.as_slice()), to));
        let row = |(key, value): (&Vec<u8>, &Vec<u8>)| Row { key: key.clone(), value: value.clone() };
        Ok(match direction {
            Direction::Forward => rows.map(row).take(limit).collect(),
            Direction::Backward => rows.rev().map(row).take(limit).collect(),
        })
    }
}
