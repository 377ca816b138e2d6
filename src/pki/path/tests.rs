//! Paths that lead nowhere, each beside the one that does.

use super::super::der;
use super::super::oids;
use super::super::testing::{
    CRITICAL, Forge, Identity, NOW, Tree, YEAR, at, certify, element, scope, validity,
};
use super::super::{LicenceForms, Request, SubjectName, mint_city, mint_department, mint_root};
use super::*;
use crate::crypto::{Algorithm, SigningKey, VerifyingKey};

fn build(tree: &Tree, leaf: &Arc<Certificate>, others: &[Arc<Certificate>]) -> Result<Path, PathError> {
    build_path(leaf, others, &tree.root.certificate, at(NOW), Budget::PATH)
}

fn department_under(tree: &Tree, city: &Identity) -> Identity {
    certify(tree.algorithm, "另一个局", |request| {
        mint_department(city.issuer(), request, &scope(), LicenceForms::Envelope, &tree.random)
    })
}

/// Takes over serial and validity from `forge`, and everything else from whoever has `key`.
fn with_key(mut forge: Forge, key: &VerifyingKey) -> Forge {
    let info = match key.algorithm() {
        Algorithm::Es256 => forge.key[..26].to_vec(),
        Algorithm::EdDsa => forge.key[..12].to_vec(),
    };
    forge.key = [&info, key.as_bytes()].concat();
    let id = element(der::OCTET_STRING, SubjectKeyId::of(key).as_bytes());
    forge.replace(oids::SUBJECT_KEY_IDENTIFIER_DER, &[], &id);
    forge
}

fn with_path_length(mut forge: Forge, path_length: u8) -> Forge {
    let value = [0x30, 6, 1, 1, 0xff, 2, 1, path_length];
    forge.replace(oids::BASIC_CONSTRAINTS_DER, CRITICAL, &value);
    forge
}

/// A certificate like `like`, signed by `issuer` under its name and key id, for a key of its own.
fn forged_under(issuer: &Identity, like: &Certificate, change: impl FnOnce(Forge) -> Forge) -> Identity {
    let key = SigningKey::generate(like.key().algorithm()).unwrap();
    let mut forge = with_key(Forge::of(like), &key.verifying_key());
    forge.issuer = issuer.certificate.subject().to_vec();
    let above = element(0x80, issuer.certificate.subject_key().as_bytes());
    forge.replace(oids::AUTHORITY_KEY_IDENTIFIER_DER, &[], &element(der::SEQUENCE, &above));
    let certificate = change(forge).certificate(&issuer.key);
    Identity { certificate, key }
}

#[test]
fn every_signer_reaches_the_root_with_either_algorithm() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let tree = Tree::grow(algorithm);
        for usage in Usage::ALL {
            let leaf = &tree.signer(usage).certificate;
            let path = build(&tree, leaf, &tree.certificates()).unwrap();
            let expected = if usage == Usage::TrustList { 2 } else { 3 };
            assert_eq!(path.certificates().len(), expected, "{usage}");
            assert_eq!(path.certificates().first(), Some(leaf));
            assert_eq!(path.certificates().last(), Some(&tree.root.certificate));
        }
    }
}

#[test]
fn a_path_may_mix_algorithms() {
    let tree = Tree::grow(Algorithm::Es256);
    let city = certify(Algorithm::EdDsa, "测试二市", |request| {
        mint_city(tree.root.issuer(), request, &tree.random)
    });
    let department = department_under(&tree, &city);
    assert!(build(&tree, &department.certificate, &[Arc::clone(&city.certificate)]).is_ok());
}

