use super::*;
use crate::crypto::Algorithm;
use crate::pki::testing::{FOREIGN_TYPE_CODE, Tree};
use crate::pki::usage::Usage;

#[test]
fn a_believed_list_answers_about_signers_and_authorities() {
    let tree = Tree::grow(Algorithm::Es256);
    let store = tree.store();
    let signer = store.signer(&tree.department.certificate.key_id()).unwrap();
    assert_eq!(signer.usage(), Usage::Licence);
    assert!(!signer.scope_allows(&FOREIGN_TYPE_CODE.parse().unwrap()));
    assert!(store.authority(signer.credit_code().unwrap()).is_some());
    assert!(
        store.signer(&tree.root.certificate.key_id()).is_none(),
        "an authority signs nothing but certificates"
    );
    assert_eq!(store.pem().matches("BEGIN CERTIFICATE").count(), store.list().certificates.len());
    assert!(store.check_not_older(store.version()).is_ok());
    assert!(store.check_not_older(store.version() + 1).is_err());
}

#[test]
fn another_root_and_every_changed_bit_are_refused() {
    let tree = Tree::grow(Algorithm::Es256);
    let root = tree.root.certificate.fingerprint();
    let signer = &tree.trust_list;
    let bytes = sign_trust_list(&tree.list(), &signer.key, &signer.certificate).unwrap().to_bare_bytes();
    assert!(TrustStore::from_envelope(&bytes, Anchor::Pinned(root)).is_ok());
    let other = Digest::of(b"another root");
    let refused = TrustStore::from_envelope(&bytes, Anchor::Pinned(other)).unwrap_err();
    assert_eq!(refused, TrustError::OtherRoot { expected: other, got: root });
    for bit in (0..bytes.len() * 8).step_by(7) {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(TrustStore::from_envelope(&changed, Anchor::Pinned(root)).is_err(), "bit {bit}");
    }
}
