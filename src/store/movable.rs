//! A ledger that nodes share can be closed for all of them: while it is copied into, and once it was moved elsewhere.

use super::engine::{Engine, EngineError};
use super::postgres::{Moved, PostgresEngine};

/// A shared ledger in the hands of whoever moves the store: it reads and appends also while nodes may not.
pub trait MovableLedger: Engine {
    /// Whether nodes may read and append.
    fn moved(&self) -> Result<Moved, EngineError>;

    /// Says whether they may from here on: durable, and heeded by each turn and each look at the ledger that begins after. Doing it twice does no
    /// harm.
    fn set_moved(&self, moved: Moved) -> Result<(), EngineError>;
}

impl MovableLedger for PostgresEngine {
    fn moved(&self) -> Result<Moved, EngineError> {
        Self::moved(self)
    }

    fn set_moved(&self, moved: Moved) -> Result<(), EngineError> {
        Self::set_moved(self, moved)
    }
}
