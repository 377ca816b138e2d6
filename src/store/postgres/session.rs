//! A connection with the statements that it is used for, prepared.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join;
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
        let client = connection.client();
        let preparing =
            try_join(Prepared::new(client, statements), client.batch_execute(durability(purpose)));
        let prepared = timeout(PREPARE, preparing).await;
        let prepared =
            prepared.map_err(|_| DatabaseFailure::new(DatabaseAct::Connect, DatabaseCause::Late))?;
        let (prepared, ()) = prepared.map_err(|error| DatabaseFailure::of(DatabaseAct::Connect, &error))?;
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

/// Commits of groups are durable when they are answered, whatever was set for this user or database; a wait for more than
/// the server's own disk (`remote_write`, `remote_apply`) stays as it was set. The only commits between reads are beats,
/// which wait for nothing: else reads would wait with them for a standby that is not there. A database without the
/// setting has nothing to turn off.
const fn durability(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Append | Purpose::Migrate => {
            "SELECT set_config('synchronous_commit', 'on', false) \
             WHERE current_setting('synchronous_commit', true) = 'off'"
        }
        Purpose::Read => {
            "SELECT set_config('synchronous_commit', 'off', false) \
             WHERE current_setting('synchronous_commit', true) IS NOT NULL"
        }
    }
}
