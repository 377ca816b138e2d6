//! The store as the installation sees it: entries go in, and questions about licences are answered.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::checkpointer::Witness;
use super::committer::{Append, AppendError, Appended, Committer, Conditions, PlainEntry, Seals, StartError};
use super::engine::{Direction, Engine, KeyRange, Row, Sharing, StoredEntry};
use super::follow::Follower;
use super::freshness::{Following, Freshness};
use super::intake::StoreIntake;
use super::lock::{Lock, LockError};
use super::postgres::{DatabaseUrl, MigrateError, PostgresEngine, PostgresOptions, migrate};
use super::reader::{Reader, StoreError};
use super::row_cache::RowCache;
use super::rows::{EventKind, EventRow, LicenceRow, RequestRow, RowContentError, RowKeys, read_position};
use super::sealed_index::{RowError, SealedIndex};
use super::sled_engine::{IndexPolicy, OpenError, Opening, SledEngine, SledOptions};
use super::witness::{WitnessError, read_checkpoint};
use crate::codec::{Envelope, LicenceClaims, ReceiptId, StatusReference, limits};
use crate::crypto::{DataKey, Digest, Random, RandomError};
use crate::ledger::{CheckpointKey, Entry, Event, HolderUse, PresentationMade, ReceiptGiven, Uses};
use crate::licence::{CreditCode, Identifier, TypeCode};
use crate::verify::{
    Change, PresentationRecord, ReceiptRecord, Record, Records, RecordsUnavailable, SdJwtRecord, StatusEvent,
    UsesLeft,
};

/// What seals and signs a store.
#[derive(Clone)]
pub struct StoreKeys {
    /// Everything on the disk is sealed under keys from it.
    pub data: Arc<DataKey>,
    /// Source of salts and nonces.
    pub random: Arc<dyn Random>,
}

/// Where a store lies and who may have it.
#[derive(Clone, Debug)]
pub struct StorePlace {
    /// Directory of the installation.
    pub dir: PathBuf,
    /// What keeps the ledger.
    pub at: StoreAt,
    /// File of the last checkpoint.
    pub checkpoint: PathBuf,
    /// Who opens it: one line for whoever finds it locked.
    pub who: String,
}

/// An open store.
pub struct Store {
    reader: Reader,
    committer: Committer,
    intake: Arc<StoreIntake>,
    /// Where others append to the same ledger.
    freshness: OnceLock<Freshness>,
    /// Of the directory, which one process has; an engine on disk keeps it itself.
    _lock: Option<Lock>,
}

/// A store that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreOpenError {
    /// Another process has it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It is not the ledger of its last checkpoint.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// Ledger or index.
    #[error(transparent)]
    Engine(#[from] OpenError),
    /// The committer.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The database's tables cannot be made.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// Where a new installation's ledger shall be there is one already.
    #[error(
        "the database holds a ledger of {entries} entries: of another installation, or of one whose making was interrupted; a new one needs an empty database"
    )]
    Occupied {
        /// Its entries.
        entries: u64,
    },
}

impl Store {
    /// Opens the store and starts its committer.
    pub fn open(
        place: &StorePlace,
        keys: &StoreKeys,
        signer: CheckpointKey,
    ) -> Result<(Self, Opening), StoreOpenError> {
        let lock = Lock::take(&place.dir, &place.who)?;
        let checkpoint = read_checkpoint(&place.checkpoint, signer.verifier_key())?;
        let every = std::time::Duration::from_millis(500);
        let witness = Witness { key: signer, path: place.checkpoint.clone(), every };
        match &place.at {
            StoreAt::Files(index) => {
                let options = SledOptions { index: *index, ..SledOptions::new(&place.dir) };
                let (engine, opening) = SledEngine::open_with(&options, lock, checkpoint.as_ref(), keys)?;
                Ok((Self::start(Arc::new(engine), keys, witness)?, opening))
            }
            StoreAt::Database(url) => {
                let random = Arc::clone(&keys.random);
                let (engine, opening) =
                    PostgresEngine::open(&PostgresOptions { url: url.clone() }, checkpoint.as_ref(), random)?;
                let store = Self::start(Arc::new(engine), keys, witness)?;
                Ok((Self { _lock: Some(lock), ..store }, opening))
            }
        }
    }

