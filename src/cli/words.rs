//! Licences and verdicts in words. Both come as the JSON of the API, from this process or from a service.

use std::fmt::Write as _;

use serde_json::Value;

use super::OutputArgs;
use super::exit::CliError;
use super::print::line;
use crate::verify::{Check, Code, Form, Language, Outcome, Status};

/// A licence as its department sees it.
pub(super) fn print_licence(licence: &Value, output: OutputArgs) -> Result<(), CliError> {
    if output.json {
        return line(format_args!("{licence:#}"));
    }
    let until = licence.get("valid_to").and_then(Value::as_str).unwrap_or("long-term");
    line(format_args!("{}  {}", text(licence, "type_name"), text(licence, "number")))?;
    line(format_args!("identifier  {}", text(licence, "identifier")))?;
    line(format_args!("status      {}{}", text(licence, "status"), standing(licence)))?;
    line(format_args!("in force    {} to {until}", text(licence, "valid_from")))?;
    for event in array(licence, "history") {
        line(format_args!("  {}  {}  {}", text(event, "at"), text(event, "to"), text(event, "reason")))?;
        let basis = match text(event, "legal_basis") {
            "" => String::new(),
            basis => format!("{basis}, "),
        };
        line(format_args!("    {basis}by {} ({})", text(event, "by"), text(event, "asked_by")))?;
    }
    Ok(())
}

/// How it stands in words, its dates and a newer licence taken together with its state.
fn standing(licence: &Value) -> String {
    licence
        .get("standing")
        .map_or_else(String::new, |standing| format!("  {} ({})", text(standing, "zh"), text(standing, "en")))
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
    let headline = match verdict.get("form").and_then(Value::as_str) {
        Some("receipt") => Form::Receipt.headline(status, language),
        _ => status.headline(language),
    };
    let mut words = headline.to_owned();
    if let (Status::Valid, Some(as_of)) = (status, stale_since(verdict)) {
        words.push_str(&match language {
            Language::Zh => format!("（截至 {as_of}）"),
            Language::En => format!(", as of {as_of}"),
        });
    }
    for finding in array(verdict, "findings") {
        let label = check_label(text(finding, "check"), language);
        let outcome = outcome_label(text(finding, "result"), language);
        // A string takes whatever is written to it.
        let _ = write!(words, "\n  {label}: {outcome}  {}", sentence(text(finding, "code"), language));
        // The age of a carried status is told below, in the reader's language.
        let told_below = text(finding, "check") == Check::Status.as_str() && is_by_list(verdict);
        if let Some(detail) = finding.get("detail").and_then(Value::as_str).filter(|_| !told_below) {
            let _ = write!(words, "\n    {detail}");
        }
    }
    words.push_str(&age_in_words(verdict, language));
    if let Some(receipt) = verdict.get("receipt") {
        let _ = write!(words, "\n{}", receipt_in_words(receipt, language));
    }
    for now in array(verdict, "now") {
        let (label, sentence) = (pick(language, "现在", "Now"), in_language(now, language));
        let _ = write!(words, "\n{label}  {}  {sentence}", text(now, "at"));
    }
    if let Some(presentation) = verdict.get("presentation") {
        words.push_str(&presentation_in_words(presentation, language));
    }
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

/// Since when nothing is known, where that is longer than the type would have it.
fn stale_since(verdict: &Value) -> Option<&str> {
    let status = verdict.get("freshness")?.get("status")?;
    (text(status, "grade") == "stale").then(|| text(status, "as_of"))
}

/// Whether the status is that of a list carried along.
fn is_by_list(verdict: &Value) -> bool {
    verdict.get("freshness").is_some_and(|freshness| freshness.get("status").is_some())
}

/// How old the status was, where the verdict was judged by a pack.
fn age_in_words(verdict: &Value, language: Language) -> String {
    let freshness = verdict.get("freshness").unwrap_or(&Value::Null);
    let Some(pack) = freshness.get("pack").and_then(Value::as_str) else { return String::new() };
    let grade = freshness.get("status").map(|status| text(status, "grade")).unwrap_or_default();
    // A receipt has no status of its own, and what cannot be read is no licence that the pack could know.
    let has_no_status = matches!(text(verdict, "form"), "receipt" | "");
    match (language, grade) {
        (Language::Zh, _) if has_no_status => format!("\n离线核验：依据 {pack} 的离线包。"),
        (Language::En, _) if has_no_status => format!("\nOffline: by the pack of {pack}."),
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

/// A receipt: who asked for what, and what was true then.
pub(super) fn receipt_in_words(receipt: &Value, language: Language) -> String {
    let organisation = receipt.get("organisation").map(|one| text(one, "name")).unwrap_or_default();
    let title = pick(language, "材料核验回执", "Verification receipt");
    let mut words = format!("{title}  {}\n  {organisation}", text(receipt, "id"));
    let purpose = receipt.get("purpose");
    for (key, zh, en) in [
        ("operator", "经办人", "operator"),
        ("item", "办理事项", "item"),
        ("item_code", "事项编码", "item code"),
        ("case", "办件编号", "case"),
        ("reason", "用证事由", "reason"),
    ] {
        let value = purpose.map(|purpose| text(purpose, key)).unwrap_or_default();
        let _ = write!(words, "\n  {}: {value}", pick(language, zh, en));
    }
    if let Some(question) = receipt.get("question") {
        let label = pick(language, "查询方式", "asked");
        let _ = write!(words, "\n  {label}: {}", in_language(question, language));
        let is_answered = question.get("result").is_some();
        if array(receipt, "checked").next().is_none() && !is_answered {
            let _ = write!(words, "\n{}", pick(language, "未查到可用证照", "No licence was found"));
        }
    }
    for checked in array(receipt, "checked") {
        let (label, sentence) = (pick(language, "当时", "Then"), in_language(checked, language));
        let _ = write!(words, "\n{label}  {}  {sentence}", text(checked, "at"));
        let (name, identifier) = (text(checked, "type_name"), text(checked, "identifier"));
        let _ = write!(words, "\n  {name}  {identifier}");
    }
    words
}

fn presentation_in_words(presentation: &Value, language: Language) -> String {
    let issuer = presentation.get("issuer").map(|issuer| text(issuer, "name")).unwrap_or_default();
    let (kind, audience) = (text(presentation, "type_name"), text(presentation, "for"));
    let title = pick(language, "亮证", "Presentation");
    let mut words = format!("\n{title}  {kind}  {issuer}");
    for (label, value) in [
        (pick(language, "出示给", "for"), audience),
        (pick(language, "有效至", "until"), text(presentation, "expires")),
    ] {
        let _ = write!(words, "\n  {label}: {value}");
    }
    for field in array(presentation, "fields") {
        let label = text(field, pick(language, "label", "label_en"));
        let label = if label.is_empty() { text(field, "key") } else { label };
        let _ = write!(words, "\n  {label}: {}", text(field, "value"));
    }
    words
}

fn in_language(value: &Value, language: Language) -> &str {
    value.get("in_words").map(|words| text(words, pick(language, "zh", "en"))).unwrap_or_default()
}

const fn pick(language: Language, zh: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Zh => zh,
        Language::En => en,
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
    Code::from_word(code).map_or(code, |known| known.sentence(language))
}

/// The label of a check; one of a later version is shown as it is.
fn check_label(word: &str, language: Language) -> &str {
    let known = Check::EVERY.into_iter().find(|known| known.as_str() == word);
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
