//! A connection with the statements that it is used for, prepared.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row};

use super::connection::{Connection, Connector, Purpose};
use super::failure::{DatabaseAct, DatabaseCause, DatabaseFailure};
use super::tables::Prepared;

/// How long preparing may take.
const PREPARE: Duration = Duration::from_secs(1);

/// A connection with the statements that it is used for, prepared.
pub(super) struct Session {
    pub(super) connection: Connection,
    prepared: Prepared,
}

impl Session {
    /// Connects and prepares `statements`.
    pub(super) async fn open(
        connector: &Arc<Connector>,
        purpose: Purpose,
        statements: &[&'static str],
    ) -> Result<Self, DatabaseFailure> {
        let connection = connector.connect(purpose).await?;
        let prepared = timeout(PREPARE, Prepared::new(connection.client(), statements)).await;
        let prepared =
            prepared.map_err(|_| DatabaseFailure::new(DatabaseAct::Connect, DatabaseCause::Late))?;
        let prepared = prepared.map_err(|error| DatabaseFailure::of(DatabaseAct::Connect, &error))?;
        Ok(Self { connection, prepared })
    }

    pub(super) const fn client(&self) -> &Client {
        self.connection.client()
    }

    /// Rows that `sql` gives. It is on its way when this was first polled.
    pub(super) async fn query(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepared.get(self.client(), sql).await?;
        self.client().query(&statement, parameters).await
    }

    /// How many rows `sql` changed. It is on its way when this was first polled.
    pub(super) async fn execute(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        let statement = self.prepared.get(self.client(), sql).await?;
        self.client().execute(&statement, parameters).await
    }
}
