//! A certificate that obeys FORMAT §4 by itself. Who signed it is [`super::path`]'s question.

use std::fmt;
use std::ops::Range;

use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::nom::Parser as _;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo, X509Name};

use super::certificate_error::{CertificateError, Extension};
use super::der::{self, Der, DerError};
use super::extension::Scope;
use super::profile::{Extensions, Role, TlsUse};
use super::usage::Usage;
use crate::codec::{KeyId, limits};
use crate::crypto::{Algorithm, Digest, SignatureError, VerifyingKey};
use crate::time::UnixTime;

/// A certificate as it arrived, and what it says. The only ways to one are [`Certificate::parse`] and, for those that
/// sign nothing of ours, [`TlsCertificate::parse_tls`].
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate<R = Role> {
    der: Vec<u8>,
    fingerprint: Digest,
    signed_part: Range<usize>,
    signature: Vec<u8>,
    signature_algorithm: Algorithm,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    common_name: String,
    validity: Validity,
    key: VerifyingKey,
    subject_key: SubjectKeyId,
    authority_key: Option<SubjectKeyId>,
    role: R,
}

/// A certificate for TLS alone: a client's, or the service's own. Nothing that judges signatures of ours takes one.
pub type TlsCertificate = Certificate<TlsUse>;

/// From the first to the last second, both included (RFC 5280 §4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub not_before: UnixTime,
    /// Last second.
    pub not_after: UnixTime,
}

/// First 20 bytes of SHA-256 over the subjectPublicKey bits (RFC 7093 §2, method 1): a name for a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKeyId([u8; 20]);

impl Certificate {
    /// Longest certificate that is read: 200 type codes fill 4,600 bytes of it.
    pub const MAX_LENGTH: usize = limits::CERTIFICATE;

    /// Reads and inspects: strict DER, version 3, our algorithms, our extensions, our roles.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        Self::read(bytes, |extensions| extensions.role())
    }

    /// Whether it signs certificates.
    pub const fn is_authority(&self) -> bool {
        matches!(self.role, Role::Authority { .. })
    }

    /// What its key signs first of all; `None` for an authority.
    pub const fn usage(&self) -> Option<Usage> {
        self.role.usage()
    }

    /// Whether its key signs `usage`: a department's may sign SD-JWT VC beside licences.
    pub fn signs(&self, usage: Usage) -> bool {
        self.role.signs(usage)
    }

    /// What a department may issue; `None` for all others.
    pub const fn scope(&self) -> Option<&Scope> {
        match &self.role {
            Role::Department(scope, _) => Some(scope),
            Role::Authority { .. } | Role::Signer(_) => None,
        }
    }
}

impl TlsCertificate {
    /// As [`Certificate::parse`], for certificates of TLS.
    pub fn parse_tls(bytes: &[u8]) -> Result<Self, CertificateError> {
        Self::read(bytes, |extensions| extensions.tls_use())
    }
}

impl<R> Certificate<R> {
    fn read(
        bytes: &[u8],
        role: fn(&Extensions<'_>) -> Result<R, CertificateError>,
    ) -> Result<Self, CertificateError> {
        if bytes.len() > limits::CERTIFICATE {
            return Err(CertificateError::Length { got: bytes.len() });
        }
        der::check(bytes)?;
        let outline = Outline::of(bytes)?;
        // The parser reads on where DER is broken; the two checks above have seen that it is not.
        let (_, x509) = X509CertificateParser::new()
            .with_deep_parse_extensions(false)
            .parse(bytes)
            .map_err(|_| CertificateError::Unreadable)?;
        check_frame(&x509)?;
        let key = read_key(&x509.subject_pki)?;
        let extensions = Extensions::sort(x509.extensions())?;
        let certificate = Self {
            der: bytes.to_vec(),
            fingerprint: Digest::of(bytes),
            signature: outline.signature.to_vec(),
            signature_algorithm: read_signature_algorithm(&outline, &x509)?,
            signed_part: outline.signed_part,
            serial: read_serial(x509.raw_serial())?.to_vec(),
            issuer: x509.issuer.as_raw().to_vec(),
            subject: x509.subject.as_raw().to_vec(),
            common_name: common_name(&x509.subject),
            validity: Validity::read(x509.validity.not_before, x509.validity.not_after)?,
            subject_key: extensions.subject_key()?,
            authority_key: extensions.authority_key()?,
            role: role(&extensions)?,
            key,
        };
        certificate.check_key_identifiers()?;
        Ok(certificate)
    }

    /// The bytes as they arrived.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 over the DER.
    pub const fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// First 8 bytes of the fingerprint: the `kid` of what its key signs.
    pub fn key_id(&self) -> KeyId {
        let [a, b, c, d, e, f, g, h, ..] = *self.fingerprint.as_bytes();
        KeyId::from_bytes([a, b, c, d, e, f, g, h])
    }

    /// DER of the subject's name.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// DER of the issuer's name.
    pub fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// Common name of the subject for people to read; empty where it has none.
    pub fn common_name(&self) -> &str {
        &self.common_name
    }

    /// The serial number's bytes, big endian, positive.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// When it is valid.
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Identifier of its key.
    pub const fn subject_key(&self) -> SubjectKeyId {
        self.subject_key
    }

    /// Identifier of its issuer's key; `None` at most in a root.
    pub const fn authority_key(&self) -> Option<SubjectKeyId> {
        self.authority_key
    }

    /// What it is for.
    pub const fn role(&self) -> &R {
        &self.role
    }

    /// Its public key.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Whether `key` signed it. X.509 has its own rules: the ECDSA signature is DER and may have a high s.
    pub fn verify_signature(&self, key: &VerifyingKey) -> Result<(), SignatureError> {
        let message = self.der.get(self.signed_part.clone()).unwrap_or_default();
        match (self.signature_algorithm, key.algorithm()) {
            (Algorithm::Es256, Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.as_bytes())
                    .verify(message, &self.signature)
                    .map_err(|_| SignatureError::Mismatch)
            }
            (Algorithm::EdDsa, Algorithm::EdDsa) => key.verify(message, &self.signature),
            (Algorithm::Es256, Algorithm::EdDsa) | (Algorithm::EdDsa, Algorithm::Es256) => {
                Err(SignatureError::Mismatch)
            }
        }
    }

