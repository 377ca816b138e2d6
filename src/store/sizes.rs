//! How large a store is, from its directory and marks alone: nothing is walked, nothing is opened.

use std::fs;
use std::io;
use std::path::Path;

use super::durable::{Act, IoFailure, failed};
use super::engine::IndexFailure;
use super::index::synced;

/// How large a store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Files of the ledger.
    pub segments: u64,
    /// Their bytes.
    pub ledger_bytes: u64,
    /// Unfinished groups that were put aside.
    pub asides: u64,
    /// Bytes of the index.
    pub index_bytes: u64,
    /// Entries whose rows are known to be in the index, on the disk. A running service has applied more.
    pub indexed: u64,
}

impl Sizes {
    /// Of the store in `dir`. A file that a running service removes meanwhile counts for nothing.
    pub fn of(dir: &Path) -> Result<Self, IndexFailure> {
        let mut sizes = Self { indexed: synced(&dir.join("index"))?.entries(), ..Self::default() };
        let mut ledger = |name: &Path, bytes| {
            let extension = name.extension().and_then(|extension| extension.to_str());
            match extension {
                Some("seg") => {
                    sizes.segments += 1;
                    sizes.ledger_bytes += bytes;
                }
                Some("bin") => sizes.asides += 1,
                _ => {}
            }
        };
        files(&dir.join("ledger"), &mut ledger).map_err(IndexFailure::Io)?;
        let mut index_bytes = 0;
        files(&dir.join("index"), &mut |_, bytes| index_bytes += bytes).map_err(IndexFailure::Io)?;
        Ok(Self { index_bytes, ..sizes })
    }
}

/// Shows every file below a folder, and its bytes.
fn files(folder: &Path, show: &mut dyn FnMut(&Path, u64)) -> Result<(), IoFailure> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed(Act::List, folder))?,
    };
    for entry in entries {
        let path = entry.map_err(failed(Act::List, folder))?.path();
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => files(&path, show)?,
            Ok(found) => show(&path, found.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(Act::Read, &path)(error)),
        }
    }
    Ok(())
}
