//! Credentials against a real installation: what a key may, how one takes another's place, and departments of former times.

use std::sync::Arc;

use serde_json::json;

use super::super::tests::{City, now, runtime};
use super::super::{DepartmentPlan, Plan, make_installation};
use super::*;
use crate::access::Call;
use crate::crypto::{Algorithm, SystemRandom};
use crate::licence::{Authority, Catalogue, LicenceType};
use crate::store::IndexPolicy;

const ISSUER: &str = "11430000006122244L";

fn code() -> CreditCode {
    ISSUER.parse().unwrap()
}

fn new_key(registry: &Registry, body: &serde_json::Value) -> Result<NewKeyView, ActError> {
    let body = body.to_string();
    runtime().block_on(registry.new_key(&registry.machine(), code(), body.as_bytes(), now()))
}

fn rotate(registry: &Registry, id: &str, body: &serde_json::Value) -> Result<NewKeyView, ActError> {
    let body = body.to_string();
    runtime().block_on(registry.rotate_key(&registry.machine(), id, body.as_bytes(), now()))
}

#[test]
fn what_cannot_be_asked_for_is_refused_and_leaves_no_entry() {
    let city = City::new();
    let registry = city.open();
    let before = registry.store.entries().unwrap();
    for body in [
        json!({"roles": ["portal"]}),
        json!({"roles": ["Issuer"]}),
        json!({"roles": ["issuer", "issuer"]}),
        json!({"roles": []}),
        json!({"roles": "issuer"}),
        json!({"expires": "2026-11-24T10:00:00+08:00"}),
        json!({"expires": "2029-12-24T10:00:00+08:00"}),
        json!({"id": "0011223344556677"}),
        json!([]),
    ] {
        assert_eq!(new_key(&registry, &body).unwrap_err().code(), "credential_refused", "{body}");
    }
    let made = new_key(&registry, &json!({})).unwrap();
    for body in [json!({"overlap": 2_592_001}), json!({"overlap": -1}), json!({"seconds": 1})] {
        assert_eq!(rotate(&registry, &made.id, &body).unwrap_err().code(), "credential_refused", "{body}");
    }
    for id in ["", "elk_", "0123456789abcdef", &made.id.to_uppercase(), &made.api_key] {
        assert_eq!(rotate(&registry, id, &json!({})).unwrap_err().code(), "not_found", "{id}");
    }
    assert_eq!(registry.store.entries().unwrap(), before + 1);
}

#[test]
fn a_key_takes_anothers_place_and_both_are_good_for_a_while_also_after_a_restart() {
    let city = City::new();
    let registry = city.open();
    let old = new_key(&registry, &json!({"roles": ["officer"]})).unwrap();
    let new = rotate(&registry, &old.id, &json!({"overlap": 60})).unwrap();
    let rotated = new.rotated.clone().unwrap();
    assert_eq!((rotated.id.as_str(), rotated.expires), (old.id.as_str(), now().plus(60)));
    let check = |registry: &Registry| {
        let opens = |key: &NewKeyView, at| registry.authenticate(&key.api_key, at);
        let officer = [Role::Officer].into_iter().collect();
        assert_eq!(opens(&new, now().plus(59)).map(|caller| caller.roles()), Some(officer));
        assert_eq!(opens(&old, now().plus(59)).map(|caller| caller.roles()), Some(officer));
        assert_eq!(opens(&old, now().plus(60)), None);
        assert_eq!(opens(&new, new.expires), None);
    };
    check(&registry);
    registry.close().unwrap();
    let registry = city.open();
    check(&registry);
    runtime().block_on(registry.withdraw_credential(&registry.machine(), &new.id, now())).unwrap();
    assert_eq!(registry.authenticate(&new.api_key, now()), None, "at once");
    for id in [&new.id, "0123456789abcdef"] {
        let again = runtime().block_on(registry.withdraw_credential(&registry.machine(), id, now()));
        assert_eq!(again.unwrap_err().code(), "not_found");
    }
    assert_eq!(rotate(&registry, &new.id, &json!({})).unwrap_err().code(), "not_found");
}

