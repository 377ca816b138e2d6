//! Every single-bit change of the golden envelopes and QR texts (ADVERSARY #28): refused, all of them.

use elicense::codec::{base45, decode_bytes, decode_text, zlib};
use elicense::pki::TrustStore;
use elicense::verify::{Check, Outcome, Status, Verdict, Verifier};

use super::city::{GoldenLedger, JUDGED, golden, golden_text, time, trust};

const BASE45: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// What is presented is refused by what it says itself: not merely because the ledger does not have it.
fn is_refused(verdict: &Verdict) -> bool {
    let failed = |check| verdict.finding(check).unwrap().result == Outcome::Fail;
    verdict.status == Status::Invalid
        && verdict.licence.is_none()
        && [Check::Format, Check::Issuer, Check::Signature].into_iter().any(failed)
}

fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(|bit| {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        (bit, changed)
    })
}

fn refuses_every_bit(trust: &TrustStore, name: &str) -> usize {
    let (bytes, at) = (golden(name), time(JUDGED));
    // With the trust list alone, "indeterminate" is the most that anything can get, and already too much.
    let verifier = Verifier::new(trust);
    assert_eq!(verifier.verify_bytes(&bytes, at).status, Status::Indeterminate, "{name} unchanged");
    let mut tried = 0;
    for (bit, changed) in flips(&bytes) {
        let verdict = verifier.verify_bytes(&changed, at);
        assert!(is_refused(&verdict), "{name}, bit {} of byte {}: {verdict:?}", bit % 8, bit / 8);
        tried += 1;
    }
    tried
}

#[test]
fn every_changed_bit_of_an_envelope_is_refused() {
    let trust = trust();
    let names = [
        "es256-full.elic",
        "es256-full.cose",
        "es256-qr.cose",
        "eddsa-full.elic",
        "eddsa-full.cose",
        "eddsa-qr.cose",
    ];
    let tried: usize = names.into_iter().map(|name| refuses_every_bit(&trust, name)).sum();
    let bits: usize = names.into_iter().map(|name| golden(name).len() * 8).sum();
    assert_eq!(tried, bits);
    assert!(tried > 50_000, "{tried} is less than the golden files once had");
}

#[test]
fn no_changed_bit_is_believed_by_a_ledger_either() {
    let (trust, ledger) = (trust(), GoldenLedger::read());
    let verifier = Verifier::new(&trust).with_records(&ledger);
    let at = time(JUDGED);
    for name in ["es256-qr.cose", "eddsa-qr.cose"] {
        let bytes = golden(name);
        assert_eq!(verifier.verify_bytes(&bytes, at).status, Status::Valid, "{name} unchanged");
        for (bit, changed) in flips(&bytes) {
            let verdict = verifier.verify_bytes(&changed, at);
            assert!(is_refused(&verdict), "{name}, bit {} of byte {}: {verdict:?}", bit % 8, bit / 8);
        }
    }
}

/// Base45 is strict, but FORMAT.md §3 does not say how to compress: a stream that inflates to the same envelope is the same
/// credential, and nothing else is one.
fn refused_or_the_same(verifier: &Verifier<'_>, text: &str, envelope: &[u8]) -> bool {
    let verdict = verifier.verify_text(text, time(JUDGED));
    if is_refused(&verdict) {
        return true;
    }
    assert_eq!(decode_text(text).unwrap().to_bare_bytes(), envelope, "{text}: {verdict:?}");
    false
}

#[test]
fn every_other_character_of_a_qr_text_is_refused_or_says_the_same() {
    let trust = trust();
    let verifier = Verifier::new(&trust);
    for name in ["es256-qr", "eddsa-qr"] {
        let text = golden_text(&format!("{name}.txt"));
        let envelope = golden(&format!("{name}.cose"));
        let (mut tried, mut same) = (0, 0);
        for at in 0..text.len() {
            for &character in BASE45.iter().chain(b"aez_\n\0\x7f") {
                let mut changed = text.clone().into_bytes();
                if changed[at] == character {
                    continue;
                }
                changed[at] = character;
                let changed = String::from_utf8(changed).unwrap();
                tried += 1;
                same += usize::from(!refused_or_the_same(&verifier, &changed, &envelope));
            }
        }
        assert!(tried >= text.len() * 51, "{tried} of {name}");
        assert!(same <= 127, "{same} of {name} are too many to say nothing");
    }
}

#[test]
fn every_changed_bit_of_the_compressed_bytes_is_refused_or_says_the_same() {
    let trust = trust();
    let verifier = Verifier::new(&trust);
    for name in ["es256-qr", "eddsa-qr"] {
        let stream = base45::decode(&golden_text(&format!("{name}.txt")).as_bytes()[4..]).unwrap();
        let envelope = golden(&format!("{name}.cose"));
        let same = flips(&stream).filter(|(_, changed)| {
            let text = format!("EL1:{}", base45::encode(changed));
            !refused_or_the_same(&verifier, &text, &envelope)
        });
        // The padding behind the last block, and a copy taken from another place where the same stands.
        let same: Vec<usize> = same.map(|(bit, _)| bit).collect();
        assert!(same.len() <= 15, "{name}: {same:?} are too many to say nothing");
    }
}

/// A changed compression is not a changed licence, which is why the ledger's digest is over the envelope.
#[test]
fn the_same_envelope_compressed_otherwise_is_the_same_credential() {
    let envelope = golden("es256-qr.cose");
    let (low, high) = (u16::try_from(envelope.len()).unwrap(), !u16::try_from(envelope.len()).unwrap());
    let stored =
        [&[0x78, 0x01, 1][..], &low.to_le_bytes(), &high.to_le_bytes(), &envelope, &adler(&envelope)]
            .concat();
    assert_eq!(zlib::inflate(&stored, 16_384).unwrap(), envelope);
    let text = format!("EL1:{}", base45::encode(&stored));
    assert_eq!(decode_text(&text).unwrap(), decode_bytes(&envelope).unwrap());
}

/// Adler-32 (RFC 1950 §8.2).
fn adler(bytes: &[u8]) -> [u8; 4] {
    let (a, b) = bytes.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    (b << 16 | a).to_be_bytes()
}
