//! Certificates for TLS: a department's, which is a credential, and the service's own. Whoever asks keeps the private key; what is
//! sent is the public one. Each is in the ledger before it leaves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::act_error::ActError;
use super::caller::Caller;
use super::certifier::{CertifiedKey, hex};
use super::key_files::name;
use super::open::Registry;
use crate::access::{Role, RoleError, Roles};
use crate::crypto::VerifyingKey;
use crate::ledger::{
    Credential, CredentialForm, CredentialState, Entitlement, Entry, Event, MintedCertificate, Order,
};
use crate::licence::CreditCode;
use crate::pki::{
    Certificate, HostName, HostNameError, MintError, Request, SubjectName, TlsCertificate, Validity,
    certificates_pem, mint_tls_client, mint_tls_server, public_key_from_der,
};
use crate::store::Conditions;
use crate::time::UnixTime;

/// How long one is good for, unless told otherwise.
const USUAL_SECONDS: i64 = 365 * 86_400;
/// It begins an hour ago, for who has a clock that is a little behind.
const BEFORE_NOW: i64 = 3_600;

/// A certificate of TLS that was asked for in a way that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum TlsCertificateError {
    /// The request is no JSON, or another.
    #[error(
        "expected {{\"public_key\", \"expires\"?}}, with \"roles\"? for a department, with \"hosts\" for a server: {0}"
    )]
    Request(serde_json::Error),
    /// The key.
    #[error("expected in \"public_key\" the base64 of a P-256 or Ed25519 subjectPublicKeyInfo in DER")]
    PublicKey,
    /// A role that is none.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// Roles that the department does not have, or none.
    #[error("expected one or more of the department's own roles")]
    Roles,
    /// When it ends.
    #[error("expected an end after {now}, got {got}")]
    Expires {
        /// The time.
        now: UnixTime,
        /// What was asked for.
        got: UnixTime,
    },
    /// A server's name.
    #[error(transparent)]
    Host(#[from] HostNameError),
    /// Minting.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The city's key does not sign here.
    #[error("the city's key and certificate are not at hand: {0}")]
    City(String),
}

/// A certificate of TLS, as it is handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TlsCertificateView {
    /// First 16 hexadecimal digits of SHA-256 of its DER: the id it is withdrawn by.
    pub id: String,
    /// It and the city's, in PEM.
    pub certificate: String,
    /// The root's, in PEM, which whoever checks it has to know already.
    pub root: String,
    /// When it ends.
    pub expires: UnixTime,
    /// Its roles; absent for a server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Roles>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientRequest {
    public_key: String,
    roles: Option<Vec<String>>,
    expires: Option<UnixTime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerRequest {
    public_key: String,
    hosts: Vec<String>,
    expires: Option<UnixTime>,
}

impl Registry {
    /// A certificate by which a department is known, good from the moment it is answered. For administrators.
    pub async fn certify_tls_client(
        &self,
        caller: &Caller,
        department: CreditCode,
        body: &[u8],
        now: UnixTime,
    ) -> Result<TlsCertificateView, ActError> {
        let order = self.administrators_order(caller)?;
        let ClientRequest { public_key, roles, expires } = read(body)?;
        let roster = self.roster();
        let known = roster.departments.get(&department).ok_or(ActError::NotFound)?;
        let own = self.roles_of(&department).ok_or(ActError::NotFound)?;
        let roles = asked_roles(roles, own)?;
        let terms = self.terms(&public_key, expires, now)?;
        let city = self.city()?;
        let subject =
            SubjectName { organization: &self.settings.region, common_name: &known.department.name };
        let request = terms.request(subject, city.certificate.validity());
        let minted = mint_tls_client(city.issuer(), &request, department, &*self.random);
        let certificate = minted.map_err(TlsCertificateError::from)?;
        self.keep_tls(&certificate, format!("tls-client-{department}"), terms.now).await?;
        let digest = certificate.fingerprint();
        let entitlement =
            Entitlement { roles, expires: terms.expires, form: CredentialForm::Certificate, order };
        self.keep(
            Event::Credential(Credential {
                id: *certificate.key_id().as_bytes(),
                digest,
                department,
                state: CredentialState::Made,
                entitlement: Some(entitlement),
            }),
            terms.now,
        )
        .await?;
        Ok(self.handed_out(&certificate, &city, Some(roles)))
    }

