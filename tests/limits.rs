//! How often may be asked, and what is counted of it: over HTTP, in process (ADVERSARY #56, #67).

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::collections::BTreeMap;

use elicense::config::AccessLimits;
use elicense::http::{Listener, build};
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::city::{Answer, City, ISSUER, OTHER, SAMPLE, answer, get, keyed, post, with};
use support::hall::Hall;
use support::http::Request;

fn limits(text: &str) -> AccessLimits {
    serde_json::from_str(text).unwrap()
}

fn number(answer: &Answer) -> u32 {
    answer.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

fn issue(city: &City, number: usize) -> axum::http::Request<axum::body::Body> {
    let mut draft: Value = serde_json::from_str(SAMPLE).unwrap();
    draft["number"] = json!(format!("N-{number}"));
    let request = post("/v1/licences", "application/json", draft.to_string());
    with(keyed(request, &city.issuer), "idempotency-key", &format!("key-{number}"))
}

async fn on_the_machine(city: &City, request: axum::http::Request<axum::body::Body>) -> Answer {
    answer(city.router(Listener::Local), request).await
}

/// Leaves the issuer one grant, with this many acts a day.
async fn leave_a_ceiling(city: &City, daily: u32) {
    let path = format!("/v1/grants?department={ISSUER}");
    let grants = on_the_machine(city, get(&path)).await.expect(200).json();
    for grant in grants["grants"].as_array().unwrap() {
        let path = format!("/v1/grants/{}/withdraw", grant["id"].as_str().unwrap());
        on_the_machine(city, post(&path, "application/json", "")).await.expect(200);
    }
    let body = json!({"department": ISSUER, "calls": ["issue"], "types": "*", "daily": daily}).to_string();
    let given = on_the_machine(city, post("/v1/grants", "application/json", body)).await.expect(201).json();
    assert_eq!(given["state"], "in_force");
}

#[tokio::test]
async fn a_credential_that_is_too_fast_waits_and_nobody_else_does() {
    let city = City::new();
    let state = city.state.clone().under(&limits(r#"{"calls_per_second": 1, "burst": 3}"#));
    let ask = |key: String| {
        let router = build(state.clone(), Listener::Tcp);
        async move { answer(router, keyed(get("/v1/receipts/0"), &key)).await }
    };
    for _ in 0..3 {
        ask(city.issuer.clone()).await.expect_problem(404, "not_found");
    }
    let refused = ask(city.issuer.clone()).await;
    refused.expect_problem(429, "too_fast");
    assert_eq!(number(&refused), 1);
    ask(city.other.clone()).await.expect_problem(404, "not_found");
    ask("elk_0123456789abcdef_0".to_owned()).await.expect_problem(401, "unauthorized");
    let alive = answer(build(state, Listener::Tcp), get("/healthz")).await;
    assert_eq!(alive.status, 200, "whoever shows no key is not counted");
}

/// ADVERSARY #56: an account that issues as much as it can at night.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_side_by_side_do_not_pass_a_ceiling() {
    let city = City::new();
    leave_a_ceiling(&city, 10).await;
    let answers = join_all((0..64).map(|number| city.send(issue(&city, number)))).await;
    let done = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(done, 10);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.expect_problem(429, "ceiling_reached");
        assert!((1..=86_400).contains(&number(refused)));
    }
    let first = answers.iter().position(|answer| answer.status == 201).unwrap();
    city.send(issue(&city, first)).await.expect(201);
}

fn question(holder: u32, operator: &str) -> Value {
    let purpose = json!({"operator": operator, "item": "变更登记", "item_code": "1", "case": "7",
        "reason": "核对申请人的营业执照"});
    json!({"holder": {"code": format!("B-{holder}"), "code_type": "099"}, "purpose": purpose})
}

/// ADVERSARY #67: whoever guesses, guesses slowly, by whichever call.
#[tokio::test]
async fn one_holder_is_asked_for_so_often_by_one_department_and_no_more() {
    let city = City::new();
    let state = city.state.clone().under(&limits(r#"{"holder_per_hour": 1, "holder_burst": 2}"#));
    let ask = |path: &'static str, body: Value, key: &str| {
        let request = keyed(post(path, "application/json", body.to_string()), key);
        let router = build(state.clone(), Listener::Tcp);
        async move { answer(router, request).await }
    };
    let mut guess = question(1, "王小明");
    guess["type"] = json!("11100000MB0143028R001");
    guess["claims"] = json!({"number": "1"});
    ask("/v1/lookups", question(1, "王小明"), &city.other).await.expect(200);
    assert_eq!(ask("/v1/comparisons", guess.clone(), &city.other).await.expect(200).json()["result"], 5);
    let refused = ask("/v1/comparisons", guess, &city.other).await;
    refused.expect_problem(429, "holder_too_often");
    assert!((1..=3_600).contains(&number(&refused)));
    ask("/v1/lookups", question(1, "another"), &city.other).await.expect_problem(429, "holder_too_often");
    ask("/v1/lookups", question(2, "王小明"), &city.other).await.expect(200);
    ask("/v1/lookups", question(1, "王小明"), &city.issuer).await.expect(200);
}

/// ADVERSARY #56 and #67: one operator who goes through very many holders is heard of, once.
#[test]
fn a_bulk_pull_raises_one_alarm_in_the_log_that_names_no_holder() {
    let hall = Hall::new();
    let path = hall.data.join("settings.json");
    let mut settings: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    settings["limits"] = json!({"alarm_holders_per_hour": 3});
    std::fs::write(&path, settings.to_string()).unwrap();
    let service = hall.serve();
    let mut client = service.client();
    for holder in 0..6 {
        let request = Request::post("/v1/lookups").key(&hall.window).json(&question(holder, "王小明"));
        client.send(&request).expect_status(200);
    }
    let scrape =
        client.send(&Request::get("/metrics").key(&hall.supervisor)).expect_status(200).text().to_owned();
    assert!(scrape.contains("elicense_bulk_pull_alarms_total 1\n"), "{scrape}");
    let log = service.output();
    let alarms: Vec<&str> = log.lines().filter(|line| line.contains("bulk_pull")).collect();
    assert_eq!(alarms.len(), 1, "{log}");
    assert!(alarms[0].contains("\"level\":\"WARN\"") && alarms[0].contains("\"holders\":4"), "{}", alarms[0]);
    assert!((0..6).all(|holder| !log.contains(&format!("B-{holder}"))), "{log}");
}

/// ADVERSARY #56: over the network a new issuer takes two administrators, of whom neither made the other's key.
#[tokio::test]
async fn four_eyes_stand_before_a_new_issuer() {
    let city = City::new();
    let json_post = |path: &str, body: Value| post(path, "application/json", body.to_string());
    let roles = json_post(&format!("/v1/departments/{OTHER}/roles"), json!({"roles": ["administrator"]}));
    on_the_machine(&city, roles).await.expect(200);
    let keys = format!("/v1/departments/{OTHER}/keys");
    let (mut administrators, path) = (Vec::new(), keys.as_str());
    for _ in 0..2 {
        let made = on_the_machine(&city, json_post(path, json!({}))).await.expect(201).json();
        administrators.push(made["api_key"].as_str().unwrap().to_owned());
    }
    let made = city.send(keyed(json_post(path, json!({})), &administrators[0])).await.expect(201).json();
    let puppet = made["api_key"].as_str().unwrap();
    let mut grant = json!({"department": ISSUER, "calls": ["issue"], "types": "*"});
    let give = |grant: &Value| keyed(json_post("/v1/grants", grant.clone()), &administrators[0]);
    city.send(give(&grant)).await.expect_problem(422, "grant_refused");
    grant["daily"] = json!(10);
    let given = city.send(give(&grant)).await.expect(201).json();
    assert_eq!(given["state"], "proposed");
    let confirm = format!("/v1/grants/{}/confirm", given["id"].as_str().unwrap());
    for same in [&administrators[0], puppet] {
        city.send(keyed(post(&confirm, "application/json", ""), same))
            .await
            .expect_problem(409, "same_administrator");
    }
    let confirmed =
        city.send(keyed(post(&confirm, "application/json", ""), &administrators[1])).await.expect(200);
    assert_eq!(confirmed.json()["state"], "in_force");
}

/// One line of the text format, strictly: a name, labels, a number.
fn sample(line: &str) -> (String, f64) {
    let (series, value) = line.rsplit_once(' ').expect("a series and a value");
    let name = series.split('{').next().unwrap();
    assert!(
        name.starts_with("elicense_") && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
        "{line}"
    );
    if let Some(labels) = series.strip_prefix(name).filter(|rest| !rest.is_empty()) {
        let inside = labels.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).expect("braces");
        for label in inside.split("\",") {
            let (key, value) = label.split_once("=\"").expect("a label and its value");
            assert!(["route", "status", "call", "code"].contains(&key), "{line}");
            assert!(!value.trim_end_matches('"').contains(['"', '\n', '\\']), "{line}");
        }
    }
    (series.to_owned(), value.parse().expect("a number"))
}

#[tokio::test]
async fn what_is_counted_can_be_read_and_names_nobody() {
    let city = City::new();
    city.send(issue(&city, 1)).await.expect(201);
    city.send(keyed(get("/v1/grants"), &city.issuer)).await.expect_problem(403, "role_required");
    city.send(keyed(get("/metrics"), &city.issuer)).await.expect_problem(403, "role_required");
    city.send(get("/metrics")).await.expect_problem(401, "unauthorized");
    city.send(get("/no/such/11010519491231002X")).await.expect_problem(404, "no_such_route");
    let scrape = on_the_machine(&city, get("/metrics")).await.expect(200);
    assert!(scrape.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = String::from_utf8(scrape.body).unwrap();
    assert!(text.ends_with("# EOF\n"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples: Vec<_> = lines.map(sample).collect();
    let by_series: BTreeMap<_, _> = samples.iter().cloned().collect();
    assert_eq!(samples.len(), by_series.len(), "each series once");
    assert_eq!(by_series["elicense_refusals_total{code=\"role_required\"}"], 2.0);
    assert_eq!(by_series["elicense_answers_total{route=\"/v1/licences\",status=\"201\"}"], 1.0);
    assert_eq!(by_series["elicense_answers_total{route=\"none\",status=\"404\"}"], 1.0);
    assert_eq!(by_series["elicense_bulk_pull_alarms_total"], 0.0);
    assert!(by_series["elicense_ledger_entries"] > 1.0);
    for secret in ["11010519491231002X", ISSUER, &city.issuer[4..20]] {
        assert!(!text.contains(secret), "{secret}");
    }
}
