//! The same credentials, trust lists and packs to the library and to the page's own modules.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::codec::without_scanner_line_end;
use elicense::pack::{Pack, PackError};
use elicense::pki::{Anchor, RevocationReason, TrustStore};
use elicense::time::UnixTime;
use elicense::verify::{Verdict, Verifier};
use serde_json::{Value, json};

use super::browser::Script;
use super::city::{EDDSA, ES256, JUDGED, golden, golden_text, time, trust};
use super::manifest::{self, Presented};
use super::packs::{self, BOTH, GoldenPack};
use super::statements;
use super::support::service::Start;

/// A credential as both are given it.
#[derive(Clone)]
enum Given {
    Text(String),
    Bytes(Vec<u8>),
}

/// A case: by which pack, at what time, by a device that has seen what.
struct Case {
    name: String,
    pack: &'static str,
    at: UnixTime,
    newest_seen: Option<UnixTime>,
    given: Given,
}

/// What a browser has no means to check, and the library has other words for: these cases, and no others, differ.
const CANNOT_BE_CHECKED_HERE: [&str; 1] = ["alg-sm2-before-its-time"];

fn given(presented: &Presented) -> Option<Given> {
    let Presented::Credential { media, body } = presented else { return None };
    let bytes = body.bytes();
    match media.as_str() {
        "application/cose" => Some(Given::Bytes(bytes)),
        "text/plain" => {
            let text = String::from_utf8(bytes).ok()?;
            Some(Given::Text(without_scanner_line_end(&text).to_owned()))
        }
        _ => {
            let request: Value = serde_json::from_slice(&bytes).ok()?;
            let members = request.as_object().filter(|members| members.len() == 1)?;
            Some(Given::Text(members.get("credential")?.as_str()?.to_owned()))
        }
    }
}

/// Every credential of `fixtures/hostile/`, and its twins.
fn fixtures() -> Vec<Case> {
    let case = |name: &str, presented: &Presented| {
        let given = given(presented)?;
        let (name, at) = (name.to_owned(), time(JUDGED));
        Some(Case { name, pack: "fresh", at, newest_seen: None, given })
    };
    manifest::all()
        .iter()
        .flat_map(|section| {
            let fixtures = section.fixtures.iter().map(|one| case(&one.name, &one.present));
            let twins = section.twins.iter().map(|one| case(&one.name, &one.present));
            fixtures.chain(twins).flatten().collect::<Vec<_>>()
        })
        .collect()
}

/// Packs by what is peculiar about them.
fn golden_packs() -> BTreeMap<&'static str, Vec<u8>> {
    let entries =
        |value| GoldenPack { entries: BOTH.map(|code| (code, value)).to_vec(), ..GoldenPack::new() };
    let revoked = |reason, at: &'static str| {
        GoldenPack::with_list(move |list| packs::revoke(list, ES256, reason, at)).bytes()
    };
    let too_old = |value| GoldenPack { entries: vec![(EDDSA, value)], ..GoldenPack::aged(8 * 86_400) };
    let policy = json!({ "types": [{ "code": "11100000MB014302 8R001".replace(' ', ""), "offline": { "fresh": 60, "stale": 120 } }] });
    [
        ("fresh", GoldenPack::new().bytes()),
        ("out of force", entries(1).bytes()),
        ("suspended", entries(2).bytes()),
        ("never written", entries(3).bytes()),
        ("a day old", GoldenPack::aged(86_400).bytes()),
        ("over a day old", GoldenPack::aged(86_401).bytes()),
        ("a week old", GoldenPack::aged(7 * 86_400).bytes()),
        ("over a week old", too_old(0).bytes()),
        ("over a week old, out of force", too_old(1).bytes()),
        ("over a week old, suspended", too_old(2).bytes()),
        (
            "of a strict policy",
            GoldenPack { types: policy.to_string().into_bytes(), ..GoldenPack::new() }.bytes(),
        ),
        ("superseded before", revoked(RevocationReason::Superseded, "2025-01-01T00:00:00+08:00")),
        ("superseded after", revoked(RevocationReason::Superseded, "2025-06-01T00:00:00+08:00")),
        ("compromised", packs::compromised(&[]).bytes()),
        ("compromised, and it survived", packs::compromised(&["es256-qr.cose", "es256-full.cose"]).bytes()),
        ("compromised, and another survived", packs::compromised(&["eddsa-qr.cose"]).bytes()),
    ]
    .into()
}

