//! The groups that a node wrote, written once more by a client that does nothing else: no checks, no sealing, no signing.

use std::time::{Duration, Instant};

use elicense::crypto::SystemRandom;
use elicense::store::{DatabaseUrl, migrate};
use futures_util::future::{join, join5};
use ring::rand::SystemRandom as RingRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, Row, Statement};

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const TURN: &str =
    "SELECT entries, head, salt, salt_from, moved FROM elicense_ledger WHERE id = 1 FOR UPDATE";
const INSERT_ENTRIES: &str = "INSERT INTO elicense_entry (position, salt, kind, record, nonce, sealed, chain) \
     SELECT position, $2, kind, record, nonce, sealed, chain FROM \
       unnest($1::bigint[], $3::smallint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[]) \
       AS new (position, kind, record, nonce, sealed, chain)";
const PUT_ROWS: &str = "INSERT INTO elicense_row (key, value) \
     SELECT key, value FROM unnest($1::bytea[], $2::bytea[]) AS new (key, value) \
     ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const MOVE_ON: &str =
    "UPDATE elicense_ledger SET entries = $1, head = $2, salt = $3, salt_from = $4 WHERE id = 1";

/// Bytes of each form of a licence without its signature.
const FULL_FORM: usize = 905;
const QR_FORM: usize = 572;

/// What one transaction wrote, a vector a column.
#[derive(Default)]
pub(crate) struct Group {
    transaction: String,
    positions: Vec<i64>,
    salt: Vec<u8>,
    kinds: Vec<i16>,
    bytes: [Vec<Vec<u8>>; 4],
    keys: Vec<Vec<u8>>,
    values: Vec<Vec<u8>>,
}

impl Group {
    pub(crate) fn entries(&self) -> usize {
        self.positions.len()
    }

    pub(crate) fn rows(&self) -> usize {
        self.keys.len()
    }
}

/// A connection to the node's database, and one to an empty one with the same tables.
pub(crate) struct BareClient {
    runtime: Runtime,
    node: Client,
    own: Client,
    statements: [Statement; 4],
    /// Of the node's ledger, written so far.
    entries: i64,
}

impl BareClient {
    pub(crate) fn new(node: &str, own: &str) -> Self {
        migrate(&own.parse::<DatabaseUrl>().unwrap(), &SystemRandom).unwrap();
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let (node, own, statements) = runtime.block_on(async {
            let (node, own) = (connect(node).await, connect(own).await);
            let statements = [
                own.prepare(TURN).await.unwrap(),
                own.prepare(INSERT_ENTRIES).await.unwrap(),
                own.prepare(PUT_ROWS).await.unwrap(),
                own.prepare(MOVE_ON).await.unwrap(),
            ];
            (node, own, statements)
        });
        Self { runtime, node, own, statements, entries: 0 }
    }

    /// What the node has written since this client wrote last, as its transactions.
    pub(crate) fn read(&self, to: i64) -> Vec<Group> {
        self.runtime.block_on(async {
            let entries = "SELECT xmin::text, position, salt, kind, record, nonce, sealed, chain \
                 FROM elicense_entry WHERE position >= $1 AND position < $2 ORDER BY position";
            let mut groups: Vec<Group> = Vec::new();
            for row in self.node.query(entries, &[&self.entries, &to]).await.unwrap() {
                let transaction: String = row.get(0);
                if groups.last().is_none_or(|group| group.transaction != transaction) {
                    groups.push(Group { transaction, salt: row.get(2), ..Group::default() });
                }
                groups.last_mut().unwrap().push(&row);
            }
            let transactions: Vec<&str> = groups.iter().map(|group| group.transaction.as_str()).collect();
            let rows = "SELECT array_agg(key), array_agg(value), xmin::text FROM elicense_row \
                 WHERE xmin::text = ANY($1) GROUP BY xmin::text";
            for row in self.node.query(rows, &[&transactions]).await.unwrap() {
                let transaction: String = row.get(2);
                let group = groups.iter_mut().find(|group| group.transaction == transaction).unwrap();
                (group.keys, group.values) = (row.get(0), row.get(1));
            }
            groups
        })
    }

