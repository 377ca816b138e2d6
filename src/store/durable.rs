//! Files and directories that must be there after a power cut, and failures that say what could not be done where.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What was being done to a file when the system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Making a file or directory.
    Create,
    /// Listing a directory.
    List,
    /// Locking.
    Lock,
    /// Opening what should be there.
    Open,
    /// Reading.
    Read,
    /// Removing.
    Remove,
    /// Renaming.
    Rename,
    /// Forcing to the disk.
    Sync,
    /// Cutting to a length.
    Truncate,
    /// Writing.
    Write,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::List => "list",
            Self::Lock => "lock",
            Self::Open => "open",
            Self::Read => "read",
            Self::Remove => "remove",
            Self::Rename => "rename",
            Self::Sync => "sync",
            Self::Truncate => "truncate",
            Self::Write => "write",
        })
    }
}

/// The system refused something on a file. Comparable and clonable, unlike [`io::Error`], since one failure is told to
/// every request of a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {act} {}: {}", .path.display(), self.reason())]
pub struct IoFailure {
    /// What was tried.
    pub act: Act,
    /// On which file or directory.
    pub path: PathBuf,
    /// The kind of failure.
    pub kind: io::ErrorKind,
    /// The system's number for it, if it came from the system.
    pub code: Option<i32>,
}

impl IoFailure {
    /// `error` met while doing `act` to `path`.
    pub fn new(act: Act, path: &Path, error: &io::Error) -> Self {
        Self { act, path: path.to_owned(), kind: error.kind(), code: error.raw_os_error() }
    }

    fn reason(&self) -> io::Error {
        self.code.map_or_else(|| self.kind.into(), io::Error::from_raw_os_error)
    }
}

/// Names act and path of a failure: `.map_err(failed(Act::Open, path))`.
pub(super) fn failed(act: Act, path: &Path) -> impl FnOnce(io::Error) -> IoFailure + '_ {
    move |error| IoFailure::new(act, path, &error)
}

/// Makes a directory of mode 0700 and the ones above it, if it is not there. Does not touch one that is.
pub(super) fn create_dir(path: &Path) -> Result<(), IoFailure> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed(Act::Create, path))
}

/// Forces a directory's entries to the disk: a file is there after a power cut only once this was done.
pub(super) fn sync_dir(path: &Path) -> Result<(), IoFailure> {
    let dir = File::open(path).map_err(failed(Act::Open, path))?;
    dir.sync_all().map_err(failed(Act::Sync, path))
}

/// Puts `bytes` at `path` whole or not at all: written beside it, synced, renamed, the directory synced. Mode 0600.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), IoFailure> {
    let beside = beside(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(failed(Act::Create, &beside))?;
    file.write_all(bytes).map_err(failed(Act::Write, &beside))?;
    file.sync_all().map_err(failed(Act::Sync, &beside))?;
    fs::rename(&beside, path).map_err(failed(Act::Rename, path))?;
    sync_dir(parent(path))
}

/// The directory that holds `path`.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// `path.new`, where a file is written before it takes its name.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_whole_and_leaves_nothing_beside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint");
        replace(&path, b"first").unwrap();
        replace(&path, b"2").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"2");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn says_what_failed_where_and_why() {
        let failure = replace(Path::new("/nowhere/checkpoint"), b"").unwrap_err();
        assert_eq!((failure.act, failure.kind), (Act::Create, io::ErrorKind::NotFound));
        let text = failure.to_string();
        assert!(text.starts_with("cannot create /nowhere/checkpoint.new: No such file"), "{text}");
    }
}
