//! Makes an installation: keys, certificates, departments, API keys, the first trust list. Every step is a ledger entry.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::certifier::{CertifiedKey, Certifier, CertifyError, hex};
use super::key_files::{KeyFiles, KeyFilesError, name};
use super::making::Making;
use super::plan::{DepartmentPlan, Plan};
use super::settings::{Places, Settings, SettingsError, StoreKind};
use super::views::MadeDepartment;
use crate::access::Roles;
use crate::crypto::{Algorithm, Random, RandomError, random_bytes};
use crate::ledger::{CheckpointKey, Event, Installation, Issuing, VerifierKeyError};
use crate::licence::{Catalogue, CatalogueError, CreditCode, TypeCode};
use crate::pki::{
    Authority, Certificate, CertificateEntry, LedgerKey, Request, SubjectName, TrustList, Usage, mint_city,
    mint_installation_signer, mint_root, mint_trust_list_signer,
};
use crate::store::{
    AppendError, IndexPolicy, IoFailure, Store, StoreAt, StoreKeys, StoreOpenError, StorePlace, WitnessError,
};
use crate::time::UnixTime;

/// A new installation: what its maker has to be told once.
#[derive(Debug)]
pub struct Made {
    /// Its departments with their first API keys.
    pub departments: Vec<MadeDepartment>,
}

