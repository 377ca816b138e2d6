//! `docs/ONE-NUMBER.md`: every command of the story is run as it stands on the page, and every answer is the one that it shows.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use support::service::Start;
use support::tree;

/// What stands for anything at all, in a text of an answer.
const ANYTHING: &str = "…";
/// Between the outputs of two blocks.
const SEPARATOR: &str = "\u{1e}";

/// A block of commands, and the answer that is shown behind it.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    commands: String,
    answer: Option<String>,
}

/// The blocks of a page, in order: what is in `sh`, and `json` behind it.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (language, block) in blocks(page) {
        match (language.as_str(), steps.last_mut()) {
            ("sh", _) => steps.push(Step { commands: block, answer: None }),
            ("json", Some(step @ Step { answer: None, .. })) => step.answer = Some(block),
            (other, _) => panic!("a block of {other:?} that answers nothing:\n{block}"),
        }
    }
    steps
}

fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some((language, text))) => open = Some((language, text + line + "\n")),
            (None, None) => {}
        }
    }
    assert_eq!(open, None, "a block without an end");
    blocks
}

/// Whether a text is one that the page shows.
fn text_is(shown: &str, text: &str) -> bool {
    let mut parts = shown.split(ANYTHING).collect::<Vec<_>>().into_iter();
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Where an answer differs from what the page shows; nothing where it does not.
fn difference(place: &str, shown: &Value, came: &Value) -> Option<String> {
    let same = match (shown, came) {
        (Value::String(shown), Value::String(came)) => text_is(shown, came),
        (Value::Array(shown), Value::Array(came)) if shown.len() == came.len() => {
            let mut pairs = shown.iter().zip(came).enumerate();
            return pairs.find_map(|(at, (shown, came))| difference(&format!("{place}/{at}"), shown, came));
        }
        (Value::Object(shown), Value::Object(came)) if shown.keys().eq(came.keys()) => {
            let mut pairs = shown.iter();
            return pairs.find_map(|(key, shown)| difference(&format!("{place}/{key}"), shown, &came[key]));
        }
        (shown, came) => shown == came,
    };
    (!same).then(|| format!("{place}: the page shows {shown}, the service answered {came}"))
}

/// What each block wrote, all of them run by one shell in `folder`.
fn run(steps: &[Step], folder: &Path) -> Vec<String> {
    let blocks: Vec<&str> = steps.iter().map(|step| step.commands.as_str()).collect();
    let script = format!("set -eu -o pipefail\n{}", blocks.join(&format!("printf '{SEPARATOR}'\n")));
    let done = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .env_remove("http_proxy")
        .output()
        .expect("bash, curl and jq are there (scripts/test.sh installs them)");
    let (said, trouble) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{}\n{said}\n{trouble}", done.status);
    said.split(SEPARATOR).map(str::to_owned).collect()
}

#[test]
fn the_story_is_what_happens() {
    let page = std::fs::read_to_string(tree("docs/ONE-NUMBER.md")).expect("the page of the story");
    let steps = steps(&page);
    let place = tempfile::tempdir().expect("a temporary directory");
    let service = Start::demo(&place.path().join("elicense-demo"), place.path()).ready();
    let outputs = run(&steps, place.path());
    assert_eq!(outputs.len(), steps.len());
    let mut compared = 0;
    for (step, output) in steps.iter().zip(&outputs) {
        let Some(shown) = &step.answer else {
            assert_eq!(output, "", "the page shows no answer to\n{}", step.commands);
            continue;
        };
        let shown: Value = serde_json::from_str(shown).unwrap_or_else(|error| panic!("{error}: {shown}"));
        let came: Value = serde_json::from_str(output).unwrap_or_else(|error| panic!("{error}: {output}"));
        assert_eq!(difference("", &shown, &came), None, "the answer to\n{}", step.commands);
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} answers on the page");
    let receipt = std::fs::read_to_string(place.path().join("receipt.html")).expect("the printed receipt");
    assert!(receipt.contains("2026-1124-0031") && receipt.contains("王小明"), "{receipt}");
    // Who applied stands neither on the receipt nor in what the service logs.
    for text in [receipt, service.output()] {
        assert!(!text.contains("999999189604120426"), "{text}");
    }
}

/// The comparison finds what is wrong: without this its silence would say nothing.
#[test]
fn an_answer_that_is_another_is_found() {
    let differs = |shown: &str, came: &str| {
        let read = |text: &str| serde_json::from_str(text).expect("JSON");
        difference("", &read(shown), &read(came))
    };
    assert_eq!(differs(r#"{"a": [1, "x…z"]}"#, r#"{"a": [1, "xyz"]}"#), None);
    assert_eq!(differs(r#""a…b…c""#, r#""a1b2c""#), None);
    for (shown, came) in [
        (r#"{"a": 1}"#, r#"{"a": 2}"#),
        (r#"{"a": 1}"#, r#"{"a": 1, "b": 1}"#),
        (r#"{"a": 1, "b": 1}"#, r#"{"a": 1}"#),
        ("[1]", "[1, 2]"),
        ("null", "false"),
        (r#""…""#, "null"),
        (r#""x…z""#, r#""xy""#),
        (r#""x…""#, r#""y""#),
        (r#""ab…ba""#, r#""aba""#),
        (r#""xyz""#, r#""xyz ""#),
    ] {
        assert!(differs(shown, came).is_some(), "{shown} passes for {came}");
    }
}

#[test]
fn blocks_are_cut_out_as_they_stand() {
    let page = "a\n```sh\none \\\n  two\n```\nb\n```json\n{}\n```\n```sh\nthree\n```\n";
    let step = |commands: &str, answer: Option<&str>| Step {
        commands: commands.to_owned(),
        answer: answer.map(str::to_owned),
    };
    assert_eq!(steps(page), [step("one \\\n  two\n", Some("{}\n")), step("three\n", None)]);
}
