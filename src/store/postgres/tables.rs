//! The tables (STORE.md §7.1): what is asked of them, and what comes back, checked for its shape.

use std::collections::HashMap;

use tokio_postgres::{Client, Error, Row, Statement};

use super::failure::DatabaseDamage;
use crate::crypto::Digest;
use crate::store::engine::{Next, Salt, SealedEntry, StoredEntry};
use crate::store::head::Head;

/// The version of the tables that this program knows.
pub(super) const VERSION: i32 = 1;

/// Where the ledger ends.
pub(super) const LEDGER: &str =
    "SELECT entries, head, salt, salt_from, moved FROM elicense_ledger WHERE id = 1";
/// The same, waiting until no other node has its turn.
pub(super) const TURN: &str =
    "SELECT entries, head, salt, salt_from, moved FROM elicense_ledger WHERE id = 1 FOR UPDATE";
/// Values of some keys.
pub(super) const VALUES: &str = "SELECT key, value FROM elicense_row WHERE key = ANY($1)";
/// Rows from a key to another, smallest first.
pub(super) const FORWARD: &str =
    "SELECT key, value FROM elicense_row WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3";
/// The same, largest first.
pub(super) const BACKWARD: &str =
    "SELECT key, value FROM elicense_row WHERE key >= $1 AND key < $2 ORDER BY key DESC LIMIT $3";
/// Entries at some positions.
pub(super) const ENTRIES: &str = "SELECT position, salt, kind, record, nonce, sealed, chain FROM elicense_entry \
     WHERE position = ANY($1)";
/// Entries from a position on: so many at most, and none after that many bytes.
pub(super) const RUN: &str = "SELECT position, salt, kind, record, nonce, sealed, chain FROM ( \
       SELECT run.*, sum(octet_length(sealed)) OVER (ORDER BY position) - octet_length(sealed) AS before \
       FROM (SELECT * FROM elicense_entry WHERE position >= $1 ORDER BY position LIMIT $2) AS run \
     ) AS sized WHERE before < $3 ORDER BY position";
/// Entries of a group.
pub(super) const INSERT_ENTRIES: &str = "INSERT INTO elicense_entry (position, salt, kind, record, nonce, sealed, chain) \
     SELECT position, $2, kind, record, nonce, sealed, chain FROM \
       unnest($1::bigint[], $3::smallint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[]) \
       AS new (position, kind, record, nonce, sealed, chain)";
/// Rows of a group; no key twice.
pub(super) const PUT_ROWS: &str = "INSERT INTO elicense_row (key, value) \
     SELECT key, value FROM unnest($1::bytea[], $2::bytea[]) AS new (key, value) \
     ON CONFLICT (key) DO UPDATE SET value = excluded.value";
/// The ledger's new end.
pub(super) const MOVE_ON: &str =
    "UPDATE elicense_ledger SET entries = $1, head = $2, salt = $3, salt_from = $4 WHERE id = 1";
/// Whether the store was moved elsewhere.
pub(super) const MARK_MOVED: &str = "UPDATE elicense_ledger SET moved = $1 WHERE id = 1";
/// Whether this is a replica.
pub(super) const IN_RECOVERY: &str = "SELECT pg_is_in_recovery()";
/// A node says that it is there.
pub(super) const BEAT: &str = "INSERT INTO elicense_node (id, beat) \
     VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) \
     ON CONFLICT (id) DO UPDATE SET beat = excluded.beat";
/// Forgets nodes that were last there a day ago.
pub(super) const FORGET_NODES: &str = "DELETE FROM elicense_node \
     WHERE beat < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 86400000";
/// How long ago the newest beat of any node was, in milliseconds.
pub(super) const NEWEST_BEAT: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint - max(beat) \
     FROM elicense_node";