    fn check_key_identifiers(&self) -> Result<(), CertificateError> {
        let (expected, got) = (SubjectKeyId::of(&self.key), self.subject_key);
        if expected != got {
            return Err(CertificateError::SubjectKeyId { expected, got });
        }
        match self.authority_key {
            None if self.issuer != self.subject => {
                Err(CertificateError::Missing { which: Extension::AuthorityKeyIdentifier })
            }
            _ => Ok(()),
        }
    }
}

impl<R> fmt::Debug for Certificate<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({:?}, {})", self.common_name, self.fingerprint)
    }
}

impl Validity {
    /// Whether `at` lies within, first and last second included.
    pub fn contains(&self, at: UnixTime) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }

    fn read(not_before: ASN1Time, not_after: ASN1Time) -> Result<Self, CertificateError> {
        let (not_before, not_after) = (read_time(not_before)?, read_time(not_after)?);
        if not_before <= not_after {
            Ok(Self { not_before, not_after })
        } else {
            Err(CertificateError::Validity { not_before, not_after })
        }
    }
}

impl SubjectKeyId {
    /// The identifier of `key`.
    pub fn of(key: &VerifyingKey) -> Self {
        let mut id = [0; 20];
        let digest = Digest::of(key.as_bytes());
        for (into, from) in id.iter_mut().zip(digest.as_bytes()) {
            *into = *from;
        }
        Self(id)
    }

    /// `None` where it is not 20 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 20 bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl fmt::Display for SubjectKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SubjectKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Context tags of the signed part (RFC 5280 §4.1).
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// The elements of a certificate, counted: the parser would read past one too many.
struct Outline<'a> {
    signed_part: Range<usize>,
    inner_algorithm: &'a [u8],
    outer_algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Outline<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, DerError> {
        let content = der::only(bytes, der::SEQUENCE)?;
        // The parser takes any tag for the signature's; it stands outside of what is signed, so it is checked here.
        let mut whole = Der::new(content);
        let (signed, outer) = (whole.expect(der::SEQUENCE)?, whole.expect(der::SEQUENCE)?);
        let signature = whole.expect(der::BIT_STRING)?;
        whole.finish()?;
        let start = bytes.len() - content.len();
        // Version 1 writes no version; behind the key stand unique identifiers, extensions or nothing.
        let mut parts = Der::new(signed.content);
        if parts.peek() == Some(VERSION) {
            parts.next()?;
        }
        let _serial = parts.expect(der::INTEGER)?;
        let inner = parts.expect(der::SEQUENCE)?;
        let _issuer = parts.expect(der::SEQUENCE)?;
        let validity = parts.expect(der::SEQUENCE)?;
        let _subject = parts.expect(der::SEQUENCE)?;
        let _key = parts.expect(der::SEQUENCE)?;
        Der::new(validity.content).elements(2, 2)?;
        for part in parts.elements(0, 3)? {
            if part.tag == EXTENSIONS {
                let extensions = Der::new(der::only(part.content, der::SEQUENCE)?).elements(1, usize::MAX)?;
                extensions.iter().try_for_each(|one| Der::new(one.content).elements(2, 3).map(drop))?;
            }
        }
        // Whole octets: a signature with unused bits would be a second spelling of the same certificate.
        let Some((0, octets)) = signature.content.split_first() else {
            return Err(DerError::Content { tag: signature.tag });
        };
        Ok(Self {
            signed_part: start..start + signed.raw.len(),
            inner_algorithm: inner.raw,
            outer_algorithm: outer.raw,
            signature: octets,
        })
    }
}

