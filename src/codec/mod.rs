//! Bytes to structures and back: CBOR, envelope, payload, QR text, limits. FORMAT.md is the specification.
//!
//! Order inside: [`cbor`] → `envelope` → `payload`, `receipt` with its `question`, `presentation`; [`base45`] and [`zlib`] → `credential`, the door through which
//! everything that is presented comes in.

pub mod base45;
pub mod cbor;
mod credential;
pub mod deflate;
mod envelope;
pub mod limits;
mod payload;
mod presentation;
mod question;
mod receipt;
pub mod zlib;

pub use credential::{
    CredentialError, QR_PREFIX, decode_bytes, decode_text, encode_qr_text, without_scanner_line_end,
};
pub use envelope::{Envelope, EnvelopeError, KeyId, Place, Typ, sign_envelope};
pub use payload::{LicenceClaims, LicenceForm, PayloadError, StatusReference};
pub use presentation::{HalfDigest, PresentationClaims};
pub use question::Question;
pub use receipt::{
    Checked, CheckedFinding, CheckedForm, CheckedVerdict, JudgedBy, ReceiptClaims, ReceiptId, ReceiptIdError,
};
