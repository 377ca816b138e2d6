//! Licences and verdicts in words.

use serde_json::Value;

use super::OutputArgs;
use crate::verify::{Check, Language, Outcome, Verdict};

/// A licence as its department sees it.
pub(super) fn print_licence(licence: &Value, output: OutputArgs) {
    if output.json {
        println!("{licence:#}");
        return;
    }
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    println!("{}  {}", text(licence, "type_name"), text(licence, "number"));
    println!("identifier  {}", text(licence, "identifier"));
    println!("status      {}", text(licence, "status"));
    let until = licence.get("valid_to").and_then(Value::as_str).unwrap_or("long-term");
    println!("in force    {} to {until}", text(licence, "valid_from"));
    for event in licence.get("history").and_then(Value::as_array).into_iter().flatten() {
        println!("  {}  {}  {}", text(event, "at"), text(event, "to"), text(event, "reason"));
    }
}

/// A verdict for a person.
pub(super) fn print_verdict(verdict: &Verdict, language: Language) {
    println!("{}", verdict.status.headline(language));
    for finding in &verdict.findings {
        let label = finding.check.label(language);
        println!("  {label}: {}  {}", finding.result.label(language), finding.code.sentence(language));
        if let Some(detail) = &finding.detail {
            println!("    {detail}");
        }
    }
    if let Some(shown) = &verdict.licence {
        let licence = shown.licence();
        println!("{}  {}  {}", licence.type_name, licence.number, licence.authority.name());
        for holder in &licence.holders {
            println!("  {}  {}", holder.name(), holder.code());
        }
    }
}

/// The sentence of a code that came from a service; a code of a later version is shown as it is.
pub(super) fn sentence(code: &str, language: Language) -> &str {
    let known = crate::verify::Code::ALL.iter().find(|known| known.as_str() == code);
    known.map_or(code, |known| known.sentence(language))
}

/// The label of a check that came from a service; one of a later version is shown as it is.
pub(super) fn check_label(word: &str, language: Language) -> &str {
    let known = Check::ALL.into_iter().find(|known| known.as_str() == word);
    known.map_or(word, |known| known.label(language))
}

/// The outcome of a check that came from a service.
pub(super) fn outcome_label(word: &str, language: Language) -> &str {
    match word {
        "pass" => Outcome::Pass.label(language),
        "fail" => Outcome::Fail.label(language),
        "unknown" => Outcome::Unknown.label(language),
        word => word,
    }
}
