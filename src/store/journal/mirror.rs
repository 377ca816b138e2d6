//! Copies of segments, byte for byte up to a group's end: what a backup is. Of the ledger that is copied everything is only
//! read, also while its service appends to it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::segment::{self, HEADER};
use crate::store::durable::{Act, IoFailure, create_dir, failed, sync_dir};

/// Bytes that are copied at once.
const CHUNK: usize = 1 << 20;

/// A folder of segments is not the copy that it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// A segment's file is shorter than what was copied into it.
    #[error("{} has {found} bytes, expected {expected}", path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// Bytes that should be there.
        expected: u64,
    },
    /// The same entries lie in other files, or begin at other bytes.
    #[error("{} does not begin as {}", original.display(), copy.display())]
    OtherBytes {
        /// The segment.
        original: PathBuf,
        /// What should be how it begins.
        copy: PathBuf,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoFailure),
}

/// Cuts the segments in folder `ledger` back to these `lengths`, and removes the ones after them.
pub fn cut_segments(ledger: &Path, lengths: &[u64]) -> Result<(), MirrorError> {
    create_dir(ledger)?;
    for file in fs::read_dir(ledger).map_err(failed(Act::List, ledger))? {
        let file = file.map_err(failed(Act::List, ledger))?;
        let Some(number) = file.file_name().to_str().and_then(segment::number_of) else { continue };
        let path = file.path();
        match usize::try_from(number).ok().and_then(|number| lengths.get(number)) {
            None => fs::remove_file(&path).map_err(failed(Act::Remove, &path))?,
            Some(length) => cut(&path, *length)?,
        }
    }
    for (number, length) in (0..).zip(lengths) {
        let path = segment::path(ledger, number);
        if !path.exists() {
            return Err(MirrorError::Short { path, found: 0, expected: *length });
        }
    }
    Ok(sync_dir(ledger)?)
}

fn cut(path: &Path, length: u64) -> Result<(), MirrorError> {
    let file = OpenOptions::new().write(true).open(path).map_err(failed(Act::Open, path))?;
    let found = file.metadata().map_err(failed(Act::Read, path))?.len();
    if found < length {
        return Err(MirrorError::Short { path: path.to_owned(), found, expected: length });
    }
    if found > length {
        file.set_len(length).map_err(failed(Act::Truncate, path))?;
        file.sync_all().map_err(failed(Act::Sync, path))?;
    }
    Ok(())
}

/// Compares the segments of the copy in `to`, of `had` bytes each, with how those in `from` begin, of `lengths` bytes: all
/// but the last by length and header, which says what is before them; the last, byte for byte.
pub fn compare_segments(from: &Path, to: &Path, had: &[u64], lengths: &[u64]) -> Result<(), MirrorError> {
    let last = had.len().checked_sub(1);
    for (number, had_bytes) in (0_u32..).zip(had) {
        let index = usize::try_from(number).ok();
        let (original, copy) = (segment::path(from, number), segment::path(to, number));
        let there = index.and_then(|index| lengths.get(index)).copied();
        let (compared, fits) = if index == last {
            (*had_bytes, there.is_some_and(|there| there >= *had_bytes))
        } else {
            (u64::try_from(HEADER).unwrap_or(0), there == Some(*had_bytes))
        };
        if !fits || !begin_alike(&original, &copy, compared)? {
            return Err(MirrorError::OtherBytes { original, copy });
        }
    }
    Ok(())
}

fn begin_alike(one: &Path, other: &Path, bytes: u64) -> Result<bool, IoFailure> {
    let open = |path| File::open(path).map_err(failed(Act::Open, path));
    let (mut one_file, mut other_file) = (open(one)?.take(bytes), open(other)?.take(bytes));
    let (mut one_chunk, mut other_chunk) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
    loop {
        read_chunk(&mut one_file, &mut one_chunk).map_err(failed(Act::Read, one))?;
        read_chunk(&mut other_file, &mut other_chunk).map_err(failed(Act::Read, other))?;
        if one_chunk != other_chunk || one_chunk.is_empty() {
            return Ok(one_chunk.is_empty() && other_chunk.is_empty());
        }
    }
}

fn read_chunk(file: &mut io::Take<File>, chunk: &mut Vec<u8>) -> io::Result<usize> {
    chunk.clear();
    file.by_ref().take(u64::try_from(CHUNK).unwrap_or(u64::MAX)).read_to_end(chunk)
}

/// Copies the segments in `from` as far as `lengths` says into folder `to`, which has the first `had` bytes of each. What is
/// copied is synced where it comes from, so that the copy never knows more than its original after a power cut, and where it
/// goes. `progress` is told how many bytes more were copied.
pub fn copy_segments(
    from: &Path,
    to: &Path,
    had: &[u64],
    lengths: &[u64],
    progress: &mut dyn FnMut(u64),
) -> Result<(), IoFailure> {
    create_dir(to)?;
    for (index, end) in lengths.iter().enumerate() {
        let begin = had.get(index).copied().unwrap_or(0);
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        if begin < *end {
            let (original, copy) = (segment::path(from, number), segment::path(to, number));
            copy_range(&original, &copy, begin..*end, progress)?;
        }
    }
    sync_dir(to)
}