/// Both are made one after the other, each a whole one: no key is left that nobody can end.
#[test]
fn of_two_rotations_at_once_the_second_finds_what_the_first_left() {
    let city = City::new();
    let registry = city.open();
    let old = new_key(&registry, &json!({})).unwrap();
    let machine = registry.machine();
    let both = runtime().block_on(async {
        let body = b"{\"overlap\": 0}";
        futures_util::future::join(
            registry.rotate_key(&machine, &old.id, body, now()),
            registry.rotate_key(&machine, &old.id, body, now()),
        )
        .await
    });
    let (done, refused) = match both {
        (Ok(done), Err(refused)) | (Err(refused), Ok(done)) => (done, refused),
        other => panic!("{}", if other.0.is_ok() { "both were done" } else { "none was" }),
    };
    assert_eq!(refused.code(), "not_found");
    assert!(registry.authenticate(&done.api_key, now()).is_some());
    assert_eq!(registry.authenticate(&old.api_key, now()), None);
}

#[test]
fn what_a_department_loses_its_keys_lose_with_it() {
    let city = City::new();
    let registry = city.open();
    let made = new_key(&registry, &json!({"roles": ["issuer", "officer"]})).unwrap();
    let body = br#"{"roles": ["officer", "portal"]}"#;
    runtime().block_on(registry.set_roles(&registry.machine(), code(), body, now())).unwrap();
    let check = |registry: &Registry| {
        let caller = registry.authenticate(&made.api_key, now()).unwrap();
        assert_eq!(caller.roles(), [Role::Officer].into_iter().collect());
    };
    check(&registry);
    registry.close().unwrap();
    check(&city.open());
}

/// Its roles are said for the first time; what it was allowed because nothing was ever said, it goes on doing.
#[test]
fn a_department_from_before_there_were_roles_keeps_its_grant_when_it_is_given_roles() {
    let dir = tempfile::tempdir().unwrap();
    let authority = |code: &str, name| Authority::new(code.parse().unwrap(), name).unwrap();
    let types = Catalogue::shipped().unwrap().iter().map(LicenceType::code).collect();
    let usual = DepartmentPlan::new(authority(ISSUER, "示范市市场监督管理局"), types, Algorithm::Es256);
    let of_former_times = DepartmentPlan { roles: None, grants: Vec::new(), ..usual };
    let city = authority("11110000000021135M", "示范市人民政府");
    let plan = Plan::new("示范市", city, "http://127.0.0.1:8080", vec![of_former_times]);
    let random = Arc::new(SystemRandom);
    make_installation(dir.path(), &plan, random.clone(), now()).unwrap();
    let open = || {
        let index = IndexPolicy::CatchUp;
        Registry::open(dir.path(), "a test".to_owned(), index, random.clone()).unwrap().0
    };
    let caller = Caller::by_key(code(), KeyName([1; 8]), Roles::all());
    let may_do_what_it_did = |registry: &Registry| {
        assert_eq!(registry.may_call(&caller, Call::Issue, now()).err().map(|error| error.code()), None);
        assert!(registry.may_call(&caller, Call::Lookup, now()).is_err(), "no more than before");
    };
    let registry = open();
    may_do_what_it_did(&registry);
    let body = br#"{"roles": ["issuer"]}"#;
    let view = runtime().block_on(registry.set_roles(&registry.machine(), code(), body, now())).unwrap();
    assert_eq!(view.grants.len(), 1);
    may_do_what_it_did(&registry);
    registry.close().unwrap();
    let registry = open();
    may_do_what_it_did(&registry);
    let view = runtime().block_on(registry.set_roles(&registry.machine(), code(), body, now())).unwrap();
    assert_eq!(view.grants.len(), 1, "it is written out once");
}
