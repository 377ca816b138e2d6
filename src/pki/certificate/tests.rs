//! Tampering named by what was changed; every case starts from a certificate that is accepted.

use super::super::der::{self, DerError};
use super::super::extension::ScopeError;
use super::super::oids;
use super::super::testing::{CRITICAL, Forge, Tree, element, extension};
use super::super::usage::UsageError;
use super::super::{KeyUsage, Usage};
use super::*;
use crate::crypto::KeyError;

type Change = fn(&mut Forge);

/// Certificate of the department, changed and signed again by the city.
fn department(change: Change) -> Result<Certificate, CertificateError> {
    let tree = Tree::grow(Algorithm::Es256);
    let mut forge = Forge::of(&tree.department.certificate);
    change(&mut forge);
    Certificate::parse(&forge.sign(&tree.city.key))
}

/// Certificate of the city, changed and signed again by the root.
fn city(change: Change) -> Result<Certificate, CertificateError> {
    let tree = Tree::grow(Algorithm::EdDsa);
    let mut forge = Forge::of(&tree.city.certificate);
    change(&mut forge);
    Certificate::parse(&forge.sign(&tree.root.key))
}

fn missing(which: Extension) -> CertificateError {
    CertificateError::Missing { which }
}

const UNKNOWN: &[u8] = &[0x2a, 0x03, 0x04]; // 1.2.3.4

#[test]
fn what_the_forge_does_not_change_is_accepted() {
    let one = department(|_| {}).unwrap();
    assert_eq!(one.usage(), Some(Usage::Licence));
    assert_eq!(one.common_name(), "测试市住房局");
    assert_eq!(one.scope().unwrap().type_codes.as_slice().len(), 2);
    assert_eq!(one.key_id(), KeyId::of_certificate(one.der()));
    assert_eq!(*city(|_| {}).unwrap().role(), Role::Authority { path_length: 0 });
    // An unknown extension that is not critical says nothing to us.
    assert!(department(|forge| forge.extensions.push(extension(UNKNOWN, &[], &[5, 0]))).is_ok());
}

#[test]
fn frame_and_encoding() {
    let cases: [(&str, Change, CertificateError); 12] = [
        ("version 1", |f| f.version.clear(), CertificateError::Version { got: 1 }),
        ("version 2", |f| f.version[4] = 1, CertificateError::Version { got: 2 }),
        ("issuer unique id", |f| f.between = element(0x81, &[0, 1]), CertificateError::UniqueIdentifier),
        ("subject unique id", |f| f.between = element(0x82, &[0, 1]), CertificateError::UniqueIdentifier),
        ("empty subject", |f| f.subject = vec![0x30, 0], CertificateError::EmptyName { which: "subject" }),
        ("empty issuer", |f| f.issuer = vec![0x30, 0], CertificateError::EmptyName { which: "issuer" }),
        ("element behind the extensions", |f| f.behind = vec![5, 0], CertificateError::Unreadable),
        (
            "third date",
            |f| f.validity = element(der::SEQUENCE, &[&f.validity[2..], &f.validity[2..17]].concat()),
            DerError::Elements { least: 2, most: 2, got: 3 }.into(),
        ),
        (
            "fourth part of an extension",
            |f| {
                let value = [element(der::OCTET_STRING, &[5, 0]), element(der::NULL, &[])].concat();
                let oid = element(der::OBJECT_IDENTIFIER, UNKNOWN);
                f.extensions.push(element(der::SEQUENCE, &[&oid, CRITICAL, &value].concat()));
            },
            DerError::Elements { least: 2, most: 3, got: 4 }.into(),
        ),
        (
            "critical written as 1",
            |f| f.extensions.push(extension(UNKNOWN, &[1, 1, 1], &[5, 0])),
            DerError::Content { tag: der::BOOLEAN }.into(),
        ),
        (
            "long form of a short length",
            |f| f.serial = [&[2, 0x81, 16], &f.serial[2..]].concat(),
            DerError::Length { first: 0x81 }.into(),
        ),
        (
            "more than the limit",
            |f| f.extensions.push(extension(UNKNOWN, &[], &element(4, &[0; 8_192]))),
            CertificateError::Length { got: 0 },
        ),
    ];
    for (name, change, expected) in cases {
        let got = department(change).unwrap_err();
        match (&got, &expected) {
            (CertificateError::Length { got }, CertificateError::Length { .. }) => assert!(*got > 8_192),
            // Two context tags behind one another, of which the parser wants one: it or the count refuses.
            (got, CertificateError::Unreadable) => assert!(
                matches!(got, CertificateError::Unreadable | CertificateError::Der(_)),
                "{name}: {got:?}"
            ),
            (got, expected) => assert_eq!(got, expected, "{name}"),
        }
    }
    let bytes = Tree::grow(Algorithm::Es256).root.certificate.der().to_vec();
    let trailing = [bytes.as_slice(), &[0]].concat();
    assert_eq!(Certificate::parse(&trailing), Err(DerError::Trailing { bytes: 1 }.into()));
    let short = &bytes[..bytes.len() - 1];
    assert_eq!(Certificate::parse(short), Err(DerError::Truncated { needed: 1 }.into()));
    assert!(Certificate::parse(&bytes).is_ok());
}

