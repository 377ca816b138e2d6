//! The suite over the engines that need no server.

use elicense::store::{FaultyEngine, MemoryEngine};

use crate::open;
use crate::suite::all;

#[test]
fn memory() {
    all(|| MemoryEngine::new([3; 32]));
}

#[test]
fn faulty_without_faults() {
    all(|| FaultyEngine::new(MemoryEngine::new([3; 32])));
}

#[test]
fn sled() {
    // Kept until all ran: each engine's directory goes with it.
    let mut dirs = Vec::new();
    all(|| {
        let dir = tempfile::tempdir().unwrap();
        let (engine, _) = open(dir.path());
        dirs.push(dir);
        engine
    });
}
