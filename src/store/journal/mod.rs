//! The ledger on disk: append-only segment files of framed, checksummed, hash-chained entries, synced once a group. It is
//! the truth that everything else can be made from. The bytes are STORE.md §1, opening is §4.
//!
//! `frame` and `segment` are the bytes, `walk` reads them all, `Journal` appends and reads one entry.

mod damage;
mod frame;
mod mirror;
mod recovery;
mod segment;
mod walk;

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

pub use damage::{Damage, Problem};
pub use frame::{Body, FrameError, Mark, decode_frame};
pub use mirror::{MirrorError, compare_segments, copy_segments, cut_segments};
pub use recovery::Aside;
pub use segment::HeaderError;
pub use walk::{Unfinished, Walked, Wanted, walk};

use super::durable::{Act, IoFailure, beside, failed, sync_dir};
use super::engine::{EngineError, Group, Next, Salt, StoredEntry};
use super::head::Head;
use crate::crypto::{Random, RandomError, random_bytes};
use frame::{encode_entry, encode_mark};
use segment::{HEADER, Header, Segment};

/// A segment that is as long as this is followed by a new one.
pub const SEGMENT_BYTES: u64 = 256 * 1024 * 1024;

/// The ledger cannot be opened or checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// Bytes that are not what was written.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// No salt for the next segment.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The open ledger of the one process that may write it.
pub struct Journal {
    ledger: PathBuf,
    rollover: u64,
    random: Arc<dyn Random>,
    segments: RwLock<Vec<Arc<Segment>>>,
    writer: Mutex<Writer>,
}

/// The end of the ledger.
struct Writer {
    state: State,
    head: Head,
    /// Length of the last segment's whole groups; nothing lies behind.
    end: u64,
    /// Salt of the last segment or, where it is full or there is none, of the one that comes.
    salt: Salt,
    buffer: Vec<u8>,
}

/// What the next group meets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Room in the last segment.
    Open,
    /// A new segment first.
    Full,
    /// A write or sync failed in a way that leaves the end unknown; the disk must be asked by opening again. A sync that
    /// failed once is never tried again: the system may have dropped what it could not write, and would say it is fine.
    Stopped,
}

impl Journal {
    /// What the next group builds on.
    pub fn next(&self) -> Next {
        let writer = self.writer();
        Next { head: writer.head.clone(), salt: writer.salt }
    }

    /// Writes a group and its commit mark with one write, syncs once. See [`super::Engine::append`] for what is promised.
    pub fn append(&self, group: &Group) -> Result<(), EngineError> {
        let mut writer = self.writer();
        if writer.state == State::Stopped {
            return Err(EngineError::Stopped);
        }
        group.check(&Next { head: writer.head.clone(), salt: writer.salt })?;
        if writer.state == State::Full {
            self.begin_segment(&mut writer)?;
        }
        let Some(segment) = self.segments().last().cloned() else {
            return Err(EngineError::Stopped); // never: a writer without a segment is Full
        };
        let offsets = writer.encode(group);
        writer.write(&segment)?;
        segment.publish(&offsets);
        writer.head = group.head().clone();
        if writer.end >= self.rollover {
            // The next group must know its salt now. Where there is none, this segment goes on a little longer.
            if let Ok(salt) = random_bytes(&*self.random) {
                (writer.salt, writer.state) = (salt, State::Full);
            }
        }
        Ok(())
    }

    /// Seals the next groups under `salt`: in a new segment, unless the last one has it already.
    pub fn use_salt(&self, salt: Salt) -> Result<(), EngineError> {
        let mut writer = self.writer();
        match writer.state {
            State::Stopped => return Err(EngineError::Stopped),
            State::Open if writer.salt == salt => {}
            State::Open | State::Full => (writer.salt, writer.state) = (salt, State::Full),
        }
        Ok(())
    }

    /// The entry at `position`; `None` at and past the end.
    pub fn read(&self, position: u64) -> Result<Option<StoredEntry>, EngineError> {
        let segments = self.segments();
        let after = segments.partition_point(|segment| segment.header.first <= position);
        let segment = after.checked_sub(1).and_then(|index| segments.get(index)).cloned();
        drop(segments);
        segment.map_or(Ok(None), |segment| segment.read(position))
    }

    /// Makes the next segment's file, whole under its name or not at all.
    fn begin_segment(&self, writer: &mut Writer) -> Result<(), EngineError> {
        let number = u32::try_from(self.segments().len()).unwrap_or(u32::MAX);
        let header =
            Header { number, first: writer.head.entries(), salt: writer.salt, chain: writer.head.chain() };
        let path = segment::path(&self.ledger, number);
        let file = create_segment(&path, &header.encode()).map_err(EngineError::NotWritten)?;
        // From here a file with this name may or may not be there after a crash; only opening again can tell.
        let named = fs::rename(beside(&path), &path)
            .map_err(failed(Act::Rename, &path))
            .and_then(|()| sync_dir(&self.ledger));
        if let Err(failure) = named {
            writer.state = State::Stopped;
            return Err(EngineError::NotWritten(failure));
        }
        writer.state = State::Open;
        writer.end = offset(HEADER);
        let segment = Arc::new(Segment::new(header, path, file, Vec::new()));
        self.segments.write().unwrap_or_else(PoisonError::into_inner).push(segment);
        Ok(())
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn segments(&self) -> std::sync::RwLockReadGuard<'_, Vec<Arc<Segment>>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Fills the buffer with the group's frames and gives the places of its entries.
    fn encode(&mut self, group: &Group) -> Vec<u32> {
        self.buffer.clear();
        let mut offsets = Vec::with_capacity(group.entries().len());
        for (position, entry) in (group.first()..).zip(group.entries()) {
            let at = self.end + offset(self.buffer.len());
            offsets.push(u32::try_from(at).unwrap_or(u32::MAX)); // a segment ends soon after 256 MiB
            encode_entry(&mut self.buffer, position, entry);
        }
        let count = u32::try_from(group.entries().len()).unwrap_or(u32::MAX);
        let mark = Mark { first: group.first(), count, chain: group.head().chain() };
        encode_mark(&mut self.buffer, &mark);
        offsets
    }

    /// Writes the buffer behind the last group and syncs it.
    fn write(&mut self, segment: &Segment) -> Result<(), EngineError> {
        if let Err(error) = segment.file.write_all_at(&self.buffer, self.end) {
            let failure = failed(Act::Write, &segment.path)(error);
            // A full disk, most often: what was written is cut off again and the ledger goes on when there is room.
            return Err(match segment.file.set_len(self.end) {
                Ok(()) => EngineError::NotWritten(failure),
                Err(_) => {
                    self.state = State::Stopped;
                    EngineError::NotSynced(failure)
                }
            });
        }
        if let Err(error) = segment.file.sync_data() {
            self.state = State::Stopped;
            return Err(EngineError::NotSynced(failed(Act::Sync, &segment.path)(error)));
        }
        self.end += offset(self.buffer.len());
        Ok(())
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

/// A synced file beside `path` that holds `header`.
fn create_segment(path: &Path, header: &[u8]) -> Result<File, IoFailure> {
    let beside = beside(path);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(failed(Act::Create, &beside))?;
    file.write_all_at(header, 0).map_err(failed(Act::Write, &beside))?;
    file.sync_all().map_err(failed(Act::Sync, &beside))?;
    Ok(file)
}

fn offset(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
