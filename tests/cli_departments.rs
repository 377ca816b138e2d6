//! `elicense department`: added to an installation that runs already, given API keys, relieved of them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use support::demo::{Demo, Installation, verdict};
use support::http::Request;
use support::seed::Seeded;
use support::service::{Service, elicense, run};
use support::tree;

const CODE: &str = "11330105002500287C";
const BUSINESS: &str = "11100000MB0143028R001";

impl Installation {
    fn department(&self, words: &[&str]) -> Command {
        let mut command = elicense();
        command.arg("department").args(words).arg("--data").arg(&self.data);
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        run(&mut self.department(words))
    }

    /// The JSON of a command that does what it is asked.
    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        let output = run(self.department(words).arg("--json"));
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn listed(&self, code: &str) -> Option<Value> {
        let list = self.json(&["list"]);
        let all = list["departments"].as_array().expect("a list").clone();
        all.into_iter().find(|one| one["code"] == json!(code))
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

fn issue(service: &Service, api_key: &str, number: &str) -> (u16, Value) {
    let sample = std::fs::read(tree("fixtures/licences/business-licence-benchmark.json")).expect("a sample");
    let mut draft: Value = serde_json::from_slice(&sample).expect("JSON");
    draft["number"] = json!(number);
    let request = Request::post("/v1/licences").key(api_key).header("idempotency-key", number).json(&draft);
    let answer = service.client().send(&request);
    (answer.status, answer.json())
}

fn trust_list_version(service: &Service, folder: &Path) -> u64 {
    let list = service.client().send(&Request::get("/v1/trust-list")).expect_status(200).body;
    let path = folder.join("trust-list.cbor");
    std::fs::write(&path, list).expect("a file");
    let store = elicense::pki::TrustStore::from_envelope(
        &std::fs::read(&path).expect("the file"),
        elicense::pki::Anchor::FirstUse,
    );
    store.expect("the list is believed").version()
}

#[test]
fn a_department_that_is_added_issues_after_the_next_start() {
    let (city, service) = Installation::new();
    let old = Demo::read(&city.data).licences[0].clone();
    let words = ["add", CODE, "--name", "示范市数据局", "--types", BUSINESS, "--signs-with", "eddsa"];
    let refused = city.run(&words);
    assert_eq!(refused.status.code(), Some(65));
    assert!(said(&refused).contains("stop the service"), "{}", said(&refused));
    assert!(city.listed(CODE).is_none(), "listing works beside the service");
    assert!(service.terminate().success());
    // A certificate that is made later must not end later than the one above it; they count in seconds.
    std::thread::sleep(std::time::Duration::from_millis(1_100));

    let made = city.json(&words);
    let key = made["api_key"].as_str().expect("an API key").to_owned();
    let listed = city.listed(CODE).expect("it is listed");
    assert_eq!(listed["types"], json!([BUSINESS]));
    assert_eq!(listed["api_keys"][0]["id"], json!(key[4..20]));
    assert!(said(&city.run(&words)).contains("already"));

    let service = city.serve();
    assert_eq!(trust_list_version(&service, &city.folder), 2);
    let (status, issued) = issue(&service, &key, "NEW-1");
    assert_eq!(status, 201, "{issued}");
    let judged = verdict(&mut service.client(), issued["qr"].as_str().expect("a QR text"));
    assert_eq!(judged["status"], json!("valid"), "{judged}");
    let judged = verdict(&mut service.client(), &old.qr);
    assert_eq!(judged["status"], json!("valid"), "a licence from before: {judged}");
    let checked = run(elicense().args(["store", "check", "--data"]).arg(&city.data));
    assert!(checked.status.success(), "{}", said(&checked));
}

#[test]
fn one_that_only_verifies_needs_no_certificate() {
    let (city, service) = Installation::new();
    assert!(service.terminate().success());
    let made = city.json(&["add", CODE, "--name", "示范市数据局"]);
    assert_eq!(city.listed(CODE).expect("it is listed")["types"], json!([]));
    let service = city.serve();
    assert_eq!(trust_list_version(&service, &city.folder), 1);
    let (status, problem) = issue(&service, made["api_key"].as_str().expect("a key"), "NEW-1");
    assert_eq!((status, problem["code"].as_str()), (403, Some("role_required")));
}

#[test]
fn what_is_wrong_is_named_before_anything_is_written() {
    let (city, service) = Installation::new();
    assert!(service.terminate().success());
    let before = city.json(&["list"]);
    for (words, code, named) in [
        (vec!["add", "11330105002500287D", "--name", "X"], 64, "11330105002500287D"),
        (vec!["add", CODE, "--name", " "], 64, "--name"),
        (vec!["add", CODE, "--name", "X", "--types", "11100000MB0143028R999"], 64, "elicense types"),
        (vec!["add", CODE], 64, "--name"),
        (vec!["new-key", CODE], 65, CODE),
        (vec!["withdraw-key", "0123456789abcdef"], 65, "in force"),
        (vec!["withdraw-key", "elk_"], 65, "16 hexadecimal digits"),
    ] {
        let output = city.run(&words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
        assert!(said(&output).contains(named), "{words:?}: {}", said(&output));
    }
    assert_eq!(city.json(&["list"]), before);
}

#[test]
fn an_api_key_is_replaced_by_another() {
    let (city, service) = Installation::new();
    let demo = Demo::read(&city.data);
    let department =
        demo.departments.iter().find(|one| one.types.iter().any(|code| code == BUSINESS)).expect("one");
    let (code, old) = (department.code.as_str(), department.api_key.as_str());
    assert_eq!(issue(&service, old, "K-1").0, 201);
    assert!(service.terminate().success());
    let new = city.json(&["new-key", code])["api_key"].as_str().expect("an API key").to_owned();
    let service = city.serve();
    assert_eq!((issue(&service, old, "K-2").0, issue(&service, &new, "K-3").0), (201, 201));
    assert!(service.terminate().success());
    assert!(city.run(&["withdraw-key", &old[4..20]]).status.success());
    assert_eq!(city.run(&["withdraw-key", &old[4..20]]).status.code(), Some(65), "it is withdrawn already");
    let ids = city.listed(code).expect("it is listed")["api_keys"].clone();
    assert_eq!(ids.as_array().map(Vec::len), Some(1));
    let service = city.serve();
    assert_eq!((issue(&service, old, "K-4").0, issue(&service, &new, "K-5").0), (401, 201));
}

#[test]
fn an_addition_that_was_killed_is_done_again() {
    let (city, service) = Installation::new();
    assert!(service.terminate().success());
    let mut seed = Seeded::announced();
    let words = ["add", CODE, "--name", "示范市数据局", "--types", BUSINESS];
    for _ in 0..12 {
        let mut child = city.department(&words);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(seed.millis(0, 150));
        child.kill().expect("a child can be killed");
        child.wait().expect("a killed child ends");
    }
    let last = city.run(&words);
    assert!(last.status.success() || said(&last).contains("already"), "{}", said(&last));
    let key = city.json(&["new-key", CODE])["api_key"].as_str().expect("an API key").to_owned();
    let service = city.serve();
    let (status, issued) = issue(&service, &key, "AGAIN-1");
    assert_eq!(status, 201, "{issued}");
    let judged = verdict(&mut service.client(), issued["qr"].as_str().expect("a QR text"));
    assert_eq!(judged["status"], json!("valid"), "{judged}");
}

/// A department of today's is certified for SD-JWT VC already: it is said, and nothing is signed.
#[test]
fn certifying_again_what_is_certified_changes_nothing() {
    let (city, service) = Installation::new();
    let code = Demo::read(&city.data).licences[0].department.clone();
    let beside = city.run(&["certify", &code]);
    assert!(!beside.status.success(), "beside a running service: {}", said(&beside));
    let version = trust_list_version(&service, &city.folder);
    service.terminate();
    let certified = city.json(&["certify", &code]);
    assert_eq!(certified, json!({"code": code, "certified": true}));
    for unknown in ["11330105002500287C", "x"] {
        assert!(!city.run(&["certify", unknown]).status.success(), "{unknown}");
    }
    assert_eq!(trust_list_version(&city.serve(), &city.folder), version);
}
