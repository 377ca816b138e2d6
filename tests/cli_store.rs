//! `elicense store`: the index is compared with the ledger row by row, and what is wrong is named.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};

use support::demo::{Demo, Installation};
use support::http::Request;
use support::service::{Service, elicense, run};

impl Installation {
    fn store(&self, subcommand: &str) -> Output {
        run(elicense().args(["store", subcommand, "--json", "--data"]).arg(&self.data))
    }

    #[track_caller]
    fn report(&self, subcommand: &str) -> Value {
        let output = self.store(subcommand);
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    #[track_caller]
    fn assert_refused(&self, why: &str) {
        let output = self.store("check");
        assert_eq!(output.status.code(), Some(65), "{}", said(&output));
        assert!(said(&output).contains(why), "{why}: {}", said(&output));
    }

    /// Changes the index behind everyone's back.
    fn change_index(&self, change: impl FnOnce(&sled::Db)) {
        let db = open_index(&self.data);
        change(&db);
        db.flush().expect("sled flushes");
    }
}

/// sled's threads hold the files a moment after whoever had it is gone.
fn open_index(data: &Path) -> sled::Db {
    for _ in 0..200 {
        if let Ok(db) = sled::open(data.join("index/sled")) {
            return db;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the index cannot be opened");
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// The rows of a kind.
fn rows(db: &sled::Db, kind: &str) -> Vec<(sled::IVec, sled::IVec)> {
    db.scan_prefix(kind).map(|row| row.expect("a row")).collect()
}

/// Renews a licence: its number passes to the new version.
fn renew(service: &Service, data: &Path) {
    let demo = Demo::read(data);
    let (licence, mut client) = (&demo.licences[0], service.client());
    let key = &demo.department(&licence.department).api_key;
    let path = format!("/v1/licences/{}", licence.identifier);
    let old = client.send(&Request::get(&path).key(key)).expect_status(200).json();
    let draft = json!({"type": old["type"], "number": old["number"], "holders": old["holders"],
        "fields": old["fields"], "replaces": old["identifier"]});
    let request = Request::post("/v1/licences").key(key).header("idempotency-key", "renewal");
    client.send(&request.json(&draft)).expect_status(201);
}

#[test]
fn every_row_is_compared_when_nobody_has_it_open() {
    let (city, service) = Installation::new();
    renew(&service, &city.data);
    let beside = city.report("check");
    let holder = beside["index"]["in_use_by"].as_str().expect("who has it open");
    assert!(holder.contains(&service.process_id().to_string()), "{holder}");
    let quick = city.report("stats");
    assert!(quick["ledger"]["bytes"].as_u64().expect("bytes") > 10_000, "{quick}");
    assert!(service.terminate().success());

    let report = city.report("check");
    assert_eq!(report["index"]["entries"], report["entries"]);
    assert!(report["index"]["rows"].as_u64() > report["entries"].as_u64(), "{report}");
    let stats = city.report("stats");
    assert_eq!((&stats["entries"], &stats["root"]), (&report["entries"], &report["root"]));
    assert_eq!((&stats["index"]["entries"], &stats["ledger"]["segments"]), (&report["entries"], &json!(1)));
    let rebuilt = city.report("rebuild");
    assert_eq!(rebuilt, report, "made anew it is the index that was there");
}

#[test]
fn a_row_that_is_gone_changed_or_too_many_is_named_and_rebuilding_mends_it() {
    let (city, service) = Installation::new();
    let kinds = [
        ("l", "licence by identifier"),
        ("n", "licence by number"),
        ("h", "licences of a holder"),
        ("k", "request"),
        ("x", "place in a status list"),
        ("d", "department"),
    ];
    assert!(service.terminate().success());
    for (kind, name) in kinds {
        city.change_index(|db| {
            let found = rows(db, kind);
            db.remove(&found[found.len() / 2].0).expect("sled removes");
        });
        city.assert_refused(&format!("lacks the row {name}"));
        city.report("rebuild");
    }
    city.change_index(|db| {
        let found = rows(db, "l");
        db.insert(&found[0].0, &found[1].1).expect("sled inserts");
    });
    city.assert_refused("licence by identifier");
    city.report("rebuild");
    city.change_index(|db| {
        let found = rows(db, "l");
        db.insert([b"l", &[7; 16][..]].concat(), &found[1].1).expect("sled inserts");
    });
    city.assert_refused("rows, the ledger makes");
    city.report("rebuild");
    assert!(city.report("check")["index"]["rows"].is_u64());
}

#[test]
fn a_row_put_back_to_what_it_once_was_is_found() {
    let (city, service) = Installation::new();
    assert!(service.terminate().success());
    let mut before = Vec::new();
    city.change_index(|db| before = rows(db, "n"));
    let service = city.serve();
    renew(&service, &city.data);
    assert!(service.terminate().success());
    city.change_index(|db| {
        for (key, value) in &before {
            db.insert(key, value).expect("sled inserts");
        }
    });
    city.assert_refused("licence by number");
}

#[test]
fn damage_of_the_ledger_is_told_before_that_of_the_index() {
    let (city, service) = Installation::new();
    assert!(service.terminate().success());
    city.change_index(|db| {
        let found = rows(db, "l");
        db.remove(&found[0].0).expect("sled removes");
    });
    let segment = city.data.join("ledger/00000000.seg");
    let mut bytes = std::fs::read(&segment).expect("the ledger");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).expect("the ledger is written");
    city.assert_refused("ledger segment 00000000 is damaged");
}

#[test]
fn what_a_killed_service_left_is_no_difference() {
    let (city, mut service) = Installation::new();
    for _ in 0..5 {
        service.kill();
        let report = city.report("check");
        assert!(report["index"]["rows"].is_u64(), "{report}");
        service = city.serve();
    }
    let demo = Demo::read(&city.data);
    let issuer = demo.issuer(&mut service.client());
    for round in 0..20 {
        issuer.issue(&mut service.client(), &format!("k{round}"), &format!("KILL-{round}"));
    }
    service.kill();
    let report = city.report("check");
    assert_eq!(report["kinds"]["licence issued"], json!(demo.licences.len() + 20));
}
