//! Without a line: a pack made by the real service, carried to where there is no network, and what a verdict is by it.
//!
//! Verifying runs in a network namespace of its own (`unshare --net`): nothing there could be asked.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use support::demo::{Demo, Installation};
use support::http::Request;
use support::service::elicense;

/// A village service point: a directory, its memory of what it has seen, and no network.
struct Village {
    place: PathBuf,
    pack: PathBuf,
}

impl Village {
    fn at(folder: &Path) -> Self {
        let place = folder.join("village");
        std::fs::create_dir_all(&place).expect("a folder");
        Self { pack: place.join("pack"), place }
    }

    fn run(&self, command: &mut Command) -> Output {
        let output = command.env("XDG_STATE_HOME", self.place.join("state")).output();
        output.expect("unshare starts (package util-linux; scripts/test.sh installs it)")
    }

    /// With the network cut.
    fn verify(&self, presented: &str, more: &[&str]) -> Judged {
        let program = elicense().get_program().to_owned();
        let mut command = Command::new("unshare");
        command.args(["--net", "--map-root-user", "--"]).arg(program).args(["verify", "--json", "--pack"]);
        command.arg(&self.pack).args(more).arg(presented);
        Judged::of(&self.run(&mut command))
    }

    /// `elicense pack update`, which needs the service.
    fn update(&self, url: &str) -> Output {
        let mut command = elicense();
        command.args(["pack", "update", "--server", url]).arg(&self.pack);
        self.run(&mut command)
    }
}

struct Judged {
    exit: Option<i32>,
    verdict: Value,
    error: String,
}

