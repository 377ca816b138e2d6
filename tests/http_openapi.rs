//! `GET /openapi.json` describes every call and no other, obeys OpenAPI 3.1, and is what the service really answers.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use axum::body::Body;
use axum::http::Request;
use elicense::http::{ROUTES, Verb};
use elicense::licence::{HolderCodeType, Identifier, Replacement, State, TypeCode};
use elicense::verify::{Check, Code};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::city::{City, SAMPLE, get, keyed, post, with};
use support::{python, tree};

async fn description() -> Value {
    City::new().send(get("/openapi.json")).await.expect(200).json()
}

/// Every object below a value, with its JSON pointer.
fn objects(value: &Value, pointer: &str, each: &mut impl FnMut(&str, &serde_json::Map<String, Value>)) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            each(pointer, members);
            members.iter().map(|(name, value)| (name.replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(place, value)| (place.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (name, value) in below {
        objects(value, &format!("{pointer}/{name}"), each);
    }
}

fn words(value: &Value) -> BTreeSet<&str> {
    value.as_array().expect("a list").iter().map(|word| word.as_str().expect("a word")).collect()
}

#[tokio::test]
async fn every_call_is_described_and_no_other() {
    let description = description().await;
    let mut described = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            described.insert((method.clone(), path.clone()));
            let in_path: BTreeSet<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
            let parameters = item["parameters"].as_array().into_iter().flatten();
            let named: BTreeSet<&str> = parameters
                .map(|one| &description.pointer(&one["$ref"].as_str().unwrap()[1..]).unwrap()["name"])
                .filter_map(Value::as_str)
                .filter(|name| *name != "lang")
                .collect();
            assert_eq!(in_path, named, "{path}");
            let keyed = call["security"] == json!([{"bearer": []}]);
            let needs_key = [
                "/v1/licences",
                "/v1/receipts",
                "/v1/presentations",
                "/v1/materials",
                "/v1/lookups",
                "/v1/comparisons",
                "/v1/holders",
                "/v1/uses",
                "/v1/grants",
                "/v1/consents",
                "/metrics",
                "/v1/departments",
                "/v1/keys",
                "/v1/server-certificates",
            ]
            .iter()
            .any(|one| path.starts_with(one));
            assert_eq!(keyed, needs_key, "{method} {path}");
            // With a key where a receipt is asked for.
            let may_be_keyed = keyed || call["security"] == json!([{}, {"bearer": []}]);
            assert_eq!(may_be_keyed, call["responses"].get("401").is_some(), "{method} {path}");
        }
    }
    let verb = |verb| match verb {
        Verb::Get => "get".to_owned(),
        Verb::Post => "post".to_owned(),
    };
    let routes = ROUTES.iter().map(|route| (verb(route.method), route.path.to_owned()));
    assert_eq!(described, routes.collect());
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_component_is_used() {
    let description = description().await;
    let mut used = BTreeSet::new();
    objects(&description, "", &mut |pointer, members| {
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            assert!(description.pointer(&reference[1..]).is_some(), "{pointer}: {reference}");
            used.insert(reference.to_owned());
        }
    });
    // Answers of no call in particular.
    used.extend(["NoSuchRoute", "MethodNotAllowed"].map(|name| format!("#/components/responses/{name}")));
    for (kind, components) in description["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
            assert!(used.contains(&format!("#/components/{kind}/{name}")), "{kind} {name} is not used");
        }
    }
}

/// The problem codes of docs/API.md, which `tests/http_docs.rs` holds to the code.
fn problem_codes() -> BTreeMap<String, Vec<u64>> {
    let page = std::fs::read_to_string(tree("docs/API.md")).expect("the page of the API");
    let table = page.split("## Problems").nth(1).expect("its chapter of problems");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (code, rest) = row.split_once("` | ").expect("a code and its status");
        let statuses = rest.split(" |").next().unwrap().split(" or ");
        (code.to_owned(), statuses.map(|status| status.parse().unwrap()).collect())
    })
    .collect()
}