fn copy_range(
    original: &Path,
    copy: &Path,
    range: std::ops::Range<u64>,
    progress: &mut dyn FnMut(u64),
) -> Result<(), IoFailure> {
    let from = File::open(original).map_err(failed(Act::Open, original))?;
    from.sync_data().map_err(failed(Act::Sync, original))?;
    let to = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(copy)
        .map_err(failed(Act::Create, copy))?;
    let mut buffer = vec![0; CHUNK];
    let mut at = range.start;
    while at < range.end {
        let wanted = usize::try_from(range.end - at).unwrap_or(CHUNK).min(CHUNK);
        let Some(chunk) = buffer.get_mut(..wanted) else { break };
        from.read_exact_at(chunk, at).map_err(failed(Act::Read, original))?;
        to.write_all_at(chunk, at).map_err(failed(Act::Write, copy))?;
        let copied = u64::try_from(wanted).unwrap_or(0);
        at += copied;
        progress(copied);
    }
    to.sync_all().map_err(failed(Act::Sync, copy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, number: u32, bytes: &[u8]) {
        fs::create_dir_all(folder).unwrap();
        fs::write(segment::path(folder, number), bytes).unwrap();
    }

    fn read(folder: &Path, number: u32) -> Vec<u8> {
        fs::read(segment::path(folder, number)).unwrap()
    }

    #[test]
    fn what_came_since_is_added_and_what_was_begun_is_cut_off() {
        let outer = tempfile::tempdir().unwrap();
        let (from, to) = (outer.path().join("from"), outer.path().join("to"));
        write(&from, 0, &[1; 200]);
        write(&from, 1, &[2; 150]);
        let mut copied = 0;
        copy_segments(&from, &to, &[], &[200, 120], &mut |bytes| copied += bytes).unwrap();
        assert_eq!((read(&to, 0), read(&to, 1), copied), (vec![1; 200], vec![2; 120], 320));
        // Cut off in the middle of the next one.
        write(&to, 1, &[[2; 120].as_slice(), &[9; 7]].concat());
        write(&to, 2, &[9; 7]);
        cut_segments(&to, &[200, 120]).unwrap();
        compare_segments(&from, &to, &[200, 120], &[200, 150]).unwrap();
        copy_segments(&from, &to, &[200, 120], &[200, 150], &mut |_| {}).unwrap();
        assert_eq!((read(&to, 0), read(&to, 1)), (vec![1; 200], vec![2; 150]));
        assert_eq!(fs::read_dir(&to).unwrap().count(), 2);
    }

    #[test]
    fn a_copy_that_lost_something_is_noticed() {
        let outer = tempfile::tempdir().unwrap();
        write(outer.path(), 0, &[1; 100]);
        let short = cut_segments(outer.path(), &[101]).unwrap_err();
        assert!(matches!(short, MirrorError::Short { found: 100, expected: 101, .. }), "{short}");
        let gone = cut_segments(outer.path(), &[100, 100]).unwrap_err();
        assert!(matches!(gone, MirrorError::Short { found: 0, expected: 100, .. }), "{gone}");
    }

    #[test]
    fn another_original_is_noticed() {
        let outer = tempfile::tempdir().unwrap();
        let (from, to) = (outer.path().join("from"), outer.path().join("to"));
        for folder in [&from, &to] {
            write(folder, 0, &[1; 200]);
            write(folder, 1, &[2; 150]);
        }
        let compare = |had: &[u64], there: &[u64]| compare_segments(&from, &to, had, there);
        assert_eq!(compare(&[200, 150], &[200, 150]), Ok(()));
        assert_eq!(compare(&[], &[200, 150]), Ok(()));
        for (had, there) in [([200, 150], [200, 149]), ([199, 150], [200, 150])] {
            assert!(
                matches!(compare(&had, &there), Err(MirrorError::OtherBytes { .. })),
                "{had:?} {there:?}"
            );
        }
        assert!(matches!(compare(&[200, 150], &[200]), Err(MirrorError::OtherBytes { .. })));
        let mut other = vec![2; 150];
        other[149] = 3;
        write(&from, 1, &other);
        assert!(matches!(compare(&[200, 150], &[200, 150]), Err(MirrorError::OtherBytes { .. })));
        write(&from, 1, &[2; 150]);
        other = vec![1; 200];
        other[95] = 3;
        write(&from, 0, &other);
        assert!(matches!(compare(&[200, 150], &[200, 150]), Err(MirrorError::OtherBytes { .. })));
    }
}