/// The golden licences by every pack, at times around their own, by clocks that are right and wrong.
fn golden_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for pack in golden_packs().keys() {
        for name in ["es256", "eddsa"] {
            let shapes = [
                Given::Text(golden_text(&format!("{name}-qr.txt"))),
                Given::Bytes(golden(&format!("{name}-full.elic"))),
                Given::Text(STANDARD.encode(golden(&format!("{name}-full.cose")))),
            ];
            for (at, newest_seen) in [
                (JUDGED, None),
                (JUDGED, Some("2026-11-24T10:01:00+08:00")),
                (JUDGED, Some("2026-11-24T10:01:01+08:00")),
                ("2025-01-14T23:59:59+08:00", None),
                ("2025-01-15T09:58:59+08:00", None),
                ("2060-01-01T00:00:00+08:00", None),
            ] {
                for (place, given) in shapes.iter().enumerate() {
                    let name = format!("{name} in shape {place}, {pack}, at {at}, seen {newest_seen:?}");
                    let newest_seen = newest_seen.map(time);
                    cases.push(Case { name, pack, at: time(at), newest_seen, given: given.clone() });
                }
            }
        }
    }
    cases
}

/// Receipts and presentations, by every pack and at times around their own.
fn statement_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for pack in golden_packs().keys() {
        for (name, bytes) in statements::all() {
            for (at, newest_seen) in [
                (JUDGED, None),
                (JUDGED, Some("2026-11-24T10:01:01+08:00")),
                ("2026-11-24T09:57:59+08:00", None),
                ("2026-11-24T10:00:29+08:00", None),
                ("2026-11-24T10:00:30+08:00", None),
            ] {
                let name = format!("{name}, {pack}, at {at}, seen {newest_seen:?}");
                let (newest_seen, given) = (newest_seen.map(time), Given::Bytes(bytes.clone()));
                cases.push(Case { name, pack, at: time(at), newest_seen, given });
            }
        }
    }
    cases
}

fn anchor() -> Anchor {
    Anchor::Pinned(trust().root_fingerprint())
}

fn library(case: &Case, packs: &BTreeMap<&str, Pack>) -> Value {
    let pack = &packs[case.pack];
    let mut verifier = Verifier::new(pack.trust()).with_offline(pack);
    if let Some(newest) = case.newest_seen {
        verifier = verifier.with_newest_seen(newest);
    }
    let verdict: Verdict = match &case.given {
        Given::Text(text) => verifier.verify_text(text, case.at),
        Given::Bytes(bytes) => verifier.verify_bytes(bytes, case.at),
    };
    without_details(serde_json::to_value(verdict).unwrap())
}

/// Details are for people, and may differ; what a receipt or a presentation shows is named by who shows it.
fn without_details(mut verdict: Value) -> Value {
    for shown in ["receipt", "presentation"] {
        verdict.as_object_mut().expect("a verdict").remove(shown);
    }
    for finding in verdict["findings"].as_array_mut().expect("a verdict has findings") {
        finding.as_object_mut().expect("a finding").remove("detail");
    }
    verdict
}

fn trust_lists() -> Vec<(String, Vec<u8>)> {
    let list = |name: &String, presented: &Presented| match presented {
        Presented::TrustList { body } => Some((name.clone(), body.bytes())),
        _ => None,
    };
    let mut all: Vec<_> = manifest::all()
        .iter()
        .flat_map(|section| {
            let fixtures = section.fixtures.iter().filter_map(|one| list(&one.name, &one.present));
            let twins = section.twins.iter().filter_map(|one| list(&one.name, &one.present));
            fixtures.chain(twins).collect::<Vec<_>>()
        })
        .collect();
    let golden = golden("trust-list.cose");
    all.extend((0..golden.len() * 8).step_by(37).map(|bit| {
        let mut bytes = golden.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        (format!("bit {bit}"), bytes)
    }));
    all
}

