//! Two nodes over one ledger: what one enters the other goes by, and what both do at the same moment is done once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::caller::KeyName;
use super::key_files::{KeyFiles, name};
use super::tests::{City, SAMPLE, now, runtime};
use super::*;
use crate::access::Roles;
use crate::crypto::{Algorithm, SystemRandom};
use crate::ledger::{CheckpointKey, Entry, Event};
use crate::licence::{Authority, CreditCode};
use crate::pack::Pack;
use crate::pki::Anchor;
use crate::status::StatusListForm;
use crate::store::{
    Conditions, Direction, Engine, EngineError, Group, KeyRange, MemoryEngine, Next, Row, RowKeys, Salt,
    SealedIndex, Sharing, Store, StoreKeys, StoredEntry, Witness,
};
use crate::time::UnixTime;
use crate::verify::{Status, accept_status_list};

const ISSUER: &str = "11430000006122244L";
const NEW: &str = "11999900MB0000553B";

/// An engine in memory that nodes share: whoever comes second to a turn is behind.
struct SharedMemory(MemoryEngine);

impl Engine for SharedMemory {
    fn sharing(&self) -> Sharing {
        Sharing::Shared
    }

    fn next(&self) -> Result<Next, EngineError> {
        self.0.next()
    }

    fn append(&self, group: &Group) -> Result<(), EngineError> {
        self.0.append(group)
    }

    fn use_salt(&self, salt: Salt) -> Result<(), EngineError> {
        self.0.use_salt(salt)
    }

    fn read(&self, position: u64) -> Result<Option<StoredEntry>, EngineError> {
        self.0.read(position)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.0.get(key)
    }

    fn scan(&self, range: &KeyRange, direction: Direction, limit: usize) -> Result<Vec<Row>, EngineError> {
        self.0.scan(range, direction, limit)
    }
}

/// A city whose ledger nodes share.
struct Cluster {
    city: City,
    engine: Arc<dyn Engine>,
    dirs: TempDir,
}

/// One of them, with keys of its own.
struct Node {
    dir: PathBuf,
    registry: Registry,
}

impl Cluster {
    fn new() -> Self {
        let city = City::new();
        let registry = city.open();
        let random = Arc::new(SystemRandom);
        let data = registry.keys.read_data_key().unwrap();
        let (index, rows) = (SealedIndex::new(&data, random), RowKeys::new(&data));
        let engine = SharedMemory(MemoryEngine::new([7; 32]));
        for stored in registry.store.entries_from(0, usize::MAX).unwrap() {
            let entry = registry.store.opened(&stored).unwrap();
            let rows = index.seal(rows.rows_of(stored.position, &entry).unwrap()).unwrap();
            engine.use_salt(stored.salt).unwrap();
            engine.append(&Group::new(engine.next().unwrap(), vec![stored.entry], rows)).unwrap();
        }
        registry.close().unwrap();
        Self { city, engine: Arc::new(engine), dirs: tempfile::tempdir().unwrap() }
    }

    /// A node whose keys are a copy of the city's as they were when it was made.
    fn node(&self) -> Node {
        let dir = self.dirs.path().join(std::fs::read_dir(self.dirs.path()).unwrap().count().to_string());
        std::fs::create_dir_all(dir.join("keys")).unwrap();
        copy_keys(self.city.dir(), &dir);
        let registry = self.open(&dir);
        Node { dir, registry }
    }

    fn open(&self, dir: &Path) -> Registry {
        let settings = Settings::read(self.city.dir()).unwrap();
        let (keys, random) = (KeyFiles::at(&dir.join("keys")), Arc::new(SystemRandom));
        let store_keys = StoreKeys { data: Arc::new(keys.read_data_key().unwrap()), random: random.clone() };
        let signer = CheckpointKey::new(&settings.origin, keys.read(name::CHECKPOINT).unwrap()).unwrap();
        let ledger_key = signer.verifier_key().to_string();
        let every = Duration::from_millis(100);
        let witness = Witness { key: signer, path: dir.join("checkpoint"), every };
        let store = Store::start(Arc::clone(&self.engine), &store_keys, witness).unwrap();
        Registry::over(store, settings, keys, ledger_key, random).unwrap()
    }
}

