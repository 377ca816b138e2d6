//! Writes a checkpoint at most a little while after an append and at shutdown, on a thread of its own: an append never
//! waits for it, and it never says more than what is durable.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::head::Head;
use super::witness::{WitnessError, write_checkpoint};
use crate::ledger::CheckpointKey;

/// Who signs checkpoints, where they go, and how soon.
#[derive(Debug)]
pub struct Witness {
    /// The ledger's checkpoint key.
    pub key: CheckpointKey,
    /// File that always holds the last checkpoint.
    pub path: PathBuf,
    /// Longest time from an append to its checkpoint.
    pub every: Duration,
}

/// The checkpoint writer.
#[derive(Debug)]
pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Head that no checkpoint was written of yet.
    due: Option<Head>,
    /// The last note written.
    note: Arc<str>,
    /// Why the last try failed, if it did.
    failure: Option<WitnessError>,
    stop: bool,
}

impl Checkpointer {
    /// Writes a checkpoint of `head` at once (a store has one before its first entry) and starts the thread.
    pub(super) fn start(witness: Witness, head: &Head) -> Result<Self, WitnessError> {
        let note = write_checkpoint(&witness.path, &witness.key, head)?.into();
        let state = State { due: None, note, failure: None, stop: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let theirs = Arc::clone(&shared);
        let thread = Mutex::new(Some(thread::spawn(move || theirs.run(&witness))));
        Ok(Self { shared, thread })
    }

    /// The ledger has durably come to `head`.
    pub(super) fn note(&self, head: &Head) {
        self.shared.lock().due = Some(head.clone());
        self.shared.changed.notify_one();
    }

    pub(super) fn latest(&self) -> Arc<str> {
        Arc::clone(&self.shared.lock().note)
    }

    pub(super) fn failure(&self) -> Option<WitnessError> {
        self.shared.lock().failure.clone()
    }

    /// Writes what is due and ends. Done when it returns.
    pub(super) fn stop(&self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join(); // a panic there shows as a checkpoint that stays behind
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, witness: &Witness) {
        loop {
            let state = self.lock();
            let idle = |state: &mut State| state.due.is_none() && !state.stop;
            let state = self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
            // More appends come soon; one checkpoint serves them all.
            let waited = self.changed.wait_timeout_while(state, witness.every, |state| !state.stop);
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let stop = state.stop;
            let due = state.due.take();
            drop(state);
            if let Some(head) = due {
                let written = write_checkpoint(&witness.path, &witness.key, &head);
                self.record(written, head);
            }
            if stop {
                break;
            }
        }
    }

    fn record(&self, written: Result<String, WitnessError>, head: Head) {
        let mut state = self.lock();
        match written {
            Ok(note) => {
                state.note = note.into();
                state.failure = None;
            }
            Err(failure) => {
                state.failure = Some(failure);
                state.due.get_or_insert(head); // tried again, unless a later one has come
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Algorithm, Digest, SigningKey};
    use crate::store::engine::SealedEntry;
    use crate::store::witness::read_checkpoint;
    use std::fs;

    fn head(entries: u8) -> Head {
        let mut head = Head::empty();
        for n in 0..entries {
            let record = Digest::of(&[n]);
            head.advance(&SealedEntry { kind: 1, record, nonce: [0; 12], sealed: vec![0; 16] });
        }
        head
    }

    fn witness(path: PathBuf, every: Duration) -> Witness {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        Witness { key: CheckpointKey::new("l", key).unwrap(), path, every }
    }

    #[test]
    fn there_is_one_from_the_start_and_one_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint");
        let witness = witness(path.clone(), Duration::from_secs(3600));
        let key = witness.key.verifier_key().clone();
        let size = || read_checkpoint(&path, &key).unwrap().unwrap().size;
        let checkpointer = Checkpointer::start(witness, &Head::empty()).unwrap();
        assert_eq!(size(), 0);
        checkpointer.note(&head(1));
        checkpointer.note(&head(2));
        checkpointer.stop();
        assert_eq!(size(), 2);
        assert!(checkpointer.latest().starts_with("l\n2\n"));
    }

    #[test]
    fn a_failure_is_told_and_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("outside");
        fs::create_dir(&place).unwrap();
        let path = place.join("checkpoint");
        let checkpointer =
            Checkpointer::start(witness(path.clone(), Duration::from_millis(1)), &Head::empty()).unwrap();
        fs::remove_dir_all(&place).unwrap();
        checkpointer.note(&head(3));
        while checkpointer.failure().is_none() {
            thread::yield_now();
        }
        fs::create_dir(&place).unwrap();
        while checkpointer.failure().is_some() {
            thread::yield_now();
        }
        assert!(fs::read_to_string(&path).unwrap().starts_with("l\n3\n"));
    }
}