    /// As [`Store::open`], for an installation that is being made: a database gets its tables, and must be empty.
    pub fn make(place: &StorePlace, keys: &StoreKeys, signer: CheckpointKey) -> Result<Self, StoreOpenError> {
        if let StoreAt::Database(url) = &place.at {
            migrate(url, &*keys.random)?;
        }
        let (store, _) = Self::open(place, keys, signer)?;
        match store.visible_entries() {
            0 => Ok(store),
            entries => Err(StoreOpenError::Occupied { entries }),
        }
    }

    /// Starts committing to any engine.
    pub fn start(engine: Arc<dyn Engine>, keys: &StoreKeys, witness: Witness) -> Result<Self, StartError> {
        let index = Arc::new(SealedIndex::new(&keys.data, Arc::clone(&keys.random)));
        let (row_keys, data) = (Arc::new(RowKeys::new(&keys.data)), Arc::clone(&keys.data));
        let cache = match engine.sharing() {
            Sharing::Alone => None,
            Sharing::Shared | Sharing::Replica => {
                let seen = engine.next()?.head.entries();
                Some(Arc::new(RowCache::new(seen, RowKeys::events_prefix)))
            }
        };
        let seals = Seals {
            data_key: Arc::clone(&keys.data),
            index: Arc::clone(&index),
            random: Arc::clone(&keys.random),
        };
        let follower = OnceLock::new();
        let intake = StoreIntake {
            data: Arc::clone(&data),
            keys: Arc::clone(&row_keys),
            cache: cache.clone(),
            follower,
        };
        let intake = Arc::new(intake);
        let committer = Committer::start(Arc::clone(&engine), seals, witness, intake.clone())?;
        let reader = Reader { engine, index, keys: row_keys, data, cache };
        Ok(Self { reader, committer, intake, freshness: OnceLock::new(), _lock: None })
    }

    /// From here on `follower` is shown every entry past [`Store::visible_entries`], of this node and of others. Once a
    /// store: a second follower is not taken.
    pub fn follow(&self, follower: Arc<dyn Follower>) {
        if self.intake.follower.set(follower).is_ok()
            && let Some(cache) = &self.reader.cache
        {
            let seen = Arc::clone(self.committer.seen());
            self.freshness.get_or_init(|| Freshness::start(seen, Arc::clone(cache)));
        }
    }

    /// Waits until everything is seen here that was acknowledged anywhere before. Nothing to wait for where one process
    /// has the ledger.
    pub async fn fresh(&self) -> Result<(), StoreError> {
        match self.freshness.get() {
            Some(freshness) => Ok(freshness.now().await?),
            None => Ok(()),
        }
    }

    /// How this node stands to a ledger that others append to.
    pub fn following(&self) -> Following {
        self.freshness.get().map_or(Following::Current, Freshness::last)
    }

    /// Who appends.
    pub fn sharing(&self) -> Sharing {
        self.reader.engine.sharing()
    }

    /// Makes index keys, for guards.
    pub fn keys(&self) -> &RowKeys {
        &self.reader.keys
    }

    /// Appends an entry if the conditions hold when it gets its place. Answers when it is durable and every reader sees it.
    pub async fn append(&self, entry: &Entry, conditions: Conditions, random: &dyn Random) -> Appended {
        let append = self
            .prepare(entry, conditions, random)
            .map_err(|error| AppendError::Row(RowError::Random(error)))?;
        self.committer.append(append).await
    }

    /// As [`Store::append`], for a thread that may block.
    pub fn append_blocking(&self, entry: &Entry, conditions: Conditions, random: &dyn Random) -> Appended {
        let append = self
            .prepare(entry, conditions, random)
            .map_err(|error| AppendError::Row(RowError::Random(error)))?;
        self.committer.append_blocking(append)
    }

    fn prepare(
        &self,
        entry: &Entry,
        conditions: Conditions,
        random: &dyn Random,
    ) -> Result<Append, RandomError> {
        let encoded = entry.encode(random)?;
        let (keys, entry) = (Arc::clone(&self.reader.keys), Arc::new(entry.clone()));
        Ok(Append {
            entry: PlainEntry { kind: encoded.kind, record: encoded.record, plain: encoded.plain },
            says: Some(Arc::clone(&entry)),
            conditions,
            // An entry made here holds a licence that was just encoded, so its rows can always be made.
            rows: Box::new(move |position| keys.rows_of(position, &entry).unwrap_or_default()),
        })
    }

