//! The sled index: rows, and how far they are applied. Nothing in it is the truth.
//!
//! Three measured facts shape it. sled's `flush` does not survive a power cut, so its files are synced here after it.
//! sled drops what follows a flipped bit in silence, so what is known to be synced is written down beside it
//! (`index/synced`), and an index that knows less is not believed. What was applied but not synced may be there in part
//! after a power cut, so applying begins again at what was synced; rows are only put, so doing it twice does no harm.

use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::durable::{Act, IoFailure, create_dir, failed, parent, replace, sync_dir};
use super::engine::{Direction, IndexFailure, KeyRange, Row};
use super::head::Head;

const APPLIED: &[u8] = b"!applied";
/// First byte of the engine's own keys.
const OWN: u8 = b'!';

/// How long an index that was just closed may still hold its files: sled's threads end a moment after it.
const RELEASE_TRIES: u32 = 100;
const RELEASE_WAIT: Duration = Duration::from_millis(20);

/// An open index.
#[derive(Debug)]
pub(super) struct Index {
    dir: PathBuf,
    db: sled::Db,
    /// Taken while syncing, so that the mark never goes back.
    sync: Mutex<()>,
}

impl Index {
    /// Opens the index in `dir`, made empty if it is not there.
    pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, IndexFailure> {
        create_dir(dir).map_err(IndexFailure::Io)?;
        let config = sled::Config::new().path(sled_dir(dir)).cache_capacity(cache_bytes).flush_every_ms(None);
        let mut tries = 0;
        let db = loop {
            // Damaged files make sled panic in places.
            match catch_unwind(AssertUnwindSafe(|| config.open())) {
                Err(_) => return Err(IndexFailure::Damaged),
                Ok(Ok(db)) => break db,
                Ok(Err(sled::Error::Io(error))) if held(&error) && tries < RELEASE_TRIES => {
                    tries += 1;
                    thread::sleep(RELEASE_WAIT);
                }
                Ok(Err(error)) => return Err(failure(dir, Act::Open, error)),
            }
        };
        Ok(Self { dir: dir.to_owned(), db, sync: Mutex::new(()) })
    }

    /// The ledger as far as the rows are applied.
    pub(super) fn applied(&self) -> Result<Head, IndexFailure> {
        match self.get(APPLIED)? {
            None => Ok(Head::empty()),
            Some(bytes) => Head::from_bytes(&bytes).ok_or(IndexFailure::Damaged),
        }
    }

    /// As [`synced`].
    pub(super) fn synced(&self) -> Result<Head, IndexFailure> {
        synced(&self.dir)
    }

    /// Puts `rows` and goes on to `head`, in one atomic batch. One caller at a time.
    pub(super) fn apply(&self, rows: &[Row], head: &Head) -> Result<(), IndexFailure> {
        let mut batch = sled::Batch::default();
        for row in rows {
            batch.insert(row.key.as_slice(), row.value.as_slice());
        }
        batch.insert(APPLIED, head.to_bytes());
        self.db.apply_batch(batch).map_err(|error| failure(&self.dir, Act::Write, error))
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexFailure> {
        let value = self.db.get(key).map_err(|error| failure(&self.dir, Act::Read, error))?;
        Ok(value.map(|value| value.to_vec()))
    }

    pub(super) fn scan(
        &self,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, IndexFailure> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let from = range.from.as_slice();
        let found = match &range.to {
            Some(to) => self.db.range(from..to.as_slice()),
            None => self.db.range(from..),
        };
        let rows = found
            .map(|found| found.map(|(key, value)| Row { key: key.to_vec(), value: value.to_vec() }))
            .filter(|found| !matches!(found, Ok(row) if row.key.first() == Some(&OWN)));
        let rows: Result<Vec<_>, _> = match direction {
            Direction::Forward => rows.take(limit).collect(),
            Direction::Backward => rows.rev().take(limit).collect(),
        };
        rows.map_err(|error| failure(&self.dir, Act::Read, error))
    }

    /// Brings everything applied so far to the disk, and then says so in `synced`.
    pub(super) fn sync(&self) -> Result<(), IndexFailure> {
        let _turn = self.sync.lock().unwrap_or_else(PoisonError::into_inner);
        let applied = self.applied()?;
        if self.synced().is_ok_and(|synced| synced == applied) {
            return Ok(());
        }
        self.db.flush().map_err(|error| failure(&self.dir, Act::Write, error))?;
        sync_files(&sled_dir(&self.dir)).map_err(IndexFailure::Io)?;
        let head = applied.to_bytes();
        let sum = crc32c::crc32c(&head).to_be_bytes();
        replace(&synced_mark(&self.dir), &[&head[..], &sum].concat()).map_err(IndexFailure::Io)
    }
}

/// The ledger as far as the rows of the index in `dir` were on the disk the last time that was made sure of. Needs no open
/// index.
pub(super) fn synced(dir: &Path) -> Result<Head, IndexFailure> {
    let path = synced_mark(dir);
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Head::empty()),
        read => {
            let bytes = read.map_err(failed(Act::Read, &path)).map_err(IndexFailure::Io)?;
            let (head, sum) = bytes.split_last_chunk::<4>().ok_or(IndexFailure::Damaged)?;
            if crc32c::crc32c(head) != u32::from_be_bytes(*sum) {
                return Err(IndexFailure::Damaged);
            }
            Head::from_bytes(head).ok_or(IndexFailure::Damaged)
        }
    }
}

