//! Reads: what is asked while one flight is under way waits for the next, which takes all of it at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{sleep, timeout};

use super::connection::{Connector, Purpose};
use super::failure::{DatabaseAct, DatabaseCause, DatabaseFailure};
use super::flight::{Answer, Ask, Flown, STATEMENTS, fly};
use super::runtime::wait;
use super::session::Session;
use super::shared::Shared;
use crate::store::engine::EngineError;

/// How long a read may take.
pub(super) const READ_WITHIN: Duration = Duration::from_secs(2);
/// Reads that may wait.
const QUEUE: usize = 8192;
/// Reads that go together.
const TOGETHER: usize = 512;
/// Rest after a connection could not be made.
const BACKOFF: Duration = Duration::from_millis(50);
/// Rest before the next connection is tried for, while other connections answer.
const RECONNECT: Duration = Duration::from_millis(200);

/// A read that waits.
struct Request {
    ask: Ask,
    reply: SyncSender<Result<Answer, EngineError>>,
    /// Gone when who asked has given up.
    asker: Weak<()>,
}

/// Where reads are handed in.
pub(super) struct Reads {
    queue: Sender<Request>,
}

impl Reads {
    /// A queue and the tasks that share it, each with a connection of its own.
    pub(super) fn new(
        connector: &Arc<Connector>,
        shared: &Arc<Shared>,
        connections: usize,
    ) -> (Self, Vec<Pump>) {
        let (queue, requests) = channel(QUEUE);
        let requests = Arc::new(Mutex::new(requests));
        let live = Arc::new(AtomicUsize::new(0));
        let pump = |_| Pump {
            live: Arc::clone(&live),
            connector: Arc::clone(connector),
            shared: Arc::clone(shared),
            requests: Arc::clone(&requests),
            session: None,
        };
        (Self { queue }, (0..connections).map(pump).collect())
    }

    /// Asks, and blocks the thread until the answer is there.
    pub(super) fn ask(&self, ask: Ask) -> Result<Answer, EngineError> {
        self.begin(ask)?.wait()
    }

    /// Asks; the answer can be waited for later.
    pub(super) fn begin(&self, ask: Ask) -> Result<Pending, EngineError> {
        let (reply, answer) = sync_channel(1);
        let asker = Arc::new(());
        let request = Request { ask, reply, asker: Arc::downgrade(&asker) };
        let busy = |_| read_failure(DatabaseCause::Busy);
        self.queue.try_send(request).map_err(busy)?;
        Ok(Pending { answer, _asker: asker })
    }
}

/// An answer that is on its way.
pub(super) struct Pending {
    answer: std::sync::mpsc::Receiver<Result<Answer, EngineError>>,
    _asker: Arc<()>,
}

impl Pending {
    pub(super) fn wait(self) -> Result<Answer, EngineError> {
        wait(&self.answer, READ_WITHIN).unwrap_or_else(|| Err(read_failure(DatabaseCause::Late).into()))
    }
}

const fn read_failure(cause: DatabaseCause) -> DatabaseFailure {
    DatabaseFailure::new(DatabaseAct::Read, cause)
}

/// One connection's task.
pub(super) struct Pump {
    connector: Arc<Connector>,
    shared: Arc<Shared>,
    requests: Arc<Mutex<Receiver<Request>>>,
    session: Option<Session>,
    /// How many of the tasks that share the queue have a connection.
    live: Arc<AtomicUsize>,
}

impl Pump {
    /// Answers what is asked, until nobody is left to ask.
    pub(super) async fn run(mut self) {
        // What does not work now is told to who asks.
        let _ = self.connect().await;
        loop {
            // While others have a connection they answer; without any, who asks is told at once.
            if self.session.is_none()
                && self.live.load(Ordering::Relaxed) > 0
                && self.connect().await.is_err()
            {
                sleep(RECONNECT).await;
                continue;
            }
            let Some(mut batch) = self.gather().await else { break };
            batch.retain(|request| request.asker.strong_count() > 0);
            if batch.is_empty() {
                continue;
            }
            let asks: Vec<&Ask> = batch.iter().map(|request| &request.ask).collect();
            let flown = timeout(READ_WITHIN, self.fly(&asks)).await;
            let flown = flown.unwrap_or_else(|_| Err(read_failure(DatabaseCause::Late)));
            self.shared.note(&flown);
            match flown {
                Ok(answers) => {
                    for (request, answer) in batch.into_iter().zip(answers) {
                        drop(request.reply.try_send(answer));
                    }
                }
                Err(failure) => {
                    self.disconnect();
                    for request in batch {
                        drop(request.reply.try_send(Err(failure.into())));
                    }
                    sleep(BACKOFF).await;
                }
            }
        }
    }

    /// Waits for a read, and takes what waits besides. `None` once nobody can ask any more.
    async fn gather(&self) -> Option<Vec<Request>> {
        let mut requests = self.requests.lock().await;
        let mut batch = vec![requests.recv().await?];
        while batch.len() < TOGETHER {
            let Ok(request) = requests.try_recv() else { break };
            batch.push(request);
        }
        Some(batch)
    }

    /// One flight. A connection that turns out to be lost is replaced once: reading again does no harm.
    async fn fly(&mut self, asks: &[&Ask]) -> Flown {
        if let Some(session) = &self.session {
            if let Ok(answers) = fly(session, &self.shared, asks).await {
                return Ok(answers);
            }
            self.disconnect();
        }
        let shared = Arc::clone(&self.shared);
        fly(self.connect().await?, &shared, asks).await
    }

    async fn connect(&mut self) -> Result<&Session, DatabaseFailure> {
        let session = Session::open(&self.connector, Purpose::Read, &STATEMENTS).await?;
        self.live.fetch_add(1, Ordering::Relaxed);
        Ok(self.session.insert(session))
    }

    fn disconnect(&mut self) {
        if self.session.take().is_some() {
            self.live.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
