//! Makes an installation of a backup, in a new or empty directory. What the backup holds is checked before anything opens it,
//! and compared with the last checkpoint that lies outside: a backup that is older is refused, unless the loss is spelled out.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::backup::{BackupError, KEYS, LEDGER, copy_keys};
use super::backup_file::{BackedUp, BackupFile, BackupFileError};
use super::key_files::{KeyFiles, KeyFilesError, name};
use super::make::MakeError;
use super::making::Making;
use super::settings::{Settings, SettingsError};
use crate::crypto::{DataKey, Digest};
use crate::ledger::{Checkpoint, CheckpointKey, VerifierKeyError};
use crate::store::journal::copy_segments;
use crate::store::{
    Act, Head, IndexPolicy, IoFailure, OpenError, ReplayError, StoredEntry, WitnessError, check_at, judge,
    open_entry, read_checkpoint, replace_file, write_checkpoint,
};
use crate::time::UnixTime;

/// What is restored, and where to.
#[derive(Clone, Debug)]
pub struct RestoreOrder {
    /// The backup.
    pub folder: PathBuf,
    /// The directory of the installation that is made of it: new or empty.
    pub dir: PathBuf,
    /// Where the keys lie; absent: where they lay, if they are there, or in the backup.
    pub keys: Option<PathBuf>,
    /// Where the last checkpoint lies; absent: where it lay.
    pub checkpoint: Option<PathBuf>,
    /// The entries that the backup has, said by whoever accepts that the ones after them are lost.
    pub accept_losing_after: Option<u64>,
}

/// A restored installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// Entries in it.
    pub entries: u64,
    /// Merkle root over them.
    pub root: Digest,
    /// Time of the last entry; absent where there is none.
    pub last: Option<UnixTime>,
    /// What the checkpoint outside says.
    pub outside: Outside,
}

/// What a checkpoint outside the installation said of the backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outside {
    /// Nothing: this installation never had one.
    None,
    /// There should be one, and it is gone. That was accepted.
    Gone,
    /// It has no more entries than the backup, and they are the same.
    Agrees,
    /// It has more entries: they are lost. That was accepted.
    Lost {
        /// How many.
        entries: u64,
        /// Where that checkpoint is kept now.
        kept: PathBuf,
    },
}

/// A backup could not be restored. The directory is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup's `backup.json`.
    #[error(transparent)]
    File(#[from] BackupFileError),
    /// The backup's `settings.json`.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The directory is not new or empty.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// The keys are neither in the backup nor where they lay.
    #[error("the backup holds no keys, and {} is not there: say with --keys where they are", expected.display())]
    NoKeys {
        /// Where they lay.
        expected: PathBuf,
    },
    /// A key.
    #[error(transparent)]
    Keys(#[from] KeyFilesError),
    /// The backup's keys could not be copied.
    #[error(transparent)]
    CopyKeys(BackupError),
    /// The checkpoint key's name.
    #[error(transparent)]
    Origin(#[from] VerifierKeyError),
    /// The backup is older than the last checkpoint outside.
    #[error(
        "the backup has {backup} entries, the last checkpoint, {}, says {checkpoint}: {} would be lost, everything after {last}; look for a newer backup, or say --accept-losing-entries-after {backup}", path.display(), checkpoint.saturating_sub(*backup)
    )]
    Older {
        /// Entries in the backup.
        backup: u64,
        /// Entries that the checkpoint says.
        checkpoint: u64,
        /// The checkpoint's file.
        path: PathBuf,
        /// Time of the backup's last entry.
        last: UnixTime,
    },
    /// The checkpoint outside is not there.
    #[error(
        "the last checkpoint, {}, is not there, so nobody knows whether the backup is old: mount its disk, or name the file with --checkpoint; if it is lost, say --accept-losing-entries-after {backup}", path.display()
    )]
    CheckpointGone {
        /// Entries in the backup.
        backup: u64,
        /// The checkpoint's file.
        path: PathBuf,
    },
    /// The number in the words is not the backup's.
    #[error("--accept-losing-entries-after says {said}, the backup has {backup} entries")]
    OtherNumber {
        /// The number.
        said: u64,
        /// Entries in the backup.
        backup: u64,
    },
    /// A checkpoint is not the installation's, or not of this ledger.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The backup's ledger is damaged.
    #[error("the backup is not good; use another: {0}")]
    Damaged(OpenError),
    /// The backup's ledger is not the one that was backed up.
    #[error("the backup is not good; use another: its ledger does not end as backup.json says")]
    OtherEnd,
    /// An entry does not open.
    #[error("entry {position}: {problem}")]
    Entry {
        /// Its position.
        position: u64,
        /// Why.
        problem: ReplayError,
    },
    /// A file.
    #[error(transparent)]
    Io(#[from] IoFailure),
}

