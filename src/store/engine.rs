//! The contract between the store and what keeps it. An engine knows no licences: it keeps sealed entries in order, and
//! rows by key, and changes both together.

use super::durable::IoFailure;
use super::head::Head;
use super::journal::Damage;
use super::postgres::{DatabaseDamage, DatabaseFailure};
use crate::crypto::{Digest, RandomError};

/// Most entries in a group.
pub const MAX_GROUP_ENTRIES: usize = 256;
/// Most bytes of sealed entries in a group of several entries. An entry alone may take up to [`MAX_SEALED_BYTES`].
pub const MAX_GROUP_BYTES: usize = 8 * 1024 * 1024;
/// Longest sealed entry.
pub const MAX_SEALED_BYTES: usize = 4 * 1024 * 1024 - 54;

/// Keeps the ledger's sealed entries and the index rows. Every engine passes the suite in `tests/store_engine`.
///
/// Any number of threads may call any of these at once, also threads that run tasks: an engine that has to wait for
/// another machine lets the tasks go on elsewhere meanwhile. Every wait has an end, and is an error then.
///
/// Over an engine that several nodes share, other nodes append too: each takes a turn ([`Engine::turn`]), appends one
/// group, and everyone sees it.
pub trait Engine: Send + Sync {
    /// Whether others append to the same ledger, and whether this node may.
    fn sharing(&self) -> Sharing {
        Sharing::Alone
    }

    /// Whether what is read is the ledger as it is now, as far as this engine can tell: a replica of a database may be
    /// behind it ([`EngineError::ReplicaBehind`]).
    fn check_current(&self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Where the ledger is. Costs no disk access where one process owns the ledger. A turn is begun by [`Engine::turn`].
    fn next(&self) -> Result<Next, EngineError>;

    /// Begins this node's turn, and says what its group must build on: until [`Engine::append`] or [`Engine::pass`] no
    /// other node appends. Takes the place of waiting for other nodes' groups and being behind again and again. A node
    /// that neither appends nor passes loses its turn after a moment; its group is then [`EngineError::Behind`] or
    /// [`EngineError::NotWritten`].
    ///
    /// Only one thread of a node takes turns.
    fn turn(&self) -> Result<Next, EngineError> {
        self.next()
    }

    /// Ends a turn without a group.
    fn pass(&self) {}

    /// Appends a group: its entries, its rows and the new head, **all or nothing and durable** when this returns `Ok`,
    /// and visible to every read of every node that begins after. Ends the turn, whatever it returns. Without a turn
    /// it takes one.
    ///
    /// Errors whose [`EngineError::outcome`] is [`Outcome::NotWritten`] promise that nothing of the group is there or
    /// will be. [`Outcome::Unknown`] promises nothing: later the group is there whole or not at all. An engine that
    /// answered so accepts no further group until what became of that one is certain: an engine on disk until it is
    /// opened again, one over a database until its next turn, which waits for what the database still does.
    ///
    /// A group that builds on another head or salt than [`Engine::turn`] gives is refused as [`EngineError::Behind`].
    fn append(&self, group: &Group) -> Result<(), EngineError>;

    /// From here on groups are sealed under `salt`: how a copy of a ledger keeps the seals of the original. Not during a
    /// turn.
    fn use_salt(&self, salt: Salt) -> Result<(), EngineError>;

    /// The entry at `position`; `None` at and past the end. Bytes that do not pass the engine's own checks are
    /// [`EngineError::Damaged`], never returned.
    fn read(&self, position: u64) -> Result<Option<StoredEntry>, EngineError>;

    /// Entries from `position` on, in order and without gaps, at most `limit` and at most some 8 MiB of them; none only
    /// at and past the end.
    fn read_from(&self, position: u64, limit: usize) -> Result<Vec<StoredEntry>, EngineError> {
        let mut entries = Vec::new();
        let mut bytes = 0_usize;
        for position in (position..).take(limit) {
            let Some(stored) = self.read(position)? else { break };
            bytes = bytes.saturating_add(stored.entry.sealed.len());
            entries.push(stored);
            if bytes >= MAX_GROUP_BYTES {
                break;
            }
        }
        Ok(entries)
    }

    /// The value of `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// The values of `keys`, in their order. Not a snapshot: a group that is appended meanwhile may be seen in part.
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, EngineError> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// The first `limit` rows of `range` in the order of `direction`. Keys are ordered as bytes. Rows appended while the
    /// scan runs may or may not be among them.
    fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Row>, EngineError>;
}

/// Who appends to an engine's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// This process alone.
    Alone,
    /// Any number of nodes, this one among them.
    Shared,
    /// Other nodes; this one reads a replica of their database.
    Replica,
}

/// What the next group builds on: the ledger as it is, and the salt of the key that seals the group's entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The ledger so far; the group's first position is its count of entries.
    pub head: Head,
    /// Salt of the segment that the group goes into (STORE.md §1).
    pub salt: Salt,
}

