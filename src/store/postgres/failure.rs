//! What can go wrong between a node and its database. Nothing here repeats a password, or what the server said: its
//! messages may hold values.

use std::error::Error as _;
use std::fmt;
use std::io;

use tokio_postgres::error::SqlState;

use crate::crypto::Digest;

/// What was being done to the database when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseAct {
    /// Making a connection.
    Connect,
    /// Reading entries or rows.
    Read,
    /// Waiting for this node's turn to append.
    TakeTurn,
    /// Writing a group, before its commit.
    Write,
    /// Committing a group.
    Commit,
    /// Making or changing the tables.
    Migrate,
    /// Saying that this node is there.
    Beat,
}

impl fmt::Display for DatabaseAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting to the database",
            Self::Read => "reading from the database",
            Self::TakeTurn => "waiting for a turn to append to the database",
            Self::Write => "writing to the database",
            Self::Commit => "committing to the database",
            Self::Migrate => "migrating the database",
            Self::Beat => "telling the database that this node is there",
        })
    }
}

/// The database did not do what it was asked. Comparable and clonable, since one failure is told to every request that
/// it met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{act}: {cause}")]
pub struct DatabaseFailure {
    /// What was tried.
    pub act: DatabaseAct,
    /// Why it failed.
    pub cause: DatabaseCause,
}

/// Why the database did not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseCause {
    /// The server answered with an error.
    Refused(Sqlstate),
    /// There is no connection, or it broke.
    Lost(io::ErrorKind),
    /// No answer within the time that this may take.
    Late,
    /// Too much waits already.
    Busy,
    /// The server's certificate was not accepted, or there is no TLS.
    Tls(TlsProblem),
    /// It answered something else than was asked.
    Answer,
    /// A warning came with the commit: a standby may not have what was committed.
    Warned,
    /// A replica that is behind what this node has seen.
    Stale,
    /// The engine has ended.
    Closed,
}

/// Why TLS to the database failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsProblem {
    /// The certificate does not come from the authorities in `sslrootcert`.
    Issuer,
    /// It is for another name.
    Name,
    /// Its time is over or has not begun.
    Time,
    /// The server speaks no TLS.
    NotSpoken,
    /// Anything else.
    Other,
}

/// A five-character code of the SQL standard for what went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sqlstate([u8; 5]);

impl Sqlstate {
    fn new(state: &SqlState) -> Self {
        Self(state.code().as_bytes().try_into().unwrap_or(*b"XX000"))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or("XX000")
    }

    /// What operators meet most, in words.
    fn words(&self) -> &'static str {
        match &self.0 {
            b"28P01" | b"28000" => "user and password are not accepted",
            b"3D000" => "there is no such database",
            b"42501" => "the user may not do this",
            b"42P01" | b"42703" => "a table is missing; `elicense store migrate` makes it",
            b"53300" => "it has too many connections",
            b"53100" => "its disk is full",
            b"25006" => "it takes no writes",
            b"40001" | b"40P01" => "it was in the way of another",
            b"55P03" => "another node has its turn",
            b"57014" => "it took too long",
            b"25P03" => "this node took too long over its turn",
            b"57P01" | b"57P02" => "it is shutting down",
            b"57P03" => "it is starting",
            _ => "it refused",
        }
    }
}

impl fmt::Display for DatabaseCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(state) => write!(f, "{} (SQLSTATE {})", state.words(), state.as_str()),
            Self::Lost(kind) => write!(f, "no connection ({kind})"),
            Self::Late => f.write_str("no answer in time"),
            Self::Busy => f.write_str("too much waits for it already"),
            Self::Tls(problem) => write!(f, "TLS failed: {problem}"),
            Self::Answer => f.write_str("it answered something else than was asked"),
            Self::Warned => f.write_str("it warned that a standby may not have what was committed"),
            Self::Stale => f.write_str("the replica is behind what this node has seen"),
            Self::Closed => f.write_str("the store is closing"),
        }
    }
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issuer => "the server's certificate does not come from the authorities in sslrootcert",
            Self::Name => "the server's certificate is for another name",
            Self::Time => "the server's certificate has expired or is not valid yet",
            Self::NotSpoken => "the server does not speak it",
            Self::Other => "the handshake did not succeed",
        })
    }
}