fn copy_keys(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from.join("keys")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join("keys").join(file.file_name())).unwrap();
    }
}

fn fresh(registry: &Registry) {
    runtime().block_on(registry.store.fresh()).unwrap();
}

fn code(text: &str) -> CreditCode {
    text.parse().unwrap()
}

fn draft(number: &str) -> Vec<u8> {
    let mut draft: Value = serde_json::from_slice(SAMPLE).unwrap();
    draft["number"] = number.into();
    draft.to_string().into_bytes()
}

fn issue(registry: &Registry, caller: &Caller, number: &str) -> Result<IssuedView, ActError> {
    runtime().block_on(registry.issue(caller, number, &draft(number), now()))
}

fn give(registry: &Registry, caller: &Caller, body: &Value) -> GrantView {
    runtime().block_on(registry.give_grant(caller, body.to_string().as_bytes(), now())).unwrap()
}

/// Withdraws what was granted to the issuer when the city was made.
fn withdraw_all(registry: &Registry) {
    for one in registry.grants(Some(&code(ISSUER))) {
        let id = one.id.to_string();
        runtime().block_on(registry.withdraw_grant(&registry.machine(), &id, now())).unwrap();
    }
}

/// Does something on both nodes at the same moment.
fn at_once<T: Send>(nodes: [&Registry; 2], act: impl Fn(&Registry) -> T + Sync) -> [T; 2] {
    let barrier = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        let both = nodes.map(|node| {
            scope.spawn(|| {
                barrier.wait();
                act(node)
            })
        });
        both.map(|one| one.join().unwrap())
    })
}

fn codes<T>(answers: &[Result<T, ActError>]) -> Vec<&'static str> {
    let mut codes: Vec<_> =
        answers.iter().map(|answer| answer.as_ref().map_or_else(ActError::code, |_| "done")).collect();
    codes.sort_unstable();
    codes
}

#[test]
fn a_department_added_on_one_node_is_known_on_the_other_and_issues_there_once_its_key_is_there() {
    let cluster = Cluster::new();
    let (node, adding) = (cluster.node(), cluster.node());
    let old = node.registry.roster();
    let authority = Authority::new(code(NEW), "数据局").unwrap();
    let types = vec!["11100000MB0143028R001".parse().unwrap()];
    let plan = DepartmentPlan::new(authority, types, Algorithm::EdDsa);
    let Node { dir: adding_dir, registry } = adding;
    let made = registry.add_department(&plan, now()).unwrap();

    assert!(node.registry.acting(NEW).is_none());
    fresh(&node.registry);
    let caller = node.registry.acting(NEW).unwrap();
    assert_eq!(node.registry.authenticate(&made.api_key, now()).unwrap().department(), code(NEW));
    assert_eq!((old.trust.version(), node.registry.trust().version()), (1, 2));
    assert_eq!(node.registry.trust_list(), node.registry.roster().trust_list);
    assert_eq!(node.registry.departments_without_key(), [code(NEW)]);
    let refused = issue(&node.registry, &caller, "N-1").unwrap_err();
    assert_eq!((refused.code(), refused.kind()), ("key_not_here", ErrorKind::Unavailable));
    assert!(refused.to_string().contains(&format!("keys/department-{NEW}.pem")), "{refused}");
    runtime().block_on(node.registry.readiness()).unwrap();
    let own = node.registry.acting(ISSUER).unwrap();
    assert!(issue(&node.registry, &own, "N-1").is_ok(), "the others go on");
    let uri = node.registry.trust().authority(&code(NEW)).unwrap().status_uri.clone() + "0";
    assert!(node.registry.status_list_uris(now()).unwrap().contains(&uri));

    // Where it was added it issues, and what it issues is good here.
    let other = cluster.open(&adding_dir);
    assert_eq!(other.departments_without_key(), []);
    let issued = issue(&other, &other.acting(NEW).unwrap(), "N-1").unwrap();
    fresh(&node.registry);
    let verdict = runtime().block_on(node.registry.verify_text(&issued.qr, now()));
    assert_eq!(verdict.status, Status::Valid, "{verdict:?}");

    // A node that is restarted without the key opens; with the key it issues.
    let Node { dir, registry } = node;
    registry.close().unwrap();
    let again = cluster.open(&dir);
    assert_eq!(again.departments_without_key(), [code(NEW)]);
    again.close().unwrap();
    copy_keys(&adding_dir, &dir);
    let again = cluster.open(&dir);
    assert_eq!(again.departments_without_key(), []);
    assert!(issue(&again, &again.acting(NEW).unwrap(), "N-2").is_ok());
}

