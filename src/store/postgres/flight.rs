//! One flight of reads: all keys in one statement, all positions in another, the rest beside them, in one round trip.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::{join, join_all, join4};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row as SqlRow};

use super::failure::{DatabaseAct, DatabaseDamage, DatabaseFailure};
use super::session::Session;
use super::shared::Shared;
use super::tables::{
    BACKWARD, BEAT, ChainedEntry, ENTRIES, FORWARD, IN_RECOVERY, LEDGER, LedgerRow, NEWEST_BEAT, RUN, VALUES,
    position,
};
use crate::store::engine::{Direction, EngineError, KeyRange, Row};

/// What the reads need.
pub(super) const STATEMENTS: [&str; 8] = [VALUES, ENTRIES, LEDGER, FORWARD, BACKWARD, RUN, BEAT, NEWEST_BEAT];
/// Past every key: keys begin with a lower-case letter.
const PAST_KEYS: &[u8] = &[u8::MAX];

/// What may be asked.
pub(super) enum Ask {
    /// Values of keys.
    Values(Vec<Vec<u8>>),
    /// The entry at a position.
    Entry(u64),
    /// Entries from a position on: so many at most, and none after that many bytes.
    Run { from: u64, limit: usize, bytes: usize },
    /// Rows of a range.
    Rows { range: KeyRange, direction: Direction, limit: usize },
    /// Where the ledger ends.
    Ledger,
    /// This node is there; whether it is on a replica is found out as well.
    Beat([u8; 16]),
    /// How long ago any node was last there.
    NewestBeat,
}

/// What is answered, in the order of [`Ask`].
pub(super) enum Answer {
    Values(Vec<Option<Vec<u8>>>),
    Entry(Option<ChainedEntry>),
    Run(Vec<ChainedEntry>),
    Rows(Vec<Row>),
    Ledger(LedgerRow),
    Done,
    Age(Option<Duration>),
}

/// An answer for each ask, or none for any of them: the connection is not to be used any more.
pub(super) type Flown = Result<Vec<Result<Answer, EngineError>>, DatabaseFailure>;

/// Asks everything at once.
pub(super) async fn fly(session: &Session, shared: &Shared, asks: &[&Ask]) -> Flown {
    let keys: Vec<&[u8]> = asks.iter().copied().flat_map(keys).map(Vec::as_slice).collect();
    let positions: Vec<i64> = asks.iter().filter_map(|ask| entry(ask)).map(position).collect();
    let ledger = asks.iter().any(|ask| matches!(ask, Ask::Ledger));
    let values =
        async { if keys.is_empty() { Ok(Vec::new()) } else { session.query(VALUES, &[&keys]).await } };
    let entries = async {
        if positions.is_empty() { Ok(Vec::new()) } else { session.query(ENTRIES, &[&positions]).await }
    };
    let ledger = async { if ledger { session.query(LEDGER, &[]).await } else { Ok(Vec::new()) } };
    let others = join_all(asks.iter().map(|ask| other(session, shared, ask)));
    let (values, entries, ledger, others) = join4(values, entries, ledger, others).await;
    let (values, entries, ledger) = (received(values)?, received(entries)?, received(ledger)?);
    let values = values.as_ref().map_err(|failure| *failure).and_then(|rows| values_by_key(rows));
    let entries = entries.map(|rows| entries_by_position(&rows));
    let mut answers = Vec::with_capacity(asks.len());
    for (ask, other) in asks.iter().zip(others) {
        answers.push(match ask {
            Ask::Values(keys) => match &values {
                Ok(found) => Ok(Answer::Values(pick(keys, found))),
                Err(failure) => Err((*failure).into()),
            },
            Ask::Entry(position) => match &entries {
                Ok(found) => found.get(position).cloned().transpose().map(Answer::Entry).map_err(Into::into),
                Err(failure) => Err((*failure).into()),
            },
            Ask::Ledger => match &ledger {
                Ok(rows) => LedgerRow::read(rows.first()).map(Answer::Ledger).map_err(Into::into),
                Err(failure) => Err((*failure).into()),
            },
            _ => match received(other)? {
                Ok(answer) => answer,
                Err(failure) => Err(failure.into()),
            },
        });
    }
    Ok(answers)
}

/// Parts what the server refused, which concerns one statement, from what ends the connection.
fn received<T>(result: Result<T, Error>) -> Result<Result<T, DatabaseFailure>, DatabaseFailure> {
    let failed = |error| DatabaseFailure::of(DatabaseAct::Read, &error);
    match result.map_err(failed) {
        Err(failure) if !failure.spares_connection() => Err(failure),
        result => Ok(result),
    }
}

const fn keys(ask: &Ask) -> &[Vec<u8>] {
    match ask {
        Ask::Values(keys) => keys.as_slice(),
        _ => &[],
    }
}

