//! Checks an installation's ledger from its files alone, also beside a running service.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::key_files::{KeyFiles, KeyFilesError, name};
use super::settings::{LedgerElsewhere, Settings, SettingsError};
use crate::crypto::{DataKey, Digest, Random};
use crate::ledger::{Checkpoint, CheckpointKey, Entry, VerifierKeyError};
use crate::store::postgres::{DatabaseUrl, PostgresEngine, PostgresOptions};
use crate::store::{
    Checked, Engine, EngineError, IndexCheck, IndexChecked, IndexDifference, IndexFailure, IoFailure, Lock,
    LockError, OpenError, StoreAt, StoredEntry, WitnessError, check, open_entry, read_checkpoint,
};

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
    /// What was found about the index.
    pub index: IndexReport,
}

/// What a check found about the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexReport {
    /// Every row is as the ledger makes it, and there are no others.
    Compared(IndexChecked),
    /// There is none; the next start makes it.
    Missing,
    /// Somebody has the store open, so it could not be compared.
    InUse {
        /// Who.
        by: String,
    },
}

/// The ledger is not what it should be, or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// `settings.json`.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The ledger is elsewhere.
    #[error(transparent)]
    Elsewhere(#[from] LedgerElsewhere),
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
    /// The database.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The index is not what the ledger makes it: names the first difference.
    #[error(transparent)]
    Index(#[from] IndexDifference),
    /// The index's mark cannot be read.
    #[error(transparent)]
    Sizes(#[from] IndexFailure),
    /// The lock file cannot be used.
    #[error(transparent)]
    Lock(IoFailure),
    /// An entry whose frame is whole does not open or is not what its kind says.
    #[error("entry {position}: {problem}")]
    Entry {
        /// Its position.
        position: u64,
        /// Why.
        problem: crate::store::ReplayError,
    },
}

/// Walks everything: frames, checksums, chain, checkpoint, and what is sealed in each entry. Where nobody has the store open,
/// every row of the index is compared with what its entry makes; `who` is told to whoever wants to open it meanwhile.
pub fn check_store(
    dir: &Path,
    at: &StoreAt,
    who: &str,
    random: Arc<dyn Random>,
) -> Result<StoreReport, CheckError> {
    let settings = Settings::read(dir)?;
    settings.check_place(dir, at)?;
    if let StoreAt::Database(url) = at {
        return check_database(dir, url, random);
    }
    let (holder, mut comparing) = match Lock::take(dir, who) {
        Ok(lock) => (Ok(lock), begin_comparing(&settings, dir, random)?),
        Err(LockError::Held { by }) => (Err(by), Ok(None)),
        Err(LockError::Io(failure)) => return Err(CheckError::Lock(failure)),
    };
    let mut kinds = BTreeMap::new();
    let checked = walk_files(dir, &|_| true, &mut |stored, entry| {
        *kinds.entry(kind_name(entry.event.kind())).or_insert(0) += 1;
        // A difference ends the comparing, not the walk: damage of the ledger is told first.
        if let Ok(Some(index)) = &mut comparing
            && let Err(difference) = index.entry(stored, &entry)
        {
            comparing = Err(difference);
        }
        Ok(())
    })?;
    let index = match (holder, comparing?) {
        (Ok(_), Some(index)) => IndexReport::Compared(index.finish()?),
        (Ok(_), None) => IndexReport::Missing,
        (Err(by), _) => IndexReport::InUse { by },
    };
    Ok(StoreReport {
        entries: checked.head.entries(),
        root: checked.head.root(),
        kinds,
        unfinished: checked.unfinished.is_some(),
        index,
    })
}

/// The same over a database, also beside the nodes: what they append meanwhile is not looked at.
fn check_database(dir: &Path, url: &DatabaseUrl, random: Arc<dyn Random>) -> Result<StoreReport, CheckError> {
    let settings = Settings::read(dir)?;
    let data = KeyFiles::at(&settings.places(dir).keys).read_data_key()?;
    let (_, checkpoint) = read_last_checkpoint(&settings, dir)?;
    let (engine, _) = PostgresEngine::open(
        &PostgresOptions { url: url.clone() },
        checkpoint.as_ref(),
        Arc::clone(&random),
    )?;
    let engine: Arc<dyn Engine> = Arc::new(engine);
    let head = engine.next()?.head;
    let mut comparing = IndexCheck::over(Arc::clone(&engine), head.clone(), &data, random);
    let mut kinds = BTreeMap::new();
    read_database(&*engine, &data, head.entries(), &mut |stored, entry| {
        *kinds.entry(kind_name(entry.event.kind())).or_insert(0) += 1;
        Ok(comparing.entry(stored, &entry)?)
    })?;
    let index = IndexReport::Compared(comparing.finish()?);
    Ok(StoreReport { entries: head.entries(), root: head.root(), kinds, unfinished: false, index })
}

/// Shows every entry before `end`.
fn read_database(
    engine: &dyn Engine,
    data: &DataKey,
    end: u64,
    show: &mut Show<'_>,
) -> Result<(), CheckError> {
    let mut position = 0;
    while position < end {
        let page = engine.read_from(position, PAGE)?;
        if page.is_empty() {
            return Err(EngineError::OtherLedger { seen: end, found: position }.into());
        }
        for stored in page.iter().take_while(|stored| stored.position < end) {
            let entry = open_entry(data, stored)
                .map_err(|problem| CheckError::Entry { position: stored.position, problem })?;
            show(stored, entry)?;
            position = stored.position.saturating_add(1);
        }
    }
    Ok(())
}

fn begin_comparing(
    settings: &Settings,
    dir: &Path,
    random: Arc<dyn Random>,
) -> Result<Result<Option<IndexCheck>, IndexDifference>, KeyFilesError> {
    let data = KeyFiles::at(&settings.places(dir).keys).read_data_key()?;
    Ok(IndexCheck::begin(dir, &data, random))
}

/// The checkpoint key's public half, and the last checkpoint it signed.
pub(super) fn read_last_checkpoint(
    settings: &Settings,
    dir: &Path,
) -> Result<(CheckpointKey, Option<Checkpoint>), CheckError> {
    let places = settings.places(dir);
    let key = KeyFiles::at(&places.keys).read(name::CHECKPOINT)?;
    let signer = CheckpointKey::new(&settings.origin, key)?;
    let checkpoint = read_checkpoint(&places.checkpoint, signer.verifier_key())?;
    Ok((signer, checkpoint))
}

/// Entries that are read at once.
const PAGE: usize = 256;

/// Shown each entry with its sealed form and place; an error ends the walk.
type Show<'a> = dyn FnMut(&StoredEntry, Entry) -> Result<(), CheckError> + 'a;

/// Walks the whole ledger, reading only, and opens and shows every entry of a kind that is `wanted`, in order.
pub(super) fn walk_entries(
    dir: &Path,
    at: &StoreAt,
    random: Arc<dyn Random>,
    wanted: &dyn Fn(u8) -> bool,
    show: &mut Show<'_>,
) -> Result<(), CheckError> {
    let settings = Settings::read(dir)?;
    settings.check_place(dir, at)?;
    let StoreAt::Database(url) = at else { return walk_files(dir, wanted, show).map(|_| ()) };
    let data = KeyFiles::at(&settings.places(dir).keys).read_data_key()?;
    let (_, checkpoint) = read_last_checkpoint(&settings, dir)?;
    let (engine, _) =
        PostgresEngine::open(&PostgresOptions { url: url.clone() }, checkpoint.as_ref(), random)?;
    let end = engine.next()?.head.entries();
    read_database(&engine, &data, end, &mut |stored, entry| match wanted(stored.entry.kind) {
        true => show(stored, entry),
        false => Ok(()),
    })
}

fn walk_files(dir: &Path, wanted: &dyn Fn(u8) -> bool, show: &mut Show<'_>) -> Result<Checked, CheckError> {
    let settings = Settings::read(dir)?;
    let data = KeyFiles::at(&settings.places(dir).keys).read_data_key()?;
    let (_, checkpoint) = read_last_checkpoint(&settings, dir)?;
    let mut bad = None;
    let checked = check(dir, checkpoint.as_ref(), &mut |stored: &StoredEntry| {
        if !wanted(stored.entry.kind) {
            return ControlFlow::Continue(());
        }
        let opened = open_entry(&data, stored);
        let opened = opened.map_err(|problem| CheckError::Entry { position: stored.position, problem });
        match opened.and_then(|entry| show(stored, entry)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                bad = Some(error);
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
        8 => "receipt given",
        9 => "presentation made",
        10 => "presentation used",
        11 => "SD-JWT VC issued",
        12 => "grant given, confirmed or withdrawn",
        13 => "licences of a holder used",
        14 => "consent given or withdrawn",
        _ => "unknown",
    }
}
