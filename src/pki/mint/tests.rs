//! What the mint hands out is accepted, and what nobody would accept it does not hand out.

use super::super::testing::{CountingRandom, NOW, Tree, YEAR, certify, scope, validity};
use super::super::{LicenceForms, Role, TypeCodes};
use super::*;

fn request(key: &VerifyingKey) -> Request<'_> {
    let subject = SubjectName { organization: "测试", common_name: "测试市" };
    Request { subject, key, validity: validity(NOW, NOW + YEAR) }
}

#[test]
fn certificates_say_what_the_table_says() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let tree = Tree::grow(algorithm);
        let (root, city, department) =
            (&tree.root.certificate, &tree.city.certificate, &tree.department.certificate);
        assert_eq!(*root.role(), Role::Authority { path_length: 1 });
        assert_eq!(*city.role(), Role::Authority { path_length: 0 });
        assert_eq!(*department.role(), Role::Department(scope(), LicenceForms::EnvelopeAndSdJwt));
        assert_eq!(root.authority_key(), None);
        assert_eq!(city.authority_key(), Some(root.subject_key()));
        assert_eq!(department.authority_key(), Some(city.subject_key()));
        assert_eq!(department.subject_key(), SubjectKeyId::of(&tree.department.key.verifying_key()));
        assert_eq!(department.validity(), validity(NOW - YEAR, NOW + 10 * YEAR));
        let name = String::from_utf8_lossy(department.subject()).into_owned();
        assert!(name.contains("11100000MB03271699") && name.contains("测试市住房局"), "{name}");
    }
}

#[test]
fn serial_numbers_are_sixteen_bytes_and_differ() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let mut serials: Vec<_> = tree.certificates().iter().map(|one| one.serial().to_vec()).collect();
    assert!(serials.iter().all(|serial| serial.len() == 16));
    let count = serials.len();
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), count);
    for fill in [0x00, 0xff] {
        struct Same(u8);
        impl Random for Same {
            fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
                bytes.fill(self.0);
                Ok(())
            }
        }
        assert!((0x40..0x80).contains(&serial(&Same(fill)).unwrap()[0]));
    }
}

#[test]
fn without_randomness_nothing_is_minted() {
    struct Nothing;
    impl Random for Nothing {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError)
        }
    }
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let subject = SubjectName { organization: "测试", common_name: "根" };
    let minted = mint_root(subject, &key, validity(NOW, NOW + YEAR), &Nothing);
    assert_eq!(minted.unwrap_err(), MintError::Random(RandomError));
}

#[test]
fn the_mint_refuses_what_a_verifier_would() {
    let tree = Tree::grow(Algorithm::Es256);
    let random = CountingRandom::default();
    let key = tree.department.key.verifying_key();
    let request = request(&key);

    let wrong_key = CertificateIssuer { certificate: &tree.root.certificate, key: &tree.city.key };
    assert_eq!(mint_city(wrong_key, &request, &random), Err(MintError::IssuerKey));

    let above = mint_city(tree.city.issuer(), &request, &random).unwrap_err();
    assert!(matches!(above, MintError::Path(PathError::PathLength { allowed: 0, got: 1, .. })), "{above}");
    let no_authority =
        mint_department(tree.department.issuer(), &request, &scope(), LicenceForms::Envelope, &random)
            .unwrap_err();
    assert!(matches!(no_authority, MintError::Path(PathError::NotAnAuthority { .. })), "{no_authority}");

    for (not_before, not_after) in [(NOW - 2 * YEAR, NOW), (NOW, NOW + 11 * YEAR)] {
        let validity = validity(not_before, not_after);
        let outlives = mint_department(
            tree.city.issuer(),
            &Request { validity, ..request },
            &scope(),
            LicenceForms::Envelope,
            &random,
        );
        assert!(matches!(outlives, Err(MintError::Outlives { .. })), "{outlives:?}");
    }
    let validity = validity(NOW + 2, NOW + 1);
    let reversed = mint_city(tree.root.issuer(), &Request { validity, ..request }, &random);
    assert!(matches!(reversed, Err(MintError::Refused(CertificateError::Validity { .. }))), "{reversed:?}");

    for usage in [Usage::Licence, Usage::TrustList] {
        let minted = mint_installation_signer(tree.city.issuer(), &request, usage, &random);
        assert_eq!(minted, Err(MintError::Usage { usage }));
    }
    assert!(mint_city(tree.root.issuer(), &request, &random).is_ok());
}

#[test]
fn names_are_short_and_visible() {
    let tree = Tree::grow(Algorithm::EdDsa);
    let random = CountingRandom::default();
    let key = tree.department.key.verifying_key();
    let mint = |common_name: &str| {
        let subject = SubjectName { organization: "测试", common_name };
        mint_city(tree.root.issuer(), &Request { subject, ..request(&key) }, &random).map(drop)
    };
    for bad in ["", "行\n政", &"市".repeat(65)] {
        assert_eq!(mint(bad), Err(MintError::Name { got: bad.to_owned() }));
    }
    assert_eq!(mint(&"市".repeat(64)), Ok(()));
}

#[test]
fn two_hundred_type_codes_fit() {
    let tree = Tree::grow(Algorithm::Es256);
    let codes = |count: usize| (0..count).map(|n| format!("11100000MB03271699{n:03}").parse().unwrap());
    let type_codes = TypeCodes::new(codes(TypeCodes::MAX).collect()).unwrap();
    let scope = Scope { credit_code: "11100000MB03271699".parse().unwrap(), type_codes };
    let made = certify(Algorithm::Es256, "测试市大局", |request| {
        mint_department(tree.city.issuer(), request, &scope, LicenceForms::Envelope, &tree.random)
    });
    assert_eq!(made.certificate.scope(), Some(&scope));
    assert!(made.certificate.der().len() <= Certificate::MAX_LENGTH);
}

#[test]
fn an_ecdsa_signature_has_the_shortest_integers() {
    let mut signature = [0; 64];
    signature[31] = 0x7f;
    signature[32] = 0x80;
    let der = ecdsa_der(&signature);
    assert_eq!(der[..9], [0x30, 38, 2, 1, 0x7f, 2, 33, 0, 0x80]);
    assert_eq!(der::check(&der), Ok(()));
}