#[tokio::test]
async fn every_code_is_named_where_it_can_come() {
    let description = description().await;
    let schemas = &description["components"]["schemas"];
    let known = problem_codes();
    assert_eq!(words(&schemas["ProblemCode"]["enum"]), known.keys().map(String::as_str).collect());
    assert_eq!(words(&schemas["VerdictCode"]["enum"]), Code::ALL.iter().map(|code| code.as_str()).collect());
    let checks = &schemas["Finding"]["properties"]["check"]["enum"];
    assert_eq!(words(checks), Check::EVERY.iter().map(|check| check.as_str()).collect());
    let states: BTreeSet<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
    assert_eq!(words(&schemas["LicenceState"]["enum"]), states);
    assert_eq!(schemas["Replacement"]["enum"], serde_json::to_value(Replacement::ALL).unwrap());
    let holder_codes = serde_json::to_value(HolderCodeType::ALL).unwrap();
    assert_eq!(schemas["Holder"]["properties"]["code_type"]["enum"], holder_codes);
    assert_eq!(schemas["Identifier"]["maxLength"], Identifier::MAX_LENGTH);
    assert_eq!(schemas["TypeCode"]["maxLength"], TypeCode::LENGTH);
    assert_eq!(description["info"]["version"], env!("CARGO_PKG_VERSION"));

    // Each answer that names codes stands under the status that the codes have.
    let mut named = BTreeSet::from(["no_such_route".to_owned(), "method_not_allowed".to_owned()]);
    objects(&description["paths"], "", &mut |pointer, members| {
        let Some((_, status)) = pointer.rsplit_once("/responses/") else { return };
        let Some(reference) = members.get("$ref").and_then(Value::as_str) else { return };
        let Ok(status) = status.parse::<u64>() else { return };
        let answer = description.pointer(&reference[1..]).unwrap();
        let codes = &answer["content"]["application/problem+json"]["schema"]["properties"]["code"]["enum"];
        for code in words(codes) {
            assert!(known[code].contains(&status), "{pointer}: {code} is {:?}", known[code]);
            named.insert(code.to_owned());
        }
    });
    let on_the_page = ["form_unreadable", "nothing_sent"].map(str::to_owned);
    named.extend(on_the_page);
    let of_a_row = ["done_before", "row_twice", "too_many_rows"].map(str::to_owned);
    named.extend(of_a_row);
    assert_eq!(named.iter().collect::<Vec<_>>(), known.keys().collect::<Vec<_>>());
}

fn parsed(media: &str, bytes: &[u8]) -> Value {
    let is_json = matches!(media, "application/json" | "application/problem+json");
    if is_json { serde_json::from_slice(bytes).unwrap() } else { Value::Null }
}

/// What was asked of the city and answered, as `tests/openapi/check.py` reads it.
async fn exchange(city: &City, template: &str, request: Request<Body>) -> Value {
    let (parts, body) = request.into_parts();
    let sent = body.collect().await.unwrap().to_bytes();
    let media = parts.headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let method = parts.method.as_str().to_ascii_lowercase();
    let answer = city.send(Request::from_parts(parts, Body::from(sent.clone()))).await;
    let headers: BTreeMap<&str, &str> =
        answer.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    // What was refused need not be as described.
    let request = media.filter(|_| answer.status.is_success());
    json!({
        "path": template,
        "method": method,
        "request": request.map(|media| json!({"media": media, "body": parsed(&media, &sent)})),
        "status": answer.status.as_u16(),
        "media": headers["content-type"],
        "headers": headers,
        "body": parsed(headers["content-type"], &answer.body),
    })
}

