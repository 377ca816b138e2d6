//! The page for showing a licence (亮证) in a real browser, driven by `tests/page/present.mjs` against the running service.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::json;
use support::demo::{Demo, Installation};
use support::tree;

/// How many cases `present.mjs` has; a run of fewer proves less than it says.
const CASES: usize = 6;

/// Set it to have the pictures in `docs/images` written anew from this run.
const WRITE_PICTURES: &str = "ELICENSE_WRITE_PICTURES";

#[test]
fn the_page_shows_a_licence_and_renews_its_code_in_time() {
    let (installation, service) = Installation::new();
    let demo = Demo::read(&installation.data);
    let licence = &demo.licences[0];
    let folder = match std::env::var_os(WRITE_PICTURES) {
        Some(_) => tree("docs/images"),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).join("images"),
    };
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    let plan = json!({
        "url": service.url(),
        "chromium": support::chromium(),
        "key": demo.department(&licence.department).api_key,
        "identifier": licence.identifier,
        "screenshots": {"zh": folder.join("present-page.png")},
    });
    let file = installation.folder.join("plan.json");
    std::fs::write(&file, plan.to_string()).expect("the plan can be written");
    let run = Command::new("node")
        .args(["--test-reporter=tap", "present.mjs"])
        .current_dir(tree("tests/page"))
        .env("PLAN", &file)
        .output()
        .expect("node starts (package nodejs; scripts/test.sh installs it)");
    let told = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{told}");
    assert!(told.contains(&format!("# pass {CASES}\n")), "not {CASES} cases:\n{told}");
}
