//! Lists that are believed, and the same lists with one thing changed.

use super::*;
use crate::crypto::Algorithm;
use crate::pki::RevocationReason;
use crate::pki::der;
use crate::pki::testing::{FOREIGN_TYPE_CODE, Forge, Identity, NOW, TYPE_CODE, Tree, YEAR, at, element};

/// Signs whatever it is given, as no honest installation would.
fn signed_by(signer: &Identity, typ: Typ, list: &TrustList) -> Vec<u8> {
    let key_id = signer.certificate.key_id();
    sign_envelope(typ, key_id, list.encode().unwrap(), &signer.key).unwrap().bare_bytes().to_vec()
}

fn judge(tree: &Tree, change: impl FnOnce(&mut TrustList)) -> Result<TrustStore, TrustError> {
    let mut list = tree.list();
    change(&mut list);
    let bytes = signed_by(&tree.trust_list, Typ::TrustList, &list);
    TrustStore::from_envelope(&bytes, Anchor::Pinned(tree.root.certificate.fingerprint()))
}

fn entry(certificate: &Arc<Certificate>) -> CertificateEntry {
    CertificateEntry { certificate: Arc::clone(certificate), retired: None, revocation: None }
}

fn revocation(reason: RevocationReason, position: u64) -> Option<Revocation> {
    Some(Revocation { reason, at: at(NOW), position })
}

/// Position of a certificate in [`Tree::list`].
const ROOT: usize = 0;
const CITY: usize = 1;
const DEPARTMENT: usize = 2;
const LIST_SIGNER: usize = 3;

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
    let bytes =
        sign_trust_list(&tree.list(), &signer.key, &signer.certificate).unwrap().bare_bytes().to_vec();
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

#[test]
fn first_use_believes_any_root_and_names_it() {
    let tree = Tree::grow(Algorithm::EdDsa);
    assert_eq!(tree.store().root_fingerprint(), tree.root.certificate.fingerprint());
}

#[test]
fn a_list_that_withdraws_its_root_or_its_signer_is_refused() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let key_id = tree.trust_list.certificate.key_id();
    let superseded = revocation(RevocationReason::Superseded, 9);
    let root = judge(&tree, |list| list.certificates[ROOT].revocation = superseded);
    assert_eq!(root.unwrap_err(), TrustError::RootWithdrawn);
    let root = judge(&tree, |list| list.certificates[ROOT].retired = Some(at(NOW)));
    assert_eq!(root.unwrap_err(), TrustError::RootWithdrawn);
    let signer = judge(&tree, |list| list.certificates[LIST_SIGNER].revocation = superseded);
    assert_eq!(signer.unwrap_err(), TrustError::SignerWithdrawn { key_id });
    let signer = judge(&tree, |list| list.certificates[LIST_SIGNER].retired = Some(at(NOW)));
    assert_eq!(signer.unwrap_err(), TrustError::SignerWithdrawn { key_id });
    assert!(judge(&tree, |list| list.certificates[LIST_SIGNER].retired = Some(at(NOW + 1))).is_ok());
}

#[test]
fn a_key_id_and_a_serial_number_stand_for_one_certificate() {
    let tree = Tree::grow(Algorithm::Es256);
    let twice = judge(&tree, |list| list.certificates.push(entry(&tree.department.certificate)));
    let key_id = tree.department.certificate.key_id();
    assert_eq!(twice.unwrap_err(), TrustError::Ambiguous { key_id });

    // The receipt signer's certificate under the department's serial number.
    let mut forge = Forge::of(&tree.installation[1].certificate);
    forge.serial = element(der::INTEGER, tree.department.certificate.serial());
    let forged = forge.certificate(&tree.city.key);
    let same_serial = judge(&tree, |list| list.certificates.push(entry(&forged)));
    let expected = TrustError::DuplicateSerial { first: key_id, second: forged.key_id() };
    assert_eq!(same_serial.unwrap_err(), expected);

    forge.serial = element(der::INTEGER, &[1, 2, 3]);
    assert!(judge(&tree, |list| list.certificates.push(entry(&forge.certificate(&tree.city.key)))).is_ok());
}

