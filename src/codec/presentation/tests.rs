use proptest::prelude::*;

use super::super::encode_qr_text;
use super::super::envelope::{KeyId, Typ, sign_envelope};
use super::*;
use crate::crypto::{Algorithm, SigningKey};
use crate::licence::{Catalogue, FieldValue};

fn claims() -> PresentationClaims {
    let at = UnixTime::from_seconds(1_795_500_000).unwrap();
    PresentationClaims {
        issuer: "11430000006122244L".parse().unwrap(),
        expires: at.plus(60),
        issued_at: at,
        type_code: "11100000MB0143028R001".parse().unwrap(),
        licence: Digest::of(b"full"),
        status_list: 0,
        status_index: 1_048_575,
        audience: "示范市行政审批局".to_owned(),
        reason: Digest::of("租赁合同备案".as_bytes()),
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
        (2, ciborium::Value::Bytes(vec![0; 31])),
        (3, ciborium::Value::Array(vec![1.into()])),
        (3, ciborium::Value::Array(vec![1.into(), (1_u64 << 32).into()])),
        (3, ciborium::Value::Array(vec![1.into(), 2.into(), 3.into()])),
        (4, "".into()),
        (4, "长".repeat(101).into()),
        (4, "a\u{202e}b".into()),
        (5, ciborium::Value::Bytes(vec![0; 33])),
        (6, ciborium::Value::Map(vec![("Name".into(), "x".into())])),
        (6, ciborium::Value::Map(vec![("name".into(), true.into())])),
        (6, ciborium::Value::Map(vec![("name".into(), "a\u{200b}".into())])),
    ] {
        assert!(set(label, value.clone()).is_err(), "{label} as {value:?}");
    }
}

/// Characters that version 15 holds in alphanumeric mode at level L (ISO/IEC 18004:2015, table 7).
const VERSION_15_L: usize = 758;

/// The promise, for every type of the catalogue and the three of its fields with the longest keys, in values that
/// compress as badly as names do: every character another one.
#[test]
fn three_fields_of_twenty_characters_fit_version_15_at_level_l() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let different: Vec<char> = ('\u{4e00}'..'\u{9fa5}').step_by(331).take(63).collect();
    let text = |at: usize| different[at * 20..][..20].iter().collect::<String>();
    let mut longest = 0;
    for licence_type in Catalogue::shipped().unwrap().iter() {
        let own = licence_type.fields().iter().map(|field| field.key());
        let mut keys: Vec<&str> = own.chain(PresentationClaims::BESIDE_FIELDS).collect();
        keys.sort_by_key(|key| std::cmp::Reverse(key.len()));
        let values = [text(0), text(1), text(2)];
        let mut fields: Vec<(&str, &str)> =
            keys.into_iter().take(3).zip(values.iter().map(String::as_str)).collect();
        fields.sort_by_key(|(key, _)| (key.len(), *key));
        let claims = PresentationClaims {
            type_code: licence_type.code(),
            audience: "示范市行政审批服务局".to_owned(),
            fields: fields.iter().map(|(key, value)| (*key, FieldValue::Text(value))).collect(),
            ..claims()
        };
        assert_eq!(claims.fields.len(), 3);
        let envelope =
            sign_envelope(Typ::Presentation, KeyId::from_bytes([0x9d; 8]), claims.encode(), &key).unwrap();
        longest = longest.max(encode_qr_text(&envelope).len());
    }
    assert!(longest <= VERSION_15_L, "{longest} characters");
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
        digests in any::<([u8; 32], [u8; 32])>(),
        status in any::<(u32, u32)>(),
        at in 0_i64..4_000_000_000,
        seconds in 1_i64..=600,
    ) {
        let issued_at = UnixTime::from_seconds(at).unwrap();
        let claims = PresentationClaims {
            fields,
            audience,
            licence: Digest::from_bytes(digests.0),
            reason: Digest::from_bytes(digests.1),
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
