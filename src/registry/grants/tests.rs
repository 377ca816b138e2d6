//! Grants against a real installation: what is refused and where, four eyes, and ceilings across a restart.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::check::{IndexReport, check_store};
use super::super::tests::{City, SAMPLE, now, runtime};
use super::*;
use crate::access::Roles;
use crate::crypto::{Digest, SystemRandom};
use crate::ledger::{Credential, CredentialForm, CredentialState, Entitlement, Entry};
use crate::store::{Conditions, IndexPolicy};

const ISSUER: &str = "11430000006122244L";
const OTHER: &str = "11330105002500287C";
const TYPE: &str = "11100000MB0143028R001";

fn code(text: &str) -> CreditCode {
    text.parse().unwrap()
}

/// An administrator of the city's other department, by a key with this id.
fn administrator(id: u8) -> Caller {
    Caller::by_key(code(OTHER), KeyName([id; 8]), Roles::all())
}

fn grant() -> Value {
    json!({"department": ISSUER, "calls": ["issue", "status"], "types": "*", "daily": 3})
}

fn give(registry: &Registry, caller: &Caller, body: &Value) -> Result<GrantView, ActError> {
    runtime().block_on(registry.give_grant(caller, body.to_string().as_bytes(), now()))
}

/// Enters a key that `maker` had made.
fn enter_key(registry: &Registry, id: u8, maker: &str) {
    let credential = Credential {
        id: [id; 8],
        digest: Digest::of(&[id]),
        department: code(OTHER),
        state: CredentialState::Made,
        entitlement: Some(Entitlement {
            roles: Roles::all(),
            expires: now().plus(1_000_000),
            form: CredentialForm::Key,
            order: Order { department: code(OTHER), asked_by: maker.to_owned() },
        }),
    };
    let entry = Entry { at: now(), event: Event::Credential(credential) };
    registry.store.append_blocking(&entry, Conditions::default(), &*registry.random).unwrap();
}

/// Withdraws what was granted to the issuer when the city was made.
fn withdraw_all(registry: &Registry) {
    for one in registry.grants(Some(&code(ISSUER))) {
        let id = one.id.to_string();
        runtime().block_on(registry.withdraw_grant(&registry.machine(), &id, now())).unwrap();
    }
}

fn key_id(id: u8) -> String {
    KeyName([id; 8]).to_string()
}

fn issue(registry: &Registry, caller: &Caller, key: &str, at: UnixTime) -> Result<(), ActError> {
    let mut draft: Value = serde_json::from_slice(SAMPLE).unwrap();
    draft["number"] = json!(format!("N-{key}"));
    let body = draft.to_string();
    runtime().block_on(registry.issue(caller, key, body.as_bytes(), at)).map(drop)
}

