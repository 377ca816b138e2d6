//! Makes certificates, and reads each with the strict reader before it hands it out.

use ::time::OffsetDateTime;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyUsagePurpose, PublicKeyData, SerialNumber,
};
use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use super::certificate::{Certificate, SubjectKeyId, Validity};
use super::certificate_error::CertificateError;
use super::extension::{Scope, credit_code_extension};
use super::path::{PathError, check_link};
use super::profile::LicenceForms;
use super::usage::Usage;
use super::{der, oids};
use crate::crypto::{Algorithm, KeyError, Random, RandomError, SigningKey, VerifyingKey, random_bytes};
use crate::time::UnixTime;

/// Longest organisation or common name (X.520 upper bounds), in characters.
const MAX_NAME: usize = 64;

/// The names of a subject; the country is always CN.
#[derive(Clone, Copy, Debug)]
pub struct SubjectName<'a> {
    /// Organisation.
    pub organization: &'a str,
    /// What people call it; unique under its issuer.
    pub common_name: &'a str,
}

/// A certificate to be made.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// For whom.
    pub subject: SubjectName<'a>,
    /// The key it certifies.
    pub key: &'a VerifyingKey,
    /// When it shall be valid, within its issuer's time.
    pub validity: Validity,
}

/// An authority with its key at hand.
#[derive(Clone, Copy, Debug)]
pub struct CertificateIssuer<'a> {
    /// Its certificate.
    pub certificate: &'a Certificate,
    /// The private key of that certificate.
    pub key: &'a SigningKey,
}

/// Why no certificate was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// No serial number without randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A name that is empty, too long, or holds control characters.
    #[error("expected a name of 1 to {MAX_NAME} characters without control characters, got {got:?}")]
    Name {
        /// At most 80 characters of it.
        got: String,
    },
    /// A usage that another function mints for.
    #[error("an installation signer cannot be for {usage}")]
    Usage {
        /// The usage.
        usage: Usage,
    },
    /// A server without a name.
    #[error("expected 1 to {} names for the server, got {got}", tls::MAX_HOSTS)]
    Hosts {
        /// How many.
        got: usize,
    },
    /// The private key is not that of the issuer's certificate.
    #[error("the issuer's private key does not belong to its certificate")]
    IssuerKey,
    /// The issuer's name has a form that cannot be written again.
    #[error("the issuer's name has attributes or strings that cannot be written again")]
    IssuerName,
    /// The issuer may not issue this.
    #[error("the issuer may not issue this: {0}")]
    Path(#[from] PathError),
    /// It would be valid when its issuer is not, and then verify nowhere.
    #[error("the certificate would be valid from {} to {}, its issuer is from {} to {}",
        wanted.not_before, wanted.not_after, issuer.not_before, issuer.not_after)]
    Outlives {
        /// Of the certificate.
        wanted: Validity,
        /// Of the issuer.
        issuer: Validity,
    },
    /// The key refused to sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The encoder refused.
    #[error("the certificate could not be encoded")]
    Encoding,
    /// Our own reader refuses what would have been handed out.
    #[error("the certificate would not be accepted: {0}")]
    Refused(#[from] CertificateError),
}

/// A root, signed by its own `key`: above at most one authority.
pub fn mint_root(
    subject: SubjectName<'_>,
    key: &SigningKey,
    validity: Validity,
    random: &dyn Random,
) -> Result<Certificate, MintError> {
    let public = key.verifying_key();
    let request = Request { subject, key: &public, validity };
    let params = authority(params(&request, random)?, 1);
    let made = params.self_signed(&CertificateKey::new(key)).map_err(|_| MintError::Encoding)?;
    let root = Certificate::parse(made.der())?;
    root.verify_signature(root.key()).map_err(|_| KeyError::Failed)?;
    Ok(root)
}

/// A city, under the root: issues signers, no authorities.
pub fn mint_city(
    issuer: CertificateIssuer<'_>,
    request: &Request<'_>,
    random: &dyn Random,
) -> Result<Certificate, MintError> {
    issue(authority(params(request, random)?, 0), issuer, request)
}

