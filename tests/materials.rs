//! `POST /v1/materials` on the demonstration: who has what an item requires, who lacks what, and who hears of it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use support::demo::Installation;
use support::http::{Client, Request, Response};
use support::service::Service;

const SHOPKEEPER: &str = "999999189604120426";
const MECHANIC: &str = "999999188509200538";
const MOVE: &str = "000199001000";
const ESTATE: &str = "11100000MB03271699001";

/// The demonstration, and a clerk of its service centre.
struct City {
    installation: Installation,
    service: Service,
    client: Client,
    demo: Value,
}

impl City {
    fn new() -> Self {
        let (installation, service) = Installation::new();
        let demo = std::fs::read(installation.data.join("demo.json")).expect("demo.json");
        let demo = serde_json::from_slice(&demo).expect("demo.json is JSON");
        Self { client: service.client(), installation, service, demo }
    }

    /// The key of the department that issues a type; of the one that issues none where there is no type.
    fn key_for(&self, type_code: Option<&str>) -> String {
        let departments = self.demo["departments"].as_array().expect("departments").iter();
        let mut found = departments.filter(|one| {
            let types = one["types"].as_array().expect("types");
            type_code.map_or(types.is_empty(), |code| types.contains(&json!(code)))
        });
        found.next().expect("a department")["api_key"].as_str().expect("a key").to_owned()
    }

    fn ask(&mut self, body: &Value) -> Response {
        let request = Request::post("/v1/materials").key(&self.key_for(None)).json(body);
        self.client.send(&request)
    }

    #[track_caller]
    fn materials(&mut self, code: &str, item_code: &str) -> Value {
        self.ask(&request(code, "111", item_code)).expect_status(200).json()
    }

    #[track_caller]
    fn change(&mut self, identifier: &Value, to: &str) {
        let identifier = identifier.as_str().expect("an identifier");
        let key = self.key_for(identifier.split('.').nth(5));
        let path = format!("/v1/licences/{identifier}/status");
        let body = json!({"to": to, "reason": "complaint under review"});
        self.client.send(&Request::post(&path).key(&key).json(&body)).expect_status(200);
    }

    #[track_caller]
    fn issue(&mut self, order: &str, body: &Value) -> Value {
        let key = self.key_for(body["type"].as_str());
        let request = Request::post("/v1/licences").key(&key).header("idempotency-key", order).json(body);
        self.client.send(&request).expect_status(201).json()
    }
}

fn purpose(item_code: &str) -> Value {
    json!({"operator": "王小明", "item": "变更登记", "item_code": item_code, "case": "2026-1124-0031",
        "reason": "核对变更登记所需的证照"})
}

fn request(code: &str, code_type: &str, item_code: &str) -> Value {
    json!({"holder": {"code": code, "code_type": code_type}, "item_code": item_code, "purpose": purpose(item_code)})
}

/// Name and reason of what is missing.
fn missing(answer: &Value) -> Vec<(&str, &str)> {
    let required = answer["required"].as_array().expect("what is required").iter();
    let found = required.filter(|one| !one["missing"].is_null());
    found
        .map(|one| (one["name"].as_str().unwrap_or(""), one["missing"]["reason"].as_str().unwrap_or("")))
        .collect()
}

#[test]
fn every_application_of_the_demonstration_is_answered_as_expected() {
    let mut city = City::new();
    let items = city.demo["items"].as_array().expect("items").clone();
    assert!(items.len() >= 6);
    let mut seen = BTreeSet::new();
    for item in &items {
        let code = item["item_code"].as_str().expect("a code");
        let body = json!({"holder": item["holder"], "item_code": code, "purpose": purpose(code)});
        let answer = city.ask(&body).expect_status(200).json();
        assert_eq!((&answer["complete"], &answer["name"]), (&item["expected"], &item["name"]), "{answer}");
        assert_eq!(answer["complete"], json!(missing(&answer).is_empty()), "{answer}");
        assert_eq!(answer["receipt"].as_str().expect("a receipt").len(), 32);
        let shown =
            city.client.send(&Request::get(&format!("/v1/service-items/{code}"))).expect_status(200).json();
        let named = |list: &Value| -> Vec<Value> {
            list.as_array().expect("a list").iter().map(|one| one["name"].clone()).collect()
        };
        assert_eq!(named(&answer["required"]), named(&shown["requirements"]));
        for one in answer["required"].as_array().expect("what is required") {
            assert_eq!(one["granted"], json!(true));
            assert_eq!(one["held"], json!(one["missing"]["reason"] != "not_held"), "{one}");
            assert_eq!(
                (one["identifier"].is_null(), one["verdict"].is_null()),
                (one["held"] == false, one["held"] == false)
            );
            if !one["missing"].is_null() {
                assert!(!one["missing"]["obtain_from"].as_array().expect("departments").is_empty(), "{one}");
                seen.insert(one["missing"]["reason"].as_str().expect("a reason").to_owned());
            }
        }
    }
    assert_eq!(seen, BTreeSet::from(["condition_not_met", "ends_too_soon", "not_held"].map(str::to_owned)));
    let answers: BTreeSet<String> = items.iter().map(|item| item["expected"].to_string()).collect();
    assert_eq!(answers.len(), 2, "both kinds of answers");
}