/// Statements prepared on one connection.
pub(super) struct Prepared(HashMap<&'static str, Statement>);

impl Prepared {
    /// Prepares `wanted`, all in one round trip.
    pub(super) async fn new(client: &Client, wanted: &[&'static str]) -> Result<Self, Error> {
        let prepare = |sql: &&'static str| {
            let sql = *sql;
            async move { Ok((sql, client.prepare(sql).await?)) }
        };
        let prepared = futures_util::future::try_join_all(wanted.iter().map(prepare)).await?;
        Ok(Self(prepared.into_iter().collect()))
    }

    /// The prepared form of `sql`; one that was not asked for is prepared now.
    pub(super) async fn get(&self, client: &Client, sql: &'static str) -> Result<Statement, Error> {
        match self.0.get(sql) {
            Some(statement) => Ok(statement.clone()),
            None => client.prepare(sql).await,
        }
    }
}

/// The one row of `elicense_ledger`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LedgerRow {
    pub(super) head: Head,
    pub(super) salt: Salt,
    /// Entries when the salt was made.
    pub(super) salt_from: u64,
    /// The store was moved elsewhere.
    pub(super) moved: bool,
}

impl LedgerRow {
    pub(super) fn read(row: Option<&Row>) -> Result<Self, DatabaseDamage> {
        row.and_then(Self::decode).ok_or(DatabaseDamage::Ledger)
    }

    fn decode(row: &Row) -> Option<Self> {
        let entries: i64 = row.try_get(0).ok()?;
        let head = Head::from_bytes(row.try_get(1).ok()?)?;
        let salt: &[u8] = row.try_get(2).ok()?;
        let salt_from: i64 = row.try_get(3).ok()?;
        let moved: i32 = row.try_get(4).ok()?;
        if u64::try_from(entries).ok()? != head.entries() {
            return None;
        }
        let salt_from = u64::try_from(salt_from).ok()?;
        Some(Self { head, salt: salt.try_into().ok()?, salt_from, moved: moved != 0 })
    }

    pub(super) fn next(&self) -> Next {
        Next { head: self.head.clone(), salt: self.salt }
    }
}

/// An entry and the hash chain after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChainedEntry {
    pub(super) stored: StoredEntry,
    pub(super) chain: Digest,
}

impl ChainedEntry {
    pub(super) fn read(row: &Row) -> Result<Self, DatabaseDamage> {
        let position = row.try_get::<_, i64>(0).ok().and_then(|position| u64::try_from(position).ok());
        let position = position.ok_or(DatabaseDamage::Ledger)?;
        Self::decode(position, row).ok_or(DatabaseDamage::Shape { position })
    }

    fn decode(position: u64, row: &Row) -> Option<Self> {
        let bytes = |column: usize| row.try_get::<_, &[u8]>(column).ok();
        let kind: i16 = row.try_get(2).ok()?;
        let entry = SealedEntry {
            kind: u8::try_from(kind).ok()?,
            record: Digest::from_bytes(bytes(3)?.try_into().ok()?),
            nonce: bytes(4)?.try_into().ok()?,
            sealed: bytes(5)?.to_vec(),
        };
        let stored = StoredEntry { position, salt: bytes(1)?.try_into().ok()?, entry };
        Some(Self { stored, chain: Digest::from_bytes(bytes(6)?.try_into().ok()?) })
    }

    /// Takes `head` over this entry, which has to be the next one and to have the chain that stands beside it.
    pub(super) fn follow(&self, head: &mut Head, entries: u64) -> Result<(), DatabaseDamage> {
        let position = head.entries();
        if self.stored.position != position {
            return Err(DatabaseDamage::Missing { position, entries });
        }
        let mut next = head.clone();
        next.advance(&self.stored.entry);
        if next.chain() != self.chain {
            return Err(DatabaseDamage::Changed { position, expected: self.chain, found: next.chain() });
        }
        *head = next;
        Ok(())
    }
}

/// A position as the database has it. None is past it.
pub(super) fn position(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}
