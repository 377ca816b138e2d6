//! The product: bytes + trust + records + time → verdict. No I/O, no clock.
//!
//! [`Verifier::verify_text`] and [`Verifier::verify_bytes`] are the doors; `checks` holds one function a check, each of
//! which runs and reports even after another has failed.

mod cache;
mod checks;
mod code;
mod records;
mod sd_jwt;
mod shown;
#[cfg(test)]
mod tests;
mod verdict;
mod verifier;

pub use cache::SignatureCache;
pub use code::{Code, Language};
pub use records::{Change, Record, Records, RecordsUnavailable, SdJwtRecord, StatusEvent};
pub use sd_jwt::ShownSdJwt;
pub use shown::ShownLicence;
pub use verdict::{Check, Finding, Form, Freshness, Outcome, Status, TrustListAge, Verdict};
pub use verifier::Verifier;
