//! Every sample in `fixtures/licences` is a request that its type accepts, on any day until 2040.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::time::Date;

/// What the QR fields of a licence may take, keys and values together, so that it scans from paper.
const MAX_QR_FIELDS: usize = 450;

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/licences");
    let mut samples: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
        .collect();
    samples.sort();
    samples
}

fn checked(bytes: &[u8], today: Date) -> Result<(CheckedDraft, LicenceType), DraftError> {
    let draft = Draft::from_json(bytes)?;
    let found = Catalogue::shipped().unwrap().get(&draft.type_code()).unwrap().clone();
    Ok((draft.check(&found, today)?, found))
}

#[test]
fn every_sample_is_accepted_on_any_day_and_good_on_it() {
    for (file, bytes) in samples() {
        for today in ["2026-01-01", "2028-02-29", "2039-12-31"] {
            let today: Date = today.parse().unwrap();
            let (draft, _) = checked(&bytes, today).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!((draft.issued(), draft.valid_from()), (today, today));
            assert!(draft.valid_to().is_none_or(|last| last > today), "{file}");
        }
        let request: Value = serde_json::from_slice(&bytes).unwrap();
        for date in ["issued", "valid_from", "valid_to", "replaces"] {
            assert_eq!(request.get(date), None, "{file}");
        }
    }
}

#[test]
fn every_type_has_two_samples_with_numbers_of_their_own() {
    let mut numbers: BTreeMap<TypeCode, BTreeSet<String>> = BTreeMap::new();
    for (file, bytes) in samples() {
        let draft = Draft::from_json(&bytes).unwrap();
        let new = numbers.entry(draft.type_code()).or_default().insert(draft.number().to_owned());
        assert!(new, "{file}: its number is another sample's");
    }
    for found in Catalogue::shipped().unwrap().iter() {
        assert!(numbers.get(&found.code()).is_some_and(|of_type| of_type.len() >= 2), "{}", found.name_en());
    }
}

#[test]
fn the_qr_form_of_every_sample_is_small_and_shows_no_persons_code() {
    for (file, bytes) in samples() {
        let (draft, found) = checked(&bytes, "2026-11-24".parse().unwrap()).unwrap();
        let identifier = Identifier::new(
            found.code(),
            "11430000006122244L".parse().unwrap(),
            Serial::from_random(&[7; 32]),
            Version::FIRST,
        );
        let authority = Authority::new(identifier.issuer(), "试验局").unwrap();
        let licence = draft.into_licence(identifier, authority, None);
        let fields = serde_json::to_string(&licence.qr_fields(&found)).unwrap();
        assert!(fields.len() <= MAX_QR_FIELDS, "{file}: {} bytes of {fields}", fields.len());
        for holder in licence.holders.iter().filter(|holder| holder.code_type().is_personal()) {
            let shown = serde_json::to_string(&licence.qr_holders()).unwrap() + &fields + &licence.number;
            assert!(!shown.contains(holder.code()), "{file}");
        }
    }
}

#[test]
fn no_living_person_and_no_company_is_in_the_samples() {
    for (file, bytes) in samples() {
        let (draft, _) = checked(&bytes, "2026-11-24".parse().unwrap()).unwrap();
        for holder in draft.holders() {
            let (code, name) = (holder.code(), holder.name());
            match holder.code_type() {
                HolderCodeType::CitizenNumber => assert!(code.starts_with("99999918"), "{file}: {name}"),
                HolderCodeType::CreditCode => assert_eq!(&code[2..8], "999999", "{file}: {name}"),
                _ => {}
            }
        }
    }
}

#[test]
fn the_benchmark_sample_has_fifteen_fields_and_about_700_bytes() {
    let (_, bytes) =
        samples().into_iter().find(|(file, _)| file == "business-licence-benchmark.json").unwrap();
    let request: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(request["fields"].as_object().unwrap().len(), 15);
    assert!((650..=800).contains(&request.to_string().len()), "{}", request.to_string().len());
}

#[test]
fn any_member_taken_from_a_sample_or_given_to_it_is_noticed() {
    for (file, bytes) in samples() {
        let request: Value = serde_json::from_slice(&bytes).unwrap();
        for key in ["type", "number", "holders", "fields"] {
            let mut less = request.clone();
            less.as_object_mut().unwrap().remove(key);
            assert!(Draft::from_json(less.to_string().as_bytes()).is_err(), "{file} without {key}");
        }
        let mut more = request.clone();
        more["fields"]["not_a_field"] = "x".into();
        let error = checked(more.to_string().as_bytes(), "2026-11-24".parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "/fields/not_a_field: expected no such member", "{file}");
    }
}

proptest! {
    #[test]
    fn no_change_to_the_bytes_of_a_sample_makes_it_panic(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let samples = samples();
        let (_, mut changed) = samples[which.index(samples.len())].clone();
        let at = at.index(changed.len());
        changed.splice(at..=at, bytes);
        let today = "2026-11-24".parse().unwrap();
        let catalogue = Catalogue::shipped().unwrap();
        if let Ok(draft) = Draft::from_json(&changed)
            && let Some(found) = catalogue.get(&draft.type_code())
            && let Err(error) = draft.check(found, today)
        {
            prop_assert!(!error.problems().is_empty() && !error.to_string().is_empty());
        }
    }
}
