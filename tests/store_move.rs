//! `elicense store move`: into a real PostgreSQL and back, killed at any point, and never two places that take orders.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use elicense::crypto::SystemRandom;
use elicense::ledger::Checkpoint;
use elicense::store::{Engine, EngineError, Head, OpenError, PostgresEngine, PostgresOptions};
use serde_json::Value;

use support::demo::{Demo, Installation, Issued, Issuer, verdict};
use support::http::Request;
use support::postgres::Cluster;
use support::seed::Seeded;
use support::service::{Service, Start, elicense, run};

/// Kills on each way.
const KILLS: usize = 20;

/// An installation that does not run, and an empty database.
struct Ends {
    installation: Installation,
    issuer: Issuer,
    issued: Vec<Issued>,
    database: String,
    url: String,
}

impl Ends {
    fn new(licences: usize) -> Self {
        let (installation, service) = Installation::new();
        let issuer = Demo::read(&installation.data).issuer(&mut service.client());
        let database = Cluster::shared().fresh_name();
        let url = Cluster::shared().url(&database);
        let mut ends = Self { installation, issuer, issued: Vec::new(), database, url };
        ends.issue(&service, "first", licences);
        assert!(service.terminate().success());
        ends
    }

    fn issue(&mut self, service: &Service, name: &str, count: usize) {
        let mut client = service.client();
        for n in 0..count {
            let name = format!("{name}-{n}");
            self.issued.push(self.issuer.issue(&mut client, &name, &name));
        }
    }

    fn data(&self) -> &Path {
        &self.installation.data
    }

    fn out(&self) -> Command {
        moving(self.data(), &self.url)
    }

    fn back(&self) -> Command {
        moving(&self.url, self.data())
    }

    fn sql(&self, sql: &str) -> String {
        Cluster::shared().sql(&self.database, sql)
    }

    /// Entries in the database and whether nodes append there.
    fn in_database(&self) -> (u64, bool) {
        let found = Cluster::shared().try_sql(&self.database, "SELECT entries, moved FROM elicense_ledger");
        let found = found.unwrap_or_else(|_| "0|1".to_owned());
        let (entries, moved) = found.split_once('|').expect("two columns");
        (entries.parse().expect("a count"), moved == "0")
    }

    /// Whether the directory's settings say that its store is in it.
    fn is_in_directory(&self) -> bool {
        let settings = fs::read(self.data().join("settings.json")).expect("settings");
        serde_json::from_slice::<Value>(&settings).expect("JSON")["store"].is_null()
    }

    #[track_caller]
    fn assert_one_place_takes_orders_at_most(&self) {
        let (entries, appends) = self.in_database();
        assert!(!(self.is_in_directory() && appends && entries > 0), "both take orders");
    }

    #[track_caller]
    fn assert_everything_is_there(&self, service: &Service) {
        let mut client = service.client();
        for issued in &self.issued {
            assert_eq!(verdict(&mut client, &issued.envelope)["status"], "valid", "{}", issued.number);
        }
        for licence in Demo::read(self.data()).licences {
            assert_eq!(verdict(&mut client, &licence.qr)["status"], "valid");
        }
    }

    /// The database as a node opens it.
    fn node(&self) -> Result<PostgresEngine, OpenError> {
        let (head, origin) = (Head::empty(), "any".to_owned());
        let nothing = Checkpoint { origin, size: 0, root: head.root(), chain: head.chain() };
        let options = PostgresOptions { url: self.url.parse().expect("a URL") };
        Ok(PostgresEngine::open(&options, Some(&nothing), Arc::new(SystemRandom))?.0)
    }

    fn check(&self) -> Output {
        run(elicense().args(["store", "check", "--json", "--data"]).arg(self.data()))
    }
}

fn moving(from: impl AsRef<std::ffi::OsStr>, to: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = elicense();
    command.args(["store", "move", "--json", "--from"]).arg(from).arg("--to").arg(to);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

#[track_caller]
fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", said(output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["from"], report["to"], "equal heads");
    assert_eq!(report["entries"], report["to"]["entries"]);
    report
}

#[track_caller]
fn done(mut command: Command) -> Value {
    report(&run(&mut command))
}

#[track_caller]
fn refused(mut command: Command, code: i32, why: &str) {
    let output = run(&mut command);
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    assert!(said(&output).contains(why), "expected {why:?}: {}", said(&output));
}

