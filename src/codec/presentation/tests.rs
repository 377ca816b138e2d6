use proptest::prelude::*;

use super::super::encode_qr_text;
use super::super::envelope::{KeyId, Typ, sign_envelope};
use super::*;
use crate::crypto::{Algorithm, SigningKey};
use crate::licence::{Catalogue, FieldValue, LicenceType};

fn claims() -> PresentationClaims {
    let at = UnixTime::from_seconds(1_795_500_000).unwrap();
    PresentationClaims {
        issuer: "11430000006122244L".parse().unwrap(),
        expires: at.plus(60),
        issued_at: at,
        type_code: "11100000MB0143028R001".parse().unwrap(),
        licence: HalfDigest::of(&Digest::of(b"full")),
        status_list: 0,
        status_index: 1_048_575,
        audience: "示范市行政审批局".to_owned(),
        reason: HalfDigest::of(&Digest::of("租赁合同备案".as_bytes())),
        fields: [("holder_name", FieldValue::Text("云岭青禾")), ("capital", FieldValue::Integer(-5))]
            .into_iter()
            .collect(),
    }
}

#[test]
fn a_presentation_comes_back_from_its_bytes() {
    let none = PresentationClaims { fields: Fields::new(), ..claims() };
    for claims in [claims(), none] {
        assert_eq!(PresentationClaims::decode(&claims.encode()), Ok(claims));
    }
}

#[test]
fn it_is_good_for_1_to_600_seconds() {
    for (seconds, good) in [(-1, false), (0, false), (1, true), (600, true), (601, false), (86_400, false)] {
        let claims = claims();
        let claims = PresentationClaims { expires: claims.issued_at.plus(seconds), ..claims };
        assert_eq!(PresentationClaims::decode(&claims.encode()).is_ok(), good, "{seconds}");
    }
}

#[test]
fn the_schema_is_closed_and_complete_at_both_levels() {
    let changed = |change: &dyn Fn(&mut Vec<(ciborium::Value, ciborium::Value)>)| {
        let mut value: ciborium::Value = ciborium::from_reader(&claims().encode()[..]).unwrap();
        change(value.as_map_mut().unwrap());
        let mut bytes = Vec::new();
        ciborium::into_writer(&value, &mut bytes).unwrap();
        PresentationClaims::decode(&bytes)
    };
    for label in [1, 4, 6, -70_005] {
        let without = changed(&|pairs| pairs.retain(|(key, _)| *key != ciborium::Value::from(label)));
        assert_eq!(without, Err(PayloadError::MissingClaim { map: "claims", label }));
    }
    for label in 1..=6 {
        let without = changed(&|pairs| {
            pairs[3].1.as_map_mut().unwrap().retain(|(key, _)| *key != ciborium::Value::from(label));
        });
        assert_eq!(without, Err(PayloadError::MissingClaim { map: "presentation", label }));
    }
    let extra = || (ciborium::Value::from(7), ciborium::Value::from("extra"));
    let outer = changed(&|pairs| pairs.insert(3, extra()));
    assert_eq!(outer, Err(PayloadError::UnknownClaim { map: "claims", label: 7 }));
    let inner = changed(&|pairs| pairs[3].1.as_map_mut().unwrap().push(extra()));
    assert_eq!(inner, Err(PayloadError::UnknownClaim { map: "presentation", label: 7 }));
    let set = |label: usize, value: ciborium::Value| {
        changed(&move |pairs| pairs[3].1.as_map_mut().unwrap()[label - 1].1 = value.clone())
    };
    for (label, value) in [
        (1, "11100000MB0143028R00".into()),
        (2, ciborium::Value::Bytes(vec![0; 15])),
        (3, ciborium::Value::Array(vec![1.into()])),
        (3, ciborium::Value::Array(vec![1.into(), (1_u64 << 32).into()])),
        (3, ciborium::Value::Array(vec![1.into(), 2.into(), 3.into()])),
        (4, "".into()),
        (4, "长".repeat(101).into()),
        (4, "a\u{202e}b".into()),
        (5, ciborium::Value::Bytes(vec![0; 32])),
        (6, ciborium::Value::Map(vec![("Name".into(), "x".into())])),
        (6, ciborium::Value::Map(vec![("name".into(), true.into())])),
        (6, ciborium::Value::Map(vec![("name".into(), "a\u{200b}".into())])),
    ] {
        assert!(set(label, value.clone()).is_err(), "{label} as {value:?}");
    }
}

