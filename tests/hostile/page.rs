//! The fixtures before the verify page, as a person pastes them: the page says why, and shows nothing of what is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::verify::{Code, Language};

use super::judged::assert_none;
use super::manifest::{self, Accepted, Presented, Refused};
use super::service::Running;
use super::support::http::{Client, Request, Response};

/// Names in the golden licences, some of which stand in every fixture that could be decoded.
const NAMES: [&str; 4] = ["云岭青禾", "林晓禾", "迪丽努尔", "青禾路18号"];

/// The page's own, which stands in it once.
const OWN_SCRIPT: &str = r#"<script type="module" src="/assets/app/ui/app.js"></script>"#;

/// What a person would paste: text as it is, bytes in base64.
fn pasted(presented: &Presented) -> Option<String> {
    let Presented::Credential { media, body } = presented else { return None };
    match media.as_str() {
        "text/plain" => String::from_utf8(body.bytes()).ok(),
        "application/cose" => Some(STANDARD.encode(body.bytes())),
        _ => None,
    }
}

fn post(client: &mut Client, credential: &str) -> Response {
    let escaped: String = credential.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let form = format!("credential={escaped}");
    client.send(&Request::post("/?lang=en").body("application/x-www-form-urlencoded", form))
}

fn sentence(code: &str) -> &'static str {
    let code = Code::ALL.iter().find(|known| known.as_str() == code).unwrap();
    code.sentence(Language::En)
}

/// As the template writes it.
fn escaped(text: &str) -> String {
    text.replace('\'', "&#39;")
}

#[test]
fn the_page_says_why_and_shows_nothing_of_what_is_refused() {
    let running = Running::start();
    let mut complaints = Vec::new();
    let mut asked = 0;
    for fixture in manifest::all().into_iter().flat_map(|section| section.fixtures) {
        let (Some(text), Refused::Verdict { fails, .. }) = (pasted(&fixture.present), &fixture.refused)
        else {
            continue;
        };
        if text.is_empty() || text.len() > 90_000 {
            continue;
        }
        asked += 1;
        let response = post(&mut running.client(), &text);
        let page = response.text();
        let mut complain = |why: String| complaints.push(format!("#{} {}: {why}", fixture.row, fixture.name));
        if response.status != 200 {
            complain(format!("{}", response.status));
        }
        if let Some(code) = fails.values().find(|code| !page.contains(&escaped(sentence(code)))) {
            complain(format!("the page does not say {code}"));
        }
        if let Some(name) = NAMES.iter().find(|name| page.contains(**name)) {
            complain(format!("the page shows {name}"));
        }
        if page.replacen(OWN_SCRIPT, "", 1).contains("<script") || page.contains("javascript:") {
            complain("the page repeats a script".to_owned());
        }
    }
    assert_none(&complaints);
    assert!(asked >= 400, "{asked}");
}

#[test]
fn the_page_shows_the_twins() {
    let running = Running::start();
    for twin in manifest::all().into_iter().flat_map(|section| section.twins) {
        if let (Some(text), Accepted::Valid) = (pasted(&twin.present), twin.accepted) {
            let page = post(&mut running.client(), &text).expect_status(200).text();
            assert!(NAMES.iter().any(|name| page.contains(name)), "{}", twin.name);
        }
    }
}