/// Restores a backup. Nothing passes for an installation before it is whole; one that was interrupted is begun anew by the same
/// order. `progress` is told bytes of the ledger that are copied, and of how many.
pub fn restore(
    order: &RestoreOrder,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<RestoreReport, RestoreError> {
    let (file, ledger) = BackupFile::read_finished(&order.folder)?;
    if let Some(said) = order.accept_losing_after.filter(|said| *said != ledger.entries) {
        return Err(RestoreError::OtherNumber { said, backup: ledger.entries });
    }
    let settings = Settings::read(&order.folder)?;
    let making = Making::begin(&order.dir, IndexPolicy::CatchUp.into())?;
    let restoring = Restoring { order, file, ledger, settings };
    match restoring.restore(progress) {
        Ok(report) => Ok(making.finish().map(|()| report)?),
        Err(error) => {
            making.abandon()?;
            Err(error)
        }
    }
}

struct Restoring<'a> {
    order: &'a RestoreOrder,
    file: BackupFile,
    ledger: BackedUp,
    settings: Settings,
}

/// The ledger of the backup, walked.
struct Found {
    head: Head,
    last: Option<UnixTime>,
}

impl Restoring<'_> {
    fn restore(mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<RestoreReport, RestoreError> {
        let keys = self.keys()?;
        let signer = CheckpointKey::new(&self.settings.origin, keys.read(name::CHECKPOINT)?)?;
        self.copy_ledger(progress)?;
        if self.order.checkpoint.is_some() {
            self.settings.checkpoint.clone_from(&self.order.checkpoint);
        }
        let inside = Checkpoint::verify(&self.ledger.checkpoint, signer.verifier_key())
            .map_err(WitnessError::Checkpoint)?;
        let place = self.settings.places(&self.order.dir).checkpoint;
        // Inside the new directory there is none yet.
        let outside = read_checkpoint(&place, signer.verifier_key())?;
        let found = self.walk(&inside, outside.as_ref(), &keys.read_data_key()?)?;
        let standing = self.compare(outside.as_ref(), &place, found.last)?;
        self.settings.write(&self.order.dir)?;
        let outside = self.leave_checkpoint(standing, &place, &signer, &found.head)?;
        let (entries, root) = (found.head.entries(), found.head.root());
        Ok(RestoreReport { entries, root, last: found.last, outside })
    }

    /// Where the keys are from now on. Those of the backup are copied only where there are no others.
    fn keys(&mut self) -> Result<KeyFiles, RestoreError> {
        let (dir, folder) = (&self.order.dir, &self.order.folder);
        if let Some(given) = &self.order.keys {
            self.settings.keys = Some(given.clone());
        } else if self.settings.keys.as_ref().is_some_and(|lay| lay.is_dir()) {
            // They are where they lay.
        } else if self.file.keys {
            self.settings.keys = None;
            copy_keys(&folder.join(KEYS), &dir.join(KEYS)).map_err(RestoreError::CopyKeys)?;
        } else {
            return Err(RestoreError::NoKeys { expected: self.settings.places(dir).keys });
        }
        Ok(KeyFiles::at(&self.settings.places(dir).keys))
    }

    fn copy_ledger(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), IoFailure> {
        let (from, to) = (self.order.folder.join(LEDGER), self.order.dir.join(LEDGER));
        let (lengths, mut copied) = (&self.ledger.segments, 0);
        let all = lengths.iter().sum();
        copy_segments(&from, &to, &[], lengths, &mut |bytes| {
            copied += bytes;
            progress(copied, all);
        })
    }

    /// Walks what was copied, from its first byte, and judges it by both checkpoints as far as they go.
    fn walk(
        &self,
        inside: &Checkpoint,
        outside: Option<&Checkpoint>,
        data: &DataKey,
    ) -> Result<Found, RestoreError> {
        let entries = self.ledger.entries;
        let outside = outside.filter(|outside| outside.size <= entries);
        let (mut last, mut bad) = (None, None);
        let heads: Vec<u64> = outside.iter().map(|outside| outside.size).collect();
        let walked = check_at(&self.order.dir, Some(inside), &heads, &mut |stored: &StoredEntry| {
            let position = stored.position;
            // The first tells whether it is the right data key; the last, when it was.
            if position != 0 && position.saturating_add(1) != entries {
                return ControlFlow::Continue(());
            }
            match open_entry(data, stored) {
                Ok(entry) => last = Some(entry.at),
                Err(problem) => bad = Some(RestoreError::Entry { position, problem }),
            }
            if bad.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Some(bad) = bad {
            return Err(bad);
        }
        let walked = walked.map_err(RestoreError::Damaged)?;
        if !self.ledger.is(&walked.head) || walked.unfinished.is_some() {
            return Err(RestoreError::OtherEnd);
        }
        if let Some(outside) = outside {
            judge(Some(outside), &walked.head, walked.heads.get(&outside.size))?;
        }
        Ok(Found { head: walked.head, last })
    }

    /// Whether the backup is as new as the checkpoint outside, or the loss was accepted.
    fn compare(
        &self,
        outside: Option<&Checkpoint>,
        place: &Path,
        last: Option<UnixTime>,
    ) -> Result<Standing, RestoreError> {
        let (backup, path) = (self.ledger.entries, place.to_owned());
        let accepted = self.order.accept_losing_after.is_some();
        match outside {
            None if self.settings.checkpoint.is_none() => Ok(Standing::Inside),
            None if accepted => Ok(Standing::Gone),
            None => Err(RestoreError::CheckpointGone { backup, path }),
            Some(outside) if outside.size <= backup => Ok(Standing::Agrees),
            Some(outside) if accepted => Ok(Standing::Lost { entries: outside.size - backup }),
            Some(outside) => Err(RestoreError::Older {
                backup,
                checkpoint: outside.size,
                path,
                last: last.unwrap_or(self.file.made_at),
            }),
        }
    }

    /// The checkpoint that the first start finds: it must not say more than there is.
    fn leave_checkpoint(
        &self,
        standing: Standing,
        place: &Path,
        signer: &CheckpointKey,
        head: &Head,
    ) -> Result<Outside, RestoreError> {
        let outside = match standing {
            Standing::Agrees => return Ok(Outside::Agrees),
            Standing::Inside => Outside::None,
            Standing::Gone => Outside::Gone,
            Standing::Lost { entries } => {
                // What was lost can still be proved with it.
                let mut kept = place.as_os_str().to_owned();
                kept.push(format!(".lost-after-{}", head.entries()));
                let kept = PathBuf::from(kept);
                let note = fs::read(place).map_err(|error| IoFailure::new(Act::Read, place, &error))?;
                replace_file(&kept, &note)?;
                Outside::Lost { entries, kept }
            }
        };
        write_checkpoint(place, signer, head)?;
        Ok(outside)
    }
}

/// How the backup stands to the checkpoint outside.
enum Standing {
    Inside,
    Gone,
    Agrees,
    Lost { entries: u64 },
}
