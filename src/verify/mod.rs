//! The product: bytes + trust + records + time → verdict. No I/O, no clock.
//!
//! [`Verifier::verify_text`] and [`Verifier::verify_bytes`] are the doors; `checks` holds one function a check, each of
//! which runs and reports even after another has failed.

mod cache;
mod checks;
mod code;
mod offline;
mod presentation;
mod receipt;
mod records;
mod sd_jwt;
mod shown;
mod shown_presentation;
mod shown_receipt;
mod status_list;
#[cfg(test)]
mod tests;
mod verdict;
mod verifier;

pub use cache::SignatureCache;
pub use code::{Code, Language};
pub use offline::{ListEntry, Offline};
pub use records::{
    Change, PresentationRecord, ReceiptRecord, Record, Records, RecordsUnavailable, SdJwtRecord, StatusEvent,
    UsesLeft,
};
pub use sd_jwt::ShownSdJwt;
pub use shown::ShownLicence;
pub use shown_presentation::{ShownField, ShownPresentation, beside_field_labels};
pub use shown_receipt::{InWords, Now, ShownReceipt};
pub use status_list::{AcceptedStatusList, StatusListRefusal, accept_status_list};
pub use verdict::{Check, Finding, Form, Freshness, Outcome, Status, StatusAge, TrustListAge, Verdict};
pub use verifier::Verifier;