/// Receipts and presentations of a licence that is good.
async fn uses(city: &City, issued: &Value) -> Vec<(&'static str, Request<Body>)> {
    let verification = |media: &str, body: &str| post("/v1/verifications", media, body.to_owned());
    let for_a_purpose = |credential: &str, reason: &str| {
        let purpose = json!({
            "operator": "王小明", "item": "食品经营许可", "item_code": "000131001000", "case": "7", "reason": reason,
        });
        let body = json!({"credential": credential, "purpose": purpose}).to_string();
        keyed(verification("application/json", &body), &city.other)
    };
    let show = |fields: Value| {
        let (identifier, audience) = (&issued["identifier"], "示范市行政审批局");
        let body = json!({"identifier": identifier, "fields": fields, "for": audience, "reason": "租赁备案"});
        keyed(post("/v1/presentations", "application/json", body.to_string()), &city.issuer)
    };
    let materials = |item_code: &str, key: &str| {
        let purpose = json!({
            "operator": "王小明", "item": "变更登记", "item_code": item_code, "case": "7", "reason": "核对变更材料",
        });
        let holder = json!({"code": "91999999XX00010111", "code_type": "001"});
        let body = json!({"holder": holder, "item_code": item_code, "purpose": purpose}).to_string();
        keyed(post("/v1/materials", "application/json", body), key)
    };
    let by_number = |path: &str, member: &str, value: Value| {
        let purpose = json!({
            "operator": "王小明", "item": "变更登记", "item_code": "000199002000", "case": "7", "reason": "核对变更材料",
        });
        let holder = json!({"code": "91999999XX00010111", "code_type": "001"});
        let mut body = json!({"holder": holder, "type": "11100000MB0143028R001", "purpose": purpose});
        body[member] = value;
        keyed(post(path, "application/json", body.to_string()), &city.other)
    };
    let qr = issued["qr"].as_str().unwrap();
    let given = city.send(for_a_purpose(qr, "核对经营范围")).await.expect(200).json()["receipt"].clone();
    let shown = city.send(show(json!(["number", "holder_name"]))).await.expect(201).json();
    let receipt = format!("/v1/receipts/{}", given["id"].as_str().unwrap());
    vec![
        ("/v1/verifications", for_a_purpose(qr, "核对经营范围")),
        ("/v1/verifications", for_a_purpose(qr, "查询")),
        ("/v1/verifications", for_a_purpose("no licence", "核对经营范围")),
        ("/v1/verifications", verification("text/plain", given["envelope"].as_str().unwrap())),
        ("/v1/verifications", verification("text/plain", shown["qr"].as_str().unwrap())),
        ("/v1/receipts/{id}", keyed(get(&receipt), &city.other)),
        ("/v1/receipts/{id}", with(keyed(get(&receipt), &city.other), "accept", "application/cose")),
        ("/v1/receipts/{id}", with(keyed(get(&receipt), &city.other), "accept", "text/html")),
        ("/v1/receipts/{id}", keyed(get(&receipt), &city.issuer)),
        ("/v1/receipts/{id}", get(&receipt)),
        ("/v1/lookups", by_number("/v1/lookups", "type", json!("11100000MB0143028R001"))),
        ("/v1/lookups", by_number("/v1/lookups", "holder", json!("nobody"))),
        ("/v1/comparisons", by_number("/v1/comparisons", "claims", json!({"number": "1"}))),
        ("/v1/comparisons", by_number("/v1/comparisons", "claims", json!([]))),
        ("/v1/holders/uses", by_number("/v1/holders/uses", "before", json!(1))),
        ("/v1/uses", keyed(get("/v1/uses"), &city.other)),
        ("/v1/materials", materials("000199002000", &city.other)),
        ("/v1/materials", materials("000199999000", &city.other)),
        ("/v1/materials", materials("000199002000", "elk_none")),
        ("/v1/materials", keyed(post("/v1/materials", "application/json", "{"), &city.other)),
        ("/v1/presentations", show(json!(["number"]))),
        ("/v1/presentations", with(show(json!(["number"])), "accept", "image/png")),
        ("/v1/presentations", show(json!(["shoe_size"]))),
        ("/v1/presentations", keyed(post("/v1/presentations", "application/json", "{"), &city.issuer)),
    ]
}

