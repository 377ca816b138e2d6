//! The engine of one machine: ledger files that are the truth, and a sled index that is caught up from them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::catch_up::{CatchUp, Found, IndexWork, Replay, ReplayError};
use super::durable::IoFailure;
use super::engine::{
    Direction, Engine, EngineError, Group, IndexFailure, KeyRange, Next, Row, Salt, StoredEntry,
};
use super::head::Head;
use super::index::{Index, synced};
use super::journal::{Aside, Journal, JournalError, SEGMENT_BYTES, Unfinished, Wanted, walk};
use super::lock::Lock;
use super::postgres::{AuthoritiesError, DatabaseFailure, RuntimeError, VersionError};
use super::witness::{Standing, WitnessError, judge};
use crate::crypto::{Random, RandomError};
use crate::ledger::Checkpoint;

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
    /// The database does not answer as it should.
    #[error(transparent)]
    Database(#[from] DatabaseFailure),
    /// The database's tables are older or newer than this program's.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// The authorities for TLS to the database cannot be used.
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
    /// No thread for the connections to the database.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// No name for this node.
    #[error(transparent)]
    Random(#[from] RandomError),
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

/// Walks the ledger in `dir` and judges it by `checkpoint`, reading only: also beside a running service, if the checkpoint
/// was read before. `visit` is shown every entry; `Break` says that its content is bad.
pub fn check(
    dir: &Path,
    checkpoint: Option<&Checkpoint>,
    visit: &mut dyn FnMut(&StoredEntry) -> ControlFlow<()>,
) -> Result<Checked, OpenError> {
    check_at(dir, checkpoint, &[], visit)
}

/// As [`check`], and remembers the heads after so many entries.
pub fn check_at(
    dir: &Path,
    checkpoint: Option<&Checkpoint>,
    heads: &[u64],
    visit: &mut dyn FnMut(&StoredEntry) -> ControlFlow<()>,
) -> Result<Checked, OpenError> {
    let seen = synced(&dir.join("index"))?.entries();
    let size = checkpoint.map_or(0, |checkpoint| checkpoint.size);
    let wanted = Wanted { acknowledged: size.max(seen), heads: &[heads, &[size]].concat(), visit };
    let walked = walk(&dir.join("ledger"), wanted)?;
    let standing = judge(checkpoint, &walked.head, walked.heads.get(&size))?;
    let ledger = walked.head.entries();
    if seen > ledger {
        return Err(OpenError::IndexAhead { ledger, index: seen });
    }
    let lengths = walked.lengths();
    Ok(Checked { standing, head: walked.head, unfinished: walked.unfinished, heads: walked.heads, lengths })
}

/// A good ledger, as [`check`] found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How it stands to its checkpoint.
    pub standing: Standing,
    /// Where it stands.
    pub head: Head,
    /// A last group that is being written, or was when the process ended.
    pub unfinished: Option<Unfinished>,
    /// The heads that were asked for, by count of entries, those that there are.
    pub heads: BTreeMap<u64, Head>,
    /// How far each segment's whole groups go, in bytes of its file.
    pub lengths: Vec<u64>,
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
        let visit = &mut |_: &StoredEntry| ControlFlow::Continue(());
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

    fn use_salt(&self, salt: Salt) -> Result<(), EngineError> {
        self.journal.use_salt(salt)
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
