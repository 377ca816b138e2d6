//! Opening the ledger for writing: walk it, put an unfinished last group aside, make sure of what is there.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use super::segment::Segment;
use super::walk::{Unfinished, Walked, WalkedSegment};
use super::{Journal, JournalError, State, Writer};
use crate::crypto::{Random, random_bytes};
use crate::store::durable::{Act, IoFailure, create_dir, failed, replace, sync_dir};

/// An unfinished last group that was never acknowledged and now lies in a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// What it was.
    pub group: Unfinished,
    /// Where its bytes are now.
    pub path: PathBuf,
}

impl Journal {
    /// Opens the ledger in directory `ledger`, made if it is not there, for writing, after [`walk`](super::walk) has
    /// found it good; and says what was moved aside. A segment that has `rollover` bytes is followed by a new one. The
    /// caller holds the store's lock.
    pub fn open(
        ledger: &Path,
        walked: Walked,
        rollover: u64,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Option<Aside>), JournalError> {
        create_dir(ledger)?;
        remove_unnamed(ledger)?;
        let Walked { head, segments, unfinished, .. } = walked;
        let aside = unfinished.map(|group| put_aside(ledger, group)).transpose()?;
        let mut writer =
            Writer { state: State::Full, head, end: 0, salt: random_bytes(&*random)?, buffer: Vec::new() };
        if let Some(last) = segments.last() {
            make_durable(last)?;
            writer.end = last.last_group.1;
            if writer.end < rollover {
                (writer.state, writer.salt) = (State::Open, last.header.salt);
            }
        }
        sync_dir(ledger)?;
        let segments = segments.into_iter().map(open_segment).collect::<Result<Vec<_>, _>>()?;
        let journal = Self {
            ledger: ledger.to_owned(),
            rollover,
            random,
            segments: RwLock::new(segments),
            writer: Mutex::new(writer),
        };
        Ok((journal, aside))
    }
}

/// Copies the unfinished group to `aside-SEGMENT-BYTE-N.bin`, synced, and only then cuts it off.
fn put_aside(ledger: &Path, group: Unfinished) -> Result<Aside, JournalError> {
    let segment = super::segment::path(ledger, group.damage.segment);
    let bytes = fs::read(&segment).map_err(failed(Act::Read, &segment))?;
    let begin = usize::try_from(group.begin).unwrap_or(usize::MAX);
    let name = format!("aside-{:08x}-{:08x}", group.damage.segment, group.begin);
    let path = (0_u32..)
        .map(|n| ledger.join(format!("{name}-{n}.bin")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| ledger.join(format!("{name}.bin")));
    replace(&path, bytes.get(begin..).unwrap_or_default())?;
    let file = OpenOptions::new().write(true).open(&segment).map_err(failed(Act::Open, &segment))?;
    file.set_len(group.begin).map_err(failed(Act::Truncate, &segment))?;
    file.sync_all().map_err(failed(Act::Sync, &segment))?;
    Ok(Aside { group, path })
}

/// A last group that is there may have met a failed sync: then it lies in memory, marked as written, and a sync would
/// say "done" without writing it. So it is written once more, to where it is, and synced.
fn make_durable(last: &WalkedSegment) -> Result<(), IoFailure> {
    let path = &last.path;
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed(Act::Open, path))?;
    let (begin, end) = last.last_group;
    let mut bytes = vec![0; usize::try_from(end - begin).unwrap_or(0)];
    file.read_exact_at(&mut bytes, begin).map_err(failed(Act::Read, path))?;
    file.write_all_at(&bytes, begin).map_err(failed(Act::Write, path))?;
    file.sync_all().map_err(failed(Act::Sync, path))
}

fn open_segment(walked: WalkedSegment) -> Result<Arc<Segment>, IoFailure> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&walked.path)
        .map_err(failed(Act::Open, &walked.path))?;
    Ok(Arc::new(Segment::new(walked.header, walked.path, file, walked.offsets)))
}

/// Removes files that never got their name; nothing in them was ever acknowledged.
fn remove_unnamed(ledger: &Path) -> Result<(), IoFailure> {
    for file in fs::read_dir(ledger).map_err(failed(Act::List, ledger))? {
        let path = file.map_err(failed(Act::List, ledger))?.path();
        if path.extension().is_some_and(|extension| extension == "new") {
            fs::remove_file(&path).map_err(failed(Act::Remove, &path))?;
        }
    }
    Ok(())
}
