//! Files that are refused, and what is found among licences that are held.

use proptest::prelude::*;

use super::*;
use crate::licence::identifier::Identifier;
use crate::licence::text::TextError;
use crate::licence::{Catalogue, Serial, Version};
use crate::time::Date;

const ESTATE: &str = "11100000MB03271699001";
const NOTICE: &str = "11100000MB03271699022";
const TOML: &str = r#"
code = "000199999000"
name = "试验事项"
name_en = "Trial item"
handled_by = "试验局"

[[requirements]]
name = "营业执照"
any_of = [{ type = "11100000MB0143028R001", conditions = [{ field = "scope", contains = ["食品", "餐饮"] }, { field = "copy", one_of = ["正本"] }] }]
valid_for_days = 30
elsewhere = "登记机关"

[[requirements]]
name = "场所证明"
any_of = [{ type = "11100000MB03271699001" }, { type = "11100000MB03271699022", conditions = [{ field = "matter", contains = ["预告"] }] }]
"#;

fn read(text: &str) -> Result<ServiceItem, ItemError> {
    ServiceItem::from_toml(text, &Catalogue::shipped().unwrap())
}

#[track_caller]
fn error(from: &str, to: &str) -> ItemError {
    assert!(TOML.contains(from), "{from}");
    read(&TOML.replacen(from, to, 1)).unwrap_err()
}

fn business(what: &str) -> String {
    format!("requirement \"营业执照\"{what}")
}

#[test]
fn an_item_says_what_its_file_says() {
    let item = read(TOML).unwrap();
    assert_eq!(
        (item.code().as_str(), item.name(), item.handled_by()),
        ("000199999000", "试验事项", "试验局")
    );
    let json = serde_json::to_value(&item).unwrap();
    let conditions = serde_json::json!([
        {"field": "scope", "contains": ["食品", "餐饮"]}, {"field": "copy", "one_of": ["正本"]}
    ]);
    assert_eq!(json["requirements"][0]["any_of"][0]["conditions"], conditions);
    assert_eq!(json["requirements"][0]["valid_for_days"], 30);
    let places = serde_json::json!({"name": "场所证明", "any_of": [
        {"type": ESTATE}, {"type": NOTICE, "conditions": [{"field": "matter", "contains": ["预告"]}]}
    ]});
    assert_eq!(json["requirements"][1], places);
}

#[test]
fn a_file_with_other_members_or_without_one_is_refused() {
    for (from, to) in [
        ("code = \"000199999000\"", ""),
        ("\"000199999000\"", "\"00019999900\""),
        ("\"000199999000\"", "\"00019999900X\""),
        ("name_en", "colour = 1\nname_en"),
        ("valid_for_days = 30", "valid_for_weeks = 30"),
        ("valid_for_days = 30", "valid_for_days = \"30\""),
        ("{ type = \"11100000MB03271699001\" }", "{ type = \"11100000MB03271699001\", good = true }"),
        ("{ type = \"11100000MB03271699001\" }", "\"11100000MB03271699001\""),
        ("MB03271699001", "MB0327169900"),
        ("field = \"copy\"", "field = \"copy\", at_least = 1"),
    ] {
        assert!(matches!(error(from, to), ItemError::Toml(_)), "{from} for {to}");
    }
}

#[test]
fn texts_that_may_not_be_shown_are_refused() {
    assert_eq!(error("\"试验事项\"", "\"\""), ItemError::Text { member: "name", error: TextError::Empty });
    for (from, member) in [
        ("Trial item", "name_en"),
        ("试验局", "handled_by"),
        ("场所证明", "requirements.name"),
        ("登记机关", "requirements.elsewhere"),
    ] {
        let turned = error(from, "a\\u202Eb");
        let expected = TextError::Direction { position: 2, code_point: 0x202E };
        assert_eq!(turned, ItemError::Text { member, error: expected });
    }
}

#[test]
fn types_and_fields_have_to_be_the_catalogues() {
    assert_eq!(
        error("MB0143028R001", "MB0143028R999").to_string(),
        business(": expected a type of the catalogue, got 11100000MB0143028R999")
    );
    for field in ["shoe_size", "established", "copies"] {
        assert_eq!(
            error("\"scope\"", &format!("\"{field}\"")).to_string(),
            business(&format!(
                ": expected a field of 11100000MB0143028R001 that holds a text, got {field:?}"
            ))
        );
    }
    assert_eq!(
        error("[\"正本\"]", "[\"正本\", \"抄本\"]").to_string(),
        business(": expected one of the choices of \"copy\", got \"抄本\"")
    );
}

