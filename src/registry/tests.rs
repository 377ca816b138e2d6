//! The main path, in process: make, issue, verify, suspend, verify.

use std::sync::Arc;

use super::*;
use crate::crypto::{Algorithm, SystemRandom};
use crate::licence::{Authority, Catalogue};
use crate::store::IndexPolicy;
use crate::time::UnixTime;
use crate::verify::{Check, Code, Status, Verdict, Verifier};

pub(super) const SAMPLE: &[u8] = include_bytes!("../../fixtures/licences/business-licence-benchmark.json");

pub(super) fn now() -> UnixTime {
    "2026-11-24T10:00:00+08:00".parse().unwrap()
}

fn plan() -> Plan {
    let authority = |code: &str, name| Authority::new(code.parse().unwrap(), name).unwrap();
    let types = Catalogue::shipped().unwrap().iter().map(crate::licence::LicenceType::code).collect();
    let department = |code, name, types| DepartmentPlan::new(authority(code, name), types, Algorithm::Es256);
    Plan {
        region: "示范市".to_owned(),
        city: authority("11110000000021135M", "示范市人民政府"),
        area_code: None,
        public_url: "http://127.0.0.1:8080".to_owned(),
        departments: vec![
            department("11430000006122244L", "示范市市场监督管理局", types),
            department("11330105002500287C", "示范市政务服务中心", Vec::new()),
        ],
        checkpoint: None,
        keys: None,
    }
}

pub(super) struct City {
    pub(super) dir: tempfile::TempDir,
    made: Made,
}

impl City {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let made = make_installation(dir.path(), &plan(), Arc::new(SystemRandom), now()).unwrap();
        Self { dir, made }
    }

    pub(super) fn open(&self) -> Registry {
        let random = Arc::new(SystemRandom);
        Registry::open(self.dir.path(), "a test".to_owned(), IndexPolicy::CatchUp, random).unwrap().0
    }

    /// Where it lies.
    pub(super) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// The department that issues.
    pub(super) fn issuer(&self, registry: &Registry) -> Caller {
        registry.authenticate(&self.made.departments[0].api_key, now()).unwrap()
    }
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

fn with(key: &str, value: serde_json::Value) -> Vec<u8> {
    let mut request: serde_json::Value = serde_json::from_slice(SAMPLE).unwrap();
    request[key] = value;
    serde_json::to_vec(&request).unwrap()
}

fn assert_code(verdict: &Verdict, check: Check, code: Code) {
    assert_eq!(verdict.finding(check).unwrap().code, code, "{verdict:?}");
}

#[test]
fn issue_verify_suspend_verify_across_a_restart() {
    let city = City::new();
    let registry = city.open();
    let caller = registry.authenticate(&city.made.departments[0].api_key, now()).unwrap();
    let runtime = runtime();
    let issued = runtime.block_on(registry.issue(&caller, "order-1", SAMPLE, now())).unwrap();
    let replayed = runtime.block_on(registry.issue(&caller, "order-1", SAMPLE, now().plus(5))).unwrap();
    assert_eq!(issued, replayed);
    for text in [&issued.qr, &issued.envelope] {
        let verdict = runtime.block_on(registry.verify_text(text, now()));
        assert_eq!(verdict.status, Status::Valid, "{verdict:?}");
        assert_eq!(verdict.grade, 0);
        assert_eq!(verdict.reasons(), []);
    }
    let file = registry.file(&caller, &issued.identifier).unwrap();
    assert_eq!(runtime.block_on(registry.verify_bytes(&file, now())).status, Status::Valid);
    drop(registry);

    let registry = city.open();
    let body = br#"{"to": "suspended", "reason": "complaint under review"}"#;
    let view = runtime.block_on(registry.change_status(&caller, &issued.identifier, body, now())).unwrap();
    assert_eq!(view.status, "suspended");
    let verdict = runtime.block_on(registry.verify_text(&issued.qr, now()));
    assert_eq!(verdict.status, Status::Invalid);
    assert_code(&verdict, Check::Status, Code::Suspended);
    let again = runtime.block_on(registry.change_status(&caller, &issued.identifier, body, now()));
    assert_eq!(again.unwrap_err().code(), "transition_not_allowed");
    assert_eq!(
        runtime.block_on(registry.verify_text(&issued.qr, now().plus(-3_600))).status,
        Status::Invalid,
        "a clock set back"
    );
}