#[test]
fn there_and_back_and_there_again() {
    let mut ends = Ends::new(12);
    let before = report_of_check(&ends);
    let there = done(ends.out());
    assert_eq!((&there["entries"], &there["root"]), (&before["entries"], &before["root"]));
    let entries = there["entries"].as_u64().expect("a count");
    assert_eq!(ends.in_database(), (entries, true));
    assert_eq!(ends.sql("SELECT count(*) FROM elicense_entry"), entries.to_string());
    assert_eq!(ends.sql("SELECT count(*) FROM elicense_row"), before["index"]["rows"].to_string());
    assert!(!ends.is_in_directory());
    assert!(ends.data().join("ledger.moved/00000000.seg").exists());
    assert!(!ends.data().join("ledger").exists() && !ends.data().join("moving").exists());
    assert!(!ends.check().status.success(), "nothing opens the directory as if its store were there");
    let mut serve = elicense();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(ends.data());
    let served = run(&mut serve);
    assert!(!served.status.success() && said(&served).contains("--store"), "{}", said(&served));
    assert_eq!(done(ends.out())["entries"], entries, "once more does no harm");
    let node = Start::serve(ends.data(), &ends.installation.folder).over(&ends.url).ready();
    ends.assert_everything_is_there(&node);
    refused(ends.back(), 65, "stop the service");
    assert!(node.terminate().success());

    let node = ends.node().expect("a node opens it");
    assert!(node.read_from(0, 1).is_ok_and(|entries| entries.len() == 1));
    let here = done(ends.back());
    // What went on elsewhere is not in the database: its nodes do not answer from it.
    assert_eq!(node.read_from(0, 1), Err(EngineError::Moved));
    assert_eq!(node.turn(), Err(EngineError::Moved));
    let opened = ends.node().map(drop).unwrap_err();
    assert!(opened.to_string().contains("moved to another place"), "{opened}");
    assert_eq!((&here["to"], &here["had"]), (&there["to"], &there["entries"]), "what was put away is used");
    assert_eq!(ends.in_database(), (entries, false));
    assert!(ends.is_in_directory() && !ends.data().join("ledger.moved").exists());
    let after = report_of_check(&ends);
    assert_eq!((&after["root"], &after["index"]), (&before["root"], &before["index"]));
    assert_eq!(done(ends.back())["entries"], entries, "once more does no harm");

    let service = ends.installation.serve();
    ends.assert_everything_is_there(&service);
    ends.issue(&service, "second", 3);
    assert!(service.terminate().success());
    let again = done(ends.out());
    assert_eq!((again["had"].as_u64(), again["entries"].as_u64()), (Some(entries), Some(entries + 3)));
    // Into a directory that has nothing of it.
    fs::remove_dir_all(ends.data().join("ledger.moved")).expect("removed");
    fs::remove_dir_all(ends.data().join("index.moved")).expect("removed");
    assert_eq!(done(ends.back())["had"], 0);
    report_of_check(&ends);
    let service = ends.installation.serve();
    ends.assert_everything_is_there(&service);
}

#[track_caller]
fn report_of_check(ends: &Ends) -> Value {
    let output = ends.check();
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A copy of an installation's directory: another node.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for file in fs::read_dir(from).expect("a listing") {
        let file = file.expect("a file");
        let (path, there) = (file.path(), to.join(file.file_name()));
        let kind = file.file_type().expect("a type");
        if kind.is_dir() {
            copy(&path, &there);
        } else if kind.is_file() {
            fs::copy(&path, &there).expect("copied");
        }
    }
}

#[test]
fn nodes_that_nobody_stopped_answer_nothing_from_a_ledger_that_was_moved_away() {
    let mut ends = Ends::new(2);
    done(ends.out());
    let other = ends.installation.folder.join("node");
    copy(ends.data(), &other);
    let start = Start::serve(&other, &ends.installation.folder).over(&ends.url);
    let node = start.ready();
    ends.assert_everything_is_there(&node);
    ends.issue(&node, "on-the-node", 2);
    done(ends.back());

    let service = ends.installation.serve();
    ends.assert_everything_is_there(&service);
    let suspended = ends.issued[0].clone();
    let changed =
        ends.issuer.change_status(&mut service.client(), &suspended.identifier, "suspended", "other");
    assert_eq!(changed.status, 200, "{changed}");
    let mut client = node.client();
    assert_eq!(verdict(&mut client, &suspended.envelope)["status"], "indeterminate");
    let late = ends.issuer.try_issue(&mut client, "late", "late").expect("an answer");
    assert_eq!(late.status, 503, "{late}");
    assert_eq!(client.send(&Request::get("/readyz")).status, 503);
    drop(node);
    let mut again = elicense();
    again.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&other).env("ELICENSE_STORE", &ends.url);
    refused(again, 65, "moved to another place");
}

/// Starts it and kills it after a while. Whether it had ended well before.
fn kill_after(mut command: Command, within: Duration, seed: &mut Seeded) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts");
    let most = u64::try_from(within.as_millis()).expect("a moment");
    sleep(seed.millis(0, most));
    let _ended = child.kill();
    child.wait().expect("it ends").success()
}

