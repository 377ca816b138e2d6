//! The list's bytes: hostile ones first.

use proptest::prelude::*;

use super::*;
use crate::codec::cbor::CborError;
use crate::crypto::Algorithm;
use crate::pki::testing::{NOW, Tree, at};

/// What [`TrustList::encode`] says of the list of a tree, with one thing changed.
fn encoded(change: impl FnOnce(&mut TrustList)) -> Result<Vec<u8>, TrustListError> {
    let mut list = Tree::grow(Algorithm::EdDsa).list();
    change(&mut list);
    list.encode()
}

/// The bytes of a good list, and the bytes with `from` replaced by `to` at its only place.
fn replaced(from: &[u8], to: &[u8]) -> Result<TrustList, TrustListError> {
    let bytes = encoded(|list| {
        let revocation = Revocation { reason: RevocationReason::Superseded, at: at(NOW), position: 3 };
        list.certificates[2].revocation = Some(revocation);
    })
    .unwrap();
    assert!(TrustList::decode(&bytes).is_ok());
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    TrustList::decode(&[&bytes[..at], to, &bytes[at + from.len()..]].concat())
}

#[test]
fn a_list_comes_back_from_its_bytes_and_no_shorter_ones_do() {
    let list = Tree::grow(Algorithm::EdDsa).list();
    let bytes = list.encode().unwrap();
    assert_eq!(TrustList::decode(&bytes).unwrap(), list);
    for length in (0..bytes.len()).step_by(13) {
        assert!(TrustList::decode(&bytes[..length]).is_err(), "{length} bytes of it");
    }
}

#[test]
fn a_status_address_ends_in_a_hyphen() {
    let mut list = Tree::grow(Algorithm::EdDsa).list();
    list.authorities[0].status_uri.pop();
    assert!(matches!(list.encode(), Err(TrustListError::Url { .. })));
}

#[test]
fn only_the_keys_of_the_format_are_read_and_all_of_them() {
    let region = [&[2, 0x69], "测试市".as_bytes()].concat();
    let missing = |map, key| Err(TrustListError::MissingKey { map, key });
    // Claim 6 becomes claim 5; the body's key 2 becomes 3, then its key 3 is the one out of order.
    assert_eq!(replaced(&[0xa2, 6, 0x1a], &[0xa2, 5, 0x1a]), missing("claims", 6));
    assert_eq!(replaced(&region, &[&[3], &region[1..]].concat()), missing("body", 2));
    let superseded = [&[0xa3, 1, 0x6a], b"superseded".as_slice()].concat();
    let misspelt = [&[0xa3, 1, 0x6a], b"supersedet".as_slice()].concat();
    let error = TrustListError::Reason { got: "supersedet".to_owned() };
    assert_eq!(replaced(&superseded, &misspelt), Err(error));

    let bytes = encoded(|_| {}).unwrap();
    let trailing = [bytes.as_slice(), &[0]].concat();
    let error = CborError::Trailing { at: bytes.len(), count: 1 };
    assert_eq!(TrustList::decode(&trailing), Err(error.into()));
    assert!(matches!(TrustList::decode(&[0xa0]), Err(TrustListError::MissingKey { map: "claims", key: 6 })));
}

#[test]
fn a_key_too_many_is_refused() {
    let list = Tree::grow(Algorithm::EdDsa).list();
    let bytes = list.encode().unwrap();
    // The claims map says three pairs and has a third behind −70002.
    let mut claims = bytes;
    claims[0] = 0xa3;
    claims.extend([0x3a, 0x00, 0x01, 0x11, 0x72, 0]); // −70003 => 0
    let error = TrustListError::UnknownKey { map: "claims", key: -70_003 };
    assert_eq!(TrustList::decode(&claims), Err(error));
}

#[test]
fn a_refused_certificate_is_named_by_its_position() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let der = tree.city.certificate.der();
    let bytes = tree.list().encode().unwrap();
    let place = bytes.windows(der.len()).position(|window| window == der).unwrap();
    let mut bytes = bytes;
    bytes[place] = 0x31;
    let refused = TrustList::decode(&bytes).unwrap_err();
    assert!(matches!(refused, TrustListError::Certificate { position: 2, .. }), "{refused}");
}

#[test]
fn what_would_not_be_read_is_not_written() {
    let count = |what, least, most, got| Err(TrustListError::Count { what, least, most, got });
    assert_eq!(encoded(|list| list.version = 0), Err(TrustListError::Version));
    assert_eq!(encoded(|list| list.certificates.truncate(2)), count("certificates", 3, 1000, 2));
    assert_eq!(encoded(|list| list.ledger_keys.clear()), count("ledger keys", 1, 100, 0));
    let many = |list: &mut TrustList| {
        let one = list.certificates[1].clone();
        list.certificates.resize(1001, one);
    };
    assert_eq!(encoded(many), count("certificates", 3, 1000, 1001));
    let twice = |list: &mut TrustList| list.authorities.push(list.authorities[0].clone());
    assert_eq!(encoded(twice), Err(TrustListError::Order { position: 2 }));
    let descending = |list: &mut TrustList| {
        let mut other = list.authorities[0].clone();
        other.credit_code = "11100000000013338W".parse().unwrap();
        list.authorities.push(other);
    };
    assert_eq!(encoded(descending), Err(TrustListError::Order { position: 2 }));
    let ascending = |list: &mut TrustList| {
        descending(list);
        list.authorities.reverse();
    };
    assert!(encoded(ascending).is_ok());
    let elsewhere = |list: &mut TrustList| list.ledger_keys[0].origin.push('x');
    assert!(matches!(encoded(elsewhere), Err(TrustListError::LedgerKey { .. })));
}

#[test]
fn names_are_visible_normalized_and_short() {
    // Empty, too long, a control character, and a letter that NFC composes.
    for bad in ["", &"市".repeat(201), "测试\u{0}市", "e\u{301}"] {
        let region = encoded(|list| bad.clone_into(&mut list.region));
        assert!(matches!(region, Err(TrustListError::Text { what: "a region", .. })), "{bad:?}");
        let name = encoded(|list| bad.clone_into(&mut list.authorities[0].name));
        assert!(matches!(name, Err(TrustListError::Text { what: "an authority's name", .. })), "{bad:?}");
    }
    assert!(encoded(|list| list.region = "市".repeat(200)).is_ok());
}

#[test]
fn urls_are_plain_http_without_a_slash() {
    for bad in ["", "http://", "ftp://x", "javascript:alert(1)", "https://x/", "https://x y", "https:///x"] {
        let url = encoded(|list| bad.clone_into(&mut list.public_url));
        assert!(matches!(url, Err(TrustListError::Url { what: "the public URL", .. })), "{bad:?}");
    }
    assert!(encoded(|list| list.public_url = "https://证照.example".to_owned()).is_err());
    assert!(encoded(|list| list.public_url = "https://licences.example:8443".to_owned()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_read_is_what_was_written(
        version in 1_u64..,
        position: u64,
        retired in proptest::option::of(0_i64..4_000_000_000),
        compromised: bool,
        region in "[\\x20-\\x7e]{1,200}",
    ) {
        let mut list = Tree::grow(Algorithm::EdDsa).list();
        list.version = version;
        list.region = region;
        let reason = if compromised { RevocationReason::Compromised } else { RevocationReason::Superseded };
        list.certificates[2].retired = retired.map(at);
        list.certificates[2].revocation = Some(Revocation { reason, at: at(NOW), position });
        let bytes = list.encode().unwrap();
        prop_assert_eq!(TrustList::decode(&bytes), Ok(list));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(TrustList::decode(&bytes).is_err());
    }
}
