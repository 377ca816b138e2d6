//! What the tasks of one engine know together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::failure::{DatabaseDamage, DatabaseFailure};
use crate::store::engine::EngineError;
use crate::store::head::Head;

/// What the tasks of one engine know together.
pub(super) struct Shared {
    /// The farthest end of the ledger whose entries this engine has itself followed.
    seen: Mutex<Head>,
    /// Why the database did not answer when it was last asked, if it did not.
    failure: Mutex<Option<DatabaseFailure>>,
    /// Why nothing is appended any more.
    another: OnceLock<DatabaseDamage>,
    replica: AtomicBool,
    role: Role,
}

/// What an engine is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// To serve.
    Node,
    /// To move the store: reads and appends also where it was moved elsewhere.
    Mover,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) const fn new(seen: Head, replica: bool, role: Role) -> Self {
        Self {
            seen: Mutex::new(seen),
            failure: Mutex::new(None),
            another: OnceLock::new(),
            replica: AtomicBool::new(replica),
            role,
        }
    }

    pub(super) fn seen(&self) -> Head {
        locked(&self.seen).clone()
    }

    /// The engine has followed the ledger to `head`.
    pub(super) fn saw(&self, head: &Head) {
        let mut seen = locked(&self.seen);
        if seen.entries() < head.entries() {
            *seen = head.clone();
        }
    }

    /// Compares the database's `head` with what was seen before it was asked for: `Ok` where it has gone on or not.
    pub(super) fn compare(seen: &Head, head: &Head) -> Result<(), DatabaseDamage> {
        let same = head.entries() != seen.entries() || head == seen;
        if head.entries() >= seen.entries() && same {
            return Ok(());
        }
        Err(DatabaseDamage::Another {
            seen: seen.entries(),
            seen_chain: seen.chain(),
            found: head.entries(),
            found_chain: head.chain(),
        })
    }

    /// From here on nothing is appended.
    pub(super) fn stop(&self, damage: DatabaseDamage) -> EngineError {
        EngineError::DatabaseLedger(self.another.get_or_init(|| damage).clone())
    }

    /// Why nothing is appended any more.
    pub(super) fn stopped(&self) -> Option<EngineError> {
        self.another.get().cloned().map(EngineError::DatabaseLedger)
    }

    pub(super) const fn is_mover(&self) -> bool {
        matches!(self.role, Role::Mover)
    }

    pub(super) fn is_replica(&self) -> bool {
        self.replica.load(Ordering::Relaxed)
    }

    pub(super) fn set_replica(&self, replica: bool) {
        self.replica.store(replica, Ordering::Relaxed);
    }

    pub(super) fn failure(&self) -> Option<DatabaseFailure> {
        *locked(&self.failure)
    }

    /// The database was asked something, and answered or not.
    pub(super) fn note<T>(&self, result: &Result<T, DatabaseFailure>) {
        let failure = result.as_ref().err();
        // A server that refuses one statement is there all the same.
        *locked(&self.failure) = failure.filter(|failure| !failure.spares_connection()).copied();
    }
}