/// Updates of the fresh pack: what came, and whether it is believed.
fn updates() -> Vec<(String, Vec<u8>)> {
    let held = GoldenPack::new();
    let later = |version, seconds: i64| GoldenPack {
        version,
        issued_at: held.issued_at.plus(seconds),
        entries: vec![(ES256, 2)],
        ..GoldenPack::new()
    };
    let digests: Vec<[u8; 8]> = Pack::open(&held.bytes(), anchor())
        .unwrap()
        .manifest()
        .lines
        .iter()
        .map(|line| line.digest.as_bytes()[..8].try_into().unwrap())
        .collect();
    let changes = |changed: Vec<u32>| {
        let of = move |_: &str| Some(changed.clone());
        later(101, 60).signed().update(&elicense::pack::Held { digests: &digests, changed: &of })
    };
    [
        ("a newer whole one", later(101, 60).bytes()),
        ("a newer one with the change", changes(vec![40_961])),
        ("a newer one with more than the change", changes(vec![1, 40_961])),
        ("a newer one without the change", changes(vec![1])),
        ("the same again", held.bytes()),
        ("an older version", later(99, 60).bytes()),
        ("made earlier", later(101, -60).bytes()),
        ("an older trust list", {
            let list = GoldenPack::with_list(|list| list.version = list.version.saturating_sub(1).max(1));
            GoldenPack { version: 102, ..list }.bytes()
        }),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .into()
}

fn plan(url: &str, cases: &[Case], packs: &BTreeMap<&str, Vec<u8>>) -> Value {
    let coded = |all: &[(String, Vec<u8>)]| -> Vec<Value> {
        all.iter().map(|(name, bytes)| json!([name, STANDARD.encode(bytes)])).collect()
    };
    let cases = cases.iter().map(|case| {
        let (text, bytes) = match &case.given {
            Given::Text(text) => (Some(text), None),
            Given::Bytes(bytes) => (None, Some(STANDARD.encode(bytes))),
        };
        let newest_seen = case.newest_seen.map(UnixTime::seconds);
        json!({ "pack": case.pack, "at": case.at.seconds(), "newestSeen": newest_seen, "text": text, "bytes": bytes })
    });
    json!({
        "url": url,
        "root": trust().root_fingerprint().to_string(),
        "packs": packs.iter().map(|(name, bytes)| (*name, STANDARD.encode(bytes))).collect::<BTreeMap<_, _>>(),
        "cases": cases.collect::<Vec<_>>(),
        "trustLists": coded(&trust_lists()),
        "hostilePacks": coded(&packs::hostile()),
        "updates": coded(&updates()),
    })
}

fn run(place: &Path) -> (Vec<Case>, BTreeMap<&'static str, Vec<u8>>, Value) {
    let service = Start::demo(&place.join("data"), place).ready();
    let cases: Vec<Case> = fixtures().into_iter().chain(golden_cases()).chain(statement_cases()).collect();
    let packs = golden_packs();
    let plan = plan(&service.url(), &cases, &packs);
    let mut service = Some(service);
    let result = Script::start("judge.mjs", &plan, place).run(|word| {
        assert_eq!(word, "cut");
        service.take().expect("it is cut once").kill();
    });
    assert!(service.is_none(), "the service was there to the end");
    (cases, packs, result)
}

#[test]
fn with_the_network_cut_the_page_says_what_the_library_says() {
    let place = tempfile::tempdir().unwrap();
    let (cases, packs, result) = run(place.path());
    let packs = packs.iter().map(|(name, bytes)| (*name, Pack::open(bytes, anchor()).unwrap())).collect();
    let said = result["verdicts"].as_array().unwrap();
    assert_eq!(said.len(), cases.len());
    let mut complaints = Vec::new();
    for (case, said) in cases.iter().zip(said) {
        let (page, library) = (without_details(said.clone()), library(case, &packs));
        if CANNOT_BE_CHECKED_HERE.contains(&case.name.as_str()) {
            let format = &page["findings"][0];
            assert_eq!(
                (&page["status"], &format["code"]),
                (&json!("indeterminate"), &json!("unsupported_here"))
            );
        } else if page != library {
            complaints.push(format!("{}:\n  page    {page}\n  library {library}", case.name));
        }
    }
    let believed =
        |list: &[u8]| TrustStore::from_envelope(list, anchor()).map(drop).map_err(|error| error.to_string());
    compare("trust list", &trust_lists(), &result["trustLists"], believed, &mut complaints);
    let opened = |bytes: &[u8]| Pack::open(bytes, anchor()).map(drop).map_err(|error| error.to_string());
    compare("pack", &packs::hostile(), &result["hostilePacks"], opened, &mut complaints);
    let held = Pack::open(&GoldenPack::new().bytes(), anchor()).unwrap();
    let updated = |bytes: &[u8]| held.update(bytes).map(drop).map_err(|error: PackError| error.to_string());
    compare("update", &updates(), &result["updates"], updated, &mut complaints);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    assert!(fixtures().len() >= 500, "{} fixtures", fixtures().len());
    assert_eq!(golden_cases().len(), 16 * 2 * 6 * 3);
    assert_eq!(statement_cases().len(), 16 * statements::all().len() * 5);
    assert!(trust_lists().len() >= 500 && packs::hostile().len() >= 200);
}

/// Both believe it, or both do not; the page says why not.
fn compare(
    what: &str,
    all: &[(String, Vec<u8>)],
    said: &Value,
    library: impl Fn(&[u8]) -> Result<(), String>,
    complaints: &mut Vec<String>,
) {
    let said = said.as_array().unwrap();
    assert_eq!(said.len(), all.len(), "{what}");
    for ((name, bytes), page) in all.iter().zip(said) {
        match (library(bytes), page.as_str()) {
            (Ok(()), Some("believed")) => {}
            (Err(_), Some(why)) if why != "believed" => {}
            (library, page) => complaints.push(format!("{what} {name}: page {page:?}, library {library:?}")),
        }
    }
}