    /// The entry at a position.
    pub fn entry(&self, position: u64) -> Result<Entry, StoreError> {
        self.reader.entry(position)
    }

    /// Sealed entries from a position on, in order and without gaps, at most `limit` and at most some 8 MiB of them: one
    /// journey where each entry by itself would be one.
    pub fn entries_from(&self, position: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        Ok(self.reader.engine.read_from(position, limit)?)
    }

    /// Opens one of them.
    pub fn opened(&self, stored: &StoredEntry) -> Result<Entry, StoreError> {
        self.reader.open(stored)
    }

    /// What is kept of a licence.
    pub fn licence(&self, identifier: &Identifier) -> Result<Option<LicenceRow>, StoreError> {
        self.reader.licence(identifier)
    }

    /// Everything that happened to a licence since it was issued, oldest first.
    pub fn events(&self, identifier: &Identifier) -> Result<Vec<EventRow>, StoreError> {
        self.reader.events(identifier)
    }

    /// The request that a department made under an idempotency key.
    pub fn request(&self, department: CreditCode, key: &str) -> Result<Option<RequestRow>, StoreError> {
        let value = self.reader.get(&self.reader.keys.request(department, key))?;
        Ok(value.map(|value| RequestRow::decode(&value)).transpose()?)
    }

    /// Position of the licence that has a number.
    pub fn number(
        &self,
        type_code: TypeCode,
        authority: CreditCode,
        number: &str,
    ) -> Result<Option<u64>, StoreError> {
        self.position_at(&self.reader.keys.number(type_code, authority, number))
    }

    /// A receipt and its position.
    pub fn receipt_at(&self, id: &ReceiptId) -> Result<Option<(u64, ReceiptGiven)>, StoreError> {
        let Some(position) = self.position_at(&self.reader.keys.receipt(id))? else { return Ok(None) };
        match self.entry(position)?.event {
            Event::Receipt(given) => Ok(Some((position, given))),
            Event::Use(used) => {
                let HolderUse { receipt: envelope, order, holder, .. } = used;
                Ok(Some((position, ReceiptGiven { envelope, order, holders: vec![holder] })))
            }
            _ => Err(RowContentError::Value { what: "receipt" }.into()),
        }
    }

    /// A presentation and its position, by the digest of its envelope.
    pub fn presentation_at(&self, envelope: &Digest) -> Result<Option<(u64, PresentationMade)>, StoreError> {
        let Some(position) = self.position_at(&self.reader.keys.presentation(envelope))? else {
            return Ok(None);
        };
        match self.entry(position)?.event {
            Event::Presentation(made) => Ok(Some((position, made))),
            _ => Err(RowContentError::Value { what: "presentation" }.into()),
        }
    }

    /// The position that a row of positions holds.
    pub fn position_at(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        Ok(self.reader.get(key)?.map(|value| read_position(&value)).transpose()?)
    }

    /// Plain values of these keys as they are now, in their order: one journey, where each key by itself would be one.
    pub(super) fn values(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.reader.values(keys)
    }

    /// Whether there is a row.
    pub fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.reader.engine.get(key).map_err(StoreError::from)?.is_some())
    }

    /// Keys and values of a range of rows, in order, at most `limit`.
    pub fn rows(&self, range: &KeyRange, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.reader.scan(range, Direction::Forward, limit)
    }

    /// The same from the end of the range on.
    pub fn last_rows(&self, range: &KeyRange, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.reader.scan(range, Direction::Backward, limit)
    }

    /// Entries in the ledger.
    pub fn entries(&self) -> Result<u64, StoreError> {
        Ok(self.reader.engine.next()?.head.entries())
    }

    /// Entries whose rows every reader sees; [`Store::entries`] counts one that is being appended a moment earlier.
    pub fn visible_entries(&self) -> u64 {
        self.committer.seen().entries()
    }

    /// The last signed checkpoint.
    pub fn checkpoint(&self) -> Arc<str> {
        self.committer.checkpoint()
    }

    /// Why the last checkpoint could not be written, if it could not.
    pub fn checkpoint_failure(&self) -> Option<WitnessError> {
        self.committer.checkpoint_failure()
    }

    /// Commits what waits and writes the last checkpoint.
    pub fn close(self) -> Result<(), WitnessError> {
        self.committer.close()
    }
}

