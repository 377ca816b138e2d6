//! `docs/verify.py`: how short it is, what it accepts, and that it refuses all that breaks a rule it has. The rules that it
//! leaves out are here by the names of what slips through, exactly.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::crypto::Algorithm;

use crate::city::{JUDGED, golden, golden_text, time, tree, trust};
use crate::manifest::{self, Accepted, Refused};
use crate::readers::{Case, Codes, Credential, Reader, believed_by, read_by};
use crate::tampered::{self, Found, Original};
use crate::{GOLDEN, all_good, assert_answers, case, golden_trust, issue, now, presented, trust_lists};

/// What changes of the claims slip through: what fields and holders may be, which characters, how high a list number is.
const CHANGES_LET_PASS: &[&str] = &[
    "a field above 63 bits",
    "a field of 2001 characters",
    "a field of bytes",
    "a field that is a half",
    "a field that is a whole float",
    "a field that is null",
    "a field that is true",
    "a field whose key is a capital",
    "a field whose key is a number",
    "a holder's code type of two digits",
    "a holder's code type that there is not",
    "a status list's number of 33 bits",
    "an authority's name that is not NFC",
];

/// What hostile credentials slip through: the same rules.
const FIXTURES_LET_PASS: &[&str] = &[
    "field-as-array",
    "field-as-float",
    "field-as-true",
    "field-key-beginning-with-digit",
    "field-key-chinese",
    "field-key-empty",
    "field-key-in-capitals",
    "field-key-of-41",
    "field-key-with-blank",
    "field-key-with-markup",
    "field-of-2000-and-one",
    "fields-100-and-one",
    "holder-citizen-number-wrong",
    "holder-code-type-unknown",
    "holder-credit-code-wrong",
    "name-decomposed",
    "name-isolated",
    "name-noncharacter",
    "name-of-blanks",
    "name-turned-round",
    "name-with-escape",
    "name-with-joiner",
    "name-with-line-break",
    "name-with-many-marks",
    "name-with-nul",
    "name-with-tag-characters",
    "name-with-zero-width",
    "status-list-number-too-large",
];

/// What hostile trust lists are believed: with a key that cannot sign a licence, one of small order, or something twice.
const TRUST_LISTS_LET_PASS: &[&str] = &[
    "certificate-twice",
    "curve-spelt-out",
    "ed25519-neutral",
    "ed25519-not-canonical",
    "ed25519-of-order-four",
    "ed448-key",
    "ed448-key-of-order-four",
    "p-192-key",
    "p-384-key",
    "point-at-infinity",
    "point-beyond-the-field",
    "point-compressed",
    "point-hybrid",
    "point-of-zeros",
    "point-off-the-curve",
    "rsa-1024-key",
    "rsa-2048-key",
    "rsa-512-key",
    "secp256k1-key",
    "serial-number-twice",
];

#[track_caller]
fn assert_let_pass(expected: &[&str], let_pass: &BTreeSet<String>) {
    let found: Vec<&str> = let_pass.iter().map(String::as_str).collect();
    assert_eq!(found, expected);
}

/// Envelopes as bytes: what is good base64 is decoded here, since the short reader takes files and QR texts alone.
fn without_base64(credential: Credential) -> Credential {
    match credential {
        Credential::Text(text) if !text.starts_with("EL1:") => match STANDARD.decode(&text) {
            Ok(bytes) => Credential::Bytes(bytes),
            Err(_) => Credential::Text(text),
        },
        other => other,
    }
}

