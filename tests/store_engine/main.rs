//! What every engine promises, and what the engine on disk survives.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that fails panics")]

mod appends;
mod committer;
mod engines;
mod made;
mod model;
mod recovery;
mod sled;
mod suite;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use elicense::crypto::SystemRandom;
use elicense::ledger::Checkpoint;
use elicense::store::{Head, Lock, Lookup, OpenError, Opening, SledEngine, SledOptions, StoredEntry};

pub(crate) use made::{append, checkpoint_key, claim, data_key, dump, entry, expected, group, head, rows};

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