#[test]
fn departments_added_on_two_nodes_at_the_same_moment_are_both_in_the_trust_list() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.node().registry, cluster.node().registry);
    let add = |registry: Registry, at: &str, name| {
        let authority = Authority::new(code(at), name).unwrap();
        let types = vec!["11100000MB0143028R001".parse().unwrap()];
        registry.add_department(&DepartmentPlan::new(authority, types, Algorithm::EdDsa), now()).unwrap()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| add(one, NEW, "数据局"));
        scope.spawn(|| add(other, "11100000000013338W", "教育局"));
    });
    let registry = cluster.node().registry;
    assert_eq!(registry.trust().version(), 3);
    for added in [NEW, "11100000000013338W"] {
        assert!(registry.trust().authority(&code(added)).is_some(), "{added}");
        assert!(registry.acting(added).is_some(), "{added}");
    }
    assert_eq!(registry.departments_without_key().len(), 2);
}

/// What no node of this program enters: the list of another root, or one that was in force before.
#[test]
fn a_trust_list_that_is_not_believed_changes_nothing_but_that_the_node_is_not_ready() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.node().registry, cluster.node().registry);
    let stranger = City::new().open();
    let version = one.trust().version();
    let entry = Entry { at: now(), event: Event::TrustList(stranger.trust_list().to_vec()) };
    one.store.append_blocking(&entry, Conditions::default(), &SystemRandom).unwrap();
    for node in [&one, &other] {
        fresh(node);
        let ready = runtime().block_on(node.readiness());
        assert!(matches!(ready, Err(NotReady::TrustList(_))), "{ready:?}");
        assert_eq!(node.trust().version(), version);
        assert_ne!(node.trust_list(), stranger.trust_list());
        assert!(
            issue(node, &node.acting(ISSUER).unwrap(), &node.store.entries().unwrap().to_string()).is_ok()
        );
    }
}

#[test]
fn status_lists_say_what_another_node_did() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.node().registry, cluster.node().registry);
    let caller = one.acting(ISSUER).unwrap();
    let before = other.list_snapshots(now()).unwrap().remove(0);
    let issued = issue(&one, &caller, "N-1").unwrap();
    let change = |registry: &Registry, to: &str| {
        let body = json!({"to": to, "reason": "a test"}).to_string();
        let changed = registry.change_status(&caller, &issued.identifier, body.as_bytes(), now());
        runtime().block_on(changed).unwrap();
    };
    for (to, expected) in [("suspended", 2), ("valid", 0), ("revoked", 1)] {
        change(&one, to);
        fresh(&other);
        let lists = [&one, &other].map(|node| node.list_snapshots(now()).unwrap().remove(0));
        assert_eq!((&lists[0].uri, lists[0].version), (&lists[1].uri, lists[1].version));
        assert_eq!(lists[0].bits.as_bytes(), lists[1].bits.as_bytes());
        let changed = other.changed_since(&before.uri, before.version, now(), now()).unwrap().unwrap();
        assert_eq!(changed.len(), 1);
        assert_eq!(lists[1].bits.get(changed[0]), Some(expected), "{to}");
    }
}

