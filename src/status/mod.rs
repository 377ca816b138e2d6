//! Token Status Lists (draft-ietf-oauth-status-list, FORMAT.md §10): the entries, and the signed statement about them.
//!
//! [`StatusList::sign`] makes both forms of a list; [`StatusListToken::decode`] and [`StatusListToken::verify`] read either, and
//! [`StatusList::check`] says whether it may be used. Whose key may sign it, the trust list says, which is not known here.

mod bits;
mod jwt;
mod list;
mod token;

pub use bits::{BitsError, Change, EntryBits, LIST_BYTES, LIST_ENTRIES, StatusBits};
pub use jwt::JwtError;
pub use list::{Seen, SignedStatusList, StatusList, StatusListError, StatusSigner};
pub use token::{StatusListForm, StatusListToken};
