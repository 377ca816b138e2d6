//! Two verifiers in Python, written from FORMAT.md alone. `tests/second_reader/` has every rule that a licence can break, and
//! says the same as our own of everything that both are shown; `docs/verify.py` is the short one for strangers, which reads
//! what the library signs and refuses what was changed, but for the rules that it leaves out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a test's failure"
)]

#[path = "corpus/changes.rs"]
mod changes;
#[path = "golden/city.rs"]
mod city;
#[allow(dead_code, reason = "the fixtures are read here, not written")]
#[path = "hostile/manifest.rs"]
mod manifest;
#[path = "verify_py/readers.rs"]
mod readers;
#[path = "verify_py/short.rs"]
mod short;
#[path = "verify_py/tampered.rs"]
mod tampered;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use city::{JUDGED, golden, golden_text, key, signer, time, tree, trust};
use elicense::codec::{KeyId, without_scanner_line_end};
use elicense::crypto::{Algorithm, SystemRandom};
use elicense::licence::{Authority, Catalogue, LicenceType};
use elicense::pki::{Anchor, Revocation, RevocationReason, TrustStore, Usage, sign_trust_list};
use elicense::registry::{DepartmentPlan, Plan, Registry, make_installation};
use elicense::store::IndexPolicy;
use elicense::time::UnixTime;
use manifest::{Accepted, Presented, Refused};
use readers::{CHECKS, Case, Codes, Credential, Reader, Trust, believed_by, hex, judge};
use tampered::{Found, Original};

const SAMPLE: &[u8] = include_bytes!("../fixtures/licences/business-licence-benchmark.json");
const GOLDEN: [&str; 4] = ["es256-full", "es256-qr", "eddsa-full", "eddsa-qr"];

fn now() -> UnixTime {
    "2026-11-24T10:00:00+08:00".parse().unwrap()
}

/// A licence in both forms, and the trust list that verifies it.
struct Issued {
    dir: tempfile::TempDir,
    file: Vec<u8>,
    qr: String,
    trust: Trust,
}

fn issue(algorithm: Algorithm) -> Issued {
    let authority = |code: &str, name| Authority::new(code.parse().unwrap(), name).unwrap();
    let plan = Plan {
        region: "示范市".to_owned(),
        city: authority("11110000000021135M", "示范市人民政府"),
        area_code: None,
        public_url: "http://127.0.0.1:8080".to_owned(),
        departments: vec![DepartmentPlan::new(
            authority("11430000006122244L", "示范市市场监督管理局"),
            Catalogue::shipped().unwrap().iter().map(LicenceType::code).collect(),
            algorithm,
        )],
        checkpoint: None,
        keys: None,
    };
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("installation");
    std::fs::create_dir(&home).unwrap();
    let made = make_installation(&home, &plan, Arc::new(SystemRandom), now()).unwrap();
    let opened = Registry::open(&home, "a test".to_owned(), IndexPolicy::CatchUp, Arc::new(SystemRandom));
    let registry = opened.unwrap().0;
    let caller = registry.authenticate(&made.departments[0].api_key, now()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let issued = runtime.block_on(registry.issue(&caller, "1", SAMPLE, now())).unwrap();
    let envelope = registry.trust_list().to_vec();
    std::fs::write(dir.path().join("trust"), &envelope).unwrap();
    let store = TrustStore::from_envelope(&envelope, Anchor::FirstUse).unwrap();
    let file = registry.file(&caller, &issued.identifier).unwrap();
    Issued { file, qr: issued.qr, trust: Trust { envelope, store }, dir }
}

fn python() -> PathBuf {
    let python =
        std::env::var_os("ELICENSE_PYTHON").map_or_else(|| tree("target/venv/bin/python"), PathBuf::from);
    assert!(python.exists(), "no Python environment at {}: run scripts/test.sh", python.display());
    python
}

impl Issued {
    /// The script as a user runs it.
    fn run(&self, credential: &str, root: &str, at: UnixTime) -> Output {
        Command::new(python())
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify.py"))
            .arg("--trust")
            .arg(self.dir.path().join("trust"))
            .args(["--root", root, "--at", &at.seconds().to_string(), credential])
            .output()
            .unwrap()
    }

    #[track_caller]
    fn expect(&self, credential: &str, exit: i32, words: &str) {
        let output = self.run(credential, &hex(self.trust.store.root_fingerprint().as_bytes()), now());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains(words), "expected {words} in {text}");
    }
}

