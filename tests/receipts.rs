//! Receipts over real HTTP: who gets one, what it says, who gets it again, and what it tells years later.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use serde_json::{Value, json};
use support::demo::{Demo, Installation, Issued, Issuer, verdict};
use support::http::{Client, Request, Response};
use support::service::{Service, run};

type Case = (&'static str, fn(Desk));

/// One demonstration for all of these: each issues what it needs.
const CASES: &[Case] = &[
    (
        "a_department_gets_a_receipt_that_says_what_was_true_then_and_now",
        a_department_gets_a_receipt_that_says_what_was_true_then_and_now,
    ),
    ("a_receipt_holds_no_personal_data", a_receipt_holds_no_personal_data),
    ("what_is_no_licence_gets_a_receipt_too", what_is_no_licence_gets_a_receipt_too),
    ("strangers_and_bad_purposes_get_none", strangers_and_bad_purposes_get_none),
    ("the_verify_page_tells_then_and_now", the_verify_page_tells_then_and_now),
    ("a_receipt_of_a_receipt_is_refused", a_receipt_of_a_receipt_is_refused),
    ("only_the_asking_department_gets_it_again", only_the_asking_department_gets_it_again),
    ("the_page_lets_nothing_in_and_says_everything", the_page_lets_nothing_in_and_says_everything),
    ("no_byte_of_a_receipt_can_be_changed", no_byte_of_a_receipt_can_be_changed),
];

#[test]
fn receipts_of_a_running_service() {
    let (installation, service) = Installation::new();
    let demo = Demo::read(&installation.data);
    for (name, case) in CASES {
        eprintln!("{name}");
        case(Desk::new(&service, &demo));
    }
}

fn purpose() -> Value {
    json!({
        "operator": "王小明",
        "item": "食品经营许可（新办）",
        "item_code": "000131001000",
        "case": "2026-1124-0007",
        "reason": "核对申请人营业执照的经营范围",
    })
}

fn ask(key: &str, credential: &str, purpose: &Value) -> Request {
    Request::post("/v1/verifications").key(key).json(&json!({"credential": credential, "purpose": purpose}))
}

struct Desk {
    client: Client,
    issuer: Issuer,
    /// Another department, which did not issue what is verified.
    verifier: String,
}

impl Desk {
    fn new(service: &Service, demo: &Demo) -> Self {
        let mut client = service.client();
        let issuer = demo.issuer(&mut client);
        let other =
            demo.departments.iter().find(|one| one.api_key != issuer.api_key).expect("two departments");
        Self { client, issuer, verifier: other.api_key.clone() }
    }

    fn issued(&mut self, name: &str) -> Issued {
        self.issuer.issue(&mut self.client, &format!("receipts-{name}"), &format!("RC-{name}"))
    }

    #[track_caller]
    fn receipt(&mut self, credential: &str) -> Value {
        self.client.send(&ask(&self.verifier, credential, &purpose())).expect_status(200).json()
    }

    fn again(&mut self, key: &str, id: &Value, accept: &str) -> Response {
        let path = format!("/v1/receipts/{}", id.as_str().expect("an id"));
        self.client.send(&Request::get(&path).key(key).header("accept", accept))
    }
}

fn a_department_gets_a_receipt_that_says_what_was_true_then_and_now(mut desk: Desk) {
    let issued = desk.issued("then");
    let answer = desk.receipt(&issued.qr);
    assert_eq!(answer["status"], "valid");
    let envelope = answer["receipt"]["envelope"].as_str().expect("an envelope").to_owned();
    let checked = verdict(&mut desk.client, &envelope);
    assert_eq!(
        (&checked["status"], &checked["form"], &checked["grade"]),
        (&json!("valid"), &json!("receipt"), &json!(0))
    );
    let codes: Vec<&str> = checked["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|one| one["code"].as_str().expect("a code"))
        .collect();
    assert_eq!(codes, ["ok", "ok", "ok", "ok", "ok", "not_applicable", "ok"]);
    let receipt = &checked["receipt"];
    assert_eq!(receipt["id"], answer["receipt"]["id"]);
    assert_eq!(receipt["position"], answer["receipt"]["position"]);
    assert_eq!(receipt["purpose"], purpose());
    let then = &receipt["checked"][0];
    assert_eq!(
        (&then["identifier"], &then["status"], &then["form"]),
        (&json!(issued.identifier), &json!("valid"), &json!("qr"))
    );
    assert_eq!(then["in_words"], json!({"zh": "有效", "en": "Valid"}));
    assert_eq!(checked["now"][0]["status"], "valid");

    let Desk { client, issuer, .. } = &mut desk;
    issuer.change_status(client, &issued.identifier, "suspended", "complaint").expect_status(200);
    let later = verdict(client, &envelope);
    assert_eq!(later["status"], "valid", "the receipt stays genuine");
    assert_eq!(later["receipt"]["checked"][0]["status"], "valid", "what was true then stays");
    let now = &later["now"][0];
    assert_eq!(
        (&now["status"], &now["code"], &now["grade"]),
        (&json!("invalid"), &json!("suspended"), &json!(2))
    );
    assert_eq!(now["in_words"]["zh"], "无效：证照已被暂停使用。");
}

fn a_receipt_holds_no_personal_data(mut desk: Desk) {
    let name = "青禾食品加工有限公司张三丰";
    let issued = desk.issuer.held_by(name).issue(&mut desk.client, "receipts-private", "RC-PRIVATE");
    let licence = desk.issuer.licence(&mut desk.client, &issued.identifier).json();
    let id = desk.receipt(&issued.envelope)["receipt"]["id"].clone();
    let verifier = desk.verifier.clone();
    for accept in ["application/json", "text/html", "application/cose"] {
        let told = desk.again(&verifier, &id, accept).expect_status(200).text();
        let values = licence["fields"].as_object().expect("fields").values().filter_map(Value::as_str);
        for secret in values
            .filter(|value| value.chars().count() > 3)
            .chain([name, licence["holders"][0]["code"].as_str().expect("a code")])
        {
            assert!(!told.contains(secret), "{accept} tells {secret}");
        }
    }
    let json = desk.again(&verifier, &id, "application/json").json();
    let keys: Vec<&String> = licence["fields"].as_object().expect("fields").keys().collect();
    let mut shown: Vec<&str> =
        json["checked"][0]["fields"].as_array().expect("keys").iter().filter_map(Value::as_str).collect();
    shown.sort_unstable();
    assert_eq!(shown, keys);
}

fn what_is_no_licence_gets_a_receipt_too(mut desk: Desk) {
    let issued = desk.issued("forged");
    let mut text = issued.envelope.clone();
    let changed = if text.ends_with("AA==") { "BB==" } else { "AA==" };
    text.replace_range(text.len() - 4.., changed);
    for (credential, code) in [("garbage, and not a licence", "undecodable"), (text.as_str(), "")] {
        let answer = desk.receipt(credential);
        assert_eq!(answer["status"], "invalid");
        let told = verdict(&mut desk.client, answer["receipt"]["envelope"].as_str().expect("an envelope"));
        assert_eq!(told["status"], "valid", "the receipt itself is genuine");
        let checked = &told["receipt"]["checked"][0];
        assert_eq!(checked["status"], "invalid");
        assert!(checked.get("identifier").is_none() && told.get("now").is_none());
        if !code.is_empty() {
            assert_eq!(checked["findings"][0]["code"], code);
            assert_eq!(checked["digest"], elicense::crypto::Digest::of(credential.as_bytes()).to_string());
        }
    }
}

fn strangers_and_bad_purposes_get_none(mut desk: Desk) {
    let issued = desk.issued("refused");
    let body = json!({"credential": issued.qr, "purpose": purpose()});
    let stranger = desk.client.send(&Request::post("/v1/verifications").json(&body)).expect_status(401);
    assert_eq!(stranger.json()["code"], "unauthorized");
    assert!(stranger.json().get("status").is_some_and(|status| status == 401));
    for part in ["operator", "item", "item_code", "case", "reason"] {
        for (value, what) in [
            (None, "missing"),
            (Some(json!("")), "empty"),
            (Some(json!(7)), "a number"),
            (Some(json!("长".repeat(201))), "too long"),
        ] {
            let mut purpose = purpose();
            match value {
                Some(value) => purpose[part] = value,
                None => drop(purpose.as_object_mut().expect("an object").remove(part)),
            }
            let refused =
                desk.client.send(&ask(&desk.verifier, &issued.qr, &purpose)).expect_status(422).json();
            assert_eq!(refused["code"], "purpose_refused", "{part} {what}");
            assert!(
                refused["detail"].as_str().expect("a detail").contains(&format!("{part:?}")),
                "{part} {what}: {refused}"
            );
        }
    }
    let mut purpose = purpose();
    purpose["organisation"] = json!("another");
    let refused = desk.client.send(&ask(&desk.verifier, &issued.qr, &purpose)).expect_status(422).json();
    assert!(refused["detail"].as_str().expect("a detail").contains("\"organisation\""));
    for reason in ["query", "查询", "核验", "Test"] {
        let mut purpose = self::purpose();
        purpose["reason"] = json!(reason);
        let refused = desk.client.send(&ask(&desk.verifier, &issued.qr, &purpose)).expect_status(422).json();
        assert_eq!(refused["code"], "purpose_refused", "{reason}");
    }
    for purpose in [json!("window 7"), json!([]), json!(1)] {
        let refused = desk.client.send(&ask(&desk.verifier, &issued.qr, &purpose)).expect_status(422).json();
        assert_eq!(refused["code"], "verification_request_refused");
    }
    let twice = r#"{"credential": "x", "purpose": {"case": "1", "case": "2"}}"#;
    let request = Request::post("/v1/verifications").key(&desk.verifier).body("application/json", twice);
    let refused = desk.client.send(&request).expect_status(422).json();
    assert!(refused["detail"].as_str().expect("a detail").contains("twice"));
    let batch = format!("{}\n", json!({"credential": issued.qr, "purpose": self::purpose()}));
    let request =
        Request::post("/v1/verifications/batch").key(&desk.verifier).body("application/x-ndjson", batch);
    assert_eq!(desk.client.send(&request).expect_status(200).json()["code"], "verification_request_refused");
}

/// A form's field in `application/x-www-form-urlencoded`.
fn form(credential: &str) -> Vec<u8> {
    let escaped: String = credential.bytes().map(|byte| format!("%{byte:02x}")).collect();
    format!("credential={escaped}").into_bytes()
}

fn the_verify_page_tells_then_and_now(mut desk: Desk) {
    let issued = desk.issued("told");
    let given = desk.receipt(&issued.qr);
    let envelope = given["receipt"]["envelope"].as_str().expect("an envelope");
    let Desk { client, issuer, .. } = &mut desk;
    issuer.change_status(client, &issued.identifier, "revoked", "issued in error").expect_status(200);
    for (lang, words) in [
        (
            "zh",
            ["材料核验回执：当时", "当时的结论", "有效（", "现在的结论", "无效：证照已被吊销。", "王小明"],
        ),
        (
            "en",
            [
                "Verification receipt: then",
                "Found then",
                "Valid (",
                "Now",
                "Not valid: The licence has been revoked.",
                "王小明",
            ],
        ),
    ] {
        let request = Request::post(&format!("/?lang={lang}"));
        let page = client
            .send(&request.body("application/x-www-form-urlencoded", form(envelope)))
            .expect_status(200);
        let html = page.text();
        assert!(html.contains(r#"data-verdict="valid""#), "the receipt is genuine");
        // Never a headline that reads as if the licence were good.
        let headline =
            html.split("<h2>").nth(1).and_then(|rest| rest.split("</h2>").next()).expect("a headline");
        let expected = if lang == "zh" { "回执真实" } else { "The receipt is genuine" };
        assert!(headline.ends_with(&format!("</span> {expected}")), "{headline}");
        for word in words {
            assert!(html.contains(word), "{lang}: the page lacks {word}");
        }
    }
}

fn a_receipt_of_a_receipt_is_refused(mut desk: Desk) {
    let issued = desk.issued("twice");
    let answer = desk.receipt(&issued.qr);
    let envelope = answer["receipt"]["envelope"].as_str().expect("an envelope").to_owned();
    let refused = desk.client.send(&ask(&desk.verifier, &envelope, &purpose())).expect_status(422).json();
    assert_eq!(refused["code"], "purpose_refused");
}

fn only_the_asking_department_gets_it_again(mut desk: Desk) {
    let issued = desk.issued("again");
    let given = desk.receipt(&issued.qr)["receipt"].clone();
    let (own, other) = (desk.verifier.clone(), desk.issuer.api_key.clone());
    let json = desk.again(&own, &given["id"], "application/json").expect_status(200).json();
    assert_eq!(
        (&json["id"], &json["envelope"], &json["position"]),
        (&given["id"], &given["envelope"], &given["position"])
    );
    assert_eq!(json["purpose"], purpose());
    let file = desk.again(&own, &given["id"], "application/cose").expect_status(200);
    assert_eq!(file.header("content-type"), Some("application/cose"));
    let request = Request::post("/v1/verifications").body("application/cose", file.body.clone());
    assert_eq!(desk.client.send(&request).expect_status(200).json()["form"], "receipt");
    // Another department's key, unknown ids and what is no id are one answer.
    let mut refusals: Vec<Value> =
        vec![desk.again(&other, &given["id"], "application/json").expect_status(404).json()];
    for id in [json!("0".repeat(32)), json!("x"), json!("F".repeat(32)), json!("%00"), json!("%ff")] {
        refusals.push(desk.again(&own, &id, "text/html").expect_status(404).json());
    }
    for refusal in &mut refusals {
        refusal.as_object_mut().expect("an object").remove("request_id");
    }
    assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]), "{refusals:?}");
    let path = format!("/v1/receipts/{}", given["id"].as_str().expect("an id"));
    desk.client.send(&Request::get(&path)).expect_status(401);
}

fn the_page_lets_nothing_in_and_says_everything(mut desk: Desk) {
    let issued = desk.issued("page");
    let mut hostile = purpose();
    hostile["reason"] = json!("<script>alert(1)</script><b id=injected>");
    let answer = desk.client.send(&ask(&desk.verifier, &issued.qr, &hostile)).expect_status(200).json();
    let own = desk.verifier.clone();
    let page = desk.again(&own, &answer["receipt"]["id"], "text/html,*/*;q=0.1").expect_status(200);
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'sha256-"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("script") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let html = page.text();
    assert!(!html.contains("<script") && !html.contains("<b id=injected>"));
    for words in [
        "材料核验回执",
        "免提交纸质材料凭证",
        "Verification receipt (in place of a photocopy)",
        "王小明",
        "食品经营许可（新办）",
        "000131001000",
        "2026-1124-0007",
        "核验结论：有效",
        &issued.identifier,
        "<svg",
        answer["receipt"]["id"].as_str().expect("an id"),
    ] {
        assert!(html.contains(words), "the page lacks {words}");
    }
}

/// ADVERSARY's tampering, at the service's own door: every byte of the envelope.
fn no_byte_of_a_receipt_can_be_changed(mut desk: Desk) {
    use base64::Engine as _;
    let issued = desk.issued("bytes");
    let envelope = desk.receipt(&issued.qr)["receipt"]["envelope"].as_str().expect("an envelope").to_owned();
    let bytes = base64::engine::general_purpose::STANDARD.decode(envelope).expect("base64");
    for at in (0..bytes.len()).step_by(3) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let request = Request::post("/v1/verifications").body("application/cose", changed);
        let told = desk.client.send(&request).expect_status(200).json();
        assert_eq!(told["status"], "invalid", "byte {at}: {told}");
        assert!(told.get("receipt").is_none(), "byte {at} is shown");
    }
}

