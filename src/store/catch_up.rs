//! Brings the index to the ledger's end when a store is opened: judged by the ledger, caught up, or made anew
//! (STORE.md §4.5, §4.7).

use std::collections::HashMap;
use std::path::PathBuf;

use super::engine::{EngineError, IndexFailure, Row, StoredEntry};
use super::head::Head;
use super::index::{self, Index};
use super::journal::{Journal, Walked};
use super::sled_engine::{IndexPolicy, OpenError, SledOptions};
use crate::crypto::SealError;

/// Entries that are applied in one batch while catching up.
const CATCH_UP_ENTRIES: u64 = 256;
/// Entries after which a catch-up syncs the index: a long one leaves sled little to do at once.
const CATCH_UP_SYNC: u64 = 64 * CATCH_UP_ENTRIES;

/// Makes an entry's rows from the entry, sealed as [`super::Engine::append`] takes them; `lookup` reads rows as they were when the
/// entry was appended **or later**. Applying entries again from an earlier one on must lead to the same rows.
pub type Replay<'a> = dyn Fn(&StoredEntry, &Lookup<'_>) -> Result<Vec<Row>, ReplayError> + 'a;
/// Reads the value of a key.
pub type Lookup<'a> = dyn Fn(&[u8]) -> Result<Option<Vec<u8>>, EngineError> + 'a;

/// An entry's rows could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The entry does not open.
    #[error("{0}; is it the right data key?")]
    Sealed(#[from] SealError),
    /// It opens, and is not what an entry of its kind is.
    #[error("its content is not what its kind says")]
    Content,
    /// A row that it builds on cannot be read or written.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What opening did to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexWork {
    /// It was there; so many entries were applied (again).
    CaughtUp {
        /// Entries applied.
        entries: u64,
    },
    /// None: the database changes it together with the ledger.
    InTransactions,
    /// It was made anew.
    Rebuilt {
        /// Why.
        because: Rebuild,
    },
}

/// Why an index was made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuild {
    /// It was asked for.
    Asked,
    /// There was none.
    Missing,
    /// It could not be read.
    Damaged,
    /// It has less than was known to be on the disk: sled dropped a damaged part in silence.
    LostRows,
    /// It belongs to another ledger.
    OtherLedger,
}

/// The index as it is before anything is done to it.
pub(super) struct Found {
    index: Result<Index, Rebuild>,
    pub(super) applied: Head,
    pub(super) synced: Head,
}

/// What is to be done to it.
pub(super) enum Plan {
    /// Apply from this entry on.
    From(Index, u64),
    Rebuild(Rebuild),
}

impl Found {
    pub(super) fn look(options: &SledOptions) -> Result<Self, OpenError> {
        let none = |because| Self { index: Err(because), applied: Head::empty(), synced: Head::empty() };
        let dir = index_dir(options);
        if options.index == IndexPolicy::Rebuild {
            return Ok(none(Rebuild::Asked));
        }
        if !dir.exists() {
            return Ok(none(Rebuild::Missing));
        }
        let index = match Index::open(&dir, options.cache_bytes) {
            Ok(index) => index,
            Err(IndexFailure::Io(failure)) => return Err(failure.into()),
            Err(IndexFailure::Damaged | IndexFailure::Internal) => return Ok(none(Rebuild::Damaged)),
        };
        match (index.applied(), index.synced()) {
            (Err(IndexFailure::Io(failure)), _) | (_, Err(IndexFailure::Io(failure))) => Err(failure.into()),
            (Ok(applied), Ok(synced)) => Ok(Self { index: Ok(index), applied, synced }),
            (Err(_), Ok(synced)) => Ok(Self { synced, ..none(Rebuild::Damaged) }),
            (Ok(applied), Err(_)) => Ok(Self { applied, ..none(Rebuild::Damaged) }),
            (Err(_), Err(_)) => Ok(none(Rebuild::Damaged)),
        }
    }

    /// Judges the index by the ledger.
    pub(super) fn plan(self, walked: &Walked) -> Result<Plan, OpenError> {
        let (ledger, seen) = (walked.head.entries(), self.applied.entries().max(self.synced.entries()));
        if seen > ledger {
            return Err(OpenError::IndexAhead { ledger, index: seen });
        }
        let fits = |head: &Head| walked.heads.get(&head.entries()) == Some(head);
        let (applied, synced) = (self.applied.entries(), self.synced.entries());
        Ok(match self.index {
            Err(because) => Plan::Rebuild(because),
            Ok(_) if !fits(&self.applied) || !fits(&self.synced) => Plan::Rebuild(Rebuild::OtherLedger),
            Ok(_) if applied < synced => Plan::Rebuild(Rebuild::LostRows),
            Ok(index) => Plan::From(index, synced),
        })
    }
}

/// Brings an index to the ledger's end.
pub(super) struct CatchUp<'a> {
    pub(super) journal: &'a Journal,
    pub(super) replay: &'a Replay<'a>,
    pub(super) entries: u64,
}

impl CatchUp<'_> {
    pub(super) fn index(&self, options: &SledOptions, plan: Plan) -> Result<(Index, IndexWork), OpenError> {
        let dir = index_dir(options);
        let made = dir.with_extension("new");
        match plan {
            Plan::From(index, position) => {
                self.apply(&index, position)?;
                Ok((index, IndexWork::CaughtUp { entries: self.entries - position }))
            }
            Plan::Rebuild(because) => {
                index::remove(&made)?;
                let index = Index::open(&made, options.cache_bytes)?;
                self.apply(&index, 0)?;
                index.sync()?;
                drop(index);
                index::swap(&made, &dir)?;
                let index = Index::open(&dir, options.cache_bytes)?;
                Ok((index, IndexWork::Rebuilt { because }))
            }
        }
    }

    fn apply(&self, index: &Index, from: u64) -> Result<(), OpenError> {
        let mut head = match from {
            0 => Head::empty(),
            _ => index.synced()?,
        };
        let mut position = from;
        while position < self.entries {
            let end = self.entries.min(position + CATCH_UP_ENTRIES);
            self.batch(index, &mut head, position..end)?;
            position = end;
            if position.is_multiple_of(CATCH_UP_SYNC) {
                index.sync()?;
            }
        }
        Ok(())
    }

    fn batch(
        &self,
        index: &Index,
        head: &mut Head,
        positions: std::ops::Range<u64>,
    ) -> Result<(), OpenError> {
        let mut rows: Vec<Row> = Vec::new();
        let mut fresh: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        for position in positions {
            // The walk has just seen it.
            let Some(entry) = self.journal.read(position)? else { break };
            let lookup = |key: &[u8]| match fresh.get(key) {
                Some(value) => Ok(Some(value.clone())),
                None => Ok(index.get(key)?),
            };
            let made =
                (self.replay)(&entry, &lookup).map_err(|problem| OpenError::Replay { position, problem })?;
            fresh.extend(made.iter().map(|row| (row.key.clone(), row.value.clone())));
            rows.extend(made);
            head.advance(&entry.entry);
        }
        Ok(index.apply(&rows, head)?)
    }
}

fn index_dir(options: &SledOptions) -> PathBuf {
    options.dir.join("index")
}
