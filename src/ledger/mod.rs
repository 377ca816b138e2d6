//! The ledger as a structure: entries, Merkle tree, proofs, and checkpoints that anyone can check. Keeps nothing; `store`
//! does.

mod checkpoint;
mod consent;
mod credential;
mod entry;
mod entry_codec;
mod frontier;
mod grant;
mod holder_use;
mod note;
mod proof;
mod sd_jwt;
mod uses;

pub use checkpoint::{Checkpoint, CheckpointError, CheckpointKey};
pub use consent::{ConsentChange, ConsentId, ConsentState};
pub use credential::{Credential, CredentialForm, CredentialState, Entitlement};
pub use entry::{
    Department, EncodedEntry, Entry, EntryError, Event, Installation, IssuedLicence, Issuing,
    MintedCertificate, Order, Replaced, StatusChange,
};
pub use frontier::{Frontier, leaf_hash, node_hash};
pub use grant::GrantChange;
pub use holder_use::{HolderUse, UsedLicence};
pub use note::{NoteError, VerifierKey, VerifierKeyError};
pub use proof::{
    ProofError, consistency_proof, inclusion_proof, inclusion_root, verify_consistency, verify_inclusion,
};
pub use sd_jwt::IssuedSdJwt;
pub use uses::{PresentationMade, PresentationUsed, ReceiptGiven, Uses};
