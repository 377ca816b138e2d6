//! Algorithms, digests, keys, sealing, and the one function that makes to-be-signed bytes.
//!
//! Foreign key types stay inside: nothing of `ring` appears in a public signature. Keys cannot be printed.

mod algorithm;
mod digest;
mod key_file;
mod random;
mod seal;
mod signing_key;
mod to_be_signed;
mod verifying_key;

pub use algorithm::Algorithm;
pub use digest::Digest;
pub use key_file::{KeyFileError, create_secret_file, read_secret_file};
pub use random::{Random, RandomError, SystemRandom, random_bytes};
pub use seal::{DataKey, IndexKey, SealError, SealingKey};
pub use signing_key::SigningKey;
pub use to_be_signed::to_be_signed;
pub use verifying_key::{KeyError, SignatureError, VerifyingKey};
