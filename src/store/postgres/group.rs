//! Writing a group and committing it: one flight, and what its answers mean for the group (STORE.md §7.2).

use std::collections::HashMap;

use futures_util::future::join5;
use tokio_postgres::Error;
use tokio_postgres::types::ToSql;

use super::failure::{DatabaseAct, DatabaseCause, DatabaseFailure};
use super::session::Session;
use super::tables::{INSERT_ENTRIES, LedgerRow, MOVE_ON, PUT_ROWS, position};
use crate::crypto::{Random, random_bytes};
use crate::store::engine::{EngineError, Group, Salt, SealedEntry};

/// Entries after which a new salt is made.
const SALT_ENTRIES: u64 = 1 << 20;

/// A value that goes with a statement.
type Parameter<'a> = &'a (dyn ToSql + Sync);

/// What became of a group.
pub(super) enum Written {
    /// It is there, and durable.
    Committed,
    /// It is not there and will not be. The transaction is to be rolled back.
    Not(EngineError),
    /// It may be there.
    Unknown(DatabaseFailure),
}

/// Writes `group` on top of `row`, whose lock the session's transaction holds, and commits.
pub(super) async fn write_group(
    session: &Session,
    group: &Group,
    row: &LedgerRow,
    random: &dyn Random,
) -> Written {
    let (salt, salt_from) = match next_salt(group, row, random) {
        Ok(next) => next,
        Err(error) => return Written::Not(error),
    };
    let columns = Columns::of(group);
    let (keys, values) = last_rows(group);
    let head = group.head().to_bytes();
    let (entries, salt_from) = (position(group.head().entries()), position(salt_from));
    let (old_salt, salt) = (&row.salt[..], &salt[..]);
    let insert: [Parameter<'_>; 7] = [
        &columns.positions,
        &old_salt,
        &columns.kinds,
        &columns.records,
        &columns.nonces,
        &columns.sealed,
        &columns.chains,
    ];
    let put: [Parameter<'_>; 2] = [&keys, &values];
    let end: [Parameter<'_>; 4] = [&entries, &head, &salt, &salt_from];

    let warnings = session.connection.warnings();
    // One flight: each is on its way when it is first polled, and they are polled in this order.
    let (inserted, put, moved_on, limited, committed) = join5(
        session.execute(INSERT_ENTRIES, &insert),
        session.execute(PUT_ROWS, &put),
        session.execute(MOVE_ON, &end),
        // A commit that a timeout cancels while it waits for its standby would be called a success.
        session.client().batch_execute("SET LOCAL statement_timeout = 0"),
        session.client().batch_execute("COMMIT"),
    )
    .await;
    let before = [inserted.map(drop), put.map(drop), moved_on.map(drop), limited];
    match before.into_iter().find_map(Result::err) {
        Some(error) => not_committed(&error, group),
        None => judge(committed, session.connection.warnings() != warnings),
    }
}

/// A statement before the commit failed. Where the server said so, its transaction cannot commit any more.
fn not_committed(error: &Error, group: &Group) -> Written {
    let failure = DatabaseFailure::of(DatabaseAct::Write, error);
    match failure.code() {
        // Somebody appended without a turn.
        Some(b"23505") => {
            let ledger = group.first().saturating_add(1);
            Written::Not(EngineError::Behind { ledger, group: group.first() })
        }
        Some(_) => Written::Not(failure.into()),
        None => Written::Unknown(DatabaseFailure { act: DatabaseAct::Commit, ..failure }),
    }
}

/// What the answer to a commit means.
fn judge(committed: Result<(), Error>, warned: bool) -> Written {
    let Err(error) = committed else {
        let failure = DatabaseFailure::new(DatabaseAct::Commit, DatabaseCause::Warned);
        return if warned { Written::Unknown(failure) } else { Written::Committed };
    };
    let failure = DatabaseFailure::of(DatabaseAct::Commit, &error);
    match failure.code() {
        // Rolled back: serialization, integrity, deadlock; and class 23, constraints that are checked late. Not 40003.
        Some(b"40001" | b"40002" | b"40P01") => Written::Not(failure.into()),
        Some([b'2', b'3', ..]) => Written::Not(failure.into()),
        _ => Written::Unknown(failure),
    }
}

/// The salt of the group after this one, and the entries when it was made.
fn next_salt(group: &Group, row: &LedgerRow, random: &dyn Random) -> Result<(Salt, u64), EngineError> {
    let entries = group.head().entries();
    if entries.saturating_sub(row.salt_from) < SALT_ENTRIES {
        return Ok((row.salt, row.salt_from));
    }
    Ok((random_bytes(random)?, entries))
}

/// The rows of a group, of several with one key the last.
fn last_rows(group: &Group) -> (Vec<&[u8]>, Vec<&[u8]>) {
    let mut at: HashMap<&[u8], usize> = HashMap::with_capacity(group.rows().len());
    let mut rows: Vec<(&[u8], &[u8])> = Vec::with_capacity(group.rows().len());
    for row in group.rows() {
        let (key, value) = (row.key.as_slice(), row.value.as_slice());
        match at.get(key).and_then(|at| rows.get_mut(*at)) {
            Some(earlier) => earlier.1 = value,
            None => {
                at.insert(key, rows.len());
                rows.push((key, value));
            }
        }
    }
    rows.into_iter().unzip()
}

/// A group's entries, a vector a column.
struct Columns<'a> {
    positions: Vec<i64>,
    kinds: Vec<i16>,
    records: Vec<&'a [u8]>,
    nonces: Vec<&'a [u8]>,
    sealed: Vec<&'a [u8]>,
    chains: Vec<Vec<u8>>,
}

impl<'a> Columns<'a> {
    fn of(group: &'a Group) -> Self {
        let entries = group.entries();
        let mut head = group.base().head.clone();
        let chain = |entry: &SealedEntry| {
            head.advance(entry);
            head.chain().as_bytes().to_vec()
        };
        Self {
            positions: (group.first()..).map(position).take(entries.len()).collect(),
            kinds: entries.iter().map(|entry| i16::from(entry.kind)).collect(),
            records: entries.iter().map(|entry| entry.record.as_bytes().as_slice()).collect(),
            nonces: entries.iter().map(|entry| entry.nonce.as_slice()).collect(),
            sealed: entries.iter().map(|entry| entry.sealed.as_slice()).collect(),
            chains: entries.iter().map(chain).collect(),
        }
    }
}