#[test]
fn lists_without_members_and_endless_ones_are_refused() {
    let head = TOML.split("[[requirements]]").next().unwrap();
    assert_eq!(read(head), Err(ItemError::RequirementCount { got: 0 }));
    let one = |number: usize| {
        format!("[[requirements]]\nname = \"{number}\"\nany_of = [{{ type = \"{ESTATE}\" }}]\n")
    };
    let many = |count| head.to_owned() + &(0..count).map(one).collect::<String>();
    assert_eq!(read(&many(20)).unwrap().requirements().len(), 20);
    assert_eq!(read(&many(21)), Err(ItemError::RequirementCount { got: 21 }));
    let none = head.to_owned() + "[[requirements]]\nname = \"空\"\nany_of = []\n";
    assert_eq!(read(&none), Err(ItemError::AlternativeCount { requirement: "空".to_owned(), got: 0 }));
    let left_out = head.to_owned() + "[[requirements]]\nname = \"空\"\n";
    assert_eq!(read(&left_out), read(&none));
    assert_eq!(
        error(
            "{ type = \"11100000MB03271699001\" }",
            &["{ type = \"11100000MB03271699001\" }"; 10].join(", ")
        ),
        ItemError::AlternativeCount { requirement: "场所证明".to_owned(), got: 11 }
    );
    let copy = "{ field = \"copy\", one_of = [\"正本\"] }";
    assert_eq!(
        error(copy, &[copy; 5].join(", ")),
        ItemError::ConditionCount { requirement: "营业执照".to_owned(), got: 6 }
    );
    let too_many =
        format!("[{}]", (0..21).map(|number| format!("\"{number}\"")).collect::<Vec<_>>().join(","));
    for texts in ["[]", "[\"\"]", "[\" 食品\"]", "[\"a\\u200Bb\"]", &too_many] {
        assert_eq!(
            error("[\"食品\", \"餐饮\"]", texts).to_string(),
            business(", field \"scope\": expected 1 to 20 texts that a field can hold"),
            "{texts}"
        );
    }
}

#[test]
fn absurd_days_are_refused() {
    for days in [-1, 0, 3_651, i64::MAX] {
        let refused = error("valid_for_days = 30", &format!("valid_for_days = {days}"));
        assert_eq!(refused, ItemError::Days { requirement: "营业执照".to_owned(), got: days });
    }
    assert!(read(&TOML.replace("= 30", "= 3650")).is_ok());
}

#[test]
fn nothing_stands_there_twice_and_a_condition_has_one_test() {
    assert_eq!(
        error("场所证明", "营业执照"),
        ItemError::DuplicateRequirement { requirement: "营业执照".to_owned() }
    );
    let twice = error(NOTICE, ESTATE);
    let type_code = ESTATE.parse().unwrap();
    assert_eq!(twice, ItemError::DuplicateType { requirement: "场所证明".to_owned(), type_code });
    for both in
        ["field = \"copy\", contains = [\"正本\"], one_of", "field = \"copy\" }, { field = \"kind\", one_of"]
    {
        let refused = error("field = \"copy\", one_of", both);
        assert_eq!(refused.to_string(), business(", field \"copy\": expected either contains or one_of"));
    }
}

/// A licence of the trial item's types, by what the evaluation looks at.
#[derive(Clone, Debug)]
struct Kept {
    type_code: TypeCode,
    identifier: Identifier,
    goodness: Goodness,
    valid_to: Option<Date>,
    fields: Fields,
}

impl Kept {
    fn new(type_code: &str, number: u8, fields: &[(&str, &str)]) -> Self {
        let type_code: TypeCode = type_code.parse().unwrap();
        let issuer = "11430000006122244L".parse().unwrap();
        let serial = Serial::from_random(&[number; 32]);
        let fields = fields.iter().map(|(key, text)| (*key, FieldValue::Text(text)));
        Self {
            type_code,
            identifier: Identifier::new(type_code, issuer, serial, Version::FIRST),
            goodness: Goodness::Good,
            valid_to: None,
            fields: fields.collect(),
        }
    }

