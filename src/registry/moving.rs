//! Moves an installation's ledger between its directory and a database, in such an order that at any moment one of them takes
//! orders at most, and that the same order given again finishes what was cut off (STORE.md §9).

use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check::{CheckError, read_last_checkpoint};
use super::key_files::{KeyFiles, KeyFilesError};
use super::settings::{Settings, SettingsError, StoreKind};
use crate::crypto::Random;
use crate::ledger::Checkpoint;
use crate::store::journal::{JournalError, Wanted, walk};
use crate::store::postgres::MigrateError;
use crate::store::{
    Act, CopyError, DatabaseUrl, EngineError, Head, IoFailure, Lock, LockError, MovableLedger, Moved,
    OpenError, PostgresEngine, PostgresOptions, SledEngine, SledOptions, StoreKeys, StoredEntry,
    WitnessError, check_at, copy_ledger, migrate, replace_file, write_checkpoint,
};

const LEDGER: &str = "ledger";
const INDEX: &str = "index";
/// What is behind their names while the store is in a database.
const AWAY: &str = "moved";
/// Lies in the directory while the store is on its way.
const MARK: &str = "moving";

/// Whose store is moved.
#[derive(Clone)]
pub struct MoveOrder {
    /// The installation's directory, or a node's.
    pub dir: PathBuf,
    /// Who moves it, for others who want to open it meanwhile.
    pub who: String,
    /// Source of nonces and salts.
    pub random: Arc<dyn Random>,
}

/// A moved store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveReport {
    /// Where the ledger stood where it was.
    pub from: Head,
    /// Where it stands where it is now.
    pub to: Head,
    /// Entries that an earlier move had copied.
    pub had: u64,
}