/// Kills it until it ends before it is killed, or a few times, and lets it end then. Returns how many kills hit it.
fn kill_again_and_again(
    ends: &Ends,
    way: impl Fn() -> Command,
    within: &mut Duration,
    seed: &mut Seeded,
) -> usize {
    let mut kills = 0;
    while kills < 8 && !kill_after(way(), *within, seed) {
        kills += 1;
        ends.assert_one_place_takes_orders_at_most();
    }
    let begun = Instant::now();
    done(way());
    // The next kills fall where this machine is at work.
    *within = begun.elapsed();
    ends.assert_one_place_takes_orders_at_most();
    kills
}

#[test]
fn killed_at_any_point_the_same_command_finishes() {
    let mut seed = Seeded::announced();
    let mut ends = Ends::new(40);
    let (mut out, mut back, mut round) = (0, 0, 0);
    let (mut out_within, mut back_within) = (Duration::from_millis(400), Duration::from_millis(400));
    while out < KILLS || back < KILLS {
        let root = report_of_check(&ends)["root"].clone();
        out += kill_again_and_again(&ends, || ends.out(), &mut out_within, &mut seed);
        assert!(!ends.is_in_directory() && ends.in_database().1);
        back += kill_again_and_again(&ends, || ends.back(), &mut back_within, &mut seed);
        assert!(ends.is_in_directory() && !ends.in_database().1);
        assert_eq!(report_of_check(&ends)["root"], root);
        let service = ends.installation.serve();
        ends.issue(&service, &format!("round-{round}"), 2);
        assert!(service.terminate().success());
        round += 1;
    }
    let service = ends.installation.serve();
    ends.assert_everything_is_there(&service);
}

#[test]
fn a_service_that_runs_is_in_the_way_and_a_move_is_in_the_way_of_a_service() {
    let ends = Ends::new(1);
    let service = ends.installation.serve();
    refused(ends.out(), 65, "stop the service");
    ends.assert_everything_is_there(&service);
    assert!(service.terminate().success());

    done(ends.out());
    done(ends.back());
    // Somebody holds the database's ledger: the move waits for its turn.
    let mut holder = Cluster::shared()
        .psql(&ends.database)
        .args(["-c", "BEGIN", "-c", "SELECT entries FROM elicense_ledger FOR UPDATE"])
        .args(["-c", "SELECT pg_sleep(60)"])
        .stdout(Stdio::null())
        .spawn()
        .expect("psql starts");
    let locked = "SELECT count(*) FROM pg_locks WHERE relation = 'elicense_ledger'::regclass";
    while ends.sql(locked) == "0" {
        sleep(Duration::from_millis(10));
    }
    let lock = || fs::read_to_string(ends.data().join("lock")).expect("a lock");
    let before = lock();
    let mut child = ends.out().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    while lock() == before || !lock().contains("store move") {
        sleep(Duration::from_millis(2));
    }
    let mut serve = elicense();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(ends.data());
    refused(serve, 65, "elicense store move");
    child.wait().expect("it gives up or goes on");
    holder.kill().expect("psql is killed");
    holder.wait().expect("psql ended");
    ends.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()");
    done(ends.out());
}

#[test]
fn a_database_of_somebody_else_is_left_alone() {
    let (one, other) = (Ends::new(2), Ends::new(1));
    let entries = done(one.out())["entries"].as_u64().expect("a count");
    let into_its = || moving(other.data(), &one.url);
    refused(into_its(), 65, "nodes append to");
    assert_eq!(one.in_database(), (entries, true), "it goes on taking orders");
    done(one.back());
    refused(into_its(), 65, "is another ledger");
    assert_eq!(one.in_database(), (entries, false));
    assert!(other.is_in_directory());
    other.assert_everything_is_there(&other.installation.serve());
    one.assert_everything_is_there(&one.installation.serve());
    refused(moving(&one.url, other.data()), 65, "nothing to move");
}

#[test]
fn the_ends_are_a_directory_and_a_database() {
    let ends = Ends::new(0);
    refused(moving(ends.data(), ends.data()), 64, "expected a postgres:// URL at one end");
    refused(moving(&ends.url, &ends.url), 64, "expected a directory at one end");
    let mut from_environment = elicense();
    from_environment.args(["store", "move", "--json", "--from"]).arg(ends.data());
    refused(from_environment, 64, "ELICENSE_STORE");
    let mut from_environment = elicense();
    from_environment.args(["store", "move", "--json", "--from"]).arg(ends.data());
    from_environment.env("ELICENSE_STORE", &ends.url);
    done(from_environment);
    refused(moving(&ends.url, ends.installation.folder.join("nothing")), 65, "no installation here");
    Cluster::shared().sql("postgres", &format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", ends.database));
    let gone = run(&mut ends.back());
    assert!(!gone.status.success() && !ends.is_in_directory(), "{}", said(&gone));
    Cluster::shared().sql("postgres", &format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", ends.database));
    done(ends.back());
}
