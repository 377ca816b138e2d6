//! The engine that a node has of the database: blocking calls, handed to the tasks that hold the connections.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Sender, channel};

use super::connection::Connector;
use super::failure::{DatabaseAct, DatabaseCause, DatabaseFailure};
use super::flight::{Answer, Ask};
use super::reads::Reads;
use super::runtime::wait;
use super::shared::{Role, Shared};
use super::tables::LedgerRow;
use super::tasks::{Tasks, beat};
use super::turns::{APPEND_WITHIN, Change, Command, TURN_WITHIN, Turns};
use super::url::DatabaseUrl;
use super::walk::walk;
use crate::crypto::{Random, random_bytes};
use crate::ledger::Checkpoint;
use crate::store::catch_up::IndexWork;
use crate::store::engine::{
    Direction, Engine, EngineError, Group, KeyRange, MAX_GROUP_BYTES, Next, Row, Salt, Sharing, StoredEntry,
};
use crate::store::head::Head;
use crate::store::sled_engine::{OpenError, Opening};
use crate::store::witness::judge;

/// Connections that short reads share.
const READERS: usize = 2;
/// Rows or entries that go with the short reads; more go over a connection of their own, so that they delay nobody.
const SHORT: usize = 64;
/// Bytes of entries that go with the short reads.
const SHORT_BYTES: usize = 256 * 1024;
/// Rows or entries in a page of a long read.
const PAGE: usize = 1024;
/// Bytes of entries in a page.
const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Commands that may wait for the task that takes turns. One thread of a node takes turns.
const COMMANDS: usize = 64;
/// More time for an answer than the task gives itself: it answers first.
const SLACK: Duration = Duration::from_secs(1);

/// How old the newest beat in a replica may be.
const MOST_BEHIND: Duration = Duration::from_secs(5);

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    /// Its URL.
    pub url: DatabaseUrl,
}

/// A node's engine over PostgreSQL.
pub struct PostgresEngine {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    shared: Arc<Shared>,
    short: Arc<Reads>,
    long: Arc<Reads>,
    turns: Sender<Command>,
}

/// Whether a store was moved elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is here; nodes append.
    Here,
    /// It is elsewhere: nobody appends here.
    Elsewhere,
}

impl PostgresEngine {
    /// Opens the store in the database of `options`: follows every entry and judges the ledger by this node's last
    /// `checkpoint` (STORE.md §7.4).
    pub fn open(
        options: &PostgresOptions,
        checkpoint: Option<&Checkpoint>,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Opening), OpenError> {
        Self::open_as(Role::Node, options, checkpoint, random)
    }

    /// As [`PostgresEngine::open`], for whoever moves the store: reads and appends also where it is [`Moved::Elsewhere`].
    pub fn open_to_move(
        options: &PostgresOptions,
        checkpoint: Option<&Checkpoint>,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Opening), OpenError> {
        Self::open_as(Role::Mover, options, checkpoint, random)
    }

    fn open_as(
        role: Role,
        options: &PostgresOptions,
        checkpoint: Option<&Checkpoint>,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Opening), OpenError> {
        let connector = Arc::new(Connector::new(&options.url)?);
        let runtime = Tasks::new()?;
        let replica = runtime.look(&connector)?;
        let shared = Arc::new(Shared::new(Head::empty(), replica, role));
        let (short, long) =
            (runtime.reads(&connector, &shared, READERS), runtime.reads(&connector, &shared, 1));
        let ledger = ledger_of(&long)?;
        let size = checkpoint.map_or(0, |checkpoint| checkpoint.size);
        let walked = walk(&long, &ledger, size)?;
        let standing = judge(checkpoint, &ledger.head, walked.then.as_ref())?;
        shared.saw(&ledger.head);
        let (turns, commands) = channel(COMMANDS);
        let node = random_bytes(&*random)?;
        runtime.spawn(Turns::new(connector, Arc::clone(&shared), random).run(commands));
        runtime.spawn(beat(Arc::clone(&long), node));
        let entries = ledger.head.entries();
        let engine = Self { runtime: runtime.keep(), shared, short, long, turns };
        Ok((engine, Opening { standing, entries, aside: None, index: IndexWork::InTransactions }))
    }

