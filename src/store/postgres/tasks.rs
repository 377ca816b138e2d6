//! The tasks of an engine while it is opened, and the one that says that the node is there.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::connection::{Connector, Purpose};
use super::failure::{DatabaseAct, DatabaseCause, DatabaseFailure};
use super::flight::{Ask, in_recovery};
use super::migrate::{check_version, version};
use super::reads::Reads;
use super::runtime::{block_on, runtime};
use super::session::Session;
use super::shared::Shared;
use super::tables::{FORGET_NODES, IN_RECOVERY};
use crate::store::sled_engine::OpenError;

/// How long looking at a database may take before it is opened.
const LOOK_WITHIN: Duration = Duration::from_secs(20);
/// How often a node says that it is there.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// A runtime that is let go of without waiting, also where opening fails half-way.
pub(super) struct Tasks(Option<Runtime>);

impl Tasks {
    pub(super) fn new() -> Result<Self, OpenError> {
        Ok(Self(Some(runtime()?)))
    }

    /// Checks the version of the tables, and says whether the database is a replica.
    pub(super) fn look(&self, connector: &Arc<Connector>) -> Result<bool, OpenError> {
        let late = DatabaseFailure::new(DatabaseAct::Connect, DatabaseCause::Late);
        let Some(runtime) = &self.0 else { return Err(late.into()) };
        let connector = Arc::clone(connector);
        let looking = async move {
            let looked = timeout(LOOK_WITHIN, look(&connector)).await;
            looked.unwrap_or(Err(OpenError::Database(late)))
        };
        block_on(runtime, LOOK_WITHIN.saturating_mul(2), looking).unwrap_or(Err(OpenError::Database(late)))
    }

    pub(super) fn reads(
        &self,
        connector: &Arc<Connector>,
        shared: &Arc<Shared>,
        connections: usize,
    ) -> Arc<Reads> {
        let (reads, pumps) = Reads::new(connector, shared, connections);
        for pump in pumps {
            self.spawn(pump.run());
        }
        Arc::new(reads)
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            drop(runtime.spawn(task));
        }
    }

    /// The runtime, whose owner is to let go of it without waiting.
    pub(super) fn keep(mut self) -> Option<Runtime> {
        self.0.take()
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn look(connector: &Arc<Connector>) -> Result<bool, OpenError> {
    let session = Session::open(connector, Purpose::Read, &[IN_RECOVERY]).await?;
    let found = version(session.client()).await?;
    check_version(found)?;
    let failed = |error| DatabaseFailure::of(DatabaseAct::Connect, &error);
    let replica = in_recovery(&session).await.map_err(failed)?;
    if !replica {
        session.execute(FORGET_NODES, &[]).await.map_err(failed)?;
    }
    Ok(replica)
}

/// Says each second that this node is there, until the engine is dropped.
pub(super) async fn beat(reads: Arc<Reads>, node: [u8; 16]) {
    let mut ticks = interval(BEAT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        ticks.tick().await;
        // Nobody waits for the answer; how it went is noted with the flight. It counts as asked until the next.
        last = reads.begin(Ask::Beat(node)).ok().or(last);
    }
}
