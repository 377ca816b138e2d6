//! The fixtures before an installation on the golden keys, through its calls: it judges for now and its ledger has none of them,
//! and otherwise it says what the library says.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use elicense::config::HttpLimits;
use elicense::crypto::SystemRandom;
use elicense::http::{Listener, State, build};
use elicense::registry::Registry;
use elicense::store::IndexPolicy;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::installation;
use super::manifest::{Presented, Section};

async fn ask(state: &State, presented: &Presented) -> Value {
    let (media, body) = match &presented.challenge {
        None => ("text/plain", presented.text()),
        Some(asked) => {
            let credential = presented.text();
            let body = json!({"credential": credential, "audience": asked.audience, "nonce": asked.nonce});
            ("application/json", body.to_string())
        }
    };
    let request = Request::post("/v1/verifications").header(header::CONTENT_TYPE, media);
    let request = request.body(Body::from(body)).unwrap();
    let answer = build(state.clone(), Listener::Tcp).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

fn code<'a>(verdict: &'a Value, check: &str) -> Option<&'a str> {
    let findings = verdict["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check)?["code"].as_str()
}

#[tokio::test]
async fn the_service_refuses_every_fixture() {
    let section = Section::read();
    let dir = tempfile::tempdir().unwrap();
    installation::make_with(dir.path(), &section.trust_list());
    let random = Arc::new(SystemRandom);
    let who = "a test".to_owned();
    let (registry, _) = Registry::open(dir.path(), who, IndexPolicy::CatchUp, random.clone()).unwrap();
    let state = State::new(Arc::new(registry), HttpLimits::default(), random);
    for fixture in &section.fixtures {
        let verdict = ask(&state, &fixture.present).await;
        assert_eq!(
            (&verdict["status"], verdict.get("sd_jwt")),
            (&json!("invalid"), None),
            "{}",
            fixture.name
        );
        for (check, expected) in fixture.fails.iter().filter(|(check, _)| *check != "dates") {
            assert_eq!(code(&verdict, check), Some(expected.as_str()), "{}: {verdict:#}", fixture.name);
        }
    }
    for twin in &section.twins {
        let verdict = ask(&state, &twin.present).await;
        assert_eq!(code(&verdict, "ledger"), Some("not_in_ledger"), "{}: {verdict:#}", twin.name);
        for check in ["format", "issuer", "scope", "signature"] {
            assert_eq!(code(&verdict, check), Some("ok"), "{}: {verdict:#}", twin.name);
        }
    }
}
