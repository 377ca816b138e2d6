//! A directory in which an installation is being made. Until it is finished a mark lies in it: nothing opens it, and whoever
//! makes it again begins anew.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::make::{Made, MakeError, make_in};
use super::open::{Registry, RegistryOpenError};
use super::plan::Plan;
use super::settings::{Settings, unfinished_mark};
use crate::access::AccessLimits;
use crate::crypto::Random;
use crate::store::{Act, IoFailure, StoreAt};
use crate::time::UnixTime;

/// Everything that making leaves in the directory, and nothing that a person might have put there.
const LEFT: [&str; 9] = [
    "settings.json",
    "demo.json",
    "ledger",
    "index",
    "index.new",
    "index.old",
    "keys",
    "checkpoint",
    "control.sock",
];

/// A directory in which an installation is being made, by this process alone. Dropped, it stays unfinished.
#[derive(Debug)]
pub struct Making {
    dir: PathBuf,
    /// What will keep its ledger.
    at: StoreAt,
    /// Locked while this process makes; a killed maker's is free.
    mark: File,
}

impl Making {
    /// Whether [`Making::begin`] would begin, as far as can be seen without changing anything.
    pub fn look(dir: &Path) -> Result<(), MakeError> {
        if unfinished_mark(dir).exists() || !dir.exists() {
            return Ok(());
        }
        refuse_what_is_there(dir)
    }

    /// Begins in a new or empty directory, or anew in one that was never finished.
    pub fn begin(dir: &Path, at: StoreAt) -> Result<Self, MakeError> {
        let mark = unfinished_mark(dir);
        if !mark.exists() {
            make_private(dir)?;
            refuse_what_is_there(dir)?;
        }
        let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&mark);
        let file = open.map_err(failed(Act::Create, &mark))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(MakeError::Busy { dir: dir.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(failed(Act::Lock, &mark)(error).into()),
        }
        // Another process may have finished, and taken the mark away, between the look at it and the lock.
        if !mark.exists() {
            return Err(MakeError::Exists { dir: dir.to_owned() });
        }
        let making = Self { dir: dir.to_owned(), at, mark: file };
        making.sync()?;
        making.clear()?;
        Ok(making)
    }

    /// Makes it as planned. What an error leaves is taken away again.
    pub fn make(&self, plan: &Plan, random: Arc<dyn Random>, now: UnixTime) -> Result<Made, MakeError> {
        let made = make_in((&self.dir, &self.at), plan, random, now);
        if made.is_err() {
            self.clear()?;
        }
        made
    }

    /// Makes it as planned and finishes it. What an error leaves is taken away again.
    pub fn make_all(self, plan: &Plan, random: Arc<dyn Random>, now: UnixTime) -> Result<Made, MakeError> {
        match self.make(plan, random, now) {
            Ok(made) => self.finish().map(|()| made),
            Err(error) => {
                self.abandon()?;
                Err(error)
            }
        }
    }

    /// Puts it under other limits than the usual ones.
    pub fn limit(&self, limits: AccessLimits) -> Result<(), MakeError> {
        let mut settings = Settings::read_unfinished(&self.dir)?;
        settings.limits = limits;
        Ok(settings.write(&self.dir)?)
    }

    /// Opens what was made, to do more to it before it is finished.
    pub fn open(&self, who: String, random: Arc<dyn Random>) -> Result<Registry, RegistryOpenError> {
        let settings = Settings::read_unfinished(&self.dir)?;
        Ok(Registry::open_as(settings, &self.dir, who, self.at.clone(), random)?.0)
    }

    /// From here on it is an installation.
    pub fn finish(self) -> Result<(), MakeError> {
        self.remove_mark()
    }

    /// Takes everything away again.
    pub(super) fn abandon(self) -> Result<(), MakeError> {
        self.clear()?;
        self.remove_mark()
    }

    fn remove_mark(&self) -> Result<(), MakeError> {
        self.sync()?;
        let mark = unfinished_mark(&self.dir);
        fs::remove_file(&mark).map_err(failed(Act::Remove, &mark))?;
        self.sync()
    }

    fn clear(&self) -> Result<(), MakeError> {
        for name in LEFT.iter().chain(&["lock"]) {
            let path = self.dir.join(name);
            let removed = match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => fs::remove_dir_all(&path),
                Ok(_) => fs::remove_file(&path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(error),
            };
            removed.map_err(failed(Act::Remove, &path))?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), MakeError> {
        self.mark.sync_all().map_err(failed(Act::Sync, &self.dir))?;
        let synced = File::open(&self.dir).and_then(|dir| dir.sync_all());
        Ok(synced.map_err(failed(Act::Sync, &self.dir))?)
    }
}

/// The directory, for its owner alone.
fn make_private(dir: &Path) -> Result<(), MakeError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(failed(Act::Create, dir))?;
    let private = fs::set_permissions(dir, Permissions::from_mode(0o700));
    Ok(private.map_err(failed(Act::Create, dir))?)
}

fn refuse_what_is_there(dir: &Path) -> Result<(), MakeError> {
    if Settings::exist(dir) {
        return Err(MakeError::Exists { dir: dir.to_owned() });
    }
    let mut entries = fs::read_dir(dir).map_err(failed(Act::List, dir))?;
    // A disk of its own has this folder when it is new.
    let found = entries.find(|entry| !matches!(entry, Ok(entry) if entry.file_name() == "lost+found"));
    match found {
        None => Ok(()),
        Some(Ok(entry)) => Err(MakeError::NotEmpty { dir: dir.to_owned(), found: entry.file_name() }),
        Some(Err(error)) => Err(failed(Act::List, dir)(error).into()),
    }
}

fn failed(act: Act, path: &Path) -> impl FnOnce(io::Error) -> IoFailure + '_ {
    move |error| IoFailure::new(act, path, &error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::IndexPolicy;

    #[test]
    fn a_directory_with_something_in_it_is_left_alone() {
        let outer = tempfile::tempdir().unwrap();
        let dir = outer.path().join("a/b");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("diary.txt"), "dear").unwrap();
        assert!(matches!(Making::begin(&dir, IndexPolicy::CatchUp.into()), Err(MakeError::NotEmpty { .. })));
        assert_eq!(fs::read(dir.join("diary.txt")).unwrap(), b"dear");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
    }

    #[test]
    fn one_process_makes_and_the_next_begins_anew() {
        let outer = tempfile::tempdir().unwrap();
        let dir = outer.path().join("new");
        let making = Making::begin(&dir, IndexPolicy::CatchUp.into()).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(Making::begin(&dir, IndexPolicy::CatchUp.into()), Err(MakeError::Busy { .. })));
        fs::create_dir(dir.join("keys")).unwrap();
        fs::write(dir.join("keys/root.pem"), "half").unwrap();
        fs::write(dir.join("settings.json"), "{}").unwrap();
        assert!(Settings::read(&dir).is_err(), "nothing opens it before it is finished");
        drop(making);
        let making = Making::begin(&dir, IndexPolicy::CatchUp.into()).unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "only the mark is left");
        making.abandon().unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    }
}
