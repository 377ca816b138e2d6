//! `elicense demo` killed at any moment: the next start on the same directory serves a complete demonstration.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use support::demo::{Demo, verdict};
use support::http::Request;
use support::seed::Seeded;
use support::service::{Service, Start, elicense, run};
use support::tree;

const KILLS: u64 = 20;

#[track_caller]
fn assert_complete(service: &Service, data: &Path) {
    let demo = Demo::read(data);
    let samples = std::fs::read_dir(tree("fixtures/licences")).expect("the samples").count();
    assert_eq!((demo.departments.len(), demo.licences.len()), (4, samples));
    let mut client = service.client();
    for licence in &demo.licences {
        assert_eq!(verdict(&mut client, &licence.qr)["status"], json!("valid"), "{}", licence.identifier);
        let key = &demo.department(&licence.department).api_key;
        let path = format!("/v1/licences/{}", licence.identifier);
        client.send(&Request::get(&path).key(key)).expect_status(200);
    }
    assert!(!data.join("unfinished").exists());
}

#[test]
fn killed_at_any_moment_it_is_complete_after_the_next_start() {
    let mut seed = Seeded::announced();
    let place = tempfile::tempdir().expect("a temporary directory");
    let began = Instant::now();
    let whole = Start::demo(&place.path().join("whole"), place.path()).ready();
    let making = u64::try_from(began.elapsed().as_millis()).expect("a time");
    whole.kill();
    let mut unfinished = 0;
    for round in 0..KILLS {
        let data = place.path().join(format!("{round}"));
        // As often while it is made as later.
        let most = if round % 2 == 0 { making } else { 1_500 };
        let killed = Start::demo(&data, place.path()).spawn();
        std::thread::sleep(Duration::from_millis(seed.between(0, most.max(1))));
        killed.kill();
        unfinished += u32::from(data.join("unfinished").exists());
        let service = Start::demo(&data, place.path()).ready();
        assert_complete(&service, &data);
        service.kill();
    }
    println!("{KILLS} kills, {unfinished} of them while it was made");
    assert!(unfinished > 0, "no kill came while the demonstration was made");
}

#[test]
fn what_is_half_made_is_opened_by_nothing_else() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let data = place.path().join("data");
    Start::demo(&data, place.path()).ready().kill();
    std::fs::write(data.join("unfinished"), "").expect("a file");
    for words in
        [vec!["serve", "--listen", "127.0.0.1:0"], vec!["store", "check"], vec!["department", "list"]]
    {
        let output = run(elicense().args(&words).arg("--data").arg(&data));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{words:?}: {said}");
        assert!(said.contains("interrupted"), "{words:?}: {said}");
    }
    let service = Start::demo(&data, place.path()).ready();
    assert_complete(&service, &data);
}

#[test]
fn an_installation_that_is_no_demonstration_is_left_alone() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let data = place.path().join("data");
    let made = run(elicense()
        .args(["init", "--region", "示范市", "--city", "11110000000021135M=示范市人民政府"])
        .args(["--department", "11330105002500287C=示范市政务服务中心", "--data"])
        .arg(&data));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let settings = std::fs::read(data.join("settings.json")).expect("settings");
    let output = run(elicense().args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(&data));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert!(said.contains("elicense serve"), "{said}");
    assert_eq!(std::fs::read(data.join("settings.json")).expect("settings"), settings);
}
