//! An open installation.

use std::path::Path;
use std::sync::Arc;

use super::access::Access;
use super::caller::Caller;
use super::ceilings::Ceilings;
use super::followed::Followed;
use super::key_files::{KeyFiles, KeyFilesError, name};
use super::own_signer::OwnSigner;
use super::packs::LastPack;
use super::roster::{Roster, Rosters, Tools};
use super::settings::{LedgerElsewhere, Settings, SettingsError};
use super::status_lists::{Notes, StatusLists};
use super::views::DepartmentView;
use crate::access::{AccessLimits, Network};
use crate::crypto::Random;
use crate::ledger::{CheckpointKey, Event, VerifierKeyError};
use crate::licence::{Catalogue, CatalogueError, CreditCode, ServiceItems, ServiceItemsError, TextError};
use crate::pki::{Anchor, TrustError, TrustStore, Usage};
use crate::store::{
    Following, Opening, RowKeys, Sharing, Store, StoreAt, StoreError, StoreKeys, StoreOpenError, StorePlace,
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
    /// Held while the consents of a holder are counted and one more is given, and while a key is rotated.
    pub(super) changes: tokio::sync::Mutex<()>,
}

/// What opening found, to be logged.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What was done to the store.
    pub store: Opening,
}

/// An installation could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RegistryOpenError {
    /// `settings.json`.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its ledger is elsewhere.
    #[error(transparent)]
    Elsewhere(#[from] LedgerElsewhere),
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
    /// The database does not answer, or not with the ledger that this node has seen.
    #[error("the database is lost: {0}")]
    DatabaseLost(StoreError),
    /// Others have appended more than this node has seen yet.
    #[error("this node has seen {seen} entries and takes in what others have appended since")]
    CatchingUp {
        /// Entries that it has seen.
        seen: u64,
    },
    /// The checkpoint.
    #[error("the checkpoint cannot be written: {0}")]
    Checkpoint(#[from] WitnessError),
    /// What another node entered as the newest trust list.
    #[error("the newest trust list of the ledger is not believed here: {0}")]
    TrustList(TrustError),
}

impl Registry {
    /// Opens the installation in `dir`. `who` is left for others who find it open, `at` says what keeps the ledger.
    pub fn open(
        dir: &Path,
        who: String,
        at: impl Into<StoreAt>,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Opened), RegistryOpenError> {
        Self::open_as(Settings::read(dir)?, dir, who, at.into(), random)
    }

    /// As [`Registry::open`], also while it is being made.
    pub(super) fn open_as(
        settings: Settings,
        dir: &Path,
        who: String,
        at: StoreAt,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Opened), RegistryOpenError> {
        settings.check_place(dir, &at)?;
        let places = settings.places(dir);
        let keys = KeyFiles::at(&places.keys);
        let store_keys = StoreKeys { data: Arc::new(keys.read_data_key()?), random: Arc::clone(&random) };
        let signer = CheckpointKey::new(&settings.origin, keys.read(name::CHECKPOINT)?)?;
        let ledger_key = signer.verifier_key().to_string();
        let place = StorePlace::new(dir, places.checkpoint, who, at);
        let (store, opening) = Store::open(&place, &store_keys, signer)?;
        let registry = Self::over(store, settings, keys, ledger_key, random)?;
        Ok((registry, Opened { store: opening }))
    }

    /// The installation that an open store holds.
    pub(super) fn over(
        store: Store,
        settings: Settings,
        keys: KeyFiles,
        ledger_key: String,
        random: Arc<dyn Random>,
    ) -> Result<Self, RegistryOpenError> {
        let area_code = settings.area_code().map_err(SettingsError::from)?;
        let loader = Loader { store: &store, tools: Tools { keys: keys.clone(), area_code } };
        let roster = loader.roster()?;
        let status_signer = OwnSigner::find(&roster.trust, &keys, name::STATUS_LIST, Usage::StatusList)?;
        if store.sharing() == Sharing::Alone {
            check_status_signer(&roster, &status_signer)?;
        }
        let pack_signer = OwnSigner::find(&roster.trust, &keys, name::PACK, Usage::Pack)?;
        let receipts = OwnSigner::find(&roster.trust, &keys, name::RECEIPT, Usage::Receipt)?;
        let presentations = OwnSigner::find(&roster.trust, &keys, name::PRESENTATION, Usage::Presentation)?;
        let (access, newest, seen) = (loader.access()?, loader.newest()?, store.visible_entries());
        let rosters = Rosters::new(roster, loader.tools);
        let followed = Followed::new((access, Ceilings::new(seen), rosters, Notes::new(seen)), newest);
        store.follow(followed.clone());
        let catalogue = Catalogue::shipped()?;
        let registry = Self {
            settings,
            service_items: ServiceItems::shipped(&catalogue)?,
            catalogue,
            store,
            cache: SignatureCache::new(REMEMBERED),
            random,
            keys,
            pack_signer,
            last_pack: LastPack::default(),
            status_lists: StatusLists::new(status_signer),
            receipts,
            presentations,
            ledger_key,
            followed,
            changes: tokio::sync::Mutex::default(),
        };
        if registry.has_ceilings() {
            registry.followed.ceilings.count_before(&registry.store)?;
        }
        Ok(registry)
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
            self.roster().departments.values().map(|known| DepartmentView::of(&known.department)).collect();
        all.sort_by_key(|one| one.code);
        all
    }

    /// An administrator on the machine, acting for a department of this installation.
    pub fn acting(&self, department: &str) -> Option<Caller> {
        let code = department.parse().ok()?;
        self.roster().departments.contains_key(&code).then(|| Caller::local(code))
    }

    /// An administrator on the machine, for no department in particular: what he orders, he orders for the city.
    pub fn machine(&self) -> Caller {
        Caller::local(self.settings.city)
    }

    /// Waits until this node has seen everything that was acknowledged by any node before. Where one process has the
    /// ledger there is nothing to wait for.
    pub async fn fresh(&self) -> Result<(), NotReady> {
        let Err(error) = self.store.fresh().await else { return Ok(()) };
        Err(match self.store.following() {
            Following::CatchingUp { seen } => NotReady::CatchingUp { seen },
            Following::Current | Following::Lost(_) => NotReady::DatabaseLost(error),
        })
    }

    /// Whether other nodes may append to the ledger.
    pub fn is_shared(&self) -> bool {
        self.store.sharing() != Sharing::Alone
    }

    /// Whether what this node has in memory is what the ledger says, as it was found a moment ago.
    pub fn is_current(&self) -> bool {
        self.store.following() == Following::Current
    }

    /// Whether orders can be taken.
    pub async fn readiness(&self) -> Result<(), NotReady> {
        self.fresh().await?;
        self.store.entries()?;
        if let Some(error) = self.roster().refused() {
            return Err(NotReady::TrustList(error.clone()));
        }
        self.store.checkpoint_failure().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Departments that issue, added on another node, whose keys are not among this node's: what they sign is verified here,
    /// and orders of theirs are refused.
    pub fn departments_without_key(&self) -> Vec<CreditCode> {
        self.roster().without_key()
    }

    /// Commits what waits and writes the last checkpoint.
    pub fn close(self) -> Result<(), WitnessError> {
        self.store.close()
    }

    /// Trust list and departments as they are now.
    pub(super) fn roster(&self) -> Arc<Roster> {
        self.followed.rosters.now()
    }

    /// `now`, or the time of the newest entry where the clock has gone behind it.
    pub(super) fn not_behind(&self, now: UnixTime) -> UnixTime {
        self.followed.not_behind(now)
    }

    /// How a statement is dated that several nodes make of one ledger: from the same entries within the same so many seconds each
    /// dates it alike, so that whoever asks one node after the other is not told what is older than what he has. `None` where one
    /// process has the ledger.
    pub(super) fn shared_date(&self, now: UnixTime, seconds: u32) -> Option<UnixTime> {
        match self.store.sharing() {
            Sharing::Alone => None,
            Sharing::Shared | Sharing::Replica => {
                let past = now.seconds().rem_euclid(i64::from(seconds.max(1)));
                Some(self.not_behind(now.plus(-past)))
            }
        }
    }

    /// How many seconds the clock is behind the newest entry.
    pub(super) fn seconds_behind(&self, now: UnixTime) -> i64 {
        self.followed.seconds_behind(now)
    }
}

/// That the lists of every department that issues are signed by the key that is here.
fn check_status_signer(roster: &Roster, signer: &OwnSigner) -> Result<(), RegistryOpenError> {
    let (key_id, _) = signer.identity();
    let issuing = roster.departments.iter().filter(|(_, known)| known.issues());
    let listed = |code| roster.trust.authority(code).is_some_and(|listed| listed.status_signer == key_id);
    match issuing.map(|(code, _)| code).find(|code| !listed(code)) {
        Some(code) => Err(RegistryOpenError::OtherStatusKey { department: *code }),
        None => Ok(()),
    }
}

/// Reads what the ledger says about the installation itself.
struct Loader<'a> {
    store: &'a Store,
    tools: Tools,
}

impl Loader<'_> {
    /// Where nobody else has the ledger, every department's key has to be here.
    fn roster(&self) -> Result<Roster, RegistryOpenError> {
        let unfinished = RegistryOpenError::Unfinished { what: "trust list" };
        let position = self.store.position_at(&RowKeys::trust_list())?.ok_or(unfinished)?;
        let Event::TrustList(envelope) = self.store.entry(position)?.event else {
            return Err(RegistryOpenError::OtherKind { position, expected: "trust list" });
        };
        let trust = TrustStore::from_envelope(&envelope, Anchor::FirstUse)?;
        let mut roster = Roster::new(trust, envelope, position);
        for row in self.store.rows(&RowKeys::departments(), usize::MAX)? {
            let position = read_position(&row.value).map_err(StoreError::from)?;
            let Event::Department(department) = self.store.entry(position)?.event else {
                return Err(RegistryOpenError::OtherKind { position, expected: "department" });
            };
            match self.store.sharing() {
                Sharing::Alone => roster.enter((position, department), &self.tools)?,
                Sharing::Shared | Sharing::Replica => {
                    roster.enter_from_anywhere((position, department), &self.tools);
                }
            }
        }
        Ok(roster)
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
        for (position, entry) in &entries {
            access.take(*position, entry);
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
}