/// Whoever asks one node after the other is never told what is older than what he has.
#[test]
fn lists_and_packs_of_two_nodes_never_go_back() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.node().registry, cluster.node().registry);
    let caller = one.acting(ISSUER).unwrap();
    let issued = issue(&one, &caller, "N-1").unwrap();
    let uri = one.status_list_uris(now()).unwrap().remove(0);
    let id = uri.rsplit('/').next().unwrap();
    let (tick, mut seen, mut pack) = (Instant::now(), None, None::<Pack>);
    let mut ask = |node: &Registry, seconds: u32| {
        fresh(node);
        let (at, tick) = (now().plus(seconds.into()), tick + Duration::from_secs(seconds.into()));
        let published = node.status_list(id, at, tick).unwrap().unwrap();
        let bytes = &published.form(StatusListForm::Cwt).bytes;
        let accepted = accept_status_list(&node.trust(), &uri, bytes, seen, at).unwrap();
        seen = Some(accepted.list.seen());
        let bytes = node.pack(&PackRequest::default(), at).unwrap().bytes;
        let newer = match &pack {
            Some(pack) => pack.update(&bytes).unwrap(),
            None => Pack::open(&bytes, Anchor::FirstUse).unwrap(),
        };
        assert!(newer.seen().issued_at <= at);
        pack = Some(newer);
        accepted.list.bits.as_bytes().to_vec()
    };
    for (seconds, to) in [(5, "suspended"), (70, "valid"), (3_700, "suspended"), (3_730, "valid")] {
        let before = ask(&other, seconds);
        for later in [1, 9] {
            assert_eq!(ask(&one, seconds + later), before);
            assert_eq!(ask(&other, seconds + later), before);
        }
        let body = json!({"to": to, "reason": "a test"}).to_string();
        let at = now().plus(i64::from(seconds) + 10);
        let change = one.change_status(&caller, &issued.identifier, body.as_bytes(), at);
        runtime().block_on(change).unwrap();
        let after = ask(&one, seconds + 11);
        assert_ne!(after, before);
        assert_eq!(ask(&other, seconds + 11), after);
    }
}

/// ADVERSARY #56 on two nodes: 64 calls at the same moment, of which a ceiling of 20 lets pass exactly 20.
#[test]
fn calls_on_two_nodes_side_by_side_cannot_pass_a_ceiling() {
    let cluster = Cluster::new();
    let nodes = [cluster.node().registry, cluster.node().registry];
    withdraw_all(&nodes[0]);
    let ceiling = json!({"department": ISSUER, "calls": ["issue", "status"], "types": "*", "daily": 20});
    give(&nodes[0], &nodes[0].machine(), &ceiling);
    fresh(&nodes[1]);
    let barrier = std::sync::Barrier::new(64);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..64_usize)
            .map(|client| {
                let (node, barrier, city) = (&nodes[client % 2], &barrier, &cluster.city);
                scope.spawn(move || {
                    let caller = city.issuer(node);
                    barrier.wait();
                    issue(node, &caller, &format!("N-{client}"))
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let codes = codes(&answers);
    assert_eq!(codes.iter().filter(|code| **code == "done").count(), 20, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == "ceiling_reached").count(), 44, "{codes:?}");
    let store = &nodes[0].store;
    let issued = (0..store.entries().unwrap())
        .filter(|position| matches!(store.entry(*position).unwrap().event, Event::Licence(_)));
    assert_eq!(issued.count(), 20);
    for node in &nodes {
        fresh(node);
        let refused = issue(node, &cluster.city.issuer(node), "N-64").unwrap_err();
        assert_eq!(refused.code(), "ceiling_reached");
        assert!(refused.seconds_to_wait().is_some());
    }
    for node in &nodes {
        fresh(node);
        let tomorrow = now().plus(86_400);
        let caller = cluster.city.issuer(node);
        let number = format!("T-{}", node.store.entries().unwrap());
        let next = runtime().block_on(node.issue(&caller, &number, &draft(&number), tomorrow));
        assert!(next.is_ok(), "{next:?}");
    }
}

/// A node that has never had a ceiling is given one by another, after acts of its own and of others.
#[test]
fn a_ceiling_from_another_node_counts_what_was_done_before() {
    let cluster = Cluster::new();
    let early = cluster.node().registry;
    withdraw_all(&early);
    let without = json!({"department": ISSUER, "calls": ["issue"], "types": "*"});
    let unlimited = give(&early, &early.machine(), &without);
    assert!(issue(&early, &cluster.city.issuer(&early), "N-1").is_ok());
    let late = cluster.node().registry;
    assert!(issue(&early, &cluster.city.issuer(&early), "N-2").is_ok());
    assert!(issue(&late, &cluster.city.issuer(&late), "N-3").is_ok());
    fresh(&early);
    let ceiling = json!({"department": ISSUER, "calls": ["issue"], "types": "*", "daily": 4});
    give(&early, &early.machine(), &ceiling);
    runtime().block_on(early.withdraw_grant(&early.machine(), &unlimited.id.to_string(), now())).unwrap();
    fresh(&late);
    assert!(issue(&late, &cluster.city.issuer(&late), "N-4").is_ok());
    for node in [&early, &late] {
        fresh(node);
        let refused = issue(node, &cluster.city.issuer(node), "N-5").unwrap_err();
        assert_eq!(refused.code(), "ceiling_reached");
    }
}

#[test]
fn a_grant_that_two_nodes_change_at_the_same_moment_is_changed_once() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.node().registry, cluster.node().registry);
    let body = json!({"department": ISSUER, "calls": ["issue"], "types": "*", "daily": 3});
    let proposer = Caller::by_key(code(ISSUER), KeyName([1; 8]), Roles::all());
    for _ in 0..8 {
        let id = give(&one, &proposer, &body).id.to_string();
        fresh(&other);
        let confirm = |node: &Registry| runtime().block_on(node.confirm_grant(&node.machine(), &id, now()));
        assert_eq!(codes(&at_once([&one, &other], confirm)), ["done", "grant_not_in_that_state"]);
        let withdraw = |node: &Registry| {
            fresh(node);
            runtime().block_on(node.withdraw_grant(&node.machine(), &id, now()))
        };
        assert_eq!(codes(&at_once([&one, &other], withdraw)), ["done", "grant_not_in_that_state"]);
    }
    fresh(&one);
    fresh(&other);
    assert_eq!(one.grants(None), other.grants(None));
}

