//! What keeps the ledgers of the tests' installations: files in their directories, or, where `ELICENSE_TEST_STORE` is
//! `postgres`, a PostgreSQL of the tests' own with a database for each.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use elicense::store::{IndexPolicy, StoreAt};

use super::postgres::Cluster;

/// The URL of the database of the installation in `dir`; `None` where files keep the ledger.
pub(crate) fn url(dir: &Path) -> Option<String> {
    static DATABASES: Mutex<Option<HashMap<PathBuf, String>>> = Mutex::new(None);
    match std::env::var("ELICENSE_TEST_STORE").as_deref() {
        Err(_) => None,
        Ok("postgres") => {
            let mut databases = DATABASES.lock().unwrap_or_else(PoisonError::into_inner);
            let all = databases.get_or_insert_default();
            Some(all.entry(dir.to_owned()).or_insert_with(|| Cluster::shared().fresh_database()).clone())
        }
        Ok(other) => panic!("ELICENSE_TEST_STORE is postgres or not set, got {other}"),
    }
}

/// The same for what is opened in this process.
pub(crate) fn at(dir: &Path) -> StoreAt {
    url(dir).map_or_else(|| IndexPolicy::CatchUp.into(), |url| StoreAt::Database(url.parse().expect("a URL")))
}
