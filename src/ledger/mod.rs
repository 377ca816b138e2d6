//! Entries, Merkle tree, checkpoints.
mod entry;
mod entry_codec;
pub use entry::{
    ApiKey, ApiKeyState, Department, EncodedEntry, Entry, EntryError, Event, Installation, IssuedLicence,
    Issuing, MintedCertificate, Order, Replaced, StatusChange,
};