    /// The service's own certificate, for hosts that it is called by. For the machine's own administrator alone: whoever has one
    /// can pass for the service.
    pub async fn certify_tls_server(
        &self,
        body: &[u8],
        now: UnixTime,
    ) -> Result<TlsCertificateView, ActError> {
        let ServerRequest { public_key, hosts, expires } = read(body)?;
        let hosts: Result<Vec<HostName>, _> = hosts.iter().map(|host| host.parse()).collect();
        let hosts = hosts.map_err(TlsCertificateError::from)?;
        let terms = self.terms(&public_key, expires, now)?;
        let city = self.city()?;
        let subject = SubjectName { organization: &self.settings.region, common_name: "elicense" };
        let request = terms.request(subject, city.certificate.validity());
        let minted = mint_tls_server(city.issuer(), &request, &hosts, &*self.random);
        let certificate = minted.map_err(TlsCertificateError::from)?;
        self.keep_tls(&certificate, "tls-server".to_owned(), terms.now).await?;
        Ok(self.handed_out(&certificate, &city, None))
    }

    fn administrators_order(&self, caller: &Caller) -> Result<Order, ActError> {
        self.require_role(caller, Role::Administrator)?;
        Ok(caller.order())
    }

    fn city(&self) -> Result<CertifiedKey, ActError> {
        let city = self.certified_key(name::CITY, Certificate::is_authority);
        Ok(city.map_err(|error| TlsCertificateError::City(error.to_string()))?)
    }

    fn terms(&self, public_key: &str, expires: Option<UnixTime>, now: UnixTime) -> Result<Terms, ActError> {
        let seconds = self.seconds_behind(now);
        if seconds > super::issue::MOST_SECONDS_BEHIND {
            return Err(ActError::ClockBehind { seconds });
        }
        let now = self.not_behind(now);
        let key = STANDARD.decode(public_key).ok().and_then(|der| public_key_from_der(&der));
        let key = key.ok_or(TlsCertificateError::PublicKey)?;
        let expires = expires.unwrap_or_else(|| now.plus(USUAL_SECONDS));
        if expires <= now {
            return Err(TlsCertificateError::Expires { now, got: expires }.into());
        }
        Ok(Terms { key, expires, now })
    }

    async fn keep_tls(
        &self,
        certificate: &TlsCertificate,
        key_name: String,
        now: UnixTime,
    ) -> Result<(), ActError> {
        let der = certificate.der().to_vec();
        self.keep(Event::Certificate(MintedCertificate { der, key_name }), now).await
    }

    /// Durable, and then in force.
    async fn keep(&self, event: Event, at: UnixTime) -> Result<(), ActError> {
        let entry = Entry { at, event };
        self.store.append(&entry, Conditions::default(), &*self.random).await?;
        Ok(())
    }

    fn handed_out(
        &self,
        certificate: &TlsCertificate,
        city: &CertifiedKey,
        roles: Option<Roles>,
    ) -> TlsCertificateView {
        TlsCertificateView {
            id: hex(certificate.key_id().as_bytes()),
            certificate: certificates_pem([certificate.der(), city.certificate.der()]),
            root: certificates_pem(self.root().as_deref().map(Certificate::der)),
            expires: certificate.validity().not_after,
            roles,
        }
    }
}

/// What was asked for, understood.
struct Terms {
    key: VerifyingKey,
    expires: UnixTime,
    now: UnixTime,
}

