//! `POST /v1/comparisons` over HTTP: the grades of GB/T 36906, and that nothing else is told.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use serde_json::{Value, json};
use support::hall::{BUSINESS, ESTATE, Hall, person, purpose};
use support::http::{Client, Request};

struct Desk {
    hall: Hall,
    client: Client,
    holder: Value,
    _service: support::service::Service,
}

impl Desk {
    fn new(serial: u32) -> Self {
        let hall = Hall::new();
        let service = hall.serve();
        Self { client: service.client(), hall, holder: person(serial), _service: service }
    }

    fn body(&self, claims: Value) -> Value {
        let holder = json!({"code": self.holder["code"], "code_type": "111"});
        json!({"holder": holder, "type": BUSINESS, "claims": claims, "purpose": purpose()})
    }

    #[track_caller]
    fn answer(&mut self, body: &Value) -> Value {
        let answer = self.hall.ask(&mut self.client, "/v1/comparisons", body).expect_status(200).json();
        let members: Vec<&String> = answer.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["receipt", "result"], "nothing else is told");
        answer
    }

    #[track_caller]
    fn grade(&mut self, claims: Value) -> u64 {
        let body = self.body(claims);
        self.answer(&body)["result"].as_u64().expect("a grade")
    }

    #[track_caller]
    fn receipt(&mut self, answer: &Value) -> Value {
        let path = format!("/v1/receipts/{}", answer["receipt"].as_str().expect("an id"));
        self.client.send(&Request::get(&path).key(&self.hall.window)).expect_status(200).json()
    }
}

const SCOPE: &str = "农业技术研发；种子批发；蔬菜种植；水果零售；农产品初加工；普通货物仓储服务";

#[test]
fn each_answer_of_the_standard_comes_where_it_should() {
    let mut desk = Desk::new(21);
    let good = json!({"scope": SCOPE, "copies": 2, "holder_name": "赵示范", "number": "91999999XX00010111"});
    assert_eq!(desk.grade(good.clone()), 5, "no such licence yet");
    let identifier = desk.hall.issue(&mut desk.client, &desk.holder, |_| {});
    assert_eq!(desk.grade(good.clone()), 0);
    assert_eq!(desk.grade(json!({"scope": format!(" {SCOPE} "), "copies": "2"})), 0, "blanks and digits");
    assert_eq!(desk.grade(json!({"scope": "水果零售"})), 6);
    assert_eq!(desk.grade(json!({"scope": SCOPE, "copies": 3})), 6);
    assert_eq!(desk.grade(json!({"holder_name": "赵示范二"})), 6);
    assert_eq!(desk.grade(json!({})), 4, "no claim");
    assert_eq!(desk.grade(json!({"legal_rep": "林晓禾"})), 4, "a field that is not granted");
    assert_eq!(desk.grade(json!({"legal_rep": "别人"})), 4, "and says nothing of what it holds");
    assert_eq!(desk.grade(json!({"no_such_field": "x"})), 4);
    assert_eq!(desk.grade(json!({"copies": 3, "legal_rep": "林晓禾"})), 4);
    desk.hall.change_status(&mut desk.client, &identifier, "withheld");
    assert_eq!(desk.grade(good.clone()), 2);
    assert_eq!(desk.grade(json!({"copies": 3})), 6);
    desk.hall.change_status(&mut desk.client, &identifier, "cancelled");
    assert_eq!(desk.grade(good), 3);
}

#[test]
fn a_licence_of_tomorrow_is_not_yet_in_force() {
    let mut desk = Desk::new(22);
    desk.hall.issue(&mut desk.client, &desk.holder, |body| body["valid_from"] = json!("2099-01-01"));
    assert_eq!(desk.grade(json!({"copies": 2})), 1);
}

#[test]
fn of_several_licences_the_one_that_agrees_best_is_answered_for_unless_a_number_is_named() {
    let mut desk = Desk::new(23);
    let older = desk.hall.issue(&mut desk.client, &desk.holder, |body| body["number"] = json!("YZ-1"));
    desk.hall.issue(&mut desk.client, &desk.holder, |body| {
        body["number"] = json!("YZ-2");
        body["fields"]["copies"] = json!(7);
    });
    assert_eq!(desk.grade(json!({"copies": 2})), 0);
    assert_eq!(desk.grade(json!({"copies": 7})), 0);
    assert_eq!(desk.grade(json!({"copies": 5})), 6);
    let mut of_number = desk.body(json!({"copies": 2}));
    for (number, expected) in [("YZ-1", 0), ("YZ-2", 6), ("YZ-3", 5), (" YZ-1 ", 0)] {
        of_number["number"] = json!(number);
        assert_eq!(desk.answer(&of_number)["result"], expected, "{number}");
    }
    // What ended and agrees comes before what is in force and does not.
    desk.hall.change_status(&mut desk.client, &older, "cancelled");
    assert_eq!(desk.grade(json!({"copies": 2})), 3);
}

