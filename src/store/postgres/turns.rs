//! Turns (STORE.md §7.2): one transaction a group, on a connection that does nothing else, by one task.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use futures_util::future::join;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::connection::{Connector, Purpose};
use super::failure::{DatabaseAct, DatabaseCause, DatabaseDamage, DatabaseFailure};
use super::group::{Written, write_group};
use super::session::Session;
use super::shared::Shared;
use super::tables::{
    ChainedEntry, INSERT_ENTRIES, LedgerRow, MARK_MOVED, MOVE_ON, PUT_ROWS, RUN, TURN, position,
};
use crate::crypto::Random;
use crate::store::engine::{EngineError, Group, MAX_GROUP_BYTES, Next, Salt};

/// How long a turn may take to come.
pub(super) const TURN_WITHIN: Duration = Duration::from_secs(3);
/// How long an append may take in all.
pub(super) const APPEND_WITHIN: Duration = Duration::from_secs(4);
/// Entries of other nodes that are read while others wait for their turn; more are read before.
const CATCH_UP_IN_TURN: u64 = 2048;
/// Entries in a page.
const PAGE: i64 = 1024;
/// What a turn needs.
const STATEMENTS: [&str; 6] = [TURN, RUN, INSERT_ENTRIES, PUT_ROWS, MOVE_ON, MARK_MOVED];

/// What the task is asked to do.
pub(super) enum Command {
    Turn(SyncSender<Result<Next, EngineError>>),
    Pass,
    Append(Group, SyncSender<Result<(), EngineError>>),
    Change(Change, SyncSender<Result<(), EngineError>>),
}

/// A change of the ledger's row without entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Groups are sealed under this from here on.
    Salt(Salt),
    /// The store was moved elsewhere (1), or back here (0).
    Moved(i32),
}

/// The task that takes turns.
pub(super) struct Turns {
    connector: Arc<Connector>,
    shared: Arc<Shared>,
    random: Arc<dyn Random>,
    session: Option<Session>,
    /// The turn that the session has: its transaction is open and holds the lock.
    turn: Option<LedgerRow>,
    /// The last turn found entries of other nodes.
    others: bool,
    /// A commit is on its way.
    committing: bool,
}

impl Turns {
    pub(super) fn new(connector: Arc<Connector>, shared: Arc<Shared>, random: Arc<dyn Random>) -> Self {
        Self { connector, shared, random, session: None, turn: None, others: false, committing: false }
    }

    /// Does what is asked, in order, until nobody is left to ask.
    pub(super) async fn run(mut self, mut commands: Receiver<Command>) {
        while let Some(command) = commands.recv().await {
            // Who asked may have given up: what was done stays done, and the next turn finds it.
            match command {
                Command::Turn(reply) => drop(reply.try_send(self.turn().await)),
                Command::Pass => self.pass().await,
                Command::Append(group, reply) => drop(reply.try_send(self.append(&group).await)),
                Command::Change(change, reply) => drop(reply.try_send(self.change(change).await)),
            }
        }
    }

    async fn turn(&mut self) -> Result<Next, EngineError> {
        self.pass().await;
        let taken = timeout(TURN_WITHIN, self.take()).await;
        let taken = taken.unwrap_or_else(|_| Err(late(DatabaseAct::TakeTurn).into()));
        let row = self.settle(taken)?;
        let next = row.next();
        self.turn = Some(row);
        Ok(next)
    }

    async fn pass(&mut self) {
        if self.turn.take().is_some() {
            self.roll_back().await;
        }
    }

    async fn append(&mut self, group: &Group) -> Result<(), EngineError> {
        self.committing = false;
        let appended = timeout(APPEND_WITHIN, self.append_in_turn(group)).await;
        let appended = appended.unwrap_or_else(|_| {
            let failure = late(if self.committing { DatabaseAct::Commit } else { DatabaseAct::Write });
            Err(if self.committing { EngineError::CommitUnknown(failure) } else { failure.into() })
        });
        self.settle(appended)
    }

    async fn append_in_turn(&mut self, group: &Group) -> Result<(), EngineError> {
        loop {
            let row = match self.turn.take() {
                Some(row) => row,
                None => self.take().await?,
            };
            if let Err(refused) = group.check(&row.next()) {
                self.roll_back().await;
                return Err(refused);
            }
            let session = self.session.as_ref().ok_or_else(|| lost(DatabaseAct::Write))?;
            if session.client().is_closed() {
                return Err(lost(DatabaseAct::Write).into());
            }
            self.committing = true;
            let written = write_group(session, group, &row, &*self.random).await;
            self.committing = false;
            match written {
                Written::Committed => {
                    self.shared.saw(group.head());
                    return Ok(());
                }
                Written::Unknown(failure) => return Err(EngineError::CommitUnknown(failure)),
                Written::Not(EngineError::Database(failure)) if failure.is_serialization() => {
                    self.roll_back().await;
                }
                Written::Not(error) => {
                    self.roll_back().await;
                    return Err(error);
                }
            }
        }
    }

    async fn change(&mut self, change: Change) -> Result<(), EngineError> {
        self.pass().await;
        let changed = timeout(APPEND_WITHIN, self.change_in_turn(change)).await;
        let changed = changed.unwrap_or_else(|_| Err(late(DatabaseAct::Write).into()));
        self.settle(changed)
    }