impl Records for Store {
    fn look_up(&self, identifier: &Identifier) -> Result<Option<Record>, RecordsUnavailable> {
        self.check_current()?;
        let found = self.licence(identifier).map_err(|_| RecordsUnavailable)?;
        let Some(row) = found else { return Ok(None) };
        let events = self.events(identifier).map_err(|_| RecordsUnavailable)?;
        let history =
            events.into_iter().map(|event| StatusEvent { at: event.at, change: change(event.what) });
        Ok(Some(Record { position: row.position, full: row.full, qr: row.qr, history: history.collect() }))
    }

    fn receipt(&self, id: &ReceiptId) -> Result<Option<ReceiptRecord>, RecordsUnavailable> {
        self.check_current()?;
        let found = self.receipt_at(id).map_err(|_| RecordsUnavailable)?;
        Ok(found.map(|(position, given)| ReceiptRecord { position, envelope: Digest::of(&given.envelope) }))
    }

    fn presentation(&self, envelope: &Digest) -> Result<Option<PresentationRecord>, RecordsUnavailable> {
        self.check_current()?;
        let found = self.presentation_at(envelope).map_err(|_| RecordsUnavailable)?;
        let Some((position, made)) = found else { return Ok(None) };
        let used = || self.has(&self.reader.keys.presentation_used(envelope)).map_err(|_| RecordsUnavailable);
        let uses_left = match made.uses {
            Uses::Many => UsesLeft::Any,
            Uses::One if used()? => UsesLeft::None,
            Uses::One => UsesLeft::One,
        };
        Ok(Some(PresentationRecord { position, identifier: made.identifier, uses_left }))
    }

    fn look_up_sd_jwt(&self, issuer_signed: &Digest) -> Result<Option<SdJwtRecord>, RecordsUnavailable> {
        self.check_current()?;
        let position =
            self.position_at(&self.keys().sd_jwt(issuer_signed)).map_err(|_| RecordsUnavailable)?;
        let Some(position) = position else { return Ok(None) };
        // The index names it, so whatever is not there is a fault of the store and no answer.
        let Ok(Event::SdJwt(issued)) = self.entry(position).map(|entry| entry.event) else {
            return Err(RecordsUnavailable);
        };
        let licence = self.look_up(&issued.identifier)?.ok_or(RecordsUnavailable)?;
        let status = self.status_reference(licence.position).ok_or(RecordsUnavailable)?;
        Ok(Some(SdJwtRecord { position, identifier: issued.identifier, status, licence }))
    }
}

impl Store {
    /// What is read of a ledger that others append to is not all there is, unless this node was told just before that it is:
    /// its database may answer and yet be a replica that is behind, or a ledger that was moved elsewhere.
    fn check_current(&self) -> Result<(), RecordsUnavailable> {
        match self.following() {
            Following::Current => Ok(()),
            Following::CatchingUp { .. } | Following::Lost(_) => Err(RecordsUnavailable),
        }
    }

    /// Where the licence whose entry stands at a position has its status.
    fn status_reference(&self, position: u64) -> Option<StatusReference> {
        let Event::Licence(issued) = self.entry(position).ok()?.event else { return None };
        let full = Envelope::decode(&issued.full, limits::ENVELOPE).ok()?;
        Some(LicenceClaims::decode(full.payload()).ok()?.status)
    }
}

fn change(what: EventKind) -> Change {
    match what {
        EventKind::Status { to, .. } => Change::To(to),
        EventKind::Replaced { identifier, from } => Change::ReplacedBy { identifier, from },
    }
}

impl StorePlace {
    /// `checkpoint` is where an option put it, or `dir/checkpoint`.
    pub fn new(dir: &Path, checkpoint: PathBuf, who: String, at: impl Into<StoreAt>) -> Self {
        Self { dir: dir.to_owned(), at: at.into(), checkpoint, who }
    }
}

/// What keeps a ledger and its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreAt {
    /// Files in the installation's directory; whether the index that is there is used.
    Files(IndexPolicy),
    /// A PostgreSQL database.
    Database(DatabaseUrl),
}

impl StoreAt {
    /// Whether it is a database, which other nodes may have too.
    pub const fn is_database(&self) -> bool {
        matches!(self, Self::Database(_))
    }
}

impl From<IndexPolicy> for StoreAt {
    fn from(index: IndexPolicy) -> Self {
        Self::Files(index)
    }
}

impl From<DatabaseUrl> for StoreAt {
    fn from(url: DatabaseUrl) -> Self {
        Self::Database(url)
    }
}
