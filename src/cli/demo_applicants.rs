//! The demonstration's applicants: who holds what, and what the answer is when one of them applies for a service item.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::demo_city::SAMPLES;
use super::exit::CliError;
use crate::licence::ServiceItems;
use crate::time::Date;

/// A holder, and his licences.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DemoHolder {
    #[serde(flatten)]
    holder: Named,
    licences: Vec<String>,
}

/// A holder as a licence names him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Named {
    code: String,
    code_type: String,
    name: String,
}

/// Who applies for what, and whether he holds all that it requires.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DemoItem {
    item_code: String,
    name: String,
    holder: Named,
    expected: bool,
}

/// A shopkeeper who holds all that she may want to apply for.
const SHOPKEEPER: &str = "999999189604120426";
/// A mechanic whose shop has no proof of its premises.
const MECHANIC: &str = "999999188509200538";
/// A haulier whose licence ends soon.
const HAULIER: &str = "999999189512300577";
/// A construction company.
const BUILDER: &str = "91999999XX00040443";

/// Item code, holder's code, whether nothing is missing.
const APPLICATIONS: [(&str, &str, bool); 15] = [
    ("000199001000", SHOPKEEPER, true),
    ("000199001000", MECHANIC, false),
    ("000199002000", BUILDER, true),
    ("000199003000", SHOPKEEPER, true),
    ("000199003000", MECHANIC, false),
    ("000199004000", SHOPKEEPER, true),
    ("000199004000", HAULIER, false),
    ("000199005000", "999999189302180626", true),
    ("000199006000", "91999999XX0003033P", false),
    ("000199007000", BUILDER, true),
    ("000199008000", BUILDER, true),
    ("000199008000", "91999999XX00101029", false),
    ("000199009000", "999999187202290351", true),
    ("000199009000", "X0000019", true),
    ("000199010000", "999999187202290351", true),
];

/// Samples whose last day is so many days ahead; all others last as long as licences of their type do.
const ENDING: [(&str, i32); 1] = [("road-transport-operating-ending", 20)];

/// A sample as it is issued on a day.
pub(super) fn body(name: &str, sample: &[u8], today: Date) -> Result<Vec<u8>, CliError> {
    let Some((_, days)) = ENDING.iter().find(|(ending, _)| *ending == name) else {
        return Ok(sample.to_vec());
    };
    let mut request: Value = serde_json::from_slice(sample).map_err(CliError::internal)?;
    if let (Some(members), Some(last)) = (request.as_object_mut(), today.plus(0, 0, *days)) {
        members.insert("valid_to".to_owned(), last.to_string().into());
    }
    serde_json::to_vec(&request).map_err(CliError::internal)
}

/// Every holder of a sample, with the identifiers that `issued` has for the samples, in their order.
pub(super) fn holders(issued: &[String]) -> Result<Vec<DemoHolder>, CliError> {
    let mut all: BTreeMap<(String, String), DemoHolder> = BTreeMap::new();
    for ((_, sample), identifier) in SAMPLES.iter().zip(issued) {
        for holder in named(sample)? {
            let key = (holder.code_type.clone(), holder.code.clone());
            let known = all.entry(key).or_insert(DemoHolder { holder, licences: Vec::new() });
            known.licences.push(identifier.clone());
        }
    }
    Ok(all.into_values().collect())
}

/// Who applies for what.
pub(super) fn items(holders: &[DemoHolder], catalogue: &ServiceItems) -> Result<Vec<DemoItem>, CliError> {
    let found = APPLICATIONS.iter().map(|(item_code, code, expected)| {
        let item = item_code.parse().ok().and_then(|code| catalogue.get(&code));
        let holder = holders.iter().find(|one| one.holder.code == *code).map(|one| one.holder.clone());
        Some(DemoItem {
            item_code: (*item_code).to_owned(),
            name: item?.name().to_owned(),
            holder: holder?,
            expected: *expected,
        })
    });
    let found: Option<Vec<DemoItem>> = found.collect();
    found.ok_or_else(|| CliError::Internal("an applicant of the demonstration is not there".to_owned()))
}