const fn entry(ask: &Ask) -> Option<u64> {
    match ask {
        Ask::Entry(position) => Some(*position),
        _ => None,
    }
}

type Values<'a> = HashMap<&'a [u8], &'a [u8]>;

fn values_by_key(rows: &[SqlRow]) -> Result<Values<'_>, DatabaseFailure> {
    let mut values = Values::with_capacity(rows.len());
    for row in rows {
        let pair = row.try_get(0).and_then(|key| Ok((key, row.try_get(1)?)));
        let (key, value) = pair.map_err(|error| DatabaseFailure::of(DatabaseAct::Read, &error))?;
        values.insert(key, value);
    }
    Ok(values)
}

fn pick(keys: &[Vec<u8>], found: &Values<'_>) -> Vec<Option<Vec<u8>>> {
    keys.iter().map(|key| found.get(key.as_slice()).map(|value| value.to_vec())).collect()
}

type Found = Result<ChainedEntry, DatabaseDamage>;

fn entries_by_position(rows: &[SqlRow]) -> HashMap<u64, Found> {
    let place = |found: &Found| match found {
        Ok(entry) => Some(entry.stored.position),
        Err(DatabaseDamage::Shape { position }) => Some(*position),
        Err(_) => None,
    };
    rows.iter().map(ChainedEntry::read).filter_map(|found| Some((place(&found)?, found))).collect()
}

/// What has a statement of its own.
async fn other(session: &Session, shared: &Shared, ask: &Ask) -> Result<Result<Answer, EngineError>, Error> {
    match ask {
        Ask::Run { from, limit, bytes } => {
            let (limit, bytes) = (signed(*limit), signed(*bytes));
            let parameters: [&(dyn ToSql + Sync); 3] = [&position(*from), &limit, &bytes];
            let (rows, ledger) = join(session.query(RUN, &parameters), session.query(LEDGER, &[])).await;
            let (rows, ledger) = (rows?, ledger?);
            Ok(match LedgerRow::read(ledger.first()) {
                // What nodes of a moved ledger have seen is no longer all that there is.
                Ok(ledger) if ledger.moved && !shared.is_mover() => Err(EngineError::Moved),
                Ok(_) => in_order(*from, &rows).map(Answer::Run).map_err(Into::into),
                Err(damage) => Err(damage.into()),
            })
        }
        Ask::Rows { range, direction, limit } => {
            let sql = match direction {
                Direction::Forward => FORWARD,
                Direction::Backward => BACKWARD,
            };
            let to = range.to.as_deref().unwrap_or(PAST_KEYS);
            let rows = session.query(sql, &[&range.from, &to, &signed(*limit)]).await?;
            let row = |row: &SqlRow| Ok(Row { key: row.try_get(0)?, value: row.try_get(1)? });
            Ok(Ok(Answer::Rows(rows.iter().map(row).collect::<Result<_, Error>>()?)))
        }
        Ask::Beat(id) => beat(session, shared, id).await.map(|()| Ok(Answer::Done)),
        Ask::NewestBeat => {
            let rows = session.query(NEWEST_BEAT, &[]).await?;
            let age: Option<i64> = rows.first().map(|row| row.try_get(0)).transpose()?.flatten();
            let age = age.map(|age| Duration::from_millis(u64::try_from(age).unwrap_or(0)));
            Ok(Ok(Answer::Age(age)))
        }
        Ask::Values(_) | Ask::Entry(_) | Ask::Ledger => Ok(Ok(Answer::Done)),
    }
}

/// Entries from `from` on without a gap.
fn in_order(from: u64, rows: &[SqlRow]) -> Result<Vec<ChainedEntry>, DatabaseDamage> {
    let mut entries = Vec::with_capacity(rows.len());
    for (expected, row) in (from..).zip(rows) {
        let entry = ChainedEntry::read(row)?;
        if entry.stored.position != expected {
            let entries = entry.stored.position.saturating_add(1);
            return Err(DatabaseDamage::Missing { position: expected, entries });
        }
        entries.push(entry);
    }
    Ok(entries)
}

async fn beat(session: &Session, shared: &Shared, id: &[u8; 16]) -> Result<(), Error> {
    let replica = in_recovery(session).await?;
    shared.set_replica(replica);
    if !replica {
        session.execute(BEAT, &[&&id[..]]).await?;
    }
    Ok(())
}

/// Whether the database is a replica. Others that speak PostgreSQL's protocol may not have the function.
pub(super) async fn in_recovery(session: &Session) -> Result<bool, Error> {
    match session.query(IN_RECOVERY, &[]).await {
        Ok(rows) => rows.first().map_or(Ok(false), |row| row.try_get(0)),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_FUNCTION) => Ok(false),
        Err(error) => Err(error),
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
