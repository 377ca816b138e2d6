//! Rows on their way: several at once, over the running service's local socket or straight into the store.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use super::rows::Row;
use crate::cli::access::{Access, SOCKET, acting, to_value};
use crate::cli::client::{Ask, Client};
use crate::cli::exit::CliError;
use crate::cli::now;
use crate::registry::{Caller, Registry};

/// Rows in flight, and so connections to a service: a quarter of what its local socket takes.
pub(super) const IN_FLIGHT: usize = 64;
/// How often a row is sent again while the store is busy.
const BUSY_TRIES: u32 = 8;
const BUSY_WAIT: Duration = Duration::from_millis(50);

/// Where rows go. Cheap to clone.
#[derive(Clone)]
pub(super) enum Lanes {
    /// To a running service.
    Service(Arc<Pool>),
    /// Into the store that this process has open.
    Here(Arc<Registry>, Caller),
}

/// Connections to a service, one for each row in flight.
pub(super) struct Pool {
    socket: PathBuf,
    department: String,
    idle: Mutex<Vec<Client>>,
}

impl Lanes {
    pub(super) async fn to(dir: &Path, department: &str) -> Result<Self, CliError> {
        Ok(match Access::to(dir, "issue").await? {
            Access::Service(client) => Self::Service(Arc::new(Pool {
                socket: dir.join(SOCKET),
                department: department.to_owned(),
                idle: Mutex::new(vec![*client]),
            })),
            Access::Here(registry) => {
                let caller = acting(&registry, department)?;
                Self::Here(Arc::from(registry), caller)
            }
        })
    }

    /// Issues from a row. While too much waits it is tried again, with longer and longer pauses.
    pub(super) async fn issue(self, row: Row) -> Result<Value, CliError> {
        let key = row.key();
        let mut wait = BUSY_WAIT;
        for _ in 0..BUSY_TRIES {
            match self.try_issue(&key, &row.body).await {
                Err(CliError::Busy(_)) => tokio::time::sleep(wait).await,
                done => return done,
            }
            wait *= 2;
        }
        self.try_issue(&key, &row.body).await
    }

    async fn try_issue(&self, key: &str, body: &[u8]) -> Result<Value, CliError> {
        match self {
            Self::Service(pool) => pool.issue(key, body).await,
            Self::Here(registry, caller) => to_value(&registry.issue(caller, key, body, now()).await?),
        }
    }

    /// Ends well: what was issued here is in the last checkpoint.
    pub(super) fn close(self) -> Result<(), CliError> {
        match self {
            Self::Service(_) => Ok(()),
            Self::Here(registry, _) => match Arc::try_unwrap(registry) {
                Ok(registry) => registry.close().map_err(CliError::internal),
                // Somebody still holds it, who closes it by dropping it.
                Err(_) => Ok(()),
            },
        }
    }
}

impl Pool {
    /// A connection can have been closed while it was idle, so a request that fails on the way is sent once more on a new
    /// one: its key makes that safe.
    async fn issue(&self, key: &str, body: &[u8]) -> Result<Value, CliError> {
        if let Some(mut client) = self.idle() {
            match self.ask(&mut client, key, body).await {
                Err(CliError::Transport(_)) => {}
                done => return self.keep(client, done),
            }
        }
        let client = Client::local(&self.socket).await;
        let mut client = client.ok_or_else(|| CliError::Internal("the service has gone".to_owned()))?;
        let done = self.ask(&mut client, key, body).await;
        self.keep(client, done)
    }

    async fn ask(&self, client: &mut Client, key: &str, body: &[u8]) -> Result<Value, CliError> {
        let headers = vec![
            ("acting-department", self.department.clone()),
            ("idempotency-key", key.to_owned()),
            ("content-type", "application/json".to_owned()),
        ];
        let ask = Ask { method: Method::POST, path: "/v1/licences", headers, body: body.to_vec() };
        client.json(ask).await
    }

    fn idle(&self) -> Option<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find(Client::is_open)
    }

    fn keep(&self, client: Client, done: Result<Value, CliError>) -> Result<Value, CliError> {
        if client.is_open() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
        done
    }
}