#[test]
fn serial_numbers() {
    let serial = |content: &[u8]| {
        let tree = Tree::grow(Algorithm::Es256);
        let mut forge = Forge::of(&tree.department.certificate);
        forge.serial = element(der::INTEGER, content);
        Certificate::parse(&forge.sign(&tree.city.key)).map(|one| one.serial().len())
    };
    assert_eq!(serial(&[0]), Err(CertificateError::SerialNotPositive));
    assert_eq!(serial(&[0x80; 16]), Err(CertificateError::SerialNotPositive));
    assert_eq!(serial(&[0x7f; 21]), Err(CertificateError::SerialLength { got: 21 }));
    assert_eq!(serial(&[]), Err(DerError::Content { tag: der::INTEGER }.into()));
    assert_eq!(serial(&[0, 1]), Err(DerError::Content { tag: der::INTEGER }.into()));
    assert_eq!(serial(&[0x7f; 20]), Ok(20));
    assert_eq!(serial(&[1]), Ok(1));
}

#[test]
fn dates() {
    use der::{GENERALIZED_TIME as LONG, UTC_TIME as SHORT};
    let dates = |not_before, not_after| {
        let tree = Tree::grow(Algorithm::Es256);
        let mut forge = Forge::of(&tree.department.certificate);
        forge.set_validity(not_before, not_after);
        Certificate::parse(&forge.sign(&tree.city.key)).map(|one| one.validity().not_after.to_string())
    };
    let begin = (SHORT, "260101000000Z");
    assert_eq!(dates(begin, (SHORT, "491231235959Z")).unwrap(), "2050-01-01T07:59:59+08:00");
    assert_eq!(dates(begin, (LONG, "20500101000000Z")).unwrap(), "2050-01-01T08:00:00+08:00");
    // "50" in UTCTime is 1950.
    let wrapped = dates(begin, (SHORT, "500101000000Z"));
    assert!(matches!(wrapped, Err(CertificateError::Validity { .. })), "{wrapped:?}");
    let early = dates(begin, (LONG, "20491231235959Z"));
    assert!(matches!(early, Err(CertificateError::TimeForm { .. })), "{early:?}");
    let endless = dates(begin, (LONG, "99991231235959Z"));
    assert_eq!(endless, Err(CertificateError::TimeRange { seconds: 253_402_300_799 }));
    for (tag, text) in [
        (LONG, "20500101000000.5Z"),
        (LONG, "205001010000Z"),
        (LONG, "20500101000000+0800"),
        (SHORT, "2601010000Z"),
        (SHORT, "260101000000+0800"),
    ] {
        assert_eq!(dates(begin, (tag, text)), Err(DerError::Content { tag }.into()), "{text}");
    }
    assert_eq!(dates(begin, (SHORT, "261301000000Z")), Err(CertificateError::Unreadable));
}

#[test]
fn algorithms_and_keys() {
    let inner = department(|f| f.inner_algorithm = vec![0x30, 5, 6, 3, 0x2b, 0x65, 0x70]).unwrap_err();
    let (ed25519, ecdsa) = ("1.3.101.112".to_owned(), "1.2.840.10045.4.3.2".to_owned());
    assert_eq!(inner, CertificateError::AlgorithmsDiffer { inner: ed25519, outer: ecdsa.clone() });
    let parameters = department(|f| {
        let identifier = [&f.inner_algorithm[2..], &[5, 0]].concat();
        f.inner_algorithm = element(der::SEQUENCE, &identifier);
        f.outer_algorithm.clone_from(&f.inner_algorithm);
    });
    assert_eq!(parameters, Err(CertificateError::SignatureAlgorithm { got: ecdsa }));
    let sha384 = department(|f| {
        f.inner_algorithm[11] = 3;
        f.outer_algorithm.clone_from(&f.inner_algorithm);
    });
    let got = "1.2.840.10045.4.3.3".to_owned();
    assert_eq!(sha384, Err(CertificateError::SignatureAlgorithm { got }));

    let got = "1.2.840.10045.2.1".to_owned();
    let p384 = department(|f| {
        let curve = element(der::OBJECT_IDENTIFIER, &[0x2b, 0x81, 0x04, 0x00, 0x22]);
        let kind = [&f.key[4..13], curve.as_slice()].concat();
        let point = element(der::BIT_STRING, &[&[0, 4], [7; 96].as_slice()].concat());
        f.key = element(der::SEQUENCE, &[element(der::SEQUENCE, &kind), point].concat());
    });
    assert_eq!(p384, Err(CertificateError::KeyAlgorithm { got: got.clone() }));
    let compressed = department(|f| {
        let kind = f.key[2..23].to_vec();
        let point = element(der::BIT_STRING, &[&[0, 2], &f.key[27..59]].concat());
        f.key = element(der::SEQUENCE, &[kind, point].concat());
    });
    assert_eq!(compressed, Err(CertificateError::KeyAlgorithm { got }));
    let hybrid = department(|f| f.key[26] = 6);
    let algorithm = Algorithm::Es256;
    assert_eq!(hybrid, Err(KeyError::NotCanonical { algorithm }.into()));
    let small_order = city(|f| f.key[12..].fill(0));
    assert_eq!(small_order, Err(KeyError::SmallOrder.into()));
}

