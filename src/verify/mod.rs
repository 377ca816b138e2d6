//! The product: bytes + trust + records + time → verdict. No I/O, no clock.
//!
//! [`Verifier::verify_text`] and [`Verifier::verify_bytes`] are the doors; `checks` holds one function a check, each of
//! which runs and reports even after another has failed.

mod cache;
mod checks;
mod code;
mod presentation;
mod receipt;
mod records;
mod shown;
mod shown_presentation;
mod shown_receipt;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod uses_tests;
mod verdict;
mod verifier;

pub use cache::SignatureCache;
pub use code::{Code, Language};
pub use records::{
    Change, PresentationRecord, ReceiptRecord, Record, Records, RecordsUnavailable, StatusEvent, UsesLeft,
};
pub use shown::ShownLicence;
pub use shown_presentation::{ShownField, ShownPresentation, beside_field_labels};
pub use shown_receipt::{InWords, Now, ShownReceipt};
pub use verdict::{Check, Finding, Form, Freshness, Outcome, Status, TrustListAge, Verdict};
pub use verifier::Verifier;
