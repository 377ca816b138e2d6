//! `POST /v1/lookups` over HTTP: who gets to see what of a holder's licences, and what is left behind.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::hall::{BUSINESS, ESTATE, Hall, person, purpose};
use support::http::{Client, Raw, Request};
use support::service::{elicense_for, run};

fn body(holder: &Value) -> Value {
    json!({"holder": {"code": holder["code"], "code_type": holder["code_type"]}, "purpose": purpose()})
}

#[track_caller]
fn looked_up(hall: &Hall, client: &mut Client, body: &Value) -> Value {
    hall.ask(client, "/v1/lookups", body).expect_status(200).json()
}

fn receipt(hall: &Hall, client: &mut Client, answer: &Value, accept: &str) -> support::http::Response {
    let path = format!("/v1/receipts/{}", answer["receipt"].as_str().expect("an id"));
    client.send(&Request::get(&path).key(&hall.window).header("accept", accept)).expect_status(200)
}

fn estate(hall: &Hall, client: &mut Client, holder: &Value) -> Value {
    let sample = include_str!("../fixtures/licences/real-estate-certificate-shop.json");
    let sample: Value = serde_json::from_str(sample).expect("the sample is JSON");
    hall.issue(client, holder, |body| *body = json!({"holders": body["holders"], "type": sample["type"], "number": sample["number"], "fields": sample["fields"]}))
}

#[test]
fn a_window_sees_the_types_and_fields_that_are_granted_and_no_others() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let holder = person(1);
    let identifier = hall.issue(client, &holder, |_| {});
    estate(&hall, client, &holder);
    let answer = looked_up(&hall, client, &body(&holder));
    let found = answer["licences"].as_array().expect("licences");
    assert_eq!(found.len(), 1, "the certificate of real estate needs a consent: {answer}");
    let licence = &found[0];
    assert_eq!(
        *licence,
        json!({
            "identifier": identifier, "type": BUSINESS, "type_name": "营业执照", "number": "91999999XX00010111",
            "state": "valid", "verdict": "valid", "reasons": [],
            "valid_from": licence["valid_from"], "valid_to": null,
            "fields": {"copies": 2, "scope": licence["fields"]["scope"]}, "current": true,
        })
    );
    assert!(licence["fields"]["scope"].as_str().expect("a text").starts_with("农业技术研发"));
    assert_eq!(answer.get("more"), None);
    assert_eq!(answer.as_object().expect("an object").len(), 2);

    let mut of_type = body(&holder);
    of_type["type"] = json!(ESTATE);
    assert_eq!(looked_up(&hall, client, &of_type)["licences"], json!([]));
    of_type["type"] = json!(BUSINESS);
    assert_eq!(looked_up(&hall, client, &of_type)["licences"].as_array().expect("licences").len(), 1);

    let mut named = body(&holder);
    named["holder"]["name"] = json!(" 赵示范 ");
    assert_eq!(looked_up(&hall, client, &named)["licences"].as_array().expect("licences").len(), 1);
    named["holder"]["name"] = json!("赵示范二");
    assert_eq!(looked_up(&hall, client, &named)["licences"], json!([]), "another name is another holder");
}

#[test]
fn a_consent_opens_what_depends_on_it_and_its_withdrawal_closes_it() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let holder = person(2);
    let identifier = estate(&hall, client, &holder);
    assert_eq!(looked_up(&hall, client, &body(&holder))["licences"], json!([]));
    let holder_only = json!({"code": holder["code"], "code_type": holder["code_type"]});
    let now = looked_up_at(&hall, client, &holder);
    let consent = json!({
        "holder": holder_only, "department": support::hall::WINDOW, "types": [ESTATE],
        "item_code": purpose()["item_code"], "to": now,
    });
    let given = client.send(&Request::post("/v1/consents").key(&hall.portal).json(&consent)).json();
    assert_eq!(given["state"], "given", "{given}");
    let answer = looked_up(&hall, client, &body(&holder));
    assert_eq!(answer["licences"][0]["identifier"], identifier);
    assert_eq!(answer["licences"][0]["fields"].as_object().expect("fields").len(), 1);
    let mut other_item = body(&holder);
    other_item["purpose"]["item_code"] = json!("000131009999");
    assert_eq!(looked_up(&hall, client, &other_item)["licences"], json!([]), "for that item alone");

    let path = format!("/v1/consents/{}/withdraw", given["id"].as_str().expect("an id"));
    let whose = json!({"holder": holder_only, "department": support::hall::WINDOW});
    client.send(&Request::post(&path).key(&hall.portal).json(&whose)).expect_status(200);
    assert_eq!(looked_up(&hall, client, &body(&holder))["licences"], json!([]));

    let calls: Vec<Value> = hall.uses(client, &holder_only).iter().map(|one| one["call"].clone()).collect();
    let expected = ["lookup", "consent", "lookup", "lookup", "consent", "lookup", "lookup"];
    assert_eq!(calls, expected);
}

