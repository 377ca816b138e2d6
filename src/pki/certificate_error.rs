//! Why a certificate is refused before anyone asks who signed it.

use std::fmt;

use super::certificate::{Certificate, SubjectKeyId};
use super::der::DerError;
use super::extension::ScopeError;
use super::usage::{Usage, UsageError};
use crate::crypto::KeyError;
use crate::time::UnixTime;

/// A certificate that does not obey FORMAT §4, whoever signed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Longer than [`Certificate::MAX_LENGTH`].
    #[error("a certificate has at most {max} bytes, got {got}", max = Certificate::MAX_LENGTH)]
    Length {
        /// Bytes that came.
        got: usize,
    },
    /// Not DER, or other elements than a certificate has.
    #[error("the certificate cannot be read: {0}")]
    Der(#[from] DerError),
    /// DER, but no certificate.
    #[error("the bytes are not an X.509 certificate")]
    Unreadable,
    /// Not version 3.
    #[error("expected an X.509 certificate of version 3, got version {got}")]
    Version {
        /// As people count: 1, 2, 3.
        got: u32,
    },
    /// Issuer or subject unique identifiers, which RFC 5280 §4.1.2.8 forbids.
    #[error("the certificate carries a unique identifier")]
    UniqueIdentifier,
    /// Zero or negative.
    #[error("the serial number is not positive")]
    SerialNotPositive,
    /// Above 20 bytes (RFC 5280 §4.1.2.2).
    #[error("a serial number has at most 20 bytes, got {got}")]
    SerialLength {
        /// Bytes that came.
        got: usize,
    },
    /// Issuer or subject without any attribute.
    #[error("the certificate's {which} name is empty")]
    EmptyName {
        /// Which of the two.
        which: &'static str,
    },
    /// The signed part names another algorithm than the signature does.
    #[error("the signed part says signature algorithm {inner}, the signature says {outer}")]
    AlgorithmsDiffer {
        /// Object identifier inside.
        inner: String,
        /// Object identifier outside.
        outer: String,
    },
    /// An algorithm that is not ours, or parameters where none belong.
    #[error("expected a signature by ecdsa-with-SHA256 or Ed25519 without parameters, got {got}")]
    SignatureAlgorithm {
        /// Object identifier.
        got: String,
    },
    /// Not P-256 with a named curve and an uncompressed point, nor Ed25519.
    #[error("expected an uncompressed P-256 key or an Ed25519 key, got a key of algorithm {got}")]
    KeyAlgorithm {
        /// Object identifier.
        got: String,
    },
    /// A key that must not be used.
    #[error("the certificate's key is refused: {0}")]
    Key(#[from] KeyError),
    /// Before 0001 or after 9999-12-30.
    #[error("a validity date of the certificate lies outside the calendar ({seconds} s)")]
    TimeRange {
        /// Seconds since 1970.
        seconds: i64,
    },
    /// A year before 2050 as GeneralizedTime (RFC 5280 §4.1.2.5 wants UTCTime).
    #[error("the date {got} is written as GeneralizedTime, which begins with 2050")]
    TimeForm {
        /// The date.
        got: UnixTime,
    },
    /// Ends before it begins.
    #[error("the certificate begins at {not_before} and ends before that, at {not_after}")]
    Validity {
        /// First second.
        not_before: UnixTime,
        /// Last second.
        not_after: UnixTime,
    },
    /// The same extension twice.
    #[error("extension {oid} stands there twice")]
    DuplicateExtension {
        /// Object identifier.
        oid: String,
    },
    /// A critical extension that we do not judge.
    #[error("critical extension {oid} is not known")]
    UnknownCritical {
        /// Object identifier.
        oid: String,
    },
    /// Name constraints, critical or not: departments are scoped by type and credit code, and a rule that is not
    /// enforced must not be carried.
    #[error("the certificate carries name constraints, which have no place here")]
    NameConstraints,
    /// An extension that this kind of certificate has.
    #[error("the certificate lacks the extension {which}")]
    Missing {
        /// The extension.
        which: Extension,
    },
    /// An extension that must be critical.
    #[error("the extension {which} is not critical")]
    NotCritical {
        /// The extension.
        which: Extension,
    },
    /// The content of a standard extension is not in the one form it has here.
    #[error("the extension {which} has a form that is not allowed here")]
    Form {
        /// The extension.
        which: Extension,
    },
    /// An authority without a path length would stand above paths of any length.
    #[error("the certificate of an authority sets no path length")]
    PathLengthMissing,
    /// Other key usages than the table gives.
    #[error("expected key usage {expected}, got bits {got:#06x}")]
    KeyUsage {
        /// What the table gives.
        expected: KeyUsage,
        /// Bits as they came, bit 0 highest.
        got: u16,
    },
    /// The extended key usage.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// An authority that also signs things.
    #[error("the certificate of an authority is also for {usage}")]
    AuthoritySigns {
        /// What for.
        usage: Usage,
    },
    /// An authority that is also for TLS.
    #[error("the certificate of an authority is also for TLS")]
    TlsAuthority,
    /// Credit code or type codes.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// Credit code or type codes in a certificate that is not a department's.
    #[error("only a department's certificate carries a credit code and type codes")]
    ScopeMisplaced,
    /// The subject key identifier does not belong to the key.
    #[error("expected subject key identifier {expected} (SHA-256 of the key), got {got}")]
    SubjectKeyId {
        /// Computed from the key.
        expected: SubjectKeyId,
        /// As it came.
        got: SubjectKeyId,
    },
}

/// The extensions that a certificate here has a rule for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// RFC 5280 §4.2.1.9.
    BasicConstraints,
    /// RFC 5280 §4.2.1.3.
    KeyUsage,
    /// RFC 5280 §4.2.1.12.
    ExtendedKeyUsage,
    /// RFC 5280 §4.2.1.2.
    SubjectKeyIdentifier,
    /// RFC 5280 §4.2.1.1.
    AuthorityKeyIdentifier,
    /// Ours, `….1`.
    CreditCode,
    /// Ours, `….2`.
    TypeCodes,
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BasicConstraints => "basicConstraints",
            Self::KeyUsage => "keyUsage",
            Self::ExtendedKeyUsage => "extKeyUsage",
            Self::SubjectKeyIdentifier => "subjectKeyIdentifier",
            Self::AuthorityKeyIdentifier => "authorityKeyIdentifier",
            Self::CreditCode => "credit code",
            Self::TypeCodes => "type codes",
        })
    }
}

/// The two sets of key usages that the table of FORMAT §4 knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUsage {
    /// keyCertSign and cRLSign.
    Authority,
    /// digitalSignature.
    Signer,
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authority => "keyCertSign and cRLSign",
            Self::Signer => "digitalSignature alone",
        })
    }
}
