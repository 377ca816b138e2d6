//! `backup.json`: how far a backup goes. It is written last, so what lies in the folder behind it was never finished.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::crypto::Digest;
use crate::store::{Act, Head, IoFailure, replace_file};
use crate::time::UnixTime;

const VERSION: u32 = 1;
const FILE: &str = "backup.json";

/// `backup.json` (STORE.md §8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BackupFile {
    version: u32,
    /// Origin of the ledger's checkpoints.
    pub(super) origin: String,
    /// When the backup was made.
    pub(super) made_at: UnixTime,
    /// Whether the private keys are in it.
    pub(super) keys: bool,
    /// How far it goes; absent until it was finished once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ledger: Option<BackedUp>,
}

/// A ledger as it was backed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BackedUp {
    /// Entries.
    pub(super) entries: u64,
    root: String,
    chain: String,
    /// Bytes of each segment.
    pub(super) segments: Vec<u64>,
    /// The last checkpoint, a signed note of at most so many entries.
    pub(super) checkpoint: String,
}

/// `backup.json` could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BackupFileError {
    /// There is none.
    #[error("{}: no backup here; `elicense store backup` makes one", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
    /// It was begun and never finished.
    #[error("{}: this backup was never finished; make it again into the same folder", folder.display())]
    Unfinished {
        /// The folder.
        folder: PathBuf,
    },
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// Not the JSON that this program writes.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Written by another version of this program.
    #[error("{}: a backup of version {got}, this program knows version {VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that came.
        got: u32,
    },
}

impl BackupFile {
    /// Of a backup that is begun.
    pub(super) const fn begun(origin: String, made_at: UnixTime, keys: bool) -> Self {
        Self { version: VERSION, origin, made_at, keys, ledger: None }
    }

    /// The one in `folder`; `None` where there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, BackupFileError> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| IoFailure::new(Act::Read, &path, &error))?,
        };
        match serde_json::from_slice::<Self>(&text) {
            Ok(file) if file.version != VERSION => Err(BackupFileError::Version { path, got: file.version }),
            Ok(file) => Ok(Some(file)),
            Err(source) => Err(BackupFileError::Json { path, source }),
        }
    }

    /// That of a finished backup, and how far it goes.
    pub(super) fn read_finished(folder: &Path) -> Result<(Self, BackedUp), BackupFileError> {
        let folder_path = || folder.to_owned();
        let file = Self::read(folder)?.ok_or_else(|| BackupFileError::Missing { folder: folder_path() })?;
        let ledger =
            file.ledger.clone().ok_or_else(|| BackupFileError::Unfinished { folder: folder_path() })?;
        Ok((file, ledger))
    }

    /// Puts it into `folder`, whole and synced.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupFileError> {
        let path = folder.join(FILE);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|source| BackupFileError::Json { path: path.clone(), source })?;
        Ok(replace_file(&path, &text)?)
    }
}

impl BackedUp {
    /// A ledger that ends at `head`, in segments of these lengths.
    pub(super) fn new(head: &Head, segments: Vec<u64>, checkpoint: String) -> Self {
        let (root, chain) = (head.root().to_string(), head.chain().to_string());
        Self { entries: head.entries(), root, chain, segments, checkpoint }
    }

    /// Whether this is the ledger that was backed up.
    pub(super) fn is(&self, head: &Head) -> bool {
        self.entries == head.entries()
            && Digest::from_hex(&self.root) == Some(head.root())
            && Digest::from_hex(&self.chain) == Some(head.chain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_and_says_what_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let missing = BackupFile::read_finished(folder.path()).unwrap_err();
        assert!(matches!(missing, BackupFileError::Missing { .. }), "{missing}");
        let at = UnixTime::from_seconds(1_700_000_000).unwrap();
        let mut file = BackupFile::begun("licences.example".to_owned(), at, false);
        file.write(folder.path()).unwrap();
        let unfinished = BackupFile::read_finished(folder.path()).unwrap_err();
        assert!(matches!(unfinished, BackupFileError::Unfinished { .. }), "{unfinished}");
        let ledger = BackedUp::new(&Head::empty(), vec![96], "a note".to_owned());
        assert!(ledger.is(&Head::empty()));
        file.ledger = Some(ledger.clone());
        file.write(folder.path()).unwrap();
        assert_eq!(BackupFile::read_finished(folder.path()).unwrap(), (file.clone(), ledger));
        file.version = 2;
        file.write(folder.path()).unwrap();
        assert!(matches!(BackupFile::read(folder.path()), Err(BackupFileError::Version { got: 2, .. })));
    }
}
