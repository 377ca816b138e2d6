//! A use of a holder's licences as a sentence that he understands, in Chinese and English.

use std::fmt::Write;

use crate::licence::{ComparisonResult, Purpose, PurposePart};
use crate::time::UnixTime;
use crate::verify::InWords;

/// Something in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) zh: String,
    pub(super) en: String,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happened<'a> {
    /// Licences were looked up.
    Lookup,
    /// Claims were compared with a licence.
    Comparison(ComparisonResult),
    /// A service item's licences were asked for.
    Materials,
    /// A licence in hand was verified.
    Verification,
    /// The holder showed a licence.
    Presentation {
        /// Why.
        reason: &'a str,
    },
    /// The holder consented.
    Consent {
        /// Until the second before.
        until: UnixTime,
        /// For one service item only.
        item_code: Option<&'a str>,
    },
    /// The holder took a consent back.
    ConsentWithdrawn,
}

/// What a sentence is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Story<'a> {
    pub(super) at: UnixTime,
    pub(super) happened: Happened<'a>,
    /// Who saw it, or was to see it.
    pub(super) organisation: &'a str,
    pub(super) purpose: Option<&'a Purpose>,
    /// Types of the licences, each once.
    pub(super) types: &'a [Named],
    /// Labels of the fields, each once.
    pub(super) fields: &'a [Named],
}

impl Story<'_> {
    /// Tells it.
    pub(super) fn words(&self) -> InWords {
        InWords { zh: self.zh(), en: self.en() }
    }

    fn zh(&self) -> String {
        let (org, types) = (self.organisation, self.types_zh());
        let mut words = minute(self.at);
        // Writing to a text does not fail.
        let _ = match self.happened {
            Happened::Lookup => write!(words, " {}查询了您的{types}。", self.by_zh()),
            Happened::Comparison(result) => {
                write!(words, " {}将申请信息与您的{types}作了比对，结果：{}。", self.by_zh(), result.zh())
            }
            Happened::Materials => write!(words, " {}查询了您办理此事项所需的{types}。", self.by_zh()),
            Happened::Verification => write!(words, " {}核验了您的{types}。", self.by_zh()),
            Happened::Presentation { reason } => {
                write!(words, " 您向{org}出示了您的{types}。理由：{reason}。")
            }
            Happened::Consent { until, item_code } => {
                let item = item_code.map(|code| format!("为办理事项 {code} ")).unwrap_or_default();
                write!(words, " 您同意{org}在 {} 之前{item}查询您的{types}。", minute(until))
            }
            Happened::ConsentWithdrawn => write!(words, " 您撤回了同意{org}查询您的{types}的授权。"),
        };
        let seen: Vec<&str> = self.fields.iter().map(|field| field.zh.as_str()).collect();
        let _ = match self.happened {
            Happened::Consent { .. } | Happened::ConsentWithdrawn => Ok(()),
            Happened::Comparison(_) if seen.is_empty() => Ok(()),
            Happened::Comparison(_) => write!(words, "比对了：{}；未显示证照内容。", seen.join("、")),
            _ if self.types.is_empty() => words.write_str("没有看到任何证照。"),
            _ if seen.is_empty() => words.write_str("只看到有此证照及其是否有效。"),
            _ => write!(words, "看到的内容：{}。", seen.join("、")),
        };
        if let Some(purpose) = self.purpose {
            let _ = write!(words, "理由：{}。", purpose.reason().trim_end_matches('。'));
        }
        words
    }

    fn en(&self) -> String {
        let (org, types) = (self.organisation, self.types_en());
        let mut words = minute(self.at);
        let _ = match self.happened {
            Happened::Lookup => write!(words, ": {} looked up your {types}{}.", self.by_en(), self.for_en()),
            Happened::Comparison(result) => write!(
                words,
                ": {} compared what an applicant says with your {types}{}; the answer: {}.",
                self.by_en(),
                self.for_en(),
                result.en()
            ),
            Happened::Materials => {
                write!(words, ": {} asked for the licences you need{}: {types}.", self.by_en(), self.for_en())
            }
            Happened::Verification => {
                write!(words, ": {} verified your {types}{}.", self.by_en(), self.for_en())
            }
            Happened::Presentation { reason } => {
                write!(words, ": you showed your {types} to {org}. Reason: {reason}.")
            }
            Happened::Consent { until, item_code } => {
                let item = item_code.map(|code| format!(" for the service item {code}")).unwrap_or_default();
                write!(words, ": you let {org} look at your {types}{item} until {}.", minute(until))
            }
            Happened::ConsentWithdrawn => {
                write!(words, ": you took back that {org} may look at your {types}.")
            }
        };
        let seen: Vec<&str> = self.fields.iter().map(|field| field.en.as_str()).collect();
        let _ = match self.happened {
            Happened::Consent { .. } | Happened::ConsentWithdrawn => Ok(()),
            Happened::Comparison(_) if seen.is_empty() => Ok(()),
            Happened::Comparison(_) => write!(words, " Compared: {}; nothing was shown.", seen.join(", ")),
            _ if self.types.is_empty() => words.write_str(" No licence was shown."),
            _ if seen.is_empty() => words.write_str(" Shown: that there is one, and whether it is good."),
            _ => write!(words, " Shown: {}.", seen.join(", ")),
        };
        if let Some(purpose) = self.purpose {
            let _ = write!(words, " Reason: {}.", purpose.reason().trim_end_matches(['。', '.']));
        }
        words
    }

    /// Who, for which service item, in which case.
    fn by_zh(&self) -> String {
        self.purpose.map_or_else(String::new, |purpose| {
            let part = |part| purpose.part(part);
            format!(
                "{}的{}为办理“{}”（办件 {}）",
                self.organisation,
                part(PurposePart::Operator),
                part(PurposePart::Item),
                part(PurposePart::Case)
            )
        })
    }

    fn by_en(&self) -> String {
        let operator = self.purpose.map(|purpose| purpose.part(PurposePart::Operator));
        operator.map_or_else(String::new, |operator| format!("{operator} of {}", self.organisation))
    }

    fn for_en(&self) -> String {
        self.purpose.map_or_else(String::new, |purpose| {
            let (item, case) = (purpose.part(PurposePart::Item), purpose.part(PurposePart::Case));
            format!(" for “{item}” (case {case})")
        })
    }

    fn types_zh(&self) -> String {
        let names: Vec<&str> = self.types.iter().map(|one| one.zh.as_str()).collect();
        if names.is_empty() { "证照".to_owned() } else { names.join("、") }
    }

    fn types_en(&self) -> String {
        let names: Vec<&str> = self.types.iter().map(|one| one.en.as_str()).collect();
        if names.is_empty() { "licences".to_owned() } else { names.join(", ") }
    }
}

