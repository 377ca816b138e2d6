//! What every engine promises, and what the engine on disk survives.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that fails panics")]

mod committer;
mod model;
mod recovery;
mod sled;
mod suite;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use elicense::crypto::{Algorithm, DataKey, Digest, SigningKey, SystemRandom};
use elicense::ledger::{Checkpoint, CheckpointKey};
use elicense::store::{
    Direction, Engine, EngineError, Group, Head, KeyRange, Lock, Lookup, OpenError, Opening, Row,
    SealedEntry, SledEngine, SledOptions, StoredEntry,
};

/// A sealed entry as an engine sees one: bytes.
pub(crate) fn entry(seed: u8, length: usize) -> SealedEntry {
    let record = Digest::of(&[seed]);
    SealedEntry { kind: seed % 7 + 1, record, nonce: [seed; 12], sealed: vec![seed; length.max(16)] }
}

/// The rows of an entry, one of its own and one that entries of its kind share.
pub(crate) fn rows(position: u64, entry: &SealedEntry) -> Vec<Row> {
    let own = [b"e", &position.to_be_bytes()[..]].concat();
    vec![
        Row { key: own, value: entry.record.as_bytes().to_vec() },
        Row { key: vec![b'k', entry.kind], value: position.to_be_bytes().to_vec() },
    ]
}

/// The next group of `engine` with these entries.
pub(crate) fn group(engine: &dyn Engine, entries: Vec<SealedEntry>) -> Group {
    let next = engine.next().unwrap();
    let rows = (next.head.entries()..).zip(&entries).flat_map(|(at, entry)| rows(at, entry)).collect();
    Group::new(next, entries, rows)
}

pub(crate) fn append(engine: &dyn Engine, seeds: &[u8]) -> Result<(), EngineError> {
    engine.append(&group(engine, seeds.iter().map(|seed| entry(*seed, 40)).collect()))
}

/// Every row.
pub(crate) fn dump(engine: &dyn Engine) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let all = KeyRange { from: Vec::new(), to: None };
    let rows = engine.scan(&all, Direction::Forward, usize::MAX).unwrap();
    rows.into_iter().map(|row| (row.key, row.value)).collect()
}

/// The rows that the ledger's entries make.
pub(crate) fn expected(engine: &dyn Engine) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut made = BTreeMap::new();
    for position in 0..engine.next().unwrap().head.entries() {
        let stored = engine.read(position).unwrap().unwrap();
        made.extend(rows(position, &stored.entry).into_iter().map(|row| (row.key, row.value)));
    }
    made
}

pub(crate) fn options(dir: &Path) -> SledOptions {
    SledOptions { segment_bytes: 700, cache_bytes: 1 << 20, ..SledOptions::new(dir) }
}

pub(crate) fn open_with(
    options: &SledOptions,
    checkpoint: Option<&Checkpoint>,
) -> Result<(SledEngine, Opening), OpenError> {
    let lock = Lock::take(&options.dir, "a test").unwrap();
    let replay = |stored: &StoredEntry, _: &Lookup<'_>| Ok(rows(stored.position, &stored.entry));
    SledEngine::open(options, lock, checkpoint, Arc::new(SystemRandom), &replay)
}

/// Opens a store whose ledger is taken as it is: the checkpoint is made of the ledger itself.
pub(crate) fn open(dir: &Path) -> (SledEngine, Opening) {
    open_with(&options(dir), Some(&claim(&Head::empty()))).unwrap()
}

/// What a checkpoint of `head` says.
pub(crate) fn claim(head: &Head) -> Checkpoint {
    Checkpoint { origin: "l".into(), size: head.entries(), root: head.root(), chain: head.chain() }
}

pub(crate) fn head(engine: &dyn Engine) -> Head {
    engine.next().unwrap().head
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

pub(crate) fn data_key() -> DataKey {
    DataKey::from_bytes([7; 32])
}

pub(crate) fn checkpoint_key() -> CheckpointKey {
    CheckpointKey::new("l", SigningKey::generate(Algorithm::EdDsa).unwrap()).unwrap()
}