impl Judged {
    fn of(output: &Output) -> Self {
        Self {
            exit: output.status.code(),
            verdict: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
            error: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn code(&self, check: &str) -> &str {
        let findings =
            self.verdict["findings"].as_array().unwrap_or_else(|| panic!("no verdict: {}", self.error));
        let finding = findings.iter().find(|finding| finding["check"] == check);
        finding.and_then(|finding| finding["code"].as_str()).expect("a finding of the check")
    }
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Bytes that came, as `pack update` says.
fn cost(output: &Output) -> usize {
    let told = told(output);
    let before = told.split(" bytes came").next().expect("it says how much came");
    before
        .split_whitespace()
        .last()
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{told}"))
}

#[test]
fn a_licence_suspended_behind_a_cut_line_is_good_as_of_the_pack_and_bad_after_the_update() {
    let (installation, service) = Installation::new();
    let demo = Demo::read(&installation.data);
    let village = Village::at(&installation.folder);
    let first = village.update(&service.url());
    assert!(first.status.success(), "{}", told(&first));
    assert!(told(&first).contains("first use of this trust list"), "{}", told(&first));

    let licence = &demo.licences[0];
    let before = village.verify(&licence.qr, &[]);
    assert_eq!(
        (before.exit, before.code("status"), before.code("ledger")),
        (Some(0), "ok", "not_needed_offline")
    );
    assert_eq!(before.verdict["freshness"]["status"]["grade"], "fresh");

    let mut client = service.client();
    let key = &demo.department(&licence.department).api_key;
    let path = format!("/v1/licences/{}/status", licence.identifier);
    let suspend = json!({"to": "suspended", "reason": "年检"});
    client.send(&Request::post(&path).key(key).json(&suspend)).expect_status(200);
    let cut = village.verify(&licence.qr, &[]);
    assert_eq!((cut.exit, cut.code("status")), (Some(0), "ok"), "as of the pack, which does not know yet");
    let as_of = cut.verdict["freshness"]["status"]["as_of"].as_str().expect("a time").to_owned();
    assert_eq!(Some(as_of.as_str()), cut.verdict["freshness"]["pack"].as_str());

    let held = std::fs::metadata(&village.pack).expect("a pack").len();
    let update = village.update(&service.url());
    assert!(update.status.success(), "{}", told(&update));
    assert!(cost(&update) * 4 < usize::try_from(held).expect("a size"), "{} of {held}", cost(&update));
    let after = village.verify(&licence.qr, &[]);
    assert_eq!((after.exit, after.code("status")), (Some(1), "suspended"));
    assert_eq!(village.verify(&demo.licences[1].qr, &[]).exit, Some(0), "its neighbour");

    client
        .send(&Request::post(&path).key(key).json(&json!({"to": "revoked", "reason": "注销"})))
        .expect_status(200);
    assert!(village.update(&service.url()).status.success());
    assert_eq!(village.verify(&licence.qr, &[]).code("status"), "out_of_force");
    service.kill();
    assert_eq!(
        village.update("http://127.0.0.1:9").status.code(),
        Some(70),
        "nobody answers, and the pack stays"
    );
    assert_eq!(village.verify(&licence.qr, &[]).code("status"), "out_of_force");
}

#[test]
fn age_is_graded_by_the_type_and_said() {
    let (installation, service) = Installation::new();
    let demo = Demo::read(&installation.data);
    let village = Village::at(&installation.folder);
    assert!(village.update(&service.url()).status.success());
    let of = |code: &str| {
        let licence = demo.licences.iter().find(|licence| licence.type_code == code);
        licence.unwrap_or_else(|| panic!("no licence of {code}")).qr.clone()
    };
    let business = of("11100000MB0143028R001");
    let driver = of("11100000000019713D072");
    let made =
        village.verify(&business, &[]).verdict["freshness"]["pack"].as_str().expect("a time").to_owned();
    let later = |days: i64| {
        let made: elicense::time::UnixTime = made.parse().expect("a time");
        made.plus(days * 86_400).to_string()
    };
    for (what, qr, days, exit, code, grade) in [
        ("a business licence within its week", &business, 6, 0, "ok", "fresh"),
        ("past it", &business, 8, 0, "status_stale", "stale"),
        ("past its month", &business, 31, 2, "status_too_old", "too_old"),
        ("a driver's certificate on its second day", &driver, 2, 0, "status_stale", "stale"),
        ("and on its fourth", &driver, 4, 2, "status_too_old", "too_old"),
    ] {
        let judged = village.verify(qr, &["--at", &later(days)]);
        assert_eq!((judged.exit, judged.code("status")), (Some(exit), code), "{what}: {}", judged.verdict);
        assert_eq!(judged.verdict["freshness"]["status"]["grade"], grade, "{what}");
    }
    // In words a clerk understands, in his language.
    for (lang, begins, says) in [
        ("zh", format!("有效（截至 {made}）"), "离线包该更新了"),
        ("en", format!("Valid, as of {made}"), "the pack should be updated"),
    ] {
        let mut command = elicense();
        command
            .args(["verify", "--lang", lang, "--at", &later(8), "--pack"])
            .arg(&village.pack)
            .arg(&business);
        let told = told(&village.run(&mut command));
        assert!(told.starts_with(&begins) && told.contains(says), "{told}");
    }
}

#[test]
fn an_older_pack_a_forged_one_and_another_root_are_refused() {
    let (installation, service) = Installation::new();
    let demo = Demo::read(&installation.data);
    let village = Village::at(&installation.folder);
    let qr = &demo.licences[0].qr;
    assert!(village.update(&service.url()).status.success());
    let old = std::fs::read(&village.pack).expect("a pack");
    let key = &demo.department(&demo.licences[0].department).api_key;
    let path = format!("/v1/licences/{}/status", demo.licences[0].identifier);
    let suspend = json!({"to": "suspended", "reason": "r"});
    service.client().send(&Request::post(&path).key(key).json(&suspend)).expect_status(200);
    assert!(village.update(&service.url()).status.success());
    let new = std::fs::read(&village.pack).expect("a pack");
    let (_other, foreign) = Installation::new();
    let foreign_village = Village::at(&installation.folder.join("elsewhere"));
    assert!(foreign_village.update(&foreign.url()).status.success());
    let mut forged = new.clone();
    forged[200] ^= 1;
    for (what, bytes, because) in [
        ("the pack from before the suspension", old, "was seen before"),
        ("one changed byte", forged, "not believed"),
        ("another region's pack", std::fs::read(&foreign_village.pack).expect("a pack"), "expected the root"),
        ("half a pack", new[..new.len() / 2].to_vec(), "not a pack"),
        ("no pack at all", b"<html>".to_vec(), "not a pack"),
    ] {
        std::fs::write(&village.pack, bytes).expect("the pack can be put back");
        let judged = village.verify(qr, &[]);
        assert_eq!(judged.exit, Some(65), "{what}: {}", judged.error);
        assert!(judged.error.contains(because), "{what}: {}", judged.error);
    }
    std::fs::write(&village.pack, new).expect("the pack can be put back");
    assert_eq!(village.verify(qr, &[]).exit, Some(1), "the twin");
    // What cannot be read is no licence, so nothing is said of what the pack knows of it.
    let mut command = elicense();
    command.args(["verify", "--lang", "en", "--pack"]).arg(&village.pack).arg("EL1:NOTHING");
    let told = told(&village.run(&mut command));
    assert!(told.contains("Offline: by the pack of") && !told.contains("does not say"), "{told}");
}

#[test]
fn a_clock_behind_the_pack_says_nothing_about_now() {
    let (installation, service) = Installation::new();
    let demo = Demo::read(&installation.data);
    let village = Village::at(&installation.folder);
    assert!(village.update(&service.url()).status.success());
    let mut command = Command::new("faketime");
    let program = elicense().get_program().to_owned();
    command.args(["-f", "-1d"]).arg(program).args(["verify", "--json", "--pack"]);
    command.arg(&village.pack).arg(&demo.licences[0].qr);
    let judged = Judged::of(&village.run(&mut command));
    assert_eq!(
        (judged.exit, judged.code("status"), judged.code("dates")),
        (Some(2), "clock_behind", "clock_behind")
    );
}

#[test]
fn a_pack_of_chosen_authorities_knows_those_only() {
    let (installation, service) = Installation::new();
    let demo = Demo::read(&installation.data);
    let village = Village::at(&installation.folder);
    let business = demo.licences.iter().find(|one| one.type_code == "11100000MB0143028R001").expect("one");
    let other = demo.licences.iter().find(|one| one.department != business.department).expect("one");
    let made = elicense()
        .args(["pack", "make", "--type", &business.type_code, "--data"])
        .arg(&installation.data)
        .arg("--out")
        .arg(&village.pack)
        .output()
        .expect("the binary starts");
    assert!(made.status.success(), "{}", told(&made));
    assert_eq!(village.verify(&business.qr, &[]).exit, Some(0));
    let unknown = village.verify(&other.qr, &[]);
    assert_eq!((unknown.exit, unknown.code("status")), (Some(2), "status_unknown"));
    // The selection stays with the pack when it is brought up to date.
    assert!(village.update(&service.url()).status.success());
    assert_eq!(village.verify(&other.qr, &[]).code("status"), "status_unknown");
}
