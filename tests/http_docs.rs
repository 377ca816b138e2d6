//! `docs/API.md` lists every call and every problem code, and no other.

#![allow(clippy::expect_used, clippy::panic, reason = "a failure here is a test's failure")]

use std::collections::BTreeSet;
use std::path::Path;

use elicense::http::{ROUTES, Verb};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first cell, without its backticks, of each row of the table under a heading.
fn first_column(page: &str, heading: &str) -> BTreeSet<String> {
    page.lines()
        .skip_while(|line| *line != format!("## {heading}"))
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.split('|').nth(1).unwrap_or_default().trim().trim_matches('`').to_owned())
        .collect()
}

/// The words in double quotes that are written as codes are.
fn words_in_quotes(source: &str) -> BTreeSet<String> {
    let code = |word: &&str| {
        word.contains('_') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    source
        .lines()
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(code)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_call_is_listed_and_no_other() {
    let verb = |verb| match verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
    };
    let calls = ROUTES.iter().map(|route| format!("{} {}", verb(route.method), route.path));
    assert_eq!(first_column(&read("docs/API.md"), "The calls"), calls.collect());
}

#[test]
fn every_problem_code_is_listed_and_no_other() {
    let listed = first_column(&read("docs/API.md"), "Problems");
    let mut source = read("src/registry/act_error.rs")
        + &read("src/registry/access_error.rs")
        + &read("src/licence/json.rs");
    for folder in ["src/http", "src/http/page"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("its entries can be read").path();
            // Names of metrics are no codes.
            let is_metrics = path.ends_with("metrics.rs");
            if !is_metrics && path.extension().is_some_and(|extension| extension == "rs") {
                let file = read(path.to_str().expect("paths are UTF-8"));
                // What a file's own tests quote are no codes.
                source += file.split("#[cfg(test)]").next().unwrap_or_default();
            }
        }
    }
    let in_code = words_in_quotes(&source);
    let unlisted: Vec<_> = in_code.difference(&listed).collect();
    assert!(unlisted.is_empty(), "not in docs/API.md: {unlisted:?}");
    let gone: Vec<_> = listed.iter().filter(|code| !source.contains(&format!("\"{code}\""))).collect();
    assert!(gone.is_empty(), "only in docs/API.md: {gone:?}");
}