#[test]
fn every_certificate_hangs_from_the_root() {
    let (tree, other) = (Tree::grow(Algorithm::EdDsa), Tree::grow(Algorithm::EdDsa));
    // Serial numbers of their own: both trees count alike, and the same one would be refused for that.
    let renumbered = |identity: &Identity, issuer: &Identity| {
        let mut forge = Forge::of(&identity.certificate);
        forge.serial = element(der::INTEGER, &[1, 2, 3]);
        forge.certificate(&issuer.key)
    };
    let stranger = &renumbered(&other.department, &other.city);
    let refused = judge(&tree, |list| list.certificates.push(entry(stranger))).unwrap_err();
    assert!(
        matches!(refused, TrustError::Path(PathError::IssuerKey { certificate, .. }) if certificate == stranger.key_id()),
        "{refused}"
    );
    let second_root = renumbered(&other.root, &other.root);
    let refused = judge(&tree, |list| list.certificates.push(entry(&second_root))).unwrap_err();
    assert!(matches!(refused, TrustError::Path(_)), "{refused}");
    let sibling = renumbered(&tree.department, &tree.city);
    assert!(judge(&tree, |list| list.certificates.push(entry(&sibling))).is_ok());
    let city_first = judge(&tree, |list| list.certificates.swap(ROOT, CITY)).unwrap_err();
    assert!(matches!(city_first, TrustError::OtherRoot { .. }), "{city_first}");
}

#[test]
fn only_the_trust_list_signer_signs_the_trust_list() {
    let tree = Tree::grow(Algorithm::Es256);
    let list = tree.list();
    let judge = |signer: &Identity| {
        TrustStore::from_envelope(&signed_by(signer, Typ::TrustList, &list), Anchor::FirstUse).map(drop)
    };
    for usage in Usage::ALL {
        let signer = tree.signer(usage);
        let (certificate, expected) = (signer.certificate.key_id(), Usage::TrustList);
        match usage {
            Usage::TrustList => assert_eq!(judge(signer), Ok(())),
            got => {
                let error = PathError::Usage { certificate, expected, got };
                assert_eq!(judge(signer), Err(error.into()), "{usage}");
            }
        }
    }
    for authority in [&tree.root, &tree.city] {
        let certificate = authority.certificate.key_id();
        assert_eq!(judge(authority), Err(PathError::NotASigner { certificate }.into()));
    }
    let stranger = Tree::grow(Algorithm::Es256).trust_list;
    let key_id = stranger.certificate.key_id();
    assert_eq!(judge(&stranger), Err(TrustError::SignerUnknown { key_id }));
    let impostor = Identity { certificate: Arc::clone(&tree.trust_list.certificate), key: stranger.key };
    assert_eq!(judge(&impostor), Err(TrustError::Signature(SignatureError::Mismatch)));
}

#[test]
fn what_is_no_bare_trust_list_is_refused() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let list = tree.list();
    for typ in Typ::ALL.into_iter().filter(|typ| *typ != Typ::TrustList) {
        let bytes = signed_by(&tree.trust_list, typ, &list);
        let refused = TrustStore::from_envelope(&bytes, Anchor::FirstUse).unwrap_err();
        assert_eq!(refused, TrustError::Typ { got: typ });
    }
    let bytes = signed_by(&tree.trust_list, Typ::TrustList, &list);
    assert!(TrustStore::from_envelope(&bytes, Anchor::FirstUse).is_ok());
    let envelope = Envelope::decode(&bytes, limits::TRUST_LIST).unwrap();
    let chain = [tree.trust_list.certificate.der(), tree.root.certificate.der()];
    let with_chain = envelope.to_file_bytes(&chain);
    let refused = TrustStore::from_envelope(&with_chain, Anchor::FirstUse).unwrap_err();
    assert_eq!(refused, TrustError::Chain);
}

#[test]
fn a_list_is_judged_at_its_own_time() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let signed = |seconds| judge(&tree, |list| list.issued_at = at(seconds)).map(drop);
    assert_eq!(signed(NOW - YEAR), Ok(()));
    assert_eq!(signed(NOW + 10 * YEAR), Ok(()));
    assert!(matches!(signed(NOW - YEAR - 1), Err(TrustError::Path(PathError::NotYetValid { .. }))));
    assert!(matches!(signed(NOW + 10 * YEAR + 1), Err(TrustError::Path(PathError::Expired { .. }))));
}

