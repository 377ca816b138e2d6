//! `elicense store backup` and `restore`: beside a service under load, again and again, killed at any point, and never an
//! older state without anybody saying so.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::demo::{Demo, Installation, Issued, Issuer, verdict};
use support::load::Load;
use support::seed::Seeded;
use support::service::{Service, Start, elicense, run};

/// Kills of a backup, and as many of a restore.
const KILLS: usize = 25;

fn store(arguments: &[&OsStr]) -> Command {
    let mut command = elicense();
    command.arg("store").args(arguments).arg("--json");
    command
}

fn backup(data: &Path, folder: &Path, more: &[&str]) -> Command {
    let mut command =
        store(&["backup".as_ref(), "--data".as_ref(), data.as_ref(), "--to".as_ref(), folder.as_ref()]);
    command.args(more);
    command
}

fn restore(folder: &Path, data: &Path, more: &[&str]) -> Command {
    let mut command =
        store(&["restore".as_ref(), "--from".as_ref(), folder.as_ref(), "--data".as_ref(), data.as_ref()]);
    command.args(more);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

#[track_caller]
fn done(mut command: Command) -> Value {
    let output = run(&mut command);
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[track_caller]
fn refused(mut command: Command, why: &str) -> String {
    let output = run(&mut command);
    assert_eq!(output.status.code(), Some(65), "{}", said(&output));
    let said = said(&output);
    assert!(said.contains(why), "expected {why:?}: {said}");
    said
}

#[track_caller]
fn check(data: &Path) -> Value {
    done(store(&["check".as_ref(), "--data".as_ref(), data.as_ref()]))
}

/// Served, with the demonstration's list of what it holds beside it.
fn serve(data: &Path, demo: &Path, logs: &Path) -> Service {
    fs::copy(demo.join("demo.json"), data.join("demo.json")).expect("demo.json is copied");
    Start::serve(data, logs).ready()
}

#[track_caller]
fn assert_valid(service: &Service, credentials: impl IntoIterator<Item = String>) {
    let mut client = service.client();
    for credential in credentials {
        assert_eq!(verdict(&mut client, &credential)["status"], "valid");
    }
}

fn issue(service: &Service, issuer: &Issuer, name: &str, count: usize) -> Vec<Issued> {
    let mut client = service.client();
    (0..count).map(|n| issuer.issue(&mut client, &format!("{name}-{n}"), &format!("{name}-{n}"))).collect()
}

fn envelopes(issued: &[Issued]) -> Vec<String> {
    issued.iter().map(|one| one.envelope.clone()).collect()
}

/// An installation that does not run, its checkpoint outside, with some licences.
struct Stopped {
    installation: Installation,
    issuer: Issuer,
    issued: Vec<Issued>,
    checkpoint: PathBuf,
}

impl Stopped {
    fn new() -> Self {
        let (installation, service) = Installation::new();
        let issuer = Demo::read(&installation.data).issuer(&mut service.client());
        let issued = issue(&service, &issuer, "first", 6);
        assert!(service.terminate().success());
        let checkpoint = installation.folder.join("outside.checkpoint");
        fs::rename(installation.data.join("checkpoint"), &checkpoint).expect("the checkpoint is moved");
        let stopped = Self { installation, issuer, issued, checkpoint };
        stopped.change_settings("checkpoint", json!(stopped.checkpoint));
        stopped
    }

    fn change_settings(&self, member: &str, value: Value) {
        let path = self.data().join("settings.json");
        let mut settings: Value = serde_json::from_slice(&fs::read(&path).expect("settings")).expect("JSON");
        settings[member] = value;
        fs::write(&path, settings.to_string()).expect("settings are written");
    }

    fn data(&self) -> &Path {
        &self.installation.data
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.installation.folder.join(name)
    }

    /// Runs, issues, and stops.
    fn go_on(&self, name: &str, count: usize) -> Vec<Issued> {
        let service = self.installation.serve();
        let issued = issue(&service, &self.issuer, name, count);
        assert!(service.terminate().success());
        issued
    }
}

#[test]
fn a_backup_beside_a_service_under_load_is_whole_and_grows() {
    let (installation, service) = Installation::new();
    let (data, place) = (&installation.data, &installation.folder);
    let issuer = Demo::read(data).issuer(&mut service.client());
    let before = issue(&service, &issuer, "before", 5);
    let load = Load::start(service.address, &issuer, "load", 4);
    load.wait_for(20);
    let folder = place.join("backup");
    let first = done(backup(data, &folder, &["--with-keys"]));
    assert_eq!(first["had"], 0);
    assert!(first["entries"].as_u64() > Some(30), "{first}");

    let early = place.join("early");
    let restored = done(restore(&folder, &early, &[]));
    assert_eq!((&restored["entries"], &restored["root"]), (&first["entries"], &first["root"]));
    assert_eq!(check(&early)["root"], first["root"]);
    let other = serve(&early, data, place);
    assert_valid(&other, envelopes(&before));
    assert_valid(&other, Demo::read(data).licences.into_iter().map(|one| one.qr));
    issue(&other, &issuer, "goes-on", 2);
    drop(other);

    load.wait_for(60);
    let second = done(backup(data, &folder, &["--with-keys"]));
    assert_eq!(second["had"], first["entries"]);
    service.kill();
    let record = load.finish();
    let third = done(backup(data, &folder, &["--with-keys"]));
    let none = done(backup(data, &folder, &["--with-keys"]));
    assert_eq!((&none["had"], &none["bytes"]), (&third["entries"], &json!(0)));

    let late = place.join("late");
    done(restore(&folder, &late, &[]));
    let service = serve(&late, data, place);
    let audited = record.audit(&mut service.client(), &issuer);
    assert!(audited.is_ok(), "{audited:?}");
}

#[test]
fn an_older_backup_is_refused_until_the_loss_is_spelled_out() {
    let stopped = Stopped::new();
    let (folder, data) = (stopped.beside("backup"), stopped.beside("restored"));
    let backed_up = done(backup(stopped.data(), &folder, &["--with-keys"]));
    let entries = backed_up["entries"].as_u64().expect("a count");
    let lost = stopped.go_on("lost", 3);
    fs::rename(stopped.data(), stopped.beside("broken")).expect("the machine is gone");

    let why = refused(restore(&folder, &data, &[]), "3 would be lost");
    assert!(why.contains(&format!("the backup has {entries} entries")), "{why}");
    assert!(why.contains(&format!("--accept-losing-entries-after {entries}")), "{why}");
    let left = fs::read_dir(&data).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is left of a refused restore");
    let words = |number: u64| ["--accept-losing-entries-after".to_owned(), number.to_string()];
    let with = |number: u64| {
        let words = words(number);
        restore(&folder, &data, &[&words[0], &words[1]])
    };
    refused(with(entries + 3), &format!("the backup has {entries} entries"));
    refused(with(0), &format!("the backup has {entries} entries"));
    let restored = done(with(entries));
    assert_eq!((&restored["entries"], &restored["checkpoint"]["lost"]), (&json!(entries), &json!(3)));
    let kept = restored["checkpoint"]["kept"].as_str().expect("a path");
    assert!(fs::read_to_string(kept).expect("it is kept").contains(&format!("\n{}\n", entries + 3)));

    refused(with(entries), "an installation here already");
    let service = serve(&data, &stopped.beside("broken"), &stopped.installation.folder);
    assert_valid(&service, envelopes(&stopped.issued));
    for gone in &lost {
        assert_ne!(verdict(&mut service.client(), &gone.envelope)["status"], "valid", "{}", gone.number);
    }
    issue(&service, &stopped.issuer, "again", 1);
    assert!(service.terminate().success());
    assert_eq!(check(&data)["entries"], entries + 1);
    // What went on from the older state is not how the lost one went on.
    refused(backup(&stopped.beside("broken"), &folder, &["--with-keys"]), "the checkpoint says");
}

#[test]
fn a_checkpoint_that_is_gone_is_not_taken_for_none() {
    let stopped = Stopped::new();
    let (folder, data) = (stopped.beside("backup"), stopped.beside("restored"));
    let backed_up = done(backup(stopped.data(), &folder, &["--with-keys"]));
    let moved = stopped.beside("found-again");
    fs::rename(&stopped.checkpoint, &moved).expect("the disk is not mounted");
    refused(restore(&folder, &data, &[]), "is not there, so nobody knows");
    let there = moved.to_str().expect("a path");
    let restored = done(restore(&folder, &data, &["--checkpoint", there]));
    assert_eq!(restored["checkpoint"], json!({"outside": "agrees"}));
    let settings = fs::read_to_string(data.join("settings.json")).expect("settings");
    assert!(settings.contains("found-again"), "it goes on with that one: {settings}");
    let words = ["--accept-losing-entries-after", &backed_up["entries"].to_string()];
    let restored = done(restore(&folder, &stopped.beside("other"), &words));
    assert_eq!(restored["checkpoint"], json!({"outside": "gone"}));
    assert!(stopped.checkpoint.exists(), "there is one again");
}

#[test]
fn keys_are_where_they_were_or_where_somebody_says() {
    let stopped = Stopped::new();
    let (folder, keys) = (stopped.beside("backup"), stopped.beside("keys"));
    done(backup(stopped.data(), &folder, &[]));
    assert!(!folder.join("keys").exists(), "no key without being told");
    refused(restore(&folder, &stopped.beside("a"), &[]), "say with --keys where they are");
    fs::rename(stopped.data().join("keys"), &keys).expect("the keys are moved");
    let path = keys.to_str().expect("a path");
    done(restore(&folder, &stopped.beside("b"), &["--keys", path]));
    let service = serve(&stopped.beside("b"), stopped.data(), &stopped.installation.folder);
    assert_valid(&service, envelopes(&stopped.issued));
    assert!(service.terminate().success());

    let (other, service) = Installation::new();
    drop(service);
    let others = other.data.join("keys");
    let others = others.to_str().expect("a path");
    refused(restore(&folder, &stopped.beside("c"), &["--keys", others]), "checkpoint");
    assert_eq!(fs::read_dir(stopped.beside("c")).map_or(0, Iterator::count), 0);
}

#[test]
fn a_folder_is_one_installations_backup_and_nothing_else() {
    let stopped = Stopped::new();
    let diary = stopped.beside("diary");
    fs::create_dir(&diary).expect("a folder");
    fs::write(diary.join("today.txt"), "dear").expect("a file");
    refused(backup(stopped.data(), &diary, &[]), "expected a new or empty folder");
    assert_eq!(fs::read_dir(&diary).expect("a listing").count(), 1);

    let folder = stopped.beside("backup");
    done(backup(stopped.data(), &folder, &["--with-keys"]));
    refused(backup(stopped.data(), &folder, &[]), "out of date without --with-keys");
    let (other, service) = Installation::new();
    drop(service);
    refused(backup(&other.data, &folder, &["--with-keys"]), "this is a backup of");
    refused(restore(&diary, &stopped.beside("x"), &[]), "no backup here");

    // An installation that was put back, and went on otherwise, does not overwrite the only trace of what it had.
    let earlier = stopped.beside("earlier");
    done(backup(stopped.data(), &earlier, &["--with-keys"]));
    stopped.go_on("more", 2);
    done(backup(stopped.data(), &folder, &["--with-keys"]));
    fs::remove_dir_all(stopped.data()).expect("it is gone");
    let words = ["--accept-losing-entries-after", &entries_in(&earlier)];
    done(restore(&earlier, stopped.data(), &words));
    refused(backup(stopped.data(), &folder, &["--with-keys"]), "was put back to an older state");
}

#[test]
fn a_changed_byte_of_a_backup_is_found() {
    let stopped = Stopped::new();
    let folder = stopped.beside("backup");
    done(backup(stopped.data(), &folder, &["--with-keys"]));
    let segment = folder.join("ledger/00000000.seg");
    let good = fs::read(&segment).expect("a segment");
    for at in [100, good.len() / 2, good.len() - 20] {
        let mut bad = good.clone();
        bad[at] ^= 4;
        fs::write(&segment, bad).expect("written");
        refused(restore(&folder, &stopped.beside("x"), &[]), "the backup is not good; use another");
        refused(backup(stopped.data(), &folder, &["--with-keys"]), "use another folder");
    }
    fs::write(&segment, &good[..good.len() - 1]).expect("written");
    refused(backup(stopped.data(), &folder, &["--with-keys"]), "use another folder");
    fs::write(&segment, &good).expect("written");
    done(restore(&folder, &stopped.beside("x"), &[]));
}

/// Starts it and kills it after a while. Whether it had ended well before.
fn kill_after(mut command: Command, within: Duration, seed: &mut Seeded) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts");
    std::thread::sleep(seed.millis(0, u64::try_from(within.as_millis()).expect("a moment")));
    let _ended = child.kill();
    child.wait().expect("it ends").success()
}

/// How long it takes undisturbed: kills fall where this machine is at work.
fn how_long(command: Command) -> Duration {
    let begun = Instant::now();
    done(command);
    begun.elapsed()
}

/// Entries of the backup in a folder.
fn entries_in(folder: &Path) -> String {
    let text = fs::read(folder.join("backup.json")).expect("backup.json");
    serde_json::from_slice::<Value>(&text).expect("JSON")["ledger"]["entries"].to_string()
}

#[test]
fn a_backup_killed_at_any_point_is_finished_by_the_same_command() {
    let mut seed = Seeded::announced();
    let stopped = Stopped::new();
    let within = how_long(backup(stopped.data(), &stopped.beside("first"), &["--with-keys"]));
    let (mut kills, mut round) = (0, 0);
    while kills < KILLS {
        let folder = stopped.beside(&format!("backup-{}", round / 3));
        round += 1;
        while !kill_after(backup(stopped.data(), &folder, &["--with-keys"]), within, &mut seed) {
            kills += 1;
        }
        let backed_up = done(backup(stopped.data(), &folder, &["--with-keys"]));
        assert_eq!(backed_up["root"], check(stopped.data())["root"]);
        stopped.go_on(&format!("round-{round}"), 2);
        kills +=
            usize::from(!kill_after(backup(stopped.data(), &folder, &["--with-keys"]), within, &mut seed));
        // What was finished before can be restored, whatever lies behind it.
        let data = stopped.beside(&format!("restored-{round}"));
        let number = entries_in(&folder);
        assert!(number.parse::<u64>().ok() >= backed_up["entries"].as_u64(), "{number}");
        let restored = done(restore(&folder, &data, &["--accept-losing-entries-after", &number]));
        assert_eq!(restored["entries"].to_string(), number);
        // The installation that is backed up goes on: its checkpoint is put back.
        let kept = format!("{}.lost-after-{number}", stopped.checkpoint.display());
        if Path::new(&kept).exists() {
            fs::rename(&kept, &stopped.checkpoint).expect("it is put back");
        }
    }
}

#[test]
fn a_restore_killed_at_any_point_is_finished_by_the_same_command() {
    let mut seed = Seeded::announced();
    let stopped = Stopped::new();
    let (folder, data) = (stopped.beside("backup"), stopped.beside("restored"));
    done(backup(stopped.data(), &folder, &["--with-keys"]));
    stopped.go_on("lost", 2);
    let newest = fs::read(&stopped.checkpoint).expect("a checkpoint");
    let number = entries_in(&folder);
    let command = || restore(&folder, &data, &["--accept-losing-entries-after", &number]);
    let within = how_long(command());
    let mut kills = 0;
    while kills < KILLS {
        fs::remove_dir_all(&data).expect("once more");
        fs::write(&stopped.checkpoint, &newest).expect("the checkpoint knows more again");
        while !kill_after(command(), within, &mut seed) {
            kills += 1;
            if data.join("settings.json").exists() && !data.join("unfinished").exists() {
                break; // killed on its very last step
            }
        }
        assert_eq!(check(&data)["entries"].to_string(), number);
    }
    let service = serve(&data, stopped.data(), &stopped.installation.folder);
    assert_valid(&service, envelopes(&stopped.issued));
}
