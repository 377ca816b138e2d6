//! An installation on the golden keys: its trust list is the golden one, its ledger holds the golden licences.

use std::path::Path;
use std::sync::Arc;

use elicense::codec::KeyId;
use elicense::crypto::{Algorithm, DataKey, Digest, SigningKey, SystemRandom, create_secret_file};
use elicense::ledger::{
    CheckpointKey, Credential, CredentialState, Department, Entry, Event, IssuedLicence, Issuing, Order,
};
use elicense::licence::{Authority, CreditCode, TypeCode};
use elicense::pki::{Anchor, TrustStore};
use elicense::registry::{DepartmentPlan, Plan, Settings, make_installation};
use elicense::store::{Conditions, IndexPolicy, Store, StoreKeys, StorePlace};
use elicense::time::UnixTime;

use super::city::*;

/// Makes one in `dir`.
///
/// An installation makes its keys itself and takes none from elsewhere. So one is made whose departments only verify, and
/// then its ledger is written on, as an installation would have written it that had these keys.
pub(crate) fn make(dir: &Path) {
    make_with(dir, &golden("trust-list.cose"));
}

/// The same with another trust list of the golden keys.
pub(crate) fn make_with(dir: &Path, trust_list: &[u8]) {
    let trust = TrustStore::from_envelope(trust_list, Anchor::FirstUse).unwrap();
    let now = time("2025-01-15T12:00:00+08:00");
    make_installation(dir, &plan(), Arc::new(SystemRandom), now).unwrap();
    for code in [ES256, EDDSA] {
        let pem = department_key(code).to_pkcs8_pem();
        create_secret_file(&dir.join(format!("keys/department-{code}.pem")), pem.as_bytes()).unwrap();
    }
    // The golden trust list certifies the golden keys, not those that were just made.
    for name in ["receipt", "presentation", "pack", "status-list"] {
        let file = dir.join(format!("keys/{name}.pem"));
        std::fs::remove_file(&file).unwrap();
        create_secret_file(&file, key(name).to_pkcs8_pem().as_bytes()).unwrap();
    }
    let store = open(dir);
    for event in events(&trust, trust_list) {
        store.append_blocking(&Entry { at: now, event }, Conditions::default(), &SystemRandom).unwrap();
    }
    store.close().unwrap();
}

fn plan() -> Plan {
    let authority = |code: &str, name| Authority::new(code.parse().unwrap(), name).unwrap();
    let department = |code, name| DepartmentPlan::new(authority(code, name), Vec::new(), Algorithm::Es256);
    Plan {
        region: REGION.to_owned(),
        city: authority(CITY_CODE, CITY_NAME),
        area_code: Some(AREA_CODE.parse().unwrap()),
        public_url: PUBLIC_URL.to_owned(),
        departments: vec![
            department(ES256, ES256_NAME),
            department(EDDSA, EDDSA_NAME),
            department(VERIFIES_ONLY, VERIFIES_ONLY_NAME),
        ],
        checkpoint: None,
        keys: None,
    }
}

fn open(dir: &Path) -> Store {
    let settings = Settings::read(dir).unwrap();
    let places = settings.places(dir);
    let read = |name: &str| std::fs::read_to_string(places.keys.join(name)).unwrap();
    let data = Digest::from_hex(read("data.key").trim_end()).unwrap();
    let keys =
        StoreKeys { data: Arc::new(DataKey::from_bytes(*data.as_bytes())), random: Arc::new(SystemRandom) };
    let checkpoint = SigningKey::from_pkcs8_pem(&read("checkpoint.pem")).unwrap();
    let signer = CheckpointKey::new(&settings.origin, checkpoint).unwrap();
    let place = StorePlace::new(dir, places.checkpoint, "a test".to_owned(), IndexPolicy::CatchUp);
    Store::open(&place, &keys, signer).unwrap().0
}

fn events(trust: &TrustStore, trust_list: &[u8]) -> Vec<Event> {
    let issuing = |code: &str, name: &str| {
        let signer = department(trust, code);
        let types: Vec<TypeCode> = signer.scope().unwrap().type_codes.as_slice().to_vec();
        let (_, tag) = STATUS_TAGS.iter().find(|(own, _)| *own == code).unwrap();
        let key_id: KeyId = signer.key_id();
        Event::Department(Department {
            code: code.parse().unwrap(),
            name: name.to_owned(),
            types,
            issuing: Some(Issuing { key_id, status_tag: (*tag).to_owned() }),
            roles: None,
        })
    };
    let mut events = vec![
        issuing(ES256, ES256_NAME),
        issuing(EDDSA, EDDSA_NAME),
        Event::TrustList(trust_list.to_vec()),
        api_key(API_KEYS.es256, ES256, CredentialState::Made),
        api_key(API_KEYS.eddsa, EDDSA, CredentialState::Made),
        api_key(API_KEYS.verifies_only, VERIFIES_ONLY, CredentialState::Made),
        api_key(API_KEYS.withdrawn, ES256, CredentialState::Made),
        api_key(API_KEYS.withdrawn, ES256, CredentialState::Withdrawn),
    ];
    events.extend([("es256", ES256), ("eddsa", EDDSA)].map(|(name, code)| {
        Event::Licence(Box::new(IssuedLicence {
            full: golden(&format!("{name}-full.cose")),
            qr: golden(&format!("{name}-qr.cose")),
            idempotency_key: "golden".to_owned(),
            request: Digest::of(name.as_bytes()),
            order: Order { department: code.parse().unwrap(), asked_by: "local".to_owned() },
            replaces: None,
        }))
    }));
    events
}

fn api_key(text: &str, department: &str, state: CredentialState) -> Event {
    let (id, secret) = text.strip_prefix("elk_").unwrap().split_once('_').unwrap();
    let department: CreditCode = department.parse().unwrap();
    let id = u64::from_str_radix(id, 16).unwrap().to_be_bytes();
    let digest = Digest::of(secret.as_bytes());
    Event::Credential(Credential { id, digest, department, state, entitlement: None })
}

#[tokio::test]
async fn it_opens_and_the_golden_licences_are_in_it() {
    use elicense::registry::Registry;
    use elicense::verify::Status;
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    let (registry, _) =
        Registry::open(dir.path(), "a test".to_owned(), IndexPolicy::CatchUp, Arc::new(SystemRandom))
            .unwrap();
    let now: UnixTime = time(JUDGED);
    for name in ["es256", "eddsa"] {
        assert_eq!(
            registry.verify_text(&golden_text(&format!("{name}-qr.txt")), now).await.status,
            Status::Valid
        );
        assert_eq!(
            registry.verify_bytes(&golden(&format!("{name}-full.elic")), now).await.status,
            Status::Valid
        );
    }
    assert!(registry.authenticate(API_KEYS.es256, now).is_some());
    assert!(registry.authenticate(API_KEYS.withdrawn, now).is_none());
}