#[test]
fn a_clerk_gets_it_on_the_command_line_beside_a_service_and_without_one() {
    let (installation, service) = Installation::new();
    let demo = Demo::read(&installation.data);
    let mut client = service.client();
    let (licence, key) = (&demo.licences[0], &demo.departments[0].api_key);
    let answer = client.send(&ask(key, &licence.qr, &purpose())).expect_status(200).json();
    let id = answer["receipt"]["id"].as_str().expect("an id").to_owned();
    let (out, html) = (installation.folder.join("receipt.elic"), installation.folder.join("receipt.html"));
    let data = installation.data.to_str().expect("UTF-8").to_owned();
    let check = |running: bool| {
        let show = |more: &[&str]| {
            let mut command = support::service::elicense_for(std::path::Path::new(&data));
            command.args(["receipt", "show", &id, "--data", &data]).args(more);
            let output = run(&mut command);
            assert!(output.status.success(), "{running}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let words = show(&[]);
        assert!(
            words.contains("材料核验回执") && words.contains("王小明") && words.contains("当时"),
            "{words}"
        );
        let json: Value = serde_json::from_str(&show(&["--json"])).expect("JSON");
        assert_eq!(json["envelope"], answer["receipt"]["envelope"]);
        show(&["--out", out.to_str().expect("UTF-8"), "--html", html.to_str().expect("UTF-8")]);
        assert!(std::fs::read_to_string(&html).expect("a page").contains("免提交纸质材料凭证"));
        let mut command = support::service::elicense_for(std::path::Path::new(&data));
        command.args(["verify", "--data", &data, out.to_str().expect("UTF-8")]);
        let output = run(&mut command);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success()
                && told.starts_with("回执真实\n")
                && told.contains("当时")
                && told.contains("现在"),
            "{told}"
        );
        for file in [&out, &html] {
            std::fs::remove_file(file).expect("it was written");
        }
    };
    check(true);
    drop(client);
    service.terminate();
    check(false);
    let mut command = support::service::elicense_for(std::path::Path::new(&data));
    let unknown = "0".repeat(32);
    command.args(["receipt", "show", &unknown, "--data", &data]);
    assert!(!run(&mut command).status.success());
    // The index can be made anew from the ledger, receipts and all.
    for arguments in support::service::upkeep(std::path::Path::new(&data)) {
        let mut command = support::service::elicense_for(std::path::Path::new(&data));
        command.args(arguments).args(["--data", &data]);
        let output = run(&mut command);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    check(false);
}
