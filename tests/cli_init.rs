//! `elicense init`, by options and by questions: what it makes serves, issues and lies where it was told to.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use support::demo::verdict;
use support::http::Request;
use support::service::{Start, elicense, run};
use support::{python, tree};

const CITY: &str = "11110000000021135M=示范市人民政府";
const BUREAU: &str = "11430000006122244L=示范市市场监督管理局:11100000MB0143028R001:eddsa";
const HALL: &str = "11330105002500287C=示范市政务服务中心";

fn init(data: &Path, words: &[&str]) -> Output {
    run(elicense().arg("init").arg("--data").arg(data).args(words))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// Serves what was made, and issues and verifies a business licence there.
fn assert_works(data: &Path, logs: &Path, api_key: &str) {
    let service = Start::serve(data, logs).ready();
    let sample = std::fs::read(tree("fixtures/licences/business-licence-benchmark.json")).expect("a sample");
    let request = Request::post("/v1/licences").key(api_key).header("idempotency-key", "1");
    let issued = service.client().send(&request.body("application/json", sample)).expect_status(201).json();
    let judged = verdict(&mut service.client(), issued["qr"].as_str().expect("a QR text"));
    assert_eq!(judged["status"], json!("valid"), "{judged}");
    assert_eq!(judged["licence"]["number"], json!("91999999XX00010111"), "{judged}");
    assert!(service.terminate().success());
}

fn modes_below(folder: &Path) -> Vec<u32> {
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    files.map(|file| file.metadata().expect("metadata").permissions().mode() & 0o777).collect()
}

#[test]
fn by_options_everything_lies_where_it_was_told_to() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (data, keys) = (place.path().join("data"), place.path().join("elsewhere/keys"));
    let checkpoint = place.path().join("checkpoint");
    let words = [
        "--region",
        "示范市",
        "--city",
        CITY,
        "--area-code",
        "999900",
        "--department",
        BUREAU,
        "--department",
        HALL,
        "--public-url",
        "https://licences.example.com/",
        "--keys",
        keys.to_str().expect("UTF-8"),
        "--checkpoint",
        checkpoint.to_str().expect("UTF-8"),
        "--json",
    ];
    let made = init(&data, &words);
    assert!(made.status.success(), "{}", said(&made));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    assert_eq!(made["departments"].as_array().map(Vec::len), Some(2));
    assert_works(&data, place.path(), made["departments"][0]["api_key"].as_str().expect("an API key"));
    assert!(checkpoint.is_file() && !data.join("keys").exists() && !data.join("checkpoint").exists());
    let modes = modes_below(&keys);
    assert!(modes.len() >= 10 && modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
    assert_eq!(data.metadata().expect("metadata").permissions().mode() & 0o777, 0o700);
    let settings = std::fs::read_to_string(data.join("settings.json")).expect("settings");
    assert!(settings.contains("\"https://licences.example.com\""), "{settings}");

    let again = init(&data, &words);
    assert_eq!(again.status.code(), Some(65), "{}", said(&again));
    assert!(said(&again).contains("already"), "{}", said(&again));
    let beside = init(&place.path().join("beside"), &words);
    assert_eq!(beside.status.code(), Some(65), "keys of another installation: {}", said(&beside));
    assert!(said(&beside).contains("keys"), "{}", said(&beside));
    assert!(!place.path().join("beside/settings.json").exists());
}

#[test]
fn what_is_wrong_is_named_with_its_option_and_nothing_is_made() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let data = place.path().join("data");
    let good = ["--region", "示范市", "--city", CITY, "--department", HALL];
    for (change, named) in [
        (("--region", ""), "--region"),
        (("--city", "11110000000021135N=示范市人民政府"), "11110000000021135N"),
        (("--city", "示范市人民政府"), "CODE=NAME"),
        (("--department", "11330105002500287C=中心:11100000MB0143028R999"), "elicense types"),
        (("--area-code", "12345"), "--area-code"),
        (("--public-url", "licences.example.com"), "--public-url"),
        (("--checkpoint", "/no-such-folder/checkpoint"), "--checkpoint"),
    ] {
        let mut words: Vec<&str> = good.to_vec();
        match good.iter().position(|word| *word == change.0) {
            Some(at) => words[at + 1] = change.1,
            None => words.extend([change.0, change.1]),
        }
        let output = init(&data, &words);
        assert_eq!(output.status.code(), Some(64), "{change:?}: {}", said(&output));
        assert!(said(&output).contains(named), "{change:?}: {}", said(&output));
        assert!(!data.exists(), "{change:?}");
    }
    let twice = init(&data, &[&good[..], &["--department", HALL]].concat());
    assert_eq!(twice.status.code(), Some(64), "{}", said(&twice));
    assert!(said(&twice).contains("twice"), "{}", said(&twice));
    let missing = init(&data, &good[..4]);
    assert_eq!(missing.status.code(), Some(64));
    assert!(said(&missing).contains("--department"), "{}", said(&missing));
    assert!(init(&data, &good).status.success(), "and the good one is made there");
}

#[test]
fn a_directory_with_something_in_it_is_refused() {
    let place = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(place.path().join("diary.txt"), "dear").expect("a file");
    let output = init(place.path(), &["--region", "示范市", "--city", CITY, "--department", HALL]);
    assert_eq!(output.status.code(), Some(65), "{}", said(&output));
    assert!(said(&output).contains("diary.txt"), "{}", said(&output));
    assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 1);
}

#[test]
fn asked_on_a_terminal_a_wrong_answer_is_asked_for_again() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let data = place.path().join("data");
    let keys = place.path().join("keys");
    let answers = json!([
        ["Name of the region", "示范市"],
        ["Body that certifies", "示范市人民政府"],
        ["Body that certifies", CITY],
        ["Area code", ""],
        ["Department, as", "11430000006122244L=示范市市场监督管理局:1"],
        ["Department, as", BUREAU],
        ["One more department", HALL],
        ["One more department", ""],
        ["Public URL", "nonsense"],
        ["Public URL", ""],
        ["Folder for private keys", keys.to_str().expect("UTF-8")],
        ["File for the last checkpoint", ""],
    ]);
    let output = Command::new(python())
        .arg(tree("tests/cli_init.py"))
        .arg(env!("CARGO_BIN_EXE_elicense"))
        .args([data.as_os_str(), answers.to_string().as_ref()])
        .output()
        .expect("Python starts");
    let shown = said(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(
        shown.contains("The checkpoint lies inside") && !shown.contains("The keys lie inside"),
        "{shown}"
    );
    let key = shown.split_whitespace().find(|word| word.starts_with("elk_")).expect("an API key");
    assert_works(&data, place.path(), key);
    assert!(keys.join("root.pem").is_file());
}