/// A department, under a city: issues licences of its scope. Its credit code stands in its name too, as
/// organizationIdentifier, so that no two departments share a name.
pub fn mint_department(
    issuer: CertificateIssuer<'_>,
    request: &Request<'_>,
    scope: &Scope,
    forms: LicenceForms,
    random: &dyn Random,
) -> Result<Certificate, MintError> {
    let mut params = signer(params(request, random)?, Usage::Licence);
    if forms == LicenceForms::EnvelopeAndSdJwt {
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::Other(Usage::SdJwt.oid()));
    }
    let identifier = DnType::CustomDnType(oids::ORGANIZATION_IDENTIFIER.to_vec());
    params.distinguished_name.push(identifier, scope.credit_code.as_str());
    let code = credit_code_extension(&scope.credit_code);
    params.custom_extensions.push(CustomExtension::from_oid_content(oids::CREDIT_CODE, code));
    let types = scope.type_codes.to_extension();
    params.custom_extensions.push(CustomExtension::from_oid_content(oids::TYPE_CODES, types));
    issue(params, issuer, request)
}

/// A signer of the installation, under a city: presentations, receipts, packs or status lists, one of them.
pub fn mint_installation_signer(
    issuer: CertificateIssuer<'_>,
    request: &Request<'_>,
    usage: Usage,
    random: &dyn Random,
) -> Result<Certificate, MintError> {
    match usage {
        Usage::Licence | Usage::SdJwt | Usage::TrustList => Err(MintError::Usage { usage }),
        Usage::Presentation | Usage::Receipt | Usage::Pack | Usage::StatusList => {
            issue(signer(params(request, random)?, usage), issuer, request)
        }
    }
}

/// The signer of trust lists, directly under the root.
pub fn mint_trust_list_signer(
    root: CertificateIssuer<'_>,
    request: &Request<'_>,
    random: &dyn Random,
) -> Result<Certificate, MintError> {
    issue(signer(params(request, random)?, Usage::TrustList), root, request)
}

/// What all certificates have in common.
fn params(request: &Request<'_>, random: &dyn Random) -> Result<CertificateParams, MintError> {
    let SubjectName { organization, common_name } = request.subject;
    let country = DnValue::PrintableString("CN".try_into().map_err(|_| MintError::Encoding)?);
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, country);
    name.push(DnType::OrganizationName, checked_name(organization)?);
    name.push(DnType::CommonName, checked_name(common_name)?);
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.not_before = date_time(request.validity.not_before)?;
    params.not_after = date_time(request.validity.not_after)?;
    params.serial_number = Some(SerialNumber::from_slice(&serial(random)?));
    // rcgen's own methods hash the whole subjectPublicKeyInfo; RFC 5280 §4.2.1.2 hashes the key's bits.
    params.key_identifier_method = key_identifier(SubjectKeyId::of(request.key));
    Ok(params)
}

fn authority(mut params: CertificateParams, path_length: u8) -> CertificateParams {
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn signer(mut params: CertificateParams, usage: Usage) -> CertificateParams {
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(usage.oid())];
    params
}

fn issue(
    params: CertificateParams,
    issuer: CertificateIssuer<'_>,
    request: &Request<'_>,
) -> Result<Certificate, MintError> {
    issue_read(params, issuer, request, Certificate::parse)
}

/// Signs, then reads what came out and checks the link to the issuer: nothing leaves that we would refuse.
fn issue_read<R>(
    mut params: CertificateParams,
    issuer: CertificateIssuer<'_>,
    request: &Request<'_>,
    parse: fn(&[u8]) -> Result<Certificate<R>, CertificateError>,
) -> Result<Certificate<R>, MintError> {
    let (wanted, above) = (request.validity, issuer.certificate.validity());
    if issuer.key.verifying_key() != *issuer.certificate.key() {
        return Err(MintError::IssuerKey);
    }
    if wanted.not_before < above.not_before || wanted.not_after > above.not_after {
        return Err(MintError::Outlives { wanted, issuer: above });
    }
    params.use_authority_key_identifier_extension = true;
    let made =
        params.signed_by(&PublicKey(request.key), &rcgen_issuer(issuer)?).map_err(|_| MintError::Encoding)?;
    let certificate = parse(made.der())?;
    check_link(&certificate, issuer.certificate, usize::from(params.is_ca != IsCa::ExplicitNoCa))?;
    certificate.verify_signature(issuer.certificate.key()).map_err(|_| KeyError::Failed)?;
    Ok(certificate)
}

