//! One id names a request in its answer, in every problem, on the page and in the log; and the log holds nothing personal.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use elicense::config::HttpLimits;
use elicense::crypto::SystemRandom;
use elicense::http::State;
use serde_json::{Value, json};
use support::city::{Answer, City, SAMPLE, get, keyed, post};
use tracing_subscriber::filter::LevelFilter;

fn id(answer: &Answer) -> String {
    answer.headers["request-id"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_that_its_problems_repeat() {
    let city = City::new();
    let mut ids = BTreeSet::new();
    let mut asked = 0;
    for request in [
        get("/healthz"),
        get("/"),
        get("/assets/verify.css"),
        post("/v1/verifications", "text/plain", "x"),
        post("/v1/verifications", "text/html", "x"),
        get("/nowhere"),
        post("/healthz", "text/plain", "x"),
        get("/v1/licences/x"),
    ] {
        let answer = city.send(request).await;
        if answer.headers["content-type"] == "application/problem+json" {
            assert_eq!(answer.json()["request_id"], id(&answer));
        }
        assert_eq!(id(&answer).len(), 32);
        assert!(ids.insert(id(&answer)), "an id came twice");
        asked += 1;
    }
    assert_eq!(ids.len(), asked);
    let batch = post("/v1/verifications/batch", "application/x-ndjson", "x\n{}\n");
    let answer = city.send(batch).await.expect(200);
    for line in answer.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        assert_eq!(serde_json::from_slice::<Value>(line).unwrap()["request_id"], id(&answer));
    }
}

/// ADVERSARY #69: a page says when it was made and under which request.
#[tokio::test]
async fn the_page_shows_its_request_and_its_time() {
    let city = City::new();
    let form = |text: &str| post("/", "application/x-www-form-urlencoded", format!("credential={text}"));
    for request in [get("/?lang=en"), get("/?lang=zh"), form("x"), form("")] {
        let answer = city.send(request).await;
        let page = String::from_utf8(answer.body.clone()).unwrap();
        assert!(page.contains(&format!("<code data-request-id>{}</code>", id(&answer))), "{page}");
        let time = page.split("<time>").nth(1).unwrap().split("</time>").next().unwrap();
        assert!(time.starts_with("20") && time.ends_with("+08:00"), "{time}");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

/// What was logged, kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The one line on this answer's request.
    fn line(&self, answer: &Answer) -> Value {
        let text = self.text();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| line["fields"]["request_id"] == id(answer))
            .collect();
        assert_eq!(lines.len(), 1, "lines on {}: {lines:?}", id(answer));
        lines[0].clone()
    }
}

#[tokio::test]
async fn the_log_names_the_request_and_the_key_and_nobody() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: which lines are another test's, their ids tell.
    tracing::subscriber::set_global_default(subscriber).expect("no other test sets one");
    let mut city = City::new();
    let key_id = city.issuer.split('_').nth(1).unwrap().to_owned();
    let issued_answer = city.issue("order-of-mine", SAMPLE).await.expect(201);
    let issued = issued_answer.json();
    let own = format!("/v1/licences/{}", issued["identifier"].as_str().unwrap());
    let shown = city.send(keyed(get(&own), &city.issuer)).await.expect(200);
    let verified = city.verify("text/plain", issued["qr"].as_str().unwrap().to_owned()).await.expect(200);
    let wrong_key = city.send(keyed(get(&own), &format!("{}0", city.issuer))).await.expect(401);
    let unknown = city.send(get("/secret-path?with=secret-query")).await.expect(404);
    let limits = HttpLimits { picture_memory: 0, ..HttpLimits::default() };
    city.state = State::new(Arc::clone(&city.state.registry), limits, Arc::new(SystemRandom));
    let busy = city.verify("image/png", "x").await.expect(503);
    let change = json!({"to": "suspended", "reason": "a private matter"}).to_string();
    let changed = post(&format!("{own}/status"), "application/json", change);
    let changed = city.send(keyed(changed, &city.issuer)).await.expect(200);

    for (answer, level, method, route, code, key) in [
        (&issued_answer, "INFO", "POST", "/v1/licences", None, Some(&key_id)),
        (&shown, "DEBUG", "GET", "/v1/licences/{identifier}", None, Some(&key_id)),
        (&verified, "DEBUG", "POST", "/v1/verifications", None, None),
        (&wrong_key, "INFO", "GET", "/v1/licences/{identifier}", Some("unauthorized"), None),
        (&unknown, "INFO", "GET", "none", Some("no_such_route"), None),
        (&busy, "WARN", "POST", "/v1/verifications", Some("pictures_busy"), None),
        (&changed, "INFO", "POST", "/v1/licences/{identifier}/status", None, Some(&key_id)),
    ] {
        let line = log.line(answer);
        let fields = &line["fields"];
        let told = (&line["level"], &fields["method"], &fields["route"], &fields["status"]);
        assert_eq!(told, (&json!(level), &json!(method), &json!(route), &json!(answer.status.as_u16())));
        assert_eq!((&fields["code"], &fields["key"]), (&json!(code), &json!(key)), "{line}");
    }
    let sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let secret = city.issuer.rsplit('_').next().unwrap();
    let holder = &sample["holders"][0];
    for private in [
        secret,
        holder["name"].as_str().unwrap(),
        holder["code"].as_str().unwrap(),
        issued["identifier"].as_str().unwrap(),
        issued["number"].as_str().unwrap(),
        &issued["qr"].as_str().unwrap()[4..40],
        "order-of-mine",
        "a private matter",
        "secret-",
    ] {
        assert!(!log.text().contains(private), "{private} is in the log: {}", log.text());
    }
}
