//! The engine over PostgreSQL: the suite of every engine, and what becomes of it when the database fails.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails panics"
)]

#[path = "../store_engine/appends.rs"]
mod appends;
mod cluster;
mod commit_faults;
mod database_faults;
#[path = "../store_engine/made.rs"]
mod made;
mod model;
mod nodes;
mod opening;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../store_engine/suite.rs"]
mod suite;
mod tls;

use std::sync::Arc;

use elicense::crypto::SystemRandom;
use elicense::ledger::Checkpoint;
use elicense::store::{Head, OpenError, Opening, PostgresEngine, PostgresOptions, migrate};

pub(crate) use made::{
    append, append_in_turn, checkpoint_key, claim, data_key, dump, entry, expected, group, head, rows,
};
use postgres::Cluster;

pub(crate) fn options(url: &str) -> PostgresOptions {
    PostgresOptions { url: url.parse().unwrap() }
}

pub(crate) fn open_with(
    url: &str,
    checkpoint: Option<&Checkpoint>,
) -> Result<(PostgresEngine, Opening), OpenError> {
    PostgresEngine::open(&options(url), checkpoint, Arc::new(SystemRandom))
}

/// A node of a ledger that is taken as it is.
pub(crate) fn open(url: &str) -> PostgresEngine {
    open_with(url, Some(&claim(&Head::empty()))).unwrap().0
}

/// The URL of a migrated, empty store in a database of its own.
pub(crate) fn fresh_store(cluster: &Cluster) -> String {
    let url = cluster.fresh_database();
    migrate(&url.parse().unwrap(), &SystemRandom).unwrap();
    url
}

#[test]
fn the_suite() {
    suite::all(|| open(&fresh_store(Cluster::shared())));
}

#[test]
fn the_suite_over_a_local_socket() {
    suite::all(|| {
        let name = Cluster::shared().fresh_name();
        let url = Cluster::shared().socket_url(&name);
        migrate(&url.parse().unwrap(), &SystemRandom).unwrap();
        open(&url)
    });
}
