//! Presentations over real HTTP: chosen fields only, for a minute, once where once was ordered.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::time::Duration;

use elicense::render::{PictureLimits, read_qr};
use serde_json::{Value, json};
use support::demo::{Demo, Installation, Issued, Issuer, verdict};
use support::http::{Client, Request};
use support::service::{Service, elicense_for, run, upkeep};

type Case = (&'static str, fn(Desk));

/// One demonstration for all of these: each issues what it needs.
const CASES: &[Case] = &[
    ("only_what_was_chosen_is_shown", only_what_was_chosen_is_shown),
    ("every_wrong_order_is_refused_by_name", every_wrong_order_is_refused_by_name),
    ("only_the_issuing_department_orders", only_the_issuing_department_orders),
    ("a_licence_that_is_not_good_is_not_shown", a_licence_that_is_not_good_is_not_shown),
    ("its_minutes_end", its_minutes_end),
    ("one_use_is_one_use_whoever_races", one_use_is_one_use_whoever_races),
    ("a_receipt_for_a_presentation_names_no_licence", a_receipt_for_a_presentation_names_no_licence),
    ("its_picture_says_the_same", its_picture_says_the_same),
    (
        "a_presentation_and_its_licence_do_not_pass_for_each_other",
        a_presentation_and_its_licence_do_not_pass_for_each_other,
    ),
];

#[test]
fn presentations_of_a_running_service() {
    let (installation, service) = Installation::new();
    let demo = Demo::read(&installation.data);
    for (name, case) in CASES {
        eprintln!("{name}");
        case(Desk::new(&service, &demo));
    }
    service.terminate();
    for arguments in upkeep(&installation.data) {
        let mut command = elicense_for(&installation.data);
        command.args(arguments).arg("--data").arg(&installation.data);
        let output = run(&mut command);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

struct Desk {
    client: Client,
    address: std::net::SocketAddr,
    issuer: Issuer,
    other: String,
}

impl Desk {
    fn new(service: &Service, demo: &Demo) -> Self {
        let mut client = service.client();
        let issuer = demo.issuer(&mut client);
        let other =
            demo.departments.iter().find(|one| one.api_key != issuer.api_key).expect("two departments");
        let address = service.url().trim_start_matches("http://").parse().expect("an address");
        Self { client, address, issuer, other: other.api_key.clone() }
    }

    fn issued(&mut self, name: &str) -> Issued {
        self.issuer.issue(&mut self.client, &format!("presentations-{name}"), &format!("PR-{name}"))
    }

    fn request(&self, order: &Value) -> Request {
        Request::post("/v1/presentations").key(&self.issuer.api_key).json(order)
    }

    #[track_caller]
    fn presented(&mut self, order: &Value) -> String {
        let made = self.client.send(&self.request(order)).expect_status(201);
        let qr = made.json()["qr"].as_str().expect("a QR text").to_owned();
        assert!(qr.starts_with("EL1:"));
        qr
    }
}

fn order(issued: &Issued) -> Value {
    json!({
        "identifier": issued.identifier,
        "fields": ["number", "holder_name", "valid_to"],
        "for": "示范市行政审批局",
        "reason": "租赁合同备案",
    })
}

fn code(verdict: &Value, check: usize) -> &str {
    verdict["findings"][check]["code"].as_str().expect("a code")
}

const DATES: usize = 4;
const STATUS: usize = 5;
const LEDGER: usize = 6;

fn only_what_was_chosen_is_shown(mut desk: Desk) {
    let issued = desk.issued("CHOSEN");
    let licence = desk.issuer.licence(&mut desk.client, &issued.identifier).json();
    let made = desk.client.send(&desk.request(&order(&issued))).expect_status(201);
    assert_eq!(made.header("presentation-expires"), made.json()["expires"].as_str());
    let qr = made.json()["qr"].as_str().expect("a QR text").to_owned();
    for _ in 0..3 {
        let told = verdict(&mut desk.client, &qr);
        assert_eq!(
            (&told["status"], &told["form"], &told["grade"]),
            (&json!("valid"), &json!("presentation"), &json!(0))
        );
        assert!(told.get("licence").is_none());
        let shown = &told["presentation"];
        assert_eq!(shown["for"], "示范市行政审批局");
        assert_eq!((&shown["type"], &shown["type_name"]), (&licence["type"], &licence["type_name"]));
        assert_eq!(shown["issuer"], licence["authority"]);
        assert_eq!(shown["expires"], made.json()["expires"]);
        let until = licence.get("valid_to").map_or("长期", |date| date.as_str().expect("a date"));
        assert_eq!(
            shown["fields"],
            json!([
                {"key": "number", "label": "证照编号", "label_en": "Number", "value": issued.number},
                {"key": "valid_to", "label": "有效期至", "label_en": "In force until", "value": until},
                {"key": "holder_name", "label": "持证主体", "label_en": "Holder", "value": licence["holders"][0]["name"]},
            ])
        );
        let words = told.to_string();
        assert!(!words.contains(licence["holders"][0]["code"].as_str().expect("a code")), "{words}");
        assert!(!words.contains(&issued.identifier), "{words}");
    }
    // Every field of the licence can be chosen, and says what the licence says.
    let keys: Vec<&String> = licence["fields"].as_object().expect("fields").keys().collect();
    let mut all = order(&issued);
    all["fields"] = json!(keys);
    let qr = desk.presented(&all);
    let told = verdict(&mut desk.client, &qr);
    for field in told["presentation"]["fields"].as_array().expect("fields") {
        let value = &licence["fields"][field["key"].as_str().expect("a key")];
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert_eq!(field["value"], json!(value));
        assert!(field["label"].is_string() && field["label_en"].is_string(), "{field}");
    }
}

fn every_wrong_order_is_refused_by_name(mut desk: Desk) {
    let issued = desk.issued("WRONG");
    let changed = |member: &str, value: Option<Value>| {
        let mut order = order(&issued);
        match value {
            Some(value) => order[member] = value,
            None => drop(order.as_object_mut().expect("an object").remove(member)),
        }
        order
    };
    let cases = [
        ("fields", Some(json!([])), "fields"),
        ("fields", Some(json!(["number", "shoe_size"])), "shoe_size"),
        ("fields", Some(json!(["number", "number"])), "number"),
        ("fields", Some(json!("number")), "fields"),
        ("fields", None, "fields"),
        ("for", None, "for"),
        ("for", Some(json!("")), "for"),
        ("for", Some(json!("长".repeat(101))), "for"),
        ("for", Some(json!("a\u{202e}b")), "for"),
        ("reason", None, "reason"),
        ("reason", Some(json!("长".repeat(201))), "reason"),
        ("seconds", Some(json!(0)), "seconds"),
        ("seconds", Some(json!(601)), "seconds"),
        ("seconds", Some(json!(-1)), "seconds"),
        ("seconds", Some(json!(1.5)), "seconds"),
        ("one_time", Some(json!("yes")), "one_time"),
        ("audience", Some(json!("x")), "audience"),
    ];
    for (member, value, named) in cases {
        let wrong = changed(member, value.clone());
        let refused = desk.client.send(&desk.request(&wrong)).expect_status(422).json();
        assert_eq!(refused["code"], "presentation_refused", "{member} {value:?}");
        let detail = refused["detail"].as_str().expect("a detail");
        // serde names a member that it does not know or miss; of a wrong value it says what was expected.
        assert!(detail.contains(named) || detail.contains("invalid"), "{member} {value:?}: {detail}");
    }
    for (body, status) in [("{", 400), ("", 400), ("[]", 422)] {
        let request =
            Request::post("/v1/presentations").key(&desk.issuer.api_key).body("application/json", body);
        desk.client.send(&request).expect_status(status);
    }
    let request = Request::post("/v1/presentations").key(&desk.issuer.api_key).body("text/plain", "x");
    desk.client.send(&request).expect_status(415);
}

fn only_the_issuing_department_orders(mut desk: Desk) {
    let issued = desk.issued("OWN");
    let order = order(&issued);
    desk.client.send(&Request::post("/v1/presentations").json(&order)).expect_status(401);
    let foreign = Request::post("/v1/presentations").key(&desk.other).json(&order);
    let refused = desk.client.send(&foreign).expect_status(404).json();
    let mut unknown = order.clone();
    unknown["identifier"] = json!("1.2.156");
    let mut again = desk.client.send(&desk.request(&unknown)).expect_status(404).json();
    again["request_id"] = refused["request_id"].clone();
    assert_eq!(again, refused);
}

fn a_licence_that_is_not_good_is_not_shown(mut desk: Desk) {
    let issued = desk.issued("SUSPENDED");
    let qr = desk.presented(&order(&issued));
    let Desk { client, issuer, .. } = &mut desk;
    issuer.change_status(client, &issued.identifier, "suspended", "complaint").expect_status(200);
    let told = verdict(client, &qr);
    assert_eq!((&told["status"], code(&told, STATUS)), (&json!("invalid"), "suspended"));
    assert!(told.get("presentation").is_none());
    let refused = desk.client.send(&desk.request(&order(&issued))).expect_status(409).json();
    assert_eq!(refused["code"], "licence_not_good");
    let Desk { client, issuer, .. } = &mut desk;
    issuer.change_status(client, &issued.identifier, "valid", "complaint settled").expect_status(200);
    assert_eq!(verdict(client, &qr)["status"], "valid", "a presentation says how its licence is now");
}

fn its_minutes_end(mut desk: Desk) {
    let issued = desk.issued("MINUTES");
    let mut short = order(&issued);
    short["seconds"] = json!(1);
    let qr = desk.presented(&short);
    std::thread::sleep(Duration::from_secs(2));
    let told = verdict(&mut desk.client, &qr);
    assert_eq!((&told["status"], code(&told, DATES)), (&json!("invalid"), "presentation_expired"));
    assert!(told.get("presentation").is_none(), "what was shown for a second is shown no more");
}

fn one_use_is_one_use_whoever_races(mut desk: Desk) {
    let issued = desk.issued("ONCE");
    let mut once = order(&issued);
    once["one_time"] = json!(true);
    let qr = desk.presented(&once);
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let (address, qr) = (desk.address, qr.clone());
            std::thread::spawn(move || verdict(&mut Client::new(address), &qr))
        })
        .collect();
    let told: Vec<Value> = racers.into_iter().map(|racer| racer.join().expect("an answer")).collect();
    assert_eq!(told.iter().filter(|one| one["status"] == "valid").count(), 1, "{told:?}");
    for late in told.iter().filter(|one| one["status"] != "valid") {
        assert_eq!((&late["status"], code(late, STATUS)), (&json!("invalid"), "already_used"));
        assert!(late.get("presentation").is_none());
    }
    let late = verdict(&mut desk.client, &qr);
    assert_eq!(code(&late, STATUS), "already_used");
    // A batch uses it up as well.
    let qr = desk.presented(&once);
    let line = format!("{}\n", json!({"credential": qr}));
    let batch = line.repeat(2);
    let request = Request::post("/v1/verifications/batch").body("application/x-ndjson", batch);
    let lines = desk.client.send(&request).expect_status(200).text();
    let told: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&told[0]["status"], &told[1]["status"]), (&json!("valid"), &json!("invalid")));
}

