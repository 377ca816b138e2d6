//! The issue request, checked against its type.

use super::authority::{AreaCode, Authority};
use super::content::Licence;
use super::draft::{Draft, DraftEnd, DraftHolder};
use super::fields::Fields;
use super::holder::Holder;
use super::identifier::Identifier;
use super::json::{Json, pointer};
use super::licence_type::LicenceType;
use super::problem::{DraftError, Problems, Rule};
use super::text::check_text;
use super::type_code::TypeCode;
use super::validity::ValidityRange;
use super::value::FieldValue;
use crate::time::Date;

/// A request that breaks no rule of its type, with its dates filled in: ready to be given an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedDraft {
    type_code: TypeCode,
    type_name: String,
    number: String,
    holders: Vec<Holder>,
    issued: Date,
    valid_from: Date,
    valid_to: Option<Date>,
    fields: Fields,
    replaces: Option<Identifier>,
}

impl Draft {
    /// The most holders of a licence.
    pub const MAX_HOLDERS: usize = 50;
    /// The most characters of a number.
    pub const MAX_NUMBER: usize = 64;

    /// Checks every rule and says all that are broken.
    ///
    /// `today` stands in for a missing `issued` and `valid_from`. A missing `valid_to` is the last day of the type's
    /// first validity range counted from `valid_from`; `"long-term"` means no end, where the type knows it. Any
    /// `valid_to` not before `valid_from` is the authority's to choose, and so is any day of issue.
    pub fn check(self, licence_type: &LicenceType, today: Date) -> Result<CheckedDraft, DraftError> {
        let mut problems = Problems::default();
        let expected = licence_type.code();
        if self.type_code != expected {
            problems.add("/type", Rule::OtherType { expected, got: self.type_code });
            return Err(problems.into());
        }
        problems.keep("/number", check_text(&self.number, Self::MAX_NUMBER));
        let holders = checked_holders(&self.holders, licence_type, &mut problems);
        let valid_from = self.valid_from.unwrap_or(today);
        let valid_to =
            problems.keep("/valid_to", last_day(self.valid_to, valid_from, licence_type)).flatten();
        let fields = checked_fields(&self.fields, licence_type, &mut problems);
        if let Some(got) = self.replaces.as_ref().map(Identifier::type_code).filter(|got| *got != expected) {
            problems.add("/replaces", Rule::OtherType { expected, got });
        }
        problems.into_result()?;
        Ok(CheckedDraft {
            type_code: expected,
            type_name: licence_type.name().to_owned(),
            number: self.number,
            holders,
            issued: self.issued.unwrap_or(today),
            valid_from,
            valid_to,
            fields,
            replaces: self.replaces,
        })
    }
}

fn checked_holders(
    drafts: &[DraftHolder],
    licence_type: &LicenceType,
    problems: &mut Problems,
) -> Vec<Holder> {
    let (max, got) = (Draft::MAX_HOLDERS, drafts.len());
    if !(1..=max).contains(&got) {
        problems.add("/holders", Rule::HolderCount { max, got });
        return Vec::new();
    }
    let category = licence_type.holder_category();
    let mut holders: Vec<Holder> = Vec::with_capacity(got);
    for (index, draft) in drafts.iter().enumerate() {
        let at = |member| format!("/holders/{index}/{member}");
        if !category.admits(draft.code_type) {
            problems.add(at("code_type"), Rule::HolderCategory { category, got: draft.code_type });
        }
        match Holder::new(&draft.name, &draft.code, draft.code_type) {
            Err(error) => problems.add(at(if error.is_name() { "name" } else { "code" }), error),
            Ok(holder) => {
                let same = |earlier: &&Holder| {
                    (earlier.code(), earlier.code_type()) == (holder.code(), holder.code_type())
                };
                if holders.iter().find(same).is_some() {
                    problems.add(at("code"), Rule::DuplicateHolder);
                }
                holders.push(holder);
            }
        }
    }
    holders
}

