//! Who used my licences: what the portal shows a holder, and what supervisors read, over HTTP.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use serde_json::{Value, json};
use support::hall::{BUSINESS, Hall, WINDOW, person, purpose};
use support::http::{Client, Request};

fn holder_of(person: &Value) -> Value {
    json!({"code": person["code"], "code_type": person["code_type"]})
}

#[track_caller]
fn look_up(hall: &Hall, client: &mut Client, holder: &Value) -> Value {
    let body = json!({"holder": holder, "purpose": purpose()});
    hall.ask(client, "/v1/lookups", &body).expect_status(200).json()
}

#[track_caller]
fn supervised(hall: &Hall, client: &mut Client, query: &str) -> Value {
    client.send(&Request::get(&format!("/v1/uses{query}")).key(&hall.supervisor)).expect_status(200).json()
}

#[test]
fn a_holder_reads_every_kind_of_use_newest_first_in_words() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let person = person(31);
    let holder = holder_of(&person);
    let identifier = hall.issue(client, &person, |_| {});
    let answer = look_up(&hall, client, &holder);
    let path = format!("/v1/licences/{}/qr.png", identifier.as_str().expect("an identifier"));
    let qr = client.send(&Request::get(&path).key(&hall.issuer)).expect_status(200);
    assert!(!qr.body.is_empty());
    let path = format!("/v1/licences/{}/file", identifier.as_str().expect("an identifier"));
    let file = client.send(&Request::get(&path).key(&hall.issuer)).expect_status(200).body;
    let credential = base64(&file);
    let verify = json!({"credential": credential, "purpose": purpose()});
    hall.ask(client, "/v1/verifications", &verify).expect_status(200);
    let present = json!({
        "identifier": identifier, "fields": ["number", "scope"], "for": "示范银行", "reason": "开户", "seconds": 60,
    });
    client.send(&Request::post("/v1/presentations").key(&hall.issuer).json(&present)).expect_status(201);

    let uses = hall.uses(client, &holder);
    let calls: Vec<&Value> = uses.iter().map(|one| &one["call"]).collect();
    assert_eq!(calls, ["presentation", "verification", "lookup"]);
    let [presented, verified, looked_up] = uses.as_slice() else { panic!("three uses") };
    let position = looked_up["position"].as_u64().expect("a position");
    assert!(verified["position"].as_u64().expect("a position") > position);
    assert_eq!(
        *looked_up,
        json!({
            "position": position, "at": looked_up["at"], "call": "lookup",
            "organisation": {"code": WINDOW, "name": "示范市政务服务中心"},
            "operator": "王小明", "item": "企业变更登记", "item_code": "000131001000", "case": "2026-1124-0007",
            "reason": "核对住所与经营范围",
            "licences": [{"identifier": identifier, "type_name": "营业执照", "fields": ["scope", "copies"]}],
            "receipt": answer["receipt"], "words": looked_up["words"],
        })
    );
    let words = looked_up["words"]["zh"].as_str().expect("words");
    assert!(
        words.contains(
            "示范市政务服务中心的王小明为办理“企业变更登记”（办件 2026-1124-0007）查询了您的营业执照。看到的内容：经营范围"
        ),
        "{words}"
    );
    assert!(words.ends_with("理由：核对住所与经营范围。"), "{words}");
    assert_eq!(verified["licences"][0]["identifier"], identifier);
    assert!(verified["words"]["zh"].as_str().expect("words").contains("核验了您的营业执照"));
    assert_eq!(presented["organisation"], json!({"code": null, "name": "示范银行"}));
    assert_eq!((&presented["reason"], &presented["receipt"]), (&json!("开户"), &Value::Null));
    assert!(presented["words"]["en"].as_str().expect("words").contains("you showed your"));
}

