//! Certificates for TLS: a department's, by which it is known, and the service's own (FORMAT §4, the second table).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rcgen::{CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType};

use super::{CertificateIssuer, MintError, Request, issue_read, params};
use crate::crypto::Random;
use crate::licence::CreditCode;
use crate::pki::certificate::TlsCertificate;
use crate::pki::extension::credit_code_extension;
use crate::pki::oids;

/// Most names of one server.
pub(super) const MAX_HOSTS: usize = 50;
/// Longest name in the domain name system, and longest part of one (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// What a server is called by: a name of the domain name system, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostName {
    /// `licences.city.example`; the first part may be `*`.
    Dns(String),
    /// `10.1.2.3`, `2001:db8::1`.
    Address(IpAddr),
}

/// A text that names no server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a host name such as licences.city.example, or an IP address, got {got:?}")]
pub struct HostNameError {
    /// At most 80 characters of it.
    got: String,
}

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let labels = text.strip_prefix("*.").unwrap_or(text);
        // A last part of digits would be read as an address by some.
        let named =
            labels.rsplit('.').next().is_some_and(|last| last.bytes().any(|byte| !byte.is_ascii_digit()));
        if text.len() <= MAX_NAME && named && labels.split('.').all(is_label) {
            return Ok(Self::Dns(text.to_ascii_lowercase()));
        }
        Err(HostNameError { got: text.chars().take(80).collect() })
    }
}

fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=MAX_LABEL).contains(&label.len())
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// A department's certificate for TLS, under a city: it says who asks and signs nothing.
pub fn mint_tls_client(
    issuer: CertificateIssuer<'_>,
    request: &Request<'_>,
    department: CreditCode,
    random: &dyn Random,
) -> Result<TlsCertificate, MintError> {
    let mut params = params(request, random)?;
    let identifier = DnType::CustomDnType(oids::ORGANIZATION_IDENTIFIER.to_vec());
    params.distinguished_name.push(identifier, department.as_str());
    let code = credit_code_extension(&department);
    params.custom_extensions.push(CustomExtension::from_oid_content(oids::CREDIT_CODE, code));
    issue_tls(params, ExtendedKeyUsagePurpose::ClientAuth, issuer, request)
}

/// The service's own certificate for TLS, under a city, for 1 to 50 names.
pub fn mint_tls_server(
    issuer: CertificateIssuer<'_>,
    request: &Request<'_>,
    hosts: &[HostName],
    random: &dyn Random,
) -> Result<TlsCertificate, MintError> {
    if !(1..=MAX_HOSTS).contains(&hosts.len()) {
        return Err(MintError::Hosts { got: hosts.len() });
    }
    let mut params = params(request, random)?;
    for host in hosts {
        params.subject_alt_names.push(match host {
            HostName::Dns(name) => {
                SanType::DnsName(name.as_str().try_into().map_err(|_| MintError::Encoding)?)
            }
            HostName::Address(address) => SanType::IpAddress(*address),
        });
    }
    issue_tls(params, ExtendedKeyUsagePurpose::ServerAuth, issuer, request)
}

fn issue_tls(
    mut params: rcgen::CertificateParams,
    purpose: ExtendedKeyUsagePurpose,
    issuer: CertificateIssuer<'_>,
    request: &Request<'_>,
) -> Result<TlsCertificate, MintError> {
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    issue_read(params, issuer, request, TlsCertificate::parse_tls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Algorithm, SigningKey, VerifyingKey};
    use crate::pki::testing::{NOW, Tree, YEAR, validity};
    use crate::pki::{Certificate, CertificateError, SubjectName, TlsUse, UsageError};

    const CODE: &str = "11100000MB03271699";

    fn request(key: &VerifyingKey) -> Request<'_> {
        let subject = SubjectName { organization: "测试", common_name: "测试市住房局" };
        Request { subject, key, validity: validity(NOW, NOW + YEAR) }
    }

    fn client(tree: &Tree) -> TlsCertificate {
        let key = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
        mint_tls_client(tree.city.issuer(), &request(&key), CODE.parse().unwrap(), &tree.random).unwrap()
    }

    fn server(tree: &Tree, hosts: &[&str]) -> Result<TlsCertificate, MintError> {
        let key = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
        let hosts: Vec<HostName> = hosts.iter().map(|host| host.parse().unwrap()).collect();
        mint_tls_server(tree.city.issuer(), &request(&key), &hosts, &tree.random)
    }

    #[test]
    fn a_client_is_its_department_and_signs_nothing() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let tree = Tree::grow(algorithm);
            let client = client(&tree);
            assert_eq!(*client.role(), TlsUse::Client(CODE.parse().unwrap()));
            assert_eq!(
                Certificate::parse(client.der()),
                Err(CertificateError::Usage(UsageError::Foreign)),
                "taken for a signer"
            );
        }
    }

    #[test]
    fn a_server_is_no_client_and_signs_nothing() {
        let tree = Tree::grow(Algorithm::Es256);
        let server = server(&tree, &["licences.city.example", "10.1.2.3", "2001:db8::1"]).unwrap();
        assert_eq!(*server.role(), TlsUse::Server);
        assert_eq!(Certificate::parse(server.der()), Err(CertificateError::Usage(UsageError::Foreign)));
    }

    #[test]
    fn who_signs_is_no_client() {
        let tree = Tree::grow(Algorithm::Es256);
        for signer in tree.certificates().iter().filter(|one| !one.is_authority()) {
            let refused = TlsCertificate::parse_tls(signer.der());
            assert!(matches!(refused, Err(CertificateError::Usage(_))), "{signer:?}: {refused:?}");
        }
        for authority in [&tree.root, &tree.city] {
            assert!(TlsCertificate::parse_tls(authority.certificate.der()).is_err());
        }
    }

    #[test]
    fn no_bit_of_one_can_be_changed() {
        let tree = Tree::grow(Algorithm::Es256);
        let client = client(&tree);
        for bit in 0..client.der().len() * 8 {
            let mut der = client.der().to_vec();
            der[bit / 8] ^= 1 << (bit % 8);
            let refused = TlsCertificate::parse_tls(&der)
                .is_ok_and(|changed| changed.verify_signature(tree.city.certificate.key()).is_ok());
            assert!(!refused, "bit {bit}");
        }
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        for good in
            ["a", "licences.city.example", "*.city.example", "10.0.0.1", "::1", "xn--fiqs8s.example", "A.b"]
        {
            assert!(good.parse::<HostName>().is_ok(), "{good}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for bad in [
            "",
            ".",
            "a..b",
            "a b",
            "https://a",
            "a:80",
            "-a",
            "a-",
            "*",
            "a.*.b",
            "市.example",
            "10.0.0",
            &long,
        ] {
            assert!(bad.parse::<HostName>().is_err(), "{bad}");
        }
        let tree = Tree::grow(Algorithm::Es256);
        assert_eq!(server(&tree, &[]), Err(MintError::Hosts { got: 0 }));
        assert_eq!(server(&tree, &["a"; 51]), Err(MintError::Hosts { got: 51 }));
    }
}