#[test]
fn a_number_is_given_once_and_passes_to_the_next_version() {
    let city = City::new();
    let registry = city.open();
    let caller = registry.authenticate(&city.made.departments[0].api_key, now()).unwrap();
    let runtime = runtime();
    let issue = |key: &str, body: &[u8]| runtime.block_on(registry.issue(&caller, key, body, now()));
    let first = issue("1", SAMPLE).unwrap();
    assert_eq!(issue("2", SAMPLE).unwrap_err().code(), "number_taken");
    assert_eq!(issue("1", &with("number", "X-2".into())).unwrap_err().code(), "idempotency_key_reused");
    let renewal = with("replaces", first.identifier.clone().into());
    let second = issue("3", &renewal).unwrap();
    assert_eq!(second.version, "002");
    assert_eq!(issue("4", &renewal).unwrap_err().code(), "not_replaceable");
    assert_code(&runtime.block_on(registry.verify_text(&first.qr, now())), Check::Status, Code::Replaced);
    assert_eq!(runtime.block_on(registry.verify_text(&second.qr, now())).status, Status::Valid);
    let view = registry.licence(&caller, &first.identifier, now()).unwrap();
    assert_eq!((view.status, view.replaced_by.as_deref()), ("replaced", Some(second.identifier.as_str())));
    let later = with("number", "X-3".into());
    let mut later: serde_json::Value = serde_json::from_slice(&later).unwrap();
    later["valid_from"] = "2027-01-01".into();
    later["replaces"] = second.identifier.clone().into();
    let third = issue("5", &serde_json::to_vec(&later).unwrap()).unwrap();
    assert_eq!(
        runtime.block_on(registry.verify_text(&second.qr, now())).status,
        Status::Valid,
        "until the new one begins"
    );
    assert_code(&runtime.block_on(registry.verify_text(&third.qr, now())), Check::Dates, Code::NotYetValid);
}

#[test]
fn another_department_sees_and_changes_nothing() {
    let city = City::new();
    let registry = city.open();
    let caller = registry.authenticate(&city.made.departments[0].api_key, now()).unwrap();
    let other = registry.authenticate(&city.made.departments[1].api_key, now()).unwrap();
    let runtime = runtime();
    let issued = runtime.block_on(registry.issue(&caller, "1", SAMPLE, now())).unwrap();
    let body = br#"{"to": "revoked", "reason": "mine"}"#;
    for identifier in [issued.identifier.as_str(), "1.2.3", ""] {
        assert_eq!(registry.licence(&other, identifier, now()).unwrap_err().code(), "not_found");
        let changed = runtime.block_on(registry.change_status(&other, identifier, body, now()));
        assert_eq!(changed.unwrap_err().code(), "not_found");
    }
    let refused = runtime.block_on(registry.issue(&other, "1", SAMPLE, now()));
    assert_eq!(refused.unwrap_err().code(), "not_granted");
}

#[test]
fn nothing_personal_lies_open_on_the_disk() {
    let city = City::new();
    let registry = city.open();
    let caller = registry.authenticate(&city.made.departments[0].api_key, now()).unwrap();
    runtime().block_on(registry.issue(&caller, "order-1", SAMPLE, now())).unwrap();
    registry.close().unwrap();
    let mut files = 0;
    let mut folders = vec![city.dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            for secret in ["云岭青禾", "91999999XX00010111", "林晓禾", "青禾路18号"] {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret} stands in {}", path.display());
            }
        }
    }
    assert!(files > 10);
}

