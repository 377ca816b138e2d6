//! Compares the index with the ledger, row by row: one on the disk while nobody has the store open, one in a database also
//! beside the nodes.
//!
//! Every row that an entry makes must be in the index as it is made, and the index must have no others. Where a later entry
//! writes the same row again (a number that passed to the next version, a department that was changed) the row must be
//! that later entry's. Which rows wait for theirs is remembered: some 60 bytes each.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::engine::{Direction, Engine, EngineError, IndexFailure, KeyRange, Row, StoredEntry};
use super::head::Head;
use super::index::Index;
use super::rows::{RowContentError, RowKeys, read_position};
use super::sealed_index::{RowError, SealedIndex};
use crate::crypto::{DataKey, Digest, Random};
use crate::ledger::Entry;

/// sled's cache while checking.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// Rows that are counted at once.
const SCAN: usize = 4_096;

/// The index is not what the ledger makes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexDifference {
    /// It cannot be read.
    #[error(transparent)]
    Index(#[from] IndexFailure),
    /// The database cannot be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It belongs to another ledger, or lost rows.
    #[error("the index is not this ledger's, or lost rows; `elicense store rebuild` makes it anew")]
    OtherLedger,
    /// It knows of entries that the ledger does not have.
    #[error(
        "the ledger has {ledger} entries, the index has seen {index}: entry {ledger} and those after it are gone"
    )]
    Ahead {
        /// Entries of the ledger.
        ledger: u64,
        /// Entries that the index has applied.
        index: u64,
    },
    /// A row is not there.
    #[error("the index lacks the row {row} of entry {position}; `elicense store rebuild` makes it anew")]
    Missing {
        /// The entry.
        position: u64,
        /// The row's kind.
        row: &'static str,
    },
    /// A row says something else.
    #[error(
        "the index's row {row} of entry {position} is not what the ledger says; `elicense store rebuild` makes it anew"
    )]
    Other {
        /// The entry.
        position: u64,
        /// The row's kind.
        row: &'static str,
    },
    /// A row does not open under the data key.
    #[error("the index's row {row} of entry {position} is refused: {source}")]
    Refused {
        /// The entry.
        position: u64,
        /// The row's kind.
        row: &'static str,
        /// Why.
        source: RowError,
    },
    /// There are rows that no entry makes.
    #[error("the index has {got} rows, the ledger makes {expected}; `elicense store rebuild` makes it anew")]
    Extra {
        /// Rows that the ledger makes.
        expected: u64,
        /// Rows of the index.
        got: u64,
    },
    /// An entry of which no rows can be made.
    #[error("entry {position} cannot be indexed: {source}")]
    Content {
        /// The entry.
        position: u64,
        /// Why.
        source: RowContentError,
    },
}

/// An index that was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexChecked {
    /// Entries whose rows must be there. What is behind them is applied (again) at the next start.
    pub entries: u64,
    /// Its rows.
    pub rows: u64,
}

/// A comparison under way. Whoever has one has the store's lock.
pub struct IndexCheck {
    index: Rows,
    sealed: SealedIndex,
    keys: RowKeys,
    applied: Head,
    /// Entries whose rows were made sure of. Those of later ones may be there in part after a power cut.
    synced: u64,
    head: Head,
    rows: u64,
    /// Rows that say they are a later entry's, by SHA-256 of their key, and which.
    waiting: HashMap<Digest, u64>,
}

/// Where the rows are.
enum Rows {
    Files(Index),
    Engine(Arc<dyn Engine>),
}

impl Rows {
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, IndexDifference> {
        match self {
            Self::Files(index) => keys.iter().map(|key| Ok(index.get(key)?)).collect(),
            Self::Engine(engine) => Ok(engine.get_many(keys)?),
        }
    }

    /// Whether more was appended since the ledger was at `head`.
    fn went_on(&self, head: &Head) -> Result<bool, IndexDifference> {
        match self {
            Self::Files(_) => Ok(false),
            Self::Engine(engine) => Ok(engine.next()?.head != *head),
        }
    }

    fn scan(&self, range: &KeyRange) -> Result<Vec<Row>, IndexDifference> {
        Ok(match self {
            Self::Files(index) => index.scan(range, Direction::Forward, SCAN)?,
            Self::Engine(engine) => engine.scan(range, Direction::Forward, SCAN)?,
        })
    }
}

impl IndexCheck {
    /// Begins with the rows that `engine` has at its ledger's `head`. What is appended meanwhile is not looked at.
    pub fn over(engine: Arc<dyn Engine>, head: Head, data: &DataKey, random: Arc<dyn Random>) -> Self {
        let (sealed, keys) = (SealedIndex::new(data, random), RowKeys::new(data));
        let synced = head.entries();
        Self {
            index: Rows::Engine(engine),
            sealed,
            keys,
            applied: head,
            synced,
            head: Head::empty(),
            rows: 0,
            waiting: HashMap::new(),
        }
    }

