use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::crypto::{Algorithm, VerifyingKey};
use crate::status::{Change, StatusListToken};

const URI: &str = "https://licences.example/v1/status-lists/3f-0";
const NOW: i64 = 1_795_449_600;

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(seconds).unwrap()
}

fn list() -> StatusList {
    let mut bits = StatusBits::all_good();
    assert_eq!(bits.set(1_993, 2), Ok(Change::Made));
    StatusList {
        uri: URI.to_owned(),
        issued_at: at(NOW),
        expires: at(NOW + 604_800),
        ttl: 300,
        version: 17,
        bits,
    }
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn sign(list: &StatusList, key: &SigningKey) -> SignedStatusList {
    let signer = StatusSigner { key_id: KeyId::from_bytes([7; 8]), key };
    list.sign(&list.bits.compress(), signer).unwrap()
}

fn read(bytes: &[u8], key: &VerifyingKey) -> Result<StatusList, StatusListError> {
    StatusListToken::decode(bytes)?.verify(key)
}

#[test]
fn both_forms_say_the_same() {
    let (list, key) = (list(), key());
    let signed = sign(&list, &key);
    for bytes in [&signed.cwt, &signed.jwt] {
        assert_eq!(StatusListToken::decode(bytes).unwrap().key_id(), KeyId::from_bytes([7; 8]));
        assert_eq!(read(bytes, &key.verifying_key()).unwrap(), list);
    }
}

/// Each byte that a thief could turn: in the JWT's header, claims and signature, in the CWT's every tenth.
#[test]
fn no_changed_byte_is_accepted() {
    let (list, key) = (list(), key());
    let signed = sign(&list, &key);
    for bytes in [signed.cwt, signed.jwt] {
        for place in (0..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(read(&changed, &key.verifying_key()).is_err(), "byte {place}");
        }
        let longer = [&bytes[..], b"A"].concat();
        assert!(read(&longer, &key.verifying_key()).is_err());
        assert!(read(&bytes[..bytes.len() - 1], &key.verifying_key()).is_err());
    }
}

#[test]
fn another_key_never_signed_it() {
    let (list, key) = (list(), key());
    let signed = sign(&list, &key);
    for other in [Algorithm::Es256, Algorithm::EdDsa] {
        let other = SigningKey::generate(other).unwrap().verifying_key();
        for bytes in [&signed.cwt, &signed.jwt] {
            assert_eq!(read(bytes, &other), Err(SignatureError::Mismatch.into()));
        }
    }
}

/// A JWT with these parts, signed.
fn jwt(header: &str, payload: &str, key: &SigningKey) -> Vec<u8> {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}").into_bytes()
}

