//! Makes an installation: keys, certificates, departments, API keys, the first trust list. Every step is a ledger entry.

use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::caller::NewApiKey;
use super::key_files::{KeyFiles, KeyFilesError, name};
use super::plan::{DepartmentPlan, Plan};
use super::settings::{Settings, SettingsError};
use crate::crypto::{Algorithm, Random, RandomError, SigningKey, random_bytes};
use crate::ledger::{
    ApiKey, ApiKeyState, CheckpointKey, Department, Entry, Event, Installation, Issuing, MintedCertificate,
    VerifierKeyError,
};
use crate::licence::CreditCode;
use crate::pki::{
    Authority, Certificate, CertificateEntry, CertificateIssuer, LedgerKey, MintError, Request, Scope,
    ScopeError, SubjectName, TrustError, TrustList, TypeCodes, Usage, Validity, mint_city, mint_department,
    mint_installation_signer, mint_root, mint_trust_list_signer, sign_trust_list,
};
use crate::store::{AppendError, IndexPolicy, Store, StoreKeys, StoreOpenError, StorePlace, WitnessError};
use crate::time::UnixTime;

/// Years that the installation's certificates are good for: longer than any licence issued in its first decades needs,
/// since a licence is judged by them at its `iat` only.
const YEARS: i64 = 30;
const YEAR: i64 = 31_556_952;

/// A new installation: what its maker has to be told once.
#[derive(Debug)]
pub struct Made {
    /// Its departments with their first API keys.
    pub departments: Vec<MadeDepartment>,
}

/// A department of a new installation.
pub struct MadeDepartment {
    /// Its credit code.
    pub code: CreditCode,
    /// Its name.
    pub name: String,
    /// Its first API key, **in the open**; only a hash of it is kept.
    pub api_key: Zeroizing<String>,
}

impl std::fmt::Debug for MadeDepartment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MadeDepartment({}, secret)", self.code)
    }
}