#[test]
fn holders_hold_what_the_demonstration_says() {
    let mut city = City::new();
    let licences = city.demo["licences"].as_array().expect("licences").clone();
    let holders = city.demo["holders"].as_array().expect("holders").clone();
    let mut held = BTreeSet::new();
    for holder in &holders {
        for identifier in holder["licences"].as_array().expect("licences") {
            let identifier = identifier.as_str().expect("an identifier");
            held.insert(identifier.to_owned());
            let key = city.key_for(identifier.split('.').nth(5));
            let path = format!("/v1/licences/{identifier}");
            let licence = city.client.send(&Request::get(&path).key(&key)).expect_status(200).json();
            let named =
                json!({"name": holder["name"], "code": holder["code"], "code_type": holder["code_type"]});
            assert!(licence["holders"].as_array().expect("holders").contains(&named), "{licence}");
        }
    }
    assert_eq!(held.len(), licences.len());
}

#[test]
fn what_is_lacking_is_said_with_where_to_get_it() {
    let mut city = City::new();
    let answer = city.materials(MECHANIC, MOVE);
    let proof = &answer["required"][1];
    assert_eq!(missing(&answer), [("经营场所使用证明", "not_held")]);
    let issuers = json!([{"code": "11999900MB00003341", "name": "示范市自然资源和住房建设局",
        "types": [ESTATE, "11100000MB03271699022"]}]);
    assert_eq!(proof["missing"]["obtain_from"], issuers);
    assert_eq!(proof["missing"]["detail"], "没有查到经营场所使用证明；请到示范市自然资源和住房建设局办理。");
    assert_eq!(
        (&proof["held"], &proof["verdict"], &proof["reasons"]),
        (&json!(false), &Value::Null, &json!([]))
    );
    // With the certificate in hand nothing is lacking.
    let estate = json!({"type": ESTATE, "number": "云(2026)鹿鸣县不动产权第0000999号",
        "holders": [{"name": "陆鸣皋", "code": MECHANIC, "code_type": "111"}],
        "fields": {"unit_no": "999998001001GB00009F00010001", "location": "鹿鸣县新街90号", "co_ownership": "单独所有",
            "right_kind": "国有建设用地使用权/房屋所有权", "right_nature": "出让", "use": "商业服务业用地/商业", "area": "80㎡"}});
    let issued = city.issue("estate", &estate);
    let answer = city.materials(MECHANIC, MOVE);
    assert_eq!(
        (&answer["complete"], &answer["required"][1]["identifier"]),
        (&json!(true), &issued["identifier"])
    );
    // Houses are for living.
    let mut house = estate;
    house["number"] = json!("云(2026)鹿鸣县不动产权第0001000号");
    house["fields"]["use"] = json!("城镇住宅用地/住宅");
    city.change(&issued["identifier"], "cancelled");
    let house = city.issue("house", &house);
    let answer = city.materials(MECHANIC, MOVE);
    assert_eq!(missing(&answer), [("经营场所使用证明", "condition_not_met")]);
    assert_eq!(answer["required"][1]["identifier"], house["identifier"]);
    let detail = answer["required"][1]["missing"]["detail"].as_str().expect("a sentence");
    assert!(
        detail.contains("用途") && !detail.contains("住宅"),
        "what is asked for, not what is there: {detail}"
    );
}

