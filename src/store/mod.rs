//! Keeps the ledger and answers questions about it.
