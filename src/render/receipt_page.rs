//! The receipt as a clerk prints it: the page that goes into the case file in the place of a photocopy. One file without
//! scripts or references, so that it looks the same when it was saved.

use askama::Template;

use super::qr::{DrawError, QrSymbol};
use super::style::Style;
use crate::codec::{Checked, CheckedForm, CheckedVerdict, Envelope, Question, ReceiptClaims, encode_qr_text};
use crate::licence::{Catalogue, PurposePart};
use crate::time::UnixTime;
use crate::verify::{InWords, ShownReceipt, beside_field_labels};

/// The page's style sheet, which stands in the page. Its SHA-256 is what a content security policy may allow.
pub const RECEIPT_STYLE: &str = include_str!("receipt_page/receipt.css");

/// What a receipt's page is made of.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptDocument<'a> {
    /// What it says.
    pub shown: &'a ShownReceipt,
    /// Its envelope, for the QR.
    pub envelope: &'a Envelope,
    /// Names the fields.
    pub catalogue: &'a Catalogue,
}

/// A page that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptPageError {
    /// The QR.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The template.
    #[error("the receipt's page cannot be made: {0}")]
    Template(#[from] askama::Error),
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct Page<'a> {
    style: &'static str,
    qr: Option<String>,
    id: String,
    issuer: &'a str,
    issued: String,
    organisation: &'a str,
    organisation_code: String,
    purpose: Vec<Row>,
    question: Option<InWords>,
    nothing_found: Option<InWords>,
    checked: Vec<Section>,
    checkpoint: u64,
    position: Option<u64>,
}

/// A label in both languages, and what stands there.
struct Row {
    zh: &'static str,
    en: &'static str,
    value: String,
    /// Codes and identifiers, whose characters have to be told apart.
    exact: bool,
}

struct Section {
    status: &'static str,
    zh: String,
    en: String,
    rows: Vec<Row>,
}

impl ReceiptDocument<'_> {
    /// The page, in Chinese and English at once.
    pub fn html(&self) -> Result<String, ReceiptPageError> {
        let claims = self.shown.claims();
        let page = Page {
            style: RECEIPT_STYLE,
            qr: self.qr()?,
            id: claims.id.to_string(),
            issuer: &claims.issuer,
            issued: in_words(claims.issued_at),
            organisation: claims.organisation.name(),
            organisation_code: claims.organisation.code().to_string(),
            purpose: purpose_rows(claims),
            question: claims.question.map(Question::in_words),
            nothing_found: claims.nothing_found(),
            checked: claims.checked.iter().map(|checked| self.section(checked)).collect(),
            checkpoint: claims.checkpoint,
            position: self.shown.position(),
        };
        Ok(page.render()?)
    }

    /// The QR of the receipt itself; none where it says more than a QR holds.
    fn qr(&self) -> Result<Option<String>, ReceiptPageError> {
        match QrSymbol::of(&encode_qr_text(self.envelope)) {
            Ok(symbol) => Ok(Some(symbol.svg(Style::default()))),
            Err(DrawError::TooLong { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn section(&self, checked: &Checked) -> Section {
        let words = checked.in_words();
        let judged_by = checked.judged_by;
        let mut rows = Vec::new();
        if let Some(name) = &checked.type_name {
            rows.push(row("证照类型", "Licence type", name.clone()));
        }
        if let Some(identifier) = &checked.identifier {
            rows.push(Row { exact: true, ..row("证照标识", "Identifier", identifier.to_string()) });
        }
        if checked.identifier.is_none() {
            let digest =
                Row { exact: true, ..row("所验内容摘要", "SHA-256", checked.digest.to_string()) };
            rows.push(digest);
        }
        if let Some(form) = checked.form {
            rows.push(row("出示形式", "Presented as", form_in_words(form).to_owned()));
        }
        if let Some(fields) = &checked.fields {
            let fields: Vec<&str> = fields.iter().map(|key| self.label(checked, key)).collect();
            rows.push(row("查阅内容", "Fields seen", fields.join("、")));
        }
        rows.push(row("核验时间", "Judged at", in_words(checked.at)));
        let looked_up = judged_by.looked_up.map_or_else(
            || "未查询状态与台账 no look-up".to_owned(),
            |at| format!("状态与台账查询于 looked up {}", in_words(at)),
        );
        let list = format!("信任列表第 {} 版 trust list", judged_by.trust_list);
        rows.push(row(
            "数据时效",
            "How fresh",
            format!("{looked_up}；{list} {}", in_words(judged_by.trust_list_signed)),
        ));
        if let Some(position) = checked.position {
            rows.push(row("证照台账位置", "Ledger entry", format!("第 {position} 条")));
        }
        Section { status: checked.verdict.as_str(), zh: words.zh, en: words.en, rows }
    }

    fn label<'b>(&'b self, checked: &Checked, key: &'b str) -> &'b str {
        let licence_type = checked.identifier.as_ref().and_then(|one| self.catalogue.get(&one.type_code()));
        let field = licence_type.and_then(|known| known.fields().iter().find(|field| field.key() == key));
        match (beside_field_labels(key), field) {
            (Some((zh, _)), _) => zh,
            (None, Some(field)) => field.label(),
            (None, None) => key,
        }
    }
}

const fn row(zh: &'static str, en: &'static str, value: String) -> Row {
    Row { zh, en, value, exact: false }
}

fn purpose_rows(claims: &ReceiptClaims) -> Vec<Row> {
    let label = |part| match part {
        PurposePart::Operator => ("经办人", "Operator"),
        PurposePart::Item => ("办理事项", "Service item"),
        PurposePart::ItemCode => ("事项编码", "Item code"),
        PurposePart::Case => ("办件编号", "Case number"),
        PurposePart::Reason => ("用证事由", "Reason"),
    };
    let rows = claims.purpose.parts().map(|(part, text)| {
        let (zh, en) = label(part);
        let exact = matches!(part, PurposePart::ItemCode | PurposePart::Case);
        Row { exact, ..row(zh, en, text.to_owned()) }
    });
    rows.collect()
}

const fn form_in_words(form: CheckedForm) -> &'static str {
    match form {
        CheckedForm::Full => "电子证照文件 the licence's file",
        CheckedForm::Qr => "证照二维码 the licence's QR code",
        CheckedForm::Presentation => "持证人亮证 shown by its holder",
        CheckedForm::SdJwt => "电子钱包凭证 SD-JWT VC from a wallet",
    }
}

/// A time as people write it.
fn in_words(at: UnixTime) -> String {
    at.to_string().replace('T', " ")
}

impl Section {
    fn mark(&self) -> &'static str {
        match self.status {
            status if status == CheckedVerdict::Valid.as_str() => "✓",
            status if status == CheckedVerdict::Invalid.as_str() => "✕",
            _ => "?",
        }
    }
}
