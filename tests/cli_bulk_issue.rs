//! `elicense issue` with thousands of rows: killed in the middle and run again, every row is one licence.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use support::demo::Demo;
use support::seed::Seeded;
use support::service::{Service, Start, elicense, run};
use support::tree;

const ROWS: usize = 3_000;
/// Every so many rows one is bad, in one of [`bad_row`]'s ways.
const BAD_EVERY: usize = 250;

/// A demonstration, and a file of rows for its business licences.
struct Bulk {
    _place: tempfile::TempDir,
    data: PathBuf,
    logs: PathBuf,
    file: PathBuf,
    department: String,
    /// Licences that it had before.
    before: u64,
}

impl Bulk {
    fn new() -> (Self, Service) {
        let place = tempfile::tempdir().expect("a temporary directory");
        let (data, logs) = (place.path().join("data"), place.path().to_owned());
        let service = Start::demo(&data, &logs).ready();
        let demo = Demo::read(&data);
        let issues = |types: &[String]| types.iter().any(|code| code == "11100000MB0143028R001");
        let department = demo.departments.iter().find(|one| issues(&one.types)).expect("an issuer");
        let file = place.path().join("rows.ndjson");
        std::fs::write(&file, rows()).expect("the rows can be written");
        let before = u64::try_from(demo.licences.len()).expect("a count");
        let bulk = Self { data, logs, file, department: department.code.clone(), before, _place: place };
        (bulk, service)
    }

    fn command(&self) -> Command {
        let mut command = elicense();
        command.args(["issue", "--json", "--department", &self.department, "--data"]);
        command.arg(&self.data).arg(&self.file);
        command
    }

    /// Starts it, and returns once it has told of `rows` rows; its output goes on into nothing.
    fn begun(&self, rows: u64) -> Child {
        let log = std::fs::File::create(self.logs.join("issue.log")).expect("a log");
        let mut child = self.command();
        let mut child = child.stdout(Stdio::piped()).stderr(log).spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        for _ in 0..rows {
            line.clear();
            assert!(lines.read_line(&mut line).expect("a line") > 0, "it ended early: {}", self.log());
        }
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        child
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.logs.join("issue.log")).unwrap_or_default()
    }

    /// The last run: every good row is issued, every bad one refused, in order, and the ledger has each once.
    fn assert_every_row_is_one_licence(&self, last: &Output) {
        assert_eq!(last.status.code(), Some(65), "{}", String::from_utf8_lossy(&last.stderr));
        let told = String::from_utf8(last.stdout.clone()).expect("UTF-8");
        let told: Vec<Value> =
            told.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
        let mut identifiers = BTreeSet::new();
        for (index, line) in told.iter().enumerate() {
            let row = index + 1;
            assert_eq!(line["row"], json!(row), "the order of the file");
            match bad_row(row) {
                None => {
                    assert_eq!(line["issued"]["number"], json!(number(row)), "{line}");
                    identifiers.insert(line["issued"]["identifier"].to_string());
                }
                Some((_, code)) => {
                    assert_eq!(line["refused"]["code"], json!(code), "{line}");
                    assert!(line["refused"]["detail"].as_str().is_some_and(|why| !why.is_empty()));
                }
            }
        }
        let good = (1..=ROWS).filter(|row| bad_row(*row).is_none()).count();
        assert_eq!((told.len(), identifiers.len()), (ROWS, good));
        let checked = run(elicense().args(["store", "check", "--json", "--data"]).arg(&self.data));
        let checked: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
        let issued = checked["kinds"]["licence issued"].as_u64().expect("a count");
        assert_eq!(issued - self.before, u64::try_from(good).expect("a count"), "a row was issued twice");
    }
}

fn number(row: usize) -> String {
    format!("BULK-{row:05}")
}

/// What is wrong with a row, and the code that says so.
fn bad_row(row: usize) -> Option<(&'static str, &'static str)> {
    let kinds = [
        ("cut", "not_json"),
        ("unknown type", "type_unknown"),
        ("another's type", "type_not_authorised"),
        ("no holder", "draft_refused"),
        ("long", "too_large"),
    ];
    (row.is_multiple_of(BAD_EVERY)).then(|| kinds[row / BAD_EVERY % kinds.len()])
}

fn rows() -> String {
    let sample = std::fs::read(tree("fixtures/licences/business-licence-benchmark.json")).expect("a sample");
    let sample: Value = serde_json::from_slice(&sample).expect("JSON");
    let mut text = String::new();
    for row in 1..=ROWS {
        let mut draft = sample.clone();
        draft["number"] = json!(number(row));
        let mut cut = 0;
        match bad_row(row).map(|(kind, _)| kind) {
            Some("cut") => cut = 20,
            Some("unknown type") => draft["type"] = json!("11100000MB0143028R999"),
            Some("another's type") => draft["type"] = json!("11100000000019713D008"),
            Some("no holder") => draft["holders"] = json!([]),
            Some("long") => draft["fields"]["scope"] = json!("长".repeat(100_000)),
            _ => {}
        }
        let draft = draft.to_string();
        writeln!(text, "{}", &draft[..draft.len() - cut]).expect("a string grows");
    }
    text
}

