//! Hostile status lists: each of `fixtures/hostile/2.5-status.json` is refused for the right reason, or reads as something else than
//! its twin, which is nearly the same and is believed.
//!
//! `fixture` reads the file, `make` makes it out of `draft`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

#[path = "../golden/city.rs"]
mod city;
mod draft;
mod fixture;
#[path = "../hostile/item.rs"]
#[allow(dead_code, reason = "the other hostile tests use more of it")]
mod item;
mod make;
#[path = "../hostile/manifest.rs"]
#[allow(dead_code, reason = "only its bodies are used here")]
mod manifest;

use std::collections::{BTreeMap, BTreeSet};

use elicense::pki::{Anchor, TrustStore};
use elicense::verify::accept_status_list;
use fixture::{Expected, Presented, Section};

/// Rows of the list of attacks that concern what is here.
const ROWS: [u8; 4] = [47, 48, 49, 50];

/// What a row names and no fixture shows, and why.
const LEFT_OUT: [(u8, &str, &str); 2] = [
    (49, "a redirect loop", "nothing here fetches an address"),
    (50, "a service that is down or slow", "nothing here asks one; a verifier has the list that it has"),
];

/// What is said about what is presented.
fn judge(presented: &Presented) -> Expected {
    let golden = city::trust();
    let trust = match &presented.trust_list {
        Some(body) => {
            TrustStore::from_envelope(&body.bytes(), Anchor::Pinned(golden.root_fingerprint())).unwrap()
        }
        None => golden,
    };
    let (uri, bytes) = (&presented.uri, presented.list.bytes());
    let seen = presented.seen.as_ref().map(fixture::Seen::parsed);
    match accept_status_list(&trust, uri, &bytes, seen, city::time(&presented.at)) {
        Ok(accepted) => Expected::Reads(accepted.list.bits.get(presented.index)),
        Err(error) => Expected::Refused(error.to_string()),
    }
}

#[test]
fn every_hostile_list_is_refused_or_reads_as_it_says() {
    let section = Section::read();
    let mut complaints = Vec::new();
    for fixture in &section.fixtures {
        match (judge(&fixture.present), &fixture.expected) {
            (Expected::Refused(said), Expected::Refused(because)) if said.contains(because) => {}
            (got, expected) if got == *expected => {}
            (got, expected) => {
                complaints
                    .push(format!("#{} {}: expected {expected:?}, got {got:?}", fixture.row, fixture.name));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_twin_is_believed() {
    for twin in Section::read().twins {
        assert_eq!(judge(&twin.present), Expected::Reads(Some(2)), "{}", twin.name);
    }
}

#[test]
fn every_row_has_fixtures_and_every_fixture_its_twin() {
    let section = Section::read();
    let mut rows: BTreeMap<u8, usize> = BTreeMap::new();
    let twins: BTreeMap<&str, _> =
        section.twins.iter().map(|twin| (twin.name.as_str(), &twin.present)).collect();
    let mut names = BTreeSet::new();
    for fixture in &section.fixtures {
        *rows.entry(fixture.row).or_default() += 1;
        assert!(names.insert(fixture.name.as_str()), "two fixtures named {}", fixture.name);
        let twin = twins.get(fixture.twin.as_str()).unwrap_or_else(|| panic!("{} has no twin", fixture.name));
        assert_ne!(**twin, fixture.present, "{} is its own twin", fixture.name);
        assert_ne!(fixture.expected, Expected::Reads(Some(2)), "{} reads as its twin", fixture.name);
    }
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), ROWS);
    let used: BTreeSet<&str> = section.fixtures.iter().map(|fixture| fixture.twin.as_str()).collect();
    assert_eq!(used, twins.keys().copied().collect(), "nobody's twins");
    assert!(
        LEFT_OUT.iter().all(|(row, what, why)| ROWS.contains(row) && !what.is_empty() && !why.is_empty())
    );
    println!("{} fixtures: {rows:?}", section.fixtures.len());
}

#[test]
fn the_file_is_written_as_it_is_read() {
    let text = String::from_utf8(city::read(fixture::FILE)).unwrap();
    assert_eq!(Section::read().to_text(), text);
}
