//! Backs an installation up into a folder, also beside its running service: of the installation everything is only read.
//! What the folder holds, and in which order it gets there, is STORE.md §8.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::backup_file::{BackedUp, BackupFile, BackupFileError};
use super::check::{CheckError, read_last_checkpoint};
use super::settings::{Settings, SettingsError, StoreKind};
use crate::crypto::{Digest, KeyFileError, read_secret_file};
use crate::ledger::Checkpoint;
use crate::store::journal::{MirrorError, compare_segments, copy_segments, cut_segments};
use crate::store::{
    Act, Checked, Head, IoFailure, Lock, LockError, OpenError, StoredEntry, check_at, replace_file,
};
use crate::time::UnixTime;

/// What is backed up, and where to.
#[derive(Clone, Debug)]
pub struct BackupOrder {
    /// The installation.
    pub dir: PathBuf,
    /// The folder: new, empty, or that of an earlier backup of the same installation.
    pub folder: PathBuf,
    /// Whether the private keys go into it.
    pub keys: BackupKeys,
    /// Who does it, for others who want the folder meanwhile.
    pub who: String,
    /// The clock.
    pub now: UnixTime,
}

/// Whether private keys go into a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupKeys {
    /// Yes: whoever has the backup has everything.
    With,
    /// No: they are kept elsewhere.
    Without,
}

/// A finished backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// Entries in it.
    pub entries: u64,
    /// Merkle root over them.
    pub root: Digest,
    /// Entries that were in it before.
    pub had: u64,
    /// Bytes that were copied of the ledger.
    pub bytes: u64,
}

