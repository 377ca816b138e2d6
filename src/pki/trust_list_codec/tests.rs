use super::*;
use crate::crypto::Algorithm;
use crate::pki::testing::Tree;

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
