//! Token Status Lists (draft-ietf-oauth-status-list, FORMAT.md §10): the entries, and the signed statement about them.

mod bits;

pub use bits::{BitsError, Change, EntryBits, LIST_BYTES, LIST_ENTRIES, StatusBits};
