//! Rows 28 to 30 and 33: signatures that are not one.

use super::super::city::{ES256, department_key, golden, golden_text};
use super::super::craft::{Draft, Parts, qr_text};
use super::super::der::{self, ecdsa};
use super::super::manifest::{Accepted, Refused};
use super::{Set, case, cose, fails, plain, undecodable};

const EDDSA_FULL: &str = "eddsa-full";
const ES256_FULL: &str = "es256-full";
const QR: &str = "eddsa-qr-text";

/// Order of P-256, big endian.
const N: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// Order of Ed25519's base point, little endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// Field prime of Ed25519, little endian: a second spelling of y = 0.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

pub(super) fn add(set: &mut Set) {
    set.twin(EDDSA_FULL, Accepted::Valid, cose(golden("eddsa-full.cose")), "the golden EdDSA licence, bare");
    set.twin(ES256_FULL, Accepted::Valid, cose(golden("es256-full.cose")), "the golden ES256 licence, bare");
    set.twin(QR, Accepted::Valid, plain(golden_text("eddsa-qr.txt")), "the golden EdDSA licence's QR text");
    flipped(set);
    ed25519(set);
    ecdsa_numbers(set);
    ecdsa_encodings(set);
    swapped(set);
}

fn forged() -> Refused {
    fails(&[("signature", "forged")], "")
}

/// Row 28, one bit for each part; `tests/golden/bits.rs` changes all of them.
fn flipped(set: &mut Set) {
    let good = golden("eddsa-full.cose");
    let flip = |at: usize, bit: u8| {
        let mut changed = good.clone();
        changed[at] ^= 1 << bit;
        changed
    };
    let parts = Parts::of(&good);
    let place = |part: &[u8]| good.windows(part.len()).position(|window| window == part).unwrap();
    let company = place("云岭青禾".as_bytes());
    let kid = place(&parts.protected) + 5;
    let digits = place(b"91999999XX00010111");
    for (name, bytes, refused, how) in [
        (
            "bit-of-the-tag",
            flip(0, 0),
            undecodable("expected COSE_Sign1, tag 18, got tag 19"),
            "a bit of the tag",
        ),
        ("bit-of-the-array", flip(1, 0), undecodable("expected 4 elements"), "a bit of the array's length"),
        ("bit-of-alg", flip(place(&parts.protected) + 2, 0), forged(), "a bit of alg: EdDSA becomes ES256"),
        ("bit-of-kid", flip(kid, 0), fails(&[("issuer", "issuer_unknown")], ""), "a bit of kid"),
        ("bit-of-a-name", flip(company + 2, 0), forged(), "a bit of a character of the company's name"),
        ("bit-of-the-number", flip(digits + 17, 1), forged(), "a bit of the number: 1 becomes 3"),
        (
            "bit-of-the-signature-first",
            flip(good.len() - 64, 0),
            fails(&[("signature", "forged")], ""),
            "the first bit of the signature",
        ),
        (
            "bit-of-the-signature-last",
            flip(good.len() - 1, 0),
            forged(),
            "a bit of the signature's last byte",
        ),
    ] {
        set.refuse(case(28, name, EDDSA_FULL), refused, cose(bytes), how);
    }
    let text = golden_text("eddsa-qr.txt");
    let (at, last) = (text.len() - 1, text.chars().next_back().unwrap());
    let other = if last == '0' { '1' } else { '0' };
    set.refuse(
        case(28, "last-character-of-a-qr-text", QR),
        undecodable(""),
        plain(format!("{}{other}", &text[..at])),
        "the last character",
    );
    let mut changed = golden("eddsa-qr.cose");
    let place = changed.windows(12).position(|window| window == "云岭青禾".as_bytes()).unwrap();
    changed[place..place + 12].copy_from_slice("云岭青木".as_bytes());
    set.refuse(
        case(28, "another-company-in-a-qr-text", QR),
        forged(),
        plain(qr_text(&changed)),
        "another company's name, compressed anew",
    );
}

