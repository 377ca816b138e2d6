//! Every call of the service, in process: the router without a socket, over a real installation.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use axum::body::Body;
use axum::http::{Request, header};
use elicense::config::HttpLimits;
use elicense::http::Listener;
use serde_json::{Value, json};
use support::city::{City, ISSUER, SAMPLE, answer, get, keyed, post, with};

#[tokio::test]
async fn a_licence_is_issued_once_shown_verified_suspended_and_refused() {
    let city = City::new();
    let first = city.issue("order-1", SAMPLE).await.expect(201);
    let issued = first.json();
    let path = format!("/v1/licences/{}", issued["identifier"].as_str().unwrap());
    assert_eq!(first.headers[header::LOCATION], path);
    assert_eq!(city.issue("order-1", SAMPLE).await.expect(201).json(), issued);
    city.issue("order-1", &SAMPLE.replace("\"copies\": 2", "\"copies\": 3"))
        .await
        .expect_problem(422, "idempotency_key_reused");
    let qr = issued["qr"].as_str().unwrap();
    let file = city.send(keyed(get(&format!("{path}/file")), &city.issuer)).await.expect(200);
    let name = format!("attachment; filename=\"{}.elic\"", issued["identifier"].as_str().unwrap());
    assert_eq!(file.headers[header::CONTENT_DISPOSITION], name);
    let png = city.send(keyed(get(&format!("{path}/qr.png")), &city.issuer)).await.expect(200);
    for verdict in [
        city.verify("application/json", json!({"credential": qr}).to_string()).await,
        city.verify("application/json; charset=utf-8", json!({"credential": issued["envelope"]}).to_string())
            .await,
        city.verify("text/plain", format!("{qr}\r\n")).await,
        city.verify("application/cose", file.body).await,
        city.verify("image/png", png.body).await,
    ] {
        let verdict = verdict.expect(200);
        assert_eq!(verdict.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(verdict.json()["status"], "valid");
    }
    let change = |to| {
        let body = json!({"to": to, "reason": "complaint under review"}).to_string();
        keyed(post(&format!("{path}/status"), "application/json", body), &city.issuer)
    };
    let suspended = city.send(change("suspended")).await.expect(200).json();
    assert_eq!(suspended["status"], "suspended");
    assert_eq!(suspended, city.send(keyed(get(&path), &city.issuer)).await.expect(200).json());
    city.send(change("suspended")).await.expect_problem(409, "transition_not_allowed");
    let verdict = city.verify("text/plain", qr.to_owned()).await.expect(200).json();
    assert_eq!(verdict["status"], "invalid");
    assert_eq!(verdict["findings"][5], json!({"check": "status", "result": "fail", "code": "suspended"}));
}

/// ADVERSARY #60: the answer to strangers is one, and keys are nowhere but in their header.
#[tokio::test]
async fn every_wrong_key_is_answered_alike() {
    let city = City::new();
    let key = &city.issuer;
    let mut bodies = Vec::new();
    for request in [
        get("/v1/licences/x"),
        get(&format!("/v1/licences/x?key={key}")),
        keyed(get("/v1/licences/x"), &key[..key.len() - 1]),
        keyed(get("/v1/licences/x"), &key.to_uppercase()),
        keyed(get("/v1/licences/x"), &format!("{key}0")),
        keyed(get("/v1/licences/x"), &format!(" {key}")),
        keyed(get("/v1/licences/x"), &format!("{}{}", &key[..21], "0".repeat(64))),
        keyed(get("/v1/licences/x"), &format!("elk_{}{}", "0".repeat(16), &key[20..])),
        keyed(get("/v1/licences/x"), &format!("elk_{}_{}", "0".repeat(16), "0".repeat(64))),
        keyed(get("/v1/licences/x"), ""),
        get(&format!("http://{key}@localhost/v1/licences/x")),
        get(&format!("/v1/licences/x?access_token={key}")),
        keyed(keyed(get("/v1/licences/x"), key), key),
        with(get("/v1/licences/x"), "authorization", &format!("Basic {key}")),
        with(get("/v1/licences/x"), "x-api-key", key),
    ] {
        let answer = city.send(request).await;
        answer.expect_problem(401, "unauthorized");
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        bodies.push(answer.but_for_its_id());
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

/// ADVERSARY #61: what is another's is as unknown as what never was.
#[tokio::test]
async fn another_departments_licence_is_unknown() {
    let city = City::of_two_issuers();
    let issued = city.issue("1", SAMPLE).await.expect(201).json();
    let identifier = issued["identifier"].as_str().unwrap();
    let mut bodies = Vec::new();
    for name in [identifier, "1.2.3", "%2e%2e", "a%2Fb", "%ff", &"9".repeat(4_000)] {
        for end in ["", "/qr.png", "/qr.svg", "/file"] {
            let answer = city.send(keyed(get(&format!("/v1/licences/{name}{end}")), &city.other)).await;
            answer.expect_problem(404, "not_found");
            bodies.push(answer.but_for_its_id());
        }
        let body = json!({"to": "revoked", "reason": "mine"}).to_string();
        let request = post(&format!("/v1/licences/{name}/status"), "application/json", body);
        bodies.push(city.send(keyed(request, &city.other)).await.but_for_its_id());
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

/// ADVERSARY #62: a client sets nothing that is the service's to set.
#[tokio::test]
async fn what_is_not_the_clients_to_set_is_refused() {
    let city = City::new();
    for member in ["status", "issuer", "serial", "iat", "identifier"] {
        let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
        body[member] = json!("valid");
        let answer = city.issue("1", &body.to_string()).await;
        answer.expect_problem(422, "draft_refused");
        assert_eq!(answer.json()["problems"][0]["path"], format!("/{member}"));
    }
    city.issue("1", SAMPLE).await.expect(201);
}

#[tokio::test]
async fn a_request_that_cannot_be_read_says_why() {
    let city = City::new();
    let verification = |media: &str, body: &str| post("/v1/verifications", media, body.to_owned());
    let issue = |body: &'static str| keyed(post("/v1/licences", "application/json", body), &city.issuer);
    for (request, status, code) in [
        (verification("application/json", "{"), 400, "not_json"),
        (
            verification("application/json", "{\"credential\": \"a\", \"x\": 1}"),
            422,
            "verification_request_refused",
        ),
        (
            verification("application/json", "{\"credential\": \"a\", \"credential\": \"b\"}"),
            422,
            "verification_request_refused",
        ),
        (verification("application/json", "{}"), 422, "verification_request_refused"),
        (verification("application/xml", "<a/>"), 415, "media_type_unsupported"),
        (Request::post("/v1/verifications").body(Body::empty()).unwrap(), 415, "media_type_unsupported"),
        (with(verification("text/plain", "x"), "content-encoding", "gzip"), 415, "media_type_unsupported"),
        (with(verification("text/plain", "x"), "content-encoding", ""), 415, "media_type_unsupported"),
        (
            with(verification("text/plain", "x"), "content-encoding", "identity, gzip"),
            415,
            "media_type_unsupported",
        ),
        (
            with(
                with(verification("text/plain", "x"), "content-encoding", "identity"),
                "content-encoding",
                "br",
            ),
            415,
            "media_type_unsupported",
        ),
        (with(verification("text/plain", "x"), "content-type", "image/png"), 415, "media_type_unsupported"),
        (verification("text/plain", &"x".repeat(128 * 1024 + 1)), 413, "too_large"),
        (post("/v1/verifications", "text/plain", vec![0xff]), 400, "not_utf8"),
        (verification("image/png", "words"), 422, "picture_format_unknown"),
        (
            with(verification("text/plain", "x"), "acting-department", ISSUER),
            400,
            "acting_department_over_tcp",
        ),
        (issue("{}"), 400, "idempotency_key_required"),
        (with(issue("{}"), "idempotency-key", ""), 400, "idempotency_key_required"),
        (with(issue("{}"), "idempotency-key", "a b"), 400, "idempotency_key_required"),
        (with(issue("{}"), "idempotency-key", &"k".repeat(129)), 400, "idempotency_key_required"),
        (
            with(with(issue("{}"), "idempotency-key", "a"), "idempotency-key", "a"),
            400,
            "idempotency_key_required",
        ),
        (with(issue("["), "idempotency-key", "a"), 400, "not_json"),
        (with(issue("[]"), "idempotency-key", "a"), 400, "not_an_object"),
        (with(issue("{\"type\": 1, \"type\": 1}"), "idempotency-key", "a"), 400, "duplicate_key"),
        (get("/v1/licence-types/x"), 404, "type_unknown"),
        (get("/v1//licence-types"), 404, "no_such_route"),
        (get("/nowhere?id=%3Cscript%3Ealert(1)%3C/script%3E"), 404, "no_such_route"),
    ] {
        let shown = format!("{} {:?}", request.uri(), request.headers());
        let answer = city.send(request).await;
        assert_eq!(answer.status, status, "{shown}");
        answer.expect_problem(status, code);
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!body.contains("<script>") && !body.contains("/src/"), "{body}");
    }
}

#[tokio::test]
async fn a_coding_that_is_none_is_none() {
    let city = City::new();
    for coding in ["identity", "Identity"] {
        let request = with(post("/v1/verifications", "text/plain", "x"), "content-encoding", coding);
        city.send(request).await.expect(200);
    }
}

#[tokio::test]
async fn another_method_is_told_which_are_allowed() {
    let city = City::new();
    for method in ["DELETE", "PUT", "OPTIONS", "TRACE", "FROBNICATE"] {
        let request = Request::builder().method(method).uri("/v1/verifications").body(Body::empty()).unwrap();
        let answer = city.send(request).await;
        assert_eq!(answer.headers[header::ALLOW], "POST");
        answer.expect_problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn what_is_no_licence_is_a_verdict() {
    let city = City::new();
    for text in ["garbage", "", "EL1:", "EL1:000", "<img src=x onerror=alert(1)>"] {
        let verdict =
            city.verify("application/json", json!({"credential": text}).to_string()).await.expect(200).json();
        assert_eq!(verdict["status"], "invalid");
        assert_eq!(verdict["findings"][0]["code"], "undecodable", "{verdict}");
        assert!(verdict.get("licence").is_none());
    }
}

#[tokio::test]
async fn a_batch_answers_line_for_line_in_order() {
    let city = City::new();
    let issued = city.issue("1", SAMPLE).await.expect(201).json();
    let good = json!({"credential": issued["qr"]}).to_string();
    let long = format!("{{\"credential\": \"{}\"}}", "x".repeat(64 * 1024));
    let lines = [good.as_str(), "not json", "", &long, "{\"credential\": \"x\"}", &good].join("\n");
    // In pieces that end anywhere, as a network brings them.
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        lines.as_bytes().chunks(777).map(|piece| Ok(piece.to_vec())).collect();
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let answer = city.send(post("/v1/verifications/batch", "application/x-ndjson", body)).await.expect(200);
    let answers: Vec<Value> = String::from_utf8(answer.body)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told: Vec<_> = answers.iter().map(|answer| answer.get("code").unwrap_or(&answer["status"])).collect();
    assert_eq!(told, ["valid", "not_json", "not_json", "too_large", "invalid", "valid"]);
    let request = post("/v1/verifications/batch", "application/json", good);
    city.send(request).await.expect_problem(415, "media_type_unsupported");
}

#[tokio::test]
async fn an_administrator_acts_for_a_department_on_the_local_socket_only() {
    let city = City::new();
    let request = || {
        let request = post("/v1/licences", "application/json", SAMPLE);
        with(with(request, "idempotency-key", "1"), "acting-department", ISSUER)
    };
    answer(city.router(Listener::Tcp), request()).await.expect_problem(400, "acting_department_over_tcp");
    answer(city.router(Listener::Local), request()).await.expect(201);
    let nobody = with(get("/v1/licences/x"), "acting-department", "nobody");
    answer(city.router(Listener::Local), nobody).await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn what_is_for_everyone_is_there() {
    let city = City::new();
    for (path, media) in [
        ("/v1/licence-types", "application/json"),
        ("/v1/licence-types/11100000MB0143028R001", "application/json"),
        ("/v1/trust-list", "application/cose"),
        ("/v1/trust-list.pem", "application/x-pem-file"),
        ("/v1/ledger/checkpoint", "text/plain; charset=utf-8"),
        ("/v1/ledger/key", "text/plain; charset=utf-8"),
        ("/healthz", "application/json"),
        ("/readyz", "application/json"),
    ] {
        let answer = city.send(get(path)).await.expect(200);
        assert_eq!(answer.headers[header::CONTENT_TYPE], media, "{path}");
        assert!(!answer.body.is_empty(), "{path}");
    }
    let one = city.send(get("/v1/licence-types/11100000MB0143028R001")).await.json();
    assert_eq!(one["issue_request_schema"]["additionalProperties"], false);
}

#[tokio::test]
async fn what_takes_too_long_is_answered_before_it_is_done() {
    let city = City::new();
    let limits =
        HttpLimits { request_timeout: std::time::Duration::from_millis(100), ..HttpLimits::default() };
    let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let request = keyed(post("/v1/licences", "application/json", never), &city.issuer);
    let router = elicense::http::build(city.limited(limits), Listener::Tcp);
    let late = answer(router, with(request, "idempotency-key", "1")).await;
    late.expect_problem(503, "timeout");
    assert_eq!(late.headers[header::RETRY_AFTER], "5");
}