/// An hour after the newest use of a holder's licences, as the API writes times.
fn looked_up_at(hall: &Hall, client: &mut Client, holder: &Value) -> Value {
    looked_up(hall, client, &body(holder));
    let holder = json!({"code": holder["code"], "code_type": holder["code_type"]});
    let at: elicense::time::UnixTime =
        hall.uses(client, &holder)[0]["at"].as_str().expect("a time").parse().expect("a time");
    json!(at.plus(3_600).to_string())
}

#[test]
fn whoever_is_unknown_and_whoever_is_not_granted_are_one_answer_and_leave_one_trace() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let (known, unknown) = (person(3), person(4));
    estate(&hall, client, &known);
    for holder in [&known, &unknown] {
        let answer = looked_up(&hall, client, &body(holder));
        let members: Vec<&String> = answer.as_object().expect("an object").keys().collect();
        assert_eq!(
            (members.as_slice(), &answer["licences"]),
            (["licences", "receipt"].map(String::from).iter().collect::<Vec<_>>().as_slice(), &json!([]))
        );
        let shown = receipt(&hall, client, &answer, "application/json").json();
        assert_eq!((&shown["checked"], &shown["question"]["call"]), (&json!([]), &json!("lookup")));
        let page = receipt(&hall, client, &answer, "text/html").text();
        assert!(page.contains("未查到可用证照") && page.contains("No licence was found"), "{page}");
        let uses = hall.uses(client, &body(holder)["holder"]);
        assert_eq!(uses.len(), 1);
        assert_eq!((&uses[0]["call"], &uses[0]["licences"]), (&json!("lookup"), &json!([])));
        let envelope = shown["envelope"].as_str().expect("an envelope");
        let verdict = support::demo::verdict(client, envelope);
        assert_eq!((&verdict["status"], &verdict["form"]), (&json!("valid"), &json!("receipt")));
        let page = client.send(
            &Request::post("/?lang=zh")
                .body("application/x-www-form-urlencoded", format!("credential={}", form_encoded(envelope))),
        );
        assert!(page.text().contains("未查到可用证照"), "{}", page.text());
    }
}

fn form_encoded(text: &str) -> String {
    text.replace('%', "%25").replace('+', "%2B").replace('=', "%3D").replace('/', "%2F")
}

#[test]
fn versions_and_suspensions_are_told_apart_and_stand_in_one_receipt() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let holder = person(5);
    let first = hall.issue(client, &holder, |_| {});
    let second = hall.issue(client, &holder, |body| body["replaces"] = first.clone());
    let third = hall.issue(client, &holder, |body| body["number"] = json!("YZ-3"));
    hall.change_status(client, &third, "withheld");
    let answer = looked_up(&hall, client, &body(&holder));
    let told: Vec<Value> = answer["licences"]
        .as_array()
        .expect("licences")
        .iter()
        .map(|one| json!([one["identifier"], one["state"], one["verdict"], one["reasons"], one["current"]]))
        .collect();
    assert_eq!(
        json!(told),
        json!([
            [third, "withheld", "invalid", ["suspended"], true],
            [second, "valid", "valid", [], true],
            [first, "replaced", "invalid", ["replaced"], false],
        ])
    );
    let shown = receipt(&hall, client, &answer, "application/json").json();
    let checked = shown["checked"].as_array().expect("things checked");
    let verdicts: Vec<&Value> = checked.iter().map(|one| &one["status"]).collect();
    assert_eq!(verdicts, ["invalid", "valid", "invalid"]);
    assert_eq!(checked[0]["fields"], json!(["scope", "copies"]));
    let page = receipt(&hall, client, &answer, "text/html").text();
    assert_eq!(page.matches("<section class=").count(), 3, "a section for each licence");
    for secret in [&holder["code"], &holder["name"]] {
        let secret = secret.as_str().expect("a text");
        assert!(!page.contains(secret) && !shown.to_string().contains(secret), "the receipt tells {secret}");
    }
    hall.change_status(client, &second, "cancelled");
    let verdict = support::demo::verdict(client, shown["envelope"].as_str().expect("an envelope"));
    assert_eq!(verdict["status"], "valid");
    assert_eq!(verdict["receipt"]["checked"][1]["status"], "valid", "then");
    assert_eq!(verdict["now"][1]["status"], "invalid", "now");
}