    /// Why the database did not answer when it was last asked, if it did not. It is asked at least once a second.
    pub fn last_failure(&self) -> Option<DatabaseFailure> {
        self.shared.failure()
    }

    /// Whether the database answered when it was last asked.
    pub fn is_connected(&self) -> bool {
        self.last_failure().is_none()
    }

    /// How long ago any node that appends was last there, by the database's clock; `None` where none ever was.
    pub fn newest_beat_age(&self) -> Result<Option<Duration>, EngineError> {
        match self.short.ask(Ask::NewestBeat)? {
            Answer::Age(age) => Ok(age),
            _ => Err(unexpected()),
        }
    }

    /// Whether the store was moved elsewhere.
    pub fn moved(&self) -> Result<Moved, EngineError> {
        let moved = ledger_of(&self.short)?.moved;
        Ok(if moved { Moved::Elsewhere } else { Moved::Here })
    }

    /// Says whether the store was moved elsewhere. Not during a turn.
    pub fn set_moved(&self, moved: Moved) -> Result<(), EngineError> {
        let moved = i32::from(moved == Moved::Elsewhere);
        self.command(APPEND_WITHIN, |reply| Command::Change(Change::Moved(moved), reply), late_write)
    }

    /// Hands a command to the task that takes turns and waits for its answer; `late` is what no answer means.
    fn command<T>(
        &self,
        within: Duration,
        command: impl FnOnce(SyncSender<Result<T, EngineError>>) -> Command,
        late: impl FnOnce() -> EngineError,
    ) -> Result<T, EngineError> {
        let (reply, answer) = sync_channel(1);
        let busy = |_| DatabaseFailure::new(DatabaseAct::TakeTurn, DatabaseCause::Busy);
        self.turns.try_send(command(reply)).map_err(busy)?;
        wait(&answer, within.saturating_add(SLACK)).unwrap_or_else(|| Err(late()))
    }

    fn run(
        &self,
        reads: &Reads,
        from: u64,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<StoredEntry>, EngineError> {
        match reads.ask(Ask::Run { from, limit, bytes })? {
            Answer::Run(entries) => Ok(entries.into_iter().map(|entry| entry.stored).collect()),
            _ => Err(unexpected()),
        }
    }
}

impl Engine for PostgresEngine {
    fn sharing(&self) -> Sharing {
        if self.shared.is_replica() { Sharing::Replica } else { Sharing::Shared }
    }

    fn check_current(&self) -> Result<(), EngineError> {
        if !self.shared.is_replica() {
            return Ok(());
        }
        match self.newest_beat_age()? {
            Some(age) if age <= MOST_BEHIND => Ok(()),
            _ => Err(EngineError::ReplicaBehind { limit: MOST_BEHIND.as_secs() }),
        }
    }

    fn next(&self) -> Result<Next, EngineError> {
        let seen = self.shared.seen();
        let ledger = ledger_of(&self.short)?;
        match Shared::compare(&seen, &ledger.head) {
            Ok(()) => Ok(ledger.next()),
            Err(_) if self.shared.is_replica() => {
                Err(DatabaseFailure::new(DatabaseAct::Read, DatabaseCause::Stale).into())
            }
            Err(damage) => Err(self.shared.stop(damage)),
        }
    }

    fn turn(&self) -> Result<Next, EngineError> {
        let late = || DatabaseFailure::new(DatabaseAct::TakeTurn, DatabaseCause::Late).into();
        self.command(TURN_WITHIN, Command::Turn, late)
    }

    fn pass(&self) {
        // A queue that is full has turns behind this one, which end it as well.
        drop(self.turns.try_send(Command::Pass));
    }

