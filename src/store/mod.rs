//! Keeps the ledger and answers questions about it. An engine ([`Engine`]) keeps sealed entries and rows of bytes; what
//! they mean is decided above.

mod catch_up;
mod checkpointer;
mod committer;
mod copy;
mod durable;
pub mod engine;
mod faulty;
mod follow;
mod freshness;
mod gather;
mod head;
mod holder_rows;
mod index;
mod index_check;
mod intake;
pub mod journal;
mod licence_store;
mod lock;
mod memory;
mod movable;
pub mod postgres;
mod read_ahead;
mod reader;
mod row_cache;
mod row_maker;
mod rows;
mod sealed_index;
mod sizes;
mod sled_engine;
mod witness;

pub use catch_up::{IndexWork, Lookup, Rebuild, Replay, ReplayError};
pub use checkpointer::Witness;
pub use committer::{
    Admission, Append, AppendError, Appended, Committer, Conditions, Guard, PlainEntry, Seals, StartError,
};
pub use copy::{Copied, CopyError, copy_ledger};
pub use durable::{Act, IoFailure, replace as replace_file};
pub use engine::{
    Direction, Engine, EngineError, Group, IndexFailure, KeyRange, Next, Outcome, Row, Salt, SealedEntry,
    Sharing, StoredEntry,
};
pub use faulty::{Fault, FaultyEngine};
pub use follow::{By, Follower, Intake, Sent};
pub use freshness::Following;
pub use head::Head;
pub use index_check::{IndexCheck, IndexChecked, IndexDifference};
pub use licence_store::{Store, StoreAt, StoreKeys, StoreOpenError, StorePlace};
pub use lock::{Lock, LockError};
pub use memory::MemoryEngine;
pub use movable::MovableLedger;
pub use postgres::{
    DatabaseUrl, DatabaseUrlError, Migrated, Moved, PostgresEngine, PostgresOptions, migrate,
};
pub use read_ahead::ReadAhead;
pub use reader::{StoreError, open_entry};
pub use rows::{EventKind, EventRow, LicenceRow, RequestRow, RowContentError, RowKeys, read_position};
pub use sealed_index::{RowError, SealedIndex};
pub use sizes::Sizes;
pub use sled_engine::{Checked, IndexPolicy, OpenError, Opening, SledEngine, SledOptions, check, check_at};
pub use witness::{Standing, WitnessError, judge, read_checkpoint, write_checkpoint};
