//! Group commit above any engine: appends that arrive together share one sync, in the order they came.
//!
//! One thread takes what waits, checks each append's guards against the engine and what the group already writes, seals,
//! and appends the group. An answer comes only after the group is durable and readable. While a group syncs the next one
//! gathers.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::checkpointer::{Checkpointer, Witness};
use super::engine::{
    Engine, EngineError, MAX_GROUP_BYTES, MAX_GROUP_ENTRIES, MAX_SEALED_BYTES, Outcome, Row,
};
use super::follow::{Intake, Seen, Sent};
use super::gather::{Gathered, Gatherer};
use super::sealed_index::{RowError, SealedIndex};
use super::witness::WitnessError;
use crate::crypto::{DataKey, Digest, Random};
use crate::ledger::Entry;

/// Appends that may wait; past this they are refused as [`AppendError::Busy`].
const QUEUE: usize = 4096;
/// The cipher's tag behind a sealed entry.
const TAG: usize = 16;
/// How often a group is built anew because another node of a shared ledger came first.
const BEHIND_TRIES: usize = 64;

/// One entry with what must hold for it and the rows that come with it.
pub struct Append {
    /// The entry.
    pub entry: PlainEntry,
    /// What it says, for those who follow the ledger.
    pub says: Option<Arc<Entry>>,
    /// What must hold when the entry gets its place.
    pub conditions: Conditions,
    /// The plain rows of the entry once its position is known. May be asked more than once.
    pub rows: Box<dyn Fn(u64) -> Vec<Row> + Send>,
}

/// An entry before it is sealed (STORE.md §2).
#[derive(Clone, PartialEq, Eq)]
pub struct PlainEntry {
    /// Kind (FORMAT.md §6).
    pub kind: u8,
    /// SHA-256(salt ‖ public part).
    pub record: Digest,
    /// The encoded salts and parts.
    pub plain: Vec<u8>,
}

impl fmt::Debug for PlainEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlainEntry")
            .field("kind", &self.kind)
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}

/// What must hold when an entry gets its place: when everything that was appended before it, by whichever node, has been
/// taken in.
#[derive(Default)]
pub struct Conditions {
    /// Rows as they must be, each one.
    pub guards: Vec<Guard>,
    /// What is asked after the guards.
    pub admission: Option<Box<dyn Admission>>,
}

/// Whether an entry still may be appended, where no row tells.
pub trait Admission: Send {
    /// Asked when the entry is about to get its place, on the thread that all appends wait for: may be asked again where
    /// another node came first. Refused once, the append is over.
    fn admits(&self) -> bool;

    /// What became of the append, also where nobody waits for the answer any more. Not told where it never came to its turn.
    fn settle(&self, appended: &Appended);
}

/// What a row must be for an append to go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The row's key.
    pub key: Vec<u8>,
    /// Its plain value; `None`: there is no such row.
    pub expected: Option<Vec<u8>>,
}

impl Guard {
    /// There must be no such row.
    pub const fn absent(key: Vec<u8>) -> Self {
        Self { key, expected: None }
    }

    /// The row must hold the position of the entry that was looked at; `None`: there must be no such row.
    pub fn seen(key: Vec<u8>, position: Option<u64>) -> Self {
        Self { key, expected: position.map(|position| position.to_be_bytes().to_vec()) }
    }
}

impl From<Vec<Guard>> for Conditions {
    fn from(guards: Vec<Guard>) -> Self {
        Self { guards, admission: None }
    }
}

impl From<Guard> for Conditions {
    fn from(guard: Guard) -> Self {
        vec![guard].into()
    }
}

/// What an append answers: the position of its entry.
pub type Appended = Result<u64, AppendError>;