/// An installation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// There is one already.
    #[error("{}: there is an installation here already", dir.display())]
    Exists {
        /// The directory.
        dir: std::path::PathBuf,
    },
    /// Keys.
    #[error(transparent)]
    Keys(#[from] KeyFilesError),
    /// Randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Certificates.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// A department's scope.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The checkpoint key's name.
    #[error(transparent)]
    Origin(#[from] VerifierKeyError),
    /// The trust list.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreOpenError),
    /// An entry.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The last checkpoint.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// `settings.json`.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Makes an installation in `dir`. `settings.json` is written last, so that a maker that was interrupted leaves nothing that
/// passes for an installation.
pub fn make_installation(
    dir: &Path,
    plan: &Plan,
    random: Arc<dyn Random>,
    now: UnixTime,
) -> Result<Made, MakeError> {
    if Settings::exist(dir) {
        return Err(MakeError::Exists { dir: dir.to_owned() });
    }
    let origin = origin(plan, &*random)?;
    let settings = Settings::new(plan, origin);
    let places = settings.places(dir);
    let keys = KeyFiles::at(&places.keys);
    let place = StorePlace::new(dir, places.checkpoint, "elicense init".to_owned(), IndexPolicy::CatchUp);
    keys.make_folder()?;
    let store_keys = StoreKeys { data: Arc::new(keys.make_data_key(&*random)?), random: Arc::clone(&random) };
    let checkpoint_key = keys.make(name::CHECKPOINT, Algorithm::EdDsa)?;
    let signer = CheckpointKey::new(&settings.origin, checkpoint_key)?;
    let ledger_key =
        LedgerKey { origin: settings.origin.clone(), verifier_key: signer.verifier_key().to_string() };
    let (store, _) = Store::open(&place, &store_keys, signer)?;
    let mut maker =
        Maker { plan, keys: &keys, store: &store, random: &*random, now, certificates: Vec::new() };
    let departments = maker.make(&settings, ledger_key)?;
    store.close()?;
    settings.write(dir)?;
    Ok(Made { departments })
}

/// Host and path of the public URL, and a random part: no two ledgers share a name.
fn origin(plan: &Plan, random: &dyn Random) -> Result<String, RandomError> {
    let host = plan.public_url.split_once("://").map_or(plan.public_url.as_str(), |(_, rest)| rest);
    Ok(format!("{host}/ledger/{}", hex(&random_bytes::<4>(random)?)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Maker<'a> {
    plan: &'a Plan,
    keys: &'a KeyFiles,
    store: &'a Store,
    random: &'a dyn Random,
    now: UnixTime,
    certificates: Vec<Certificate>,
}

struct Certified {
    certificate: Certificate,
    key: SigningKey,
}

impl Certified {
    const fn issuer(&self) -> CertificateIssuer<'_> {
        CertificateIssuer { certificate: &self.certificate, key: &self.key }
    }
}

impl Maker<'_> {
    fn make(&mut self, settings: &Settings, ledger_key: LedgerKey) -> Result<Vec<MadeDepartment>, MakeError> {
        self.append(Event::Installation(Installation {
            region: settings.region.clone(),
            public_url: settings.public_url.clone(),
            origin: settings.origin.clone(),
            city: settings.city,
        }))?;
        let root = self.root()?;
        let trust_signer = self.certify(&root, name::TRUST_LIST, "Trust list", Usage::TrustList)?;
        let city = self.city(&root)?;
        let status_signer = self.certify(&city, "status-list", "Status lists", Usage::StatusList)?;
        for (key, label, usage) in [
            ("receipt", "Receipts", Usage::Receipt),
            ("presentation", "Presentations", Usage::Presentation),
            ("pack", "Packs", Usage::Pack),
        ] {
            self.certify(&city, key, label, usage)?;
        }
        let (mut authorities, mut made) = (Vec::new(), Vec::new());
        for department in &self.plan.departments {
            let issuing = self.department(&city, department)?;
            if let Some(issuing) = &issuing {
                authorities.push(Authority {
                    credit_code: department.authority.code(),
                    name: department.authority.name().to_owned(),
                    status_uri: format!("{}/v1/status-lists/{}-", settings.public_url, issuing.status_tag),
                    status_signer: status_signer.certificate.key_id(),
                });
            }
            made.push(self.api_key(department)?);
        }
        authorities.sort_by_key(|authority| authority.credit_code);
        self.trust_list(settings, authorities, ledger_key, &trust_signer)?;
        Ok(made)
    }

    fn root(&mut self) -> Result<Certified, MakeError> {
        let key = self.keys.make(name::ROOT, Algorithm::Es256)?;
        let subject = SubjectName { organization: &self.plan.region, common_name: "elicense root" };
        let certificate = mint_root(subject, &key, self.validity(), self.random)?;
        self.keep(name::ROOT, certificate, key)
    }

    fn city(&mut self, root: &Certified) -> Result<Certified, MakeError> {
        let key = self.keys.make(name::CITY, Algorithm::Es256)?;
        let public = key.verifying_key();
        let subject = SubjectName { organization: &self.plan.region, common_name: self.plan.city.name() };
        let request = Request { subject, key: &public, validity: self.validity() };
        let certificate = mint_city(root.issuer(), &request, self.random)?;
        self.keep(name::CITY, certificate, key)
    }

    /// A signer of the installation, below the city; the trust list's, below the root.
    fn certify(
        &mut self,
        issuer: &Certified,
        name: &str,
        label: &str,
        usage: Usage,
    ) -> Result<Certified, MakeError> {
        let key = self.keys.make(name, Algorithm::Es256)?;
        let public = key.verifying_key();
        let subject = SubjectName { organization: &self.plan.region, common_name: label };
        let request = Request { subject, key: &public, validity: self.validity() };
        let certificate = match usage {
            Usage::TrustList => mint_trust_list_signer(issuer.issuer(), &request, self.random)?,
            usage => mint_installation_signer(issuer.issuer(), &request, usage, self.random)?,
        };
        self.keep(name, certificate, key)
    }

    /// Certifies a department that issues, and enters it.
    fn department(&mut self, city: &Certified, plan: &DepartmentPlan) -> Result<Option<Issuing>, MakeError> {
        let (code, name) = (plan.authority.code(), plan.authority.name());
        let issuing = if plan.types.is_empty() {
            None
        } else {
            let key_name = department_key(code);
            let key = self.keys.make(&key_name, plan.algorithm)?;
            let public = key.verifying_key();
            let subject = SubjectName { organization: &self.plan.region, common_name: name };
            let request = Request { subject, key: &public, validity: self.validity() };
            let scope = Scope { credit_code: code, type_codes: TypeCodes::new(plan.types.clone())? };
            let certificate = mint_department(city.issuer(), &request, &scope, self.random)?;
            let certified = self.keep(&key_name, certificate, key)?;
            let status_tag = hex(&random_bytes::<8>(self.random)?);
            Some(Issuing { key_id: certified.certificate.key_id(), status_tag })
        };
        self.append(Event::Department(Department {
            code,
            name: name.to_owned(),
            types: plan.types.clone(),
            issuing: issuing.clone(),
        }))?;
        Ok(issuing)
    }

    fn api_key(&self, plan: &DepartmentPlan) -> Result<MadeDepartment, MakeError> {
        let key = NewApiKey::generate(self.random)?;
        let department = plan.authority.code();
        let kept = ApiKey { id: key.name.0, secret: key.secret, department, state: ApiKeyState::Made };
        self.append(Event::ApiKey(kept))?;
        Ok(MadeDepartment { code: department, name: plan.authority.name().to_owned(), api_key: key.text })
    }

    fn trust_list(
        &self,
        settings: &Settings,
        authorities: Vec<Authority>,
        ledger_key: LedgerKey,
        signer: &Certified,
    ) -> Result<(), MakeError> {
        let entry = |certificate: &Certificate| CertificateEntry {
            certificate: Arc::new(certificate.clone()),
            retired: None,
            revocation: None,
        };
        let list = TrustList {
            issued_at: self.now,
            version: 1,
            region: settings.region.clone(),
            certificates: self.certificates.iter().map(entry).collect(),
            authorities,
            ledger_keys: vec![ledger_key],
            public_url: settings.public_url.clone(),
        };
        let envelope = sign_trust_list(&list, &signer.key, &signer.certificate)?;
        self.append(Event::TrustList(envelope.bare_bytes().to_vec()))
    }

    fn keep(
        &mut self,
        name: &str,
        certificate: Certificate,
        key: SigningKey,
    ) -> Result<Certified, MakeError> {
        let minted = MintedCertificate { der: certificate.der().to_vec(), key_name: name.to_owned() };
        self.append(Event::Certificate(minted))?;
        self.certificates.push(certificate.clone());
        Ok(Certified { certificate, key })
    }

    fn append(&self, event: Event) -> Result<(), MakeError> {
        self.store.append_blocking(&Entry { at: self.now, event }, Vec::new(), self.random)?;
        Ok(())
    }

    /// From an hour ago, for verifiers whose clock is a little behind.
    fn validity(&self) -> Validity {
        Validity { not_before: self.now.plus(-3_600), not_after: self.now.plus(YEARS * YEAR) }
    }
}

/// Name of the file of a department's key.
pub(super) fn department_key(code: CreditCode) -> String {
    format!("department-{code}")
}