/// A store was not moved, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// `settings.json`.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A process has the directory open.
    #[error("{}: this has to be stopped while its store is moved: {by}", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// Who.
        by: String,
    },
    /// The store is in a database already.
    #[error("{}: its store is in a database already, and not the way you say: there is nothing to move", dir.display())]
    NotHere {
        /// The directory.
        dir: PathBuf,
    },
    /// The store is in the directory already.
    #[error("{}: its store is in this directory, not in a database: there is nothing to move", dir.display())]
    Here {
        /// The directory.
        dir: PathBuf,
    },
    /// Nodes append to the database's ledger.
    #[error(
        "the database holds a ledger of {entries} entries that nodes append to: a store is moved into an empty database, or into the one that it came from"
    )]
    TakesOrders {
        /// Entries in it.
        entries: u64,
    },
    /// Files of an earlier move are in the way.
    #[error("{} is left from an earlier move and in the way: look at it, and remove it", path.display())]
    InTheWay {
        /// The folder.
        path: PathBuf,
    },
    /// What the directory put away is not what is in the database.
    #[error(
        "the database has {database} entries, the ledger that was copied there {directory}, and they should be the same; nothing was changed: find out who changed them"
    )]
    Differs {
        /// Entries in the database.
        database: u64,
        /// Entries in the directory.
        directory: u64,
    },
    /// The database's tables.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The ledger in the directory, its checkpoint or keys.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// A key.
    #[error(transparent)]
    Keys(#[from] KeyFilesError),
    /// The ledger in the directory cannot be opened.
    #[error("the ledger in the directory: {0}")]
    Directory(OpenError),
    /// The ledger that was put away cannot be read.
    #[error("the ledger in the directory: {0}")]
    PutAway(#[from] JournalError),
    /// The database cannot be opened.
    #[error("the database: {0}")]
    Open(OpenError),
    /// The database does not do what it is asked.
    #[error("the database: {0}")]
    Database(EngineError),
    /// Copying.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The checkpoint cannot be written.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// A file.
    #[error(transparent)]
    Io(#[from] IoFailure),
}

/// Tells whoever waits: entries that are copied, and of how many.
pub type MoveProgress<'a> = dyn FnMut(u64, u64) + 'a;

/// Moves the store of the installation in the order's directory into the database at `url`, whose tables are made if they are
/// not there.
pub fn move_to_database(
    order: &MoveOrder,
    url: &DatabaseUrl,
    progress: &mut MoveProgress<'_>,
) -> Result<MoveReport, MoveError> {
    let moving = Moving::begin(order)?;
    migrate(url, &*order.random)?;
    let database = moving.open(url, None)?;
    moving.out(&database, progress)
}

/// Moves the store in the database at `url` into the directory of one of its nodes.
pub fn move_from_database(
    order: &MoveOrder,
    url: &DatabaseUrl,
    progress: &mut MoveProgress<'_>,
) -> Result<MoveReport, MoveError> {
    let moving = Moving::begin(order)?;
    let (_, checkpoint) = read_last_checkpoint(&moving.settings, &order.dir)?;
    let checkpoint = checkpoint.filter(|_| moving.settings.store == StoreKind::Postgres);
    let database = moving.open(url, checkpoint)?;
    moving.back(&database, progress)
}

/// A directory whose store is on its way. Nobody else opens it meanwhile.
struct Moving<'a> {
    order: &'a MoveOrder,
    settings: Settings,
    lock: Lock,
}

impl<'a> Moving<'a> {
    fn begin(order: &'a MoveOrder) -> Result<Self, MoveError> {
        let settings = Settings::read(&order.dir)?;
        let lock = take_lock(order)?;
        Ok(Self { order, settings, lock })
    }

    /// The database, judged by `checkpoint` or taken as it is.
    fn open(&self, url: &DatabaseUrl, checkpoint: Option<Checkpoint>) -> Result<PostgresEngine, MoveError> {
        let options = PostgresOptions { url: url.clone() };
        let checkpoint = checkpoint.unwrap_or_else(|| self.of_nothing());
        let random = Arc::clone(&self.order.random);
        Ok(PostgresEngine::open_to_move(&options, Some(&checkpoint), random).map_err(MoveError::Open)?.0)
    }

    /// A checkpoint that says nothing yet: half a copy is not what the last one says.
    fn of_nothing(&self) -> Checkpoint {
        let (head, origin) = (Head::empty(), self.settings.origin.clone());
        Checkpoint { origin, size: 0, root: head.root(), chain: head.chain() }
    }

    fn keys(&self) -> Result<StoreKeys, MoveError> {
        let keys = KeyFiles::at(&self.settings.places(&self.order.dir).keys);
        Ok(StoreKeys { data: Arc::new(keys.read_data_key()?), random: Arc::clone(&self.order.random) })
    }

    /// Into `database`.
    fn out(
        self,
        database: &dyn MovableLedger,
        progress: &mut MoveProgress<'_>,
    ) -> Result<MoveReport, MoveError> {
        let keys = self.keys();
        let Self { order, mut settings, lock } = self;
        let dir = &order.dir;
        let moved = database.moved().map_err(MoveError::Database)?;
        if settings.store == StoreKind::Postgres {
            // Cut off after the settings were changed; or there is nothing to do.
            return match (mark(dir).exists(), moved) {
                (true, _) | (false, Moved::Here) => hand_over(dir, database),
                (false, Moved::Elsewhere) => Err(MoveError::NotHere { dir: dir.clone() }),
            };
        }
        let entries = head_of(database)?.entries();
        if moved == Moved::Here && entries > 0 {
            return Err(MoveError::TakesOrders { entries });
        }
        if let Some(path) = [away(dir, LEDGER), away(dir, INDEX)].into_iter().find(|path| path.exists()) {
            return Err(MoveError::InTheWay { path });
        }
        let (_, checkpoint) = read_last_checkpoint(&settings, dir)?;
        let keys = keys?;
        // Killed from here on, the directory goes on taking orders, and the database takes none.
        replace_file(&mark(dir), b"to a database\n")?;
        database.set_moved(Moved::Elsewhere).map_err(MoveError::Database)?;
        let opened = SledEngine::open_with(&SledOptions::new(dir), lock, checkpoint.as_ref(), &keys);
        let (engine, _) = opened.map_err(MoveError::Directory)?;
        let copied = copy_ledger(&engine, database, &keys, progress)?;
        // Killed from here on, neither takes orders until this was done again.
        settings.store = StoreKind::Postgres;
        settings.write(dir)?;
        drop(engine);
        let _lock = take_lock(order)?;
        let report = hand_over(dir, database)?;
        Ok(MoveReport { had: copied.had, ..report })
    }

    /// Out of `database`.
    fn back(
        self,
        database: &dyn MovableLedger,
        progress: &mut MoveProgress<'_>,
    ) -> Result<MoveReport, MoveError> {
        let (keys, nothing) = (self.keys(), self.of_nothing());
        let Self { order, mut settings, lock } = self;
        let dir = &order.dir;
        let (signer, checkpoint) = read_last_checkpoint(&settings, dir)?;
        if settings.store == StoreKind::Sled {
            return already_back(dir, checkpoint.as_ref(), database);
        }
        let keys = keys?;
        replace_file(&mark(dir), b"from a database\n")?;
        // Killed from here on, neither takes orders until this was done again.
        database.set_moved(Moved::Elsewhere).map_err(MoveError::Database)?;
        rename(&away(dir, LEDGER), &dir.join(LEDGER))?;
        rename(&away(dir, INDEX), &dir.join(INDEX))?;
        let opened = SledEngine::open_with(&SledOptions::new(dir), lock, Some(&nothing), &keys);
        let (engine, _) = opened.map_err(MoveError::Directory)?;
        let copied = copy_ledger(database, &engine, &keys, progress)?;
        drop(engine);
        let _lock = take_lock(order)?;
        let from = head_of(database)?;
        if from != copied.head {
            let (database, directory) = (from.entries(), copied.head.entries());
            return Err(MoveError::Differs { database, directory });
        }
        write_checkpoint(&settings.places(dir).checkpoint, &signer, &copied.head)?;
        settings.store = StoreKind::Sled;
        settings.write(dir)?;
        remove(&mark(dir))?;
        Ok(MoveReport { from, to: copied.head, had: copied.had })
    }
}

/// The end of moving into a database, once the settings say that the store is there: what lies in the directory is put where
/// nobody opens it, compared, and then nodes append to the database.
fn hand_over(dir: &Path, database: &dyn MovableLedger) -> Result<MoveReport, MoveError> {
    rename(&dir.join(LEDGER), &away(dir, LEDGER))?;
    rename(&dir.join(INDEX), &away(dir, INDEX))?;
    let to = head_of(database)?;
    let visit = &mut |_: &StoredEntry| ControlFlow::Continue(());
    let wanted = Wanted { acknowledged: 0, heads: &[], visit };
    let from = walk(&away(dir, LEDGER), wanted)?.head;
    let moved = database.moved().map_err(MoveError::Database)?;
    // Where nodes append already, they may have gone on.
    let went_on = moved == Moved::Here && to.entries() >= from.entries();
    if from != to && !went_on {
        return Err(MoveError::Differs { database: to.entries(), directory: from.entries() });
    }
    database.set_moved(Moved::Here).map_err(MoveError::Database)?;
    remove(&mark(dir))?;
    Ok(MoveReport { had: from.entries(), from, to })
}

/// The settings say that the store is in the directory: it was moved there, or there is nothing to do.
fn already_back(
    dir: &Path,
    checkpoint: Option<&Checkpoint>,
    database: &dyn MovableLedger,
) -> Result<MoveReport, MoveError> {
    let (from, moved) = (head_of(database)?, database.moved().map_err(MoveError::Database)?);
    let visit = &mut |_: &StoredEntry| ControlFlow::Continue(());
    let walked = check_at(dir, checkpoint, &[from.entries()], visit).map_err(MoveError::Directory)?;
    if moved == Moved::Here || walked.heads.get(&from.entries()) != Some(&from) {
        return Err(MoveError::Here { dir: dir.to_owned() });
    }
    remove(&mark(dir))?;
    Ok(MoveReport { had: from.entries(), from, to: walked.head })
}

fn take_lock(order: &MoveOrder) -> Result<Lock, MoveError> {
    Lock::take(&order.dir, &order.who).map_err(|error| match error {
        LockError::Held { by } => MoveError::InUse { dir: order.dir.clone(), by },
        LockError::Io(failure) => failure.into(),
    })
}

fn head_of(database: &dyn MovableLedger) -> Result<Head, MoveError> {
    Ok(database.next().map_err(MoveError::Database)?.head)
}

fn mark(dir: &Path) -> PathBuf {
    dir.join(MARK)
}

fn away(dir: &Path, name: &str) -> PathBuf {
    dir.join(name).with_extension(AWAY)
}

/// Renames a folder, durably, if it is there.
fn rename(from: &Path, to: &Path) -> Result<(), IoFailure> {
    if from.exists() {
        fs::rename(from, to).map_err(|error| IoFailure::new(Act::Rename, from, &error))?;
    }
    sync_parent(to)
}

/// Removes a file, durably, if it is there.
fn remove(path: &Path) -> Result<(), IoFailure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(IoFailure::new(Act::Remove, path, &error))
        }
        _ => sync_parent(path),
    }
}

fn sync_parent(path: &Path) -> Result<(), IoFailure> {
    let parent = path.parent().unwrap_or(path);
    let synced = File::open(parent).and_then(|parent| parent.sync_all());
    synced.map_err(|error| IoFailure::new(Act::Sync, parent, &error))
}