    /// Writes what the node has written, up to an entry.
    pub(crate) fn catch_up(&mut self, to: i64) {
        let groups = self.read(to);
        self.write(&groups);
    }

    /// Writes these groups, one after the other.
    pub(crate) fn write(&mut self, groups: &[Group]) -> Duration {
        let start = Instant::now();
        self.runtime.block_on(async {
            for group in groups {
                self.write_group(group).await;
            }
        });
        self.wrote(groups);
        start.elapsed()
    }

    /// The same; while one group is written, two signatures for each entry of the next are made beside it.
    pub(crate) fn sign_and_write(&mut self, groups: &[Group], key: &'static EcdsaKeyPair) -> Duration {
        let start = Instant::now();
        self.runtime.block_on(async {
            let mut sizes = groups.iter().map(Group::entries);
            sign(key, sizes.next().unwrap_or(0));
            for group in groups {
                let next = sizes.next().unwrap_or(0);
                let signing = tokio::task::spawn_blocking(move || sign(key, next));
                join(self.write_group(group), signing).await.1.unwrap();
            }
        });
        self.wrote(groups);
        start.elapsed()
    }

    fn wrote(&mut self, groups: &[Group]) {
        if let Some(last) = groups.last().and_then(|group| group.positions.last()) {
            self.entries = last + 1;
        }
    }

    /// Takes back what was written from an entry on, so that it can be written again.
    pub(crate) fn forget(&mut self, groups: &[Group]) {
        let keys: Vec<&Vec<u8>> = groups.iter().flat_map(|group| &group.keys).collect();
        let first = groups[0].positions[0];
        self.runtime.block_on(async {
            self.own.execute("DELETE FROM elicense_entry WHERE position >= $1", &[&first]).await.unwrap();
            self.own.execute("DELETE FROM elicense_row WHERE key = ANY($1)", &[&keys]).await.unwrap();
            self.own.batch_execute("VACUUM elicense_entry, elicense_row").await.unwrap();
        });
        self.entries = first;
    }

    /// Two flights, as a node's.
    async fn write_group(&self, group: &Group) {
        let [turn, insert, put, move_on] = &self.statements;
        let (begun, row) = join(self.own.batch_execute(BEGIN), self.own.query_one(turn, &[])).await;
        begun.unwrap();
        let row = row.unwrap();
        let (head, salt, salt_from): (Vec<u8>, Vec<u8>, i64) = (row.get(1), row.get(2), row.get(3));
        let entries = group.positions.last().unwrap() + 1;
        let [records, nonces, sealed, chains] = &group.bytes;
        let (inserted, put, moved, limited, committed) = join5(
            self.own.execute(
                insert,
                &[&group.positions, &group.salt, &group.kinds, records, nonces, sealed, chains],
            ),
            self.own.execute(put, &[&group.keys, &group.values]),
            self.own.execute(move_on, &[&entries, &head, &salt, &salt_from]),
            self.own.batch_execute("SET LOCAL statement_timeout = 0"),
            self.own.batch_execute("COMMIT"),
        )
        .await;
        assert_eq!(inserted.unwrap(), group.entries() as u64);
        assert_eq!(put.unwrap(), group.rows() as u64);
        moved.unwrap();
        limited.unwrap();
        committed.unwrap();
    }
}

impl Group {
    fn push(&mut self, row: &Row) {
        self.positions.push(row.get(1));
        self.kinds.push(row.get(3));
        for (column, values) in (4..).zip(&mut self.bytes) {
            values.push(row.get(column));
        }
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    // Ends with an error when its database is dropped under it.
    tokio::spawn(async move { drop(connection.await) });
    client
}

/// A key that lives as long as the bench.
pub(crate) fn key() -> &'static EcdsaKeyPair {
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, RingRandom::new());
    let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    Box::leak(Box::new(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap()))
}

/// Both forms of so many licences.
fn sign(key: &EcdsaKeyPair, licences: usize) {
    let random = RingRandom::new();
    for _ in 0..licences {
        for form in [[0x5a; FULL_FORM].as_slice(), &[0x5a; QR_FORM]] {
            std::hint::black_box(key.sign(&random, form).unwrap());
        }
    }
}