fn a_receipt_for_a_presentation_names_no_licence(mut desk: Desk) {
    let issued = desk.issued("RECEIPT");
    let mut once = order(&issued);
    once["one_time"] = json!(true);
    let qr = desk.presented(&once);
    let purpose = json!({"operator": "王小明", "item": "租赁备案", "item_code": "1", "case": "2", "reason": "核对出租人名称"});
    let request = Request::post("/v1/verifications")
        .key(&desk.other)
        .json(&json!({"credential": qr, "purpose": purpose}));
    let answer = desk.client.send(&request).expect_status(200).json();
    assert_eq!(answer["status"], "valid");
    let envelope = answer["receipt"]["envelope"].as_str().expect("an envelope").to_owned();
    let told = verdict(&mut desk.client, &envelope);
    let checked = &told["receipt"]["checked"][0];
    assert_eq!(checked["form"], "presentation");
    assert_eq!(checked["fields"], json!(["number", "valid_to", "holder_name"]));
    assert!(checked.get("identifier").is_none() && checked.get("position").is_none());
    assert_eq!(told["now"][0]["status"], "valid", "the ledger knows which licence it was");
    assert!(!told.to_string().contains(&issued.identifier), "{told}");
    let Desk { client, issuer, .. } = &mut desk;
    issuer.change_status(client, &issued.identifier, "revoked", "issued in error").expect_status(200);
    assert_eq!(verdict(client, &envelope)["now"][0]["code"], "revoked");
}