#[test]
fn a_jwt_says_exactly_what_it_has_to() {
    let (list, key) = (list(), key());
    let lst = URL_SAFE_NO_PAD.encode(list.bits.compress());
    let header = r#"{"alg":"ES256","kid":"BwcHBwcHBwc","typ":"statuslist+jwt"}"#;
    let payload = format!(
        r#"{{"sub":"{URI}","exp":1796054400,"iat":{NOW},"ttl":300,"status_list":{{"bits":2,"lst":"{lst}"}},"version":17}}"#
    );
    assert_eq!(read(&jwt(header, &payload, &key), &key.verifying_key()).unwrap(), list);
    for (from, to) in [
        ("ES256", "none"),
        ("ES256", "HS256"),
        ("ES256", "EdDSA"),
        ("statuslist+jwt", "jwt"),
        (r#""alg""#, r#""crit":["exp"],"alg""#),
        (r#""alg""#, r#""alg":"ES256","alg""#),
        (r#""kid":"BwcHBwcHBwc","#, ""),
        ("BwcHBwcHBwc", "BwcHBwc"),
        ("BwcHBwcHBwc", "BwcHBwcHBwc="),
    ] {
        let changed = jwt(&header.replace(from, to), &payload, &key);
        assert!(StatusListToken::decode(&changed).is_err(), "{from} to {to}");
    }
    for (from, to) in [
        (r#""version":17"#, r#""version":17,"version":18"#),
        (r#""version":17"#, r#""version":"17""#),
        (r#""version":17"#, r#""version":-1"#),
        (r#","version":17"#, ""),
        (r#""ttl":300"#, r#""ttl":300,"nbf":1"#),
        (r#""ttl":300"#, r#""ttl":3e2"#),
        (r#""bits":2"#, r#""bits":2,"aggregation_uri":"https://licences.example""#),
    ] {
        let changed = jwt(header, &payload.replace(from, to), &key);
        assert_eq!(read(&changed, &key.verifying_key()), Err(JwtError::Claims.into()), "{from} to {to}");
    }
    let padded = payload.replace(&lst, &format!("{lst}="));
    assert_eq!(read(&jwt(header, &padded, &key), &key.verifying_key()), Err(JwtError::Claims.into()));
}

#[test]
fn a_list_is_used_for_its_own_address_in_its_own_time() {
    let list = list();
    assert_eq!(list.check(URI, at(NOW), None), Ok(()));
    let other = list.check("https://licences.example/v1/status-lists/3f-1", at(NOW), None);
    assert!(matches!(other, Err(StatusListError::OtherList { .. })));
    assert_eq!(list.check(URI, at(NOW - 60), None), Ok(()));
    assert!(matches!(list.check(URI, at(NOW - 61), None), Err(StatusListError::Future { .. })));
    assert_eq!(list.check(URI, at(NOW + 604_799), None), Ok(()));
    assert!(matches!(list.check(URI, at(NOW + 604_800), None), Err(StatusListError::Expired { .. })));
}

#[test]
fn a_list_never_goes_behind_one_that_was_seen() {
    let list = list();
    assert_eq!(list.check(URI, at(NOW), Some(list.seen())), Ok(()));
    let newer = Seen { version: 18, issued_at: at(NOW - 10) };
    let error = StatusListError::OlderVersion { seen: 18, got: 17 };
    assert_eq!(list.check(URI, at(NOW), Some(newer)), Err(error));
    let later = Seen { version: 3, issued_at: at(NOW + 1) };
    let error = StatusListError::OlderTime { seen: at(NOW + 1), got: at(NOW) };
    assert_eq!(list.check(URI, at(NOW), Some(later)), Err(error));
}

/// ADVERSARY #49, in both forms: sizes and values that nobody means.
#[test]
fn absurd_claims_are_refused() {
    let key = key();
    for ttl in [0, StatusList::LONGEST_TTL + 1, u32::MAX] {
        let signed = sign(&StatusList { ttl, ..list() }, &key);
        for bytes in [signed.cwt, signed.jwt] {
            assert_eq!(read(&bytes, &key.verifying_key()), Err(StatusListError::Ttl { got: ttl.into() }));
        }
    }
    for width in [EntryBits::One, EntryBits::Four, EntryBits::Eight] {
        let bits = StatusBits::from_bytes(width, vec![0; LIST_BYTES]);
        let signed = sign(&StatusList { bits, ..list() }, &key);
        let got = width.count().into();
        for bytes in [signed.cwt, signed.jwt] {
            assert_eq!(read(&bytes, &key.verifying_key()), Err(StatusListError::Bits { got }));
        }
    }
    for length in [0, LIST_BYTES - 1, LIST_BYTES + 1, 64 << 20] {
        let bits = StatusBits::from_bytes(EntryBits::Two, vec![0; length]);
        let signed = sign(&StatusList { bits, ..list() }, &key);
        for bytes in [signed.cwt, signed.jwt] {
            assert!(
                matches!(read(&bytes, &key.verifying_key()), Err(StatusListError::Entries(_))),
                "{length}"
            );
        }
    }
}