impl Terms {
    fn request<'a>(&'a self, subject: SubjectName<'a>, above: Validity) -> Request<'a> {
        let not_before = self.now.plus(-BEFORE_NOW).max(above.not_before);
        Request { subject, key: &self.key, validity: Validity { not_before, not_after: self.expires } }
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ActError> {
    Ok(serde_json::from_slice(body).map_err(TlsCertificateError::Request)?)
}

fn asked_roles(asked: Option<Vec<String>>, own: Roles) -> Result<Roles, TlsCertificateError> {
    let Some(asked) = asked else { return Ok(own) };
    let asked: Roles = asked.iter().map(|role| role.parse::<Role>()).collect::<Result<_, _>>()?;
    match asked.are_within(own) && !asked.is_empty() {
        true => Ok(asked),
        false => Err(TlsCertificateError::Roles),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::caller::Caller;
    use super::super::tests::{City, now, runtime};
    use super::*;
    use crate::crypto::{Algorithm, Digest, SigningKey};
    use crate::pki::public_key_to_der;

    const CODE: &str = "11430000006122244L";

    fn request(changes: &serde_json::Value) -> Vec<u8> {
        let key = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
        let mut body = json!({"public_key": STANDARD.encode(public_key_to_der(&key))});
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body.to_string().into_bytes()
    }

    fn client(registry: &Registry, changes: &serde_json::Value) -> Result<TlsCertificateView, ActError> {
        let department = CODE.parse().unwrap();
        let body = request(changes);
        let machine = registry.machine();
        let asked = registry.certify_tls_client(&machine, department, &body, now());
        runtime().block_on(asked)
    }

    fn digest(view: &TlsCertificateView) -> Digest {
        let (first, _) = view.certificate.split_once("-----END").unwrap();
        let base64: String = first.lines().skip(1).collect();
        Digest::of(&STANDARD.decode(base64).unwrap())
    }

    #[test]
    fn a_departments_certificate_opens_at_once_and_after_a_restart_until_it_ends() {
        let city = City::new();
        let registry = city.open();
        let made = client(&registry, &json!({"roles": ["verifier"]})).unwrap();
        let code: CreditCode = CODE.parse().unwrap();
        let check = |registry: &Registry| {
            let opens = |code, at| registry.authenticate_certificate(&digest(&made), code, at);
            let caller = opens(code, now()).unwrap();
            assert_eq!((caller.department(), caller.asked_by()), (code, &*format!("cert:{}", made.id)));
            assert_eq!(caller.roles(), [Role::Verifier].into_iter().collect());
            assert_eq!(opens("11330105002500287C".parse().unwrap(), now()), None);
            assert_eq!(opens(code, made.expires), None);
        };
        check(&registry);
        registry.close().unwrap();
        check(&city.open());
    }

    #[test]
    fn only_what_the_ledger_knows_opens_anything() {
        let city = City::new();
        let registry = city.open();
        let code: CreditCode = CODE.parse().unwrap();
        let key = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
        let subject = SubjectName { organization: "示范市", common_name: "局" };
        let validity = Validity { not_before: now(), not_after: now().plus(1_000) };
        let above = registry.city().unwrap();
        let request = Request { subject, key: &key, validity };
        let stolen = mint_tls_client(above.issuer(), &request, code, &*registry.random).unwrap();
        assert_eq!(registry.authenticate_certificate(&stolen.fingerprint(), code, now()), None);
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused() {
        let city = City::new();
        let registry = city.open();
        for changes in [
            json!({"public_key": "AAAA"}),
            json!({"roles": ["administrator"]}),
            json!({"roles": ["clerk"]}),
            json!({"roles": []}),
            json!({"expires": "2026-11-24T10:00:00+08:00"}),
            json!({"expires": "2096-11-24T10:00:00+08:00"}),
            json!({"expires": "tomorrow"}),
            json!({"other": 1}),
        ] {
            let refused = client(&registry, &changes).unwrap_err();
            assert_eq!(refused.code(), "certificate_request_refused", "{changes}");
        }
        let server = |hosts: serde_json::Value| {
            let body = request(&json!({"hosts": hosts}));
            runtime().block_on(registry.certify_tls_server(&body, now()))
        };
        assert!(server(json!(["licences.city.example", "10.0.0.1"])).is_ok());
        assert_eq!(server(json!([])).unwrap_err().code(), "certificate_request_refused");
        assert_eq!(server(json!(["a b"])).unwrap_err().code(), "certificate_request_refused");
        let nobody = "11999900MB0000553B".parse().unwrap();
        let body = request(&json!({}));
        let machine = registry.machine();
        let asked = registry.certify_tls_client(&machine, nobody, &body, now());
        assert_eq!(runtime().block_on(asked).unwrap_err().code(), "not_found");
    }

    #[test]
    fn a_department_without_the_role_gets_none() {
        let city = City::new();
        let registry = city.open();
        let asker = city.issuer(&registry);
        let body = request(&json!({}));
        let asked = registry.certify_tls_client(&asker, CODE.parse().unwrap(), &body, now());
        assert_eq!(runtime().block_on(asked).unwrap_err().code(), "role_required");
        let asker = Caller::local(CODE.parse().unwrap());
        let asked = registry.certify_tls_client(&asker, CODE.parse().unwrap(), &body, now());
        assert!(runtime().block_on(asked).is_ok());
    }
}
