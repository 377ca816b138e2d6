//! One process has a store open; a second one is told who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::durable::{Act, IoFailure, create_dir, failed};

/// Most of a holder's text that is shown.
const MAX_TEXT: u64 = 200;

/// The right to write a store, held until dropped or until the process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The store's lock was not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another process, or another part of this one, has the store open.
    #[error("the store is open already: {by}")]
    Held {
        /// What the holder wrote of itself.
        by: String,
    },
    /// The lock file cannot be used.
    #[error(transparent)]
    Io(#[from] IoFailure),
}

impl Lock {
    /// Takes `dir/lock`, making `dir` with mode 0700 if it is not there, and leaves `who` (process and start time, one
    /// line) for others to read.
    pub fn take(dir: &Path, who: &str) -> Result<Self, LockError> {
        create_dir(dir)?;
        let path = dir.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed(Act::Open, &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = Vec::new();
                // The text is only for the message; a holder that has not written it yet still holds.
                let _ = (&file).take(MAX_TEXT).read_to_end(&mut by);
                return Err(LockError::Held { by: String::from_utf8_lossy(&by).trim().to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(Act::Lock, &path)(error).into()),
        }
        file.set_len(0).map_err(failed(Act::Truncate, &path))?;
        writeln!(file, "{who}").map_err(failed(Act::Write, &path))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_second_one_is_told_who_holds_it() {
        let outer = tempfile::tempdir().unwrap();
        let dir = outer.path().join("store");
        let first = Lock::take(&dir, "process 7 since noon").unwrap();
        let second = Lock::take(&dir, "process 8").unwrap_err();
        assert_eq!(second, LockError::Held { by: "process 7 since noon".into() });
        assert_eq!(second.to_string(), "the store is open already: process 7 since noon");
        drop(first);
        drop(Lock::take(&dir, "9").unwrap());
        assert_eq!(std::fs::read_to_string(dir.join("lock")).unwrap(), "9\n");
        assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