#[test]
fn a_key_that_two_nodes_change_at_the_same_moment_is_changed_once() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.node().registry, cluster.node().registry);
    let key = |registry: &Registry| {
        runtime().block_on(registry.new_key(&registry.machine(), code(ISSUER), b"{}", now())).unwrap()
    };
    let good = |registry: &Registry| {
        let all = registry.access_of_departments(now());
        let own = all.into_iter().find(|one| one.code == code(ISSUER)).unwrap();
        own.credentials.into_iter().filter(|one| one.state == "good").map(|one| one.id).collect::<Vec<_>>()
    };
    let before = good(&one).len();
    for round in 1..=8 {
        let made = key(&one);
        fresh(&other);
        let body = br#"{"overlap": 0}"#;
        let rotate =
            |node: &Registry| runtime().block_on(node.rotate_key(&node.machine(), &made.id, body, now()));
        let answers = at_once([&one, &other], rotate);
        assert_eq!(codes(&answers), ["done", "not_found"]);
        let told = answers.into_iter().flatten().next().unwrap().id;
        fresh(&one);
        fresh(&other);
        assert_eq!(good(&one), good(&other));
        let withdraw =
            |node: &Registry| runtime().block_on(node.withdraw_credential(&node.machine(), &told, now()));
        assert_eq!(codes(&at_once([&one, &other], withdraw)), ["done", "not_found"]);
        fresh(&one);
        assert_eq!(good(&one).len(), before, "round {round}: a key that nobody was told of is good");
    }
}

#[test]
fn a_consent_that_two_nodes_withdraw_at_the_same_moment_is_withdrawn_once() {
    let cluster = Cluster::new();
    let (one, other) = (cluster.node().registry, cluster.node().registry);
    let holder = json!({"code": "11010519491231002X", "code_type": "111"});
    let to: UnixTime = now().plus(3_600);
    let body = json!({"holder": holder, "department": ISSUER, "to": to}).to_string();
    let named = json!({"holder": holder, "department": ISSUER}).to_string();
    let given = runtime().block_on(one.give_consent(&one.machine(), body.as_bytes(), now())).unwrap();
    fresh(&other);
    let id = given.id.to_string();
    let withdraw = |node: &Registry| {
        runtime().block_on(node.withdraw_consent(&node.machine(), &id, named.as_bytes(), now()))
    };
    assert_eq!(codes(&at_once([&one, &other], withdraw)), ["consent_unknown", "done"]);
}
