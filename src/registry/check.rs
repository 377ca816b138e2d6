//! Checks an installation's ledger from its files alone, also beside a running service.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::key_files::{KeyFiles, KeyFilesError, name};
use super::settings::{Settings, SettingsError};
use crate::crypto::Digest;
use crate::ledger::{CheckpointKey, VerifierKeyError};
use crate::store::{OpenError, StoredEntry, WitnessError, check, open_entry, read_checkpoint};

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
    let settings = Settings::read(dir)?;
    let places = settings.places(dir);
    let keys = KeyFiles::at(&places.keys);
    let data = keys.read_data_key()?;
    let signer = CheckpointKey::new(&settings.origin, keys.read(name::CHECKPOINT)?)?;
    let checkpoint = read_checkpoint(&places.checkpoint, signer.verifier_key())?;
    let (mut kinds, mut bad) = (BTreeMap::new(), None);
    let checked =
        check(dir, checkpoint.as_ref(), &mut |stored: &StoredEntry| match open_entry(&data, stored) {
            Ok(_) => {
                *kinds.entry(kind_name(stored.entry.kind)).or_insert(0) += 1;
                ControlFlow::Continue(())
            }
            Err(problem) => {
                bad = Some(CheckError::Entry { position: stored.position, problem });
                ControlFlow::Break(())
            }
        });
    match (bad, checked) {
        (Some(bad), _) => Err(bad),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(checked)) => Ok(StoreReport {
            entries: checked.head.entries(),
            root: checked.head.root(),
            kinds,
            unfinished: checked.unfinished.is_some(),
        }),
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
