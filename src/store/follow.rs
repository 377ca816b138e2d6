//! What a node has seen of a ledger that others append to as well: every entry, in order, once; checked against the head
//! that the ledger claims (STORE.md §7.2, §7.3).

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::checkpointer::Checkpointer;
use super::engine::{Engine, EngineError, Group, Row, StoredEntry};
use super::head::Head;
use crate::crypto::Digest;
use crate::ledger::Entry;

/// Entries of others that are read at once.
const PAGE: usize = 256;
/// Bytes of entries from which on a page may have ended early. A page that ends before has at least so many.
const PAGE_BYTES: usize = 1024 * 1024;

/// Whoever keeps in memory what follows from the ledger.
pub trait Follower: Send + Sync {
    /// Takes an entry in: each once, in the ledger's order, before whoever appended it here is answered. Others wait
    /// meanwhile.
    fn take(&self, position: u64, entry: &Entry, by: By);
}

/// Who appended an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// This process.
    ThisNode,
    /// Another node of a shared ledger, or this one before it was started anew.
    Another,
}

/// What becomes of entries that are seen.
pub trait Intake: Send + Sync {
    /// Entries that this node appended, from `first` on, and the rows that came with them.
    fn own(&self, first: u64, entries: &[Sent], rows: &[Row]);

    /// An entry that was read. `sent` is what this node sent to that place, if that is what came.
    fn read(&self, stored: &StoredEntry, sent: Option<&Sent>) -> Result<(), EngineError>;
}

/// Nobody follows.
impl Intake for () {
    fn own(&self, _: u64, _: &[Sent], _: &[Row]) {}

    fn read(&self, _: &StoredEntry, _: Option<&Sent>) -> Result<(), EngineError> {
        Ok(())
    }
}

/// An entry that is on its way into the ledger.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its record, by which it is known again.
    pub record: Digest,
    /// What it says, where that is known.
    pub entry: Option<Arc<Entry>>,
}

/// How far this node has seen the ledger.
pub(super) struct Seen {
    engine: Arc<dyn Engine>,
    checkpointer: Arc<Checkpointer>,
    intake: Arc<dyn Intake>,
    state: Mutex<State>,
    /// Entries that are taken in.
    entries: AtomicU64,
}

struct State {
    head: Head,
    /// The last group of this node, from its first position on, until what became of it is known.
    sent: (u64, Vec<Sent>),
}

/// Whether there is more to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Everything that was there has been taken in.
    All,
    /// There may be more.
    Part,
}

impl Seen {
    /// Has seen everything up to `head`.
    pub(super) fn new(
        engine: Arc<dyn Engine>,
        checkpointer: Arc<Checkpointer>,
        intake: Arc<dyn Intake>,
        head: Head,
    ) -> Self {
        let entries = AtomicU64::new(head.entries());
        Self {
            engine,
            checkpointer,
            intake,
            state: Mutex::new(State { head, sent: (0, Vec::new()) }),
            entries,
        }
    }

    /// Entries that are taken in. Their rows are seen by every read that begins now.
    pub(super) fn entries(&self) -> u64 {
        self.entries.load(Ordering::Acquire)
    }

    /// Takes in what others have appended, a page of it.
    pub(super) fn look(&self) -> Result<Read, EngineError> {
        self.engine.check_current()?;
        let mut state = self.state();
        let page = self.engine.read_from(state.head.entries(), PAGE)?;
        self.read(&mut state, &page)?;
        // A page may end early because its entries are long, not because they are the last.
        let bytes: usize = page.iter().map(|stored| stored.entry.sealed.len()).sum();
        let is_full = page.len() >= PAGE || bytes >= PAGE_BYTES;
        Ok(if is_full { Read::Part } else { Read::All })
    }

    /// Takes in everything up to `head`, where the ledger says that it is.
    pub(super) fn come_to(&self, head: &Head) -> Result<(), EngineError> {
        let mut state = self.state();
        while let Some(missing) =
            head.entries().checked_sub(state.head.entries()).filter(|missing| *missing > 0)
        {
            let limit = usize::try_from(missing).map_or(PAGE, |missing| missing.min(PAGE));
            let page = self.engine.read_from(state.head.entries(), limit)?;
            if page.is_empty() {
                break;
            }
            self.read(&mut state, &page)?;
        }
        if state.head == *head {
            return Ok(());
        }
        Err(EngineError::OtherLedger { seen: state.head.entries(), found: head.entries() })
    }

    /// A group of this node is about to be appended: of these entries it is the author, whatever answer it gets.
    pub(super) fn sending(&self, first: u64, entries: Vec<Sent>) {
        self.state().sent = (first, entries);
    }

    /// The group of this node was appended.
    pub(super) fn appended(&self, group: &Group) {
        let mut state = self.state();
        // Else it was read already, between its commit and this.
        if state.head == group.base().head {
            self.intake.own(group.first(), &state.sent.1, group.rows());
            state.head = group.head().clone();
            self.publish(&state);
        }
    }

    fn read(&self, state: &mut State, page: &[StoredEntry]) -> Result<(), EngineError> {
        for stored in page {
            if stored.position != state.head.entries() {
                return Err(EngineError::OtherLedger { seen: state.head.entries(), found: stored.position });
            }
            let sent = state.sent_at(stored);
            self.intake.read(stored, sent)?;
            state.head.advance(&stored.entry);
        }
        if !page.is_empty() {
            self.publish(state);
        }
        Ok(())
    }

    fn publish(&self, state: &State) {
        self.entries.store(state.head.entries(), Ordering::Release);
        self.checkpointer.note(&state.head);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in an intake leaves the head before the entry that it was about: it is taken in again.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sent_at(&self, stored: &StoredEntry) -> Option<&Sent> {
        let index = usize::try_from(stored.position.checked_sub(self.sent.0)?).ok()?;
        self.sent.1.get(index).filter(|sent| sent.record == stored.entry.record)
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("entries", &self.entries()).finish_non_exhaustive()
    }
}