#[test]
fn who_may_not_ask_is_told_so_before_anything_is_read() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let no_body = json!("not even an object");
    for path in ["/v1/lookups", "/v1/comparisons"] {
        for (key, status, code) in [
            ("elk_none", 401, "unauthorized"),
            (hall.portal.as_str(), 403, "role_required"),
            (hall.supervisor.as_str(), 403, "role_required"),
            (hall.ungranted.as_str(), 403, "not_granted"),
        ] {
            let answer = client.send(&Request::post(path).key(key).json(&no_body));
            assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{path} {code}");
        }
    }
}

#[test]
fn hostile_bodies_are_named_and_leave_nothing() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let holder = person(6);
    let good = body(&holder);
    let with = |member: &str, value: Value| {
        let mut changed = good.clone();
        changed[member] = value;
        changed.to_string()
    };
    let code = holder["code"].as_str().expect("a code");
    let (holder_text, purpose_text) = (good["holder"].to_string(), good["purpose"].to_string());
    let twice = |member: &str, text: &str| {
        format!(r#"{{"holder": {holder_text}, "purpose": {purpose_text}, "{member}": {text}}}"#)
    };
    let deep = format!(r#"{{"holder": {}{}}}"#, "[".repeat(40), "]".repeat(40));
    let very_deep = format!(r#"{{"holder": {}"#, "[".repeat(60_000));
    for (body, status, code) in [
        (String::new(), 400, "not_json"),
        ("[]".to_owned(), 400, "not_an_object"),
        (deep, 400, "too_deep"),
        (very_deep, 400, "not_json"),
        (twice("purpose", &purpose_text), 400, "duplicate_key"),
        (twice("holder", &holder_text), 400, "duplicate_key"),
        (with("holder", json!({"code": code, "code_type": "111", "id": 1})), 422, "holder_refused"),
        (with("holder", json!({"code": code})), 422, "holder_refused"),
        (with("holder", json!({"code": code, "code_type": "001"})), 422, "holder_refused"),
        (with("holder", json!({"code": "999999198511049999", "code_type": "111"})), 422, "holder_refused"),
        (with("holder", json!(code)), 422, "holder_refused"),
        (with("holder", Value::Null), 422, "holder_refused"),
        (with("purpose", Value::Null), 422, "purpose_refused"),
        (with("purpose", json!({})), 422, "purpose_refused"),
        (with("purpose", json!({"operator": ["王"]})), 422, "purpose_refused"),
        (with("type", json!(7)), 422, "lookup_refused"),
        (with("type", json!("营业执照")), 422, "lookup_refused"),
        (with("fields", json!("*")), 422, "lookup_refused"),
        (with("before", json!(1)), 422, "lookup_refused"),
    ] {
        let request = Request::post("/v1/lookups").key(&hall.window).body("application/json", body.clone());
        let answer = client.send(&request);
        let shown: String = body.chars().take(100).collect();
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{shown}");
    }
    let mut generic = good.clone();
    generic["purpose"]["reason"] = json!("查询");
    let answer = hall.ask(client, "/v1/lookups", &generic).expect_status(422).json();
    assert!(answer["detail"].as_str().expect("a text").contains("reason"), "{answer}");
    let text = Request::post("/v1/lookups").key(&hall.window).body("text/plain", good.to_string());
    client.send(&text).expect_status(415);
    assert!(hall.uses(client, &good["holder"]).is_empty(), "what was refused is no use");
}

#[test]
fn no_holders_number_is_in_any_file_or_in_the_log() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let holder = person(7);
    hall.issue(client, &holder, |_| {});
    looked_up(&hall, client, &body(&holder));
    let compare = json!({
        "holder": body(&holder)["holder"], "type": BUSINESS, "purpose": purpose(),
        "claims": {"holder_code": holder["code"], "holder_name": holder["name"]},
    });
    hall.ask(client, "/v1/comparisons", &compare).expect_status(200);
    hall.uses(client, &body(&holder)["holder"]);
    for refused in
        [json!({"holder": holder, "purpose": {}}), json!({"holder": [holder], "purpose": purpose()})]
    {
        hall.ask(client, "/v1/lookups", &refused).expect_status(422);
    }
    let (code, name) = (holder["code"].as_str().expect("a code"), holder["name"].as_str().expect("a name"));
    let log = service.output();
    assert!(log.contains("/v1/lookups") && log.contains("/v1/holders/uses"), "{log}");
    assert!(!log.contains(code) && !log.contains(name), "{log}");
    assert!(service.terminate().success());
    for secret in [code, name, "王小明", "核对住所与经营范围"] {
        assert_not_below(&hall.data, secret.as_bytes());
    }
    let checked = run(elicense_for(&hall.data).args(["store", "check", "--data"]).arg(&hall.data));
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

fn assert_not_below(folder: &Path, secret: &[u8]) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            assert_not_below(&path, secret);
        } else if path.is_file() {
            let bytes = std::fs::read(&path).expect("a file");
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{} tells {}", path.display(), String::from_utf8_lossy(secret));
        }
    }
}

