//! What a certificate may be, judged from its extensions alone (FORMAT §4, the table).

use x509_parser::extensions::X509Extension;

use super::certificate::SubjectKeyId;
use super::certificate_error::{CertificateError, Extension, KeyUsage};
use super::der;
use super::extension::{Scope, TypeCodes, credit_code_from_extension};
use super::oids;
use super::usage::{TlsPurpose, Usage, Usages, tls_purpose};
use crate::licence::CreditCode;

/// What a certificate is for. Everything else is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Signs certificates: the root, a city.
    Authority {
        /// How many authorities may stand between it and the signer at the end of a path.
        path_length: u8,
    },
    /// Signs licences of its scope.
    Department(Scope, LicenceForms),
    /// Signs one other kind of thing for the installation; never [`Usage::Licence`].
    Signer(Usage),
}

/// The forms in which a department signs its licences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenceForms {
    /// Envelopes only.
    Envelope,
    /// Envelopes, and SD-JWT VC.
    EnvelopeAndSdJwt,
}

/// What a certificate for TLS is for (FORMAT §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsUse {
    /// A department, which shows by it who it is.
    Client(CreditCode),
    /// The service.
    Server,
}

impl Role {
    /// What it signs first of all; `None` for an authority.
    pub const fn usage(&self) -> Option<Usage> {
        match self {
            Self::Authority { .. } => None,
            Self::Department(..) => Some(Usage::Licence),
            Self::Signer(usage) => Some(*usage),
        }
    }

    /// Whether it signs `usage`.
    pub fn signs(&self, usage: Usage) -> bool {
        match self {
            Self::Department(_, LicenceForms::EnvelopeAndSdJwt) if usage == Usage::SdJwt => true,
            _ => self.usage() == Some(usage),
        }
    }
}

/// The extensions of one certificate that have a rule here, each at most once.
#[derive(Default)]
pub(crate) struct Extensions<'a> {
    basic_constraints: Option<Value<'a>>,
    key_usage: Option<Value<'a>>,
    usage: Option<Value<'a>>,
    subject_key: Option<Value<'a>>,
    authority_key: Option<Value<'a>>,
    credit_code: Option<Value<'a>>,
    type_codes: Option<Value<'a>>,
}

#[derive(Clone, Copy)]
struct Value<'a> {
    critical: bool,
    bytes: &'a [u8],
}