fn rcgen_issuer(
    issuer: CertificateIssuer<'_>,
) -> Result<rcgen::Issuer<'static, CertificateKey<'_>>, MintError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = name_again(issuer.certificate.subject())?;
    params.key_identifier_method = key_identifier(issuer.certificate.subject_key());
    Ok(rcgen::Issuer::new(params, CertificateKey::new(issuer.key)))
}

/// The issuer's name as `rcgen` writes it; that the bytes come out the same, [`check_link`] sees.
fn name_again(subject: &[u8]) -> Result<DistinguishedName, MintError> {
    let (_, name) = X509Name::from_der(subject).map_err(|_| MintError::IssuerName)?;
    let mut again = DistinguishedName::new();
    for attribute in name.iter_attributes() {
        let kind: Option<Vec<u64>> = attribute.attr_type().iter().map(Iterator::collect);
        let kind = DnType::from_oid(&kind.ok_or(MintError::IssuerName)?);
        let text = attribute.as_str().map_err(|_| MintError::IssuerName)?;
        let value = match attribute.attr_value().tag() {
            Tag::Utf8String => DnValue::Utf8String(text.to_owned()),
            Tag::PrintableString => {
                DnValue::PrintableString(text.try_into().map_err(|_| MintError::IssuerName)?)
            }
            _ => return Err(MintError::IssuerName),
        };
        again.push(kind, value);
    }
    Ok(again)
}

fn checked_name(name: &str) -> Result<&str, MintError> {
    let good = (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    good.then_some(name).ok_or_else(|| MintError::Name { got: name.chars().take(80).collect() })
}

fn date_time(time: UnixTime) -> Result<OffsetDateTime, MintError> {
    OffsetDateTime::from_unix_timestamp(time.seconds()).map_err(|_| MintError::Encoding)
}

fn key_identifier(id: SubjectKeyId) -> KeyIdMethod {
    KeyIdMethod::PreSpecified(id.as_bytes().to_vec())
}

/// 16 random bytes, of which the two highest bits are 01: positive, and never shorter.
fn serial(random: &dyn Random) -> Result<[u8; 16], RandomError> {
    let mut serial = random_bytes::<16>(random)?;
    let [first, ..] = &mut serial;
    *first = *first & 0x3f | 0x40;
    Ok(serial)
}

const fn rcgen_algorithm(algorithm: Algorithm) -> &'static rcgen::SignatureAlgorithm {
    match algorithm {
        Algorithm::Es256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        Algorithm::EdDsa => &rcgen::PKCS_ED25519,
    }
}

/// A public key as `rcgen` wants it.
struct PublicKey<'a>(&'a VerifyingKey);

impl PublicKeyData for PublicKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        rcgen_algorithm(self.0.algorithm())
    }
}

/// A private key that `rcgen` may sign with but never sees.
struct CertificateKey<'a> {
    key: &'a SigningKey,
    public: VerifyingKey,
}

impl<'a> CertificateKey<'a> {
    fn new(key: &'a SigningKey) -> Self {
        Self { key, public: key.verifying_key() }
    }
}

impl PublicKeyData for CertificateKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        rcgen_algorithm(self.public.algorithm())
    }
}

impl rcgen::SigningKey for CertificateKey<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.key.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(match self.key.algorithm() {
            Algorithm::Es256 => ecdsa_der(&signature),
            Algorithm::EdDsa => signature.to_vec(),
        })
    }
}

/// `r‖s` as X.509 writes it: a SEQUENCE of two INTEGERs (RFC 3279 §2.2.3).
pub(crate) fn ecdsa_der(signature: &[u8; 64]) -> Vec<u8> {
    let (r, s) = signature.split_at(32);
    let mut integers = Vec::with_capacity(72);
    for number in [r, s] {
        let zeros = number.iter().take_while(|byte| **byte == 0).count().min(31);
        let mut shortest = number.get(zeros..).unwrap_or(number).to_vec();
        if shortest.first().is_some_and(|first| first & 0x80 != 0) {
            shortest.insert(0, 0);
        }
        der::write(&mut integers, der::INTEGER, &shortest);
    }
    let mut sequence = Vec::with_capacity(74);
    der::write(&mut sequence, der::SEQUENCE, &integers);
    sequence
}

mod tls;

pub use tls::{HostName, HostNameError, mint_tls_client, mint_tls_server};

#[cfg(test)]
mod tests;