/// A time to the minute, as people write it.
fn minute(at: UnixTime) -> String {
    at.to_string().chars().take(16).map(|one| if one == 'T' { ' ' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(zh: &str, en: &str) -> Named {
        Named { zh: zh.to_owned(), en: en.to_owned() }
    }

    fn told(happened: Happened<'_>, types: &[Named], fields: &[Named]) -> InWords {
        let purpose = ["王小明", "企业变更登记", "000131001000", "2026-1124-0007", "核对住所。"];
        let purpose = Purpose::signed(purpose).unwrap();
        let at = "2026-11-24T11:00:00+08:00".parse().unwrap();
        let asked = !matches!(
            happened,
            Happened::Presentation { .. } | Happened::Consent { .. } | Happened::ConsentWithdrawn
        );
        let purpose = asked.then_some(&purpose);
        Story { at, happened, organisation: "示范市政务服务中心", purpose, types, fields }.words()
    }

    #[test]
    fn a_citizen_reads_who_looked_at_what_for_what_and_why() {
        let (types, fields) = ([named("营业执照", "Business licence")], [named("经营范围", "Scope")]);
        let words = told(Happened::Lookup, &types, &fields);
        assert_eq!(
            words.zh,
            "2026-11-24 11:00 示范市政务服务中心的王小明为办理“企业变更登记”（办件 2026-1124-0007）查询了您的营业执照。\
             看到的内容：经营范围。理由：核对住所。"
        );
        assert_eq!(
            words.en,
            "2026-11-24 11:00: 王小明 of 示范市政务服务中心 looked up your Business licence for “企业变更登记” \
             (case 2026-1124-0007). Shown: Scope. Reason: 核对住所."
        );
        let nothing = told(Happened::Lookup, &[], &[]);
        assert!(nothing.zh.contains("查询了您的证照。没有看到任何证照。"), "{}", nothing.zh);
        assert!(nothing.en.contains("No licence was shown."), "{}", nothing.en);
        let only = told(Happened::Verification, &types, &[]);
        assert!(only.zh.contains("只看到有此证照及其是否有效。"), "{}", only.zh);
        let compared = told(Happened::Comparison(ComparisonResult::Differs), &types, &fields);
        assert!(
            compared.zh.contains("结果：信息错误，参数不一致。比对了：经营范围；未显示证照内容。"),
            "{}",
            compared.zh
        );
    }

    #[test]
    fn what_the_holder_did_himself_is_told_as_his() {
        let (types, fields) = ([named("营业执照", "Business licence")], [named("经营范围", "Scope")]);
        let shown = told(Happened::Presentation { reason: "租赁合同备案" }, &types, &fields);
        assert_eq!(
            shown.zh,
            "2026-11-24 11:00 您向示范市政务服务中心出示了您的营业执照。理由：租赁合同备案。看到的内容：经营范围。"
        );
        let until = "2026-12-01T00:00:00+08:00".parse().unwrap();
        let consent = told(Happened::Consent { until, item_code: Some("0007") }, &types, &[]);
        assert_eq!(
            consent.zh,
            "2026-11-24 11:00 您同意示范市政务服务中心在 2026-12-01 00:00 之前为办理事项 0007 查询您的营业执照。"
        );
        let taken_back = told(Happened::ConsentWithdrawn, &[], &[]);
        assert_eq!(taken_back.zh, "2026-11-24 11:00 您撤回了同意示范市政务服务中心查询您的证照的授权。");
        assert!(taken_back.en.ends_with("you took back that 示范市政务服务中心 may look at your licences."));
    }
}
