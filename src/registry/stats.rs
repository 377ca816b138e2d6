//! How much an installation holds, from what it knows without reading it all: also beside a running service.

use std::path::Path;

use super::check::{CheckError, read_last_checkpoint};
use super::settings::{Settings, StoreKind};
use crate::crypto::Digest;
use crate::store::Sizes;

/// How much an installation holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreStats {
    /// Entries of the last signed checkpoint, which is at most a second behind.
    pub entries: u64,
    /// Merkle root over them.
    pub root: Option<Digest>,
    /// Files and bytes; a database's are its own to tell.
    pub sizes: Option<Sizes>,
}

/// Says how much the installation in `dir` holds.
pub fn store_stats(dir: &Path) -> Result<StoreStats, CheckError> {
    let settings = Settings::read(dir)?;
    let (_, checkpoint) = read_last_checkpoint(&settings, dir)?;
    Ok(StoreStats {
        entries: checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size),
        root: checkpoint.map(|checkpoint| checkpoint.root),
        sizes: match settings.store {
            StoreKind::Sled => Some(Sizes::of(dir)?),
            StoreKind::Postgres => None,
        },
    })
}
