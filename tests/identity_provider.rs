//! Tokens of a real OpenID Connect provider (npm `oidc-provider`) open the API over real TLS, until its keys are others; and
//! providers that are slow, huge, silent or somebody else stop nothing.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

#[path = "identity_provider/false_provider.rs"]
mod false_provider;
#[path = "tls/inside.rs"]
mod inside;
#[path = "identity_provider/provider.rs"]
mod provider;
mod support;

use std::path::PathBuf;
use std::time::Duration;

use elicense::config::{HttpLimits, IdentityProviderLimits};
use elicense::registry::IdentityProviderSettings;
use false_provider::{Answer, FalseProvider};
use inside::Inside;
use provider::Provider;
use support::city::{City, ISSUER};

const AUDIENCE: &str = "https://licences.city.example";
/// A receipt that nobody was given: 404 to who is known, 401 to who is not.
const RECEIPT: &str = "/v1/receipts/00000000000000000000000000000000";

fn settings(issuer: &str) -> IdentityProviderSettings {
    IdentityProviderSettings {
        issuer: issuer.to_owned(),
        audience: AUDIENCE.to_owned(),
        department_claim: "department".to_owned(),
        roles_claim: "roles".to_owned(),
        ca_file: None,
    }
}

fn serve(city: &City, issuer: &str, limits: IdentityProviderLimits) -> Inside {
    Inside::serve(city, HttpLimits::default(), Some((settings(issuer), limits)))
}

/// Asks again as soon as it is wanted.
fn at_once() -> IdentityProviderLimits {
    IdentityProviderLimits { quiet: Duration::ZERO, ..IdentityProviderLimits::default() }
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

fn known() -> (u16, String) {
    (404, "not_found".to_owned())
}

fn unknown() -> (u16, String) {
    (401, "unauthorized".to_owned())
}

/// The first token waits for the provider's keys if it has to.
fn ask_when_reached(served: &Inside, token: &str) -> (u16, String) {
    loop {
        match served.ask(RECEIPT, &[&bearer(token)]) {
            (503, code) if code == "identity_provider_unavailable" => {
                std::thread::sleep(Duration::from_millis(20));
            }
            answer => return answer,
        }
    }
}

#[test]
fn tokens_of_a_real_provider_open_the_api_until_its_keys_are_others() {
    let city = City::new();
    let mut provider = Provider::start(AUDIENCE, ISSUER);
    let served = serve(&city, &provider.issuer, at_once());
    let mut before = Vec::new();
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let token = provider.token(&format!("verifier-{algorithm}"));
        assert_eq!(ask_when_reached(&served, &token), known(), "{algorithm}");
        let changed = format!("{}x", &token[..token.len() - 1]);
        assert_eq!(served.ask(RECEIPT, &[&bearer(&changed)]), unknown(), "{algorithm}");
        assert_eq!(served.ask(RECEIPT, &[&bearer(&token), &bearer(&token)]), unknown(), "two headers");
        before.push(token);
    }
    assert_eq!(served.ask(RECEIPT, &[&bearer(&city.issuer)]), known(), "keys are good as ever");

    provider.rotate();
    let after = provider.token("verifier-ES256");
    assert_eq!(served.ask(RECEIPT, &[&bearer(&after)]), known(), "signed with a new key");
    for token in &before {
        assert_eq!(served.ask(RECEIPT, &[&bearer(token)]), unknown(), "signed with a forgotten key");
    }
    drop(provider);
    assert_eq!(served.ask(RECEIPT, &[&bearer(&after)]), known(), "the provider is away, its keys are known");
}

#[test]
fn a_token_gives_no_role_that_its_department_has_not() {
    let city = City::new();
    let provider = Provider::start(AUDIENCE, ISSUER);
    let served = serve(&city, &provider.issuer, at_once());
    let certify = format!("/v1/departments/{ISSUER}/certificates");
    for client in ["administrator-ES256", "nobody-ES256", "verifier-ES256"] {
        let token = provider.token(client);
        assert_ne!(ask_when_reached(&served, &token), unknown(), "{client}");
        let authorization = bearer(&token);
        let json = "Content-Type: application/json";
        let posted = served.post(&certify, &[&authorization, json], "{}");
        assert_eq!(posted, (403, "role_required".to_owned()), "{client}");
    }
}