impl DatabaseFailure {
    pub(super) const fn new(act: DatabaseAct, cause: DatabaseCause) -> Self {
        Self { act, cause }
    }

    /// What `error` met while doing `act` was.
    pub(super) fn of(act: DatabaseAct, error: &tokio_postgres::Error) -> Self {
        Self { act, cause: cause(error) }
    }

    /// Whether there is no connection, so that nothing else could be done either.
    pub const fn is_lost(&self) -> bool {
        matches!(self.cause, DatabaseCause::Lost(_) | DatabaseCause::Late | DatabaseCause::Tls(_))
    }

    /// The server's code, where it answered.
    pub(super) fn code(&self) -> Option<&[u8; 5]> {
        match &self.cause {
            DatabaseCause::Refused(state) => Some(&state.0),
            _ => None,
        }
    }

    /// Whether the same transaction, begun again, may well succeed: nothing of it was kept.
    pub(super) fn is_serialization(&self) -> bool {
        matches!(self.code(), Some(b"40001" | b"40P01"))
    }

    /// Whether the connection is as good as before.
    pub(super) fn spares_connection(&self) -> bool {
        matches!(self.code(), Some(b"40001" | b"40P01" | b"55P03" | b"57014"))
    }
}

fn cause(error: &tokio_postgres::Error) -> DatabaseCause {
    if let Some(state) = error.code() {
        return DatabaseCause::Refused(Sqlstate::new(state));
    }
    let Some(source) = error.source() else {
        return if error.is_closed() {
            DatabaseCause::Lost(io::ErrorKind::ConnectionReset)
        } else {
            DatabaseCause::Answer
        };
    };
    match source.downcast_ref::<io::Error>() {
        Some(io) => match io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => DatabaseCause::Tls(tls_problem(tls)),
            None => DatabaseCause::Lost(io.kind()),
        },
        None if source.to_string().contains("does not support TLS") => {
            DatabaseCause::Tls(TlsProblem::NotSpoken)
        }
        None => DatabaseCause::Answer,
    }
}

fn tls_problem(error: &rustls::Error) -> TlsProblem {
    use rustls::CertificateError as C;
    let rustls::Error::InvalidCertificate(problem) = error else { return TlsProblem::Other };
    match problem {
        C::UnknownIssuer | C::BadSignature => TlsProblem::Issuer,
        C::NotValidForName | C::NotValidForNameContext { .. } => TlsProblem::Name,
        C::Expired | C::ExpiredContext { .. } | C::NotValidYet | C::NotValidYetContext { .. } => {
            TlsProblem::Time
        }
        _ => TlsProblem::Other,
    }
}

/// The ledger in the database is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseDamage {
    /// An entry that is counted is not there.
    #[error("entry {position} is not in the database, which has {entries} entries or more")]
    Missing {
        /// Its position.
        position: u64,
        /// Entries that are known to have been there.
        entries: u64,
    },
    /// An entry's columns are not as an entry's can be.
    #[error("entry {position} in the database is not as an entry can be")]
    Shape {
        /// Its position.
        position: u64,
    },
    /// An entry was changed.
    #[error(
        "entry {position} in the database was changed: the hash chain there is {found}, it says {expected}"
    )]
    Changed {
        /// Its position.
        position: u64,
        /// The chain that stands beside the entry.
        expected: Digest,
        /// The chain that the entry makes.
        found: Digest,
    },
    /// The row that says where the ledger ends is missing or not as it can be.
    #[error("the row that says where the database's ledger ends is missing or not as it can be")]
    Ledger,
    /// The entries do not lead to the end that the ledger says.
    #[error("the database's {entries} entries have hash chain {found}, its ledger says {expected}")]
    End {
        /// Entries in the ledger.
        entries: u64,
        /// The chain that the ledger says.
        expected: Digest,
        /// The chain that the entries make.
        found: Digest,
    },
    /// The ledger was another one when this node saw it last: put back from a backup, or a standby took over that did
    /// not have everything.
    #[error(
        "the database's ledger has {found} entries and hash chain {found_chain}, this node has seen {seen} and \
         {seen_chain}: acknowledged entries are gone or changed; nothing is appended"
    )]
    Another {
        /// Entries that this node has seen.
        seen: u64,
        /// The chain there.
        seen_chain: Digest,
        /// Entries in the ledger now.
        found: u64,
        /// The chain there.
        found_chain: Digest,
    },
}
