//! Makes departments' keys, certificates and API keys, and signs trust lists. Each is a ledger entry, durable, before anyone
//! sees it (DESIGN §6, promise 3).

use super::caller::NewApiKey;
use super::key_files::{KeyFiles, KeyFilesError};
use super::plan::DepartmentPlan;
use super::views::MadeDepartment;
use crate::access::{Grant, GrantId, GrantState, Roles, Terms};
use crate::crypto::{Random, RandomError, SigningKey, random_bytes};
use crate::ledger::{
    Credential, CredentialForm, CredentialState, Department, Entitlement, Entry, Event, GrantChange, Issuing,
    MintedCertificate, Order,
};
use crate::licence::{Authority, CreditCode};
use crate::pki::{
    Certificate, CertificateIssuer, LicenceForms, MintError, Request, Scope, ScopeError, SubjectName,
    TrustError, TrustList, TypeCodes, Validity, mint_department, sign_trust_list,
};
use crate::store::{AppendError, Conditions, Guard, Store};
use crate::time::UnixTime;

/// Years that certificates are good for: longer than any licence issued in an installation's first decades needs, since
/// a licence is judged by them at its `iat` only.
const YEARS: i64 = 30;
const YEAR: i64 = 31_556_952;
/// How long a credential opens anything, unless told otherwise.
const USUAL_CREDENTIAL_SECONDS: i64 = 365 * 86_400;

/// What certifying works with.
#[derive(Clone, Copy)]
pub(super) struct Certifier<'a> {
    /// Name of the region, the organisation in every certificate.
    pub(super) region: &'a str,
    pub(super) city: CreditCode,
    pub(super) keys: &'a KeyFiles,
    pub(super) store: &'a Store,
    pub(super) random: &'a dyn Random,
    pub(super) now: UnixTime,
}

/// A certificate and its key.
pub(super) struct CertifiedKey {
    pub(super) certificate: Certificate,
    pub(super) key: SigningKey,
}

/// Something could not be certified.
#[derive(Debug, thiserror::Error)]
pub enum CertifyError {
    /// Its key.
    #[error(transparent)]
    Keys(#[from] KeyFilesError),
    /// Randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The certificate.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// A department's scope.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The trust list.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The entry.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl CertifiedKey {
    pub(super) const fn issuer(&self) -> CertificateIssuer<'_> {
        CertificateIssuer { certificate: &self.certificate, key: &self.key }
    }
}

impl Certifier<'_> {
    /// A key and a certificate for a department that issues.
    pub(super) fn department(
        &self,
        city: CertificateIssuer<'_>,
        plan: &DepartmentPlan,
    ) -> Result<CertifiedKey, CertifyError> {
        let code = plan.authority.code();
        let key_name = department_key(code);
        let key = self.keys.find_or_make(&key_name, plan.algorithm)?;
        let public = key.verifying_key();
        let subject = SubjectName { organization: self.region, common_name: plan.authority.name() };
        // Added years later, it still ends with the city's.
        let (own, above) = (self.validity(), city.certificate.validity());
        let validity = Validity {
            not_before: own.not_before.max(above.not_before),
            not_after: own.not_after.min(above.not_after),
        };
        let request = Request { subject, key: &public, validity };
        let certificate =
            mint_department(city, &request, &scope(plan)?, LicenceForms::EnvelopeAndSdJwt, self.random)?;
        self.keep(&key_name, &certificate)?;
        Ok(CertifiedKey { certificate, key })
    }

    /// Enters a department, as it is from the entry at the position `before` on; `None`: a new one.
    pub(super) fn enter(
        &self,
        plan: &DepartmentPlan,
        issuing: Option<Issuing>,
        before: Option<u64>,
    ) -> Result<(), AppendError> {
        let department = Department {
            code: plan.authority.code(),
            name: plan.authority.name().to_owned(),
            types: plan.types.clone(),
            issuing,
            roles: plan.roles.map(|roles| (roles, self.order())),
        };
        self.append_after(Event::Department(department), before)
    }

    /// An administrator on the machine, for nobody in particular: the city itself.
    pub(super) fn order(&self) -> Order {
        Order { department: self.city, asked_by: super::caller::LOCAL.to_owned() }
    }

    /// Grants a department everything that its plan says.
    pub(super) fn grant(&self, department: CreditCode, terms: &Terms) -> Result<(), CertifyError> {
        let id = GrantId::generate(self.random)?;
        let grant = Grant { id, department, terms: terms.clone(), state: GrantState::InForce };
        Ok(self.append(Event::Grant(GrantChange { grant, order: self.order(), proposed_by: None }))?)
    }

    /// A new API key for a department. Only its hash is kept.
    pub(super) fn api_key(
        &self,
        department: &Authority,
        roles: Roles,
    ) -> Result<MadeDepartment, CertifyError> {
        let key = NewApiKey::generate(self.random)?;
        let code = department.code();
        self.append(Event::Credential(Credential {
            id: key.name.0,
            digest: key.secret,
            department: code,
            state: CredentialState::Made,
            entitlement: Some(Entitlement {
                roles,
                expires: self.now.plus(USUAL_CREDENTIAL_SECONDS),
                form: CredentialForm::Key,
                order: self.order(),
            }),
        }))?;
        Ok(MadeDepartment { code, name: department.name().to_owned(), api_key: key.text })
    }

    /// Signs a trust list; a refused one is never entered.
    /// It takes the place of the one whose entry is at the position `before`, and of no other.
    pub(super) fn trust_list(
        &self,
        list: &TrustList,
        signer: &CertifiedKey,
        before: Option<u64>,
    ) -> Result<(), CertifyError> {
        let envelope = sign_trust_list(list, &signer.key, &signer.certificate)?;
        Ok(self.append_after(Event::TrustList(envelope.bare_bytes().to_vec()), before)?)
    }

    /// Enters a certificate.
    pub(super) fn keep(&self, key_name: &str, certificate: &Certificate) -> Result<(), AppendError> {
        let (der, key_name) = (certificate.der().to_vec(), key_name.to_owned());
        self.append(Event::Certificate(MintedCertificate { der, key_name }))
    }

    pub(super) fn append(&self, event: Event) -> Result<(), AppendError> {
        self.append_under(event, Conditions::default())
    }

    /// Appends what takes the place of an entry that was looked at.
    fn append_after(&self, event: Event, before: Option<u64>) -> Result<(), AppendError> {
        let guards: Vec<Guard> =
            self.store.keys().newest(&event).map(|key| Guard::seen(key, before)).into_iter().collect();
        self.append_under(event, guards.into())
    }

    fn append_under(&self, event: Event, conditions: Conditions) -> Result<(), AppendError> {
        self.store.append_blocking(&Entry { at: self.now, event }, conditions, self.random)?;
        Ok(())
    }

    /// Random part of the addresses of a department's status lists.
    pub(super) fn status_tag(&self) -> Result<String, RandomError> {
        Ok(hex(&random_bytes::<8>(self.random)?))
    }

    /// From an hour ago, for verifiers whose clock is a little behind.
    pub(super) fn validity(&self) -> Validity {
        Validity { not_before: self.now.plus(-3_600), not_after: self.now.plus(YEARS * YEAR) }
    }
}

/// What a department's certificate allows it.
pub(super) fn scope(plan: &DepartmentPlan) -> Result<Scope, ScopeError> {
    Ok(Scope { credit_code: plan.authority.code(), type_codes: TypeCodes::new(plan.types.clone())? })
}

/// Name of the file of a department's key.
pub(super) fn department_key(code: CreditCode) -> String {
    format!("department-{code}")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