fn its_picture_says_the_same(mut desk: Desk) {
    let issued = desk.issued("PICTURE");
    let asked = |desk: &mut Desk, accept: &str| {
        desk.client.send(&desk.request(&order(&issued)).header("accept", accept)).expect_status(201)
    };
    let png = asked(&mut desk, "image/png");
    assert_eq!(png.header("content-type"), Some("image/png"));
    assert_eq!(png.header("cache-control"), Some("no-store"));
    let expires = png.header("presentation-expires").expect("an end").to_owned();
    let text = read_qr(&png.body, &PictureLimits::default()).expect("a code");
    let told = verdict(&mut desk.client, &text);
    assert_eq!((&told["status"], &told["presentation"]["expires"]), (&json!("valid"), &json!(expires)));
    let svg = asked(&mut desk, "image/svg+xml,image/*;q=0.5");
    assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
    assert!(svg.text().starts_with("<svg") && !svg.text().contains("script"));
}

/// The bytes of each under the other's type are no longer what was signed.
fn a_presentation_and_its_licence_do_not_pass_for_each_other(mut desk: Desk) {
    use base64::Engine as _;
    let standard = base64::engine::general_purpose::STANDARD;
    let issued = desk.issued("CONFUSED");
    let qr = desk.presented(&order(&issued));
    let presentation = elicense::codec::decode_text(&qr).expect("an envelope").bare_bytes().to_vec();
    let licence = standard.decode(&issued.envelope).expect("base64");
    let (from, to): (&[u8], &[u8]) =
        (b"\x78\x25application/elicense-presentation+cwt", b"\x78\x20application/elicense-licence+cwt");
    for (bytes, from, to) in [(presentation, from, to), (licence, to, from)] {
        let at = bytes.windows(from.len()).position(|window| window == from).expect("its type");
        let mut changed = bytes.clone();
        changed.splice(at..at + from.len(), to.iter().copied());
        // The protected header is a byte string with its length before it.
        assert_eq!(changed[2], 0x58);
        changed[3] = if to.len() > from.len() { changed[3] + 5 } else { changed[3] - 5 };
        let request = Request::post("/v1/verifications").body("application/cose", changed);
        let told = desk.client.send(&request).expect_status(200).json();
        assert_eq!(told["status"], "invalid", "{told}");
        assert_eq!(code(&told, 0), "undecodable", "{told}");
        assert_eq!(code(&told, 1), "issuer_wrong_use", "{told}");
        assert_ne!(code(&told, LEDGER), "ok");
    }
}
