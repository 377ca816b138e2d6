//! Receipts and presentations as the verify page says them: labels and values.

use super::pick;
use crate::codec::{Checked, ReceiptClaims};
use crate::licence::PurposePart;
use crate::time::UnixTime;
use crate::verify::{Language, Now, ShownPresentation};

/// A label and what stands there.
type Row = (String, String);

/// What a holder shows, and to whom.
pub(super) fn presentation_rows(shown: &ShownPresentation, language: Language) -> Vec<Row> {
    let row = |zh, en, value: &str| (pick(language, zh, en).to_owned(), value.to_owned());
    let mut rows = vec![
        row("证照类型", "Type", shown.type_name()),
        row("颁发机构", "Authority", shown.issuer_name()),
        row("出示给", "Shown to", shown.audience()),
        row("亮证有效至", "Shown until", &in_words(shown.expires())),
    ];
    rows.extend(shown.fields().iter().map(|field| (field.label(language).to_owned(), field.value.clone())));
    rows
}

/// What a receipt says was true then, for whom and for what.
pub(super) fn then_rows(claims: &ReceiptClaims, language: Language) -> Vec<Row> {
    let row = |zh, en, value: String| (pick(language, zh, en).to_owned(), value);
    let mut rows = vec![
        row("回执编号", "Receipt", claims.id.to_string()),
        row("出具时间", "Issued", in_words(claims.issued_at)),
        row("用证单位", "Organisation", claims.organisation.name().to_owned()),
    ];
    rows.extend(claims.purpose.parts().map(|(part, text)| match part {
        PurposePart::Operator => row("经办人", "Operator", text.to_owned()),
        PurposePart::Item => row("办理事项", "Service item", text.to_owned()),
        PurposePart::ItemCode => row("事项编码", "Item code", text.to_owned()),
        PurposePart::Case => row("办件编号", "Case", text.to_owned()),
        PurposePart::Reason => row("用证事由", "Reason", text.to_owned()),
    }));
    if let Some(question) = claims.question {
        rows.push(row("查询方式", "Asked", question.in_words().text(language).to_owned()));
    }
    if let Some(words) = claims.nothing_found() {
        rows.push(row("当时的结论", "Found then", words.text(language).to_owned()));
    }
    for checked in &claims.checked {
        rows.push(row("所验证照", "Checked", checked_in_words(checked)));
        let words = checked.in_words();
        rows.push(row("当时的结论", "Found then", at_time(words.text(language), checked.at, language)));
    }
    rows
}

/// What is true now of what a receipt is about.
pub(super) fn now_rows(all: &[Now], language: Language) -> Vec<Row> {
    let row = |now: &Now| {
        let label = pick(language, "现在的结论", "Now").to_owned();
        (label, at_time(now.in_words.text(language), now.at, language))
    };
    all.iter().map(row).collect()
}

fn checked_in_words(checked: &Checked) -> String {
    let name = checked.type_name.as_deref().unwrap_or_default();
    match &checked.identifier {
        Some(identifier) => format!("{name}　{identifier}"),
        None if name.is_empty() => format!("SHA-256 {}", checked.digest),
        None => name.to_owned(),
    }
}

/// What was so at a time.
fn at_time(what: &str, at: UnixTime, language: Language) -> String {
    match language {
        Language::Zh => format!("{what}（{}）", in_words(at)),
        Language::En => format!("{what} ({})", in_words(at)),
    }
}

fn in_words(at: UnixTime) -> String {
    at.to_string().replace('T', " ")
}