async fn exchanges(city: &City) -> Vec<Value> {
    let order = |key: &str, body: String| {
        with(keyed(post("/v1/licences", "application/json", body), &city.issuer), "idempotency-key", key)
    };
    let verification = |media: &str, body: &str| post("/v1/verifications", media, body.to_owned());
    let issued = city.issue("first", SAMPLE).await.expect(201).json();
    let sd_jwt = |body: &str| {
        let path = format!("/v1/licences/{}/sd-jwt", issued["identifier"].as_str().unwrap());
        keyed(post(&path, "application/json", body.to_owned()), &city.issuer)
    };
    let made = city.send(sd_jwt("{}")).await.expect(201).json();
    let challenged = json!({"credential": made["sd_jwt"], "audience": "window", "nonce": "n-1"}).to_string();
    let qr = json!({"credential": issued["qr"]}).to_string();
    let own = format!("/v1/licences/{}", issued["identifier"].as_str().unwrap());
    let change = |to: &str| {
        let body = json!({"to": to, "reason": "under review"}).to_string();
        keyed(post(&format!("{own}/status"), "application/json", body), &city.issuer)
    };
    let lists = city.send(get("/v1/status-lists")).await.expect(200).json();
    let list = lists["status_lists"][0].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let status_list = |id: &str, accept: &str| with(get(&format!("/v1/status-lists/{id}")), "accept", accept);
    let row =
        json!({"identifier": issued["identifier"], "to": "withheld", "reason": "under review"}).to_string();
    let rows = keyed(post("/v1/licences/status-changes", "application/x-ndjson", row), &city.issuer);
    let asked = [
        ("/v1/verifications", verification("application/json", &qr)),
        ("/v1/verifications", verification("text/plain", issued["envelope"].as_str().unwrap())),
        ("/v1/verifications", verification("text/plain", "no licence")),
        ("/v1/verifications", verification("application/json", "{")),
        ("/v1/verifications", verification("application/json", "{}")),
        ("/v1/verifications", verification("image/png", "no picture")),
        ("/v1/verifications", verification("text/html", "x")),
        ("/v1/verifications", verification("text/plain", &"x".repeat(200_000))),
        ("/v1/verifications", verification("application/json", &challenged)),
        ("/v1/verifications", verification("text/plain", made["sd_jwt"].as_str().unwrap())),
        ("/v1/verifications", verification("application/json", "{\"credential\": \"x\", \"nonce\": \"n\"}")),
        ("/v1/licences/{identifier}/sd-jwt", sd_jwt("{}")),
        ("/v1/licences/{identifier}/sd-jwt", sd_jwt("{\"holder_key\": {\"kty\": \"RSA\"}}")),
        ("/v1/licences/{identifier}/sd-jwt", sd_jwt("{")),
        ("/v1/verifications/batch", post("/v1/verifications/batch", "application/x-ndjson", qr)),
        ("/v1/licences", order("first", SAMPLE.to_owned())),
        ("/v1/licences", order("first", SAMPLE.replace("\"copies\": 2", "\"copies\": 3"))),
        ("/v1/licences", order("second", SAMPLE.to_owned())),
        ("/v1/licences", order("third", "{}".to_owned())),
        ("/v1/licences", order("third", "[]".to_owned())),
        ("/v1/licences", post("/v1/licences", "application/json", SAMPLE)),
        ("/v1/licences/{identifier}", keyed(get(&own), &city.issuer)),
        ("/v1/licences/{identifier}", keyed(get(&own), &city.other)),
        ("/v1/licences/{identifier}/qr.png", keyed(get(&format!("{own}/qr.png")), &city.issuer)),
        ("/v1/licences/{identifier}/qr.svg", keyed(get(&format!("{own}/qr.svg")), &city.issuer)),
        ("/v1/licences/{identifier}/file", keyed(get(&format!("{own}/file")), &city.issuer)),
        ("/v1/licences/{identifier}/status", change("suspended")),
        ("/v1/licences/{identifier}/status", change("suspended")),
        ("/v1/licences/{identifier}/status", change("gone")),
        ("/v1/licences/status-changes", rows),
        ("/v1/licences/{identifier}", keyed(get(&own), &city.issuer)),
        ("/v1/licence-types", get("/v1/licence-types")),
        ("/v1/licence-types/{code}", get("/v1/licence-types/11100000MB0143028R001")),
        ("/v1/licence-types/{code}", get("/v1/licence-types/x")),
        ("/v1/service-items", get("/v1/service-items")),
        ("/v1/service-items/{code}", get("/v1/service-items/000199001000")),
        ("/v1/service-items/{code}", get("/v1/service-items/x")),
        ("/v1/trust-list", get("/v1/trust-list")),
        ("/v1/trust-list.pem", get("/v1/trust-list.pem")),
        ("/v1/pack", get("/v1/pack")),
        ("/v1/pack", get("/v1/pack?since=3&have=0123456789abcdef&type=11100000MB0143028R001")),
        ("/v1/pack", get("/v1/pack?since=new")),
        ("/v1/status-lists", get("/v1/status-lists")),
        ("/v1/status-lists/{id}", status_list(&list, "*/*")),
        ("/v1/status-lists/{id}", status_list(&list, "application/statuslist+jwt")),
        ("/v1/status-lists/{id}", status_list(&list, "text/html")),
        ("/v1/status-lists/{id}", status_list("x-0", "*/*")),
        ("/v1/ledger/checkpoint", get("/v1/ledger/checkpoint")),
        ("/v1/ledger/key", get("/v1/ledger/key")),
        ("/openapi.json", get("/openapi.json")),
        ("/healthz", get("/healthz")),
        ("/readyz", get("/readyz")),
        ("/", get("/?lang=en")),
        ("/", post("/", "application/x-www-form-urlencoded", "credential=x")),
        ("/", post("/", "application/x-www-form-urlencoded", "")),
        ("/", post("/", "text/plain", "x")),
        ("/assets/verify.css", get("/assets/verify.css")),
        ("/assets/app/{folder}/{file}", get("/assets/app/ui/app.js")),
        ("/assets/app/{folder}/{file}", get("/assets/app/ui/none.js")),
        ("/assets/app/words.json", get("/assets/app/words.json")),
        ("/assets/app/icon.svg", get("/assets/app/icon.svg")),
        ("/assets/operator/jsQR.js", get("/assets/operator/jsQR.js")),
        ("/manifest.webmanifest", get("/manifest.webmanifest")),
        ("/service-worker.js", get("/service-worker.js")),
        ("/present", get("/present?lang=en")),
        ("/assets/present.css", get("/assets/present.css")),
        ("/assets/present.js", get("/assets/present.js")),
    ];
    let mut exchanges = Vec::new();
    for (template, request) in uses(city, &issued).await.into_iter().chain(asked) {
        exchanges.push(exchange(city, template, request).await);
    }
    exchanges
}