    fn append(&self, group: &Group) -> Result<(), EngineError> {
        let late =
            || EngineError::CommitUnknown(DatabaseFailure::new(DatabaseAct::Commit, DatabaseCause::Late));
        self.command(APPEND_WITHIN, |reply| Command::Append(group.clone(), reply), late)
    }

    fn use_salt(&self, salt: Salt) -> Result<(), EngineError> {
        self.command(APPEND_WITHIN, |reply| Command::Change(Change::Salt(salt), reply), late_write)
    }

    fn read(&self, position: u64) -> Result<Option<StoredEntry>, EngineError> {
        if i64::try_from(position).is_err() {
            return Ok(None);
        }
        match self.short.ask(Ask::Entry(position))? {
            Answer::Entry(entry) => Ok(entry.map(|entry| entry.stored)),
            _ => Err(unexpected()),
        }
    }

    fn read_from(&self, position: u64, limit: usize) -> Result<Vec<StoredEntry>, EngineError> {
        if limit == 0 || i64::try_from(position).is_err() {
            return Ok(Vec::new());
        }
        let short = limit.min(SHORT);
        let mut entries = self.run(&self.short, position, short, SHORT_BYTES)?;
        let mut bytes = sealed_bytes(&entries);
        // A page that is neither full nor long was the last.
        let mut more = entries.len() == short || bytes >= SHORT_BYTES;
        while more && entries.len() < limit && bytes < MAX_GROUP_BYTES {
            let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
            let wanted = PAGE.min(limit - entries.len());
            let page = self.run(&self.long, position.saturating_add(count), wanted, PAGE_BYTES)?;
            more = !page.is_empty();
            bytes = bytes.saturating_add(sealed_bytes(&page));
            entries.extend(page);
        }
        Ok(entries)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.get_many(&[key])?.pop().flatten())
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, EngineError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        match self.short.ask(Ask::Values(keys.iter().map(|key| key.to_vec()).collect()))? {
            Answer::Values(values) => Ok(values),
            _ => Err(unexpected()),
        }
    }

    fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Row>, EngineError> {
        let mut range = range.clone();
        let mut rows: Vec<Row> = Vec::new();
        let (reads, page) = if limit <= SHORT { (&self.short, SHORT) } else { (&self.long, PAGE) };
        while rows.len() < limit && !range.is_empty() {
            let wanted = page.min(limit - rows.len());
            let ask = Ask::Rows { range: range.clone(), direction, limit: wanted };
            let Answer::Rows(found) = reads.ask(ask)? else { return Err(unexpected()) };
            let last = found.len() < wanted;
            rows.extend(found);
            let Some(row) = rows.last().filter(|_| !last) else { break };
            range = match direction {
                Direction::Forward => range.after(&row.key),
                Direction::Backward => range.before(&row.key),
            };
        }
        Ok(rows)
    }
}

/// Drops the connections without waiting for them: also from a task, where nothing may be waited for.
impl Drop for PostgresEngine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for PostgresEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresEngine").field("failure", &self.shared.failure()).finish_non_exhaustive()
    }
}

/// Where the ledger ends, as the database says.
fn ledger_of(reads: &Reads) -> Result<LedgerRow, EngineError> {
    match reads.ask(Ask::Ledger)? {
        Answer::Ledger(row) => Ok(row),
        _ => Err(unexpected()),
    }
}

/// An answer of another kind than was asked for.
pub(super) fn unexpected() -> EngineError {
    DatabaseFailure::new(DatabaseAct::Read, DatabaseCause::Answer).into()
}

fn late_write() -> EngineError {
    DatabaseFailure::new(DatabaseAct::Write, DatabaseCause::Late).into()
}

fn sealed_bytes(entries: &[StoredEntry]) -> usize {
    entries.iter().map(|stored| stored.entry.sealed.len()).sum()
}