/// It finds each by the check that it is for.
#[track_caller]
pub(crate) fn assert_found(cases: &[Case<'_>], found: &[Found]) {
    assert_answers(cases, read_by(Reader::Short, cases), found);
}

fn is_refused(codes: &Codes) -> bool {
    codes.iter().any(|code| code != "ok" && code != "not_checked")
}

/// The names of the cases that it has nothing to say against.
pub(crate) fn let_pass(cases: &[Case<'_>]) -> BTreeSet<String> {
    let answers = cases.iter().zip(read_by(Reader::Short, cases));
    answers.filter(|(_, codes)| !is_refused(codes)).map(|(case, _)| case.name.clone()).collect()
}

#[test]
fn it_is_short_and_needs_nothing_but_two_libraries() {
    let text = std::fs::read_to_string(tree("docs/verify.py")).unwrap();
    assert!(text.lines().count() <= 150, "{} lines", text.lines().count());
    for line in text.lines() {
        assert!(line.chars().count() <= 120, "longer than 120 columns: {line}");
    }
    let imports: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("import ").or_else(|| line.strip_prefix("from ")))
        .flat_map(|line| line.split(" import ").next().unwrap().split(", "))
        .map(|module| module.split('.').next().unwrap())
        .collect();
    let standard = ["argparse", "contextlib", "datetime", "json", "re", "sys", "time", "zlib"];
    let allowed = |module: &&str| standard.contains(module) || ["cbor2", "cryptography"].contains(module);
    assert!(imports.len() > standard.len() && imports.iter().all(allowed), "{imports:?}");
}

#[test]
fn it_reads_fresh_and_golden_licences_in_both_forms() {
    let issued = [Algorithm::Es256, Algorithm::EdDsa].map(issue);
    let golden_trust = golden_trust();
    let mut cases = Vec::new();
    for one in &issued {
        cases.push(case("a fresh file", Credential::Bytes(one.file.clone()), &one.trust, now()));
        cases.push(case("a fresh QR", Credential::Text(one.qr.clone()), &one.trust, now()));
    }
    for name in GOLDEN {
        let bytes = Credential::Bytes(golden(&format!("{name}.cose")));
        cases.push(case(name, bytes, &golden_trust, time(JUDGED)));
    }
    for name in ["es256", "eddsa"] {
        let file = Credential::Bytes(golden(&format!("{name}-full.elic")));
        let text = Credential::Text(golden_text(&format!("{name}-qr.txt")).trim_end().to_owned());
        cases.push(case(name, file, &golden_trust, time(JUDGED)));
        cases.push(case(name, text, &golden_trust, time(JUDGED)));
    }
    for (case, codes) in cases.iter().zip(read_by(Reader::Short, &cases)) {
        assert_eq!(codes, all_good(), "{}", case.name);
    }
}

#[test]
fn it_refuses_what_was_changed_but_for_the_rules_it_leaves_out() {
    let trust = golden_trust();
    let mut cases = Vec::new();
    for name in GOLDEN {
        let original = Original::golden(name);
        for kind in [tampered::malformed, tampered::disagreeing, tampered::signed_otherwise] {
            for (what, bytes, _) in kind(&original) {
                cases.push(case(&what, Credential::Bytes(bytes), &trust, time(JUDGED)));
            }
        }
    }
    for (what, text, _) in ["es256", "eddsa"].into_iter().flat_map(tampered::texts) {
        cases.push(case(&what, without_base64(Credential::Text(text)), &trust, time(JUDGED)));
    }
    assert!(cases.len() > 400, "only {}", cases.len());
    assert_let_pass(CHANGES_LET_PASS, &let_pass(&cases));
}

#[test]
fn it_refuses_every_hostile_credential_but_for_the_rules_it_leaves_out_and_no_twin() {
    let trust = golden_trust();
    let judged = |name: &str, present| {
        let credential = without_base64(presented(present)?);
        Some(case(name, credential, &trust, time(JUDGED)))
    };
    let sections = manifest::all();
    let fixtures = sections.iter().flat_map(|section| &section.fixtures);
    let hostile: Vec<Case<'_>> = fixtures
        .filter(|fixture| matches!(fixture.refused, Refused::Verdict { .. }))
        .filter_map(|fixture| judged(&fixture.name, &fixture.present))
        .collect();
    let twins = sections.iter().flat_map(|section| &section.twins);
    let twins: Vec<Case<'_>> = twins
        .filter(|twin| matches!(twin.accepted, Accepted::Valid | Accepted::Signed))
        .filter_map(|twin| judged(&twin.name, &twin.present))
        .collect();
    assert!(hostile.len() > 300 && twins.len() > 10, "{} and {}", hostile.len(), twins.len());
    let hostile_count = hostile.len();
    let all: Vec<Case<'_>> = hostile.into_iter().chain(twins).collect();
    let answers = read_by(Reader::Short, &all);
    let (bad, good) = answers.split_at(hostile_count);
    for (codes, case) in good.iter().zip(&all[hostile_count..]) {
        assert_eq!(*codes, all_good(), "{}", case.name);
    }
    let names = all.iter().zip(bad).filter(|(_, codes)| !is_refused(codes));
    assert_let_pass(FIXTURES_LET_PASS, &names.map(|(case, _)| case.name.clone()).collect());
}

#[test]
fn it_believes_no_hostile_trust_list_but_for_the_rules_it_leaves_out_and_every_twin() {
    let (lists, twins) = trust_lists();
    let hostile = lists.len() - twins;
    let bytes: Vec<Vec<u8>> = lists.iter().map(|(_, bytes)| bytes.clone()).collect();
    let believed = believed_by(Reader::Short, &bytes, trust().root_fingerprint().as_bytes());
    assert!(believed[hostile..].iter().all(|believed| *believed), "a twin is not believed");
    let names = lists[..hostile].iter().zip(&believed).filter(|(_, believed)| **believed);
    assert_let_pass(TRUST_LISTS_LET_PASS, &names.map(|((name, _), _)| name.clone()).collect());
}
