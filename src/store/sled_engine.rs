//! The engine of one machine: ledger files that are the truth, and a sled index that is caught up from them.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::durable::IoFailure;
use super::engine::{Direction, Engine, EngineError, Group, IndexFailure, KeyRange, Next, Row, StoredEntry};
use super::head::Head;
use super::index::{self, Index};
use super::journal::{Aside, Journal, JournalError, SEGMENT_BYTES, Walked, Wanted, walk};
use super::lock::Lock;
use super::witness::{Standing, WitnessError, judge};
use crate::crypto::{Random, SealError};
use crate::ledger::Checkpoint;

/// Entries that are applied in one batch while catching up.
const CATCH_UP_ENTRIES: u64 = 256;
/// Entries after which a catch-up syncs the index: a long one leaves sled little to do at once.
const CATCH_UP_SYNC: u64 = 64 * CATCH_UP_ENTRIES;

/// Where a store lies and how it is kept.
#[derive(Clone, Debug)]
pub struct SledOptions {
    /// The store's directory.
    pub dir: PathBuf,
    /// A segment of this length is followed by a new one.
    pub segment_bytes: u64,
    /// sled's cache. What sled takes in all is a few times that.
    pub cache_bytes: u64,
    /// How often the index is synced; a start after a crash applies again what came since.
    pub sync_every: Duration,
    /// Whether the index that is there is used.
    pub index: IndexPolicy,
}

/// Whether the index that is there is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexPolicy {
    /// Yes, if it fits the ledger, else it is made anew. One that is ahead of the ledger is evidence that acknowledged
    /// entries are gone: the start is refused.
    CatchUp,
    /// No; it is not even asked what it knows.
    Rebuild,
}

impl SledOptions {
    /// What suits a store in `dir` on a small machine.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            segment_bytes: SEGMENT_BYTES,
            cache_bytes: 64 * 1024 * 1024,
            sync_every: Duration::from_secs(3),
            index: IndexPolicy::CatchUp,
        }
    }
}

/// Makes an entry's rows from the entry, sealed as [`Engine::append`] takes them; `lookup` reads rows as they were when the
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

/// The store cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The ledger is damaged or cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The ledger is not the one of its checkpoint.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The index knows of entries that the ledger does not have.
    #[error(
        "the ledger has {ledger} entries, the index has seen {index}: entry {ledger} and those after it are gone"
    )]
    IndexAhead {
        /// Entries in the ledger.
        ledger: u64,
        /// Entries that the index has applied.
        index: u64,
    },
    /// An entry's rows cannot be made.
    #[error("entry {position} cannot be indexed: {problem}")]
    Replay {
        /// Position of the entry.
        position: u64,
        /// Why.
        problem: ReplayError,
    },
    /// The index cannot be opened or written.
    #[error(transparent)]
    Index(#[from] IndexFailure),
    /// An entry cannot be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file or directory cannot be used.
    #[error(transparent)]
    Io(#[from] IoFailure),
}

/// What opening found, to be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// How the ledger stands to its checkpoint.
    pub standing: Standing,
    /// Entries in the ledger.
    pub entries: u64,
    /// An unfinished last group that was moved aside.
    pub aside: Option<Aside>,
    /// What was done to the index.
    pub index: IndexWork,
}

/// What opening did to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexWork {
    /// It was there; so many entries were applied (again).
    CaughtUp {
        /// Entries applied.
        entries: u64,
    },
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

/// Journal and index, opened by one process.
pub struct SledEngine {
    journal: Journal,
    index: Arc<Index>,
    /// Whose turn it is to append; whether an append may.
    turn: Mutex<Turn>,
    syncer: Option<(SyncSender<()>, JoinHandle<()>)>,
    _lock: Lock,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Open,
    /// A group is in the journal and not in the index.
    Stopped,
}

