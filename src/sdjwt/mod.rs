//! A licence as an SD-JWT VC (RFC 9901, draft-ietf-oauth-sd-jwt-vc, FORMAT §14): made, taken apart, its proofs checked.
//!
//! [`issue`] makes one. What is presented goes the other way: [`Presentation::split`], [`Jws::decode`], [`unpack`],
//! [`SdJwtClaims::read`], and [`check_key_binding`]. Nothing here believes a certificate; which key is the issuer's, the
//! caller says.

mod claims;
mod disclosure;
mod holder_key;
mod issue;
mod json;
mod jws;
mod key_binding;
mod presentation;
mod process;
mod type_metadata;

pub use claims::{ClaimsError, SdJwtClaims, vct_of};
pub use disclosure::{Disclosure, DisclosureError, Part};
pub use holder_key::{HolderKey, HolderKeyError};
pub use issue::{SdJwt, SdJwtIssueError, SdJwtSigner, SdJwtTerms, issue};
pub use json::JsonError;
pub use jws::{Jws, JwsError, Section};
pub use key_binding::{Challenge, KeyBindingError, check_key_binding};
pub use presentation::{MAX_DISCLOSURES, MAX_PRESENTATION, Presentation, PresentationError, is_sd_jwt};
pub use process::{ProcessError, unpack};
pub use type_metadata::TypeMetadata;

/// `typ` of an issuer-signed JWT (SD-JWT VC draft, §2.2.1).
pub const TYP: &str = "dc+sd-jwt";
/// Its media type.
pub const MEDIA_TYPE: &str = "application/dc+sd-jwt";
/// The one `_sd_alg` (RFC 9901 §4.1.1).
const SD_ALG: &str = "sha-256";

#[cfg(test)]
mod tests;
