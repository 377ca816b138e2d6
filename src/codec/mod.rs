//! Bytes to structures and back: CBOR, envelope, payload, QR text, limits. FORMAT.md is the specification.
//!
//! Order inside: [`cbor`] → `envelope` → `payload`; `base45` and `zlib` → `credential`, the door through which everything
//! that is presented comes in.

pub mod cbor;
mod envelope;
pub mod limits;

pub use envelope::{Envelope, EnvelopeError, KeyId, Typ, sign_envelope};