impl SledEngine {
    /// Opens the store in `options.dir`, which `lock` is of: walks the ledger, judges it by its last `checkpoint`, puts an
    /// unfinished last group aside, and catches the index up through `replay` (STORE.md §4).
    pub fn open(
        options: &SledOptions,
        lock: Lock,
        checkpoint: Option<&Checkpoint>,
        random: Arc<dyn Random>,
        replay: &Replay<'_>,
    ) -> Result<(Self, Opening), OpenError> {
        let ledger = options.dir.join("ledger");
        let found = Found::look(options)?;
        let size = checkpoint.map_or(0, |checkpoint| checkpoint.size);
        let heads = [size, found.applied.entries(), found.synced.entries()];
        let acknowledged = heads.iter().copied().max().unwrap_or(0);
        let visit = &mut |_: &StoredEntry| std::ops::ControlFlow::Continue(());
        let walked = walk(&ledger, Wanted { acknowledged, heads: &heads, visit })?;
        let standing = judge(checkpoint, &walked.head, walked.heads.get(&size))?;
        let plan = found.plan(&walked)?;
        let entries = walked.head.entries();
        let (journal, aside) = Journal::open(&ledger, walked, options.segment_bytes, random)?;
        let catch_up = CatchUp { journal: &journal, replay, entries };
        let (index, work) = catch_up.index(options, plan)?;
        let index = Arc::new(index);
        let syncer = Some(start_syncer(Arc::clone(&index), options.sync_every));
        let engine = Self { journal, index, turn: Mutex::new(Turn::Open), syncer, _lock: lock };
        Ok((engine, Opening { standing, entries, aside, index: work }))
    }
}

impl Engine for SledEngine {
    fn next(&self) -> Result<Next, EngineError> {
        Ok(self.journal.next())
    }

    fn append(&self, group: &Group) -> Result<(), EngineError> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if *turn == Turn::Stopped {
            return Err(EngineError::Stopped);
        }
        self.journal.append(group)?;
        self.index.apply(group.rows(), group.head()).map_err(|failure| {
            *turn = Turn::Stopped;
            EngineError::NotApplied(failure)
        })
    }

    fn read(&self, position: u64) -> Result<Option<StoredEntry>, EngineError> {
        self.journal.read(position)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.index.get(key)?)
    }

    fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Row>, EngineError> {
        Ok(self.index.scan(range, direction, limit)?)
    }
}

impl Drop for SledEngine {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.syncer.take() {
            drop(stop);
            // It does not panic; and if it did, the next start would only have more to apply.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for SledEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledEngine").field("journal", &self.journal).finish_non_exhaustive()
    }
}

/// Syncs the index every so often, and a last time when the engine is dropped. A sync that fails is tried again: until
/// one succeeds the `synced` mark stays where it is, and a start applies more.
fn start_syncer(index: Arc<Index>, every: Duration) -> (SyncSender<()>, JoinHandle<()>) {
    let (stop, stopped) = sync_channel(0);
    let thread = thread::spawn(move || {
        loop {
            let more = stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout);
            let _ = index.sync();
            if !more {
                break;
            }
        }
    });
    (stop, thread)
}

/// The index as it is before anything is done to it.
struct Found {
    index: Result<Index, Rebuild>,
    applied: Head,
    synced: Head,
}

/// What is to be done to it.
enum Plan {
    /// Apply from this entry on.
    From(Index, u64),
    Rebuild(Rebuild),
}

impl Found {
    fn look(options: &SledOptions) -> Result<Self, OpenError> {
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
    fn plan(self, walked: &Walked) -> Result<Plan, OpenError> {
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
struct CatchUp<'a> {
    journal: &'a Journal,
    replay: &'a Replay<'a>,
    entries: u64,
}

impl CatchUp<'_> {
    fn index(&self, options: &SledOptions, plan: Plan) -> Result<(Index, IndexWork), OpenError> {
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
            if position % CATCH_UP_SYNC == 0 {
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
