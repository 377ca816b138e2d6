//! Checks an installation's ledger from its files alone, also beside a running service.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::key_files::{KeyFiles, KeyFilesError, name};
use super::settings::{Settings, SettingsError};
use crate::crypto::Digest;
use crate::ledger::{CheckpointKey, Entry, VerifierKeyError};
use crate::store::{Checked, OpenError, StoredEntry, WitnessError, check, open_entry, read_checkpoint};

/// What a check counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreReport {
    /// Entries in the ledger.
    pub entries: u64,
    /// Merkle root over all of them.
    pub root: Digest,
    /// Entries of each kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Whether a last group is unfinished: being written, or cut off and never acknowledged.
    pub unfinished: bool,
}

/// The ledger is not what it should be, or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// `settings.json`.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Keys.
    #[error(transparent)]
    Keys(#[from] KeyFilesError),
    /// The checkpoint key's name.
    #[error(transparent)]
    Origin(#[from] VerifierKeyError),
    /// The checkpoint.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The ledger: names segment, offset and position.
    #[error(transparent)]
    Ledger(#[from] OpenError),
    /// An entry whose frame is whole does not open or is not what its kind says.
    #[error("entry {position}: {problem}")]
    Entry {
        /// Its position.
        position: u64,
        /// Why.
        problem: crate::store::ReplayError,
    },
}

/// Walks everything: frames, checksums, chain, checkpoint, and what is sealed in each entry.
pub fn check_store(dir: &Path) -> Result<StoreReport, CheckError> {
    let mut kinds = BTreeMap::new();
    let checked = walk_entries(dir, &|_| true, &mut |entry| {
        *kinds.entry(kind_name(entry.event.kind())).or_insert(0) += 1;
    })?;
    Ok(StoreReport {
        entries: checked.head.entries(),
        root: checked.head.root(),
        kinds,
        unfinished: checked.unfinished.is_some(),
    })
}

/// Walks the whole ledger, reading only, and opens and shows every entry of a kind that is `wanted`, in order.
pub(super) fn walk_entries(
    dir: &Path,
    wanted: &dyn Fn(u8) -> bool,
    show: &mut dyn FnMut(Entry),
) -> Result<Checked, CheckError> {
    let settings = Settings::read(dir)?;
    let places = settings.places(dir);
    let keys = KeyFiles::at(&places.keys);
    let data = keys.read_data_key()?;
    let signer = CheckpointKey::new(&settings.origin, keys.read(name::CHECKPOINT)?)?;
    let checkpoint = read_checkpoint(&places.checkpoint, signer.verifier_key())?;
    let mut bad = None;
    let checked = check(dir, checkpoint.as_ref(), &mut |stored: &StoredEntry| {
        if !wanted(stored.entry.kind) {
            return ControlFlow::Continue(());
        }
        match open_entry(&data, stored) {
            Ok(entry) => {
                show(entry);
                ControlFlow::Continue(())
            }
            Err(problem) => {
                bad = Some(CheckError::Entry { position: stored.position, problem });
                ControlFlow::Break(())
            }
        }
    });
    match bad {
        Some(bad) => Err(bad),
        None => Ok(checked?),
    }
}

const fn kind_name(kind: u8) -> &'static str {
    match kind {
        1 => "installation made",
        2 => "certificate minted",
        3 => "department added or changed",
        4 => "API key made or withdrawn",
        5 => "trust list signed",
        6 => "licence issued",
        7 => "status changed",
        _ => "unknown",
    }
}