/// Salt from which, with the data key, a segment's sealing key is derived.
pub type Salt = [u8; 32];

/// A ledger entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEntry {
    /// Kind (FORMAT.md §6).
    pub kind: u8,
    /// Record: SHA-256(salt ‖ public part), the data of the entry's Merkle leaf.
    pub record: Digest,
    /// Nonce it was sealed with.
    pub nonce: [u8; 12],
    /// Sealed under the segment's key with [`additional_data`].
    pub sealed: Vec<u8>,
}

/// A sealed entry with its place and the salt of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Position in the ledger, from 0.
    pub position: u64,
    /// Salt of the key that opens it.
    pub salt: Salt,
    /// The entry.
    pub entry: SealedEntry,
}

/// The additional data of an entry's sealing: position and kind, so that it opens nowhere else.
pub fn additional_data(position: u64, kind: u8) -> [u8; 9] {
    let mut data = [kind; 9];
    if let Some(first) = data.first_chunk_mut::<8>() {
        *first = position.to_be_bytes();
    }
    data
}

/// A key and its value. Writing one puts it in the place of the value that was there; rows are never removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Starts with a letter; keys that start with `!` are the engine's own.
    pub key: Vec<u8>,
    /// To the engine, bytes.
    pub value: Vec<u8>,
}

/// Entries and rows that are appended together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    base: Next,
    entries: Vec<SealedEntry>,
    rows: Vec<Row>,
    head: Head,
}

impl Group {
    /// The group of `entries`, sealed for their positions under `base.salt`, on top of `base`.
    pub fn new(base: Next, entries: Vec<SealedEntry>, rows: Vec<Row>) -> Self {
        let mut head = base.head.clone();
        for entry in &entries {
            head.advance(entry);
        }
        Self { base, entries, rows, head }
    }

    /// What it builds on.
    pub const fn base(&self) -> &Next {
        &self.base
    }

    /// Position of its first entry.
    pub const fn first(&self) -> u64 {
        self.base.head.entries()
    }

    /// Its entries, in order.
    pub fn entries(&self) -> &[SealedEntry] {
        &self.entries
    }

    /// Rows to write, in order: of two with one key the later stays.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The ledger after it.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// What every engine checks before it writes anything.
    pub fn check(&self, next: &Next) -> Result<(), EngineError> {
        if self.base != *next {
            return Err(EngineError::Behind { ledger: next.head.entries(), group: self.first() });
        }
        if self.entries.is_empty() || self.entries.len() > MAX_GROUP_ENTRIES {
            return Err(EngineError::GroupCount { got: self.entries.len() });
        }
        if let Some(long) = self.entries.iter().find(|entry| entry.sealed.len() > MAX_SEALED_BYTES) {
            return Err(EngineError::GroupBytes { got: long.sealed.len(), limit: MAX_SEALED_BYTES });
        }
        let bytes: usize = self.entries.iter().map(|entry| entry.sealed.len()).sum();
        if self.entries.len() > 1 && bytes > MAX_GROUP_BYTES {
            return Err(EngineError::GroupBytes { got: bytes, limit: MAX_GROUP_BYTES });
        }
        match self.rows.iter().find(|row| !row.key.first().is_some_and(u8::is_ascii_lowercase)) {
            Some(row) => Err(EngineError::ReservedKey { key: row.key.clone() }),
            None => Ok(()),
        }
    }
}

/// Keys from one, included, to another, not included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key that may be in the range.
    pub from: Vec<u8>,
    /// The first key that is past it; `None` for no end.
    pub to: Option<Vec<u8>>,
}

impl KeyRange {
    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        let mut to = prefix.to_vec();
        while to.pop_if(|last| *last == u8::MAX).is_some() {}
        let to = to.pop().map(|last| {
            to.push(last.saturating_add(1));
            to
        });
        Self { from: prefix.to_vec(), to }
    }

    /// Whether no key can be in it.
    pub fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }

    /// The same range without what comes before and with `key`: how a forward scan goes on after its last row.
    #[must_use]
    pub fn after(mut self, key: &[u8]) -> Self {
        self.from = [key, &[0]].concat();
        self
    }

    /// The same range without `key` and what comes after: how a backward scan goes on after its last row.
    #[must_use]
    pub fn before(mut self, key: &[u8]) -> Self {
        self.to = Some(key.to_vec());
        self
    }
}

/// Order of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Forward,
    /// Largest key first.
    Backward,
}

/// Whether a group that met an error may be in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is not there and will not be.
    NotWritten,
    /// It may be there; opening again tells.
    Unknown,
}