impl<'a> Extensions<'a> {
    /// Sorts them out. Unknown ones are left aside unless critical; name constraints are refused either way.
    pub(crate) fn sort(extensions: &[X509Extension<'a>]) -> Result<Self, CertificateError> {
        let mut sorted = Self::default();
        let mut seen: Vec<&[u8]> = Vec::with_capacity(extensions.len());
        for extension in extensions {
            let oid = extension.oid.as_bytes();
            if seen.contains(&oid) {
                return Err(CertificateError::DuplicateExtension { oid: extension.oid.to_id_string() });
            }
            seen.push(oid);
            let slot = match oid {
                oids::BASIC_CONSTRAINTS_DER => &mut sorted.basic_constraints,
                oids::KEY_USAGE_DER => &mut sorted.key_usage,
                oids::EXTENDED_KEY_USAGE_DER => &mut sorted.usage,
                oids::SUBJECT_KEY_IDENTIFIER_DER => &mut sorted.subject_key,
                oids::AUTHORITY_KEY_IDENTIFIER_DER => &mut sorted.authority_key,
                oids::CREDIT_CODE_DER => &mut sorted.credit_code,
                oids::TYPE_CODES_DER => &mut sorted.type_codes,
                oids::NAME_CONSTRAINTS_DER => return Err(CertificateError::NameConstraints),
                _ if extension.critical => {
                    return Err(CertificateError::UnknownCritical { oid: extension.oid.to_id_string() });
                }
                _ => continue,
            };
            der::check(extension.value)?;
            *slot = Some(Value { critical: extension.critical, bytes: extension.value });
        }
        Ok(sorted)
    }

    /// The table of FORMAT §4: constraints, usage and scope together say what a certificate is.
    pub(crate) fn role(&self) -> Result<Role, CertificateError> {
        let constraints = self.constraints()?;
        let usage = self.usage.map(|value| Usages::from_extension(value.bytes)).transpose()?;
        let role = match (constraints, usage, self.scope()?) {
            (Constraints::Authority { path_length }, None, None) => Role::Authority { path_length },
            (Constraints::End, Some(Usages::One(Usage::Licence)), Some(scope)) => {
                Role::Department(scope, LicenceForms::Envelope)
            }
            (Constraints::End, Some(Usages::LicenceAndSdJwt), Some(scope)) => {
                Role::Department(scope, LicenceForms::EnvelopeAndSdJwt)
            }
            (Constraints::End, Some(Usages::One(Usage::Licence) | Usages::LicenceAndSdJwt), None) => {
                return Err(CertificateError::Missing { which: Extension::CreditCode });
            }
            (Constraints::End, Some(Usages::One(usage)), None) => Role::Signer(usage),
            (Constraints::End, None, _) => {
                return Err(CertificateError::Missing { which: Extension::ExtendedKeyUsage });
            }
            (Constraints::Authority { .. }, Some(usages), _) => {
                let usage = match usages {
                    Usages::One(usage) => usage,
                    Usages::LicenceAndSdJwt => Usage::Licence,
                };
                return Err(CertificateError::AuthoritySigns { usage });
            }
            (_, _, Some(_)) => return Err(CertificateError::ScopeMisplaced),
        };
        self.check_key_usage(match role {
            Role::Authority { .. } => KeyUsage::Authority,
            Role::Department(..) | Role::Signer(_) => KeyUsage::Signer,
        })?;
        Ok(role)
    }

    /// As [`Extensions::role`], for certificates of TLS: one purpose, and the credit code of a client.
    pub(crate) fn tls_use(&self) -> Result<TlsUse, CertificateError> {
        let usage = self.usage.ok_or(CertificateError::Missing { which: Extension::ExtendedKeyUsage })?;
        let purpose = tls_purpose(usage.bytes)?;
        let code = self.credit_code.map(|code| credit_code_from_extension(code.bytes)).transpose()?;
        let tls_use = match (self.constraints()?, purpose, code) {
            (Constraints::Authority { .. }, ..) => return Err(CertificateError::TlsAuthority),
            (Constraints::End, TlsPurpose::Client, Some(code)) => TlsUse::Client(code),
            (Constraints::End, TlsPurpose::Server, None) => TlsUse::Server,
            (Constraints::End, TlsPurpose::Client, None) => {
                return Err(CertificateError::Missing { which: Extension::CreditCode });
            }
            (Constraints::End, TlsPurpose::Server, Some(_)) => return Err(CertificateError::ScopeMisplaced),
        };
        if self.type_codes.is_some() {
            return Err(CertificateError::ScopeMisplaced);
        }
        self.check_key_usage(KeyUsage::Signer)?;
        Ok(tls_use)
    }

    /// The subject key identifier: 20 bytes, in every certificate.
    pub(crate) fn subject_key(&self) -> Result<SubjectKeyId, CertificateError> {
        let which = Extension::SubjectKeyIdentifier;
        let value = self.subject_key.ok_or(CertificateError::Missing { which })?;
        match value.bytes {
            [der::OCTET_STRING, 20, id @ ..] => SubjectKeyId::from_slice(id),
            _ => None,
        }
        .ok_or(CertificateError::Form { which })
    }

    /// The authority key identifier by key alone: 20 bytes and nothing else.
    pub(crate) fn authority_key(&self) -> Result<Option<SubjectKeyId>, CertificateError> {
        let Some(value) = self.authority_key else { return Ok(None) };
        match value.bytes {
            [der::SEQUENCE, 22, 0x80, 20, id @ ..] => SubjectKeyId::from_slice(id).map(Some),
            _ => None,
        }
        .ok_or(CertificateError::Form { which: Extension::AuthorityKeyIdentifier })
    }

    fn constraints(&self) -> Result<Constraints, CertificateError> {
        let which = Extension::BasicConstraints;
        match critical(self.basic_constraints, which)? {
            [der::SEQUENCE, 0] => Ok(Constraints::End),
            [der::SEQUENCE, 3, der::BOOLEAN, 1, 0xff] => Err(CertificateError::PathLengthMissing),
            &[der::SEQUENCE, 6, der::BOOLEAN, 1, 0xff, der::INTEGER, 1, path_length @ 0..0x80] => {
                Ok(Constraints::Authority { path_length })
            }
            _ => Err(CertificateError::Form { which }),
        }
    }

    fn scope(&self) -> Result<Option<Scope>, CertificateError> {
        match (self.credit_code, self.type_codes) {
            (None, None) => Ok(None),
            (Some(code), Some(types)) => Ok(Some(Scope {
                credit_code: credit_code_from_extension(code.bytes)?,
                type_codes: TypeCodes::from_extension(types.bytes)?,
            })),
            (Some(_), None) => Err(CertificateError::Missing { which: Extension::TypeCodes }),
            (None, Some(_)) => Err(CertificateError::Missing { which: Extension::CreditCode }),
        }
    }

    fn check_key_usage(&self, expected: KeyUsage) -> Result<(), CertificateError> {
        let which = Extension::KeyUsage;
        // RFC 5280 §4.2.1.3 counts bits from the highest: digitalSignature 0, keyCertSign 5, cRLSign 6.
        let bits = match expected {
            KeyUsage::Authority => 0x0600,
            KeyUsage::Signer => 0x8000,
        };
        let got = match *critical(self.key_usage, which)? {
            [der::BIT_STRING, 2, _, high] => u16::from_be_bytes([high, 0]),
            [der::BIT_STRING, 3, _, high, low] => u16::from_be_bytes([high, low]),
            _ => return Err(CertificateError::Form { which }),
        };
        if got == bits { Ok(()) } else { Err(CertificateError::KeyUsage { expected, got }) }
    }
}

enum Constraints {
    Authority { path_length: u8 },
    End,
}

fn critical(value: Option<Value<'_>>, which: Extension) -> Result<&[u8], CertificateError> {
    match value {
        Some(Value { critical: true, bytes }) => Ok(bytes),
        Some(Value { critical: false, .. }) => Err(CertificateError::NotCritical { which }),
        None => Err(CertificateError::Missing { which }),
    }
}