#[test]
fn each_certificate_is_valid_from_its_first_second_to_its_last() {
    let random = super::super::testing::CountingRandom::default();
    let keys: [SigningKey; 3] = std::array::from_fn(|_| SigningKey::generate(Algorithm::EdDsa).unwrap());
    let publics = keys.each_ref().map(SigningKey::verifying_key);
    let wide = validity(NOW - YEAR, NOW + YEAR);
    for narrow in 0..3 {
        // One of the three begins and ends ten seconds around NOW; minted wide, then narrowed, because the mint
        // refuses a certificate that outlives its issuer.
        let name = |common_name| SubjectName { organization: "测试", common_name };
        let narrowed = |index: usize, certificate: Certificate, key: &SigningKey| {
            let mut forge = Forge::of(&certificate);
            if index == narrow {
                forge.set_validity((der::UTC_TIME, "261123155950Z"), (der::UTC_TIME, "261123160010Z"));
            }
            forge.certificate(key)
        };
        let root = narrowed(0, mint_root(name("根"), &keys[0], wide, &random).unwrap(), &keys[0]);
        let parent = |certificate, key| super::super::CertificateIssuer { certificate, key };
        let wide_root = mint_root(name("根"), &keys[0], wide, &random).unwrap();
        let request = Request { subject: name("市"), key: &publics[1], validity: wide };
        let wide_city = mint_city(parent(&wide_root, &keys[0]), &request, &random).unwrap();
        let city = narrowed(1, wide_city.clone(), &keys[0]);
        let request = Request { subject: name("局"), key: &publics[2], validity: wide };
        let leaf = mint_department(
            parent(&wide_city, &keys[1]),
            &request,
            &scope(),
            LicenceForms::Envelope,
            &random,
        )
        .unwrap();
        let leaf = narrowed(2, leaf, &keys[1]);
        let id = [&root, &city, &leaf][narrow].key_id();
        let judge = |seconds| build_path(&leaf, &[Arc::clone(&city)], &root, at(seconds), Budget::PATH).err();
        assert_eq!(judge(NOW - 10), None);
        assert_eq!(judge(NOW + 10), None);
        let early = PathError::NotYetValid { certificate: id, not_before: at(NOW - 10), at: at(NOW - 11) };
        assert_eq!(judge(NOW - 11), Some(early));
        let late = PathError::Expired { certificate: id, not_after: at(NOW + 10), at: at(NOW + 11) };
        assert_eq!(judge(NOW + 11), Some(late));
    }
}

#[test]
fn a_department_is_no_authority() {
    let tree = Tree::grow(Algorithm::Es256);
    let child = forged_under(&tree.department, &tree.department.certificate, |forge| forge);
    let everyone = tree.certificates();
    let issuer = tree.department.certificate.key_id();
    assert_eq!(build(&tree, &child.certificate, &everyone), Err(PathError::NotAnAuthority { issuer }));
    let honest = forged_under(&tree.city, &tree.department.certificate, |forge| forge);
    assert!(build(&tree, &honest.certificate, &everyone).is_ok());
}

#[test]
fn an_authority_below_a_city_is_one_too_many() {
    let tree = Tree::grow(Algorithm::Es256);
    let below = forged_under(&tree.city, &tree.city.certificate, |forge| forge);
    let leaf = forged_under(&below, &tree.department.certificate, |forge| forge);
    let known = [Arc::clone(&tree.city.certificate), Arc::clone(&below.certificate)];
    let error = PathError::PathLength { issuer: tree.city.certificate.key_id(), allowed: 0, got: 1 };
    assert_eq!(build(&tree, &leaf.certificate, &known), Err(error));

    // Where root and city allow more, the length of the path is the limit.
    let root = with_path_length(Forge::of(&tree.root.certificate), 9).certificate(&tree.root.key);
    let wide = forged_under(&tree.root, &tree.city.certificate, |forge| with_path_length(forge, 9));
    let below = forged_under(&wide, &tree.city.certificate, |forge| forge);
    let leaf = forged_under(&below, &tree.department.certificate, |forge| forge);
    let known = [Arc::clone(&wide.certificate), Arc::clone(&below.certificate)];
    let judge = |leaf: &Identity| build_path(&leaf.certificate, &known, &root, at(NOW), Budget::PATH);
    assert_eq!(judge(&leaf), Err(PathError::TooLong { certificate: leaf.certificate.key_id() }));
    let straight = forged_under(&wide, &tree.department.certificate, |forge| forge);
    assert!(judge(&straight).is_ok());
}

