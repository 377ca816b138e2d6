//! A verdict, or a problem, as the verify page says it in the reader's language.

use serde_json::{Map, Value, json};

use super::{pick, used};
use crate::http::problem::Problem;
use crate::licence::{Catalogue, FieldValue, Licence};
use crate::time::UnixTime;
use crate::verify::{Check, Code, Finding, Form, Language, Outcome, Status, Verdict};

/// A verdict in words.
pub(super) struct Judged {
    pub(super) status: &'static str,
    pub(super) headline: &'static str,
    pub(super) icon: &'static str,
    /// The time it was judged for.
    pub(super) at: UnixTime,
    pub(super) findings: Vec<Row>,
    /// Labels and values.
    pub(super) licence: Vec<(String, String)>,
    pub(super) is_qr: bool,
    /// What a receipt says was true then: labels and values.
    pub(super) then: Vec<(String, String)>,
    /// What is true now of what it is about.
    pub(super) now: Vec<(String, String)>,
}

/// A finding in words.
pub(super) struct Row {
    pub(super) check: &'static str,
    pub(super) code: &'static str,
    pub(super) result: &'static str,
    pub(super) icon: &'static str,
    pub(super) label: &'static str,
    pub(super) outcome: &'static str,
    pub(super) sentence: String,
    /// What was compared; in English, whatever the page's language. The kind of a suspension stands in the sentence.
    pub(super) detail: Option<String>,
}

impl Judged {
    pub(super) fn of(verdict: &Verdict, catalogue: &Catalogue, language: Language) -> Self {
        let shown = verdict.licence.as_ref();
        Self {
            status: verdict.status.as_str(),
            headline: match verdict.form {
                Some(form) => form.headline(verdict.status, language),
                None => verdict.status.headline(language),
            },
            icon: match verdict.status.as_str() {
                "valid" => "✓",
                "invalid" => "✕",
                _ => "?",
            },
            at: verdict.at,
            findings: verdict.findings.iter().map(|finding| Row::of(finding, language)).collect(),
            licence: match (shown, &verdict.presentation) {
                (Some(shown), _) => licence_rows(shown.licence(), catalogue, language),
                (None, Some(shown)) => used::presentation_rows(shown, language),
                (None, None) => Vec::new(),
            },
            is_qr: verdict.form == Some(Form::Qr),
            then: verdict
                .receipt
                .as_ref()
                .map(|shown| used::then_rows(shown.claims(), language))
                .unwrap_or_default(),
            now: used::now_rows(&verdict.now, language),
        }
    }
}

impl Row {
    fn of(finding: &Finding, language: Language) -> Self {
        let (result, icon) = match finding.result {
            Outcome::Pass => ("pass", "✓"),
            Outcome::Fail => ("fail", "✕"),
            Outcome::Unknown => ("unknown", "?"),
        };
        Self {
            check: finding.check.as_str(),
            code: finding.code.as_str(),
            result,
            icon,
            label: finding.check.label(language),
            outcome: finding.result.label(language),
            sentence: sentence(finding, language),
            detail: finding.detail.clone().filter(|_| finding.state.is_none()),
        }
    }
}

/// What a finding says to a person, with the kind of a suspension.
fn sentence(finding: &Finding, language: Language) -> String {
    let sentence = finding.code.sentence(language);
    match (finding.state, language) {
        (None, _) => sentence.to_owned(),
        (Some(kind), Language::Zh) => format!("{}（{}）。", sentence.trim_end_matches('。'), kind.zh()),
        (Some(kind), Language::En) => format!("{} ({}).", sentence.trim_end_matches('.'), kind.en()),
    }
}

/// What problems say in Chinese, by code; in English their own detail is told.
const PROBLEMS: &[(&str, &str)] = &[
    ("nothing_sent", "请输入二维码文字，或选择一张图片。"),
    ("picture_format_unknown", "文件不是 PNG 或 JPEG 图片。"),
    ("picture_damaged", "图片已损坏或不完整。"),
    ("picture_without_code", "图片中没有找到可读的二维码。"),
    ("picture_with_several_codes", "图片中有多个不同的二维码，请只保留一个。"),
    ("picture_code_not_text", "图片中的二维码不是证照二维码。"),
    ("picture_code_part_of_series", "图片中的二维码不是证照二维码。"),
    ("pictures_busy", "正在处理的图片过多，请稍后再试。"),
    ("too_large", "图片或文字过大。"),
    ("picture_too_many_bytes", "图片或文字过大。"),
    ("picture_too_many_pixels", "图片或文字过大。"),
    ("picture_too_many_decoded_bytes", "图片或文字过大。"),
    ("body_timeout", "提交的内容没有按时完整到达，请重试。"),
    ("body_incomplete", "提交的内容没有按时完整到达，请重试。"),
    ("form_unreadable", "无法读取提交的表单，请用本页面提交。"),
    ("media_type_unsupported", "无法读取提交的表单，请用本页面提交。"),
];
/// What any other problem says in Chinese.
const OTHER_PROBLEM: &str = "无法处理所提交的内容。";

/// A problem as the page says it.
pub(super) fn problem_in_words(problem: &Problem, language: Language) -> String {
    let zh = PROBLEMS.iter().find(|(code, _)| *code == problem.code());
    match language {
        Language::Zh => zh.map_or(OTHER_PROBLEM, |(_, words)| *words).to_owned(),
        Language::En => format!("This could not be checked: {}.", problem.detail()),
    }
}