/// An engine could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The ledger has gone on since the group was built. Nothing was written: build it again.
    #[error("the group was built on a ledger of {group} entries, the ledger has {ledger} or another end")]
    Behind {
        /// Entries in the ledger.
        ledger: u64,
        /// Entries in the ledger that the group builds on.
        group: u64,
    },
    /// The ledger is not one that goes on from what this node has seen of it. Nothing was written.
    #[error(
        "this node has seen {seen} entries, the ledger of {found} does not go on from them: it was put back or edited"
    )]
    OtherLedger {
        /// Entries that this node has seen.
        seen: u64,
        /// Where the ledger is, or the entry that came instead of the next.
        found: u64,
    },
    /// An entry of another node does not open here.
    #[error("entry {position}, of another node, does not open here; do the nodes have the same data key?")]
    DoesNotOpen {
        /// Its position.
        position: u64,
    },
    /// This node reads a replica, and the nodes that append were last seen in it too long ago.
    #[error("this replica is behind: no node that appends was seen in it for {limit} s")]
    ReplicaBehind {
        /// Most seconds that are allowed.
        limit: u64,
    },
    /// Whether others have appended is not known.
    #[error("the database did not say in time what other nodes have appended")]
    NotFresh,
    /// No entries or too many. Nothing was written.
    #[error("a group has 1 to {MAX_GROUP_ENTRIES} entries, got {got}")]
    GroupCount {
        /// Entries in the group.
        got: usize,
    },
    /// Too long. Nothing was written.
    #[error("entries of {got} bytes are more than the {limit} that go into an entry or a group")]
    GroupBytes {
        /// Bytes of the entry or the group.
        got: usize,
        /// The limit that it passes.
        limit: usize,
    },
    /// A row's key does not start with a lower-case letter. Nothing was written.
    #[error("index keys start with a lower-case letter, got {key:02x?}")]
    ReservedKey {
        /// The key.
        key: Vec<u8>,
    },
    /// The group could not be written, and what was written of it was taken back.
    #[error("nothing was written: {0}")]
    NotWritten(IoFailure),
    /// The group was written but could not be made durable. It may be there.
    #[error("written, but not known to be on the disk: {0}")]
    NotSynced(IoFailure),
    /// The group is durable, its rows are not all there. They will be after opening again.
    #[error("on the disk, but not in the index: {0}")]
    NotApplied(IndexFailure),
    /// An earlier group's outcome is unknown; nothing is written until the store is opened again.
    #[error("an earlier write failed; nothing is written until the store is opened again")]
    Stopped,
    /// The ledger's bytes are not what was written.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] IndexFailure),
    /// A file cannot be read.
    #[error(transparent)]
    Read(IoFailure),
    /// No salt for a new segment.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The database did not do what it was asked. Nothing was written.
    #[error(transparent)]
    Database(#[from] DatabaseFailure),
    /// The group was written to the database, but its commit was not confirmed. It may be there.
    #[error("written, but not known to be committed: {0}")]
    CommitUnknown(DatabaseFailure),
    /// The ledger in the database is not what was written.
    #[error(transparent)]
    DatabaseLedger(#[from] DatabaseDamage),
    /// This node reads a replica.
    #[error("a replica of the database takes no entries")]
    Replica,
    /// The store was moved elsewhere: nodes neither append here nor read what may have gone on there.
    #[error("the store was moved to another place with `elicense store move`: this node must be stopped")]
    Moved,
}

impl EngineError {
    /// What became of the group that met this error.
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::NotSynced(_) | Self::NotApplied(_) | Self::CommitUnknown(_) => Outcome::Unknown,
            Self::Behind { .. }
            | Self::OtherLedger { .. }
            | Self::DoesNotOpen { .. }
            | Self::NotFresh
            | Self::ReplicaBehind { .. }
            | Self::GroupCount { .. }
            | Self::GroupBytes { .. }
            | Self::ReservedKey { .. }
            | Self::NotWritten(_)
            | Self::Stopped
            | Self::Damaged(_)
            | Self::Index(_)
            | Self::Read(_)
            | Self::Random(_)
            | Self::Database(_)
            | Self::DatabaseLedger(_)
            | Self::Replica
            | Self::Moved => Outcome::NotWritten,
        }
    }
}

/// The index database failed. Nothing is lost with it: it can be rebuilt from the ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexFailure {
    /// Its files could not be read or written.
    #[error("the index's files failed: {0}")]
    Io(IoFailure),
    /// Its content is damaged.
    #[error("the index is damaged; `elicense store rebuild` makes it anew from the ledger")]
    Damaged,
    /// Something in it that should not happen.
    #[error("the index database failed; `elicense store rebuild` makes it anew from the ledger")]
    Internal,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_the_next_begins() {
        assert_eq!(KeyRange::prefix(b"ab"), KeyRange { from: b"ab".to_vec(), to: Some(b"ac".to_vec()) });
        assert_eq!(KeyRange::prefix(b"a\xff\xff").to, Some(b"b".to_vec()));
        assert_eq!(KeyRange::prefix(b"\xff").to, None);
        assert_eq!(KeyRange::prefix(b"").to, None);
        assert_eq!(KeyRange::prefix(b"ab").after(b"ab7").from, b"ab7\0");
    }

    #[test]
    fn additional_data_is_position_then_kind() {
        assert_eq!(additional_data(0x0102, 6), [0, 0, 0, 0, 0, 0, 1, 2, 6]);
    }
}