fn check_frame(x509: &X509Certificate<'_>) -> Result<(), CertificateError> {
    match x509.version.0 {
        2 => {}
        version => return Err(CertificateError::Version { got: version.saturating_add(1) }),
    }
    if x509.issuer_uid.is_some() || x509.subject_uid.is_some() {
        return Err(CertificateError::UniqueIdentifier);
    }
    for (which, name) in [("issuer", &x509.issuer), ("subject", &x509.subject)] {
        if name.iter_attributes().next().is_none() {
            return Err(CertificateError::EmptyName { which });
        }
    }
    Ok(())
}

fn read_serial(serial: &[u8]) -> Result<&[u8], CertificateError> {
    match serial {
        [] | [0x80..=0xff, ..] | [0] => Err(CertificateError::SerialNotPositive),
        serial if serial.len() > 20 => Err(CertificateError::SerialLength { got: serial.len() }),
        serial => Ok(serial),
    }
}

/// AlgorithmIdentifiers are compared as bytes: parameters where none belong differ too.
fn read_signature_algorithm(
    outline: &Outline<'_>,
    x509: &X509Certificate<'_>,
) -> Result<Algorithm, CertificateError> {
    const ECDSA_WITH_SHA256: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
    let text = |algorithm: &AlgorithmIdentifier<'_>| algorithm.algorithm.to_id_string();
    if outline.inner_algorithm != outline.outer_algorithm {
        let (inner, outer) = (text(&x509.signature), text(&x509.signature_algorithm));
        return Err(CertificateError::AlgorithmsDiffer { inner, outer });
    }
    match outline.outer_algorithm {
        ECDSA_WITH_SHA256 => Ok(Algorithm::Es256),
        ED25519 => Ok(Algorithm::EdDsa),
        _ => Err(CertificateError::SignatureAlgorithm { got: text(&x509.signature_algorithm) }),
    }
}

const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 6, 8, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 3, 0x42, 0,
];
const ED25519: &[u8] = &[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// A public key by its subjectPublicKeyInfo in DER, in one of the two forms that certificates here have.
pub fn public_key_from_der(der: &[u8]) -> Option<VerifyingKey> {
    let known = [(P256, Algorithm::Es256), (ED25519, Algorithm::EdDsa)];
    known.iter().find_map(|(form, algorithm)| VerifyingKey::new(*algorithm, der.strip_prefix(*form)?).ok())
}

/// The same the other way.
pub fn public_key_to_der(key: &VerifyingKey) -> Vec<u8> {
    let form = match key.algorithm() {
        Algorithm::Es256 => P256,
        Algorithm::EdDsa => ED25519,
    };
    [form, key.as_bytes()].concat()
}

/// Only two forms of subjectPublicKeyInfo exist here, so they too are compared as bytes: a named curve, no compressed
/// point, no parameters behind Ed25519.
fn read_key(info: &SubjectPublicKeyInfo<'_>) -> Result<VerifyingKey, CertificateError> {
    if let Some(point) = info.raw.strip_prefix(P256) {
        Ok(VerifyingKey::new(Algorithm::Es256, point)?)
    } else if let Some(point) = info.raw.strip_prefix(ED25519) {
        Ok(VerifyingKey::new(Algorithm::EdDsa, point)?)
    } else {
        Err(CertificateError::KeyAlgorithm { got: info.algorithm.algorithm.to_id_string() })
    }
}

fn read_time(time: ASN1Time) -> Result<UnixTime, CertificateError> {
    const YEAR_2050: i64 = 2_524_608_000;
    let seconds = time.timestamp();
    let got = UnixTime::from_seconds(seconds).ok_or(CertificateError::TimeRange { seconds })?;
    if time.is_generalizedtime() && seconds < YEAR_2050 {
        return Err(CertificateError::TimeForm { got });
    }
    Ok(got)
}

fn common_name(name: &X509Name<'_>) -> String {
    name.iter_common_name()
        .next()
        .and_then(|attribute| attribute.as_str().ok())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests;
