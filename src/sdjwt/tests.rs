//! What is made is read; any part of it can be shown; whatever is changed is refused; a proof is for one verifier, once.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::disclosure::encode_member;
use super::*;
use crate::codec::{KeyId, StatusReference};
use crate::crypto::{Algorithm, Digest, SigningKey, SystemRandom};
use crate::licence::{Authority, Catalogue, Draft, Identifier, Licence, Serial, Version};
use crate::time::UnixTime;

const SAMPLE: &[u8] = include_bytes!("../../fixtures/licences/business-licence-benchmark.json");
const URL: &str = "https://licences.example";

fn now() -> UnixTime {
    "2026-11-24T10:00:00+08:00".parse().unwrap()
}

fn licence() -> Licence {
    let catalogue = Catalogue::shipped().unwrap();
    let draft = Draft::from_json(SAMPLE).unwrap();
    let code = draft.type_code();
    let draft = draft.check(catalogue.get(&code).unwrap(), now().date()).unwrap();
    let issuer = "11430000006122244L".parse().unwrap();
    let identifier = Identifier::new(code, issuer, Serial::from_random(&[7; 32]), Version::FIRST);
    draft.into_licence(identifier, Authority::new(issuer, "测试市监局").unwrap(), None)
}

fn made(algorithm: Algorithm, holder_key: Option<&HolderKey>) -> (SdJwt, SigningKey) {
    let key = SigningKey::generate(algorithm).unwrap();
    let status = StatusReference { uri: format!("{URL}/v1/status-lists/3f-0"), index: 7 };
    let terms = SdJwtTerms { public_url: URL, at: now(), status: &status, holder_key };
    let signer = SdJwtSigner { key: &key, key_id: KeyId::from_bytes([1; 8]), chain: &[b"leaf", b"city"] };
    (issue(&licence(), &terms, signer, &SystemRandom).unwrap(), key)
}

/// With these disclosures, by number.
fn subset(text: &str, keep: impl Fn(usize) -> bool) -> String {
    let presentation = Presentation::split(text).unwrap();
    let mut shown = format!("{}~", presentation.issuer_signed);
    for (_, disclosure) in presentation.disclosures.iter().enumerate().filter(|(number, _)| keep(*number)) {
        shown.push_str(disclosure);
        shown.push('~');
    }
    shown
}

/// Everything but who the issuer is.
fn read(text: &str, key: &SigningKey) -> Result<SdJwtClaims, String> {
    let presentation = Presentation::split(text).map_err(|error| error.to_string())?;
    let jws = Jws::decode(presentation.issuer_signed, TYP).map_err(|error| error.to_string())?;
    jws.verify(&key.verifying_key()).map_err(|error| error.to_string())?;
    let claims =
        unpack(jws.payload().clone(), &presentation.disclosures).map_err(|error| error.to_string())?;
    SdJwtClaims::read(&claims).map_err(|error| error.to_string())
}

#[test]
fn everything_about_a_licence_can_be_shown_or_left_out() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let holder = HolderKey::new(SigningKey::generate(algorithm).unwrap().verifying_key());
        let (made, key) = made(algorithm, Some(&holder));
        let licence = licence();
        let all = read(&made.text, &key).unwrap();
        assert_eq!(all.identifier().as_ref(), Some(&licence.identifier));
        assert_eq!(all.disclosed["number"], licence.number.as_str());
        assert_eq!(all.disclosed["holders"], serde_json::to_value(&licence.holders).unwrap());
        for (key, value) in licence.fields.iter() {
            assert_eq!(all.disclosed[&format!("field_{key}")], serde_json::to_value(value).unwrap());
        }
        assert_eq!(all.vct, format!("{URL}/v1/licence-types/{}", licence.identifier.type_code()));
        assert_eq!((all.not_before, all.expires), (licence.valid_from.start(), made.expires));
        assert_eq!(all.holder_key, Some(holder));
        let none = read(&subset(&made.text, |_| false), &key).unwrap();
        assert_eq!(none, SdJwtClaims { disclosed: Map::new(), ..all });
        // Nothing about the holder stands in the open.
        let open = Presentation::split(&made.text).unwrap().issuer_signed;
        let payload = Jws::decode(open, TYP).unwrap().payload().clone();
        let mut names: Vec<&String> = payload.keys().collect();
        names.sort();
        let mut expected = vec!["_sd", "_sd_alg", "cnf", "iat", "iss", "nbf", "status", "vct"];
        if made.expires.is_some() {
            expected.insert(3, "exp");
        }
        assert_eq!(names, expected);
        let digests = payload["_sd"].as_array().unwrap();
        assert!(digests.is_sorted_by_key(|digest| digest.as_str().map(str::to_owned)));
    }
}

