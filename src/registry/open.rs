//! An open installation.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::access::Access;
use super::caller::Caller;
use super::ceilings::Ceilings;
use super::certifier::department_key;
use super::followed::Followed;
use super::key_files::{KeyFiles, KeyFilesError, name};
use super::own_signer::OwnSigner;
use super::packs::LastPack;
use super::settings::{Settings, SettingsError};
use super::status_index::StatusIndexes;
use super::status_lists::StatusLists;
use super::views::DepartmentView;
use crate::access::{AccessLimits, Network};
use crate::crypto::Random;
use crate::issue::Issuer;
use crate::ledger::{CheckpointKey, Department, Event, VerifierKeyError};
use crate::licence::{
    AreaCode, Authority, Catalogue, CatalogueError, CreditCode, ServiceItems, ServiceItemsError, TextError,
};
use crate::pki::{Anchor, TrustError, TrustStore, Usage};
use crate::store::{
    IndexPolicy, KeyRange, Opening, RowKeys, Store, StoreError, StoreKeys, StoreOpenError, StorePlace,
    WitnessError, read_position,
};
use crate::time::UnixTime;
use crate::verify::SignatureCache;

/// Credentials whose signature is remembered: some 60 MB as QR texts.
const REMEMBERED: usize = 65_536;

/// An open installation: everything it does goes through here.
pub struct Registry {
    pub(super) settings: Settings,
    pub(super) catalogue: Catalogue,
    pub(super) service_items: ServiceItems,
    pub(super) store: Store,
    pub(super) trust: TrustStore,
    pub(super) trust_list: Arc<[u8]>,
    pub(super) departments: HashMap<CreditCode, KnownDepartment>,
    pub(super) cache: SignatureCache,
    pub(super) random: Arc<dyn Random>,
    pub(super) keys: KeyFiles,
    pub(super) pack_signer: OwnSigner,
    pub(super) last_pack: LastPack,
    pub(super) status_lists: StatusLists,
    pub(super) receipts: OwnSigner,
    pub(super) presentations: OwnSigner,
    ledger_key: String,
    pub(super) followed: Arc<Followed>,
    /// Held while a grant or a consent is looked at and then changed.
    pub(super) changes: tokio::sync::Mutex<()>,
}

/// What opening found, to be logged.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What was done to the store.
    pub store: Opening,
}

pub(super) struct KnownDepartment {
    pub(super) department: Department,
    /// Present for one that issues.
    pub(super) issuing: Option<KnownIssuer>,
}

pub(super) struct KnownIssuer {
    pub(super) issuer: Issuer,
    pub(super) status: StatusIndexes,
}

/// An installation could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RegistryOpenError {
    /// `settings.json`.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A key.
    #[error(transparent)]
    Keys(#[from] KeyFilesError),
    /// The checkpoint key's name.
    #[error(transparent)]
    Origin(#[from] VerifierKeyError),
    /// The store.
    #[error(transparent)]
    Open(#[from] StoreOpenError),
    /// Reading what it holds.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalogue of types.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The catalogue of service items.
    #[error(transparent)]
    ServiceItems(#[from] ServiceItemsError),
    /// The trust list.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A department's name.
    #[error("a department's name may not stand on a licence: {0}")]
    Name(#[from] TextError),
    /// The ledger lacks an entry that every installation has.
    #[error("the ledger has no {what}: the installation was never finished")]
    Unfinished {
        /// Which entry.
        what: &'static str,
    },
    /// A position holds an entry of another kind than the index says.
    #[error("the index names entry {position} as a {expected}, and it is none")]
    OtherKind {
        /// The position.
        position: u64,
        /// What it should be.
        expected: &'static str,
    },
    /// The trust list has no current certificate for one of the installation's own keys.
    #[error(
        "the trust list has no current certificate for the key {key} of this installation, which signs {signs}"
    )]
    NoSigner {
        /// Name of the key.
        key: &'static str,
        /// What it signs.
        signs: Usage,
    },
    /// A department's key is not the one in its certificate.
    #[error("the key of department {department} is not the one its certificate is for")]
    OtherKey {
        /// The department.
        department: CreditCode,
    },
    /// The key that signs status lists is not the one that the trust list names for a department's.
    #[error(
        "the key {}.pem is not the one that signs the status lists of department {department}",
        name::STATUS_LIST
    )]
    OtherStatusKey {
        /// The department.
        department: CreditCode,
    },
}