    fn business(number: u8) -> Self {
        Self::new("11100000MB0143028R001", number, &[("scope", "餐饮服务"), ("copy", "正本")])
    }

    fn not_good(self) -> Self {
        Self { goodness: Goodness::NotGood, ..self }
    }

    fn to(self, last: &str) -> Self {
        Self { valid_to: Some(last.parse().unwrap()), ..self }
    }

    fn held(&self) -> Held<'_> {
        Held {
            type_code: self.type_code,
            identifier: &self.identifier,
            goodness: self.goodness,
            valid_to: self.valid_to,
            fields: &self.fields,
        }
    }
}

fn today() -> Date {
    "2026-11-24".parse().unwrap()
}

/// What is found, with the identifier in place of the place.
fn found(kept: &[Kept]) -> Vec<(Option<String>, Option<Missing>)> {
    let held: Vec<Held<'_>> = kept.iter().map(Kept::held).collect();
    let found = read(TOML).unwrap().judge(&held, today());
    let name = |place: usize| kept[place].identifier.to_string();
    found.into_iter().map(|one| (one.best.map(name), one.missing)).collect()
}

#[track_caller]
fn assert_business(kept: &[Kept], best: Option<&Kept>, missing: Option<Missing>) {
    assert_eq!(found(kept)[0], (best.map(|one| one.identifier.to_string()), missing));
}

#[test]
fn what_is_missing_has_its_reason() {
    assert_business(&[], None, Some(Missing::NotHeld));
    let good = Kept::business(1);
    assert_business(std::slice::from_ref(&good), Some(&good), None);
    let suspended = Kept::business(2).not_good();
    assert_business(std::slice::from_ref(&suspended), Some(&suspended), Some(Missing::NotGood));
    let cars = Kept::new("11100000MB0143028R001", 3, &[("scope", "机动车修理"), ("copy", "正本")]);
    assert_business(std::slice::from_ref(&cars), Some(&cars), Some(Missing::ConditionNotMet));
    // One of two conditions is not enough, and a field that is not there says nothing.
    let copy = Kept::new("11100000MB0143028R001", 4, &[("scope", "食品销售")]);
    assert_business(std::slice::from_ref(&copy), Some(&copy), Some(Missing::ConditionNotMet));
    // Of another type, whatever it says.
    assert_business(&[Kept::new(ESTATE, 5, &[("scope", "食品")])], None, Some(Missing::NotHeld));
}

#[test]
fn thirty_more_days_are_counted_from_today() {
    let soon = Kept::business(1).to("2026-12-23");
    assert_business(std::slice::from_ref(&soon), Some(&soon), Some(Missing::EndsTooSoon));
    let enough = Kept::business(1).to("2026-12-24");
    assert_business(std::slice::from_ref(&enough), Some(&enough), None);
}

#[test]
fn the_one_that_comes_nearest_is_named() {
    let (soon, cars) = (Kept::business(1).to("2026-12-01"), Kept::new("11100000MB0143028R001", 2, &[]));
    let (gone, year) = (Kept::business(3).not_good(), Kept::business(4).to("2027-12-01"));
    let (long, long_too) = (Kept::business(6), Kept::business(5));
    assert_business(&[gone.clone(), cars.clone()], Some(&cars), Some(Missing::ConditionNotMet));
    assert_business(&[gone.clone(), cars.clone(), soon.clone()], Some(&soon), Some(Missing::EndsTooSoon));
    assert_business(&[gone.clone(), cars.clone(), year.clone(), soon.clone()], Some(&year), None);
    let first = if long.identifier.to_string() < long_too.identifier.to_string() { &long } else { &long_too };
    assert_business(&[soon, gone, year, long.clone(), long_too.clone(), cars], Some(first), None);
}

