use proptest::prelude::*;

use super::*;

const KEY_ID: KeyId = KeyId::from_bytes([1, 2, 3, 4, 5, 6, 7, 8]);

fn signed(algorithm: Algorithm) -> (SigningKey, Envelope) {
    let key = SigningKey::generate(algorithm).unwrap();
    let envelope = sign_envelope(Typ::Licence, KEY_ID, b"\xa0".to_vec(), &key).unwrap();
    (key, envelope)
}

fn decode(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
    Envelope::decode(bytes, limits::ENVELOPE)
}

#[test]
fn every_byte_of_the_bare_form() {
    let (key, envelope) = signed(Algorithm::Es256);
    let bytes = envelope.bare_bytes();
    let head = [
        &b"\xd2"[..],                                // tag 18
        b"\x84",                                     // array of 4
        b"\x58\x30",                                 // protected: 48 bytes
        b"\xa3",                                     //   map of 3
        b"\x01\x26",                                 //   alg: -7
        b"\x04\x48\x01\x02\x03\x04\x05\x06\x07\x08", // kid
        b"\x10\x78\x20",                             //   typ: text of 32
        b"application/elicense-licence+cwt",
        b"\xa0",     // unprotected: nothing
        b"\x41\xa0", // payload: 1 byte
        b"\x58\x40", // signature: 64 bytes
    ]
    .concat();
    assert_eq!(bytes[..head.len()], head);
    assert_eq!(bytes.len(), head.len() + 64);
    let again = decode(bytes).unwrap();
    assert_eq!(again, envelope);
    assert_eq!(again.verify(&key.verifying_key()), Ok(()));
    assert_eq!(again.digest(), Digest::of(bytes));
}

#[test]
fn the_file_form_carries_a_path_and_keeps_the_digest() {
    let (key, envelope) = signed(Algorithm::EdDsa);
    let file = envelope.to_file_bytes(&[b"department".as_slice(), b"city", b"root"]);
    let again = decode(&file).unwrap();
    assert_eq!(again.x5chain(), [b"department".to_vec(), b"city".to_vec(), b"root".to_vec()]);
    assert_eq!(again.digest(), envelope.digest());
    assert_eq!(again.verify(&key.verifying_key()), Ok(()));
    assert_eq!(decode(&envelope.to_file_bytes(&[b"alone"])), Err(EnvelopeError::Chain));
    assert_eq!(decode(&envelope.to_file_bytes(&[b"x"; 5])), Err(EnvelopeError::Chain));
    let long = vec![0; limits::CERTIFICATE + 1];
    assert_eq!(decode(&envelope.to_file_bytes(&[long, vec![0]])), Err(EnvelopeError::Chain));
}

/// A structure like an envelope with any header, as an attacker would build it.
fn forged(protected: &[u8], unprotected: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.tag(18).array(4).bytes(protected).raw(unprotected).bytes(b"\xa0").bytes(&[0; 64]);
    writer.finish()
}

fn protected(alg: i64, kid: &[u8], typ: &str) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.map(3).int(1).int(alg).int(4).bytes(kid).int(16).text(typ);
    writer.finish()
}

#[test]
fn headers_are_closed() {
    let typ = Typ::Licence.as_str();
    let good = protected(-7, &[1; 8], typ);
    assert!(decode(&forged(&good, b"\xa0")).is_ok());
    let not_allowed = |label, place| Err(EnvelopeError::HeaderNotAllowed { label, place });
    for alg in [0, 5, -6, -9, -35, -257, -70_501] {
        let got = decode(&forged(&protected(alg, &[1; 8], typ), b"\xa0"));
        assert_eq!(got, Err(EnvelopeError::Algorithm { got: alg }), "0 stands for none, 5 for HS256");
    }
    for kid in [&[][..], &[1; 7], &[1; 9], b"../../etc/passwd"] {
        let got = decode(&forged(&protected(-7, kid, typ), b"\xa0"));
        assert_eq!(got, Err(EnvelopeError::KeyIdLength { got: kid.len() }));
    }
    assert!(matches!(
        decode(&forged(&protected(-7, &[1; 8], "JWT"), b"\xa0")),
        Err(EnvelopeError::Typ { .. })
    ));
    assert_eq!(decode(&forged(b"\xa0", b"\xa1\x01\x26")), Err(EnvelopeError::HeaderMissing { label: 1 }));
    assert_eq!(decode(&forged(&good, b"\xa1\x01\x26")), not_allowed(1, Place::Unprotected));
    assert_eq!(decode(&forged(&good, b"\xa1\x04\x41\x00")), not_allowed(4, Place::Unprotected));
    assert_eq!(decode(&forged(&good, b"\xa1\x19\x01\x8c\x80")), not_allowed(396, Place::Unprotected));
    let with_crit = [b"\xa2\x01\x26\x02\x80".as_slice()].concat();
    assert_eq!(decode(&forged(&with_crit, b"\xa0")), not_allowed(2, Place::Protected));
    let alg_as_text = b"\xa1\x01\x64none";
    assert!(matches!(
        decode(&forged(alg_as_text, b"\xa0")),
        Err(EnvelopeError::Cbor(CborError::Unexpected { .. }))
    ));
}