/// Characters that a version holds in alphanumeric mode at level L (ISO/IEC 18004:2015, table 7).
const VERSION_15_L: usize = 758;
const VERSION_16_L: usize = 854;

/// The longest QR text of a presentation of three fields with these values, over every type of the catalogue and the three
/// of its fields that have the longest keys.
fn longest_text(values: [&str; 3]) -> usize {
    assert!(values.iter().all(|value| value.chars().count() == 20));
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let text_of = |licence_type: &LicenceType| {
        let own = licence_type.fields().iter().map(|field| field.key());
        let mut keys: Vec<&str> = own.chain(PresentationClaims::BESIDE_FIELDS).collect();
        keys.sort_by_key(|key| std::cmp::Reverse(key.len()));
        let mut fields: Vec<(&str, &str)> = keys.into_iter().take(3).zip(values).collect();
        fields.sort_by_key(|(key, _)| (key.len(), *key));
        let claims = PresentationClaims {
            type_code: licence_type.code(),
            audience: "示范市行政审批服务局".to_owned(),
            licence: HalfDigest::of(&Digest::of(licence_type.code().as_str().as_bytes())),
            fields: fields.iter().map(|(key, value)| (*key, FieldValue::Text(value))).collect(),
            ..claims()
        };
        assert_eq!(claims.fields.len(), 3);
        let key_id = KeyId::from_bytes([0x9d, 0x3e, 0x81, 0x5f, 0xc2, 0x77, 0x04, 0xba]);
        encode_qr_text(&sign_envelope(Typ::Presentation, key_id, claims.encode(), &key).unwrap()).len()
    };
    Catalogue::shipped().unwrap().iter().map(text_of).max().unwrap()
}

/// The promise, in the words that such fields hold.
#[test]
fn three_fields_of_twenty_characters_fit_version_15_at_level_l() {
    let longest = longest_text([
        "云岭市西山区青禾食品加工有限责任公司一厂",
        "示范市五华区人民中路一百二十三号金鹰大厦",
        "食品生产、预包装食品销售、餐饮服务及配送",
    ]);
    assert!(longest <= VERSION_15_L, "{longest} characters");
}

/// No two characters the same and drawn from all of Unicode's first Han block, as no text is: one version more.
#[test]
fn three_fields_that_nothing_compresses_take_one_version_more() {
    let different: Vec<char> = ('\u{4e00}'..'\u{9fa5}').step_by(331).take(60).collect();
    let [first, second, third] =
        [0, 20, 40].map(|from| different[from..from + 20].iter().collect::<String>());
    let longest = longest_text([&first, &second, &third]);
    assert!((VERSION_15_L + 1..=VERSION_16_L).contains(&longest), "{longest} characters");
}

fn any_fields() -> impl Strategy<Value = Fields> {
    let value = ("[一-龥]{1,60}", prop::option::of(any::<i64>()));
    prop::collection::btree_map("[a-z][a-z0-9_]{0,39}", value, 0..20).prop_map(|fields| {
        let pairs = fields.iter().map(|(key, (text, number))| {
            (key.as_str(), number.map_or(FieldValue::Text(text), FieldValue::Integer))
        });
        pairs.collect()
    })
}

proptest! {
    #[test]
    fn any_presentation_comes_back_and_a_second_writer_agrees(
        fields in any_fields(),
        audience in "[一-龥]{1,100}",
        digests in any::<([u8; 16], [u8; 16])>(),
        status in any::<(u32, u32)>(),
        at in 0_i64..4_000_000_000,
        seconds in 1_i64..=600,
    ) {
        let issued_at = UnixTime::from_seconds(at).unwrap();
        let claims = PresentationClaims {
            fields,
            audience,
            licence: HalfDigest::from_bytes(digests.0),
            reason: HalfDigest::from_bytes(digests.1),
            status_list: status.0,
            status_index: status.1,
            issued_at,
            expires: issued_at.plus(seconds),
            ..claims()
        };
        let bytes = claims.encode();
        prop_assert_eq!(PresentationClaims::decode(&bytes), Ok(claims));
        let value: ciborium::Value = ciborium::from_reader(&bytes[..]).unwrap();
        let mut again = Vec::new();
        ciborium::into_writer(&value, &mut again).unwrap();
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn what_is_accepted_is_written_the_same_way_again(at in 0usize..600, byte: u8) {
        let mut bytes = claims().encode();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(claims) = PresentationClaims::decode(&bytes) {
            prop_assert_eq!(claims.encode(), bytes);
        }
    }
}
