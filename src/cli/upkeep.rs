//! What the service does beside answering: the status lists are kept up, and what an administrator has to know of the nodes is
//! logged.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::{AbortHandle, spawn_blocking};

use super::now;
use crate::licence::CreditCode;
use crate::registry::Registry;

/// How often.
const EVERY: Duration = Duration::from_secs(10);

/// Ends the upkeep when it is dropped.
pub(super) struct Upkeep(AbortHandle);

/// What was logged last, so that it is logged once.
#[derive(Clone, Default, PartialEq, Eq)]
struct Told {
    without_key: Vec<CreditCode>,
    lists: Option<String>,
}

impl Upkeep {
    /// Begins at once: where many licences were ever changed, the first making of the lists takes a while, and nothing but the lists
    /// waits for it. Does not keep the registry open.
    pub(super) fn start(registry: &Arc<Registry>) -> Self {
        Self(tokio::spawn(run(Arc::downgrade(registry))).abort_handle())
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn run(registry: Weak<Registry>) {
    let mut told = Told::default();
    while let Some(registry) = registry.upgrade() {
        let before = told.clone();
        match spawn_blocking(move || round(&registry, &before)).await {
            Ok(now_told) => told = now_told,
            Err(error) => tracing::error!(%error, "the upkeep failed"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// One round. Answers what is so now.
fn round(registry: &Registry, before: &Told) -> Told {
    let lists = registry.prepare_status_lists(now()).err().map(|error| error.to_string());
    if let Some(error) = lists.as_ref().filter(|error| before.lists.as_ref() != Some(*error)) {
        tracing::error!(%error, "the status lists cannot be made");
    }
    let without_key = registry.departments_without_key();
    for department in without_key.iter().filter(|one| !before.without_key.contains(one)) {
        tracing::warn!(
            %department,
            "added on another node, and its key is not here: this node verifies what it signs and refuses its orders; copy \
             keys/department-{department}.pem from there and restart this node"
        );
    }
    Told { without_key, lists }
}
