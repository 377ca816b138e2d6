//! Rows 4, 7, 31 and 32: keys come by the trust list, so that is where a bad one is refused. Every list here is rightly
//! signed by the trust list's signer, every certificate by the city.

use elicense::codec::{Typ, sign_envelope};
use elicense::pki::Usage;

use super::super::city::{EDDSA, ES256, department, golden, key, signer, trust};
use super::super::craft::Parts;
use super::super::der::{BIT_STRING, Certificate, INTEGER, OID, element, sequence};
use super::super::item::Item;
use super::super::manifest::{Accepted, Body, Presented, Refused};
use super::{Set, case};

const TWIN: &str = "list-with-one-more-department";

/// Object identifiers, as DER writes their content.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const PRIME_FIELD: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01];
const P_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P_192: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01];
const P_384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const SECP256K1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x0a];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ED448: &[u8] = &[0x2b, 0x65, 0x71];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const MD5_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04];
const SHA1_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
const ECDSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];

fn shown(list: &[u8]) -> Presented {
    Presented::TrustList { body: Body::of(list) }
}

fn refused(because: &str) -> Refused {
    Refused::TrustList { because: because.to_owned() }
}

/// The golden list with its certificates changed, signed again.
fn list(change: impl FnOnce(&mut Vec<Item>)) -> Presented {
    let mut claims = Item::parse(&Parts::of(&golden("trust-list.cose")).payload);
    change(claims.at(-70_002).at(3).items());
    let trust = trust();
    let kid = signer(&trust, Usage::TrustList).key_id();
    let envelope = sign_envelope(Typ::TrustList, kid, claims.encode(), &key("trust-list")).unwrap();
    shown(&envelope.to_bare_bytes())
}

/// The list with one more certificate.
fn with(der: Vec<u8>) -> Presented {
    list(|entries| entries.push(Item::Map(vec![(1.into(), Item::Bytes(der))])))
}

/// A department's certificate for another key, signed by the city.
fn certificate(info: Vec<u8>, public: &[u8]) -> Vec<u8> {
    let trust = trust();
    let der = department(&trust, EDDSA).certificate().der().to_vec();
    Certificate::take_apart(&der).renumber().with_key(info, public).sign(&key("city"))
}

fn info(algorithm: &[&[u8]], public: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(algorithm), &element(BIT_STRING, &[&[0], public].concat())])
}

fn oid(content: &[u8]) -> Vec<u8> {
    element(OID, content)
}

fn on_curve(curve: &[u8], public: &[u8]) -> Presented {
    with(certificate(info(&[&oid(EC), &oid(curve)], public), public))
}

fn edwards(kind: &[u8], public: &[u8]) -> Presented {
    with(certificate(info(&[&oid(kind)], public), public))
}

fn rsa(bits: usize) -> Presented {
    let modulus = [&[0, 0xc5][..], &vec![0x37; bits / 8 - 1]].concat();
    let public = sequence(&[&element(INTEGER, &modulus), &element(INTEGER, &[1, 0, 1])]);
    with(certificate(info(&[&oid(RSA), &[5, 0]], &public), &public))
}

/// Rows 4 and 7.
pub(super) fn add_to_envelopes(set: &mut Set) {
    twin(set);
    let other_curve = refused("expected an uncompressed P-256 key or an Ed25519 key");
    for (name, present, how) in [
        (
            "p-384-key",
            on_curve(P_384, &[4; 97]),
            "a department with a P-384 key, which no alg of ours is for",
        ),
        ("ed448-key", edwards(ED448, &[7; 57]), "a department with an Ed448 key"),
        ("ed448-key-of-order-four", edwards(ED448, &[0; 57]), "a department with an Ed448 key of order four"),
        ("rsa-2048-key", rsa(2_048), "a department with an RSA key"),
    ] {
        set.refuse(case(4, name, TWIN), other_curve.clone(), present, how);
    }
    let trust = trust();
    let department = department(&trust, EDDSA).certificate().der().to_vec();
    set.refuse(
        case(7, "certificate-twice", TWIN),
        refused("stands for two certificates of the trust list"),
        with(department.clone()),
        "a certificate stands in the list twice: its kid would name two",
    );
    let signed_again = Certificate::take_apart(&department).sign(&key("city"));
    set.refuse(
        case(7, "serial-number-twice", TWIN),
        refused("have the same issuer and serial number"),
        with(signed_again),
        "the same certificate signed again: another kid, the same serial number",
    );
}