/// What stands before the members that every licence has.
const LABELS: &[(&str, &str, &str)] = &[
    ("type", "证照类型", "Type"),
    ("number", "证照编号", "Number"),
    ("holder", "持证主体", "Holder"),
    ("authority", "颁发机构", "Authority"),
    ("issued", "颁发日期", "Issued"),
    ("validity", "有效期", "In force"),
    ("permanent", "长期", "long-term"),
];

/// All of these words, for the page's own script, so that they are written once.
pub(super) fn as_json() -> Value {
    let both = |zh: &str, en: &str| json!({ "zh": zh, "en": en });
    let said = |say: &dyn Fn(Language) -> &'static str| both(say(Language::Zh), say(Language::En));
    let codes = Code::ALL.iter().map(|code| {
        let (zh, en) = (code.sentence(Language::Zh), code.sentence(Language::En));
        (code.as_str().to_owned(), json!({ "zh": zh, "en": en, "grade": code.grade() }))
    });
    let checks = Check::ALL
        .iter()
        .chain([&Check::Holder])
        .map(|check| (check.as_str().to_owned(), said(&|language| check.label(language))));
    let statuses = [Status::Valid, Status::Invalid, Status::Indeterminate];
    let receipts = statuses.map(|status| {
        (status.as_str().to_owned(), said(&|language| Form::Receipt.headline(status, language)))
    });
    let statuses = statuses
        .iter()
        .map(|status| (status.as_str().to_owned(), said(&|language| status.headline(language))));
    let outcomes = [("pass", Outcome::Pass), ("fail", Outcome::Fail), ("unknown", Outcome::Unknown)];
    let outcomes = outcomes
        .iter()
        .map(|(word, outcome)| ((*word).to_owned(), said(&|language| outcome.label(language))));
    let labels = LABELS.iter().map(|(word, zh, en)| ((*word).to_owned(), both(zh, en)));
    let problems = PROBLEMS.iter().map(|(code, zh)| ((*code).to_owned(), json!({ "zh": zh })));
    let problems = problems.chain([("other".to_owned(), json!({ "zh": OTHER_PROBLEM }))]);
    json!({
        "codes": Map::from_iter(codes),
        "checks": Map::from_iter(checks),
        "statuses": Map::from_iter(statuses),
        "receipts": Map::from_iter(receipts),
        "outcomes": Map::from_iter(outcomes),
        "labels": Map::from_iter(labels),
        "problems": Map::from_iter(problems),
    })
}

fn label(word: &str, language: Language) -> String {
    let found = LABELS.iter().find(|(own, _, _)| *own == word);
    found.map_or(word, |(_, zh, en)| pick(language, zh, en)).to_owned()
}

/// Everything that may be shown of a licence, its fields in the order of their type.
fn licence_rows(licence: &Licence, catalogue: &Catalogue, language: Language) -> Vec<(String, String)> {
    let licence_type = catalogue.get(&licence.identifier.type_code());
    let type_name = match (language, licence_type) {
        (Language::En, Some(known)) => format!("{} ({})", licence.type_name, known.name_en()),
        _ => licence.type_name.clone(),
    };
    let until = licence.valid_to.map_or_else(|| label("permanent", language), |date| date.to_string());
    let mut rows =
        vec![(label("type", language), type_name), (label("number", language), licence.number.clone())];
    for holder in &licence.holders {
        let holder = format!("{}　{}", holder.name(), holder.code());
        rows.push((label("holder", language), holder));
    }
    rows.extend([
        (label("authority", language), licence.authority.name().to_owned()),
        (label("issued", language), licence.issued.to_string()),
        (label("validity", language), format!("{} – {until}", licence.valid_from)),
    ]);
    let value = |value: FieldValue<'_>| match value {
        FieldValue::Text(text) => text.to_owned(),
        FieldValue::Integer(number) => number.to_string(),
    };
    let known = licence_type.map(|known| known.fields()).unwrap_or_default();
    for field in known {
        if let Some(found) = licence.fields.get(field.key()) {
            let label = match language {
                Language::Zh => field.label(),
                Language::En => field.label_en(),
            };
            rows.push((label.to_owned(), value(found)));
        }
    }
    let unknown = licence.fields.iter().filter(|(key, _)| known.iter().all(|field| field.key() != *key));
    rows.extend(unknown.map(|(key, found)| (key.to_owned(), value(found))));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::licence::State;
    use crate::verify::{Check, Code};

    #[test]
    fn a_kind_of_suspension_is_told_in_the_readers_language() {
        let plain = Finding::fail(Check::Status, Code::Suspended, None);
        let withheld =
            Finding { state: Some(State::Withheld), detail: Some("withheld".to_owned()), ..plain.clone() };
        let said = |finding: &Finding, language| {
            let row = Row::of(finding, language);
            (row.sentence, row.detail)
        };
        assert_eq!(said(&plain, Language::Zh), ("证照已被暂停使用。".to_owned(), None));
        assert_eq!(said(&withheld, Language::Zh), ("证照已被暂停使用（暂扣）。".to_owned(), None));
        assert_eq!(said(&withheld, Language::En), ("The licence is suspended (withheld).".to_owned(), None));
    }
}