#[test]
fn an_sd_jwt_follows_its_licence() {
    let city = City::new();
    let registry = city.open();
    let caller = city.issuer(&registry);
    let runtime = runtime();
    let issued = runtime.block_on(registry.issue(&caller, "1", SAMPLE, now())).unwrap();
    let make =
        |body: &[u8]| runtime.block_on(registry.issue_sd_jwt(&caller, &issued.identifier, body, now()));
    let made = make(b"{}").unwrap();
    assert_ne!(make(b"{}").unwrap(), made, "another one each time");
    let verdict = runtime.block_on(registry.verify_text(&made.sd_jwt, now()));
    assert_eq!((verdict.status, verdict.grade, verdict.findings.len()), (Status::Valid, 0, 8), "{verdict:?}");
    assert_code(&verdict, Check::Holder, Code::HolderNotBound);
    assert_eq!(verdict.sd_jwt.unwrap().disclosed["identifier"], issued.identifier.as_str());
    for (body, code) in [
        (&b"{"[..], "not_json"),
        (b"{\"holder\": 1}", "sd_jwt_request_refused"),
        (b"{\"holder_key\": {\"kty\": \"RSA\"}}", "holder_key_refused"),
    ] {
        assert_eq!(make(body).unwrap_err().code(), code);
    }
    let change = |to: &str| {
        let body = format!("{{\"to\": \"{to}\", \"reason\": \"a test\"}}");
        runtime
            .block_on(registry.change_status(&caller, &issued.identifier, body.as_bytes(), now()))
            .unwrap();
    };
    change("suspended");
    let verdict = runtime.block_on(registry.verify_text(&made.sd_jwt, now()));
    assert_eq!(verdict.status, Status::Invalid);
    assert_code(&verdict, Check::Status, Code::Suspended);
    assert!(make(b"{}").is_ok(), "suspended is not ended");
    change("revoked");
    assert_code(&runtime.block_on(registry.verify_text(&made.sd_jwt, now())), Check::Status, Code::Revoked);
    assert_eq!(make(b"{}").unwrap_err().code(), "licence_ended");
    drop(registry);

    let registry = city.open();
    let verdict = runtime.block_on(registry.verify_text(&made.sd_jwt, now()));
    assert_code(&verdict, Check::Status, Code::Revoked);
    assert_code(&verdict, Check::Ledger, Code::Ok);
    registry.close().unwrap();
    let report =
        check_store(city.dir.path(), &IndexPolicy::CatchUp.into(), "a test", Arc::new(SystemRandom)).unwrap();
    assert_eq!(report.kinds["SD-JWT VC issued"], 3);
    assert!(matches!(report.index, IndexReport::Compared(_)), "{:?}", report.index);
}

#[test]
fn an_sd_jwt_under_the_right_key_that_the_ledger_does_not_have_is_refused() {
    let (city, other) = (City::new(), City::new());
    let registry = city.open();
    let caller = city.issuer(&registry);
    let runtime = runtime();
    let issued = runtime.block_on(registry.issue(&caller, "1", SAMPLE, now())).unwrap();
    let made = runtime.block_on(registry.issue_sd_jwt(&caller, &issued.identifier, b"{}", now())).unwrap();
    let nowhere = other.open();
    let trust = registry.trust();
    let stranger = Verifier::new(&trust).with_records(&nowhere.store);
    let verdict = stranger.verify_text(&made.sd_jwt, now());
    assert_eq!(verdict.status, Status::Invalid);
    assert_code(&verdict, Check::Ledger, Code::NotInLedger);
    assert_eq!(verdict.sd_jwt, None);
    let alone = Verifier::new(&trust).verify_text(&made.sd_jwt, now());
    assert_eq!(alone.status, Status::Indeterminate);
    assert!(alone.sd_jwt.is_some());
}

/// Two who judged the same history: the second to append finds the first one's change, and is told whose it was.
#[test]
fn who_comes_second_to_the_same_history_is_told_who_came_first() {
    use super::status::Asked;
    use crate::licence::State;

    let city = City::new();
    let registry = city.open();
    let caller = registry.authenticate(&city.made.departments[0].api_key, now()).unwrap();
    let machine = Caller::local(caller.department());
    let runtime = runtime();
    let issued = runtime.block_on(registry.issue(&caller, "order-1", SAMPLE, now())).unwrap();
    let identifier = issued.identifier.parse().unwrap();
    let seen = registry.store.events(&identifier).unwrap();
    let put = |who: &Caller, to, at: UnixTime| {
        let asked = Asked::new(to, "试验", None).unwrap();
        runtime.block_on(registry.put_into(who, (&identifier, &seen), &asked, at))
    };
    put(&machine, State::Withheld, now()).unwrap();
    for (to, code) in [
        (State::ReportedLost, "raced"),
        (State::Revoked, "raced"),
        (State::Withheld, "transition_not_allowed"),
        (State::TransferredOut, "transition_not_allowed"),
    ] {
        let error = put(&caller, to, now().plus(9)).unwrap_err();
        assert_eq!(error.code(), code, "{to}");
        let first = error.came_first().unwrap();
        assert_eq!((first.asked_by.as_str(), first.to, first.at), ("local", "withheld", now()));
        assert!(error.to_string().contains("an administrator on the machine"), "{error}");
    }
    let view = registry.licence(&caller, &issued.identifier, now()).unwrap();
    assert_eq!(view.history.len(), 2, "the first one's change stands and no other");
}