#[test]
fn any_of_the_types_will_do_and_the_first_is_rather_taken() {
    let (estate, notice) =
        (Kept::new(ESTATE, 1, &[]), Kept::new(NOTICE, 2, &[("matter", "预告登记(预购商品房)")]));
    let mortgage = Kept::new(NOTICE, 3, &[("matter", "抵押权")]);
    let place = |kept: &[Kept]| found(kept)[1].clone();
    let name = |kept: &Kept| Some(kept.identifier.to_string());
    assert_eq!(place(std::slice::from_ref(&mortgage)), (name(&mortgage), Some(Missing::ConditionNotMet)));
    assert_eq!(place(&[mortgage.clone(), notice.clone()]), (name(&notice), None));
    assert_eq!(place(&[mortgage, notice.clone(), estate.clone()]), (name(&estate), None));
    // But one that will do before one that is rather wanted and will not.
    assert_eq!(place(&[estate.not_good(), notice.clone()]), (name(&notice), None));
}

#[test]
fn days_beyond_the_calendar_are_never_reached() {
    let item = read(TOML).unwrap();
    let last = Date::new(9999, 12, 30).unwrap();
    let (ending, long) = (Kept::business(1).to("9999-12-30"), Kept::business(2));
    let missing = |kept: &Kept| item.judge(&[kept.held()], last)[0].missing;
    assert_eq!(missing(&ending), Some(Missing::EndsTooSoon));
    assert_eq!(missing(&long), None);
}

fn kept() -> impl Strategy<Value = Kept> {
    let types = prop::sample::select(vec!["11100000MB0143028R001", ESTATE, NOTICE, "11100000000013338W050"]);
    let texts = prop::sample::select(vec![
        &[("scope", "餐饮"), ("copy", "正本"), ("matter", "预告登记")][..],
        &[("scope", "食品")],
        &[("matter", "抵押权")],
        &[],
    ]);
    let days = prop::option::of(0..60_i32);
    (types, any::<u8>(), texts, any::<bool>(), days).prop_map(|(type_code, number, texts, good, days)| {
        let kept = Kept::new(type_code, number, texts);
        let valid_to = days.and_then(|days| today().plus(0, 0, days));
        Kept { valid_to, goodness: if good { Goodness::Good } else { Goodness::NotGood }, ..kept }
    })
}

/// Licences have identifiers of their own.
fn all_kept() -> impl Strategy<Value = Vec<Kept>> {
    prop::collection::vec(kept(), 0..12).prop_map(|mut all| {
        all.sort_by_key(|one| one.identifier.to_string());
        all.dedup_by_key(|one| one.identifier.to_string());
        all
    })
}

proptest! {
    #[test]
    fn the_order_of_what_is_held_does_not_matter(shuffled in all_kept().prop_shuffle()) {
        let mut sorted = shuffled.clone();
        sorted.sort_by_key(|one| one.identifier.to_string());
        prop_assert_eq!(found(&shuffled), found(&sorted));
    }

    #[test]
    fn one_licence_more_never_makes_an_item_less_complete(all in all_kept(), more in kept()) {
        let before = found(&all);
        let fresh = all.iter().all(|one| one.identifier.to_string() != more.identifier.to_string());
        let all: Vec<Kept> = all.into_iter().chain(fresh.then_some(more)).collect();
        for ((_, before), (_, after)) in before.into_iter().zip(found(&all)) {
            // `None`, nothing missing, is the least.
            prop_assert!(after <= before, "{:?} after {:?}", after, before);
        }
    }

    #[test]
    fn what_is_found_is_held_and_of_a_type_that_will_do(all in all_kept()) {
        let item = read(TOML).unwrap();
        let held: Vec<Held<'_>> = all.iter().map(Kept::held).collect();
        for (requirement, found) in item.requirements().iter().zip(item.judge(&held, today())) {
            prop_assert_eq!(found.best.is_none(), found.missing == Some(Missing::NotHeld));
            if let Some(place) = found.best {
                prop_assert!(requirement.types().any(|one| one == held[place].type_code));
                prop_assert!(found.missing.is_some() || held[place].goodness == Goodness::Good);
            }
        }
    }

    #[test]
    fn no_change_to_a_file_makes_it_panic(at in any::<prop::sample::Index>(), text in "[ -~]{0,4}") {
        let places: Vec<usize> = TOML.char_indices().map(|(at, _)| at).collect();
        let at = places[at.index(places.len())];
        let mut changed = TOML.to_owned();
        changed.insert_str(at, &text);
        if let Err(refused) = read(&changed) {
            prop_assert!(!refused.to_string().is_empty());
        }
    }
}
