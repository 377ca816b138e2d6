//! Hostile SD-JWT VC: everything in `fixtures/hostile/2.5-sd-jwt.json` is refused, for the right reason, and each fixture's
//! twin, which is nearly the same, is accepted. Rows 52 and 53 of the list of attacks, and what a JWT brings with it.
//!
//! They are judged as if the ledger had each of them: what is refused is refused by its own rule.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

#[path = "golden/city.rs"]
mod city;
#[path = "sd_jwt_hostile/craft.rs"]
mod craft;
#[path = "sd_jwt_hostile/make.rs"]
mod make;
#[path = "sd_jwt_hostile/manifest.rs"]
mod manifest;

use std::collections::{BTreeMap, BTreeSet};

use elicense::crypto::Digest;
use elicense::licence::Identifier;
use elicense::pki::{Anchor, TrustStore};
use elicense::verify::{
    Check, Form, Outcome, Record, Records, RecordsUnavailable, SdJwtRecord, Status, Verdict, Verifier,
};

use city::{JUDGED, time};
use manifest::{Presented, Section};

/// Has every SD-JWT VC, as one of the licence that [`craft::IDENTIFIER`] names.
struct HasThemAll;

impl Records for HasThemAll {
    fn look_up(&self, _: &Identifier) -> Result<Option<Record>, RecordsUnavailable> {
        Ok(None)
    }

    fn look_up_sd_jwt(&self, digest: &Digest) -> Result<Option<SdJwtRecord>, RecordsUnavailable> {
        let licence = Record { position: 20, full: *digest, qr: *digest, history: Vec::new() };
        let identifier = craft::IDENTIFIER.parse().unwrap();
        Ok(Some(SdJwtRecord { position: 21, identifier, status: craft::status(), licence }))
    }
}

fn believe(section: &Section) -> TrustStore {
    let root = city::trust().root_fingerprint();
    TrustStore::from_envelope(&section.trust_list(), Anchor::Pinned(root)).unwrap()
}

fn judge(trust: &TrustStore, presented: &Presented) -> Verdict {
    let verifier = Verifier::new(trust).with_records(&HasThemAll);
    let (text, at) = (presented.text(), time(JUDGED));
    match &presented.challenge {
        Some(challenge) => verifier.verify_challenged(&text, &challenge.into(), at),
        None => verifier.verify_text(&text, at),
    }
}

/// The checks that failed, by code, and all that was said about them.
fn failed(verdict: &Verdict) -> (BTreeMap<String, String>, String) {
    let failed = verdict.findings.iter().filter(|finding| finding.result == Outcome::Fail);
    let said = failed.clone().filter_map(|finding| finding.detail.clone()).collect::<Vec<_>>().join("; ");
    (failed.map(|one| (one.check.as_str().to_owned(), one.code.as_str().to_owned())).collect(), said)
}

#[test]
fn every_fixture_is_refused_for_its_reason() {
    let section = Section::read();
    let trust = believe(&section);
    let mut complaints = Vec::new();
    for fixture in &section.fixtures {
        let verdict = judge(&trust, &fixture.present);
        let (fails, said) = failed(&verdict);
        let shown = verdict.sd_jwt.is_some() && !fails.contains_key("dates");
        if fails != fixture.fails || !said.contains(&fixture.because) || shown {
            complaints.push(format!("#{} {}: {fails:?}, {said}, shown: {shown}", fixture.row, fixture.name));
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn every_twin_is_accepted() {
    let section = Section::read();
    let trust = believe(&section);
    for twin in &section.twins {
        let verdict = judge(&trust, &twin.present);
        assert_eq!(verdict.status, Status::Valid, "{}: {verdict:?}", twin.name);
        assert_eq!((verdict.form, verdict.findings.len()), (Some(Form::SdJwt), 8), "{}", twin.name);
        assert!(verdict.finding(Check::Holder).is_some() && verdict.sd_jwt.is_some(), "{}", twin.name);
    }
}

#[test]
fn both_rows_are_there_and_every_fixture_has_its_twin() {
    let section = Section::read();
    let count = |row| section.fixtures.iter().filter(|fixture| fixture.row == row).count();
    assert!(count(52) >= 14 && count(53) >= 35, "{} and {}", count(52), count(53));
    let names: BTreeSet<&String> = section.fixtures.iter().map(|fixture| &fixture.name).collect();
    assert_eq!(names.len(), section.fixtures.len(), "two fixtures of one name");
    let twins: BTreeMap<&String, &Presented> =
        section.twins.iter().map(|twin| (&twin.name, &twin.present)).collect();
    for fixture in &section.fixtures {
        let twin = twins.get(&fixture.twin).unwrap_or_else(|| panic!("{} has no twin", fixture.name));
        assert_ne!(**twin, fixture.present, "{} is its own twin", fixture.name);
    }
    let used: BTreeSet<&String> = section.fixtures.iter().map(|fixture| &fixture.twin).collect();
    assert_eq!(used.len(), twins.len(), "twins of nobody");
}

#[test]
fn the_file_is_written_as_it_is_read() {
    let text = String::from_utf8(city::read(manifest::PATH)).unwrap();
    assert_eq!(serde_json::to_string_pretty(&Section::read()).unwrap() + "\n", text);
}

/// Without a department certified for it nobody issues one: the golden trust list knows none.
#[test]
fn a_certificate_for_licences_alone_signs_none() {
    let (section, trust) = (Section::read(), city::trust());
    for twin in &section.twins {
        assert_eq!(judge(&trust, &twin.present).status, Status::Invalid, "{}", twin.name);
    }
}

/// Makes the file anew, with other salts and signatures:
///
/// ```sh
/// cargo test --test sd_jwt_hostile -- --ignored make_the_fixtures
/// ```
#[test]
#[ignore = "writes into the tree; see above"]
fn make_the_fixtures() {
    make::section().write();
}