#[test]
fn extensions_of_a_department() {
    use oids::*;
    let unknown = "1.2.3.4".to_owned();
    let cases: [(&str, Change, CertificateError); 20] = [
        (
            "unknown critical",
            |f| f.extensions.push(extension(UNKNOWN, CRITICAL, &[5, 0])),
            CertificateError::UnknownCritical { oid: unknown.clone() },
        ),
        (
            "unknown twice",
            |f| (0..2).for_each(|_| f.extensions.push(extension(UNKNOWN, &[], &[5, 0]))),
            CertificateError::DuplicateExtension { oid: unknown },
        ),
        (
            "type codes twice, the second wider",
            |f| {
                let code = element(der::UTF8_STRING, b"11100000MB03271699001");
                let wider = element(der::SEQUENCE, &code);
                f.extensions.push(extension(TYPE_CODES_DER, &[], &wider));
            },
            CertificateError::DuplicateExtension { oid: "2.25.5239074167859244784.2".to_owned() },
        ),
        (
            "name constraints, not critical",
            |f| f.extensions.push(extension(NAME_CONSTRAINTS_DER, &[], &[0x30, 0])),
            CertificateError::NameConstraints,
        ),
        (
            "name constraints, critical",
            |f| f.extensions.push(extension(NAME_CONSTRAINTS_DER, CRITICAL, &[0x30, 0])),
            CertificateError::NameConstraints,
        ),
        ("no basic constraints", |f| f.remove(BASIC_CONSTRAINTS_DER), missing(Extension::BasicConstraints)),
        (
            "basic constraints not critical",
            |f| f.replace(BASIC_CONSTRAINTS_DER, &[], &[0x30, 0]),
            CertificateError::NotCritical { which: Extension::BasicConstraints },
        ),
        (
            "CA false written out",
            |f| f.replace(BASIC_CONSTRAINTS_DER, CRITICAL, &[0x30, 3, 1, 1, 0]),
            CertificateError::Form { which: Extension::BasicConstraints },
        ),
        (
            "CA",
            |f| f.replace(BASIC_CONSTRAINTS_DER, CRITICAL, &[0x30, 6, 1, 1, 0xff, 2, 1, 0]),
            CertificateError::AuthoritySigns { usage: Usage::Licence },
        ),
        ("no key usage", |f| f.remove(KEY_USAGE_DER), missing(Extension::KeyUsage)),
        (
            "key usage not critical",
            |f| f.replace(KEY_USAGE_DER, &[], &[3, 2, 7, 0x80]),
            CertificateError::NotCritical { which: Extension::KeyUsage },
        ),
        (
            "key usage also keyCertSign",
            |f| f.replace(KEY_USAGE_DER, CRITICAL, &[3, 2, 2, 0x84]),
            CertificateError::KeyUsage { expected: KeyUsage::Signer, got: 0x8400 },
        ),
        ("no extended key usage", |f| f.remove(EXTENDED_KEY_USAGE_DER), missing(Extension::ExtendedKeyUsage)),
        (
            "two usages",
            |f| {
                let one = |last| element(der::OBJECT_IDENTIFIER, &[USAGES_DER, &[last]].concat());
                let two = element(der::SEQUENCE, &[one(1), one(3)].concat());
                f.replace(EXTENDED_KEY_USAGE_DER, &[], &two);
            },
            UsageError::Count { got: 2 }.into(),
        ),
        ("no credit code", |f| f.remove(CREDIT_CODE_DER), missing(Extension::CreditCode)),
        ("no type codes", |f| f.remove(TYPE_CODES_DER), missing(Extension::TypeCodes)),
        (
            "no scope at all",
            |f| {
                f.remove(CREDIT_CODE_DER);
                f.remove(TYPE_CODES_DER);
            },
            missing(Extension::CreditCode),
        ),
        (
            "scope of a receipt signer",
            |f| {
                let receipt = element(der::OBJECT_IDENTIFIER, &[USAGES_DER, &[3]].concat());
                f.replace(EXTENDED_KEY_USAGE_DER, &[], &element(der::SEQUENCE, &receipt));
            },
            CertificateError::ScopeMisplaced,
        ),
        (
            "credit code with a wrong check character",
            |f| f.replace(CREDIT_CODE_DER, &[], &element(der::UTF8_STRING, b"11100000MB03271698")),
            ScopeError::CreditCode.into(),
        ),
        (
            "no authority key id",
            |f| f.remove(AUTHORITY_KEY_IDENTIFIER_DER),
            missing(Extension::AuthorityKeyIdentifier),
        ),
    ];
    for (name, change, expected) in cases {
        assert_eq!(department(change), Err(expected), "{name}");
    }
}

