//! The engine over PostgreSQL (STORE.md §7): any number of nodes share one database and take turns appending.

mod failure;
mod stub;
pub use stub::*;
mod url;

pub use failure::{DatabaseAct, DatabaseCause, DatabaseDamage, DatabaseFailure, Sqlstate, TlsProblem};
pub use url::{DatabaseUrl, DatabaseUrlError};
