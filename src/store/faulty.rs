//! An engine around another one that fails on demand, so that what stands above can be seen surviving it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::durable::{Act, IoFailure};
use super::engine::{Direction, Engine, EngineError, Group, KeyRange, Next, Row, Salt, StoredEntry};

/// What goes wrong with an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused before anything was written; the engine goes on.
    Refuse,
    /// Not kept, but the caller cannot know; the engine stops.
    LoseUnknown,
    /// Kept, but the caller cannot know; the engine stops.
    KeepUnknown,
    /// Kept and answered, later.
    Slow(Duration),
}

/// Fails the appends it was told to fail.
#[derive(Debug)]
pub struct FaultyEngine<E> {
    inner: E,
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    appends: u64,
    faults: BTreeMap<u64, Fault>,
    stopped: bool,
}

impl<E: Engine> FaultyEngine<E> {
    /// Around `inner`, without faults yet.
    pub fn new(inner: E) -> Self {
        Self { inner, plan: Mutex::default() }
    }

    /// Lets the `n`-th append from now on (from 0) meet `fault`.
    pub fn fail(&self, n: u64, fault: Fault) {
        let mut plan = self.plan();
        let at = plan.appends + n;
        plan.faults.insert(at, fault);
    }

    /// Appends that were tried so far.
    pub fn appends(&self) -> u64 {
        self.plan().appends
    }

    /// What opening again does to an engine that stopped.
    pub fn reopen(&self) {
        self.plan().stopped = false;
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> Result<Option<Fault>, EngineError> {
        let mut plan = self.plan();
        let fault = plan.faults.get(&plan.appends).copied();
        plan.appends += 1;
        if plan.stopped {
            return Err(EngineError::Stopped);
        }
        if matches!(fault, Some(Fault::LoseUnknown | Fault::KeepUnknown)) {
            plan.stopped = true;
        }
        Ok(fault)
    }
}

impl<E: Engine> Engine for FaultyEngine<E> {
    fn next(&self) -> Result<Next, EngineError> {
        self.inner.next()
    }

    fn turn(&self) -> Result<Next, EngineError> {
        self.inner.turn()
    }

    fn pass(&self) {
        self.inner.pass();
    }

    fn use_salt(&self, salt: Salt) -> Result<(), EngineError> {
        self.inner.use_salt(salt)
    }

    fn append(&self, group: &Group) -> Result<(), EngineError> {
        match self.begin()? {
            None => self.inner.append(group),
            Some(Fault::Slow(time)) => {
                thread::sleep(time);
                self.inner.append(group)
            }
            Some(Fault::Refuse) => Err(EngineError::NotWritten(injected(Act::Write))),
            Some(Fault::LoseUnknown) => Err(EngineError::NotSynced(injected(Act::Sync))),
            Some(Fault::KeepUnknown) => {
                self.inner.append(group)?;
                Err(EngineError::NotSynced(injected(Act::Sync)))
            }
        }
    }

    fn read(&self, position: u64) -> Result<Option<StoredEntry>, EngineError> {
        self.inner.read(position)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.inner.get(key)
    }

    fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Row>, EngineError> {
        self.inner.scan(range, direction, limit)
    }
}

fn injected(act: Act) -> IoFailure {
    IoFailure::new(act, Path::new("injected"), &io::Error::from_raw_os_error(5))
}