#[test]
fn everything_that_is_wrong_is_said_with_its_place() {
    let city = City::new();
    let registry = city.open();
    let wrong = |pointer: &str, value: Value| {
        let mut body = json!({
            "department": ISSUER, "calls": ["lookup"], "types": [{"type": TYPE, "fields": ["scope"]}],
            "addresses": ["10.0.0.0/8"], "from": "2026-11-01", "to": "2026-11-30", "daily": 5, "basis": "duty",
        });
        *body.pointer_mut(pointer).unwrap() = value;
        let error = give(&registry, &administrator(1), &body).unwrap_err();
        assert_eq!(error.code(), "grant_refused", "{error}");
        error.problems().into_iter().map(|one| (one.path, one.code)).collect::<Vec<_>>()
    };
    for (pointer, value, place, code) in [
        ("/department", json!("11"), "/department", "credit_code"),
        ("/department", json!("11999900MB0000553B"), "/department", "department_unknown"),
        ("/calls", json!([]), "/calls", "empty"),
        ("/calls", json!(["lookup", "lookup"]), "/calls/1", "twice"),
        ("/calls", json!("lookup"), "/calls", "json_type"),
        ("/types", json!([]), "/types", "empty"),
        ("/types", json!("all"), "/types", "json_type"),
        ("/types/0/type", json!("11100000MB0143028R999"), "/types/0/type", "type_unknown"),
        ("/types/0/fields", json!(["scope", "password"]), "/types/0/fields/1", "field_unknown"),
        ("/types/0/fields", json!(["scope", "scope"]), "/types/0/fields/1", "twice"),
        ("/addresses/0", json!("10.0.0.1/8"), "/addresses/0", "network"),
        ("/addresses/0", json!("10.0.0.0/33"), "/addresses/0", "network"),
        ("/from", json!("2026-11-31"), "/from", "date"),
        ("/to", json!("2026-10-31"), "/to", "ends_before_it_begins"),
        ("/daily", json!(-1), "/daily", "number"),
        ("/daily", json!(1.5), "/daily", "number"),
        ("/daily", json!("5"), "/daily", "number"),
        ("/daily", json!(4_294_967_296_u64), "/daily", "number"),
        ("/basis", json!("whim"), "/basis", "basis"),
    ] {
        assert_eq!(wrong(pointer, value.clone()), [(place.to_owned(), code)], "{pointer} {value}");
    }
    let many = json!({"department": ISSUER, "calls": ["read"], "state": "in_force",
        "types": [{"type": TYPE, "fields": "*", "why": 1}, {"type": TYPE, "fields": []}]});
    let problems = give(&registry, &administrator(1), &many).unwrap_err().problems();
    let places: Vec<_> = problems.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(places, ["/calls/0", "/types/0/why", "/types/1/type", "/state"]);
    assert!(registry.grants(None).iter().all(|one| one.given_by.asked_by == LOCAL), "nothing was given");
}