#[test]
fn a_change_of_status_is_in_the_next_answer() {
    let mut city = City::new();
    let answer = city.materials(SHOPKEEPER, MOVE);
    assert_eq!(answer["complete"], true);
    let certificate = answer["required"][1]["identifier"].clone();
    city.change(&certificate, "suspended");
    let answer = city.materials(SHOPKEEPER, MOVE);
    let proof = &answer["required"][1];
    assert_eq!(missing(&answer), [("经营场所使用证明", "not_good")]);
    assert_eq!((&proof["held"], &proof["verdict"]), (&json!(true), &json!("invalid")));
    assert_eq!((&proof["reasons"], &proof["identifier"]), (&json!(["suspended"]), &certificate));
    city.change(&certificate, "valid");
    assert_eq!(city.materials(SHOPKEEPER, MOVE)["complete"], true);
}

#[test]
fn of_two_versions_the_newer_one_is_named() {
    let mut city = City::new();
    let before = city.materials(SHOPKEEPER, MOVE)["required"][0]["identifier"].clone();
    let identifier = before.as_str().expect("an identifier").to_owned();
    let key = city.key_for(identifier.split('.').nth(5));
    let path = format!("/v1/licences/{identifier}");
    let licence = city.client.send(&Request::get(&path).key(&key)).expect_status(200).json();
    let mut body = json!({"type": licence["type"], "number": licence["number"], "holders": licence["holders"],
        "fields": licence["fields"], "replaces": before, "replaces_for": "change"});
    body["fields"]["domicile"] = json!("云岭区龙门街45号1层101室");
    let after = city.issue("moved", &body)["identifier"].clone();
    let answer = city.materials(SHOPKEEPER, MOVE);
    assert_eq!((&answer["complete"], &answer["required"][0]["identifier"]), (&json!(true), &after));
}

#[test]
fn a_receipt_is_for_the_case_and_names_no_holder() {
    let mut city = City::new();
    let answer = city.materials(SHOPKEEPER, MOVE);
    let path = format!("/v1/receipts/{}", answer["receipt"].as_str().expect("a receipt"));
    let window = city.key_for(None);
    let receipt = city.client.send(&Request::get(&path).key(&window)).expect_status(200);
    let text = receipt.text();
    assert!(!text.contains(SHOPKEEPER) && !text.contains("沈知夏") && !text.contains("龙门街"), "{text}");
    let receipt = receipt.json();
    let identifiers = |list: &Value| -> Vec<Value> {
        list.as_array().expect("a list").iter().map(|one| one["identifier"].clone()).collect()
    };
    assert_eq!(identifiers(&receipt["checked"]), identifiers(&answer["required"]));
    assert_eq!(receipt["purpose"]["case"], "2026-1124-0031");
    // The condition looked at one field of the certificate.
    assert_eq!(receipt["checked"][1]["fields"], json!(["use"]));
    let other = city.key_for(Some(ESTATE));
    city.client.send(&Request::get(&path).key(&other)).expect_status(404);
    assert!(!city.service.output().contains(SHOPKEEPER), "no holder's code in the log");
}

#[test]
fn nobody_and_somebody_else_are_the_same_answer() {
    let mut city = City::new();
    let unknown = city.materials("11010519491231002X", MOVE);
    let without_receipt = |answer: &Value| {
        let mut answer = answer.clone();
        answer.as_object_mut().expect("an object").remove("receipt").expect("a receipt");
        answer
    };
    assert_eq!(missing(&unknown), [("营业执照", "not_held"), ("经营场所使用证明", "not_held")]);
    let mut body = request(SHOPKEEPER, "111", MOVE);
    body["holder"]["name"] = json!("沈知秋");
    let misnamed = city.ask(&body).expect_status(200).json();
    assert_eq!(without_receipt(&misnamed), without_receipt(&unknown));
    // The same digits as another kind of number.
    let passport = city.ask(&request(SHOPKEEPER, "414", MOVE)).expect_status(200).json();
    assert_eq!(without_receipt(&passport), without_receipt(&unknown));
    let receipt = format!("/v1/receipts/{}", unknown["receipt"].as_str().expect("a receipt"));
    let window = city.key_for(None);
    let receipt = city.client.send(&Request::get(&receipt).key(&window)).expect_status(200).json();
    assert_eq!(receipt["checked"], json!([]));
}

