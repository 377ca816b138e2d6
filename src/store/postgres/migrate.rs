//! Makes the tables, and brings older ones up to date: a transaction a version (STORE.md §7.1).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::connection::{AuthoritiesError, Connector, Purpose};
use super::failure::{DatabaseAct, DatabaseCause, DatabaseFailure};
use super::runtime::{RuntimeError, block_on, runtime};
use super::tables::VERSION;
use super::url::DatabaseUrl;
use crate::crypto::{Random, RandomError, random_bytes};
use crate::store::engine::Salt;
use crate::store::head::Head;

/// How long one attempt may take.
const WITHIN: Duration = Duration::from_secs(60);
/// How often it is tried again because another migration was in the way.
const TRIES: usize = 8;

/// What brings a database from version 0, nothing, to version 1.
const VERSION_1: &str = "
CREATE TABLE elicense_version (version INTEGER PRIMARY KEY);
CREATE TABLE elicense_ledger (
  id INTEGER PRIMARY KEY,
  entries BIGINT NOT NULL, head BYTEA NOT NULL,
  salt BYTEA NOT NULL, salt_from BIGINT NOT NULL,
  moved INTEGER NOT NULL);
CREATE TABLE elicense_entry (
  position BIGINT PRIMARY KEY, salt BYTEA NOT NULL, kind SMALLINT NOT NULL,
  record BYTEA NOT NULL, nonce BYTEA NOT NULL, sealed BYTEA NOT NULL, chain BYTEA NOT NULL);
CREATE TABLE elicense_row (key BYTEA PRIMARY KEY, value BYTEA NOT NULL);
CREATE TABLE elicense_node (id BYTEA PRIMARY KEY, beat BIGINT NOT NULL);
";

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was there; 0 for none.
    pub from: i32,
    /// The version that is there now.
    pub to: i32,
}

/// The tables are not those that this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Missing or older.
    #[error(
        "the database's tables have version {found}, this program needs {needed}: run `elicense store migrate`"
    )]
    Older {
        /// Their version; 0 for none.
        found: i32,
        /// The version that is needed.
        needed: i32,
    },
    /// Newer than this program.
    #[error("the database's tables have version {found}, this program knows {known}: use a newer program")]
    Newer {
        /// Their version.
        found: i32,
        /// The newest version that this program knows.
        known: i32,
    },
}

/// A database cannot be migrated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrateError {
    /// It is newer than this program.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// It did not do what it was asked.
    #[error(transparent)]
    Database(#[from] DatabaseFailure),
    /// The file of authorities.
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
    /// No salt for the first entries.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// No thread for it.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

/// Makes the tables in the database at `url`, or brings them up to date. Safe to run again, and by several at once.
pub fn migrate(url: &DatabaseUrl, random: &dyn Random) -> Result<Migrated, MigrateError> {
    let connector = Arc::new(Connector::new(url)?);
    let salt: Salt = random_bytes(random)?;
    let runtime = runtime()?;
    let late = DatabaseFailure::new(DatabaseAct::Migrate, DatabaseCause::Late);
    let migrating = async move {
        timeout(WITHIN, migrate_on(&connector, salt)).await.unwrap_or(Err(MigrateError::Database(late)))
    };
    let migrated = block_on(&runtime, WITHIN.saturating_mul(2), migrating);
    runtime.shutdown_background();
    migrated.unwrap_or(Err(MigrateError::Database(late)))
}

async fn migrate_on(connector: &Connector, salt: Salt) -> Result<Migrated, MigrateError> {
    let mut from = None;
    let mut tries = 0;
    loop {
        // A new connection for each attempt: nothing is left of one that failed.
        let connection = connector.connect(Purpose::Migrate).await?;
        let found = version(connection.client()).await?;
        let from = *from.get_or_insert(found);
        match found {
            VERSION => return Ok(Migrated { from, to: VERSION }),
            found if found > VERSION => {
                return Err(VersionError::Newer { found, known: VERSION }.into());
            }
            _ => {}
        }
        tries += 1;
        match connection.client().batch_execute(&to_version_1(salt)).await {
            Ok(()) => {}
            // Another migration came first: what it made is looked at again.
            Err(error) if tries < TRIES && another_came_first(error.code()) => {}
            Err(error) => return Err(DatabaseFailure::of(DatabaseAct::Migrate, &error).into()),
        }
    }
}

fn another_came_first(code: Option<&SqlState>) -> bool {
    let codes = [
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::UNIQUE_VIOLATION,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    code.is_some_and(|code| codes.contains(code))
}

fn to_version_1(salt: Salt) -> String {
    let (head, salt) = (hex(&Head::empty().to_bytes()), hex(&salt));
    format!(
        "BEGIN; {VERSION_1} \
         INSERT INTO elicense_ledger (id, entries, head, salt, salt_from, moved) \
           VALUES (1, 0, '\\x{head}'::bytea, '\\x{salt}'::bytea, 0, 0); \
         INSERT INTO elicense_version (version) VALUES (1); COMMIT"
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The version of the tables, 0 where there are none.
pub(super) async fn version(client: &Client) -> Result<i32, DatabaseFailure> {
    let failed = |error| DatabaseFailure::of(DatabaseAct::Read, &error);
    match client.query_one("SELECT max(version) FROM elicense_version", &[]).await {
        Ok(row) => Ok(row.try_get::<_, Option<i32>>(0).map_err(failed)?.unwrap_or(0)),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(0),
        Err(error) => Err(failed(error)),
    }
}

/// Whether this program can work with tables of version `found`.
pub(super) const fn check_version(found: i32) -> Result<(), VersionError> {
    match found {
        VERSION => Ok(()),
        found if found > VERSION => Err(VersionError::Newer { found, known: VERSION }),
        found => Err(VersionError::Older { found, needed: VERSION }),
    }
}