fn named(sample: &[u8]) -> Result<Vec<Named>, CliError> {
    #[derive(Deserialize)]
    struct Sample {
        holders: Vec<Named>,
    }
    let sample: Sample = serde_json::from_slice(sample).map_err(CliError::internal)?;
    Ok(sample.holders)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::licence::{
        Catalogue, CheckedDraft, Draft, Goodness, Held, Identifier, Missing, Serial, Version,
    };

    fn today() -> Date {
        "2026-11-24".parse().unwrap()
    }

    /// Every sample as it is issued, with an identifier.
    fn issued(catalogue: &Catalogue) -> Vec<(CheckedDraft, Identifier)> {
        let one = |(number, (name, sample)): (usize, &(&str, &[u8]))| {
            let draft = Draft::from_json(&body(name, sample, today()).unwrap()).unwrap();
            let type_code = draft.type_code();
            let serial = Serial::from_random(&[u8::try_from(number).unwrap(); 32]);
            let issuer = "11430000006122244L".parse().unwrap();
            let draft = draft.check(catalogue.get(&type_code).unwrap(), today()).unwrap();
            (draft, Identifier::new(type_code, issuer, serial, Version::FIRST))
        };
        SAMPLES.iter().enumerate().map(one).collect()
    }

    /// Why each application is not complete, by item and holder.
    fn missing() -> Vec<(&'static str, Vec<Option<Missing>>)> {
        let catalogue = Catalogue::shipped().unwrap();
        let (items, issued) = (ServiceItems::shipped(&catalogue).unwrap(), issued(&catalogue));
        let found = |(item_code, code, _): &(&'static str, &'static str, bool)| {
            let of_holder =
                issued.iter().filter(|(draft, _)| draft.holders().iter().any(|one| one.code() == *code));
            let held: Vec<Held<'_>> = of_holder
                .map(|(draft, identifier)| Held {
                    type_code: draft.type_code(),
                    identifier,
                    goodness: Goodness::Good,
                    valid_to: draft.valid_to(),
                    fields: draft.fields(),
                })
                .collect();
            let item = items.get(&item_code.parse().unwrap()).unwrap();
            (*code, item.judge(&held, today()).into_iter().map(|one| one.missing).collect())
        };
        APPLICATIONS.iter().map(found).collect()
    }

    #[test]
    fn what_is_expected_of_an_applicant_is_what_he_holds() {
        let missing = missing();
        for ((item_code, code, expected), (_, missing)) in APPLICATIONS.iter().zip(&missing) {
            assert_eq!(missing.iter().all(Option::is_none), *expected, "{item_code} {code}: {missing:?}");
        }
        let reasons: BTreeSet<Missing> = missing.into_iter().flat_map(|(_, all)| all).flatten().collect();
        // No licence of a new demonstration is suspended.
        let expected = [Missing::EndsTooSoon, Missing::ConditionNotMet, Missing::NotHeld];
        assert_eq!(reasons, BTreeSet::from(expected));
    }

    #[test]
    fn every_item_has_an_applicant_and_every_licence_a_holder() {
        let catalogue = ServiceItems::shipped(&Catalogue::shipped().unwrap()).unwrap();
        let identifiers: Vec<String> = (0..SAMPLES.len()).map(|number| number.to_string()).collect();
        let holders = holders(&identifiers).unwrap();
        let held: BTreeSet<&String> = holders.iter().flat_map(|one| &one.licences).collect();
        assert_eq!(held.len(), SAMPLES.len());
        let items = items(&holders, &catalogue).unwrap();
        let applied: BTreeSet<&str> = items.iter().map(|one| one.item_code.as_str()).collect();
        assert_eq!(applied.len(), catalogue.len());
        let shopkeeper = holders.iter().find(|one| one.holder.code == SHOPKEEPER).unwrap();
        assert_eq!((shopkeeper.holder.name.as_str(), shopkeeper.licences.len()), ("沈知夏", 4));
        assert!(ENDING.iter().all(|(ending, _)| SAMPLES.iter().any(|(name, _)| name == ending)));
    }
}