#[test]
fn other_structures_are_refused() {
    let good = forged(&protected(-7, &[1; 8], Typ::Licence.as_str()), b"\xa0");
    assert!(decode(&good).is_ok());
    assert!(matches!(decode(&good[1..]), Err(EnvelopeError::Cbor(_))), "no tag");
    assert_eq!(decode(&[&[0xd2], &good[..]].concat()).err().map(|_| ()), Some(()), "tag twice");
    let sign = [&[0xd8, 98], &good[1..]].concat();
    assert_eq!(decode(&sign), Err(EnvelopeError::Tag { got: 98 }), "COSE_Sign");
    let mac = [&[0xd1], &good[1..]].concat();
    assert_eq!(decode(&mac), Err(EnvelopeError::Tag { got: 17 }), "COSE_Mac0");
    assert!(matches!(
        decode(&[&good[..], b"\0"].concat()),
        Err(EnvelopeError::Cbor(CborError::Trailing { .. }))
    ));
    assert_eq!(Envelope::decode(&good, 10), Err(EnvelopeError::TooLong { most: 10, got: good.len() }));
    let mut writer = Writer::new();
    writer
        .tag(18)
        .array(4)
        .bytes(&protected(-7, &[1; 8], Typ::Licence.as_str()))
        .map(0)
        .bytes(b"")
        .bytes(&[0; 64]);
    assert_eq!(decode(&writer.finish()), Err(EnvelopeError::EmptyPayload));
    let detached = good.iter().position(|byte| *byte == 0x41).unwrap();
    let detached = [&good[..detached], b"\xf6", &good[detached + 2..]].concat();
    assert!(
        matches!(decode(&detached), Err(EnvelopeError::Cbor(CborError::Unexpected { .. }))),
        "detached payload"
    );
}

#[test]
fn no_bit_can_be_changed() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let (key, envelope) = signed(algorithm);
        let bytes = envelope.bare_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            let accepted =
                decode(&changed).is_ok_and(|envelope| envelope.verify(&key.verifying_key()).is_ok());
            assert!(!accepted, "{algorithm:?}, bit {bit}");
        }
    }
}

#[test]
fn a_key_of_another_algorithm_is_not_even_tried() {
    let (_, envelope) = signed(Algorithm::Es256);
    let other = SigningKey::generate(Algorithm::EdDsa).unwrap().verifying_key();
    assert_eq!(envelope.verify(&other), Err(SignatureError::Mismatch));
}

fn any_algorithm() -> impl Strategy<Value = Algorithm> {
    prop_oneof![Just(Algorithm::Es256), Just(Algorithm::EdDsa)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_signed_comes_back_and_verifies(
        algorithm in any_algorithm(),
        typ in prop::sample::select(&Typ::ALL[..]),
        kid: [u8; 8],
        payload in prop::collection::vec(any::<u8>(), 1..600),
        chain in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 2..=limits::CHAIN),
    ) {
        let key = SigningKey::generate(algorithm).unwrap();
        let envelope = sign_envelope(typ, KeyId::from_bytes(kid), payload.clone(), &key).unwrap();
        let bare = decode(envelope.bare_bytes()).unwrap();
        prop_assert_eq!(&bare, &envelope);
        let read = (bare.algorithm(), bare.typ(), bare.key_id(), bare.payload());
        prop_assert_eq!(read, (algorithm, typ, KeyId::from_bytes(kid), payload.as_slice()));
        prop_assert_eq!(bare.verify(&key.verifying_key()), Ok(()));
        let file = decode(&envelope.to_file_bytes(&chain)).unwrap();
        prop_assert_eq!(file.x5chain(), chain.as_slice());
        prop_assert_eq!(file.digest(), envelope.digest());
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(
        payload in prop::collection::vec(any::<u8>(), 1..60),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let envelope = sign_envelope(Typ::Licence, KEY_ID, payload, &key).unwrap();
        let mut bytes = envelope.to_file_bytes(&[b"leaf".as_slice(), b"root"]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(again) = decode(&bytes) {
            prop_assert_eq!(again.to_file_bytes(again.x5chain()), bytes);
        }
    }

    #[test]
    fn any_bytes_are_an_envelope_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
        let _ = decode(&[&[0xd2, 0x84][..], &bytes].concat());
    }
}
