//! The rules of the house, on the house: which way things flow, how long they get, what the documentation names.
//!
//! A rule that has to give way somewhere has a table of exceptions in `tests/tidy/code.rs`, a line and a reason each.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/words.rs"]
mod words;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use source::SourceFile;
use words::Page;

/// Every file of the tree that is or would be committed.
fn tracked() -> BTreeSet<String> {
    let listing = Command::new("git")
        .args(["-c", "core.quotepath=off", "ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("git lists the tree's files");
    assert!(listing.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
    let files: BTreeSet<String> = String::from_utf8(listing.stdout)
        .expect("file names are UTF-8")
        .lines()
        .filter(|path| top().join(path).is_file())
        .map(str::to_owned)
        .collect();
    assert!(files.contains("Cargo.toml"), "the list of files is not this tree's: {files:?}");
    files
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The file's text; `None` for pictures and other bytes.
fn text(path: &str) -> Option<String> {
    String::from_utf8(std::fs::read(top().join(path)).expect("a listed file can be read")).ok()
}

/// The library's and the binary's source, with what belongs to tests marked.
fn source_files() -> Vec<SourceFile> {
    let paths: Vec<String> =
        tracked().into_iter().filter(|path| path.starts_with("src/") && path.ends_with(".rs")).collect();
    let files: Vec<SourceFile> =
        paths.iter().map(|path| SourceFile::new(path, &text(path).expect("Rust source is UTF-8"))).collect();
    let for_tests: BTreeSet<String> = files
        .iter()
        .flat_map(|file| {
            let folder = match file.path.rsplit_once('/') {
                Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
                _ => file.path.trim_end_matches(".rs").to_owned(),
            };
            file.test_modules().into_iter().map(move |module| format!("{folder}/{module}"))
        })
        .collect();
    files
        .into_iter()
        .map(|file| {
            let is_for_tests = for_tests.iter().any(|module| {
                file.path
                    .strip_prefix(module.as_str())
                    .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            });
            if is_for_tests { file.all_for_tests() } else { file }
        })
        .collect()
}

#[track_caller]
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[track_caller]
fn assert_source_obeys(rule: fn(&SourceFile) -> Vec<String>) {
    assert_none(source_files().iter().flat_map(rule).collect());
}

#[test]
fn modules_use_only_what_is_below_them() {
    assert_source_obeys(code::layers);
}

#[test]
fn files_are_short() {
    assert_source_obeys(code::file_length);
}

#[test]
fn functions_are_short_and_take_few_things() {
    assert_source_obeys(code::function_shape);
}

#[test]
fn every_possible_panic_gives_its_reason() {
    assert_source_obeys(code::panics_with_reason);
}

#[test]
fn clock_environment_and_logs_stay_at_the_top() {
    assert_source_obeys(code::ambient);
}

#[test]
fn every_file_says_what_it_is() {
    assert_source_obeys(code::module_doc);
    let others = tracked().into_iter().filter(|path| {
        path.ends_with(".rs") && ["tests/", "benches/", "fuzz/"].iter().any(|folder| path.starts_with(folder))
    });
    assert_none(
        others
            .flat_map(|path| code::module_doc(&SourceFile::new(&path, &text(&path).expect("UTF-8"))))
            .collect(),
    );
}

#[test]
fn re_exports_are_spelt_out() {
    assert_source_obeys(code::no_glob_re_exports);
}

#[test]
fn nothing_is_left_undone() {
    let texts = tracked().into_iter().filter_map(|path| text(&path).map(|text| (path, text)));
    assert_none(
        texts
            .filter(|(path, _)| !path.ends_with(".lock") && !path.starts_with("fixtures/"))
            .flat_map(|(path, text)| words::nothing_undone(&path, &text))
            .collect(),
    );
}

#[test]
fn nothing_names_a_machine_or_a_registry() {
    let texts = tracked().into_iter().filter_map(|path| text(&path).map(|text| (path, text)));
    assert_none(texts.flat_map(|(path, text)| words::no_places(&path, &text)).collect());
}

#[test]
fn dependencies_are_pinned_and_wanted() {
    let read = |path: &str| text(path).expect("manifest and lock file are UTF-8");
    assert_none(words::manifest(&read("Cargo.toml")));
    assert_none(words::lock_file(&read("Cargo.lock")));
}

/// The pages people read: the READMEs and everything in `docs/`.
fn pages() -> Vec<(String, Page)> {
    let pages: Vec<(String, Page)> = tracked()
        .into_iter()
        .filter(|path| path.ends_with(".md") && (path.starts_with("docs/") || path.starts_with("README")))
        .map(|path| {
            let page = Page::parse(&text(&path).expect("pages are UTF-8"));
            (path, page)
        })
        .collect();
    assert!(!pages.is_empty(), "no pages at all");
    pages
}

#[test]
fn every_path_that_the_pages_name_exists() {
    let tracked = tracked();
    let top_level: BTreeSet<String> =
        tracked.iter().filter_map(|path| path.split_once('/').map(|(first, _)| first.to_owned())).collect();
    let mut complaints = Vec::new();
    for (name, page) in pages() {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let missing = page.paths(folder, &top_level).into_iter();
        complaints.extend(
            missing
                .filter(|path| !words::path_exists(path, folder, &tracked))
                .map(|path| format!("{name}: {path}")),
        );
    }
    assert_none(complaints);
}

/// What reads like a command and is none: the labels that keys are derived under (docs/STORE.md).
const KEY_LABELS: [&str; 3] = ["segment", "index", "index value"];

#[test]
fn every_command_that_the_pages_name_exists() {
    let mut complaints = Vec::new();
    for (name, page) in pages() {
        for call in
            page.subcommands().into_iter().filter(|call| !KEY_LABELS.contains(&call.join(" ").as_str()))
        {
            if let Err(complaint) = known_to_the_binary(&call) {
                complaints.push(format!("{name}: elicense {}: {complaint}", call.join(" ")));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn a_command_or_option_that_does_not_exist_is_told() {
    let call = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(known_to_the_binary(&call(&["store", "check"])), Ok(()));
    for wrong in [&["frobnicate"][..], &["store", "frobnicate"], &["verify", "--frobnicate"]] {
        assert!(known_to_the_binary(&call(wrong)).is_err(), "{wrong:?} went unnoticed");
    }
}

/// Walks the binary's own help down the words of a call: each command among those listed, each option named.
fn known_to_the_binary(call: &[String]) -> Result<(), String> {
    let (commands, options): (Vec<&String>, Vec<&String>) =
        call.iter().partition(|word| !word.starts_with("--"));
    let mut so_far: Vec<&str> = Vec::new();
    let mut help = help_of(&so_far)?;
    for command in commands {
        let listed = listed_commands(&help);
        if listed.is_empty() && !so_far.is_empty() {
            break; // an argument, not a command
        }
        if !listed.contains(command.as_str()) {
            return Err(format!("{command} is not among {listed:?}"));
        }
        so_far.push(command);
        help = help_of(&so_far)?;
    }
    let words: BTreeSet<&str> = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
    match options.into_iter().find(|option| !words.contains(option.as_str())) {
        Some(option) => Err(format!("its help has no {option}")),
        None => Ok(()),
    }
}

fn help_of(command: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_elicense"))
        .args(command)
        .arg("--help")
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("--help ends with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// The names under `Commands:` in a help text.
fn listed_commands(help: &str) -> BTreeSet<&str> {
    help.lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

#[test]
fn the_readmes_say_the_same() {
    let read = |path: &str| text(path).expect("a README is UTF-8");
    assert_none(words::readmes_agree(&read("README.md"), &read("README.zh.md")));
}