/// An append did not go through, or may not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A guard does not hold. Nothing was written.
    #[error("guard {guard} does not hold")]
    Conflict {
        /// Which of the append's guards, from 0.
        guard: usize,
        /// Its key.
        key: Vec<u8>,
    },
    /// Its admission was refused. Nothing was written.
    #[error("what others did at the same moment leaves no room for it")]
    NotAdmitted,
    /// Too many appends wait. Nothing was written.
    #[error("too many appends wait already")]
    Busy,
    /// The committer has ended. Nothing was written.
    #[error("the store is closing")]
    Closed,
    /// The engine refused. Nothing was written.
    #[error(transparent)]
    Refused(EngineError),
    /// A row could not be read or sealed. Nothing was written.
    #[error(transparent)]
    Row(#[from] RowError),
    /// The entry may be there. After opening again, the same guards tell.
    #[error("it is not known whether the entry was kept: {0}")]
    Unknown(EngineError),
    /// The committer ended without an answer. The entry may be there.
    #[error("it is not known whether the entry was kept: the store closed without an answer")]
    NoAnswer,
}

impl AppendError {
    /// Whether the entry may be there.
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Unknown(_) | Self::NoAnswer => Outcome::Unknown,
            Self::Conflict { .. }
            | Self::NotAdmitted
            | Self::Busy
            | Self::Closed
            | Self::Refused(_)
            | Self::Row(_) => Outcome::NotWritten,
        }
    }
}

impl From<EngineError> for AppendError {
    fn from(error: EngineError) -> Self {
        match error.outcome() {
            Outcome::NotWritten => Self::Refused(error),
            Outcome::Unknown => Self::Unknown(error),
        }
    }
}

/// What a committer seals with.
pub struct Seals {
    /// Gives each segment's key.
    pub data_key: Arc<DataKey>,
    /// Seals the rows.
    pub index: Arc<SealedIndex>,
    /// Source of nonces.
    pub random: Arc<dyn Random>,
}

/// The one way into the ledger.
#[derive(Debug)]
pub struct Committer {
    queue: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
    checkpointer: Arc<Checkpointer>,
    seen: Arc<Seen>,
}

/// An append and where its answer goes.
pub(super) struct Request {
    pub(super) append: Append,
    reply: ReplyTo,
}

enum ReplyTo {
    Thread(SyncSender<Appended>),
    Task(oneshot::Sender<Appended>),
}

impl Request {
    /// Who asked may have gone; the entry stays all the same.
    pub(super) fn answer(self, appended: Appended) {
        if let Some(admission) = &self.append.conditions.admission {
            admission.settle(&appended);
        }
        match self.reply {
            ReplyTo::Thread(reply) => drop(reply.try_send(appended)),
            ReplyTo::Task(reply) => drop(reply.send(appended)),
        }
    }

    fn sealed_len(&self) -> usize {
        self.append.entry.plain.len().saturating_add(TAG)
    }
}

impl Committer {
    /// Starts committing to `engine`, after writing a checkpoint of what it holds. `intake` is shown what is appended from
    /// then on, here and by other nodes.
    pub fn start(
        engine: Arc<dyn Engine>,
        seals: Seals,
        witness: Witness,
        intake: Arc<dyn Intake>,
    ) -> Result<Self, StartError> {
        let head = engine.next()?.head;
        let checkpointer = Arc::new(Checkpointer::start(witness, &head)?);
        let seen = Arc::new(Seen::new(Arc::clone(&engine), Arc::clone(&checkpointer), intake, head));
        let (queue, requests) = sync_channel(QUEUE);
        let worker = Worker { engine, gatherer: Gatherer::new(seals), seen: Arc::clone(&seen) };
        let thread = Some(thread::spawn(move || worker.run(&requests)));
        Ok(Self { queue: Some(queue), thread, checkpointer, seen })
    }

    /// Appends and waits without blocking the thread. Dropping the future does not take the append back.
    pub async fn append(&self, append: Append) -> Appended {
        let (reply, answer) = oneshot::channel();
        self.submit(Request { append, reply: ReplyTo::Task(reply) })?;
        answer.await.unwrap_or(Err(AppendError::NoAnswer))
    }

    /// Appends and blocks the thread until it is answered.
    pub fn append_blocking(&self, append: Append) -> Appended {
        let (reply, answer) = sync_channel(1);
        self.submit(Request { append, reply: ReplyTo::Thread(reply) })?;
        answer.recv().unwrap_or(Err(AppendError::NoAnswer))
    }

    /// How far this node has seen the ledger.
    pub(super) const fn seen(&self) -> &Arc<Seen> {
        &self.seen
    }