fn twin(set: &mut Set) {
    let public = key("outsider").verifying_key();
    let present = edwards(ED25519, public.as_bytes());
    set.twin(
        TWIN,
        Accepted::Believed,
        present,
        "rightly signed, one more department's certificate, for a good key",
    );
}

/// Rows 31 and 32.
pub(super) fn add_to_signatures(set: &mut Set) {
    twin(set);
    let trust = trust();
    let good = department(&trust, ES256).key().as_bytes().to_vec();
    let (x, y) = (&good[1..33], &good[33..]);
    let mut off = good.clone();
    off[64] ^= 1;
    let parity = 2 | (y[31] & 1);
    let not_canonical = refused("is not in its canonical form");
    for (name, public, because, how) in [
        (
            "point-off-the-curve",
            off,
            refused("is not a point of its curve"),
            "a point with one bit of y changed",
        ),
        (
            "point-of-zeros",
            [&[4][..], &[0; 64]].concat(),
            refused("is not a point of its curve"),
            "the point (0, 0)",
        ),
        (
            "point-beyond-the-field",
            [&[4][..], &[0xff; 64]].concat(),
            refused("is not a point of its curve"),
            "coordinates above p",
        ),
        ("point-hybrid", [&[4 | parity], x, y].concat(), not_canonical, "the hybrid form"),
    ] {
        set.refuse(case(31, name, TWIN), because, on_curve(P_256, &public), how);
    }
    let unknown = refused("expected an uncompressed P-256 key or an Ed25519 key");
    let explicit = sequence(&[
        &element(INTEGER, &[1]),
        &sequence(&[&oid(PRIME_FIELD), &element(INTEGER, &[1, 0])]),
        &sequence(&[&element(4, &[0; 32]), &element(4, &[1; 32])]),
        &element(4, &good),
        &element(INTEGER, &[1]),
    ]);
    for (name, present, how) in [
        ("point-at-infinity", on_curve(P_256, &[0]), "the point at infinity"),
        ("point-compressed", on_curve(P_256, &[&[parity], x].concat()), "the compressed form"),
        (
            "curve-spelt-out",
            with(certificate(info(&[&oid(EC), &explicit], &good), &good)),
            "explicit curve parameters",
        ),
        ("curve-missing", with(certificate(info(&[&oid(EC)], &good), &good)), "no curve"),
    ] {
        set.refuse(case(31, name, TWIN), unknown.clone(), present, how);
    }
    let neutral = {
        let mut point = [0; 32];
        point[0] = 1;
        point
    };
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    for (name, public, because, how) in [
        ("ed25519-neutral", neutral, "small order", "the neutral element: verifies what nobody signed"),
        ("ed25519-of-order-four", [0; 32], "small order", "a point of order four"),
        ("ed25519-not-canonical", p, "is not in its canonical form", "y = p"),
    ] {
        set.refuse(case(31, name, TWIN), refused(because), edwards(ED25519, &public), how);
    }
    for (name, present, how) in [
        ("rsa-1024-key", rsa(1_024), "a department with an RSA key of 1024 bits"),
        ("rsa-512-key", rsa(512), "a department with an RSA key of 512 bits"),
        ("p-192-key", on_curve(P_192, &[4; 49]), "a department with a P-192 key"),
        ("secp256k1-key", on_curve(SECP256K1, &good), "a department with a key on Bitcoin's curve"),
    ] {
        set.refuse(case(32, name, TWIN), unknown.clone(), present, how);
    }
    for (name, algorithm) in [
        ("signed-with-sha-1", sequence(&[&oid(ECDSA_WITH_SHA1)])),
        ("signed-with-rsa-sha-1", sequence(&[&oid(SHA1_WITH_RSA), &[5, 0]])),
        ("signed-with-rsa-md5", sequence(&[&oid(MD5_WITH_RSA), &[5, 0]])),
    ] {
        let der = department(&trust, EDDSA).certificate().der().to_vec();
        let mut certificate = Certificate::take_apart(&der).renumber();
        certificate.algorithm = algorithm;
        set.refuse(
            case(32, name, TWIN),
            refused("expected a signature by ecdsa-with-SHA256 or Ed25519"),
            with(certificate.sign(&key("city"))),
            "a certificate that says it was signed with a broken digest",
        );
    }
}
