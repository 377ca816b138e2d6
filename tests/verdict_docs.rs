//! `docs/VERDICTS.md` lists every verdict code with its sentences and grade, and no other.

#![allow(clippy::expect_used, clippy::panic, reason = "a failure here is a test's failure")]

use std::collections::BTreeMap;

use elicense::verify::{Check, Code, Language, Outcome, Status};

/// The cells of each row of the table under a heading, without its two head rows. A row is as long as its head.
fn table(page: &str, heading: &str) -> Vec<Vec<String>> {
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
    rows.into_iter().skip(2).collect()
}

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/VERDICTS.md"))
        .expect("the page of verdicts is there")
}

#[test]
fn every_code_is_listed_with_its_sentences_and_grade_and_no_other() {
    let expected: Vec<Vec<String>> = Code::ALL
        .iter()
        .map(|code| {
            vec![
                code.as_str().to_owned(),
                code.grade().to_string(),
                code.sentence(Language::Zh).to_owned(),
                code.sentence(Language::En).to_owned(),
            ]
        })
        .collect();
    let listed: Vec<Vec<String>> = table(&page(), "Codes")
        .into_iter()
        .map(|row| {
            let [code, _, _, grade, zh, en]: [String; 6] = row.try_into().expect("six columns");
            vec![code, grade, zh, en]
        })
        .collect();
    assert_eq!(listed, expected, "the page's codes and those of src/verify/code.rs");
}

#[test]
fn checks_and_results_are_real_ones() {
    let outcomes: BTreeMap<&str, Outcome> =
        [("pass", Outcome::Pass), ("fail", Outcome::Fail), ("unknown", Outcome::Unknown)].into();
    for row in table(&page(), "Codes") {
        let [code, checks, results, ..] = &*row else { panic!("{row:?} is too short") };
        for check in checks.split(", ").filter(|check| *check != "every one") {
            assert!(Check::EVERY.iter().any(|known| known.as_str() == check), "{code}: {check}");
        }
        for result in results.split(", ") {
            let outcome = outcomes.get(result).unwrap_or_else(|| panic!("{code}: {result}"));
            let known = Code::ALL.iter().find(|known| known.as_str() == code);
            let good = known.is_some_and(|known| known.grade() == 0);
            assert_eq!(*outcome == Outcome::Pass, good, "{code}: {result}");
        }
    }
}

#[test]
fn every_code_says_what_to_do() {
    let advised: Vec<String> = table(&page(), "What to do at the window")
        .into_iter()
        .filter_map(|row| row.into_iter().next())
        .collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(advised, codes);
}

#[test]
fn every_status_and_check_has_its_row_and_chinese_word() {
    let page = page();
    for status in [Status::Valid, Status::Invalid, Status::Indeterminate] {
        let words = format!("| `{}` | {} |", status.as_str(), status.headline(Language::Zh));
        assert!(page.contains(&words), "no row has {words}");
    }
    for check in Check::EVERY {
        let words = format!("| `{}` | {} |", check.as_str(), check.label(Language::Zh));
        assert!(page.contains(&words), "no row has {words}");
    }
}