#[test]
fn a_client_that_hangs_up_has_asked_all_the_same() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let holder = person(8);
    let text = body(&holder).to_string();
    let head = format!(
        "POST /v1/lookups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{text}",
        hall.window,
        text.len()
    );
    // One that is gone before it was heard has asked nothing; one that was heard is in the ledger, and its receipt is there.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while hall.uses(client, &body(&holder)["holder"]).is_empty() {
        assert!(std::time::Instant::now() < deadline, "no use was recorded");
        let gone = Raw::sent(service.address, head.as_bytes());
        std::thread::sleep(std::time::Duration::from_millis(1));
        drop(gone);
    }
    for used in hall.uses(client, &body(&holder)["holder"]) {
        receipt(&hall, client, &used, "application/cose");
    }
}

/// A file system in memory that can be filled to its last byte.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"]).arg(place.path());
        assert!(mount.status().expect("mount starts").success(), "a file system in memory needs root");
        Self(place)
    }

    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.path().join("filler")).expect("a file");
        let block = vec![7; 4_096];
        while file.write_all(&block).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(self.0.path().join("filler")).expect("the filler goes");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").args(["--lazy"]).arg(self.0.path()).status();
    }
}

/// Promise 3: nothing is answered that is not in the ledger.
#[test]
fn a_store_that_takes_no_entry_gives_no_answer() {
    let disk = SmallDisk::new();
    let place = tempfile::tempdir_in(disk.0.path()).expect("a directory on it");
    let hall = Hall::at(place, "data");
    let service = hall.serve();
    let client = &mut service.client();
    let holder = person(9);
    hall.issue(client, &holder, |_| {});
    looked_up(&hall, client, &body(&holder));
    disk.fill();
    let compare = json!({"holder": body(&holder)["holder"], "type": BUSINESS, "claims": {"number": "1"}, "purpose": purpose()});
    let mut refused = 0;
    for (path, body) in [("/v1/lookups", &body(&holder)), ("/v1/comparisons", &compare)].repeat(10) {
        let answer = hall.ask(client, path, body);
        match answer.status {
            // What was left of the last block.
            200 => assert_eq!(refused, 0, "an answer after the disk was full"),
            _ => {
                refused += 1;
                assert_eq!(answer.status, 503, "{answer}");
                assert_eq!(answer.json().get("licences"), None);
                assert_eq!(answer.json().get("result"), None);
            }
        }
    }
    assert!(refused > 0, "the disk was never full");
    disk.empty();
    drop(service);
    let service = hall.serve();
    let client = &mut service.client();
    let uses = hall.uses(client, &body(&holder)["holder"]);
    assert_eq!(uses.len(), 1 + 20 - refused, "an answer for each entry and an entry for each answer");
    looked_up(&hall, client, &body(&holder));
}