/// Row 29.
fn ed25519(set: &mut Set) {
    let parts = Draft::full().sign();
    let (r, s) = parts.signature.split_at(32);
    let mut sum = Vec::with_capacity(32);
    let mut carry = 0_u16;
    for (one, other) in s.iter().zip(L) {
        carry += u16::from(*one) + u16::from(other);
        sum.push(u8::try_from(carry & 0xff).unwrap());
        carry >>= 8;
    }
    let identity = {
        let mut point = [0; 32];
        point[0] = 1;
        point
    };
    let mut negative = r.to_vec();
    negative[31] ^= 0x80;
    for (name, signature, how) in [
        ("s-plus-l", [r, &sum].concat(), "S + L, which a lax verifier takes for S"),
        ("s-equals-l", [r, &L].concat(), "S = L"),
        ("s-zero", [r, &[0; 32]].concat(), "S = 0"),
        ("s-all-ones", [r, &[0xff; 32]].concat(), "S = 2^256 - 1"),
        ("r-identity", [&identity[..], s].concat(), "R is the neutral element"),
        (
            "r-identity-s-zero",
            [&identity[..], &[0; 32]].concat(),
            "R neutral, S zero: good under a key of small order",
        ),
        (
            "r-order-two",
            {
                let mut minus = P;
                minus[0] -= 1;
                [&minus[..], s].concat()
            },
            "R is the point of order two",
        ),
        ("r-of-order-four", [&[0; 32][..], s].concat(), "R is a point of order four"),
        ("r-not-canonical", [&P[..], s].concat(), "R is y = p"),
        (
            "r-not-canonical-neutral",
            {
                let mut more = P;
                more[0] += 1;
                [&more[..], s].concat()
            },
            "R is y = p + 1",
        ),
        ("r-sign-changed", [&negative, s].concat(), "R with the other sign"),
        ("r-and-s-swapped", [s, r].concat(), "S before R"),
        ("signature-zeros", vec![0; 64], "64 zeros"),
    ] {
        set.refuse(
            case(29, name, EDDSA_FULL),
            forged(),
            cose(parts.clone().signature(signature).bytes()),
            how,
        );
    }
    let whole = parts.signature.clone();
    for (name, signature, length) in [
        ("signature-of-63-bytes", whole[..63].to_vec(), 63),
        ("signature-of-65-bytes", [whole.as_slice(), &[0]].concat(), 65),
        ("signature-twice", whole.repeat(2), 128),
        ("signature-of-r-alone", whole[..32].to_vec(), 32),
    ] {
        let refused = undecodable(&format!("expected a signature of 64 bytes, got {length}"));
        set.refuse(
            case(29, name, EDDSA_FULL),
            refused,
            cose(parts.clone().signature(signature).bytes()),
            "another length",
        );
    }
}

/// Row 30: r and s.
fn ecdsa_numbers(set: &mut Set) {
    let parts = Parts::of(&golden("es256-full.cose"));
    let (r, s) = parts.signature.split_at(32);
    let zero = [0; 32];
    let mut one = zero;
    one[31] = 1;
    let mut above = N;
    above[31] += 1;
    let high = subtract(&N, s);
    for (name, signature, because, how) in [
        ("r-zero", [&zero, s].concat(), "", "r = 0"),
        ("s-zero-p-256", [r, &zero].concat(), "", "s = 0"),
        ("r-and-s-zero", vec![0; 64], "", "r = s = 0: accepted by Java in 2022"),
        ("r-and-s-one", [one, one].concat(), "", "r = s = 1"),
        ("r-equals-n", [&N, s].concat(), "", "r = n"),
        ("s-equals-n", [r, &N].concat(), "upper half", "s = n"),
        ("r-and-s-equal-n", [N, N].concat(), "", "r = s = n"),
        ("r-above-n", [&above, s].concat(), "", "r = n + 1"),
        ("r-all-ones", [&[0xff; 32], s].concat(), "", "r = 2^256 - 1"),
        (
            "s-high",
            [r, &high].concat(),
            "upper half",
            "n - s: the twin that mathematics allows and we do not",
        ),
        ("r-and-s-swapped-p-256", [s, r].concat(), "", "s before r"),
        (
            "r-little-endian",
            [r.iter().rev().copied().collect::<Vec<_>>(), s.to_vec()].concat(),
            "",
            "r turned round",
        ),
    ] {
        let refused = fails(&[("signature", "forged")], because);
        set.refuse(
            case(30, name, ES256_FULL),
            refused,
            cose(parts.clone().signature(signature).bytes()),
            how,
        );
    }
}

