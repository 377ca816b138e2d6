//! A committer over an engine, and appends as an issuer makes them.

#![allow(dead_code, reason = "each test binary compiles this and uses its own part of it")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use elicense::crypto::{Digest, SystemRandom};
use elicense::ledger::VerifierKey;
use elicense::store::engine::additional_data;
use elicense::store::{
    Append, AppendError, Committer, Engine, Guard, PlainEntry, Row, SealedIndex, Seals, Witness,
};

use crate::{checkpoint_key, data_key};

pub(crate) fn index() -> SealedIndex {
    SealedIndex::new(&data_key(), Arc::new(SystemRandom))
}

pub(crate) fn start(engine: Arc<dyn Engine>, dir: &Path) -> (Committer, VerifierKey) {
    let key = checkpoint_key();
    let verifier = key.verifier_key().clone();
    let seals =
        Seals { data_key: Arc::new(data_key()), index: Arc::new(index()), random: Arc::new(SystemRandom) };
    let witness = Witness { key, path: dir.join("checkpoint"), every: Duration::from_millis(200) };
    (Committer::start(engine, seals, witness, Arc::new(())).unwrap(), verifier)
}

/// Issues `name`, which may be there once: the row says at which position.
pub(crate) fn issue(name: &str) -> Append {
    let key = [b"n", name.as_bytes()].concat();
    let row = key.clone();
    Append {
        entry: PlainEntry { kind: 6, record: Digest::of(name.as_bytes()), plain: name.as_bytes().to_vec() },
        says: None,
        conditions: Guard::absent(key).into(),
        rows: Box::new(move |at| vec![Row { key: row.clone(), value: at.to_be_bytes().to_vec() }]),
    }
}

pub(crate) fn position_of(engine: &dyn Engine, name: &str) -> Option<u64> {
    let value = index().get(engine, &[b"n", name.as_bytes()].concat()).unwrap();
    value.map(|value| u64::from_be_bytes(value.try_into().unwrap()))
}

pub(crate) fn plain_at(engine: &dyn Engine, position: u64) -> Vec<u8> {
    let stored = engine.read(position).unwrap().unwrap();
    let key = data_key().segment_key(&stored.salt);
    key.open(stored.entry.nonce, &additional_data(position, stored.entry.kind), &stored.entry.sealed).unwrap()
}

pub(crate) fn conflict(name: &str) -> AppendError {
    AppendError::Conflict { guard: 0, key: [b"n", name.as_bytes()].concat() }
}
