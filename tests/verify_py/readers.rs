//! Readers in Python over many credentials at once, beside our own verifier.

use std::io::Write as _;
use std::process::{Command, Stdio};

use elicense::pki::TrustStore;
use elicense::time::UnixTime;
use elicense::verify::{Check, Code, Outcome, Verdict, Verifier};

use crate::city::tree;

/// What somebody presents.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    Text(String),
    Bytes(Vec<u8>),
}

/// One credential to judge, by which trust list, for which time.
pub(crate) struct Case<'a> {
    pub(crate) name: String,
    pub(crate) credential: Credential,
    pub(crate) trust: &'a Trust,
    pub(crate) at: UnixTime,
}

/// A trust list as bytes, for the other reader, and loaded, for ours.
pub(crate) struct Trust {
    pub(crate) envelope: Vec<u8>,
    pub(crate) store: TrustStore,
}

/// The five checks that need no records.
pub(crate) const CHECKS: [Check; 5] =
    [Check::Format, Check::Issuer, Check::Scope, Check::Signature, Check::Dates];

/// A check's word by the one reader or the other.
pub(crate) type Codes = [String; 5];

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The readers that share no code with ours.
#[derive(Clone, Copy)]
pub(crate) enum Reader {
    /// `docs/verify.py`, the short one.
    Short,
    /// `tests/second_reader/`, which has every rule that a licence can break.
    Second,
}

impl Reader {
    const fn path(self) -> &'static str {
        match self {
            Self::Short => "docs/verify.py",
            Self::Second => "tests/second_reader/licence.py",
        }
    }
}

/// What another reader says to each case, all of them in one process.
pub(crate) fn read_by(reader: Reader, cases: &[Case<'_>]) -> Vec<Codes> {
    let answers = ask(reader, cases.iter().map(line).collect());
    assert_eq!(answers.len(), cases.len());
    answers.iter().map(codes_in).collect()
}

/// Which of these trust lists another reader believes under a root.
pub(crate) fn believed_by(reader: Reader, trust_lists: &[Vec<u8>], root: &[u8]) -> Vec<bool> {
    let line =
        |list: &Vec<u8>| serde_json::json!({ "trust": hex(list), "root": hex(root), "at": 0, "text": "" });
    let lines = trust_lists.iter().map(|list| format!("{}\n", line(list))).collect();
    ask(reader, lines).iter().map(|answer| !answer.is_null()).collect()
}

fn ask(reader: Reader, lines: String) -> Vec<serde_json::Value> {
    let mut driver = Command::new(crate::python())
        .arg(tree("tests/verify_py/driver.py"))
        .arg(tree(reader.path()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = driver.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = driver.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the driver of {} failed", reader.path());
    let answers = String::from_utf8(output.stdout).unwrap();
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn line(case: &Case<'_>) -> String {
    let mut line = serde_json::json!({
        "trust": hex(&case.trust.envelope),
        "root": hex(case.trust.store.root_fingerprint().as_bytes()),
        "at": case.at.seconds(),
    });
    match &case.credential {
        Credential::Text(text) => line["text"] = text.as_str().into(),
        Credential::Bytes(bytes) => line["bytes"] = hex(bytes).into(),
    }
    format!("{line}\n")
}

fn codes_in(answer: &serde_json::Value) -> Codes {
    assert!(answer.is_object(), "the other reader does not believe the trust list");
    CHECKS.map(|check| answer[check.as_str()].as_str().unwrap().to_owned())
}

/// What our own verifier says, from the same trust list and nothing else.
pub(crate) fn read_here(case: &Case<'_>) -> Codes {
    let verifier = Verifier::new(&case.trust.store);
    let verdict: Verdict = match &case.credential {
        Credential::Text(text) => verifier.verify_text(text, case.at),
        Credential::Bytes(bytes) => verifier.verify_bytes(bytes, case.at),
    };
    CHECKS.map(|check| {
        let finding = verdict.finding(check).unwrap();
        match (finding.code, finding.result) {
            // A word of its own, because its answers have no results beside the words.
            (Code::IssuerRevoked, Outcome::Unknown) => "issuer_perhaps_revoked".to_owned(),
            (code, _) => code.as_str().to_owned(),
        }
    })
}

/// Word for word; but the other reader reads licences only, and says of a receipt or a presentation no more than that it is
/// none. Then ours must not have passed it for anything.
fn agree(here: &Codes, there: &Codes) -> bool {
    let [format, ..] = there;
    here == there
        || (format == "wrong_type" && here.iter().any(|code| code != "ok" && code != "not_applicable"))
}

/// Judges all cases by ours and the second reader, which have to agree on every word, and hands out what they said.
#[track_caller]
pub(crate) fn judge(cases: &[Case<'_>]) -> Vec<Codes> {
    let again = read_by(Reader::Second, cases);
    let disagreements: Vec<String> = cases
        .iter()
        .zip(&again)
        .filter(|(case, again)| !agree(&read_here(case), again))
        .map(|(case, again)| format!("{}: here {:?}, there {again:?}", case.name, read_here(case)))
        .collect();
    assert!(disagreements.is_empty(), "{} of them:\n{}", disagreements.len(), disagreements.join("\n"));
    again
}
