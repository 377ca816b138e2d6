//! Hostile input: everything in `fixtures/hostile/` is refused, for the right reason, by the library and by the running
//! service alike; and each fixture's twin, which is nearly the same, is accepted.
//!
//! `manifest` reads the fixtures, `make` makes them out of `item`, `craft` and `der`, `pictures` draws. `library`,
//! `service` and `page` judge them. `forgeries` makes others at random.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

#[path = "../golden/city.rs"]
mod city;
mod craft;
mod der;
mod forgeries;
mod installation;
mod item;
mod judged;
mod library;
mod make;
mod manifest;
mod page;
mod pictures;
mod service;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};

/// The rows of the list of attacks that concern what is here: envelope, decoding, signatures, requests.
const ROWS: [u8; 37] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31, 32, 33, 57, 60, 61, 62,
];

/// What a row names and no fixture shows, and why.
const LEFT_OUT: [(u8, &str, &str); 8] = [
    (
        4,
        "a key of another kind at a licence's own door",
        "keys come by the trust list only, so the fixtures are lists",
    ),
    (
        7,
        "two different certificates with one key id",
        "finding them takes 2^32 certificates; a list with one twice stands in",
    ),
    (
        13,
        "a compressed body that grows to 1 GiB",
        "no content coding is taken, so nothing is inflated: the fixture is the 415",
    ),
    (
        26,
        "a symbol of another version than it says",
        "the two copies of its version correct one another: it is read or not",
    ),
    (
        27,
        "that the page opens no address",
        "the page makes no link of input; tests/page.rs and tests/page_app drive it",
    ),
    (28, "every bit of every byte", "fifty thousand changes are made in tests/golden/bits.rs, not stored"),
    (32, "RSA keys with weak primes or e = 1", "no RSA key of any kind is taken"),
    (57, "a hundred requests at once", "made at run time in service.rs, not stored"),
];

#[test]
fn every_row_has_its_fixtures() {
    let all = manifest::all();
    let mut rows: BTreeMap<u8, usize> = BTreeMap::new();
    let fixtures: Vec<_> = all.iter().flat_map(|section| &section.fixtures).collect();
    for fixture in &fixtures {
        *rows.entry(fixture.row).or_default() += 1;
    }
    assert!(fixtures.len() >= 150, "{} fixtures", fixtures.len());
    let missing: Vec<u8> = ROWS.into_iter().filter(|row| !rows.contains_key(row)).collect();
    assert!(missing.is_empty(), "rows without a fixture: {missing:?}");
    let unknown: Vec<&u8> = rows.keys().filter(|row| !ROWS.contains(row)).collect();
    assert!(unknown.is_empty(), "fixtures of other rows: {unknown:?}");
    let reasoned =
        LEFT_OUT.iter().all(|(row, what, why)| ROWS.contains(row) && !what.is_empty() && !why.is_empty());
    assert!(reasoned, "what is left out belongs to a row and has its reason");
    println!("{} fixtures: {rows:?}", fixtures.len());
}

#[test]
fn every_fixture_stands_beside_its_twin() {
    for section in manifest::all() {
        let names: BTreeSet<&str> = section.fixtures.iter().map(|fixture| fixture.name.as_str()).collect();
        assert_eq!(names.len(), section.fixtures.len(), "{}: two fixtures of one name", section.section);
        let twins: BTreeMap<&str, &manifest::Twin> =
            section.twins.iter().map(|twin| (twin.name.as_str(), twin)).collect();
        assert_eq!(twins.len(), section.twins.len(), "{}: two twins of one name", section.section);
        for fixture in &section.fixtures {
            let twin = twins.get(fixture.twin.as_str());
            let twin = twin.unwrap_or_else(|| panic!("{} has no twin {}", fixture.name, fixture.twin));
            assert_ne!(twin.present, fixture.present, "{} is its own twin", fixture.name);
        }
        let used: BTreeSet<&str> = section.fixtures.iter().map(|fixture| fixture.twin.as_str()).collect();
        let idle: Vec<_> = twins.keys().filter(|name| !used.contains(**name)).collect();
        assert!(idle.is_empty(), "{}: nobody's twins: {idle:?}", section.section);
    }
}

#[test]
fn the_files_are_written_as_they_are_read() {
    for (name, section) in manifest::SECTIONS.iter().zip(manifest::all()) {
        assert_eq!(section.section, *name);
        let text = String::from_utf8(city::read(&format!("fixtures/hostile/{name}.json"))).unwrap();
        assert_eq!(serde_json::to_string_pretty(&section).unwrap() + "\n", text, "{name}");
    }
}