fn last_day(
    end: Option<DraftEnd>,
    valid_from: Date,
    licence_type: &LicenceType,
) -> Result<Option<Date>, Rule> {
    match end {
        None => Ok(licence_type.default_range().last_day(valid_from)?),
        Some(DraftEnd::On(valid_to)) if valid_to < valid_from => {
            Err(Rule::EndsBeforeItBegins { valid_from, valid_to })
        }
        Some(DraftEnd::On(valid_to)) => Ok(Some(valid_to)),
        Some(DraftEnd::LongTerm) if licence_type.validity_ranges().contains(&ValidityRange::LongTerm) => {
            Ok(None)
        }
        Some(DraftEnd::LongTerm) => Err(Rule::NotLongTerm),
    }
}

fn checked_fields(drafts: &[(String, Json)], licence_type: &LicenceType, problems: &mut Problems) -> Fields {
    for field in licence_type.fields().iter().filter(|field| field.is_required()) {
        if !drafts.iter().any(|(key, _)| key == field.key()) {
            problems.add(pointer("/fields", field.key()), Rule::Missing);
        }
    }
    let mut values = Vec::with_capacity(drafts.len());
    for (key, json) in drafts {
        match checked_value(key, json, licence_type) {
            Ok(value) => values.push((key.as_str(), value)),
            Err(rule) => problems.add(pointer("/fields", key), rule),
        }
    }
    values.into_iter().collect()
}

fn checked_value<'a>(key: &str, json: &'a Json, licence_type: &LicenceType) -> Result<FieldValue<'a>, Rule> {
    let field = licence_type.field(key).ok_or(Rule::UnknownMember)?;
    let value = match json {
        Json::Text(text) => FieldValue::Text(text),
        Json::Integer(number) => FieldValue::Integer(*number),
        other => return Err(Rule::JsonType { expected: field.kind().in_json(), got: other.kind() }),
    };
    value.check(field)?;
    Ok(value)
}

impl CheckedDraft {
    /// What is to be signed. The identifier's type and issuer are the caller's to make equal to the draft's type and
    /// to `authority`: a first version with a fresh serial, or the next version of the licence replaced.
    pub fn into_licence(
        self,
        identifier: Identifier,
        authority: Authority,
        area_code: Option<AreaCode>,
    ) -> Licence {
        Licence {
            identifier,
            type_name: self.type_name,
            number: self.number,
            authority,
            issued: self.issued,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            holders: self.holders,
            fields: self.fields,
            replaces: self.replaces,
            area_code,
        }
    }

    /// The type.
    pub const fn type_code(&self) -> TypeCode {
        self.type_code
    }

    /// The number.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The holders, at least one.
    pub fn holders(&self) -> &[Holder] {
        &self.holders
    }

    /// The day of issue.
    pub const fn issued(&self) -> Date {
        self.issued
    }

    /// The first day.
    pub const fn valid_from(&self) -> Date {
        self.valid_from
    }

    /// The last day; `None` where it has no end.
    pub const fn valid_to(&self) -> Option<Date> {
        self.valid_to
    }