    /// Begins with the index of the store in `dir`; `None` where there is none, which the next start makes.
    pub fn begin(
        dir: &Path,
        data: &DataKey,
        random: Arc<dyn Random>,
    ) -> Result<Option<Self>, IndexDifference> {
        let folder = dir.join("index");
        if !folder.exists() {
            return Ok(None);
        }
        let index = Index::open(&folder, CACHE_BYTES)?;
        let (applied, synced) = (index.applied()?, index.synced()?);
        if applied.entries() < synced.entries() {
            return Err(IndexDifference::OtherLedger);
        }
        let (sealed, keys) = (SealedIndex::new(data, random), RowKeys::new(data));
        let (head, waiting) = (Head::empty(), HashMap::new());
        let synced = synced.entries();
        Ok(Some(Self { index: Rows::Files(index), sealed, keys, applied, synced, head, rows: 0, waiting }))
    }

    /// Compares the rows of the next entry.
    pub fn entry(&mut self, stored: &StoredEntry, entry: &Entry) -> Result<(), IndexDifference> {
        let position = stored.position;
        if position >= self.applied.entries() {
            return Ok(());
        }
        self.head.advance(&stored.entry);
        let rows = self.keys.rows_of(position, entry);
        let rows = rows.map_err(|source| IndexDifference::Content { position, source })?;
        // A row that an entry makes twice (one holder in two places) is one row.
        let distinct: BTreeMap<&[u8], &Row> = rows.iter().map(|row| (row.key.as_slice(), row)).collect();
        let keys: Vec<&[u8]> = distinct.keys().copied().collect();
        let values = self.index.get_many(&keys)?;
        distinct.into_values().zip(values).try_for_each(|(row, value)| match self.row(position, row, value) {
            Err(_) if position >= self.synced => Ok(()),
            compared => compared,
        })
    }

    fn row(&mut self, position: u64, expected: &Row, value: Option<Vec<u8>>) -> Result<(), IndexDifference> {
        let row = name(&expected.key);
        let value = value.ok_or(IndexDifference::Missing { position, row })?;
        let value = self.sealed.open(&expected.key, &value);
        let value = value.map_err(|source| IndexDifference::Refused { position, row, source })?;
        let other = IndexDifference::Other { position, row };
        let key = Digest::of(&expected.key);
        if value == expected.value {
            self.waiting.remove(&key);
            self.rows += 1;
            return Ok(());
        }
        match read_position(&value) {
            Ok(later) if may_be_written_again(&expected.key) && later > position => {
                self.waiting.insert(key, later);
                Ok(())
            }
            _ => Err(other),
        }
    }

    /// Ends behind the ledger's last entry.
    pub fn finish(self) -> Result<IndexChecked, IndexDifference> {
        let (ledger, index) = (self.head.entries(), self.applied.entries());
        if index > ledger {
            return Err(IndexDifference::Ahead { ledger, index });
        }
        if self.head != self.applied {
            return Err(IndexDifference::OtherLedger);
        }
        // What stands behind the end was appended meanwhile.
        if let Some(&position) = self.waiting.values().min().filter(|position| **position < ledger) {
            return Err(IndexDifference::Other { position, row: "written again" });
        }
        let rows = self.rows.saturating_add(u64::try_from(self.waiting.len()).unwrap_or(u64::MAX));
        let got = self.count()?;
        if got != rows && !self.index.went_on(&self.head)? {
            return Err(IndexDifference::Extra { expected: rows, got });
        }
        Ok(IndexChecked { entries: self.synced, rows })
    }

    fn count(&self) -> Result<u64, IndexDifference> {
        let mut range = KeyRange { from: Vec::new(), to: None };
        let mut count = 0;
        loop {
            let rows = self.index.scan(&range)?;
            count += u64::try_from(rows.len()).unwrap_or(u64::MAX);
            match rows.last() {
                Some(last) => range = range.after(&last.key),
                None => return Ok(count),
            }
        }
    }
}

/// Trust list, department, credential, number, grant and consent: the latest entry's position stands there.
fn may_be_written_again(key: &[u8]) -> bool {
    matches!(key.first(), Some(b't' | b'd' | b'a' | b'n' | b'g' | b'q'))
}

/// The kinds of STORE.md §3.
fn name(key: &[u8]) -> &'static str {
    match key.first() {
        Some(b'i') => "installation",
        Some(b't') => "trust list",
        Some(b'c') => "certificate",
        Some(b'd') => "department",
        Some(b'a') => "API key",
        Some(b'l') => "licence by identifier",
        Some(b's') => "history of a licence",
        Some(b'n') => "licence by number",
        Some(b'h') => "licences of a holder",
        Some(b'y') => "licences of a type",
        Some(b'k') => "request",
        Some(b'x') => "place in a status list",
        Some(b'r') => "receipt",
        Some(b'p') => "presentation",
        Some(b'u') => "presentation used",
        Some(b'g') => "grant",
        Some(b'q') => "consent",
        Some(b'o') => "use of a holder's licences",
        Some(b'v') => "use",
        _ => "unknown",
    }
}