#[test]
fn the_digest_is_over_the_issuer_signed_jwt() {
    let (made, _) = made(Algorithm::Es256, None);
    let open = Presentation::split(&made.text).unwrap().issuer_signed;
    assert_eq!(made.digest, Digest::of(open.as_bytes()));
}

#[test]
fn salts_are_never_the_same() {
    let (first, second) = (made(Algorithm::EdDsa, None).0, made(Algorithm::EdDsa, None).0);
    let of = |text: &str| -> Vec<String> {
        Presentation::split(text).unwrap().disclosures.into_iter().map(str::to_owned).collect()
    };
    let mut all = [of(&first.text), of(&second.text)].concat();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn claims_of_another_kind_are_refused() {
    let good = json!({
        "iss": URL, "vct": format!("{URL}/v1/licence-types/11100000MB0143028R001"), "iat": 1, "nbf": 1, "exp": 2,
        "status": {"status_list": {"idx": 0, "uri": "u"}},
    });
    let change = |claim: &str, value: Value| {
        let mut claims = good.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(claim);
        } else {
            claims[claim] = value;
        }
        SdJwtClaims::read(claims.as_object().unwrap())
    };
    assert!(change("sub", "somebody".into()).is_ok(), "unknown claims are left aside");
    assert!(change("exp", Value::Null).is_ok());
    for (claim, value) in [
        ("iss", Value::Null),
        ("vct", "https://licences.example/".into()),
        ("iat", Value::Null),
        ("nbf", "1".into()),
        ("nbf", json!(1.5)),
        ("exp", json!(u64::MAX)),
        ("exp", "2".into()),
        ("exp", json!(true)),
        ("status", Value::Null),
        ("status", json!({"status_list": {"idx": -1, "uri": "u"}})),
        ("status", json!({"status_list": {"idx": 4_294_967_296_u64, "uri": "u"}})),
        ("cnf", json!({"kid": "x"})),
        ("identifier", "1.2.156".into()),
        ("number", "\u{202e}x".into()),
        ("valid_from", "2026-02-30".into()),
        ("holders", json!([])),
        ("holders", json!([{"name": "甲", "code": "1", "code_type": "111"}])),
        ("field_area", json!({"a": 1})),
    ] {
        let refused = change(claim, value.clone());
        assert!(
            matches!(&refused, Err(ClaimsError::Claim { claim: named, .. }) if named == claim),
            "{claim} {value}: {refused:?}"
        );
    }
    assert!(matches!(change("exp", 1.into()), Err(ClaimsError::Disagree { .. })));
    assert!(matches!(change("valid_from", "2026-01-01".into()), Err(ClaimsError::Disagree { .. })));
}

/// A proof with these claims changed, over `shown`.
fn prove(shown: &str, key: &SigningKey, change: &[(&str, Value)]) -> String {
    use base64::Engine;
    let hash =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Digest::of(shown.as_bytes()).as_bytes());
    let mut claims = json!({"aud": "窗口", "nonce": "n-1", "iat": now().seconds(), "sd_hash": hash});
    for (claim, value) in change {
        claims[*claim] = value.clone();
    }
    let Value::Object(claims) = claims else { unreachable!() };
    jws::sign(Map::from_iter([("typ".to_owned(), "kb+jwt".into())]), claims, key).unwrap()
}

