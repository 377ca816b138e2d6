//! A ledger that nodes share can be closed for all of them: while it is copied into, and once it was moved elsewhere.

use super::engine::{Engine, EngineError};
use super::postgres::{Moved, PostgresEngine};

/// A shared ledger in the hands of whoever moves the store.
pub trait MovableLedger: Engine {
    /// Whether nodes append.
    fn moved(&self) -> Result<Moved, EngineError>;

    /// Says whether nodes append from here on: durable, and heeded by each turn that begins after. Doing it twice does no
    /// harm.
    fn set_moved(&self, moved: Moved) -> Result<(), EngineError>;

    /// From here on this one appends also while nodes do not.
    fn append_while_moved(&self);
}

impl MovableLedger for PostgresEngine {
    fn moved(&self) -> Result<Moved, EngineError> {
        Self::moved(self)
    }

    fn set_moved(&self, moved: Moved) -> Result<(), EngineError> {
        Self::set_moved(self, moved)
    }

    fn append_while_moved(&self) {
        Self::append_while_moved(self);
    }
}
