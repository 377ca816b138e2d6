//! What a receipt says, in the shape of the API and in words: what was true then, and what is true now.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::code::{Code, Language};
use super::verdict::{Status, Verdict};
use crate::codec::{Checked, CheckedVerdict, Question, ReceiptClaims};
use crate::licence::Identifier;
use crate::time::UnixTime;

/// A receipt as the API and the pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownReceipt {
    claims: Arc<ReceiptClaims>,
    position: Option<u64>,
}

/// What is true now of something that a receipt is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Now {
    /// Which of the things that were checked, from 0.
    pub checked: usize,
    /// The licence; absent where the holder had not shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Identifier>,
    /// When that is.
    pub at: UnixTime,
    /// The verdict on the licence.
    pub status: Status,
    /// The graded answer of GB/T 36906.
    pub grade: u8,
    /// `ok`, or the first thing that is not.
    pub code: Code,
    /// The same in words.
    pub in_words: InWords,
}

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InWords {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl InWords {
    /// A verdict and its first reason in a sentence. A code of a later version is shown as it is.
    pub fn of(status: Status, reason: &str) -> Self {
        let sentence = |language| Code::from_word(reason).map_or(reason, |code| code.sentence(language));
        let (zh, en) = (status.headline(Language::Zh), status.headline(Language::En));
        match (status, reason) {
            (Status::Valid, _) | (_, "ok") => Self { zh: zh.to_owned(), en: en.to_owned() },
            _ => Self {
                zh: format!("{zh}：{}", sentence(Language::Zh)),
                en: format!("{en}: {}", sentence(Language::En)),
            },
        }
    }

    /// In one language.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

impl Now {
    /// The verdict of now on what was checked as number `checked`.
    pub fn new(checked: usize, identifier: Option<Identifier>, verdict: &Verdict) -> Self {
        let code = verdict.first_reason();
        Self {
            checked,
            identifier,
            at: verdict.at,
            status: verdict.status,
            grade: verdict.grade,
            code,
            in_words: InWords::of(verdict.status, code.as_str()),
        }
    }
}

impl ShownReceipt {
    /// Shows these claims; `position` is the receipt's own, where the ledger was asked.
    pub const fn new(claims: Arc<ReceiptClaims>, position: Option<u64>) -> Self {
        Self { claims, position }
    }

    /// The receipt.
    pub fn claims(&self) -> &ReceiptClaims {
        &self.claims
    }

    /// Its position in the ledger.
    pub const fn position(&self) -> Option<u64> {
        self.position
    }
}

impl Checked {
    /// The verdict of then in a sentence.
    pub fn in_words(&self) -> InWords {
        let status = match self.verdict {
            CheckedVerdict::Valid => Status::Valid,
            CheckedVerdict::Invalid => Status::Invalid,
            CheckedVerdict::Indeterminate => Status::Indeterminate,
        };
        let reason = self.findings.iter().find(|finding| finding.result != "pass");
        InWords::of(status, reason.map_or("ok", |finding| &finding.code))
    }
}

impl Question {
    /// What was asked, and for a comparison the answer.
    pub fn in_words(self) -> InWords {
        let (zh, en) = match self {
            Self::Lookup => {
                ("按持证主体号码查询证照".to_owned(), "Look-up by the holder’s number".to_owned())
            }
            Self::Comparison(result) => {
                (format!("信息比对：{}", result.zh()), format!("Comparison: {}", result.en()))
            }
            Self::Materials => (
                "按持证主体号码查询事项所需证照".to_owned(),
                "The service item’s licences, by the holder’s number".to_owned(),
            ),
        };
        InWords { zh, en }
    }

    /// What is to be said where nothing stands below the question; a comparison's answer says it.
    pub fn nothing_found(self) -> Option<InWords> {
        let found = InWords { zh: "未查到可用证照".to_owned(), en: "No licence was found".to_owned() };
        (!matches!(self, Self::Comparison(_))).then_some(found)
    }
}

impl ReceiptClaims {
    /// That nothing was found, where something was asked and that is the answer.
    pub fn nothing_found(&self) -> Option<InWords> {
        self.question.filter(|_| self.checked.is_empty()).and_then(Question::nothing_found)
    }
}

impl Serialize for ShownReceipt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let claims = &self.claims;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &claims.id.to_string())?;
        map.serialize_entry("issuer", &claims.issuer)?;
        map.serialize_entry("issued", &claims.issued_at)?;
        map.serialize_entry("organisation", &claims.organisation)?;
        let purpose: serde_json::Map<String, Value> =
            claims.purpose.parts().map(|(part, text)| (part.as_str().to_owned(), text.into())).collect();
        map.serialize_entry("purpose", &purpose)?;
        if let Some(question) = claims.question {
            let mut view = json!({"call": question.as_str(), "in_words": question.in_words()});
            if let (Some(object), Some(result)) = (view.as_object_mut(), question.result()) {
                object.insert("result".to_owned(), result.code().into());
            }
            map.serialize_entry("question", &view)?;
        }
        let checked: Vec<Value> = claims.checked.iter().map(view_of_checked).collect();
        map.serialize_entry("checked", &checked)?;
        map.serialize_entry("checkpoint", &claims.checkpoint)?;
        if let Some(position) = self.position {
            map.serialize_entry("position", &position)?;
        }
        map.end()
    }
}

fn view_of_checked(checked: &Checked) -> Value {
    let finding = |one: &crate::codec::CheckedFinding| json!({"check": one.check, "result": one.result, "code": one.code});
    let judged_by = checked.judged_by;
    let trust_list = json!({"version": judged_by.trust_list, "signed": judged_by.trust_list_signed});
    let mut view = json!({
        "digest": checked.digest.to_string(),
        "status": checked.verdict.as_str(),
        "grade": checked.grade,
        "in_words": checked.in_words(),
        "findings": checked.findings.iter().map(finding).collect::<Vec<_>>(),
        "at": checked.at,
        "freshness": {"trust_list": trust_list},
    });
    let optional = [
        ("/freshness", "looked_up", judged_by.looked_up.map(|at| json!(at))),
        ("", "form", checked.form.map(|form| json!(form.as_str()))),
        ("", "identifier", checked.identifier.as_ref().map(|identifier| json!(identifier.as_str()))),
        ("", "type_name", checked.type_name.as_ref().map(|name| json!(name))),
        ("", "fields", checked.fields.as_ref().map(|fields| json!(fields))),
        ("", "position", checked.position.map(|position| json!(position))),
    ];
    for (place, key, value) in optional {
        if let (Some(object), Some(value)) = (view.pointer_mut(place).and_then(Value::as_object_mut), value) {
            object.insert(key.to_owned(), value);
        }
    }
    view
}
