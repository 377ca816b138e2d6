//! The published lists beside the ledger: issue, suspend, resume, revoke, replace, restart.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use super::*;
use crate::codec::StatusReference;
use crate::licence::State;
use crate::registry::Caller;
use crate::registry::tests::{City, now};
use crate::verify::{AcceptedStatusList, Check, accept_status_list};

const DEPARTMENT: &str = "11430000006122244L";
const SAMPLE: &[u8] = include_bytes!("../../../fixtures/licences/business-licence-benchmark.json");

fn caller(registry: &Registry) -> Caller {
    registry.acting(DEPARTMENT).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Issues a licence with some members changed; answers its identifier and its place.
fn issue(registry: &Registry, members: &[(&str, &str)]) -> (String, StatusReference) {
    let mut request: serde_json::Value = serde_json::from_slice(SAMPLE).unwrap();
    for (member, value) in members {
        request[*member] = (*value).into();
    }
    let (caller, body) = (caller(registry), serde_json::to_vec(&request).unwrap());
    let key = Digest::of(&body).to_string();
    let issued = block_on(registry.issue(&caller, &key, &body, now())).unwrap();
    let row = registry.store.licence(&issued.identifier.parse().unwrap()).unwrap().unwrap();
    (issued.identifier, registry.issued_at(row.position).unwrap().0.status)
}

fn change(registry: &Registry, identifier: &str, to: &str) {
    let body = format!(r#"{{"to": "{to}", "reason": "a test"}}"#);
    block_on(registry.change_status(&caller(registry), identifier, body.as_bytes(), now())).unwrap();
}

fn value(registry: &Registry, place: &StatusReference, at: UnixTime) -> u8 {
    let lists = registry.list_snapshots(at).unwrap();
    lists.iter().find(|list| list.uri == place.uri).unwrap().bits.get(place.index).unwrap()
}

fn accept(registry: &Registry, uri: &str, published: &Published) -> AcceptedStatusList {
    let [one, other] = StatusListForm::ALL.map(|form| {
        let bytes = &published.form(form).bytes;
        accept_status_list(&registry.trust(), uri, bytes, None, published.issued_at).unwrap()
    });
    assert_eq!(one, other);
    one
}

fn id(uri: &str) -> &str {
    uri.rsplit('/').next().unwrap()
}

#[test]
fn a_list_says_what_the_ledger_says_and_says_it_again_after_a_restart() {
    let city = City::new();
    let registry = city.open();
    let (first, place) = issue(&registry, &[("number", "N-1")]);
    assert_eq!(value(&registry, &place, now()), 0);
    for (to, expected) in [("suspended", 2), ("valid", 0), ("suspended", 2), ("revoked", 1)] {
        change(&registry, &first, to);
        assert_eq!(value(&registry, &place, now()), expected, "{to}");
    }
    let (second, _) = issue(&registry, &[("number", "N-2")]);
    issue(&registry, &[("number", "N-2"), ("replaces", &second)]);
    let (third, _) = issue(&registry, &[("number", "N-3")]);
    issue(&registry, &[("number", "N-3"), ("replaces", &third), ("valid_from", "2027-01-01")]);
    let (fourth, _) = issue(&registry, &[("number", "N-4")]);
    change(&registry, &fourth, "suspended");

    let after = "2027-01-01T00:00:00+08:00".parse().unwrap();
    let running = [now(), after].map(|at| registry.list_snapshots(at).unwrap());
    assert_ne!(running[0], running[1]);
    drop(registry);
    let registry = city.open();
    assert_eq!(running, [now(), after].map(|at| registry.list_snapshots(at).unwrap()));
    // And where nobody asked before the new one had begun.
    drop(registry);
    assert_eq!(running[1], city.open().list_snapshots(after).unwrap());
}

#[test]
fn a_replaced_licence_ends_in_the_second_in_which_the_new_one_begins() {
    let city = City::new();
    let registry = city.open();
    let (old, place) = issue(&registry, &[]);
    let (_, new_place) = issue(&registry, &[("replaces", &old), ("valid_from", "2026-12-01")]);
    let begins: UnixTime = "2026-12-01T00:00:00+08:00".parse().unwrap();
    assert_eq!(value(&registry, &place, begins.plus(-1)), 0);
    assert_eq!(value(&registry, &place, begins), 1);
    assert_eq!(value(&registry, &new_place, begins), 0);
}

#[test]
fn what_changed_since_is_told_by_entry_and_by_time() {
    let city = City::new();
    let registry = city.open();
    let (first, place) = issue(&registry, &[("number", "N-1")]);
    let (second, second_place) = issue(&registry, &[("number", "N-2")]);
    let version = registry.list_snapshots(now()).unwrap()[0].version;
    let since =
        |version, time: UnixTime, at| registry.changed_since(&place.uri, version, time, at).unwrap().unwrap();
    assert_eq!(since(version, now(), now()), [0_u32; 0]);
    change(&registry, &first, "suspended");
    assert_eq!(since(version, now(), now()), [place.index]);
    issue(&registry, &[("number", "N-2"), ("replaces", &second), ("valid_from", "2026-12-01")]);
    let version = registry.list_snapshots(now()).unwrap()[0].version;
    assert_eq!(since(version, now(), now()), [0_u32; 0]);
    let begins: UnixTime = "2026-12-01T00:00:00+08:00".parse().unwrap();
    assert_eq!(since(version, begins.plus(-1), begins), [second_place.index]);
    assert_eq!(since(version, begins, begins), [0_u32; 0]);
    drop(registry);
    let registry = city.open();
    let restarted = registry.changed_since(&place.uri, version, begins.plus(-1), begins).unwrap().unwrap();
    assert_eq!(restarted, [second_place.index]);
    assert_eq!(
        registry.changed_since("http://127.0.0.1:8080/v1/status-lists/x-0", 0, now(), now()).unwrap(),
        None
    );
}

/// The client went away while its order was being written: the entry is in the ledger, so it is in the list.
#[test]
fn an_order_whose_client_went_away_is_in_the_list() {
    let city = City::new();
    let registry = city.open();
    let (identifier, place) = issue(&registry, &[]);
    assert_eq!(value(&registry, &place, now()), 0);
    let before = registry.store.visible_entries();
    {
        let caller = caller(&registry);
        let body = br#"{"to": "suspended", "reason": "a test"}"#;
        let mut order = pin!(registry.change_status(&caller, &identifier, body, now()));
        assert!(order.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    while registry.store.visible_entries() == before {
        std::thread::yield_now();
    }
    assert_eq!(value(&registry, &place, now()), 2);
}

#[test]
fn both_forms_are_believed_under_the_installations_own_trust_list() {
    let city = City::new();
    let registry = city.open();
    let (identifier, place) = issue(&registry, &[]);
    change(&registry, &identifier, "suspended");
    let published = registry.status_list(id(&place.uri), now(), Instant::now()).unwrap().unwrap();
    let accepted = accept(&registry, &place.uri, &published);
    assert_eq!(accepted.authority.as_str(), DEPARTMENT);
    assert_eq!(accepted.list.version, registry.store.entries().unwrap());
    let bad: Vec<u32> =
        (0..crate::status::LIST_ENTRIES).filter(|index| accepted.list.bits.get(*index) != Some(0)).collect();
    assert_eq!((bad, accepted.list.bits.get(place.index)), (vec![place.index], Some(2)));
    for unknown in
        ["", "x", "x-0", &format!("{}0", id(&place.uri)), &id(&place.uri).replace("-0", "-1"), "../3"]
    {
        assert_eq!(registry.status_list(unknown, now(), Instant::now()).unwrap(), None, "{unknown}");
    }
    assert_eq!(registry.status_list_uris(now()).unwrap(), [place.uri]);
}

/// The same bytes while nothing changes, other bytes after the pause once something did, and never older than before.
#[test]
fn a_list_is_signed_when_it_changed_and_not_more_often_than_it_may() {
    let city = City::new();
    let registry = city.open();
    let (identifier, place) = issue(&registry, &[]);
    let StatusListTimes { pause, renewal, .. } = StatusListTimes::default();
    let tick = Instant::now();
    let list = |after: Duration, at| registry.status_list(id(&place.uri), at, tick + after).unwrap().unwrap();
    let first = list(Duration::ZERO, now());
    let renewal = Duration::from_secs(renewal.into());
    assert!(Arc::ptr_eq(&first, &list(renewal - Duration::from_millis(1), now().plus(3_599))));
    change(&registry, &identifier, "suspended");
    assert!(Arc::ptr_eq(&first, &list(pause - Duration::from_millis(1), now())));
    let second = list(pause, now().plus(1));
    assert!(first.version < second.version && first.issued_at < second.issued_at);
    assert_eq!(accept(&registry, &place.uri, &second).list.bits.get(place.index), Some(2));
    let renewed = list(pause + renewal, now());
    assert_eq!(renewed.issued_at, second.issued_at, "a clock set back a little");
    let later = list(pause + renewal + renewal, now().plus(7_200));
    assert!(later.issued_at > second.issued_at);
}

#[test]
fn nothing_is_signed_by_a_clock_that_is_behind_the_ledger() {
    let city = City::new();
    let registry = city.open();
    let (_, place) = issue(&registry, &[]);
    let behind = registry.status_list(id(&place.uri), now().plus(-61), Instant::now());
    assert_eq!(behind.unwrap_err().code(), "clock_behind");
}

#[test]
fn a_second_list_is_there_once_a_place_in_it_is_taken() {
    let city = City::new();
    let registry = city.open();
    let (_, first) = issue(&registry, &[("number", "N-1")]);
    let second_uri = first.uri.replace("-0", "-1");
    let list = |registry: &Registry| registry.status_list(id(&second_uri), now(), Instant::now()).unwrap();
    assert_eq!(list(&registry), None);
    registry
        .roster()
        .departments
        .values()
        .filter_map(|known| known.here())
        .for_each(|one| one.status.pass_over());
    let (identifier, second) = issue(&registry, &[("number", "N-2")]);
    assert_eq!(second.uri, second_uri);
    assert_eq!(
        accept(&registry, &second_uri, &list(&registry).unwrap()).list.bits.get(second.index),
        Some(0)
    );
    change(&registry, &identifier, "revoked");
    assert_eq!((value(&registry, &first, now()), value(&registry, &second, now())), (0, 1));
    assert_eq!(registry.status_list_uris(now()).unwrap(), [first.uri.clone(), second_uri.clone()]);
    drop(registry);
    let registry = city.open();
    assert_eq!(registry.status_list_uris(now()).unwrap(), [first.uri, second_uri]);
    assert_eq!(value(&registry, &second, now()), 1);
}

/// Whatever is done to licences, in whatever order: at every moment the lists say what a verdict says.
#[test]
fn lists_and_verdicts_never_disagree() {
    let city = City::new();
    let mut registry = city.open();
    let mut licences: Vec<(String, StatusReference, String)> = Vec::new();
    let mut random = 7_u64;
    let mut before: Vec<ListSnapshot> = Vec::new();
    let mut changes = 0;
    for step in 0..60 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = usize::try_from(random >> 33).unwrap();
        let old = licences.get(pick % licences.len().max(1)).map(|(identifier, ..)| identifier.clone());
        match (pick / 64 % 6, old) {
            (0, _) | (_, None) => licences.push(try_issue(&registry, None, step).unwrap()),
            (1, Some(old)) => licences.extend(try_issue(&registry, Some(&old), step)),
            (act, Some(old)) => {
                let to = State::ALL[(act + pick / 512) % State::ALL.len()];
                let body = format!(r#"{{"to": "{to}", "reason": "a test"}}"#);
                // Some are not allowed; that is the point.
                let changed =
                    block_on(registry.change_status(&caller(&registry), &old, body.as_bytes(), now()));
                changes += usize::from(changed.is_ok());
            }
        }
        before.extend(registry.list_snapshots(now()).unwrap());
        before.iter().for_each(|old| assert_updated(&registry, old, now()));
        if step % 20 == 19 {
            drop(registry);
            registry = city.open();
        }
        for at in [now(), "2026-12-01T00:00:00+08:00".parse().unwrap()] {
            for (identifier, place, qr) in &licences {
                let verdict = block_on(registry.verify_text(qr, at));
                // Good, out of force for a time, or for good.
                let expected = match verdict.finding(Check::Status).unwrap().code.grade() {
                    0 => 0,
                    2 => 2,
                    _ => 1,
                };
                // A list goes on with time, so each moment has an installation of its own.
                let fresh = Followed::build(
                    &registry.store,
                    registry.roster().prefixes(registry.status_lists.signer.identity().0),
                    at,
                )
                .unwrap();
                let built = fresh.lists()[&place.uri].bits.get(place.index);
                assert_eq!(built, Some(expected), "step {step}, {identifier} at {at}");
                if at == now() {
                    assert_eq!(value(&registry, place, at), expected, "step {step}, {identifier}");
                }
            }
        }
    }
    assert!(licences.len() > 10 && changes > 10, "{} licences, {changes} changes", licences.len());
    before.iter().for_each(|old| assert_updated(&registry, old, now()));
    let later = "2026-12-01T00:00:00+08:00".parse().unwrap();
    before.iter().for_each(|old| assert_updated(&registry, old, later));
}

/// A snapshot, with the entries that may have changed since set to what they are, is the list as it is.
fn assert_updated(registry: &Registry, old: &ListSnapshot, at: UnixTime) {
    let new = registry.list_snapshots(at).unwrap().into_iter().find(|new| new.uri == old.uri).unwrap();
    let mut bits = StatusBits::clone(&old.bits);
    for index in registry.changed_since(&old.uri, old.version, now(), at).unwrap().unwrap() {
        bits.set(index, new.bits.get(index).unwrap()).unwrap();
    }
    assert_eq!(bits.as_bytes(), new.bits.as_bytes(), "since version {}", old.version);
}

/// Every other one that replaces another begins a week from now.
fn try_issue(registry: &Registry, old: Option<&str>, step: u32) -> Option<(String, StatusReference, String)> {
    let mut request: serde_json::Value = serde_json::from_slice(SAMPLE).unwrap();
    request["number"] = format!("N-{step}").into();
    if let Some(old) = old {
        request["replaces"] = old.into();
        request["valid_from"] = ["2026-12-01", "2026-11-24"][usize::from(step % 2 == 1)].into();
    }
    let body = serde_json::to_vec(&request).unwrap();
    let issued = block_on(registry.issue(&caller(registry), &format!("order-{step}"), &body, now())).ok()?;
    let row = registry.store.licence(&issued.identifier.parse().unwrap()).unwrap().unwrap();
    Some((issued.identifier, registry.issued_at(row.position).unwrap().0.status, issued.qr))
}