#[test]
fn a_root_with_path_length_zero_has_no_cities() {
    let tree = Tree::grow(Algorithm::Es256);
    let root = with_path_length(Forge::of(&tree.root.certificate), 0).certificate(&tree.root.key);
    let known = [Arc::clone(&tree.city.certificate)];
    let judge = |root| build_path(&tree.department.certificate, &known, root, at(NOW), Budget::PATH);
    let error = PathError::PathLength { issuer: root.key_id(), allowed: 0, got: 1 };
    assert_eq!(judge(&root), Err(error));
    assert!(judge(&tree.root.certificate).is_ok());
}

#[test]
fn everyone_stands_at_the_level_of_their_kind() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let everyone = tree.certificates();
    let judge = |forged: &Identity| build(&tree, &forged.certificate, &everyone);
    let level = |forged: &Identity, expected, got| {
        Err(PathError::Level { certificate: forged.certificate.key_id(), expected, got })
    };
    let department = forged_under(&tree.root, &tree.department.certificate, |forge| forge);
    assert_eq!(judge(&department), level(&department, 2, 1));
    let list_signer = forged_under(&tree.city, &tree.trust_list.certificate, |forge| forge);
    assert_eq!(judge(&list_signer), level(&list_signer, 1, 2));
    let honest = forged_under(&tree.root, &tree.trust_list.certificate, |forge| forge);
    assert!(judge(&honest).is_ok());
}

#[test]
fn the_issuer_is_found_by_key_and_name_together() {
    let tree = Tree::grow(Algorithm::Es256);
    let known = [Arc::clone(&tree.city.certificate)];
    let certificate = &tree.department.certificate;
    let forge = || Forge::of(certificate);

    // Same name, other key: a city that took the name of ours.
    let twin = forged_under(&tree.root, &tree.city.certificate, |forge| forge);
    let error = PathError::IssuerKey {
        certificate: certificate.key_id(),
        expected: Some(tree.city.certificate.subject_key()),
        got: tree.root.certificate.subject_key(),
    };
    let only_twin = build(&tree, certificate, &[Arc::clone(&twin.certificate)]);
    let got = twin.certificate.subject_key();
    assert_eq!(
        only_twin,
        Err(match error {
            PathError::IssuerKey { certificate, expected, .. } => {
                PathError::IssuerKey { certificate, expected, got }
            }
            other => other,
        })
    );
    let both = [Arc::clone(&twin.certificate), Arc::clone(&tree.city.certificate)];
    assert!(build(&tree, certificate, &both).is_ok());

    // Same key, other name.
    let renamed = {
        let mut forge = forge();
        forge.issuer = tree.root.certificate.subject().to_vec();
        forge.certificate(&tree.city.key)
    };
    let error = build(&tree, &renamed, &known).unwrap_err();
    assert!(matches!(error, PathError::IssuerName { .. }), "{error}");

    // Neither.
    let nobody = build(&tree, certificate, &[]);
    assert_eq!(nobody, Err(PathError::IssuerUnknown { certificate: certificate.key_id() }));
}

#[test]
fn a_signature_of_another_key_is_no_path() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let forged = Forge::of(&tree.department.certificate).certificate(&tree.root.key);
    let known = [Arc::clone(&tree.city.certificate)];
    let issuer = tree.city.certificate.key_id();
    let error = PathError::Signature { certificate: forged.key_id(), issuer };
    assert_eq!(build(&tree, &forged, &known), Err(error));
    let again = Forge::of(&tree.department.certificate).certificate(&tree.city.key);
    assert!(build(&tree, &again, &known).is_ok());
}

#[test]
fn another_root_of_the_same_name_and_a_cross_signed_city_lead_elsewhere() {
    let tree = Tree::grow(Algorithm::Es256);
    let distrusted = Tree::grow(Algorithm::Es256);
    let known = [distrusted.certificates(), tree.certificates()].concat();
    let leaf = &distrusted.department.certificate;
    assert!(build(&tree, leaf, &known).is_err());
    // The same city, key and name, certified by both roots: each root's own variant is the path.
    let crossed = {
        let mut forge = Forge::of(&tree.city.certificate);
        let above = element(0x80, distrusted.root.certificate.subject_key().as_bytes());
        forge.replace(oids::AUTHORITY_KEY_IDENTIFIER_DER, &[], &element(der::SEQUENCE, &above));
        forge.certificate(&distrusted.root.key)
    };
    let path = build(&tree, &tree.department.certificate, &[&[crossed], known.as_slice()].concat()).unwrap();
    assert_eq!(path.certificates()[1], tree.city.certificate);
}

