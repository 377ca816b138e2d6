use proptest::prelude::*;

use super::*;
use crate::licence::{Catalogue, Draft, Serial, Version};

const SAMPLE: &[u8] = include_bytes!("../../../fixtures/licences/business-licence-benchmark.json");

fn claims() -> LicenceClaims {
    let draft = Draft::from_json(SAMPLE).unwrap();
    let catalogue = Catalogue::shipped().unwrap();
    let licence_type = catalogue.get(&draft.type_code()).unwrap();
    let checked = draft.check(licence_type, "2026-11-24".parse().unwrap()).unwrap();
    let issuer: CreditCode = "11430000006122244L".parse().unwrap();
    let identifier =
        Identifier::new(licence_type.code(), issuer, Serial::from_random(&[7; 32]), Version::FIRST);
    let mut licence =
        checked.into_licence(identifier, Authority::new(issuer, "示范市市场监督管理局").unwrap(), None);
    licence.valid_to = Some("2036-11-23".parse().unwrap());
    let status =
        StatusReference { uri: "http://127.0.0.1:8080/v1/status-lists/3f-0".to_owned(), index: 70_000 };
    LicenceClaims::full(licence, UnixTime::from_seconds(1_795_500_000).unwrap(), status)
}

fn qr_claims() -> LicenceClaims {
    let claims = claims();
    let catalogue = Catalogue::shipped().unwrap();
    claims.to_qr(catalogue.get(&claims.licence.identifier.type_code()).unwrap(), Digest::of(b"full"))
}

#[test]
fn both_forms_come_back_from_their_bytes() {
    for claims in [claims(), qr_claims()] {
        assert_eq!(LicenceClaims::decode(&claims.encode()), Ok(claims));
    }
    assert!(qr_claims().licence.fields.len() < claims().licence.fields.len());
}

#[test]
fn every_optional_part_comes_back() {
    let mut claims = claims();
    claims.expires = None;
    claims.licence.valid_to = None;
    claims.licence.replaces = claims.licence.identifier.next_version();
    claims.licence.area_code = Some("999901".parse().unwrap());
    assert_eq!(LicenceClaims::decode(&claims.encode()), Ok(claims));
}

#[test]
fn times_follow_from_dates() {
    let mut licence = claims().licence;
    licence.valid_from = "2026-11-24".parse().unwrap();
    licence.valid_to = Some("2026-12-31".parse().unwrap());
    let claims = LicenceClaims { licence, ..claims() };
    let again = LicenceClaims::full(claims.licence, claims.issued_at, claims.status);
    assert_eq!(again.not_before.to_string(), "2026-11-24T00:00:00+08:00");
    assert_eq!(again.expires.unwrap().to_string(), "2027-01-01T00:00:00+08:00");
}

/// The claims as `ciborium` sees them, changed, and written again in order.
fn changed(change: impl FnOnce(&mut Vec<(ciborium::Value, ciborium::Value)>)) -> Vec<u8> {
    let mut value: ciborium::Value = ciborium::from_reader(&claims().encode()[..]).unwrap();
    let ciborium::Value::Map(pairs) = &mut value else { panic!("a map") };
    change(pairs);
    let mut bytes = Vec::new();
    ciborium::into_writer(&value, &mut bytes).unwrap();
    bytes
}

fn set(pairs: &mut [(ciborium::Value, ciborium::Value)], key: i64, value: impl Into<ciborium::Value>) {
    let pair = pairs.iter_mut().find(|(found, _)| *found == ciborium::Value::from(key)).unwrap();
    pair.1 = value.into();
}

#[test]
fn claims_of_the_wrong_type_are_refused() {
    assert!(LicenceClaims::decode(&changed(|_| ())).is_ok(), "unchanged");
    let cases: Vec<(&str, ciborium::Value)> = vec![
        ("text", "1795500000".into()),
        ("float", 1_795_500_000.5.into()),
        ("whole float", 1_795_500_000.0.into()),
        ("not a number", f64::NAN.into()),
        ("infinity", f64::INFINITY.into()),
        ("milliseconds", 1_795_500_000_000_i64.into()),
        ("2^64 - 1", u64::MAX.into()),
        ("bytes", ciborium::Value::Bytes(vec![1])),
        ("null", ciborium::Value::Null),
        ("true", true.into()),
    ];
    for (name, value) in cases {
        for key in [4, 5, 6] {
            let bytes = changed(|pairs| set(pairs, key, value.clone()));
            assert!(LicenceClaims::decode(&bytes).is_err(), "claim {key} as {name}");
        }
    }
}

#[test]
fn the_schema_is_closed_and_complete() {
    for key in [1, 5, 6, 65_535, -70_001] {
        let bytes = changed(|pairs| pairs.retain(|(found, _)| *found != ciborium::Value::from(key)));
        assert_eq!(
            LicenceClaims::decode(&bytes),
            Err(PayloadError::MissingClaim { map: "claims", label: key })
        );
    }
    for key in [2, 3, 7, 8, 260] {
        let bytes = changed(|pairs| {
            let at = pairs.iter().position(|(found, _)| {
                found
                    .as_integer()
                    .is_some_and(|found| i128::from(found) > i128::from(key) || i128::from(found) < 0)
            });
            pairs.insert(at.unwrap(), (key.into(), "extra".into()));
        });
        assert_eq!(
            LicenceClaims::decode(&bytes),
            Err(PayloadError::UnknownClaim { map: "claims", label: key })
        );
    }
}

