//! Rows on their way: several at once, over the running service's local socket or straight into the store.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use super::report::Words;
use super::rows::{Form, Row};
use crate::cli::access::{Access, SOCKET, acting, to_value};
use crate::cli::client::{Ask, Client};
use crate::cli::exit::CliError;
use crate::cli::{DataArgs, now};
use crate::registry::{ActError, Caller, Registry, StatusRow};

/// Rows in flight, and so connections to a service: a quarter of what its local socket takes.
pub(super) const IN_FLIGHT: usize = 64;
/// How often a row is sent again while the store is busy.
const BUSY_TRIES: u32 = 8;
const BUSY_WAIT: Duration = Duration::from_millis(50);

/// What is done with each row.
#[derive(Clone)]
pub(in crate::cli) enum Job {
    /// A licence is issued.
    Issue {
        /// By this department.
        department: String,
    },
    /// A status is changed, by the department that issued the licence.
    ChangeStatus,
}

/// Where rows go. Cheap to clone.
#[derive(Clone)]
pub(super) struct Lanes {
    job: Arc<Job>,
    place: Place,
}

#[derive(Clone)]
enum Place {
    /// To a running service.
    Service(Arc<Pool>),
    /// Into the store that this process has open.
    Here(Arc<Registry>),
}

/// Connections to a service, one for each row in flight.
struct Pool {
    socket: PathBuf,
    idle: Mutex<Vec<Client>>,
}

impl Job {
    /// The form of a file that is not named as one of lines.
    pub(super) const fn form(&self) -> Form {
        match self {
            Self::Issue { .. } => Form::Whole,
            Self::ChangeStatus => Form::Csv,
        }
    }

    /// The command that does it.
    const fn command(&self) -> &'static str {
        match self {
            Self::Issue { .. } => "issue",
            Self::ChangeStatus => "status",
        }
    }

    pub(super) const fn words(&self) -> Words {
        match self {
            Self::Issue { .. } => Words::Issued,
            Self::ChangeStatus => Words::Changed,
        }
    }
}

impl Lanes {
    pub(super) async fn to(data: &DataArgs, job: Job) -> Result<Self, CliError> {
        let place = match Access::to(data, job.command()).await? {
            Access::Service(client) => Place::Service(Arc::new(Pool {
                socket: data.dir.join(SOCKET),
                idle: Mutex::new(vec![*client]),
            })),
            Access::Here(registry) => {
                if let Job::Issue { department } = &job {
                    acting(&registry, department)?;
                }
                Place::Here(Arc::from(registry))
            }
        };
        Ok(Self { job: Arc::new(job), place })
    }

    pub(super) fn is_for_changes(&self) -> bool {
        matches!(*self.job, Job::ChangeStatus)
    }

    /// Does a row. While too much waits it is tried again, with longer and longer pauses.
    pub(super) async fn send(self, row: Row) -> Result<Value, CliError> {
        let mut wait = BUSY_WAIT;
        for _ in 0..BUSY_TRIES {
            match self.try_once(&row).await {
                Err(CliError::Busy(_)) => tokio::time::sleep(wait).await,
                done => return done,
            }
            wait *= 2;
        }
        self.try_once(&row).await
    }

    async fn try_once(&self, row: &Row) -> Result<Value, CliError> {
        match (&*self.job, &self.place) {
            (Job::Issue { department }, Place::Service(pool)) => {
                let key = ("idempotency-key", row.key());
                pool.ask("/v1/licences", "application/json", &[acts_for(department.clone()), key], &row.body)
                    .await
            }
            (Job::Issue { department }, Place::Here(registry)) => {
                let caller = acting(registry, department)?;
                to_value(&registry.issue(&caller, &row.key(), &row.body, now()).await?)
            }
            (Job::ChangeStatus, place) => {
                let change = StatusRow::from_json(&row.body)?;
                match place {
                    Place::Service(pool) => change_over(pool, &change, &row.body).await,
                    Place::Here(registry) => change_here(registry, &change).await,
                }
            }
        }
    }

    /// Ends well: what was done here is in the last checkpoint.
    pub(super) fn close(self) -> Result<(), CliError> {
        match self.place {
            Place::Service(_) => Ok(()),
            Place::Here(registry) => match Arc::try_unwrap(registry) {
                Ok(registry) => registry.close().map_err(CliError::internal),
                // Somebody still holds it, who closes it by dropping it.
                Err(_) => Ok(()),
            },
        }
    }
}

async fn change_here(registry: &Registry, row: &StatusRow) -> Result<Value, CliError> {
    let caller = registry.acting(row.identifier().issuer().as_str());
    let caller: Caller = caller.ok_or(ActError::NotFound)?;
    to_value(&registry.change_status_by_row(&caller, row, now()).await?)
}

/// A request of one row; its answer is one line.
async fn change_over(pool: &Pool, row: &StatusRow, body: &[u8]) -> Result<Value, CliError> {
    let department = acts_for(row.identifier().issuer().to_string());
    let answer = pool.ask("/v1/licences/status-changes", "application/x-ndjson", &[department], body).await;
    let mut line = match answer {
        // A department that is none of this installation's has no licence here.
        Err(CliError::Refused(refusal)) if refusal.is_the_departments() => {
            return Err(ActError::NotFound.into());
        }
        answer => answer?,
    };
    if let Some(problem) = line.get("problem") {
        let status =
            problem.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        return Err(CliError::answered(status.unwrap_or(500), problem.to_string().as_bytes()));
    }
    if let Some(members) = line.as_object_mut() {
        // The number of its row in a request of one says nothing.
        members.remove("row");
    }
    Ok(line)
}

const fn acts_for(department: String) -> (&'static str, String) {
    ("acting-department", department)
}

impl Pool {
    /// A connection can have been closed while it was idle, so a request that fails on the way is sent once more on a new
    /// one: each row can be sent twice without being done twice.
    async fn ask(
        &self,
        path: &'static str,
        content_type: &'static str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<Value, CliError> {
        let headers = [headers, &[("content-type", content_type.to_owned())]].concat();
        let ask = || Ask { method: Method::POST, path, headers: headers.clone(), body: body.to_vec() };
        if let Some(mut client) = self.idle() {
            match client.json(ask()).await {
                Err(CliError::Transport(_)) => {}
                done => return self.keep(client, done),
            }
        }
        let client = Client::local(&self.socket).await;
        let mut client = client.ok_or_else(|| CliError::Internal("the service has gone".to_owned()))?;
        let done = client.json(ask()).await;
        self.keep(client, done)
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