fn subtract(from: &[u8; 32], what: &[u8]) -> [u8; 32] {
    let mut difference = [0; 32];
    let mut borrow = 0_i16;
    for index in (0..32).rev() {
        let digit = i16::from(from[index]) - i16::from(what[index]) - borrow;
        borrow = i16::from(digit < 0);
        difference[index] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    difference
}

/// Row 30 too: r and s are 32 bytes each, nothing else.
fn ecdsa_encodings(set: &mut Set) {
    let parts = Parts::of(&golden("es256-full.cose"));
    let (r, s) = parts.signature.split_at(32);
    let plain_der = ecdsa(&parts.signature, 0);
    let negative =
        der::sequence(&[&der::element(der::INTEGER, &[&[0xff], r].concat()), &der::element(der::INTEGER, s)]);
    let long_form = [&[0x30, 0x81, u8::try_from(plain_der.len() - 2).unwrap()][..], &plain_der[2..]].concat();
    for (name, signature, how) in [
        ("der", plain_der.clone(), "the signature in DER"),
        ("der-with-zeros", ecdsa(&parts.signature, 1), "in BER, a zero before each number"),
        ("der-long-length", long_form, "in BER, the length in two bytes"),
        (
            "der-indefinite",
            [&[0x30, 0x80][..], &plain_der[2..], &[0, 0]].concat(),
            "in BER, without a length",
        ),
        ("der-negative", negative, "in DER, r negative"),
        ("der-byte-behind", [plain_der.as_slice(), &[0]].concat(), "in DER, a byte behind it"),
        ("r-in-33-bytes", [&[0], r, s].concat(), "a zero before r"),
        ("s-in-33-bytes", [r, &[0], s].concat(), "a zero before s"),
        ("both-in-48-bytes", [&[0; 16], r, &[0; 16], s].concat(), "as long as for P-384"),
    ] {
        let refused = undecodable(&format!("expected a signature of 64 bytes, got {}", signature.len()));
        set.refuse(
            case(30, name, ES256_FULL),
            refused,
            cose(parts.clone().signature(signature).bytes()),
            how,
        );
    }
    let mut padded = plain_der[..].to_vec();
    padded.truncate(64);
    set.refuse(
        case(30, "der-cut-to-64", ES256_FULL),
        fails(&[("signature", "forged")], ""),
        cose(parts.signature(padded).bytes()),
        "the first 64 bytes of the DER",
    );
}

/// Row 33: what was signed cannot be taken apart.
fn swapped(set: &mut Set) {
    let [full, qr] = ["full", "qr"].map(|form| Parts::of(&golden(&format!("eddsa-{form}.cose"))));
    let other = Parts::of(&golden("es256-full.cose"));
    let another = Draft::full().licence(|licence| licence.set(3, "91999999XX00010112")).sign();
    for (name, parts, refused, how) in [
        (
            "signature-of-another-licence",
            full.clone().signature(another.signature.clone()),
            forged(),
            "the same department's signature of another licence",
        ),
        (
            "signature-of-the-qr-form",
            full.clone().signature(qr.signature.clone()),
            forged(),
            "the full form under the qr form's signature",
        ),
        (
            "payload-of-another-licence",
            Parts { payload: another.payload.clone(), ..full.clone() },
            forged(),
            "another licence's payload under this one's signature",
        ),
        (
            "payload-of-another-department",
            Parts { payload: other.payload.clone(), ..full.clone() },
            fails(
                &[("issuer", "issuer_mismatch"), ("scope", "issuer_not_authorised"), ("signature", "forged")],
                "",
            ),
            "the other department's payload under this one's header and signature",
        ),
        (
            "header-of-another-department",
            Parts { protected: other.protected.clone(), ..full.clone() },
            fails(
                &[("issuer", "issuer_mismatch"), ("scope", "issuer_not_authorised"), ("signature", "forged")],
                "",
            ),
            "the other department's header before this one's payload and signature",
        ),
        (
            "header-and-signature-of-another-department",
            Parts { payload: full.payload.clone(), ..other },
            fails(
                &[("issuer", "issuer_mismatch"), ("scope", "issuer_not_authorised"), ("signature", "forged")],
                "",
            ),
            "the other department's header and signature around this one's payload",
        ),
        (
            "signed-by-the-other-department",
            Draft::full().signed_with(department_key(ES256)).sign(),
            forged(),
            "this department's header, the other one's key",
        ),
    ] {
        set.refuse(case(33, name, EDDSA_FULL), refused, cose(parts.bytes()), how);
    }
    let moved = Parts::of(&golden("eddsa-full.cose"));
    let payload_in_header =
        Parts { protected: moved.payload.clone(), payload: moved.protected.clone(), ..moved };
    set.refuse(
        case(33, "header-and-payload-swapped", EDDSA_FULL),
        undecodable(""),
        cose(payload_in_header.bytes()),
        "payload and protected header change places",
    );
}
