//! The engine over PostgreSQL (STORE.md §7): any number of nodes share one database and take turns appending.

mod connection;
mod failure;
mod flight;
mod group;
mod migrate;
mod postgres_engine;
mod reads;
mod runtime;
mod session;
mod shared;
mod tables;
mod tasks;
mod turns;
mod url;
mod walk;

pub use connection::AuthoritiesError;
pub use failure::{DatabaseAct, DatabaseCause, DatabaseDamage, DatabaseFailure, Sqlstate, TlsProblem};
pub use migrate::{MigrateError, Migrated, VersionError, migrate};
pub use postgres_engine::{Moved, PostgresEngine, PostgresOptions};
pub use runtime::RuntimeError;
pub use url::{DatabaseUrl, DatabaseUrlError};
