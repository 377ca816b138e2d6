//! A ledger that nodes share can be closed for all of them: while it is copied into, and once it was moved elsewhere.

use super::engine::{Engine, EngineError};

/// Whether nodes append to a shared ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// They do.
    No,
    /// None does: the store is somewhere else, or on its way here. Only whoever moves it appends.
    Yes,
}

/// A shared ledger in the hands of whoever moves the store: appends also where it is [`Moved::Yes`].
pub trait MovableLedger: Engine {
    /// Whether nodes append.
    fn moved(&self) -> Result<Moved, EngineError>;

    /// Says whether nodes append from here on: durable, and heeded by each that begins a turn after. Doing it twice does
    /// no harm.
    fn set_moved(&self, moved: Moved) -> Result<(), EngineError>;
}