/// A backup could not be made. What the folder held before is still there and can be restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// `settings.json`.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The ledger lies in a database.
    #[error(
        "{}: its ledger is in PostgreSQL; the database's own tools back that up, or `elicense store move` brings it here first", dir.display()
    )]
    Database {
        /// The installation.
        dir: PathBuf,
    },
    /// The folder holds something else.
    #[error("{}: expected a new or empty folder or an earlier backup, there is {} in it", folder.display(), found.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// Something in it.
        found: OsString,
    },
    /// Another backup is being made there.
    #[error("{}: another backup is being made into it: {by}", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
        /// Who makes it.
        by: String,
    },
    /// The folder is another installation's backup.
    #[error("{}: this is a backup of {found}, not of {expected}; use another folder", folder.display())]
    OtherInstallation {
        /// The folder.
        folder: PathBuf,
        /// Origin of the installation's ledger.
        expected: String,
        /// Origin of the ledger in the backup.
        found: String,
    },
    /// The folder holds keys, and they would be out of date.
    #[error(
        "{}: this backup holds keys, which would be out of date without --with-keys; give it, or use another folder", folder.display()
    )]
    KeysThere {
        /// The folder.
        folder: PathBuf,
    },
    /// The backup has entries that the installation does not have.
    #[error(
        "the backup has {backup} entries, the ledger only {ledger}: this installation was put back to an older state; keep that backup, and use another folder"
    )]
    Ahead {
        /// Entries in the backup.
        backup: u64,
        /// Entries in the ledger.
        ledger: u64,
    },
    /// The backup is not how the ledger begins.
    #[error(
        "the backup's {entries} entries are not those that the ledger begins with: keep that backup, and use another folder"
    )]
    Forked {
        /// Entries in the backup.
        entries: u64,
    },
    /// The folder's files are not what was written there, or the ledger lies in other files now.
    #[error("the backup cannot be gone on with; use another folder: {0}")]
    Mirror(#[from] MirrorError),
    /// The copy is not what was copied.
    #[error("the copy is not good; use another folder: {0}")]
    Copy(OpenError),
    /// The copy's end is not the original's.
    #[error("the copy does not end as the ledger did; use another folder")]
    CopyDiffers,
    /// `backup.json`.
    #[error(transparent)]
    File(#[from] BackupFileError),
    /// The installation's ledger, checkpoint or keys.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// A private key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A file or folder.
    #[error(transparent)]
    Io(#[from] IoFailure),
}

/// Backs up, into a folder that then can be restored, or adds what came since to an earlier backup. `progress` is told bytes
/// of the ledger that are copied, and of how many.
pub fn back_up(order: &BackupOrder, progress: &mut dyn FnMut(u64, u64)) -> Result<BackupReport, BackupError> {
    let settings = Settings::read(&order.dir)?;
    if settings.store != StoreKind::Sled {
        return Err(BackupError::Database { dir: order.dir.clone() });
    }
    let folder = Folder::begin(order, &settings)?;
    let source = Source::look(order, &settings, &folder.had)?;
    let bytes = folder.copy_ledger(&source, progress)?;
    copy_file(&order.dir.join(SETTINGS), &order.folder.join(SETTINGS))?;
    if order.keys == BackupKeys::With {
        // After the ledger: a key that an entry names was there before the entry.
        copy_keys(&settings.places(&order.dir).keys, &order.folder.join(KEYS))?;
    }
    folder.verify(&source)?;
    let had = folder.had.as_ref().map_or(0, |had| had.entries);
    let Source { checked, note, .. } = source;
    let (entries, root) = (checked.head.entries(), checked.head.root());
    let ledger = Some(BackedUp::new(&checked.head, checked.lengths, note));
    let mut file = folder.file;
    file.ledger = ledger;
    file.write(&order.folder)?;
    Ok(BackupReport { entries, root, had, bytes })
}

pub(super) const LEDGER: &str = "ledger";
pub(super) const SETTINGS: &str = "settings.json";
pub(super) const KEYS: &str = "keys";

/// The ledger that is backed up.
struct Source {
    ledger: PathBuf,
    checkpoint: Checkpoint,
    note: String,
    checked: Checked,
}

impl Source {
    /// Walks the ledger up to where it is now, and compares its beginning with the backup that there is.
    fn look(order: &BackupOrder, settings: &Settings, had: &Option<BackedUp>) -> Result<Self, BackupError> {
        // The checkpoint before the ledger: a service that runs makes both longer.
        let path = settings.places(&order.dir).checkpoint;
        let (signer, _) = read_last_checkpoint(settings, &order.dir)?;
        let note = fs::read_to_string(&path).map_err(|error| IoFailure::new(Act::Read, &path, &error))?;
        let checkpoint = Checkpoint::verify(&note, signer.verifier_key())
            .map_err(|error| CheckError::Witness(error.into()))?;
        let entries = had.as_ref().map_or(0, |had| had.entries);
        let visit = &mut |_: &StoredEntry| ControlFlow::Continue(());
        let checked =
            check_at(&order.dir, Some(&checkpoint), &[entries], visit).map_err(CheckError::Ledger)?;
        if let Some(had) = had {
            match checked.heads.get(&entries) {
                None => {
                    return Err(BackupError::Ahead { backup: entries, ledger: checked.head.entries() });
                }
                Some(then) if !had.is(then) => return Err(BackupError::Forked { entries }),
                Some(_) => {}
            }
        }
        Ok(Self { ledger: order.dir.join(LEDGER), checkpoint, note, checked })
    }
}

/// The folder, while this process alone writes to it.
struct Folder {
    path: PathBuf,
    file: BackupFile,
    /// What an earlier backup finished.
    had: Option<BackedUp>,
    _lock: Lock,
}

impl Folder {
    fn begin(order: &BackupOrder, settings: &Settings) -> Result<Self, BackupError> {
        let folder = &order.folder;
        let busy = |by| BackupError::Busy { folder: folder.clone(), by };
        if BackupFile::read(folder)?.is_none() {
            refuse_what_is_there(folder)?;
        }
        let lock = Lock::take(folder, &order.who).map_err(|error| match error {
            LockError::Held { by } => busy(by),
            LockError::Io(failure) => failure.into(),
        })?;
        let keys = order.keys == BackupKeys::With;
        let mut file = BackupFile::begun(settings.origin.clone(), order.now, keys);
        let had = match BackupFile::read(folder)? {
            None => {
                file.write(folder)?;
                None
            }
            Some(found) if found.origin != settings.origin => {
                let (folder, expected) = (folder.clone(), settings.origin.clone());
                return Err(BackupError::OtherInstallation { folder, expected, found: found.origin });
            }
            Some(found) if found.keys && !keys => {
                return Err(BackupError::KeysThere { folder: folder.clone() });
            }
            Some(found) => found.ledger,
        };
        file.ledger.clone_from(&had);
        Ok(Self { path: folder.clone(), file, had, _lock: lock })
    }

    /// Cuts off what was never finished, compares, and copies what came since. Returns how many bytes.
    fn copy_ledger(&self, source: &Source, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, BackupError> {
        let (from, to) = (&source.ledger, self.path.join(LEDGER));
        let had = self.had.as_ref().map_or(&[][..], |had| &had.segments);
        cut_segments(&to, had)?;
        compare_segments(from, &to, had, &source.checked.lengths)?;
        let all = source.checked.lengths.iter().sum::<u64>().saturating_sub(had.iter().sum());
        let mut copied = 0;
        copy_segments(from, &to, had, &source.checked.lengths, &mut |bytes| {
            copied += bytes;
            progress(copied, all);
        })
        .map_err(MirrorError::Io)?;
        Ok(copied)
    }

    /// Walks the copy from its first byte.
    fn verify(&self, source: &Source) -> Result<(), BackupError> {
        let visit = &mut |_: &StoredEntry| ControlFlow::Continue(());
        let copy = check_at(&self.path, Some(&source.checkpoint), &[], visit).map_err(BackupError::Copy)?;
        let ends_alike = |copy: &Head| *copy == source.checked.head;
        if ends_alike(&copy.head) && copy.unfinished.is_none() {
            return Ok(());
        }
        Err(BackupError::CopyDiffers)
    }
}

fn refuse_what_is_there(folder: &Path) -> Result<(), BackupError> {
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        listing => listing.map_err(|error| IoFailure::new(Act::List, folder, &error))?,
    };
    for entry in listing {
        let found = entry.map_err(|error| IoFailure::new(Act::List, folder, &error))?.file_name();
        // A disk of its own has the first of these when it is new; a backup that was hardly begun has the others.
        if !["lost+found", "lock", "backup.json.new"].iter().any(|name| found == *name) {
            return Err(BackupError::NotEmpty { folder: folder.to_owned(), found });
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<(), IoFailure> {
    let bytes = fs::read(from).map_err(|error| IoFailure::new(Act::Read, from, &error))?;
    replace_file(to, &bytes)
}

/// Copies every private key in folder `from`, and no other file.
pub(super) fn copy_keys(from: &Path, to: &Path) -> Result<(), BackupError> {
    super::key_files::KeyFiles::at(to).make_folder().map_err(CheckError::Keys)?;
    for file in fs::read_dir(from).map_err(|error| IoFailure::new(Act::List, from, &error))? {
        let path = file.map_err(|error| IoFailure::new(Act::List, from, &error))?.path();
        let is_key = path.extension().is_some_and(|extension| extension == "pem" || extension == "key");
        if let Some(name) = path.file_name().filter(|_| is_key) {
            replace_file(&to.join(name), &read_secret_file(&path)?)?;
        }
    }
    Ok(())
}
