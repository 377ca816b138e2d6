//! What an installation is: `settings.json` in its directory. No secret stands in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::provider_settings::IdentityProviderSettings;
use crate::access::{AccessLimits, Network};
use crate::licence::{AreaCode, CreditCode};
use crate::store::StoreAt;

/// The version of the file that this program writes and reads.
const VERSION: u32 = 1;
const FILE: &str = "settings.json";
const STATUS_LISTS: &str = "/v1/status-lists/";

/// `settings.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    version: u32,
    /// Name of the region.
    pub region: String,
    /// Public URL, without a slash at the end.
    pub public_url: String,
    /// Origin line of the ledger's checkpoints.
    pub origin: String,
    /// The city's credit code.
    pub city: CreditCode,
    /// Area code on licences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_code: Option<String>,
    /// Where an option put the checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<PathBuf>,
    /// Where an option put the keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<PathBuf>,
    /// How often may be asked (ACCESS.md, *Limits*).
    #[serde(default, skip_serializing_if = "AccessLimits::are_usual")]
    pub limits: AccessLimits,
    /// Networks of proxies whose word on a client's address is taken; nobody's where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_proxies: Vec<Network>,
    /// Whose tokens are believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_provider: Option<IdentityProviderSettings>,
    /// What keeps the ledger.
    #[serde(default, skip_serializing_if = "StoreKind::is_sled")]
    pub store: StoreKind,
}

/// What keeps an installation's ledger and index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// Files in its directory.
    #[default]
    Sled,
    /// A PostgreSQL database, whose URL is given with every command; the directory holds keys and settings only.
    Postgres,
}

impl StoreKind {
    pub(super) const fn of(at: &StoreAt) -> Self {
        if at.is_database() { Self::Postgres } else { Self::Sled }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    const fn is_sled(&self) -> bool {
        matches!(self, Self::Sled)
    }
}

/// The paths of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Its directory.
    pub dir: PathBuf,
    /// Its keys.
    pub keys: PathBuf,
    /// Its last checkpoint.
    pub checkpoint: PathBuf,
}

/// `settings.json` could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is none: the directory holds no installation.
    #[error("{}: no installation here; `elicense init` or `elicense demo` makes one", dir.display())]
    Missing {
        /// The directory.
        dir: PathBuf,
    },
    /// It was never finished.
    #[error(
        "{}: this installation is being made, or its making was interrupted; the same command makes it anew", dir.display()
    )]
    Unfinished {
        /// The directory.
        dir: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] crate::store::IoFailure),
    /// Not the JSON that this program writes.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Written by another version of this program.
    #[error("settings of version {got}, this program knows version {VERSION}")]
    Version {
        /// The version that came.
        got: u32,
    },
    /// The area code is not one.
    #[error("settings.json: {0}")]
    AreaCode(#[from] crate::licence::AreaCodeError),
}

/// The file that lies in a directory while an installation is being made there.
pub(super) fn unfinished_mark(dir: &Path) -> PathBuf {
    dir.join("unfinished")
}

/// The ledger is not kept where it was looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerElsewhere {
    /// In a database, and none was named.
    #[error(
        "this installation's ledger is in a PostgreSQL database: name it with --store URL or in ELICENSE_STORE"
    )]
    InDatabase,
    /// In files, and a database was named.
    #[error(
        "this installation's ledger is in {} and not in the database that was named; `elicense store move` moves it there", dir.display()
    )]
    InFiles {
        /// The directory.
        dir: PathBuf,
    },
}

impl Settings {
    /// That the ledger is where it is looked for.
    pub(super) fn check_place(&self, dir: &Path, at: &StoreAt) -> Result<(), LedgerElsewhere> {
        match (self.store, at) {
            (StoreKind::Postgres, StoreAt::Files(_)) => Err(LedgerElsewhere::InDatabase),
            (StoreKind::Sled, StoreAt::Database(_)) => Err(LedgerElsewhere::InFiles { dir: dir.to_owned() }),
            _ => Ok(()),
        }
    }

