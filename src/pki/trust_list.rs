//! The trust list: whom an installation's verifiers believe (FORMAT §5). Its bytes are [`super::trust_list_codec`]'s;
//! whether to believe it, [`super::trust_store`] decides.

use std::sync::Arc;

use super::certificate::Certificate;
use super::certificate_error::CertificateError;
use crate::codec::KeyId;
use crate::codec::cbor::CborError;
use crate::licence::CreditCode;
use crate::time::UnixTime;

/// Everything a verifier has to know beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustList {
    /// When it was signed.
    pub issued_at: UnixTime,
    /// 1 or more, one more with every change.
    pub version: u64,
    /// Name of the region.
    pub region: String,
    /// Every certificate, current, retired and revoked; the root first.
    pub certificates: Vec<CertificateEntry>,
    /// The authorities, ascending by credit code.
    pub authorities: Vec<Authority>,
    /// Keys that sign the ledger's checkpoints; the newest last.
    pub ledger_keys: Vec<LedgerKey>,
    /// Public URL of the installation, without a slash at the end.
    pub public_url: String,
}

/// One certificate and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateEntry {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// Since when it signs nothing new.
    pub retired: Option<UnixTime>,
    /// That it was revoked.
    pub revocation: Option<Revocation>,
}

/// A certificate's revocation. The ledger position decides what it hits, not anyone's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Why.
    pub reason: RevocationReason,
    /// When.
    pub at: UnixTime,
    /// Position of the revocation in the ledger: entries before it precede the revocation.
    pub position: u64,
}

/// Why a certificate was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationReason {
    /// Replaced in good order: what it signed before stays good.
    Superseded,
    /// Somebody else may have the key: only what the ledger has from before stays good.
    Compromised,
}

/// An authority and where the states of its licences are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its credit code.
    pub credit_code: CreditCode,
    /// Its name.
    pub name: String,
    /// Its status lists' URI up to the list's number; ends with a hyphen.
    pub status_uri: String,
    /// `kid` of the certificate that signs its status lists.
    pub status_signer: KeyId,
}

/// A key that signs checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerKey {
    /// The ledger's origin line.
    pub origin: String,
    /// C2SP verifier key: origin, key hash and key, joined by `+`.
    pub verifier_key: String,
}

/// A trust list that does not follow FORMAT §5.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustListError {
    /// Not deterministic CBOR of this shape.
    #[error("the trust list cannot be read: {0}")]
    Cbor(#[from] CborError),
    /// A key that the map does not have.
    #[error("the {map} of the trust list has no key {key}")]
    UnknownKey {
        /// Which map.
        map: &'static str,
        /// The key.
        key: i64,
    },
    /// A key that the map must have.
    #[error("the {map} of the trust list lacks key {key}")]
    MissingKey {
        /// Which map.
        map: &'static str,
        /// The key.
        key: i64,
    },
    /// Too few or too many.
    #[error("expected {least} to {most} {what}, got {got}")]
    Count {
        /// Of what.
        what: &'static str,
        /// At least.
        least: usize,
        /// At most.
        most: usize,
        /// How many came.
        got: usize,
    },
    /// Version 0.
    #[error("versions of a trust list begin with 1")]
    Version,
    /// A time outside the calendar.
    #[error("the trust list names a time outside the calendar ({seconds} s)")]
    Time {
        /// Seconds since 1970.
        seconds: i64,
    },
    /// A text that is empty, too long, not in Normalization Form C, or holds control characters.
    #[error("expected {what} of 1 to {most} characters in NFC without control characters, got {got:?}")]
    Text {
        /// Which text.
        what: &'static str,
        /// Longest.
        most: usize,
        /// At most 80 characters of it.
        got: String,
    },
    /// Not an http or https URL of the form that belongs here.
    #[error("expected {what} as an http or https URL {form}, got {got:?}")]
    Url {
        /// Which URL.
        what: &'static str,
        /// How it ends.
        form: &'static str,
        /// At most 80 characters of it.
        got: String,
    },
    /// A certificate that is refused by itself.
    #[error("certificate {position} of the trust list is refused: {error}")]
    Certificate {
        /// Counted from 1.
        position: usize,
        /// Why.
        error: CertificateError,
    },
    /// Neither superseded nor compromised.
    #[error("expected \"superseded\" or \"compromised\" as the reason of a revocation, got {got:?}")]
    Reason {
        /// At most 80 characters of it.
        got: String,
    },
    /// Not a credit code.
    #[error("authority {position} of the trust list has no unified social credit code")]
    CreditCode {
        /// Counted from 1.
        position: usize,
    },
    /// An authority that does not stand behind the one before it, or stands there twice.
    #[error("authority {position} of the trust list is not above the one before it")]
    Order {
        /// Counted from 1.
        position: usize,
    },
    /// Not 8 bytes.
    #[error("expected a key id of 8 bytes, got {got}")]
    KeyIdLength {
        /// Bytes that came.
        got: usize,
    },
    /// A verifier key for another origin.
    #[error("the verifier key of ledger {origin:?} does not begin with that origin")]
    LedgerKey {
        /// The origin.
        origin: String,
    },
}

impl TrustList {
    /// Most certificates in a list; fewest are a root, its trust list signer and one more.
    pub const MAX_CERTIFICATES: usize = 1_000;
    /// Fewest certificates in a list.
    pub const MIN_CERTIFICATES: usize = 3;
    /// Most authorities in a list.
    pub const MAX_AUTHORITIES: usize = 1_000;
    /// Most ledger keys in a list.
    pub const MAX_LEDGER_KEYS: usize = 100;
    /// Longest name, in characters.
    pub const MAX_NAME: usize = 200;
    /// Longest URL, in characters.
    pub const MAX_URL: usize = 500;
}

impl RevocationReason {
    /// The word in the list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::Compromised => "compromised",
        }
    }
}