#[test]
fn an_item_of_the_department_below_one_of_the_catalogue_may_be_the_purpose() {
    let mut city = City::new();
    let mut body = request(SHOPKEEPER, "111", MOVE);
    body["purpose"]["item_code"] = json!("00019900100001");
    let answer = city.ask(&body).expect_status(200).json();
    assert_eq!((&answer["item_code"], &answer["complete"]), (&json!(MOVE), &json!(true)));
    let path = format!("/v1/receipts/{}", answer["receipt"].as_str().expect("a receipt"));
    let window = city.key_for(None);
    let receipt = city.client.send(&Request::get(&path).key(&window)).expect_status(200).json();
    assert_eq!(receipt["purpose"]["item_code"], "00019900100001");
}

#[test]
fn what_is_wrong_with_a_request_is_named() {
    let mut city = City::new();
    let good = request(SHOPKEEPER, "111", MOVE);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        body
    };
    let without = |pointer: &'static str, member: &'static str| {
        changed(&move |body| {
            drop(body.pointer_mut(pointer).and_then(Value::as_object_mut).map(|one| one.remove(member)))
        })
    };
    let cases = [
        (changed(&|body| body["item_code"] = json!("000199999000")), "item_unknown", ""),
        (changed(&|body| body["item_code"] = json!("0001990010000")), "item_unknown", ""),
        (changed(&|body| body["item_code"] = json!("变更登记")), "item_unknown", ""),
        (changed(&|body| body["item_code"] = json!(199_001_000)), "lookup_refused", "item_code"),
        (without("", "item_code"), "lookup_refused", "item_code"),
        (changed(&|body| body["type"] = json!(ESTATE)), "lookup_refused", "type"),
        (without("", "holder"), "holder_refused", "holder"),
        (without("/holder", "code"), "holder_refused", "code"),
        (changed(&|body| body["holder"]["code"] = json!("999999189604120425")), "holder_refused", "code"),
        (changed(&|body| body["holder"]["code_type"] = json!("112233")), "holder_refused", "code_type"),
        (without("", "purpose"), "purpose_refused", "purpose"),
        (without("/purpose", "case"), "purpose_refused", "case"),
        (changed(&|body| body["purpose"]["reason"] = json!("查询")), "purpose_refused", "reason"),
    ];
    for (body, code, named) in cases {
        let answer = city.ask(&body).expect_status(422).json();
        assert_eq!(answer["code"], code, "{body}");
        let detail = answer["detail"].as_str().expect("a detail");
        assert!(detail.contains(named) && !detail.contains("18960412"), "{detail}");
    }
    let window = city.key_for(None);
    let mut send = |media: &str, body: &str| {
        let request = Request::post("/v1/materials").key(&window).body(media, body);
        let answer = city.client.send(&request);
        (answer.status, answer.json()["code"].clone())
    };
    assert_eq!(send("application/json", "{"), (400, json!("not_json")));
    assert_eq!(send("application/json", "[]"), (400, json!("not_an_object")));
    assert_eq!(send("application/json", "{\"holder\": {}, \"holder\": {}}"), (400, json!("duplicate_key")));
    assert_eq!(send("text/plain", &good.to_string()), (415, json!("media_type_unsupported")));
}

#[test]
fn only_a_department_with_a_grant_is_answered() {
    let mut city = City::new();
    let body = request(SHOPKEEPER, "111", MOVE);
    let stranger = city.client.send(&Request::post("/v1/materials").json(&body)).expect_status(401);
    assert!(!stranger.text().contains("required"), "{stranger}");
    // Its own types are granted to it, and of others it hears nothing.
    let issuer = city.key_for(Some(ESTATE));
    let answer = city.client.send(&Request::post("/v1/materials").key(&issuer).json(&body));
    let licence = answer.expect_status(200).json()["required"][0].clone();
    assert_eq!((&licence["granted"], &licence["held"]), (&json!(false), &json!(false)), "{licence}");
}

#[test]
fn what_was_asked_is_there_after_a_restart() {
    let mut city = City::new();
    let answer = city.materials(SHOPKEEPER, MOVE);
    let window = city.key_for(None);
    let City { installation, service, .. } = city;
    service.kill();
    let service = installation.serve();
    let path = format!("/v1/receipts/{}", answer["receipt"].as_str().expect("a receipt"));
    let receipt = service.client().send(&Request::get(&path).key(&window)).expect_status(200).json();
    assert_eq!(receipt["checked"].as_array().expect("a list").len(), 2);
}