    /// The last signed checkpoint that was written.
    pub fn checkpoint(&self) -> Arc<str> {
        self.checkpointer.latest()
    }

    /// Why the last checkpoint could not be written, until one could.
    pub fn checkpoint_failure(&self) -> Option<WitnessError> {
        self.checkpointer.failure()
    }

    /// Commits what waits, writes the last checkpoint, and says whether that went well. Dropping does the same in silence.
    pub fn close(mut self) -> Result<(), WitnessError> {
        self.end();
        self.checkpoint_failure().map_or(Ok(()), Err)
    }

    fn submit(&self, request: Request) -> Result<(), AppendError> {
        let length = request.sealed_len();
        if length > MAX_SEALED_BYTES {
            return Err(EngineError::GroupBytes { got: length, limit: MAX_SEALED_BYTES }.into());
        }
        let queue = self.queue.as_ref().ok_or(AppendError::Closed)?;
        queue.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => AppendError::Busy,
            TrySendError::Disconnected(_) => AppendError::Closed,
        })
    }

    fn end(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic there has answered NoAnswer to all who waited
        }
        self.checkpointer.stop();
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.end();
    }
}

/// A committer cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The engine does not say where the ledger stands.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The first checkpoint cannot be written.
    #[error(transparent)]
    Witness(#[from] WitnessError),
}

/// The committing thread.
struct Worker {
    engine: Arc<dyn Engine>,
    gatherer: Gatherer,
    seen: Arc<Seen>,
}

impl Worker {
    fn run(mut self, requests: &Receiver<Request>) {
        let mut first = requests.recv().ok();
        while let Some(request) = first {
            let (group, left_over) = take_group(request, requests);
            self.commit(group);
            first = left_over.or_else(|| requests.recv().ok());
        }
    }

    fn commit(&mut self, mut requests: Vec<Request>) {
        for _ in 0..BEHIND_TRIES {
            let next = match self.engine.turn() {
                Ok(next) => next,
                Err(error) => return refuse(requests, &error.into()),
            };
            if let Err(error) = self.seen.come_to(&next.head) {
                self.engine.pass();
                return refuse(requests, &error.into());
            }
            let Some(gathered) = self.gatherer.gather(&*self.engine, next, requests) else {
                return self.engine.pass();
            };
            self.seen.sending(gathered.group.first(), gathered.sent());
            match self.engine.append(&gathered.group) {
                Ok(()) => {
                    self.seen.appended(&gathered.group);
                    return gathered.answer();
                }
                // The turn was lost to another node: the same appends, checked and sealed again for their new places.
                Err(EngineError::Behind { .. }) => requests = gathered.into_requests(),
                Err(error) => return refuse(gathered.into_requests(), &error.into()),
            }
        }
        refuse(requests, &AppendError::Busy);
    }
}

fn refuse(requests: Vec<Request>, error: &AppendError) {
    for request in requests {
        request.answer(Err(error.clone()));
    }
}

/// What waits already, as far as it fits one group, and the one that did not fit.
fn take_group(first: Request, requests: &Receiver<Request>) -> (Vec<Request>, Option<Request>) {
    let mut bytes = first.sealed_len();
    let mut group = vec![first];
    while group.len() < MAX_GROUP_ENTRIES {
        let Ok(request) = requests.try_recv() else { break };
        bytes = bytes.saturating_add(request.sealed_len());
        if bytes > MAX_GROUP_BYTES {
            return (group, Some(request));
        }
        group.push(request);
    }
    (group, None)
}

impl Gathered {
    fn answer(self) {
        for (position, request) in (self.group.first()..).zip(self.accepted) {
            request.answer(Ok(position));
        }
        for (request, conflict) in self.conflicting {
            request.answer(Err(conflict));
        }
    }

    fn sent(&self) -> Vec<Sent> {
        let sent = |request: &Request| {
            let Append { entry, says, .. } = &request.append;
            Sent { record: entry.record, entry: says.clone() }
        };
        self.accepted.iter().map(sent).collect()
    }

    fn into_requests(self) -> Vec<Request> {
        let mut requests = self.accepted;
        requests.extend(self.conflicting.into_iter().map(|(request, _)| request));
        requests
    }
}