    async fn change_in_turn(&mut self, change: Change) -> Result<(), EngineError> {
        let row = self.lock_row().await?;
        let session = self.session.as_ref().ok_or_else(|| lost(DatabaseAct::Write))?;
        let changing = async {
            let changed = match change {
                Change::Salt(salt) => {
                    let (entries, head) = (position(row.head.entries()), row.head.to_bytes());
                    session.execute(MOVE_ON, &[&entries, &head, &&salt[..], &entries]).await?
                }
                Change::Moved(moved) => session.execute(MARK_MOVED, &[&moved]).await?,
            };
            session.client().batch_execute("COMMIT").await?;
            Ok(changed)
        };
        let failed = |error| DatabaseFailure::of(DatabaseAct::Write, &error);
        changing.await.map(drop).map_err(|error| failed(error).into())
    }

    /// Keeps the session where it is as good as before, and notes how the database is.
    fn settle<T>(&mut self, result: Result<T, EngineError>) -> Result<T, EngineError> {
        match &result {
            Err(EngineError::Database(failure) | EngineError::CommitUnknown(failure)) => {
                self.shared.note::<()>(&Err(*failure));
                if !failure.spares_connection() {
                    (self.session, self.turn) = (None, None);
                }
            }
            Ok(_) => self.shared.note(&Ok(())),
            Err(_) => {}
        }
        result
    }

    /// Takes the turn and follows what other nodes appended. The transaction is left open.
    async fn take(&mut self) -> Result<LedgerRow, EngineError> {
        loop {
            let mut row = self.lock_row().await?;
            if row.moved && !self.shared.is_mover() {
                self.roll_back().await;
                return Err(EngineError::Moved);
            }
            let seen = self.shared.seen();
            let behind = row.head.entries().saturating_sub(seen.entries());
            self.others = behind > 0;
            if behind == 0 {
                return Ok(row);
            }
            if behind <= CATCH_UP_IN_TURN {
                self.follow(&mut row).await?;
                return Ok(row);
            }
            self.roll_back().await;
            self.follow(&mut row).await?;
        }
    }

    /// Begins a transaction that holds the ledger's row, and compares the row with what was seen. A session that broke
    /// while nothing was asked of it is replaced once; where another transaction was in the way, it is tried again.
    async fn lock_row(&mut self) -> Result<LedgerRow, EngineError> {
        if let Some(stopped) = self.shared.stopped() {
            return Err(stopped);
        }
        if self.shared.is_replica() {
            return Err(EngineError::Replica);
        }
        let mut kept = self.session.is_some();
        let seen = self.shared.seen();
        loop {
            let locked = self.try_lock_row().await;
            match locked {
                Ok(row) => {
                    let row = row?;
                    if let Err(damage) = Shared::compare(&seen, &row.head) {
                        self.roll_back().await;
                        return Err(self.shared.stop(damage));
                    }
                    return Ok(row);
                }
                Err(failure) if failure.is_serialization() => self.roll_back().await,
                Err(failure) if kept && !failure.spares_connection() => {
                    (self.session, kept) = (None, false);
                }
                Err(failure) => {
                    self.roll_back().await;
                    return Err(failure.into());
                }
            }
        }
    }

    async fn try_lock_row(&mut self) -> Result<Result<LedgerRow, EngineError>, DatabaseFailure> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&self.connector, Purpose::Append, &STATEMENTS).await?,
        };
        let session = self.session.insert(session);
        let begin = session.client().batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
        let lock = session.query(TURN, &[]);
        let (begun, rows) = join(begin, lock).await;
        let failed = |error| DatabaseFailure::of(DatabaseAct::TakeTurn, &error);
        begun.map_err(failed)?;
        let rows = rows.map_err(failed)?;
        Ok(LedgerRow::read(rows.first()).map_err(EngineError::DatabaseLedger))
    }

    /// Follows the entries up to `row`, each of them checked, and the end compared.
    async fn follow(&mut self, row: &mut LedgerRow) -> Result<(), EngineError> {
        let entries = row.head.entries();
        let mut head = self.shared.seen();
        while head.entries() < entries {
            let session = self.session.as_ref().ok_or_else(|| lost(DatabaseAct::Read))?;
            let bytes = i64::try_from(MAX_GROUP_BYTES).unwrap_or(i64::MAX);
            let page = session.query(RUN, &[&position(head.entries()), &PAGE, &bytes]).await;
            let page = page.map_err(|error| DatabaseFailure::of(DatabaseAct::Read, &error))?;
            let before = head.entries();
            let wanted = usize::try_from(entries - before).unwrap_or(usize::MAX);
            for found in page.iter().take(wanted) {
                ChainedEntry::read(found)?.follow(&mut head, entries)?;
            }
            if head.entries() == before {
                return Err(DatabaseDamage::Missing { position: before, entries }.into());
            }
        }
        if head != row.head {
            let (expected, found) = (row.head.chain(), head.chain());
            return Err(DatabaseDamage::End { entries, expected, found }.into());
        }
        self.shared.saw(&head);
        Ok(())
    }

    /// Ends the transaction without anything of it, or the session where that does not work.
    async fn roll_back(&mut self) {
        self.turn = None;
        if let Some(session) = self.session.take()
            && let Ok(Ok(())) =
                timeout(Duration::from_secs(1), session.client().batch_execute("ROLLBACK")).await
        {
            self.session = Some(session);
        }
    }
}

const fn late(act: DatabaseAct) -> DatabaseFailure {
    DatabaseFailure::new(act, DatabaseCause::Late)
}

const fn lost(act: DatabaseAct) -> DatabaseFailure {
    DatabaseFailure::new(act, DatabaseCause::Lost(std::io::ErrorKind::ConnectionReset))
}
