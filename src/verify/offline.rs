//! What an offline verdict is judged by: a small boundary, behind which stands a pack.

use crate::codec::{KeyId, StatusReference};
use crate::crypto::Digest;
use crate::licence::{OfflinePolicy, TypeCode};
use crate::time::UnixTime;

/// Signed statements that a verifier carries with it.
pub trait Offline: Send + Sync {
    /// The entry of a status list; `None` where the list is not here, or has no such entry.
    fn entry(&self, reference: &StatusReference) -> Option<ListEntry>;

    /// How long such an entry is good enough for a type.
    fn policy(&self, code: &TypeCode) -> OfflinePolicy;

    /// Whether an envelope of this signer stood in the ledger before its key was compromised.
    fn survives(&self, signer: &KeyId, envelope: &Digest) -> bool;

    /// When the statements were put together.
    fn made(&self) -> UnixTime;
}

/// An entry of a status list (FORMAT.md §10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// 0 good, 1 out of force for good, 2 not good for now.
    pub value: u8,
    /// When that was so.
    pub as_of: UnixTime,
}
