//! The authorities' X.509: mint, path, scope, revocation, trust list (FORMAT §4 and §5).
//!
//! [`Certificate::parse`] inspects one certificate by itself; [`build_path`] and [`PathBuilder`] verify who issued it; a
//! [`TrustStore`] holds what a verifier believes, as [`KnownSigner`]s for which only the time is left to check.

mod certificate;
mod certificate_error;
mod der;
mod extension;
mod mint;
mod oids;
mod path;
mod profile;
mod signer;
mod trust_list;
mod trust_list_codec;
mod trust_store;
mod usage;

#[cfg(test)]
pub(crate) mod testing;

pub use certificate::{
    Certificate, SubjectKeyId, TlsCertificate, Validity, public_key_from_der, public_key_to_der,
};
pub use certificate_error::{CertificateError, Extension, KeyUsage};
pub use der::DerError;
pub use extension::{Scope, ScopeError, TypeCodes};
pub use mint::{
    CertificateIssuer, HostName, HostNameError, MintError, Request, SubjectName, mint_city, mint_department,
    mint_installation_signer, mint_root, mint_tls_client, mint_tls_server, mint_trust_list_signer,
};
pub use path::{Budget, MAX_PATH, Path, PathBuilder, PathError, build_path};
pub use profile::{LicenceForms, Role, TlsUse};
pub use signer::KnownSigner;
pub use trust_list::{
    Authority, CertificateEntry, LedgerKey, Revocation, RevocationReason, TrustList, TrustListError,
};
pub use trust_store::{Anchor, TrustError, TrustStore, certificates_pem, sign_trust_list};
pub use usage::{Usage, UsageError};
