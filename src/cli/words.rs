//! Licences and verdicts in words. Both come as the JSON of the API, from this process or from a service.

use std::fmt::Write as _;

use serde_json::Value;

use super::OutputArgs;
use super::exit::CliError;
use super::print::line;
use crate::verify::{Check, Code, Language, Outcome, Status};

/// A licence as its department sees it.
pub(super) fn print_licence(licence: &Value, output: OutputArgs) -> Result<(), CliError> {
    if output.json {
        return line(format_args!("{licence:#}"));
    }
    let until = licence.get("valid_to").and_then(Value::as_str).unwrap_or("long-term");
    line(format_args!("{}  {}", text(licence, "type_name"), text(licence, "number")))?;
    line(format_args!("identifier  {}", text(licence, "identifier")))?;
    line(format_args!("status      {}", text(licence, "status")))?;
    line(format_args!("in force    {} to {until}", text(licence, "valid_from")))?;
    for event in array(licence, "history") {
        line(format_args!("  {}  {}  {}", text(event, "at"), text(event, "to"), text(event, "reason")))?;
    }
    Ok(())
}

/// A verdict.
pub(super) fn print_verdict(
    verdict: &Value,
    status: Status,
    language: Language,
    output: OutputArgs,
) -> Result<(), CliError> {
    if output.json { line(format_args!("{verdict:#}")) } else { line(in_words(verdict, status, language)) }
}

fn in_words(verdict: &Value, status: Status, language: Language) -> String {
    let mut words = status.headline(language).to_owned();
    for finding in array(verdict, "findings") {
        let label = check_label(text(finding, "check"), language);
        let outcome = outcome_label(text(finding, "result"), language);
        // A string takes whatever is written to it.
        let _ = write!(words, "\n  {label}: {outcome}  {}", sentence(text(finding, "code"), language));
        if let Some(detail) = finding.get("detail").and_then(Value::as_str) {
            let _ = write!(words, "\n    {detail}");
        }
    }
    words.push_str(&age_in_words(verdict, language));
    if let Some(licence) = verdict.get("licence") {
        let authority = licence.get("authority").map(|authority| text(authority, "name")).unwrap_or_default();
        let (name, number) = (text(licence, "type_name"), text(licence, "number"));
        let _ = write!(words, "\n{name}  {number}  {authority}\n  {}", text(licence, "identifier"));
        for holder in array(licence, "holders") {
            let _ = write!(words, "\n  {}  {}", text(holder, "name"), text(holder, "code"));
        }
    }
    if let Some(Value::Object(disclosed)) = verdict.get("sd_jwt").and_then(|shown| shown.get("disclosed")) {
        let _ = write!(
            words,
            "\nSD-JWT VC  {}",
            verdict.get("sd_jwt").map(|shown| text(shown, "vct")).unwrap_or_default()
        );
        for (claim, value) in disclosed {
            let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _ = write!(words, "\n  {claim}: {plain}");
        }
    }
    words
}

/// How old the status was, where the verdict was judged by a pack.
fn age_in_words(verdict: &Value, language: Language) -> String {
    let freshness = verdict.get("freshness").unwrap_or(&Value::Null);
    let Some(pack) = freshness.get("pack").and_then(Value::as_str) else { return String::new() };
    let grade = freshness.get("status").map(|status| text(status, "grade")).unwrap_or_default();
    match (language, grade) {
        (Language::Zh, "fresh") => format!("\n离线核验：状态截至 {pack}，在该类证照的时限之内。"),
        (Language::Zh, "stale") => format!("\n离线核验：只能说明截至 {pack} 有效，离线包该更新了。"),
        (Language::Zh, "too_old") => format!("\n离线核验：离线包制作于 {pack}，太旧，不能作数，请更新。"),
        (Language::Zh, _) => format!("\n离线核验：离线包制作于 {pack}，其中没有这份证照的状态。"),
        (Language::En, "fresh") => {
            format!("\nOffline: the status is as of {pack}, recent enough for this type.")
        }
        (Language::En, "stale") => {
            format!("\nOffline: this holds as of {pack} only; the pack should be updated.")
        }
        (Language::En, "too_old") => format!("\nOffline: the pack of {pack} is too old to count. Update it."),
        (Language::En, _) => format!("\nOffline: the pack of {pack} does not say how this licence is."),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn array<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The sentence of a code; one of a later version is shown as it is.
fn sentence(code: &str, language: Language) -> &str {
    let known = Code::ALL.iter().find(|known| known.as_str() == code);
    known.map_or(code, |known| known.sentence(language))
}

/// The label of a check; one of a later version is shown as it is.
fn check_label(word: &str, language: Language) -> &str {
    let known = Check::ALL.into_iter().chain([Check::Holder]).find(|known| known.as_str() == word);
    known.map_or(word, |known| known.label(language))
}

/// The outcome of a check.
fn outcome_label(word: &str, language: Language) -> &str {
    match word {
        "pass" => Outcome::Pass.label(language),
        "fail" => Outcome::Fail.label(language),
        "unknown" => Outcome::Unknown.label(language),
        word => word,
    }
}
