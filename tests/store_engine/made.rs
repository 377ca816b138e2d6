//! What the tests of engines make: entries, their rows, groups, keys.

#![allow(dead_code, reason = "each test binary compiles this and uses its own part of it")]

use std::collections::BTreeMap;

use elicense::crypto::{Algorithm, DataKey, Digest, SigningKey};
use elicense::ledger::{Checkpoint, CheckpointKey};
use elicense::store::{Direction, Engine, EngineError, Group, Head, KeyRange, Next, Row, SealedEntry};

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
    group_on(engine.next().unwrap(), entries)
}

/// A group on top of `next` with these entries.
pub(crate) fn group_on(next: Next, entries: Vec<SealedEntry>) -> Group {
    let rows = (next.head.entries()..).zip(&entries).flat_map(|(at, entry)| rows(at, entry)).collect();
    Group::new(next, entries, rows)
}

pub(crate) fn append(engine: &dyn Engine, seeds: &[u8]) -> Result<(), EngineError> {
    engine.append(&group(engine, seeds.iter().map(|seed| entry(*seed, 40)).collect()))
}

/// The same as a committer does it: in a turn, which may not come.
pub(crate) fn append_in_turn(engine: &dyn Engine, seeds: &[u8]) -> Result<(), EngineError> {
    let next = engine.turn()?;
    engine.append(&group_on(next, seeds.iter().map(|seed| entry(*seed, 40)).collect()))
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

/// What a checkpoint of `head` says.
pub(crate) fn claim(head: &Head) -> Checkpoint {
    Checkpoint { origin: "l".into(), size: head.entries(), root: head.root(), chain: head.chain() }
}

pub(crate) fn head(engine: &dyn Engine) -> Head {
    engine.next().unwrap().head
}

pub(crate) fn data_key() -> DataKey {
    DataKey::from_bytes([7; 32])
}

pub(crate) fn checkpoint_key() -> CheckpointKey {
    CheckpointKey::new("l", SigningKey::generate(Algorithm::EdDsa).unwrap()).unwrap()
}