#[test]
fn through_a_service_killed_in_the_middle_every_row_is_issued_once() {
    let mut seed = Seeded::announced();
    let (bulk, service) = Bulk::new();
    let mut killed = bulk.begun(seed.between(1, 900));
    killed.kill().expect("a child can be killed");
    killed.wait().expect("a killed child ends");

    let mut left = bulk.begun(seed.between(900, 2_000));
    service.kill();
    let status = left.wait().expect("it ends");
    assert_eq!(status.code(), Some(70), "the service is gone: {}", bulk.log());
    assert!(bulk.log().contains("run the same command again"), "{}", bulk.log());

    let service = Start::serve(&bulk.data, &bulk.logs).ready();
    bulk.assert_every_row_is_one_licence(&run(&mut bulk.command()));
    assert!(service.terminate().success());
    // And once more without a service: everything is found, nothing is issued.
    bulk.assert_every_row_is_one_licence(&run(&mut bulk.command()));
}

#[test]
fn on_the_store_itself_killed_and_stopped_every_row_is_issued_once() {
    let mut seed = Seeded::announced();
    let (bulk, service) = Bulk::new();
    assert!(service.terminate().success());
    for round in 0..3 {
        let mut killed = bulk.begun(seed.between(1 + round * 600, 600 + round * 600));
        killed.kill().expect("a child can be killed");
        killed.wait().expect("a killed child ends");
    }
    let mut stopped = bulk.begun(seed.between(1, 2_000));
    kill_process(Pid::from_child(&stopped), Signal::INT).expect("a child can be signalled");
    assert_eq!(stopped.wait().expect("it ends").code(), Some(130), "{}", bulk.log());
    assert!(bulk.log().contains("\"stopped\":true"), "{}", bulk.log());
    bulk.assert_every_row_is_one_licence(&run(&mut bulk.command()));
}

#[test]
fn a_department_that_does_not_issue_is_told_so_once() {
    let (bulk, service) = Bulk::new();
    let verifier = Demo::read(&bulk.data).departments.into_iter().find(|one| one.types.is_empty());
    let verifier = verifier.expect("a department that only verifies").code;
    let told = |department: &str| {
        let mut command = elicense();
        command.args(["issue", "--department", department, "--data"]).arg(&bulk.data).arg(&bulk.file);
        let output = run(&mut command);
        assert_eq!(output.status.code(), Some(65));
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    for department in [verifier.as_str(), "11999900MB00004410"] {
        let through_the_service = told(department);
        assert!(through_the_service.lines().count() <= 2, "{through_the_service}");
        assert!(through_the_service.contains("department"), "{through_the_service}");
    }
    assert!(service.terminate().success());
    for department in [verifier.as_str(), "11999900MB00004410"] {
        let directly = told(department);
        assert!(directly.lines().count() <= 2 && directly.contains("department"), "{directly}");
    }
}

#[test]
fn rows_come_from_standard_input_as_well() {
    let (bulk, _service) = Bulk::new();
    let few: String = rows().lines().take(5).map(|line| format!("{line}\r\n\r\n")).collect();
    let input = bulk.logs.join("input");
    std::fs::write(&input, few).expect("the rows can be written");
    let mut command = elicense();
    command.args(["issue", "--json", "--department", &bulk.department, "--data"]).arg(&bulk.data).arg("-");
    let output = command.stdin(std::fs::File::open(&input).expect("a file")).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    let rows: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let places: Vec<u64> = rows.iter().filter_map(|row| row["row"].as_u64()).collect();
    assert_eq!(places, [1, 3, 5, 7, 9]);
    assert!(rows.iter().all(|row| row["file"] == json!("standard input")));
    assert_equal_rows_are_one_licence(&bulk, &rows);
    assert!(is_missing_told_before_anything_is_issued(&bulk, &input));
}

/// The same rows with other line ends, and a few more, each twice: the same licences.
fn assert_equal_rows_are_one_licence(bulk: &Bulk, issued: &[Value]) {
    let twice: String = rows().lines().take(10).map(|line| format!("{line}\n {line}\n")).collect();
    let file = bulk.logs.join("twice.jsonl");
    std::fs::write(&file, twice.trim_end()).expect("the rows can be written");
    let mut command = elicense();
    command.args(["issue", "--json", "--department", &bulk.department, "--data"]).arg(&bulk.data).arg(&file);
    let output = run(&mut command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    let again: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let identifiers = |rows: &[Value]| -> Vec<String> {
        rows.iter().map(|row| row["issued"]["identifier"].to_string()).collect()
    };
    let (first, again): (Vec<_>, Vec<_>) =
        identifiers(&again).chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).unzip();
    assert_eq!(first, again);
    assert_eq!(first[..issued.len()], identifiers(issued));
}

fn is_missing_told_before_anything_is_issued(bulk: &Bulk, file: &Path) -> bool {
    let mut command = elicense();
    command.args(["issue", "--department", &bulk.department, "--data"]).arg(&bulk.data);
    let output = run(command.arg(file).arg(bulk.logs.join("no-such-file")));
    output.status.code() == Some(65) && output.stdout.is_empty()
}