/// An installation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// There is one already.
    #[error("{}: there is an installation here already", dir.display())]
    Exists {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory holds something else.
    #[error("{}: expected a new or empty directory, there is {} in it", dir.display(), found.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// Something in it.
        found: OsString,
    },
    /// Another process is at it.
    #[error("{}: another process is making an installation here", dir.display())]
    Busy {
        /// The directory.
        dir: PathBuf,
    },
    /// Keys or a checkpoint lie where this one's shall go.
    #[error("{}: there is something here already: another installation's, or of an `elicense init` that was interrupted, which can be removed", path.display())]
    Occupied {
        /// The folder of keys, or the checkpoint's file.
        path: PathBuf,
    },
    /// The directory cannot be used.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// Two departments with one code.
    #[error("department {code} stands there twice")]
    Twice {
        /// The code.
        code: CreditCode,
    },
    /// A department is to issue a type that is not in the catalogue.
    #[error("department {department} is to issue {type_code}, which is not in the catalogue")]
    UnknownType {
        /// The department.
        department: CreditCode,
        /// The type.
        type_code: TypeCode,
    },
    /// The catalogue of types.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Keys.
    #[error(transparent)]
    Keys(#[from] KeyFilesError),
    /// Randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Certificates and the trust list.
    #[error(transparent)]
    Certify(#[from] CertifyError),
    /// The checkpoint key's name.
    #[error(transparent)]
    Origin(#[from] VerifierKeyError),
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

/// Makes an installation in `dir`, which must be new or empty. A maker that was interrupted leaves nothing that passes for an
/// installation; called again, it begins anew.
pub fn make_installation(
    dir: &Path,
    plan: &Plan,
    random: Arc<dyn Random>,
    now: UnixTime,
) -> Result<Made, MakeError> {
    Making::begin(dir, IndexPolicy::CatchUp.into())?.make_all(plan, random, now)
}

/// The making itself, in a directory that is empty but for the mark.
pub(super) fn make_in(
    (dir, at): (&Path, &StoreAt),
    plan: &Plan,
    random: Arc<dyn Random>,
    now: UnixTime,
) -> Result<Made, MakeError> {
    check_departments(&plan.departments)?;
    let origin = origin(plan, &*random)?;
    let mut settings = Settings::new(plan, origin);
    settings.store = StoreKind::of(at);
    let places = settings.places(dir);
    refuse_occupied(&places)?;
    let keys = KeyFiles::at(&places.keys);
    let place = StorePlace::new(dir, places.checkpoint, "elicense init".to_owned(), at.clone());
    keys.make_folder()?;
    let store_keys = StoreKeys { data: Arc::new(keys.make_data_key(&*random)?), random: Arc::clone(&random) };
    let checkpoint_key = keys.make(name::CHECKPOINT, Algorithm::EdDsa)?;
    let signer = CheckpointKey::new(&settings.origin, checkpoint_key)?;
    let ledger_key =
        LedgerKey { origin: settings.origin.clone(), verifier_key: signer.verifier_key().to_string() };
    let store = Store::make(&place, &store_keys, signer)?;
    let certifier = Certifier {
        region: &plan.region,
        city: plan.city.code(),
        keys: &keys,
        store: &store,
        random: &*random,
        now,
    };
    let mut maker = Maker { plan, certifier, certificates: Vec::new() };
    let departments = maker.make(&settings, ledger_key)?;
    store.close()?;
    settings.write(dir)?;
    Ok(Made { departments })
}

/// Keys and checkpoint of another installation are left alone, and told before anything is made.
fn refuse_occupied(places: &Places) -> Result<(), MakeError> {
    let has_keys = std::fs::read_dir(&places.keys).is_ok_and(|mut entries| entries.next().is_some());
    let occupied = [(has_keys, &places.keys), (places.checkpoint.exists(), &places.checkpoint)];
    match occupied.into_iter().find(|(is, _)| *is) {
        Some((_, path)) => Err(MakeError::Occupied { path: path.clone() }),
        None => Ok(()),
    }
}

/// Host and path of the public URL, and a random part: no two ledgers share a name.
fn origin(plan: &Plan, random: &dyn Random) -> Result<String, RandomError> {
    let host = plan.public_url.split_once("://").map_or(plan.public_url.as_str(), |(_, rest)| rest);
    Ok(format!("{host}/ledger/{}", hex(&random_bytes::<4>(random)?)))
}

/// What would otherwise be found when half of it is made.
fn check_departments(departments: &[DepartmentPlan]) -> Result<(), MakeError> {
    let catalogue = Catalogue::shipped()?;
    let mut seen = HashSet::new();
    departments.iter().try_for_each(|plan| {
        let department = plan.authority.code();
        if !seen.insert(department) {
            return Err(MakeError::Twice { code: department });
        }
        match plan.types.iter().find(|code| catalogue.get(code).is_none()) {
            Some(&type_code) => Err(MakeError::UnknownType { department, type_code }),
            None => Ok(()),
        }
    })
}

struct Maker<'a> {
    plan: &'a Plan,
    certifier: Certifier<'a>,
    certificates: Vec<Certificate>,
}

impl Maker<'_> {
    fn make(&mut self, settings: &Settings, ledger_key: LedgerKey) -> Result<Vec<MadeDepartment>, MakeError> {
        self.certifier.append(Event::Installation(Installation {
            region: settings.region.clone(),
            public_url: settings.public_url.clone(),
            origin: settings.origin.clone(),
            city: settings.city,
        }))?;
        let root = self.root()?;
        let trust_signer = self.signer(&root, name::TRUST_LIST, "Trust list", Usage::TrustList)?;
        let city = self.city(&root)?;
        let status_signer = self.signer(&city, name::STATUS_LIST, "Status lists", Usage::StatusList)?;
        for (key, label, usage) in [
            (name::RECEIPT, "Receipts", Usage::Receipt),
            (name::PRESENTATION, "Presentations", Usage::Presentation),
            (name::PACK, "Packs", Usage::Pack),
        ] {
            self.signer(&city, key, label, usage)?;
        }
        let (mut authorities, mut made) = (Vec::new(), Vec::new());
        for plan in &self.plan.departments {
            let issuing = match plan.types.as_slice() {
                [] => None,
                _ => Some(self.issuing(&city, plan)?),
            };
            if let Some(issuing) = &issuing {
                let status_uri = settings.status_uri(&issuing.status_tag);
                let (code, status_signer) = (plan.authority.code(), status_signer.certificate.key_id());
                let name = plan.authority.name().to_owned();
                authorities.push(Authority { credit_code: code, name, status_uri, status_signer });
            }
            self.certifier.enter(plan, issuing, None)?;
            for terms in &plan.grants {
                self.certifier.grant(plan.authority.code(), terms)?;
            }
            let roles = plan.roles.unwrap_or(Roles::NONE);
            made.push(self.certifier.api_key(&plan.authority, roles)?);
        }
        authorities.sort_by_key(|authority| authority.credit_code);
        self.certifier.trust_list(&self.list(settings, authorities, ledger_key), &trust_signer, None)?;
        Ok(made)
    }

    fn root(&mut self) -> Result<CertifiedKey, MakeError> {
        let Certifier { region, keys, random, .. } = self.certifier;
        let key = keys.make(name::ROOT, Algorithm::Es256)?;
        let subject = SubjectName { organization: region, common_name: "elicense root" };
        let certificate = mint_root(subject, &key, self.certifier.validity(), random);
        self.keep(name::ROOT, CertifiedKey { certificate: certificate.map_err(CertifyError::from)?, key })
    }

    fn city(&mut self, root: &CertifiedKey) -> Result<CertifiedKey, MakeError> {
        let Certifier { region, keys, random, .. } = self.certifier;
        let key = keys.make(name::CITY, Algorithm::Es256)?;
        let public = key.verifying_key();
        let subject = SubjectName { organization: region, common_name: self.plan.city.name() };
        let request = Request { subject, key: &public, validity: self.certifier.validity() };
        let certificate = mint_city(root.issuer(), &request, random).map_err(CertifyError::from)?;
        self.keep(name::CITY, CertifiedKey { certificate, key })
    }

    /// A signer of the installation, below the city; the trust list's, below the root.
    fn signer(
        &mut self,
        issuer: &CertifiedKey,
        name: &str,
        label: &str,
        usage: Usage,
    ) -> Result<CertifiedKey, MakeError> {
        let Certifier { region, keys, random, .. } = self.certifier;
        let key = keys.make(name, Algorithm::Es256)?;
        let public = key.verifying_key();
        let subject = SubjectName { organization: region, common_name: label };
        let request = Request { subject, key: &public, validity: self.certifier.validity() };
        let certificate = match usage {
            Usage::TrustList => mint_trust_list_signer(issuer.issuer(), &request, random),
            usage => mint_installation_signer(issuer.issuer(), &request, usage, random),
        };
        self.keep(name, CertifiedKey { certificate: certificate.map_err(CertifyError::from)?, key })
    }

    fn issuing(&mut self, city: &CertifiedKey, plan: &DepartmentPlan) -> Result<Issuing, MakeError> {
        let certified = self.certifier.department(city.issuer(), plan)?;
        self.certificates.push(certified.certificate.clone());
        Ok(Issuing { key_id: certified.certificate.key_id(), status_tag: self.certifier.status_tag()? })
    }

    fn keep(&mut self, name: &str, certified: CertifiedKey) -> Result<CertifiedKey, MakeError> {
        self.certifier.keep(name, &certified.certificate)?;
        self.certificates.push(certified.certificate.clone());
        Ok(certified)
    }

    fn list(&self, settings: &Settings, authorities: Vec<Authority>, ledger_key: LedgerKey) -> TrustList {
        let entry = |certificate: &Certificate| CertificateEntry {
            certificate: Arc::new(certificate.clone()),
            retired: None,
            revocation: None,
        };
        TrustList {
            issued_at: self.certifier.now,
            version: 1,
            region: settings.region.clone(),
            certificates: self.certificates.iter().map(entry).collect(),
            authorities,
            ledger_keys: vec![ledger_key],
            public_url: settings.public_url.clone(),
        }
    }
}
