//! Asks the database what others have appended: before a request is looked at, and every so often.
//!
//! Requests that come together share one question. It must have been asked after a request came, so what another node has
//! acknowledged before is seen by it (STORE.md §7.3).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::watch;

use super::engine::EngineError;
use super::follow::{Read, Seen};
use super::row_cache::RowCache;

/// How often the database is asked although no request came.
const EVERY: Duration = Duration::from_millis(500);
/// Longest that a request waits for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How this node stands to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Following {
    /// It has seen everything, a moment ago.
    Current,
    /// It takes in what others have appended.
    CatchingUp {
        /// Entries that it has seen.
        seen: u64,
    },
    /// The database does not answer, or what it answers is not the ledger.
    Lost(EngineError),
}

/// The asking thread.
pub(super) struct Freshness {
    shared: Arc<Shared>,
    answers: watch::Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    asked: Mutex<Asked>,
    changed: Condvar,
    /// Somebody waited for an answer in vain, and none has come since.
    late: AtomicBool,
}

#[derive(Default)]
struct Asked {
    /// Questions that were begun.
    begun: u64,
    /// The question that somebody waits for.
    wanted: u64,
    stop: bool,
}

#[derive(Clone)]
struct Answer {
    question: u64,
    following: Following,
}

impl Freshness {
    /// Begins asking. `cache` is used while there are answers.
    pub(super) fn start(seen: Arc<Seen>, cache: Arc<RowCache>) -> Self {
        let first = Answer { question: 0, following: Following::Current };
        let (publish, answers) = watch::channel(first);
        let shared = Arc::new(Shared {
            asked: Mutex::default(),
            changed: Condvar::new(),
            late: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&shared);
        let thread = Some(thread::spawn(move || theirs.run(&seen, &cache, &publish)));
        Self { shared, answers, thread }
    }

    /// Waits until everything has been taken in that was acknowledged before.
    pub(super) async fn now(&self) -> Result<(), EngineError> {
        let wanted = self.shared.want();
        let mut answers = self.answers.clone();
        let answered = answers.wait_for(|answer| answer.question >= wanted);
        let Ok(Ok(answer)) = tokio::time::timeout(PATIENCE, answered).await else {
            self.shared.late.store(true, Ordering::Release);
            return Err(EngineError::NotFresh);
        };
        match &answer.following {
            Following::Current => Ok(()),
            Following::CatchingUp { .. } => Err(EngineError::NotFresh),
            Following::Lost(error) => Err(error.clone()),
        }
    }

    /// The last answer.
    pub(super) fn last(&self) -> Following {
        if self.shared.late.load(Ordering::Acquire) {
            return Following::Lost(EngineError::NotFresh);
        }
        self.answers.borrow().following.clone()
    }
}

impl Shared {
    /// The question that is asked next.
    fn want(&self) -> u64 {
        let mut asked = self.asked();
        asked.wanted = asked.begun.saturating_add(1);
        self.changed.notify_one();
        asked.wanted
    }

    fn run(&self, seen: &Seen, cache: &RowCache, publish: &watch::Sender<Answer>) {
        loop {
            let idle = |asked: &mut Asked| asked.wanted <= asked.begun && !asked.stop;
            let waited = self.changed.wait_timeout_while(self.asked(), EVERY, idle);
            let (mut asked, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if asked.stop {
                break;
            }
            asked.begun = asked.begun.saturating_add(1);
            let question = asked.begun;
            drop(asked);
            let following = loop {
                match seen.look() {
                    Ok(Read::All) => break Following::Current,
                    Ok(Read::Part) => {
                        // Not the answer yet, but whoever asks how this node stands is told.
                        let following = Following::CatchingUp { seen: seen.entries() };
                        publish.send_replace(Answer { question: question.saturating_sub(1), following });
                    }
                    Err(EngineError::ReplicaBehind { .. }) => {
                        break Following::CatchingUp { seen: seen.entries() };
                    }
                    Err(error) => break Following::Lost(error),
                }
            };
            match following {
                Following::Current => cache.resume(),
                Following::CatchingUp { .. } | Following::Lost(_) => cache.pause(),
            }
            self.late.store(false, Ordering::Release);
            publish.send_replace(Answer { question, following });
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Freshness {
    fn drop(&mut self) {
        self.shared.asked().stop = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic there shows as answers that do not come
        }
    }
}