#[test]
fn a_proof_is_for_one_verifier_once_and_for_this_presentation() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let holder = SigningKey::generate(algorithm).unwrap();
        let bound = HolderKey::new(holder.verifying_key());
        let shown = subset(&made(algorithm, Some(&bound)).0.text, |number| number % 2 == 0);
        let challenge = Challenge { audience: "窗口".to_owned(), nonce: "n-1".to_owned() };
        let check = |proof: &str, at| {
            let text = format!("{shown}{proof}");
            let presentation = Presentation::split(&text).unwrap();
            assert_eq!(presentation.key_binding, Some(proof));
            check_key_binding(&presentation, proof, &bound, Some(&challenge), at)
        };
        let changed = |claim, value| check(&prove(&shown, &holder, &[(claim, value)]), now()).unwrap_err();
        let good = prove(&shown, &holder, &[]);
        assert_eq!(check(&good, now()), Ok(()));
        assert_eq!(check(&good, now().plus(300)), Ok(()));
        assert_eq!(check(&good, now().plus(-60)), Ok(()));
        assert!(matches!(check(&good, now().plus(301)), Err(KeyBindingError::Time { .. })));
        assert!(matches!(check(&good, now().plus(-61)), Err(KeyBindingError::Time { .. })));
        assert!(matches!(changed("aud", "别处".into()), KeyBindingError::Audience { .. }));
        assert!(matches!(changed("aud", json!(["窗口"])), KeyBindingError::Claim { claim: "aud", .. }));
        assert!(matches!(changed("nonce", "n-0".into()), KeyBindingError::Nonce { .. }));
        assert!(matches!(changed("iat", "0".into()), KeyBindingError::Claim { claim: "iat", .. }));
        assert!(matches!(changed("exp", now().seconds().into()), KeyBindingError::NotInForce { .. }));
        let late = now().plus(61).seconds();
        assert!(matches!(changed("nbf", late.into()), KeyBindingError::NotInForce { .. }));
        let of_all = prove("other~", &holder, &[]);
        assert_eq!(check(&of_all, now()), Err(KeyBindingError::Hash));
        let thief = SigningKey::generate(algorithm).unwrap();
        assert!(matches!(check(&prove(&shown, &thief, &[]), now()), Err(KeyBindingError::Jws(_))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_subset_of_disclosures_verifies(kept in any::<u32>()) {
        let (made, key) = made(Algorithm::EdDsa, None);
        let shown = subset(&made.text, |number| kept >> number & 1 == 1);
        let count = Presentation::split(&shown).unwrap().disclosures.len();
        prop_assert_eq!(read(&shown, &key).unwrap().disclosed.len(), count);
    }

    #[test]
    fn any_changed_byte_does_not(at in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let (made, key) = made(Algorithm::EdDsa, None);
        let mut bytes = made.text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let changed = String::from_utf8(bytes).unwrap();
        // A tilde at the end made into something else leaves a key-binding JWT that is none: a matter of the proof.
        let kept = Presentation::split(&changed).is_ok_and(|parts| parts.key_binding.is_some());
        prop_assert!(kept || read(&changed, &key).is_err());
    }

    #[test]
    fn a_disclosure_nobody_signed_is_refused(name in "[a-z_]{1,20}", value in "[a-z0-9]{0,20}") {
        let (made, key) = made(Algorithm::EdDsa, None);
        let forged = format!("{}{}~", made.text, encode_member(&[0; 16], &name, &value.into()));
        prop_assert!(read(&forged, &key).unwrap_err().contains("referenced"));
    }

    #[test]
    fn any_text_is_a_presentation_or_an_error(text in "[A-Za-z0-9_.~-]{0,200}") {
        if let Ok(presentation) = Presentation::split(&text) {
            let _ = Jws::decode(presentation.issuer_signed, TYP);
            let _ = unpack(Map::new(), &presentation.disclosures);
        }
    }
}
