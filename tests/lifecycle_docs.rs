//! `docs/LIFECYCLE.md` shows the tables of the code: states, standings, changes, kinds of replacement.

#![allow(clippy::expect_used, clippy::panic, reason = "a failure here is a test's failure")]

use elicense::licence::{Replacement, Standing, State};
use elicense::verify::Code;

/// The rows of the table under a heading, without its two head rows, without backticks.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LIFECYCLE.md"))
        .expect("the page of the lifecycle is there");
    let rows: Vec<Vec<String>> = page
        .lines()
        .skip_while(|line| *line != format!("## {heading}"))
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        })
        .collect();
    let columns = rows.first().unwrap_or_else(|| panic!("no table under {heading:?}")).len();
    assert!(rows.iter().all(|row| row.len() == columns), "{heading}: rows of different lengths");
    rows
}

fn body(heading: &str) -> Vec<Vec<String>> {
    table(heading).into_iter().skip(2).collect()
}

#[test]
fn every_state_stands_there_with_its_codes_and_no_other() {
    let expected: Vec<Vec<String>> = State::ALL
        .iter()
        .map(|state| {
            let (code, grade, list) = (state.ministry_code().code(), state.grade(), state.list_value());
            [state.as_str(), state.zh(), state.en(), code, &grade.to_string(), &list.to_string()]
                .map(str::to_owned)
                .into()
        })
        .collect();
    let listed = body("States").into_iter().map(|mut row| {
        let verdict = row.pop().expect("a verdict");
        let grade = row.get(4).expect("a grade").clone();
        let code = Code::ALL.iter().find(|code| code.as_str() == verdict);
        assert_eq!(code.map(|code| code.grade().to_string()), Some(grade), "{row:?}");
        row
    });
    assert_eq!(listed.collect::<Vec<_>>(), expected);
}

#[test]
fn every_derived_standing_stands_there_and_no_other() {
    let expected: Vec<Vec<String>> = Standing::DERIVED
        .iter()
        .map(|standing| {
            let (code, grade) = (standing.ministry_code().code(), standing.grade().to_string());
            [standing.as_str(), standing.zh(), standing.en(), code, &grade].map(str::to_owned).into()
        })
        .collect();
    let listed = body("Standings").into_iter().map(|mut row| {
        assert!(!row.pop().expect("when it begins").is_empty());
        row
    });
    assert_eq!(listed.collect::<Vec<_>>(), expected);
}

#[test]
fn every_change_is_allowed_or_refused_as_in_the_table() {
    let rows = table("Changes");
    let words: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
    let head = rows.first().expect("a head");
    assert_eq!(head.get(1..).expect("columns"), words);
    let expected: Vec<Vec<String>> = State::ALL
        .iter()
        .map(|from| {
            let cell = |to: &State| from.transition_to(*to).map_or("–", |operation| operation.code());
            [from.as_str()].into_iter().chain(State::ALL.iter().map(cell)).map(str::to_owned).collect()
        })
        .collect();
    assert_eq!(body("Changes"), expected);
}

#[test]
fn every_kind_of_replacement_stands_there_and_no_other() {
    let expected: Vec<Vec<String>> = Replacement::ALL
        .iter()
        .map(|kind| [kind.as_str(), kind.zh(), kind.en(), kind.operation().code()].map(str::to_owned).into())
        .collect();
    assert_eq!(body("A newer licence"), expected);
}