#[test]
fn a_type_that_is_not_granted_and_one_that_nobody_has_are_one_answer() {
    let mut desk = Desk::new(24);
    let sample = include_str!("../fixtures/licences/real-estate-certificate-shop.json");
    let sample: Value = serde_json::from_str(sample).expect("the sample is JSON");
    desk.hall.issue(&mut desk.client, &desk.holder, |body| {
        *body = json!({"type": sample["type"], "number": sample["number"], "holders": body["holders"], "fields": sample["fields"]});
    });
    let mut body = desk.body(json!({"location": sample["fields"]["location"]}));
    for type_code in [ESTATE, "11100000000013338W011", "11100000000013338W999"] {
        body["type"] = json!(type_code);
        let answer = desk.answer(&body);
        assert_eq!(answer["result"], 5, "{type_code}");
        let receipt = desk.receipt(&answer);
        assert_eq!((&receipt["checked"], &receipt["question"]["result"]), (&json!([]), &json!(5)));
    }
}

#[test]
fn the_receipt_tells_no_more_than_the_answer_and_the_holder_is_told_all() {
    let mut desk = Desk::new(25);
    let identifier = desk.hall.issue(&mut desk.client, &desk.holder, |_| {});
    let body = desk.body(json!({"copies": 3, "scope": SCOPE}));
    let answer = desk.answer(&body);
    let receipt = desk.receipt(&answer);
    assert_eq!(receipt["checked"], json!([]));
    assert_eq!(receipt["question"]["call"], "comparison");
    assert_eq!(receipt["question"]["result"], 6);
    assert_eq!(receipt["question"]["in_words"]["zh"], "信息比对：信息错误，参数不一致");
    assert!(!receipt.to_string().contains(identifier.as_str().expect("an identifier")));
    let verdict =
        support::demo::verdict(&mut desk.client, receipt["envelope"].as_str().expect("an envelope"));
    assert_eq!((&verdict["status"], &verdict["receipt"]["question"]["result"]), (&json!("valid"), &json!(6)));

    let agreed = desk.body(json!({"copies": 2}));
    let agreed = desk.answer(&agreed);
    let receipt = desk.receipt(&agreed);
    assert_eq!(receipt["checked"][0]["identifier"], identifier);
    assert_eq!(receipt["checked"][0]["fields"], json!(["copies"]));

    let uses = desk.hall.uses(&mut desk.client, &body["holder"]);
    assert_eq!((&uses[1]["result"], &uses[1]["call"]), (&json!(6), &json!("comparison")));
    assert_eq!(uses[1]["licences"][0]["fields"], json!(["copies", "scope"]));
    assert_eq!(uses[0]["result"], 0);
    let words = uses[1]["words"]["zh"].as_str().expect("words");
    assert!(words.contains("结果：信息错误，参数不一致。") && words.contains("未显示证照内容"), "{words}");
}

#[test]
fn hostile_claims_are_refused_and_leave_nothing() {
    let mut desk = Desk::new(26);
    let good = desk.body(json!({}));
    let many: serde_json::Map<String, Value> = (0..101).map(|at| (format!("k{at}"), json!(1))).collect();
    for claims in [
        json!("copies"),
        Value::Null,
        json!([{"copies": 2}]),
        json!({"copies": 2.5}),
        json!({"copies": null}),
        json!({"copies": ["2"]}),
        json!({"copies": {"$gt": 0}}),
        Value::Object(many),
    ] {
        let mut body = good.clone();
        body["claims"] = claims;
        let answer = desk.hall.ask(&mut desk.client, "/v1/comparisons", &body);
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("lookup_refused")), "{body}");
    }
    for missing in ["claims", "type"] {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").remove(missing);
        let answer = desk.hall.ask(&mut desk.client, "/v1/comparisons", &body).expect_status(422);
        assert!(answer.json()["detail"].as_str().expect("a text").contains(missing));
    }
    let twice = good.to_string().replace(r#""claims":{}"#, r#""claims":{"copies": 2, "copies": 3}"#);
    let request = Request::post("/v1/comparisons").key(&desk.hall.window).body("application/json", twice);
    assert_eq!(desk.client.send(&request).expect_status(400).json()["code"], "duplicate_key");
    assert!(desk.hall.uses(&mut desk.client, &good["holder"]).is_empty());
}
