//! SD-JWT VC between the running service and two implementations that are not ours: PyPI `sd-jwt` (`tests/sd_jwt/check.py`)
//! and npm `@sd-jwt/sd-jwt-vc` (`tests/sd_jwt/check.mjs`). They verify ours and present parts of it; we verify what they
//! present, and what they issue with a department's key.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use support::demo::{Demo, Installation};
use support::http::{Client, Request};
use support::service::{elicense, run};
use support::{python, tree};

const ES256: &str = "11999900MB000022XP";
const EDDSA: &str = "11999900MB00003341";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Other {
    Python,
    Node,
}

impl Other {
    const ALL: [Self; 2] = [Self::Python, Self::Node];

    /// One answer for each job.
    fn ask(self, jobs: &[Value]) -> Vec<Value> {
        let folder = tree("tests/sd_jwt");
        let mut command = match self {
            Self::Python => Command::new(python()),
            Self::Node => Command::new("node"),
        };
        assert!(folder.join("node_modules/@sd-jwt").exists(), "no @sd-jwt: run scripts/test.sh");
        command.arg(if self == Self::Python { "check.py" } else { "check.mjs" }).current_dir(folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let input = Value::from(jobs).to_string();
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{self:?} ended with {}", output.status);
        let answers: Vec<Value> = serde_json::from_slice(&output.stdout).expect("a list of answers");
        assert_eq!(answers.len(), jobs.len());
        answers
    }

    /// The one answer, which is no refusal.
    #[track_caller]
    fn done(self, job: Value) -> Value {
        let answer = self.ask(&[job]).remove(0);
        answer.get("ok").unwrap_or_else(|| panic!("{self:?}: {answer}")).clone()
    }
}

/// A holder's key, private members and all: RFC 7517, Appendix A.2, and RFC 8037, Appendix A.1.
fn holder_key(kind: &str) -> Value {
    match kind {
        "ES256" => json!({
            "kty": "EC", "crv": "P-256", "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        }),
        _ => json!({
            "kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }),
    }
}

fn public(mut key: Value) -> Value {
    key.as_object_mut().expect("a JWK").remove("d");
    key
}

/// The running service with the demonstration's departments.
struct City {
    installation: Installation,
    client: Client,
    demo: Demo,
    _service: support::service::Service,
}

impl City {
    fn new() -> Self {
        let (installation, service) = Installation::new();
        let demo = Demo::read(&installation.data);
        Self { client: service.client(), installation, demo, _service: service }
    }

    /// A licence of this department as an SD-JWT VC, and its identifier.
    fn issue(&mut self, department: &str, holder: Option<&Value>) -> (String, String) {
        let licence =
            self.demo.licences.iter().find(|one| one.department == department).expect("one of each");
        let body = holder.map_or_else(|| json!({}), |key| json!({"holder_key": key}));
        let key = &self.demo.department(department).api_key;
        let path = format!("/v1/licences/{}/sd-jwt", licence.identifier);
        let made = self.client.send(&Request::post(&path).key(key).json(&body)).expect_status(201).json();
        (made["sd_jwt"].as_str().expect("a text").to_owned(), licence.identifier.clone())
    }

    fn verify(&mut self, text: &str, challenge: Option<(&str, &str)>) -> Value {
        let mut body = json!({"credential": text});
        if let Some((audience, nonce)) = challenge {
            body["audience"] = audience.into();
            body["nonce"] = nonce.into();
        }
        self.client.send(&Request::post("/v1/verifications").json(&body)).expect_status(200).json()
    }

    /// A department's private key in PEM. Ours of Ed25519 say their public half too (RFC 5958), which OpenSSL does not
    /// read: it is taken off.
    fn key_file(&self, department: &str) -> String {
        const ED25519: &[u8] = b"\x06\x03\x2b\x65\x70";
        let path = self.installation.data.join(format!("keys/department-{department}.pem"));
        let pem = std::fs::read_to_string(path).expect("the demonstration keeps its keys inside");
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(text).expect("base64");
        if der.get(7..12) != Some(ED25519) {
            return pem;
        }
        let short = [b"\x30\x2e\x02\x01\x00\x30\x05", ED25519, &der[12..48]].concat();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(short))
    }
}

fn section(text: &str, number: usize) -> Map<String, Value> {
    let section = text.split('~').next().and_then(|jwt| jwt.split('.').nth(number)).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(section).expect("base64url")).expect("JSON")
}

/// The codes of what did not simply pass, by check.
fn findings(verdict: &Value) -> Map<String, Value> {
    let findings = verdict["findings"].as_array().expect("findings").iter();
    let notable = findings.filter(|finding| finding["code"] != "ok");
    notable
        .map(|finding| (finding["check"].as_str().unwrap_or_default().to_owned(), finding["code"].clone()))
        .collect()
}

#[test]
fn others_verify_ours_and_we_verify_what_their_holders_present() {
    let mut city = City::new();
    for (department, kind) in [(ES256, "ES256"), (EDDSA, "EdDSA"), (ES256, "EdDSA"), (EDDSA, "ES256")] {
        let holder = holder_key(kind);
        let (text, identifier) = city.issue(department, Some(&public(holder.clone())));
        for other in Other::ALL {
            let said = other.done(json!({"do": "verify", "text": text}));
            assert_eq!(said["identifier"], identifier, "{other:?}");
            assert_eq!(said["cnf"]["jwk"], public(holder.clone()), "{other:?}");
            let shown = other.done(json!({
                "do": "present", "text": text, "disclose": ["number", "holders"], "holder": holder,
                "audience": "https://window.example", "nonce": "n-1",
            }));
            let shown = shown.as_str().expect("a text");
            assert!(!shown.ends_with('~') && shown.matches('~').count() == 3, "{other:?}: {shown}");
            let verdict = city.verify(shown, Some(("https://window.example", "n-1")));
            assert_eq!(verdict["status"], "valid", "{other:?}, {department}: {verdict:#}");
            assert_eq!((&verdict["form"], findings(&verdict)), (&json!("sd-jwt"), Map::new()));
            let disclosed = verdict["sd_jwt"]["disclosed"].as_object().expect("claims");
            assert_eq!(disclosed.keys().collect::<Vec<_>>(), ["holders", "number"]);
            assert_eq!(disclosed["number"], said["number"]);
            replayed_it_is_refused(&mut city, shown);
            // PyPI sd-jwt checks a key-binding JWT by ES256 alone.
            if other == Other::Node || kind == "ES256" {
                let job = json!({"do": "verify", "text": shown, "audience": "https://window.example", "nonce": "n-1"});
                assert!(other.done(job).get("identifier").is_none(), "{other:?}");
            }
        }
    }
}

fn replayed_it_is_refused(city: &mut City, shown: &str) {
    let (open, _) = shown.rsplit_once('~').expect("a tilde");
    let without_proof = format!("{open}~");
    for (text, challenge, code) in [
        (shown, ("https://window.example", "n-2"), "holder_proof_invalid"),
        (shown, ("https://elsewhere.example", "n-1"), "holder_proof_invalid"),
        (without_proof.as_str(), ("https://window.example", "n-1"), "holder_proof_missing"),
    ] {
        let verdict = city.verify(text, Some(challenge));
        assert_eq!(
            (&verdict["status"], findings(&verdict)["holder"].as_str()),
            (&json!("invalid"), Some(code))
        );
        assert!(verdict.get("sd_jwt").is_none(), "nothing is shown to whom nothing was proved");
    }
    let verdict = city.verify(&without_proof, None);
    assert_eq!(
        (&verdict["status"], &findings(&verdict)["holder"]),
        (&json!("valid"), &json!("holder_proof_not_asked"))
    );
}

#[test]
fn without_a_holders_key_anyone_shows_any_part() {
    let mut city = City::new();
    for department in [ES256, EDDSA] {
        let (text, identifier) = city.issue(department, None);
        for other in Other::ALL {
            assert_eq!(other.done(json!({"do": "verify", "text": text}))["identifier"], identifier);
            let shown = other.done(json!({"do": "present", "text": text, "disclose": ["valid_from"]}));
            let verdict = city.verify(shown.as_str().expect("a text"), None);
            assert_eq!((&verdict["status"], &verdict["grade"]), (&json!("valid"), &json!(0)), "{verdict:#}");
            assert_eq!(
                findings(&verdict),
                Map::from_iter([("holder".to_owned(), "holder_not_bound".into())])
            );
            assert_eq!(verdict["sd_jwt"]["disclosed"].as_object().map(Map::len), Some(1));
        }
    }
}

#[test]
fn what_others_issue_with_a_departments_key_is_read_and_not_in_the_ledger() {
    let mut city = City::new();
    for department in [ES256, EDDSA] {
        let (ours, _) = city.issue(department, None);
        let mut header = section(&ours, 0);
        header.remove("alg");
        let mut open = section(&ours, 1);
        open.retain(|claim, _| !claim.starts_with("_sd"));
        for other in Other::ALL {
            let holder = holder_key("ES256");
            // PyPI sd-jwt writes another typ unless it is told.
            let job = json!({
                "do": "issue", "pem": city.key_file(department), "header": header, "open": open, "holder": holder,
                "hidden": {"number": "甲字第 1 号", "field_note": "测试", "authority_code": department},
            });
            let theirs = other.done(job);
            let theirs = theirs.as_str().expect("a text");
            let verdict = city.verify(theirs, None);
            let expected = json!({
                "status": "status_unknown", "ledger": "not_in_ledger", "holder": "holder_proof_not_asked",
            });
            assert_eq!(Value::Object(findings(&verdict)), expected, "{other:?}: {verdict:#}");
            assert_eq!((&verdict["status"], verdict.get("sd_jwt")), (&json!("invalid"), None));
            let (code, told) = by_trust_list_alone(&mut city, theirs);
            assert_eq!(code, Some(2), "{other:?}: {told:#}");
            let disclosed =
                json!({"number": "甲字第 1 号", "field_note": "测试", "authority_code": department});
            assert_eq!(told["sd_jwt"]["disclosed"], disclosed, "{other:?}");
        }
    }
}

/// `elicense verify --trust`, and its exit code.
fn by_trust_list_alone(city: &mut City, text: &str) -> (Option<i32>, Value) {
    let list = city.client.send(&Request::get("/v1/trust-list")).expect_status(200).body;
    let folder = city.installation.folder.clone();
    let (trust, credential) = (folder.join("list.cose"), folder.join("credential.txt"));
    std::fs::write(&trust, list).expect("a file");
    std::fs::write(&credential, text).expect("a file");
    let mut command = elicense();
    command.env("XDG_STATE_HOME", &folder);
    let output = run(verify(&mut command, &trust).arg("--json").arg(&credential));
    (output.status.code(), serde_json::from_slice(&output.stdout).expect("a verdict"))
}

fn verify<'a>(command: &'a mut Command, trust: &Path) -> &'a mut Command {
    command.arg("verify").arg("--trust").arg(trust)
}

#[test]
fn the_command_line_takes_audience_and_nonce() {
    let mut city = City::new();
    let holder = holder_key("ES256");
    let (text, _) = city.issue(ES256, Some(&public(holder.clone())));
    let job = json!({
        "do": "present", "text": text, "disclose": ["number"], "holder": holder, "audience": "window", "nonce": "n-1",
    });
    let shown = Other::Node.done(job);
    let shown = shown.as_str().expect("a text");
    let data = city.installation.data.clone();
    let verify = |nonce: &[&str]| {
        let mut command = elicense();
        command.arg("verify").arg("--data").arg(&data).args(["--lang", "en"]).args(nonce).arg(shown);
        let output = run(&mut command);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, told) = verify(&["--audience", "window", "--nonce", "n-1"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("Holder: pass") && told.contains("\n  number: "), "{told}");
    assert!(!told.contains("identifier: "), "what was not disclosed is not there: {told}");
    let (code, told) = verify(&["--audience", "window", "--nonce", "n-2"]);
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(verify(&["--audience", "window"]).0, Some(64), "one without the other");
}

#[test]
fn who_may_have_one_made_and_of_what() {
    let mut city = City::new();
    let licence = city.demo.licences.iter().find(|one| one.department == ES256).expect("one of each").clone();
    let path = format!("/v1/licences/{}/sd-jwt", licence.identifier);
    let (owner, other) =
        (city.demo.department(ES256).api_key.clone(), city.demo.department(EDDSA).api_key.clone());
    let client = &mut city.client;
    let mut refused = |key: Option<&str>, body: Value, status: u16, code: &str| {
        let mut request = Request::post(&path).json(&body);
        if let Some(key) = key {
            request = request.key(key);
        }
        let problem = client.send(&request).expect_status(status).json();
        assert_eq!(problem["code"], code, "{body}");
    };
    refused(None, json!({}), 401, "unauthorized");
    refused(Some(&other), json!({}), 404, "not_found");
    refused(Some(&owner), json!({"holder_key": holder_key("ES256")}), 422, "holder_key_refused");
    refused(Some(&owner), json!({"holder_key": {"kty": "oct", "k": "AA"}}), 422, "holder_key_refused");
    refused(Some(&owner), json!({"holder": {}}), 422, "sd_jwt_request_refused");
    let revoke = Request::post(&format!("/v1/licences/{}/status", licence.identifier));
    let revoke = revoke.key(&owner).json(&json!({"to": "revoked", "reason": "a test"}));
    client.send(&revoke).expect_status(200);
    let ended = client.send(&Request::post(&path).key(&owner).json(&json!({}))).expect_status(409).json();
    assert_eq!(ended["code"], "licence_ended");
}