#[test]
fn tokens_for_others_and_about_others_open_nothing() {
    let city = City::new();
    let elsewhere = Provider::start("https://other.example", ISSUER);
    let served = serve(&city, &elsewhere.issuer, at_once());
    assert_eq!(ask_when_reached(&served, &elsewhere.token("verifier-ES256")), unknown(), "another audience");

    let strangers = Provider::start(AUDIENCE, "11999900MB0000553B");
    let served = serve(&city, &strangers.issuer, at_once());
    assert_eq!(ask_when_reached(&served, &strangers.token("verifier-ES256")), unknown(), "another city's");
    let good = Provider::start(AUDIENCE, ISSUER);
    assert_eq!(
        served.ask(RECEIPT, &[&bearer(&good.token("verifier-ES256"))]),
        unknown(),
        "another provider's"
    );
    for garbage in ["a.b.c", "..", &format!("{}.b.c", "a".repeat(20_000))] {
        assert_eq!(served.ask(RECEIPT, &[&bearer(garbage)]), unknown());
    }
}

#[test]
fn a_provider_that_never_answered_costs_its_tokens_and_nothing_else() {
    let city = City::new();
    let good = Provider::start(AUDIENCE, ISSUER);
    let token = good.token("verifier-ES256");
    let limits =
        IdentityProviderLimits { patience: Duration::from_millis(300), ..IdentityProviderLimits::default() };
    for answer in [
        Answer::Silence,
        Answer::Slow,
        Answer::HangUp,
        Answer::Redirect(good.issuer.clone()),
        Answer::Keys(vec![b' '; 10 << 20]),
        Answer::Keys(b"<html>".to_vec()),
        Answer::Keys(br#"{"keys": []}"#.to_vec()),
        Answer::OtherIssuer(good.issuer.clone()),
        Answer::KeysElsewhere(format!("{}/jwks", good.issuer)),
        Answer::KeysElsewhere("file:///etc/passwd".to_owned()),
    ] {
        let told = format!("{answer:?}").chars().take(60).collect::<String>();
        let provider = FalseProvider::start(answer);
        let served = serve(&city, &provider.issuer, limits);
        let refused = served.ask(RECEIPT, &[&bearer(&token)]);
        assert_eq!(refused, (503, "identity_provider_unavailable".to_owned()), "{told}");
        assert_eq!(served.ask(RECEIPT, &[&bearer(&city.issuer)]), known(), "{told}");
        assert_eq!(served.ask("/readyz", &[]).0, 200, "{told}");
    }
    // Its own tokens cannot be judged by a provider that stands at no address.
    let served = serve(&city, "http://127.0.0.1:1", limits);
    assert_eq!(served.ask(RECEIPT, &[&bearer(&token)]).0, 503);
}

#[test]
fn nothing_that_is_sent_makes_the_provider_be_asked_more_often() {
    let city = City::new();
    let good = Provider::start(AUDIENCE, ISSUER);
    let keys = good.jwks();
    let provider = FalseProvider::start(Answer::Keys(keys));
    let served = serve(&city, &provider.issuer, IdentityProviderLimits::default());
    let token = good.token("verifier-ES256");
    // Another provider's by its `iss`, signed with a key that is in the set: judged, refused.
    assert_eq!(ask_when_reached(&served, &token), unknown());
    let other = Provider::start(AUDIENCE, ISSUER);
    for client in ["verifier-ES256", "verifier-RS256", "verifier-EdDSA"].iter().cycle().take(12) {
        assert_eq!(
            served.ask(RECEIPT, &[&bearer(&other.token(client))]),
            unknown(),
            "a kid that is not there"
        );
    }
    assert_eq!(provider.questions(), 2, "one for the description, one for the keys");
}

#[test]
fn settings_that_lead_nowhere_stop_the_start_and_are_named() {
    let (city, service) = support::demo::Installation::new();
    assert!(service.terminate().success());
    let file = city.data.join("settings.json");
    let good: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let serve = |issuer: &str, ca_file: Option<PathBuf>| {
        let mut changed = good.clone();
        changed["identity_provider"] =
            serde_json::to_value(IdentityProviderSettings { ca_file, ..settings(issuer) }).unwrap();
        std::fs::write(&file, changed.to_string()).unwrap();
        let output = support::service::run(
            support::service::elicense().args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&city.data),
        );
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{said}");
        said
    };
    assert!(serve("http://sso.city.example", None).contains("identity_provider.issuer"));
    assert!(serve("https://sso.city.example", Some("none.pem".into())).contains("none.pem"));
    std::fs::write(&file, good.to_string()).unwrap();
    let with = support::service::Start::serve(&city.data, &city.folder).ready();
    assert!(with.terminate().success());
}
