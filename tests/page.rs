//! The verify page in a real browser: Debian's Chromium, driven by `tests/page/check.mjs` against the running service.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::demo::{Demo, Issued, Issuer};
use support::http::{Client, Request};
use support::service::Start;
use support::tree;

/// How many cases `check.mjs` has; a run of fewer proves less than it says.
const CASES: usize = 18;

/// Set it to have the pictures in `docs/images` written anew from this run.
const WRITE_PICTURES: &str = "ELICENSE_WRITE_PICTURES";

#[test]
fn the_verify_page_serves_its_users_in_a_browser() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let data = place.path().join("data");
    let service = Start::demo(&data, place.path()).ready();
    let demo = Demo::read(&data);
    let mut client = service.client();
    let issuer = demo.issuer(&mut client);
    let plan = place.path().join("plan.json");
    std::fs::write(&plan, plan_of_the_run(&service.url(), &mut client, &issuer, place.path()).to_string())
        .expect("the plan can be written");

    let run = Command::new("node")
        .args(["--test-reporter=tap", "check.mjs"])
        .current_dir(tree("tests/page"))
        .env("PLAN", &plan)
        .output()
        .expect("node starts (package nodejs; scripts/test.sh installs it)");
    let told = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{told}");
    assert!(told.contains(&format!("# pass {CASES}\n")), "not {CASES} cases:\n{told}");
}

/// What `check.mjs` is told: where the service is, and licences of every kind that the page is shown.
fn plan_of_the_run(url: &str, client: &mut Client, issuer: &Issuer, place: &Path) -> Value {
    assert!(
        tree("tests/page/node_modules/playwright-core").exists(),
        "no playwright-core: run scripts/test.sh"
    );
    let valid = issuer.issue(client, "page-valid", "PAGE-0001");
    let suspended = issuer.issue(client, "page-suspended", "PAGE-0002");
    issuer.change_status(client, &suspended.identifier, "suspended", "under review").expect_status(200);
    let hostile = issuer.held_by(HOSTILE_NAME).issue(client, "page-hostile", "PAGE-0003");
    let (blank, not_a_picture) = (place.join("blank.png"), place.join("words.png"));
    image::GrayImage::from_pixel(64, 64, image::Luma([255])).save(&blank).expect("a blank picture");
    std::fs::write(&not_a_picture, "these are words").expect("a file of words");
    json!({
        "url": url,
        "chromium": chromium(),
        "valid": { "qr": valid.qr, "number": valid.number, "png": picture(client, issuer, &valid, place) },
        "suspended": { "qr": suspended.qr },
        "hostile": { "envelope": hostile.envelope },
        "blank": blank,
        "notAPicture": not_a_picture,
        "screenshots": screenshots(),
    })
}

/// A holder's name that does harm wherever it is taken for markup.
const HOSTILE_NAME: &str = "<b id=injected>x</b><script>window.taken=1</script>";

fn picture(client: &mut Client, issuer: &Issuer, issued: &Issued, place: &Path) -> PathBuf {
    let path = format!("/v1/licences/{}/qr.png", issued.identifier);
    let png = client.send(&Request::get(&path).key(&issuer.api_key)).expect_status(200);
    let file = place.join("qr.png");
    std::fs::write(&file, &png.body).expect("the picture can be written");
    file
}

fn chromium() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromium"))
        .find(|candidate| candidate.exists())
        .expect("chromium is on the PATH (package chromium; scripts/test.sh installs it)")
}

/// Where this run's pictures of the page go.
fn screenshots() -> Value {
    let folder = if std::env::var_os(WRITE_PICTURES).is_some() {
        tree("docs/images")
    } else {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("images")
    };
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    json!({
        "zh": folder.join("verify-page.png"),
        "en": folder.join("verify-page-en.png"),
        "phone": folder.join("verify-page-phone.png"),
    })
}