fn run_the_script(algorithm: Algorithm) {
    let issued = issue(algorithm);
    let path = issued.dir.path().join("presented.elic");
    std::fs::write(&path, &issued.file).unwrap();
    issued.expect(path.to_str().unwrap(), 2, r#""status": "indeterminate""#);
    issued.expect(&issued.qr, 2, r#""ledger": "ledger_unknown""#);

    let mut changed = issued.file.clone();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &changed).unwrap();
    issued.expect(path.to_str().unwrap(), 1, r#""signature": "forged""#);

    let another_root = issued.run(&issued.qr, &"00".repeat(32), now());
    assert_eq!(another_root.status.code(), Some(1), "a trust list of another root");
    assert!(another_root.stdout.is_empty(), "nothing is judged by a list that is not believed");
}

#[test]
fn an_es256_licence_verifies_on_the_command_line() {
    run_the_script(Algorithm::Es256);
}

#[test]
fn an_eddsa_licence_verifies_on_the_command_line() {
    run_the_script(Algorithm::EdDsa);
}

fn golden_trust() -> Trust {
    Trust { envelope: golden("trust-list.cose"), store: trust() }
}

fn case<'a>(name: &str, credential: Credential, trust: &'a Trust, at: UnixTime) -> Case<'a> {
    Case { name: name.to_owned(), credential, trust, at }
}

fn all_good() -> Codes {
    CHECKS.map(|_| "ok".to_owned())
}