    pub(super) fn new(plan: &super::plan::Plan, origin: String) -> Self {
        Self {
            version: VERSION,
            region: plan.region.clone(),
            public_url: plan.public_url.clone(),
            origin,
            city: plan.city.code(),
            area_code: plan.area_code.map(|code| code.as_str().to_owned()),
            checkpoint: plan.checkpoint.clone(),
            keys: plan.keys.clone(),
            limits: AccessLimits::default(),
            trusted_proxies: Vec::new(),
            identity_provider: None,
            store: StoreKind::Sled,
        }
    }

    /// Whether there is an installation in `dir`, and a finished one.
    pub fn exist(dir: &Path) -> bool {
        dir.join(FILE).exists() && !unfinished_mark(dir).exists()
    }

    /// Reads those of the installation in `dir`.
    pub fn read(dir: &Path) -> Result<Self, SettingsError> {
        if unfinished_mark(dir).exists() {
            return Err(SettingsError::Unfinished { dir: dir.to_owned() });
        }
        Self::read_unfinished(dir)
    }

    /// As [`Settings::read`], while it is being made.
    pub(super) fn read_unfinished(dir: &Path) -> Result<Self, SettingsError> {
        let path = dir.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SettingsError::Missing { dir: dir.to_owned() });
            }
            Err(source) => return Err(SettingsError::Io { path, source }),
        };
        let settings: Self =
            serde_json::from_slice(&text).map_err(|source| SettingsError::Json { path, source })?;
        if settings.version != VERSION {
            return Err(SettingsError::Version { got: settings.version });
        }
        settings.area_code()?;
        Ok(settings)
    }

    /// Writes them last of all: a directory without them holds no installation.
    pub(super) fn write(&self, dir: &Path) -> Result<(), SettingsError> {
        let path = dir.join(FILE);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|source| SettingsError::Json { path: path.clone(), source })?;
        Ok(crate::store::replace_file(&path, &text)?)
    }

    /// The area code on licences.
    pub fn area_code(&self) -> Result<Option<AreaCode>, crate::licence::AreaCodeError> {
        self.area_code.as_deref().map(str::parse).transpose()
    }

    /// The addresses of a department's status lists up to the list's number.
    pub(super) fn status_uri(&self, tag: &str) -> String {
        format!("{}{STATUS_LISTS}{tag}-", self.public_url)
    }

    /// The address of the status list with this id.
    pub(super) fn status_list_uri(&self, id: &str) -> String {
        format!("{}{STATUS_LISTS}{id}", self.public_url)
    }

    /// The random part of [`Settings::status_uri`].
    pub(super) fn status_tag<'a>(&self, uri: &'a str) -> Option<&'a str> {
        uri.strip_prefix(&self.public_url)?.strip_prefix(STATUS_LISTS)?.strip_suffix('-')
    }

    /// Where everything lies.
    pub fn places(&self, dir: &Path) -> Places {
        Places {
            dir: dir.to_owned(),
            keys: self.keys.clone().unwrap_or_else(|| dir.join("keys")),
            checkpoint: self.checkpoint.clone().unwrap_or_else(|| dir.join("checkpoint")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"version": 1, "region": "示范市", "public_url": "http://127.0.0.1:1", "origin": "o", "city": "11110000000021135M""#;

    fn read(text: &str) -> Result<Settings, SettingsError> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), text).unwrap();
        Settings::read(dir.path())
    }

    #[test]
    fn settings_from_before_there_was_another_store_say_sled() {
        let settings = read(&format!("{OLD}}}")).unwrap();
        assert_eq!(settings.store, StoreKind::Sled);
        assert!(
            !serde_json::to_string(&settings).unwrap().contains("store"),
            "older programs read them still"
        );
    }

    #[test]
    fn the_store_is_written_and_read_back_and_no_other_word_is() {
        let mut settings = read(&format!(r#"{OLD}, "store": "postgres"}}"#)).unwrap();
        assert_eq!(settings.store, StoreKind::Postgres);
        let dir = tempfile::tempdir().unwrap();
        settings.write(dir.path()).unwrap();
        assert_eq!(Settings::read(dir.path()).unwrap(), settings);
        settings.store = StoreKind::Sled;
        settings.write(dir.path()).unwrap();
        assert_eq!(Settings::read(dir.path()).unwrap().store, StoreKind::Sled);
        assert!(matches!(read(&format!(r#"{OLD}, "store": "etcd"}}"#)), Err(SettingsError::Json { .. })));
    }
}
