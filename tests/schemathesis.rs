//! PyPI's schemathesis against the running demonstration and its own description, once for each role and once without a key: no 5xx,
//! and no answer that `/openapi.json` does not describe.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::demo::Installation;
use support::http::{Client, Request};
use support::{python, tree};

/// What is held to the description. Whether a *schema* refuses everything that the service refuses is not asked: a check character, a
/// day that is none and a licence that is not there are beyond it.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method,\
                      allow_header_conformance";
const EXAMPLES: &str = "10";

/// One credential to go through every call with.
struct Guise {
    name: &'static str,
    key: Option<String>,
}

#[test]
fn no_role_gets_a_5xx_or_an_answer_that_is_not_described() {
    let (demo, service) = Installation::new();
    let file: Value = serde_json::from_slice(&std::fs::read(demo.data.join("demo.json")).unwrap()).unwrap();
    let mut client = Client::new(service.address);
    let known = demo.folder.join("known.json");
    std::fs::write(&known, known_things(&file, &mut client).to_string()).unwrap();
    for guise in guises(&file, &mut client) {
        run(&guise, &format!("http://{}", service.address), &known, &demo.folder);
    }
    // The first connection has been idle for too long by now.
    let ready = Client::new(service.address).send(&Request::get("/readyz"));
    assert_eq!(ready.status, 200);
}

/// A key for each role alone, and none.
fn guises(demo: &Value, client: &mut Client) -> Vec<Guise> {
    let administrator = demo["administrator"].as_str().expect("the demonstration's administrator");
    let issuer = demo["departments"][0]["code"].as_str().unwrap();
    let mut one_role = |role: &str| {
        let request = Request::post(&format!("/v1/departments/{issuer}/keys"))
            .key(administrator)
            .json(&json!({"roles": [role]}));
        client.send(&request).expect_status(201).json()["api_key"].as_str().unwrap().to_owned()
    };
    let guise = |name, key| Guise { name, key };
    vec![
        guise("nobody", None),
        guise("issuer", Some(one_role("issuer"))),
        guise("officer", Some(one_role("officer"))),
        guise("verifier", demo["departments"][3]["api_key"].as_str().map(str::to_owned)),
        guise("portal", demo["portal"].as_str().map(str::to_owned)),
        guise("supervisor", demo["supervisor"].as_str().map(str::to_owned)),
        // Last: it may take the others' keys away.
        guise("administrator", Some(administrator.to_owned())),
    ]
}

/// Things that are there, to be asked for, and bodies that mean something.
fn known_things(demo: &Value, client: &mut Client) -> Value {
    let identifiers: Vec<_> =
        demo["licences"].as_array().unwrap().iter().map(|one| &one["identifier"]).collect();
    let verifier = demo["departments"][3]["api_key"].as_str().unwrap();
    let credential = &demo["licences"][0]["qr"];
    let item = &demo["items"][0];
    let purpose = json!({
        "operator": "王小明", "item": item["name"], "item_code": item["item_code"], "case": "2026-1124-0007",
        "reason": "核对申请人营业执照的住所"
    });
    let verification = json!({"credential": credential, "purpose": purpose});
    let receipt =
        client.send(&Request::post("/v1/verifications").key(verifier).json(&verification)).expect_status(200);
    let holder = &item["holder"];
    let type_code = &demo["licences"][0]["type"];
    let codes: Vec<_> = demo["items"].as_array().unwrap().iter().map(|one| &one["item_code"]).collect();
    let grant = json!({"department": demo["departments"][3]["code"], "calls": ["lookup"], "types": "*",
        "addresses": ["127.0.0.0/8"], "from": "2026-01-01", "to": "2030-01-01", "daily": 5000, "basis": "duty"});
    let codes_in_paths = [codes.as_slice(), &[type_code, &demo["departments"][3]["code"]]].concat();
    json!({
        "path": {
            "identifier": identifiers,
            "id": [receipt.json()["receipt"]["id"], "00112233445566778899aabbccddeeff"],
            "code": codes_in_paths,
        },
        "bodies": {
            "POST /v1/verifications": [verification, {"credential": credential}],
            "POST /v1/lookups": [{"holder": holder, "purpose": purpose},
                {"holder": holder, "type": type_code, "purpose": purpose}],
            "POST /v1/comparisons": [{"holder": holder, "type": type_code, "purpose": purpose,
                "claims": {"holder_name": holder["name"], "number": "1"}}],
            "POST /v1/materials": [{"holder": holder, "item_code": item["item_code"], "purpose": purpose}],
            "POST /v1/holders/uses": [{"holder": holder}],
            "POST /v1/consents": [{"holder": holder, "department": demo["departments"][3]["code"],
                "to": "2026-11-25T11:00:00+08:00"}],
            "POST /v1/grants": [grant],
            "POST /v1/presentations": [{"identifier": identifiers[0], "fields": ["holder_name"],
                "for": "示范市政务服务中心", "reason": "办理企业变更登记"}],
            "POST /v1/licences/{identifier}/status": [{"to": "suspended", "reason": "投诉核查"},
                {"to": "valid", "reason": "核查完毕"}],
        },
    })
}

fn run(guise: &Guise, url: &str, known: &Path, folder: &Path) {
    let report: PathBuf = folder.join(format!("schemathesis-{}.txt", guise.name));
    let mut command = Command::new(python());
    command.args(["-m", "schemathesis.cli", "run", &format!("{url}/openapi.json")]);
    command.args(["--checks", CHECKS, "--max-examples", EXAMPLES, "--seed", "20261124", "--no-color"]);
    command.args([
        "--phases",
        "examples,coverage,fuzzing",
        "--generation-database",
        "none",
        "--warnings",
        "off",
    ]);
    command.args(["--continue-on-failure", "--request-timeout", "60", "--suppress-health-check", "all"]);
    if let Some(key) = &guise.key {
        command.args(["--header", &format!("Authorization: Bearer {key}")]);
    }
    let hooks = tree("tests/schemathesis");
    command.env("PYTHONPATH", hooks).env("SCHEMATHESIS_HOOKS", "hooks").env("KNOWN_THINGS", known);
    let out = command.current_dir(folder).output().expect("python");
    std::fs::write(&report, &out.stdout).unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(
        out.status.success(),
        "schemathesis as {}: {}\n{text}\n{}",
        guise.name,
        out.status,
        String::from_utf8_lossy(&out.stderr)
    );
    println!(
        "as {}: {}",
        guise.name,
        text.lines()
            .rev()
            .find(|line| line.contains("test cases") || line.contains("generated"))
            .unwrap_or("?")
    );
}