/// Each change must be found by the check that it is for, by both readers in the same words.
#[track_caller]
fn assert_found(cases: &[Case<'_>], found: &[Found]) {
    assert_answers(cases, judge(cases), found);
}

#[track_caller]
fn assert_answers(cases: &[Case<'_>], answers: Vec<Codes>, found: &[Found]) {
    for ((case, codes), (check, code)) in cases.iter().zip(answers).zip(found) {
        let at = CHECKS.iter().position(|own| own.as_str() == *check).unwrap();
        assert_eq!(codes[at], *code, "{}: {codes:?}", case.name);
    }
}

#[test]
fn fresh_and_golden_licences_are_good_to_both_readers() {
    let issued = [Algorithm::Es256, Algorithm::EdDsa].map(issue);
    let golden_trust = golden_trust();
    let mut cases = Vec::new();
    for one in &issued {
        cases.push(case("a fresh file", Credential::Bytes(one.file.clone()), &one.trust, now()));
        cases.push(case("a fresh QR", Credential::Text(one.qr.clone()), &one.trust, now()));
    }
    for name in GOLDEN {
        let bytes = golden(&format!("{name}.cose"));
        let base64 = Credential::Text(tampered::encode_base64(&bytes));
        cases.push(case(name, base64, &golden_trust, time(JUDGED)));
        cases.push(case(name, Credential::Bytes(bytes), &golden_trust, time(JUDGED)));
    }
    for (case, codes) in cases.iter().zip(judge(&cases)) {
        assert_eq!(codes, all_good(), "{}", case.name);
    }
}

#[test]
fn what_was_changed_is_found_by_both_readers() {
    let trust = golden_trust();
    let (mut cases, mut found) = (Vec::new(), Vec::new());
    for name in GOLDEN {
        let original = Original::golden(name);
        let unchanged = Credential::Bytes(original.changed(|_| ()));
        assert_eq!(judge(&[case("unchanged", unchanged, &trust, time(JUDGED))]), [all_good()]);
        let kinds = [tampered::malformed, tampered::disagreeing, tampered::signed_otherwise];
        for (what, bytes, expected) in kinds.into_iter().flat_map(|kind| kind(&original)) {
            let what = format!("{name}, {what}");
            cases.push(case(&what, Credential::Bytes(bytes), &trust, time(JUDGED)));
            found.push(expected);
        }
    }
    for name in ["es256", "eddsa"] {
        for (what, text, expected) in tampered::texts(name) {
            let what = format!("{name}, {what}");
            cases.push(case(&what, Credential::Text(text), &trust, time(JUDGED)));
            found.push(expected);
        }
    }
    assert!(cases.len() > 400, "only {}", cases.len());
    assert_found(&cases, &found);
}

#[test]
fn a_licence_is_good_from_its_first_second_to_its_last() {
    let trust = golden_trust();
    let qr = golden_text("es256-qr.txt");
    let times: [(&str, Found); 4] = [
        ("2025-01-15T09:58:59+08:00", ("dates", "signed_in_future")),
        ("2025-01-15T09:59:00+08:00", ("dates", "ok")),
        ("2059-12-31T23:59:59+08:00", ("dates", "ok")),
        ("2060-01-01T00:00:00+08:00", ("dates", "expired")),
    ];
    let judged = times
        .map(|(at, found)| (case(at, Credential::Text(qr.trim_end().to_owned()), &trust, time(at)), found));
    let (cases, found): (Vec<_>, Vec<_>) = judged.into_iter().unzip();
    assert_found(&cases, &found);
    short::assert_found(&cases, &found);
}

/// The golden list after the revocation of whatever has these key ids, newly signed.
fn revoked(revocations: &[(KeyId, RevocationReason, &str)]) -> Trust {
    let golden = trust();
    let mut list = golden.list().clone();
    list.version += 1;
    for (kid, reason, at) in revocations {
        let entry = list.certificates.iter_mut().find(|entry| entry.certificate.key_id() == *kid).unwrap();
        entry.revocation = Some(Revocation { reason: *reason, at: time(at), position: 1_000 });
    }
    let by = signer(&golden, Usage::TrustList).certificate();
    let envelope = sign_trust_list(&list, &key("trust-list"), by).unwrap().bare_bytes().to_vec();
    let store = TrustStore::from_envelope(&envelope, Anchor::FirstUse).unwrap();
    Trust { envelope, store }
}

#[test]
fn a_revocation_counts_by_its_reason() {
    let golden = trust();
    let department = city::department(&golden, city::ES256).key_id();
    let is_city = |one: &&elicense::pki::CertificateEntry| one.certificate.is_authority();
    let city = golden.list().certificates[1..].iter().find(is_city).unwrap().certificate.key_id();
    for (kid, other) in [(department, city), (city, department)] {
        use RevocationReason::{Compromised, Superseded};
        let (before, after) = ("2025-01-10T00:00:00+08:00", "2025-06-01T00:00:00+08:00");
        let both = |at| revoked(&[(kid, Compromised, before), (other, Superseded, at)]);
        let lists = [
            (revoked(&[(kid, Superseded, after)]), "ok"),
            (revoked(&[(kid, Superseded, before)]), "issuer_revoked"),
            (revoked(&[(kid, Compromised, after)]), "issuer_perhaps_revoked"),
            (revoked(&[(kid, Compromised, before)]), "issuer_perhaps_revoked"),
            (both(before), "issuer_revoked"),
            (both(after), "issuer_perhaps_revoked"),
        ];
        let qr = golden_text("es256-qr.txt").trim_end().to_owned();
        let judged = lists.iter().map(|(trust, code)| {
            (case(code, Credential::Text(qr.clone()), trust, time(JUDGED)), ("issuer", *code))
        });
        let (cases, found): (Vec<_>, Vec<_>) = judged.unzip();
        assert_found(&cases, &found);
        short::assert_found(&cases, &found);
    }
}

#[test]
fn the_two_readers_agree_on_every_changed_byte() {
    let trust = golden_trust();
    let mut cases = Vec::new();
    for name in ["es256-full.elic", "eddsa-qr.cose"] {
        let bytes = golden(name);
        for at in 0..bytes.len() {
            for change in [0x01, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                let what = format!("{name}, byte {at} changed by {change:02x}");
                cases.push(case(&what, Credential::Bytes(changed), &trust, time(JUDGED)));
            }
        }
    }
    assert!(cases.len() > 5_000);
    assert!(short::let_pass(&cases).is_empty());
    for (case, codes) in cases.iter().zip(judge(&cases)) {
        assert_ne!(codes, all_good(), "{}", case.name);
    }
}

/// What a fixture presents, as the other reader takes it; `None` where there is no credential in it.
fn presented(present: &Presented) -> Option<Credential> {
    let Presented::Credential { media, body } = present else { return None };
    let bytes = body.bytes();
    if media == "application/cose" {
        return Some(Credential::Bytes(bytes));
    }
    let text = String::from_utf8(bytes).ok()?;
    if media == "text/plain" {
        return Some(Credential::Text(without_scanner_line_end(&text).to_owned()));
    }
    let request: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(Credential::Text(request.get("credential")?.as_str()?.to_owned()))
}

/// Whatever a department signs: claims changed at random, so that most are nothing and some say something else.
#[test]
fn the_two_readers_agree_on_changed_claims_that_are_signed() {
    let trust = golden_trust();
    let mut changes = changes::Changes::new("claims");
    let originals = GOLDEN.map(Original::golden);
    let mut cases = Vec::new();
    for number in 0..6_000 {
        let original = &originals[number % originals.len()];
        let other = &originals[changes.below(originals.len())];
        let mut payload = original.payload();
        if number < 1_000 {
            payload = changes.of(&payload, &other.payload());
        } else {
            // A byte from elsewhere in its place: often still a letter, a digit or a length.
            let (at, from) = (changes.below(payload.len()), changes.below(payload.len()));
            payload[at] = payload[from];
        }
        let credential = Credential::Bytes(original.signed(payload));
        cases.push(case(&format!("changed claims {number}"), credential, &trust, time(JUDGED)));
    }
    let answers = judge(&cases);
    let good = answers.iter().filter(|codes| **codes == all_good()).count();
    let readable = answers.iter().filter(|codes| codes[0] != "undecodable").count();
    assert!(good > 100 && readable > 500, "{good} good, {readable} readable: the changes are too coarse");
}

#[test]
fn every_hostile_credential_is_refused_and_every_twin_is_not() {
    let trust = golden_trust();
    let (mut cases, mut expected) = (Vec::new(), Vec::new());
    for section in manifest::all() {
        for fixture in section.fixtures {
            if let (Some(credential), Refused::Verdict { fails, .. }) =
                (presented(&fixture.present), fixture.refused)
            {
                cases.push(case(
                    &format!("#{} {}", fixture.row, fixture.name),
                    credential,
                    &trust,
                    time(JUDGED),
                ));
                expected.push(fails);
            }
        }
    }
    let hostile = cases.len();
    for twin in manifest::all().into_iter().flat_map(|section| section.twins) {
        let is_good = matches!(twin.accepted, Accepted::Valid | Accepted::Signed);
        if let Some(credential) = presented(&twin.present).filter(|_| is_good) {
            cases.push(case(&twin.name, credential, &trust, time(JUDGED)));
            expected.push(std::collections::BTreeMap::new());
        }
    }
    assert!(hostile > 300 && cases.len() > hostile + 10, "{hostile} of {}", cases.len());
    for ((case, codes), expected) in cases.iter().zip(judge(&cases)).zip(expected) {
        let failed = CHECKS.into_iter().zip(codes).filter(|(_, code)| code != "ok" && code != "not_checked");
        let failed: std::collections::BTreeMap<String, String> =
            failed.map(|(check, code)| (check.as_str().to_owned(), code)).collect();
        // A receipt or a presentation is to this reader no licence, and that is all it says; ours looks into it.
        let is_none = failed.get("format").is_some_and(|code| code == "wrong_type");
        assert!(failed == expected || (is_none && !expected.is_empty()), "{}: {failed:?}", case.name);
    }
}

#[test]
fn every_hostile_trust_list_is_refused_and_every_twin_is_believed() {
    let (lists, twins) = trust_lists();
    let hostile = lists.len() - twins;
    let root = trust().root_fingerprint();
    let bytes: Vec<Vec<u8>> = lists.iter().map(|(_, bytes)| bytes.clone()).collect();
    let believed = believed_by(Reader::Second, &bytes, root.as_bytes());
    for (at, ((name, _), believed)) in lists.iter().zip(believed).enumerate() {
        assert_eq!(believed, at >= hostile, "{name}");
    }
    assert!(hostile > 15 && twins > 0, "only {hostile}, {twins}");
}

/// Every trust list among the fixtures, the hostile ones first, and how many twins there are behind them.
fn trust_lists() -> (Vec<(String, Vec<u8>)>, usize) {
    let list = |name: &str, present: &Presented| match present {
        Presented::TrustList { body } => Some((name.to_owned(), body.bytes())),
        _ => None,
    };
    let sections = manifest::all();
    let fixtures = sections.iter().flat_map(|section| &section.fixtures);
    let mut lists: Vec<_> = fixtures.filter_map(|one| list(&one.name, &one.present)).collect();
    let twins = sections.iter().flat_map(|section| &section.twins);
    let twins: Vec<_> = twins.filter_map(|one| list(&one.name, &one.present)).collect();
    let count = twins.len();
    lists.extend(twins);
    (lists, count)
}