#[test]
fn an_authority_names_a_signer_of_status_lists() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let named = |key_id| judge(&tree, |list| list.authorities[0].status_signer = key_id).map(drop);
    let credit_code = tree.list().authorities[0].credit_code;
    let others = Usage::ALL.into_iter().filter(|usage| *usage != Usage::StatusList);
    let others = others.map(|usage| tree.signer(usage).certificate.key_id());
    for key_id in others.chain([KeyId::from_bytes([7; 8]), tree.city.certificate.key_id()]) {
        assert_eq!(named(key_id), Err(TrustError::StatusSigner { credit_code, key_id }));
    }
    assert_eq!(named(tree.signer(Usage::StatusList).certificate.key_id()), Ok(()));
}

#[test]
fn no_key_signs_what_another_is_for() {
    let store = Tree::grow(Algorithm::Es256).store();
    assert_eq!(store.signers().len(), Usage::ALL.len());
    for signer in store.signers() {
        let allowed = Usage::ALL.into_iter().filter(|usage| signer.check_usage(*usage).is_ok());
        assert_eq!(allowed.collect::<Vec<_>>(), [signer.usage()]);
        let (certificate, got) = (signer.key_id(), signer.usage());
        for expected in Usage::ALL.into_iter().filter(|usage| *usage != got) {
            let error = PathError::Usage { certificate, expected, got };
            assert_eq!(signer.check_usage(expected), Err(error));
        }
    }
}

#[test]
fn a_signer_knows_its_scope_its_time_and_its_path() {
    let tree = Tree::grow(Algorithm::Es256);
    let store = tree.store();
    let signer = store.signer(&tree.department.certificate.key_id()).unwrap();
    assert!(signer.scope_allows(&TYPE_CODE.parse().unwrap()));
    assert!(!signer.scope_allows(&FOREIGN_TYPE_CODE.parse().unwrap()));
    let receipt = store.signer(&tree.signer(Usage::Receipt).certificate.key_id()).unwrap();
    assert!(!receipt.scope_allows(&TYPE_CODE.parse().unwrap()));
    assert_eq!(receipt.credit_code(), None);

    assert_eq!(signer.check_at(at(NOW)), Ok(()));
    assert!(matches!(signer.check_at(at(NOW + 11 * YEAR)), Err(PathError::Expired { .. })));
    assert!(matches!(signer.check_at(at(NOW - 2 * YEAR)), Err(PathError::NotYetValid { .. })));

    let path = [&tree.department, &tree.city, &tree.root].map(|one| one.certificate.der().to_vec());
    assert!(signer.chain_is(&path));
    assert!(!signer.chain_is(&path[..2]));
    let [department, city, root] = path;
    assert!(!signer.chain_is(&[department, root, city]));
}

#[test]
fn a_revocation_hits_everything_below() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let own = revocation(RevocationReason::Superseded, 5);
    let above = revocation(RevocationReason::Compromised, 9);
    let store = judge(&tree, |list| {
        list.certificates[DEPARTMENT].revocation = own;
        list.certificates[DEPARTMENT].retired = Some(at(NOW));
        list.certificates[CITY].revocation = above;
    });
    let store = store.unwrap();
    let of = |identity: &Identity| store.signer(&identity.certificate.key_id()).unwrap();
    assert_eq!(of(&tree.department).revocations(), [own.unwrap(), above.unwrap()]);
    assert_eq!(of(&tree.department).retired(), Some(at(NOW)));
    assert_eq!(of(tree.signer(Usage::Receipt)).revocations(), [above.unwrap()]);
    assert_eq!(of(&tree.trust_list).revocations(), []);
}

#[test]
fn a_pem_holds_the_certificates_in_the_lists_order() {
    let tree = Tree::grow(Algorithm::Es256);
    let pem = tree.store().pem();
    assert!(pem.lines().all(|line| line.len() <= 64));
    let blocks = pem.split_terminator("-----END CERTIFICATE-----\n").map(|block| {
        let text = block.strip_prefix("-----BEGIN CERTIFICATE-----\n").unwrap();
        STANDARD.decode(text.replace('\n', "")).unwrap()
    });
    let expected = tree.certificates().iter().map(|one| one.der().to_vec()).collect::<Vec<_>>();
    assert_eq!(blocks.collect::<Vec<_>>(), expected);
}