#[test]
fn uses_go_on_where_next_says() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let person = person(32);
    let holder = holder_of(&person);
    hall.issue(client, &person, |_| {});
    // Consents are uses too, and nobody is asked too often for them.
    let consent = |client: &mut Client| {
        let to = hall_time(&hall, client);
        let body = json!({"holder": holder, "department": WINDOW, "types": [BUSINESS], "to": to});
        let given = client.send(&Request::post("/v1/consents").key(&hall.portal).json(&body)).json();
        let path = format!("/v1/consents/{}/withdraw", given["id"].as_str().expect("an id"));
        let whose = json!({"holder": holder, "department": WINDOW});
        client.send(&Request::post(&path).key(&hall.portal).json(&whose)).expect_status(200);
    };
    look_up(&hall, client, &holder);
    (0..52).for_each(|_| consent(client));
    let ask = |client: &mut Client, before: Option<&Value>| {
        let mut body = json!({"holder": holder});
        if let Some(before) = before {
            body["before"] = before.clone();
        }
        client
            .send(&Request::post("/v1/holders/uses").key(&hall.portal).json(&body))
            .expect_status(200)
            .json()
    };
    let first = ask(client, None);
    let second = ask(client, Some(&first["next"]));
    let positions: Vec<u64> = [&first, &second]
        .iter()
        .flat_map(|page| page["uses"].as_array().expect("uses"))
        .map(|one| one["position"].as_u64().expect("a position"))
        .collect();
    assert_eq!((first["uses"].as_array().expect("uses").len(), positions.len()), (100, 105));
    assert!(positions.is_sorted_by(|one, next| one > next), "newest first, none twice");
    assert_eq!(second["next"], Value::Null);
    assert_eq!(second["uses"].as_array().expect("uses").last().expect("a use")["call"], "lookup");
    assert_eq!(ask(client, Some(&json!(0)))["uses"], json!([]));
    let withdrawn = &first["uses"][0];
    assert_eq!(
        (&withdrawn["call"], &withdrawn["consent"]["state"]),
        (&json!("consent"), &json!("withdrawn"))
    );
    assert!(withdrawn["words"]["zh"].as_str().expect("words").contains("您撤回了同意示范市政务服务中心"));
}

/// An hour from now by the service's clock.
fn hall_time(hall: &Hall, client: &mut Client) -> Value {
    let body = json!({"credential": "none"});
    let verdict = client.send(&Request::post("/v1/verifications").key(&hall.window).json(&body)).json();
    let at: elicense::time::UnixTime = verdict["at"].as_str().expect("a time").parse().expect("a time");
    json!(at.plus(3_600).to_string())
}

#[test]
fn nobody_but_the_portal_reads_a_holders_uses_and_nobody_but_a_supervisor_all() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    let body = json!({"holder": holder_of(&person(33))});
    for key in [&hall.issuer, &hall.window, &hall.ungranted, &hall.supervisor] {
        let answer = client.send(&Request::post("/v1/holders/uses").key(key).json(&body));
        assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("role_required")));
    }
    for key in [&hall.issuer, &hall.window, &hall.ungranted, &hall.portal] {
        let answer = client.send(&Request::get("/v1/uses").key(key));
        assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("role_required")));
    }
    client.send(&Request::get("/v1/uses")).expect_status(401);
    for (member, value) in
        [("before", json!("1")), ("before", json!(-1)), ("after", json!(1)), ("before", json!(1.5))]
    {
        let mut body = body.clone();
        body[member] = value;
        let answer = client.send(&Request::post("/v1/holders/uses").key(&hall.portal).json(&body));
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("lookup_refused")), "{body}");
    }
    let wrong = json!({"holder": {"code": "1", "code_type": "111"}});
    let answer = client.send(&Request::post("/v1/holders/uses").key(&hall.portal).json(&wrong));
    assert_eq!(answer.expect_status(422).json()["code"], "holder_refused");
    for query in ["?after=x", "?after=-1", "?after=1&after=2", "?department=X", "?holder=1", "?before=1"] {
        let answer = client.send(&Request::get(&format!("/v1/uses{query}")).key(&hall.supervisor));
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("lookup_refused")), "{query}");
    }
}

#[test]
fn supervisors_read_all_in_order_with_the_code_covered() {
    let hall = Hall::new();
    let service = hall.serve();
    let client = &mut service.client();
    assert_eq!(supervised(&hall, client, ""), json!({"uses": [], "next": null}));
    let persons: Vec<Value> = (40..145).map(person).collect();
    for person in &persons {
        look_up(&hall, client, &holder_of(person));
    }
    let first = supervised(&hall, client, "");
    let uses = first["uses"].as_array().expect("uses");
    assert_eq!(uses.len(), 100);
    assert_eq!(first["next"], uses[99]["position"]);
    let code = persons[0]["code"].as_str().expect("a code");
    let covered = format!("{}{}", "*".repeat(14), &code[14..]);
    assert_eq!(uses[0]["holder"], json!({"code_type": "111", "code": covered}));
    let key_id = hall.window.split('_').nth(1).expect("an id");
    assert_eq!(uses[0]["asked_by"], json!(key_id));
    assert_eq!(uses[0]["organisation"]["code"], WINDOW);
    let rest = supervised(&hall, client, &format!("?after={}", first["next"]));
    assert_eq!((rest["uses"].as_array().expect("uses").len(), &rest["next"]), (5, &Value::Null));
    assert_eq!(supervised(&hall, client, &format!("?department={WINDOW}"))["uses"], first["uses"]);
    let none = supervised(&hall, client, &format!("?department={}", support::hall::ISSUER));
    assert_eq!(none, json!({"uses": [], "next": null}));
    assert!(!first.to_string().contains(code) && !rest.to_string().contains(code));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