/// Why the installation cannot take orders now.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The engine.
    #[error("the store takes no entries: {0}")]
    Store(#[from] StoreError),
    /// The checkpoint.
    #[error("the checkpoint cannot be written: {0}")]
    Checkpoint(#[from] WitnessError),
}

impl Registry {
    /// Opens the installation in `dir`. `who` is left for others who find it open.
    pub fn open(
        dir: &Path,
        who: String,
        index: IndexPolicy,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Opened), RegistryOpenError> {
        Self::open_as(Settings::read(dir)?, dir, who, index, random)
    }

    /// As [`Registry::open`], also while it is being made.
    pub(super) fn open_as(
        settings: Settings,
        dir: &Path,
        who: String,
        index: IndexPolicy,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Opened), RegistryOpenError> {
        let places = settings.places(dir);
        let keys = KeyFiles::at(&places.keys);
        let store_keys = StoreKeys { data: Arc::new(keys.read_data_key()?), random: Arc::clone(&random) };
        let signer = CheckpointKey::new(&settings.origin, keys.read(name::CHECKPOINT)?)?;
        let ledger_key = signer.verifier_key().to_string();
        let place = StorePlace::new(dir, places.checkpoint, who, index);
        let (store, opening) = Store::open(&place, &store_keys, signer)?;
        let loader = Loader { store: &store, keys: &keys };
        let (trust, trust_list) = loader.trust_list()?;
        let area_code = settings.area_code().map_err(SettingsError::from)?;
        let departments = loader.departments(&trust, area_code)?;
        let status_lists = loader.status_lists(&trust, &departments)?;
        let ceilings = Ceilings::new(store.visible_entries());
        let followed = Followed::new(loader.access()?, ceilings, loader.newest()?);
        store.follow(followed.clone());
        let pack_signer = OwnSigner::find(&trust, &keys, name::PACK, Usage::Pack)?;
        let receipts = OwnSigner::find(&trust, &keys, name::RECEIPT, Usage::Receipt)?;
        let presentations = OwnSigner::find(&trust, &keys, name::PRESENTATION, Usage::Presentation)?;
        let catalogue = Catalogue::shipped()?;
        let registry = Self {
            settings,
            service_items: ServiceItems::shipped(&catalogue)?,
            catalogue,
            store,
            trust,
            trust_list,
            departments,
            cache: SignatureCache::new(REMEMBERED),
            random,
            keys,
            pack_signer,
            last_pack: LastPack::default(),
            status_lists,
            receipts,
            presentations,
            ledger_key,
            followed,
            changes: tokio::sync::Mutex::default(),
        };
        if registry.has_ceilings() {
            registry.followed.ceilings.count_before(&registry.store)?;
        }
        Ok((registry, Opened { store: opening }))
    }

    /// Its public URL, without a slash at the end.
    pub fn public_url(&self) -> &str {
        &self.settings.public_url
    }

    /// The region it serves.
    pub fn region(&self) -> &str {
        &self.settings.region
    }

    /// How often it may be asked.
    pub const fn limits(&self) -> AccessLimits {
        self.settings.limits
    }

    /// Networks of proxies whose word on a client's address is taken.
    pub fn trusted_proxies(&self) -> &[Network] {
        &self.settings.trusted_proxies
    }

    /// The types it knows.
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The service items it knows.
    pub const fn service_items(&self) -> &ServiceItems {
        &self.service_items
    }

    /// The store, for statistics.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The ledger's C2SP verifier key.
    pub fn ledger_key(&self) -> String {
        self.ledger_key.clone()
    }

    /// Its departments, by credit code.
    pub fn departments(&self) -> Vec<DepartmentView> {
        let mut all: Vec<_> =
            self.departments.values().map(|known| DepartmentView::of(&known.department)).collect();
        all.sort_by_key(|one| one.code);
        all
    }

    /// An administrator on the machine, acting for a department of this installation.
    pub fn acting(&self, department: &str) -> Option<Caller> {
        let code = department.parse().ok()?;
        self.departments.contains_key(&code).then(|| Caller::local(code))
    }

    /// An administrator on the machine, for no department in particular: what he orders, he orders for the city.
    pub fn machine(&self) -> Caller {
        Caller::local(self.settings.city)
    }

    /// Whether orders can be taken.
    pub fn readiness(&self) -> Result<(), NotReady> {
        self.store.entries()?;
        self.store.checkpoint_failure().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Commits what waits and writes the last checkpoint.
    pub fn close(self) -> Result<(), WitnessError> {
        self.store.close()
    }

    /// `now`, or the time of the newest entry where the clock has gone behind it.
    pub(super) fn not_behind(&self, now: UnixTime) -> UnixTime {
        self.followed.not_behind(now)
    }

    /// How many seconds the clock is behind the newest entry.
    pub(super) fn seconds_behind(&self, now: UnixTime) -> i64 {
        self.followed.seconds_behind(now)
    }
}

/// Reads what the ledger says about the installation itself.
struct Loader<'a> {
    store: &'a Store,
    keys: &'a KeyFiles,
}

impl Loader<'_> {
    fn trust_list(&self) -> Result<(TrustStore, Arc<[u8]>), RegistryOpenError> {
        let unfinished = RegistryOpenError::Unfinished { what: "trust list" };
        let position = self.store.position_at(&RowKeys::trust_list())?.ok_or(unfinished)?;
        let Event::TrustList(envelope) = self.store.entry(position)?.event else {
            return Err(RegistryOpenError::OtherKind { position, expected: "trust list" });
        };
        Ok((TrustStore::from_envelope(&envelope, Anchor::FirstUse)?, envelope.into()))
    }

    fn departments(
        &self,
        trust: &TrustStore,
        area_code: Option<AreaCode>,
    ) -> Result<HashMap<CreditCode, KnownDepartment>, RegistryOpenError> {
        let mut all = HashMap::new();
        for (position, event) in self.events(&RowKeys::departments())? {
            let Event::Department(department) = event else {
                return Err(RegistryOpenError::OtherKind { position, expected: "department" });
            };
            let issuing = self.issuer(&department, trust, area_code)?;
            all.insert(department.code, KnownDepartment { department, issuing });
        }
        Ok(all)
    }

    fn issuer(
        &self,
        department: &Department,
        trust: &TrustStore,
        area_code: Option<AreaCode>,
    ) -> Result<Option<KnownIssuer>, RegistryOpenError> {
        let Some(issuing) = &department.issuing else { return Ok(None) };
        let code = department.code;
        let key = self.keys.read(&department_key(code))?;
        let certified = trust.signer(&issuing.key_id).map(|signer| signer.key());
        let prefix = trust.authority(&code).map(|authority| authority.status_uri.clone());
        match (certified == Some(&key.verifying_key()), prefix) {
            (true, Some(prefix)) => Ok(Some(KnownIssuer {
                issuer: Issuer {
                    authority: Authority::new(code, &department.name)?,
                    area_code,
                    scope: department.types.clone(),
                    key_id: issuing.key_id,
                    key: Arc::new(key),
                },
                status: StatusIndexes::new(prefix),
            })),
            _ => Err(RegistryOpenError::OtherKey { department: code }),
        }
    }

    /// The lists of every department that issues, and the key that the trust list names for all of them.
    fn status_lists(
        &self,
        trust: &TrustStore,
        departments: &HashMap<CreditCode, KnownDepartment>,
    ) -> Result<StatusLists, RegistryOpenError> {
        let signer = OwnSigner::find(trust, self.keys, name::STATUS_LIST, Usage::StatusList)?;
        let (key_id, _) = signer.identity();
        let mut authorities = Vec::new();
        for (&department, _) in departments.iter().filter(|(_, known)| known.issuing.is_some()) {
            let authority = trust.authority(&department).filter(|listed| listed.status_signer == key_id);
            let authority = authority.ok_or(RegistryOpenError::OtherStatusKey { department })?;
            authorities.push((department, authority.status_uri.clone()));
        }
        Ok(StatusLists::new(authorities, signer))
    }

    /// Roles, credentials and grants: entries of three kinds, in the ledger's order.
    fn access(&self) -> Result<Access, RegistryOpenError> {
        let mut entries = Vec::new();
        for range in [RowKeys::departments(), RowKeys::credentials(), RowKeys::grants()] {
            for row in self.store.rows(&range, usize::MAX)? {
                let position = read_position(&row.value).map_err(StoreError::from)?;
                entries.push((position, self.store.entry(position)?));
            }
        }
        entries.sort_by_key(|(position, _)| *position);
        let access = Access::default();
        for (_, entry) in &entries {
            access.take(entry.at, &entry.event);
        }
        Ok(access)
    }

    /// Seconds of the newest entry.
    fn newest(&self) -> Result<i64, RegistryOpenError> {
        let entries = self.store.entries()?;
        Ok(match entries.checked_sub(1) {
            Some(last) => self.store.entry(last)?.at.seconds(),
            None => i64::MIN,
        })
    }

    fn events(&self, range: &KeyRange) -> Result<Vec<(u64, Event)>, RegistryOpenError> {
        let mut events = Vec::new();
        for row in self.store.rows(range, usize::MAX)? {
            let position = read_position(&row.value).map_err(StoreError::from)?;
            events.push((position, self.store.entry(position)?.event));
        }
        Ok(events)
    }
}