/// Puts the index in `made` in the place of the one in `dir`.
pub(super) fn swap(made: &Path, dir: &Path) -> Result<(), IoFailure> {
    let old = dir.with_extension("old");
    remove(&old)?;
    if dir.exists() {
        fs::rename(dir, &old).map_err(failed(Act::Rename, dir))?;
    }
    // Killed here, there is no index: the next start makes one again.
    fs::rename(made, dir).map_err(failed(Act::Rename, made))?;
    sync_dir(parent(dir))?;
    remove(&old)
}

/// Removes an index, if it is there.
pub(super) fn remove(dir: &Path) -> Result<(), IoFailure> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(Act::Remove, dir)(error)),
        _ => Ok(()),
    }
}

fn sled_dir(dir: &Path) -> PathBuf {
    dir.join("sled")
}

fn synced_mark(dir: &Path) -> PathBuf {
    dir.join("synced")
}

/// Syncs every file below `dir`, and the directories. A file that sled has meanwhile replaced is no matter.
fn sync_files(dir: &Path) -> Result<(), IoFailure> {
    for file in fs::read_dir(dir).map_err(failed(Act::List, dir))? {
        let path = file.map_err(failed(Act::List, dir))?.path();
        if path.is_dir() {
            sync_files(&path)?;
            continue;
        }
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => {
                let file = opened.map_err(failed(Act::Open, &path))?;
                file.sync_all().map_err(failed(Act::Sync, &path))?;
            }
        }
    }
    sync_dir(dir)
}

fn held(error: &io::Error) -> bool {
    // sled words the lock's failure itself, so its kind is lost on the way.
    error.kind() == io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock")
}

fn failure(dir: &Path, act: Act, error: sled::Error) -> IndexFailure {
    match error {
        sled::Error::Io(error) => IndexFailure::Io(IoFailure::new(act, &sled_dir(dir), &error)),
        sled::Error::Corruption { .. } => IndexFailure::Damaged,
        sled::Error::CollectionNotFound(_) | sled::Error::Unsupported(_) | sled::Error::ReportableBug(_) => {
            IndexFailure::Internal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Digest;
    use crate::store::engine::SealedEntry;

    fn row(key: &str, value: &str) -> Row {
        Row { key: key.into(), value: value.into() }
    }

    fn one() -> Head {
        let mut head = Head::empty();
        let record = Digest::of(b"");
        head.advance(&SealedEntry { kind: 1, record, nonce: [0; 12], sealed: vec![0; 16] });
        head
    }

    #[test]
    fn rows_and_head_stay() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(dir.path(), 1 << 20).unwrap();
        assert_eq!(index.applied(), Ok(Head::empty()));
        index.apply(&[row("a1", "1"), row("a1", "2"), row("b", "3")], &one()).unwrap();
        assert_eq!(index.synced(), Ok(Head::empty()));
        index.sync().unwrap();
        drop(index);
        let index = Index::open(dir.path(), 1 << 20).unwrap();
        assert_eq!((index.applied(), index.synced()), (Ok(one()), Ok(one())));
        let all = KeyRange { from: Vec::new(), to: None };
        let (a, b) = (row("a1", "2"), row("b", "3"));
        assert_eq!(index.scan(&all, Direction::Forward, 9), Ok(vec![a.clone(), b.clone()]));
        assert_eq!(index.scan(&all, Direction::Backward, 9), Ok(vec![b.clone(), a]));
        assert_eq!(index.scan(&all, Direction::Backward, 1), Ok(vec![b]));
        assert_eq!(index.get(b"c"), Ok(None));
    }

    #[test]
    fn a_changed_mark_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(dir.path(), 1 << 20).unwrap();
        index.apply(&[], &one()).unwrap();
        index.sync().unwrap();
        let path = synced_mark(dir.path());
        let bytes = fs::read(&path).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, changed).unwrap();
            assert_eq!(index.synced(), Err(IndexFailure::Damaged));
        }
    }
}