#[test]
fn extensions_of_an_authority() {
    use oids::*;
    let cases: [(&str, Change, CertificateError); 6] = [
        (
            "no path length",
            |f| f.replace(BASIC_CONSTRAINTS_DER, CRITICAL, &[0x30, 3, 1, 1, 0xff]),
            CertificateError::PathLengthMissing,
        ),
        (
            "basic constraints not critical",
            |f| f.replace(BASIC_CONSTRAINTS_DER, &[], &[0x30, 6, 1, 1, 0xff, 2, 1, 0]),
            CertificateError::NotCritical { which: Extension::BasicConstraints },
        ),
        (
            "without keyCertSign",
            |f| f.replace(KEY_USAGE_DER, CRITICAL, &[3, 2, 1, 0x02]),
            CertificateError::KeyUsage { expected: KeyUsage::Authority, got: 0x0200 },
        ),
        (
            "also a signer by extended key usage",
            |f| {
                let usage = element(der::OBJECT_IDENTIFIER, &[USAGES_DER, &[6]].concat());
                let usage = element(der::SEQUENCE, &usage);
                f.extensions.push(extension(EXTENDED_KEY_USAGE_DER, &[], &usage));
            },
            CertificateError::AuthoritySigns { usage: Usage::StatusList },
        ),
        (
            "not CA any more",
            |f| f.replace(BASIC_CONSTRAINTS_DER, CRITICAL, &[0x30, 0]),
            missing(Extension::ExtendedKeyUsage),
        ),
        (
            "authority key id by name and serial",
            |f| f.replace(AUTHORITY_KEY_IDENTIFIER_DER, &[], &element(0x30, &element(0x82, &[1]))),
            CertificateError::Form { which: Extension::AuthorityKeyIdentifier },
        ),
    ];
    for (name, change, expected) in cases {
        assert_eq!(city(change), Err(expected), "{name}");
    }
}

#[test]
fn a_key_identifier_belongs_to_its_key() {
    let other = |f: &mut Forge| {
        let id = element(der::OCTET_STRING, &[7; 20]);
        f.replace(oids::SUBJECT_KEY_IDENTIFIER_DER, &[], &id);
    };
    let got = SubjectKeyId::from_slice(&[7; 20]).unwrap();
    assert!(matches!(department(other), Err(CertificateError::SubjectKeyId { got: it, .. }) if it == got));
    let short = |f: &mut Forge| {
        f.replace(oids::SUBJECT_KEY_IDENTIFIER_DER, &[], &element(der::OCTET_STRING, &[7; 8]));
    };
    let which = Extension::SubjectKeyIdentifier;
    assert_eq!(department(short), Err(CertificateError::Form { which }));
}

#[test]
fn one_changed_bit_anywhere_is_refused_or_breaks_the_signature() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let tree = Tree::grow(algorithm);
        let key = tree.city.certificate.key();
        assert_eq!(tree.department.certificate.verify_signature(key), Ok(()));
        let mut bytes = tree.department.certificate.der().to_vec();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(changed) = Certificate::parse(&bytes) {
                assert!(changed.verify_signature(key).is_err(), "bit {bit} of {algorithm:?}: {bytes:02x?}");
            }
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn a_key_of_the_other_algorithm_never_signed_it() {
    let (es256, eddsa) = (Tree::grow(Algorithm::Es256), Tree::grow(Algorithm::EdDsa));
    let signed_by = |tree: &Tree, other: &Tree| {
        tree.department.certificate.verify_signature(other.city.certificate.key())
    };
    assert_eq!(signed_by(&es256, &eddsa), Err(SignatureError::Mismatch));
    assert_eq!(signed_by(&eddsa, &es256), Err(SignatureError::Mismatch));
    assert_eq!(signed_by(&es256, &es256), Ok(()));
}

#[test]
fn debug_names_the_certificate_without_its_bytes() {
    let tree = Tree::grow(Algorithm::Es256);
    let one = &tree.city.certificate;
    assert_eq!(format!("{one:?}"), format!("Certificate(\"测试市\", {})", one.fingerprint()));
}