#[test]
fn a_cycle_ends() {
    let tree = Tree::grow(Algorithm::Es256);
    // Two authorities that certify each other, and a signer under one of them.
    let one = forged_under(&tree.city, &tree.city.certificate, |forge| with_path_length(forge, 100));
    let two = forged_under(&one, &tree.city.certificate, |forge| with_path_length(forge, 100));
    let back = {
        let mut forge = Forge::of(&one.certificate);
        let above = element(0x80, two.certificate.subject_key().as_bytes());
        forge.replace(oids::AUTHORITY_KEY_IDENTIFIER_DER, &[], &element(der::SEQUENCE, &above));
        forge.certificate(&two.key)
    };
    let leaf = forged_under(&one, &tree.department.certificate, |forge| forge);
    let error = build(&tree, &leaf.certificate, &[back, two.certificate]).unwrap_err();
    assert_eq!(error, PathError::TooLong { certificate: leaf.certificate.key_id() });
}

#[test]
fn fifty_namesakes_cost_no_signature_checks() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let forged = || forged_under(&tree.root, &tree.city.certificate, |forge| forge).certificate;
    let mut known: Vec<_> = (0..50).map(|_| forged()).collect();
    known.push(Arc::clone(&tree.city.certificate));
    let leaf = &tree.department.certificate;
    // Root, department, city: three checks suffice, two do not.
    let judge = |checks| build_path(leaf, &known, &tree.root.certificate, at(NOW), Budget::new(checks)).err();
    assert_eq!(judge(3), None);
    assert_eq!(judge(2), Some(PathError::Budget { allowed: 2 }));
}

#[test]
fn false_certificates_for_one_key_end_at_the_budget() {
    let tree = Tree::grow(Algorithm::EdDsa);
    // For the city's own name and key, said to be the root's, signed by somebody else; serial numbers differ.
    let falsified = |serial: u8| {
        let mut forge = Forge::of(&tree.city.certificate);
        forge.serial = element(der::INTEGER, &[1, serial]);
        forge.certificate(&tree.department.key)
    };
    let leaf = &tree.department.certificate;
    let judge = |count: u8| {
        let mut known: Vec<_> = (0..count).map(falsified).collect();
        known.push(Arc::clone(&tree.city.certificate));
        build(&tree, leaf, &known).map(|path| path.certificates().len())
    };
    // Root and department take a check each, every city one more.
    assert_eq!(judge(50), Ok(3));
    assert_eq!(judge(97), Ok(3));
    assert_eq!(judge(98), Err(PathError::Budget { allowed: 100 }));
}

#[test]
fn a_root_is_an_authority_signed_by_itself() {
    let tree = Tree::grow(Algorithm::Es256);
    let known = tree.certificates();
    let judge = |root: &Arc<Certificate>| {
        build_path(&tree.department.certificate, &known, root, at(NOW), Budget::PATH)
    };
    let not_a_root = |root: &Arc<Certificate>| Err(PathError::NotARoot { root: root.key_id() });
    for other in [&tree.city.certificate, &tree.department.certificate] {
        assert_eq!(judge(other), not_a_root(other));
    }
    let resigned = Forge::of(&tree.root.certificate).certificate(&tree.city.key);
    assert_eq!(judge(&resigned), not_a_root(&resigned));
    assert!(judge(&tree.root.certificate).is_ok());
}

#[test]
fn the_attempt_that_came_furthest_is_reported() {
    let certificate = KeyId::from_bytes([0; 8]);
    let unknown = PathError::IssuerUnknown { certificate };
    let length = PathError::PathLength { issuer: certificate, allowed: 0, got: 1 };
    let signature = PathError::Signature { certificate, issuer: certificate };
    assert!(unknown < length && length < signature && signature < PathError::Budget { allowed: 0 });
}