#[test]
fn what_is_no_object_with_each_key_once_cannot_be_read() {
    let registry = City::new().open();
    for (body, code) in
        [("", "not_json"), ("[]", "not_an_object"), (r#"{"daily": 1, "daily": 2}"#, "duplicate_key")]
    {
        let refused = runtime().block_on(registry.give_grant(&administrator(1), body.as_bytes(), now()));
        assert_eq!(refused.unwrap_err().code(), code);
    }
}

#[test]
fn four_eyes_stand_before_a_new_issuer_and_one_pair_on_the_machine() {
    let city = City::new();
    let registry = city.open();
    enter_key(&registry, 1, LOCAL);
    enter_key(&registry, 2, LOCAL);
    let mut no_ceiling = grant();
    no_ceiling.as_object_mut().unwrap().remove("daily");
    let refused = give(&registry, &administrator(1), &no_ceiling).unwrap_err();
    assert_eq!(refused.problems()[0].path, "/daily");
    assert_eq!(give(&registry, &registry.machine(), &no_ceiling).unwrap().state, "in_force");
    let lookups = json!({"department": OTHER, "calls": ["lookup"], "types": "*"});
    assert_eq!(give(&registry, &administrator(1), &lookups).unwrap().state, "in_force");

    let proposed = give(&registry, &administrator(1), &grant()).unwrap();
    assert_eq!((proposed.state, proposed.proposed_by.clone()), ("proposed", None));
    let id = proposed.id.to_string();
    let confirm = |who: u8| runtime().block_on(registry.confirm_grant(&administrator(who), &id, now()));
    assert_eq!(confirm(1).unwrap_err().code(), "same_administrator");
    let confirmed = confirm(2).unwrap();
    assert_eq!((confirmed.state, &confirmed.proposed_by), ("in_force", &Some(proposed.given_by)));
    assert_eq!(confirmed.given_by.asked_by, key_id(2));
    assert_eq!(confirm(2).unwrap_err().code(), "grant_not_in_that_state");
    let withdraw = || runtime().block_on(registry.withdraw_grant(&administrator(1), &id, now()));
    assert_eq!(withdraw().unwrap().state, "withdrawn");
    assert_eq!(withdraw().unwrap_err().code(), "grant_not_in_that_state");
    assert_eq!(confirm(2).unwrap_err().code(), "grant_not_in_that_state");
    for unknown in ["0123456789abcdef", "0123456789ABCDEF", "..", ""] {
        let refused = runtime().block_on(registry.confirm_grant(&administrator(1), unknown, now()));
        assert_eq!(refused.unwrap_err().code(), "grant_unknown");
    }
    drop(registry);
    let again = city.open().grants(Some(&code(ISSUER)));
    assert_eq!(again.iter().find(|one| one.id == proposed.id).unwrap().state, "withdrawn");
}

/// ADVERSARY #56: an administrator cannot make himself a second pair of eyes.
#[test]
fn a_key_that_an_administrator_had_made_does_not_confirm_what_he_gives() {
    let city = City::new();
    let registry = city.open();
    enter_key(&registry, 1, LOCAL);
    enter_key(&registry, 2, &key_id(1));
    enter_key(&registry, 3, &key_id(2));
    enter_key(&registry, 4, &key_id(1));
    enter_key(&registry, 5, LOCAL);
    // One that had itself made anew: where it came from before is not known.
    enter_key(&registry, 6, &key_id(6));
    for (giver, confirmer) in [(1, 2), (2, 1), (1, 3), (2, 4), (4, 3), (1, 6), (6, 1)] {
        let id = give(&registry, &administrator(giver), &grant()).unwrap().id.to_string();
        let refused = runtime().block_on(registry.confirm_grant(&administrator(confirmer), &id, now()));
        assert_eq!(refused.unwrap_err().code(), "same_administrator", "{giver} and {confirmer}");
        let confirmed = runtime().block_on(registry.confirm_grant(&administrator(5), &id, now()));
        assert_eq!(confirmed.is_ok(), giver != 6);
    }
    let person = |name| Caller::by_token(code(OTHER), name, Roles::all());
    let id = give(&registry, &person("one"), &grant()).unwrap().id.to_string();
    let confirm = |who| runtime().block_on(registry.confirm_grant(&who, &id, now()));
    assert_eq!(confirm(person("one")).unwrap_err().code(), "same_administrator");
    assert!(confirm(person("other")).is_ok());
}

#[test]
fn what_is_withdrawn_or_only_proposed_allows_nothing() {
    let city = City::new();
    let registry = city.open();
    let issuer = city.issuer(&registry);
    issue(&registry, &issuer, "1", now()).unwrap();
    withdraw_all(&registry);
    assert_eq!(issue(&registry, &issuer, "2", now()).unwrap_err().code(), "not_granted");
    let proposed = give(&registry, &administrator(1), &grant()).unwrap();
    assert_eq!(issue(&registry, &issuer, "2", now()).unwrap_err().code(), "not_granted");
    let id = proposed.id.to_string();
    runtime().block_on(registry.confirm_grant(&registry.machine(), &id, now())).unwrap();
    issue(&registry, &issuer, "2", now()).unwrap();
}

/// What leaves by an SD-JWT VC is issued too, and no restart forgets it.
#[test]
fn an_sd_jwt_vc_counts_as_issued_after_a_restart_too() {
    let city = City::new();
    let registry = city.open();
    let issuer = city.issuer(&registry);
    withdraw_all(&registry);
    let mut terms = grant();
    terms["daily"] = json!(1);
    give(&registry, &registry.machine(), &terms).unwrap();
    let machine = registry.acting(ISSUER).unwrap();
    let issued = runtime().block_on(registry.issue(&machine, "1", SAMPLE, now())).unwrap();
    let sd_jwt = |registry: &Registry| {
        runtime().block_on(registry.issue_sd_jwt(&issuer, &issued.identifier, b"{}", now())).map(drop)
    };
    sd_jwt(&registry).unwrap();
    assert_eq!(sd_jwt(&registry).unwrap_err().code(), "ceiling_reached");
    drop(registry);
    let registry = city.open();
    assert_eq!(sd_jwt(&registry).unwrap_err().code(), "ceiling_reached");
}

/// ADVERSARY #56: what was done today is known after a restart, and when a ceiling comes later.
#[test]
fn a_ceiling_counts_the_day_from_the_ledger_and_ends_at_midnight() {
    let city = City::new();
    let registry = city.open();
    let issuer = city.issuer(&registry);
    issue(&registry, &issuer, "1", now()).unwrap();
    let before = registry.permit(&issuer, Call::Issue, now()).unwrap();
    drop(before);
    drop(registry);

    let registry = city.open();
    withdraw_all(&registry);
    give(&registry, &registry.machine(), &grant()).unwrap();
    issue(&registry, &issuer, "2", now()).unwrap();
    issue(&registry, &issuer, "2", now()).unwrap();
    let broken = runtime().block_on(registry.issue(&issuer, "x", b"{}", now()));
    assert_eq!(broken.unwrap_err().code(), "draft_refused");
    issue(&registry, &issuer, "3", now()).unwrap();
    let refused = issue(&registry, &issuer, "4", now()).unwrap_err();
    assert_eq!((refused.code(), refused.seconds_to_wait()), ("ceiling_reached", Some(14 * 3_600)));
    issue(&registry, &issuer, "3", now()).unwrap();
    assert!(issue(&registry, &registry.acting(ISSUER).unwrap(), "4", now()).is_ok(), "the machine's own");
    drop(registry);

    let registry = city.open();
    assert_eq!(issue(&registry, &issuer, "5", now()).unwrap_err().code(), "ceiling_reached");
    let midnight = now().date().end();
    assert_eq!(issue(&registry, &issuer, "5", midnight.plus(-1)).unwrap_err().code(), "ceiling_reached");
    issue(&registry, &issuer, "5", midnight).unwrap();
    drop(registry);
    let registry = city.open();
    let permits: Vec<_> = (0..3).map(|_| registry.permit(&issuer, Call::Issue, midnight)).collect();
    assert_eq!(permits.iter().filter(|permit| permit.is_ok()).count(), 2);
}

/// The client went away while its order was being written: the entry is in the ledger, so it counts.
#[test]
fn an_act_whose_client_went_away_counts() {
    use std::future::Future as _;
    use std::task::{Context, Waker};

    let city = City::new();
    let registry = city.open();
    let issuer = city.issuer(&registry);
    withdraw_all(&registry);
    let mut body = grant();
    body["daily"] = json!(1);
    give(&registry, &registry.machine(), &body).unwrap();
    let before = registry.store.visible_entries();
    {
        let mut order = std::pin::pin!(registry.issue(&issuer, "1", SAMPLE, now()));
        assert!(order.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    while registry.store.visible_entries() == before {
        std::thread::yield_now();
    }
    assert_eq!(issue(&registry, &issuer, "2", now()).unwrap_err().code(), "ceiling_reached");
}

#[test]
fn a_second_grant_goes_on_where_the_first_is_used_up_and_with_its_own_types_only() {
    let city = City::new();
    let registry = city.open();
    let issuer = city.issuer(&registry);
    withdraw_all(&registry);
    give(
        &registry,
        &registry.machine(),
        &json!({"department": ISSUER, "calls": ["issue"], "types": "*", "daily": 1}),
    )
    .unwrap();
    let other_type = json!({"department": ISSUER, "calls": ["issue"],
        "types": [{"type": "11100000000013338W011", "fields": "*"}]});
    give(&registry, &registry.machine(), &other_type).unwrap();
    issue(&registry, &issuer, "1", now()).unwrap();
    assert_eq!(issue(&registry, &issuer, "2", now()).unwrap_err().code(), "not_granted");
    let many: Vec<_> = (0..3).map(|_| registry.permit(&issuer, Call::Issue, now()).is_ok()).collect();
    assert_eq!(many, [true; 3]);
}

/// A grant's row is written again when its state changes; that is no difference between ledger and index.
#[test]
fn a_grant_that_was_withdrawn_is_no_fault_of_the_index() {
    let city = City::new();
    let registry = city.open();
    withdraw_all(&registry);
    let withdrawn = registry.grants(Some(&code(ISSUER)));
    assert!(!withdrawn.is_empty() && withdrawn.iter().all(|one| one.state == "withdrawn"));
    registry.close().unwrap();
    let report = check_store(city.dir.path(), &IndexPolicy::CatchUp.into(), "a test", Arc::new(SystemRandom));
    assert!(matches!(report.unwrap().index, IndexReport::Compared(_)));
}