/// What `tests/openapi/check.py` says: nothing, where all is well.
fn complaints(description: &Value, exchanges: &[Value]) -> String {
    let mut checker = Command::new(python())
        .arg(tree("tests/openapi/check.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let given = json!({"description": description, "exchanges": exchanges}).to_string();
    checker.stdin.take().unwrap().write_all(given.as_bytes()).expect("the checker reads");
    let done = checker.wait_with_output().expect("the checker ends");
    let (said, trouble) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(
        trouble.is_empty() && matches!(done.status.code(), Some(0 | 1)),
        "the checker failed (a missing module: run scripts/test.sh, which installs it):\n{trouble}"
    );
    assert_eq!(done.status.success(), said.trim().is_empty(), "{said}");
    said.trim().to_owned()
}

#[tokio::test]
async fn the_description_obeys_openapi_and_the_service_obeys_the_description() {
    let city = City::new();
    let description = description().await;
    let mut exchanges = exchanges(&city).await;
    // What else there is, as a stranger gets it.
    let asked: BTreeSet<_> =
        exchanges.iter().map(|one| (one["method"].to_string(), one["path"].to_string())).collect();
    for route in ROUTES {
        let method = if route.method == Verb::Get { "get" } else { "post" };
        if asked.contains(&(json!(method).to_string(), json!(route.path).to_string())) {
            continue;
        }
        let path = route.path.replace(['{', '}'], "");
        let request = match route.method {
            Verb::Get => get(&path),
            Verb::Post => post(&path, "application/json", "{}"),
        };
        exchanges.push(exchange(&city, route.path, request).await);
    }
    assert_eq!(complaints(&description, &exchanges), "");
    let covered: BTreeSet<_> =
        exchanges.iter().map(|one| (one["method"].as_str(), one["path"].as_str())).collect();
    assert_eq!(covered.len(), ROUTES.len(), "every call is among the exchanges");
}

/// The checker finds what is wrong: without this its silence would say nothing.
#[tokio::test]
async fn a_wrong_description_and_a_wrong_answer_are_found() {
    let city = City::new();
    let good = description().await;
    let exchanges = exchanges(&city).await;
    let mut unruly = good.clone();
    unruly["paths"]["/healthz"]["get"]["responses"]["200"].as_object_mut().unwrap().remove("description");
    assert!(complaints(&unruly, &[]).starts_with("description: "));
    for (pointer, expected) in [
        ("/components/schemas/Verdict/required/0", "'state' is a required property"),
        ("/components/schemas/Issued/required/0", "'state' is a required property"),
        ("/components/schemas/Licence/required/0", "'state' is a required property"),
        ("/components/schemas/Problem/required/0", "'state' is a required property"),
        ("/components/schemas/LicenceType/required/0", "'state' is a required property"),
    ] {
        let mut other = good.clone();
        *other.pointer_mut(pointer).unwrap() = json!("state");
        let said = complaints(&other, &exchanges);
        assert!(said.contains(expected), "{pointer}: {said}");
    }
}