#[test]
fn form_and_digest_go_together() {
    let with = |form: LicenceForm| LicenceClaims { form, ..claims() }.encode();
    let full = with(LicenceForm::Full);
    let qr = with(LicenceForm::Qr { full: Digest::of(b"x") });
    assert!(LicenceClaims::decode(&full).is_ok() && LicenceClaims::decode(&qr).is_ok());
    let place =
        |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).position(|window| window == word).unwrap();
    let mut claims_full_with_digest = qr.clone();
    let at = place(&qr, b"\x0c\x62qr");
    claims_full_with_digest.splice(at..at + 4, *b"\x0c\x64full");
    assert_eq!(LicenceClaims::decode(&claims_full_with_digest), Err(PayloadError::FormAndDigest));
    let mut claims_qr_without = full.clone();
    let at = place(&full, b"\x0c\x64full");
    claims_qr_without.splice(at..at + 6, *b"\x0c\x62qr");
    assert_eq!(LicenceClaims::decode(&claims_qr_without), Err(PayloadError::FormAndDigest));
}

fn any_text(most: usize) -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{1,40}", "[一-龥]{1,60}", "[A-Z][a-z]{1,9} [A-Z][a-z]{1,9}"]
        .prop_map(move |text: String| text.chars().take(most).collect::<String>().trim_end().to_owned())
}

fn any_date() -> impl Strategy<Value = Date> {
    (1_i32..=9_999, 1_u8..=12, 1_u8..=28)
        .prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}").parse().unwrap())
}

fn any_fields() -> impl Strategy<Value = Fields> {
    let text = (any_text(200), prop::option::of(any::<i64>()));
    prop::collection::btree_map("[a-z][a-z0-9_]{0,39}", text, 0..20).prop_map(|fields| {
        let pairs = fields.iter().map(|(key, (text, number))| {
            (key.as_str(), number.map_or(FieldValue::Text(text), FieldValue::Integer))
        });
        pairs.collect()
    })
}

/// Claims in either form with everything in them that can vary.
fn any_claims() -> impl Strategy<Value = LicenceClaims> {
    let texts = (any_text(200), any_text(64), any_text(200));
    let dates = (any_date(), any_date(), prop::option::of(any_date()));
    let holders = prop::collection::vec((any_text(200), "[A-Z0-9]{1,64}"), 1..5);
    let status = ("[a-z0-9/-]{1,60}", any::<u32>());
    (texts, dates, holders, any_fields(), status, any::<[u8; 32]>(), 0_i64..4_000_000_000, 0_u8..8).prop_map(
        |(texts, dates, holders, fields, status, random, at, choices)| {
            let (type_name, number, name) = texts;
            let mut licence = claims().licence;
            let (type_code, issuer) = (licence.identifier.type_code(), licence.identifier.issuer());
            let first = Identifier::new(type_code, issuer, Serial::from_random(&random), Version::FIRST);
            licence.identifier = first.next_version().unwrap();
            (licence.type_name, licence.number, licence.fields) = (type_name, number, fields);
            licence.authority = Authority::new(issuer, &name).unwrap();
            (licence.issued, licence.valid_from, licence.valid_to) = dates;
            let person = |(name, code): (String, String)| {
                Holder::new(&name, &code, HolderCodeType::OrdinaryPassport).unwrap()
            };
            licence.holders = holders.into_iter().map(person).collect();
            licence.replaces = (choices & 1 == 1).then_some(first);
            licence.area_code = (choices & 2 == 2).then(|| "999901".parse().unwrap());
            let status = StatusReference { uri: format!("https://{}", status.0), index: status.1 };
            let full = LicenceClaims::full(licence, UnixTime::from_seconds(at).unwrap(), status);
            match choices & 4 {
                0 => full,
                _ => LicenceClaims { form: LicenceForm::Qr { full: Digest::from_bytes(random) }, ..full },
            }
        },
    )
}

proptest! {
    #[test]
    fn any_claims_come_back_and_a_second_writer_agrees(claims in any_claims()) {
        let bytes = claims.encode();
        prop_assert_eq!(LicenceClaims::decode(&bytes), Ok(claims));
        let value: ciborium::Value = ciborium::from_reader(&bytes[..]).unwrap();
        let mut again = Vec::new();
        ciborium::into_writer(&value, &mut again).unwrap();
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn what_is_accepted_is_written_the_same_way_again(at in 0usize..900, byte: u8) {
        let mut bytes = claims().encode();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(claims) = LicenceClaims::decode(&bytes) {
            prop_assert_eq!(claims.encode(), bytes);
        }
    }
}