    /// The fields by key.
    pub const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The licence it is to replace.
    pub const fn replaces(&self) -> Option<&Identifier> {
        self.replaces.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::draft::tests::{read, request};
    use super::super::licence_type::tests::{TOML, trial_type};
    use super::*;

    const TODAY: &str = "2026-11-24";

    fn check(change: impl FnOnce(&mut Value)) -> Result<CheckedDraft, DraftError> {
        let mut request = request();
        change(&mut request);
        read(&request)?.check(&trial_type(), TODAY.parse().unwrap())
    }

    fn problems(change: impl FnOnce(&mut Value)) -> Vec<String> {
        check(change).unwrap_err().problems().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn missing_dates_are_today_and_the_types_first_range() {
        let draft = check(|_| ()).unwrap();
        assert_eq!(draft.issued().to_string(), TODAY);
        assert_eq!(draft.valid_from().to_string(), TODAY);
        assert_eq!(draft.valid_to().unwrap().to_string(), "2027-11-23");
        let later = check(|request| request["valid_from"] = json!("2027-01-01")).unwrap();
        assert_eq!(later.valid_to().unwrap().to_string(), "2027-12-31");
        assert_eq!(later.issued().to_string(), TODAY);
    }

    #[test]
    fn an_end_may_be_named_or_left_open() {
        let ends = |to: &str| check(|request| request["valid_to"] = json!(to)).unwrap().valid_to();
        assert_eq!(ends("2026-11-24").unwrap().to_string(), "2026-11-24");
        assert_eq!(ends("long-term"), None);
        assert_eq!(
            problems(|request| request["valid_to"] = json!("2026-11-23")),
            ["/valid_to: expected a last day not before 2026-11-24, got 2026-11-23"]
        );
        assert_eq!(
            problems(|request| request["valid_from"] = json!("9999-12-01")),
            ["/valid_to: expected 1/Y from 9999-12-01 to end by 9999-12-30"]
        );
        let ending = LicenceType::from_toml(&TOML.replacen(", \"0/L\"", "", 1)).unwrap();
        let mut open = request();
        open["valid_to"] = json!("long-term");
        let error = read(&open).unwrap().check(&ending, TODAY.parse().unwrap()).unwrap_err();
        assert_eq!(error.problems()[0].rule, Rule::NotLongTerm);
    }

    #[test]
    fn every_rule_broken_is_said_at_once() {
        let broken = problems(|request| {
            request["number"] = json!(" 1");
            request["holders"][0]["code"] = json!("110105194912310021");
            request["valid_to"] = json!("2020-01-01");
            request["fields"] =
                json!({"class": "C", "seats": "5", "colour": "red", "born": null, "area": 1.5});
            request["replaces"] =
                json!("1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U");
        });
        let paths: Vec<_> = broken.iter().filter_map(|problem| problem.split(':').next()).collect();
        assert_eq!(
            paths,
            [
                "/number",
                "/holders/0/code",
                "/valid_to",
                "/fields/address",
                "/fields/area",
                "/fields/born",
                "/fields/class",
                "/fields/colour",
                "/fields/seats",
                "/replaces"
            ]
        );
    }

    #[test]
    fn numbers_are_1_to_64_plain_characters() {
        let number = |text: String| check(|request| request["number"] = json!(text));
        assert!(number("号".repeat(64)).is_ok());
        for wrong in
            [String::new(), "号".repeat(65), "a\nb".to_owned(), "a\u{200B}".to_owned(), "e\u{301}".to_owned()]
        {
            assert!(!number(wrong.clone()).unwrap_err().is_unreadable(), "{wrong:?}");
        }
    }

    #[test]
    fn holders_are_counted_told_apart_and_of_the_types_category() {
        let holder = |code: &str| json!({"name": "甲", "code": code, "code_type": "414"});
        let many = |count: u32| (0..count).map(|n| holder(&format!("E{n}"))).collect::<Vec<_>>();
        assert_eq!(check(|request| request["holders"] = json!(many(50))).unwrap().holders().len(), 50);
        assert_eq!(
            problems(|request| request["holders"] = json!(many(51))),
            ["/holders: expected 1 to 50 holders, got 51"]
        );
        assert_eq!(
            problems(|request| request["holders"] = json!([])),
            ["/holders: expected 1 to 50 holders, got 0"]
        );
        assert_eq!(
            problems(|request| request["holders"] = json!([holder("E1"), holder("E2"), holder("E1")])),
            ["/holders/2/code: expected each holder once, got the code of an earlier one"]
        );
        assert_eq!(
            problems(|request| {
                request["holders"][0] =
                    json!({"name": "某公司", "code": "11100000000013338W", "code_type": "001"});
            }),
            ["/holders/0/code_type: expected a holder of the category 自然人, got code type 001"]
        );
    }

    #[test]
    fn a_draft_of_another_type_is_not_looked_at_further() {
        let error = problems(|request| request["type"] = json!("11100000000013338W998"));
        assert_eq!(error, ["/type: expected licence type 11100000000013338W999, got 11100000000013338W998"]);
    }

    #[test]
    fn a_checked_draft_becomes_a_licence() {
        let draft = check(|request| request["fields"]["seats"] = json!(5)).unwrap();
        let authority = Authority::new("11430000006122244L".parse().unwrap(), "住建厅").unwrap();
        let identifier = Identifier::new(
            draft.type_code(),
            authority.code(),
            "1".parse().unwrap(),
            super::super::Version::FIRST,
        );
        let licence = draft.clone().into_licence(identifier.clone(), authority, None);
        assert_eq!(licence.identifier, identifier);
        assert_eq!(licence.type_name, "试验证");
        assert_eq!(licence.number, draft.number());
        assert_eq!(licence.fields.get("seats"), Some(FieldValue::Integer(5)));
    }
}
