//! Public keys, checked once when they are made, and the one way to check a signature.

use std::fmt;

use ring::agreement;
use ring::rand::SystemRandom;
use ring::signature::{self, UnparsedPublicKey};

use super::Algorithm;

/// Half of P-256's group order, rounded down: the largest s a signature of ours may have (FORMAT.md §1).
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde,
    0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// p = 2^255 − 19, little endian: an Ed25519 y at or above it is not canonical (RFC 8032 §5.1.3).
const ED25519_P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// The y of every point of small order, little endian, sign bit cleared: 0, 1, −1 and the two of order 8.
/// Computed from the curve equation; the tests recompute nothing but try each through Wycheproof's cases.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = ED25519_P;
        minus_one[0] = 0xec;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// A public key of one algorithm. Its bytes are an uncompressed P-256 point (65) or an Ed25519 key (32).
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

/// A key that must not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Wrong number of bytes, or a compressed or hybrid point.
    #[error("expected {expected} bytes of an {} public key, got {got}", algorithm.name())]
    Shape {
        /// Of the key.
        algorithm: Algorithm,
        /// Bytes it should have.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
    /// The point is not written in the only form allowed.
    #[error("the {} public key is not in its canonical form", algorithm.name())]
    NotCanonical {
        /// Of the key.
        algorithm: Algorithm,
    },
    /// Coordinates that satisfy no curve equation, or lie outside the field.
    #[error("the P-256 public key is not a point of its curve")]
    NotOnCurve,
    /// A point of small order verifies signatures nobody made.
    #[error("the Ed25519 public key is a point of small order")]
    SmallOrder,
    /// Not a private key in PKCS#8 of an algorithm of ours.
    #[error("expected a private key in PKCS#8, P-256 or Ed25519")]
    NotPrivateKey,
    /// The signing primitive refused, or the system gave no random bytes.
    #[error("the key could not be made or used")]
    Failed,
}

/// A signature that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not 64 bytes.
    #[error("expected a signature of 64 bytes, got {got}")]
    Length {
        /// Bytes that came.
        got: usize,
    },
    /// ECDSA with s above half the group order: mathematically the twin of a good signature, refused so that one
    /// licence has one byte string.
    #[error("the signature's s is in the upper half of the group order")]
    HighS,
    /// Ed25519 with R of small order or not canonical.
    #[error("the signature's R is of small order or not canonical")]
    BadR,
    /// It does not belong to these bytes and this key.
    #[error("the signature does not match")]
    Mismatch,
}

impl VerifyingKey {
    /// Takes the key's bytes as they stand in a certificate.
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let expected = match algorithm {
            Algorithm::Es256 => 65,
            Algorithm::EdDsa => 32,
        };
        if bytes.len() != expected {
            return Err(KeyError::Shape { algorithm, expected, got: bytes.len() });
        }
        match algorithm {
            Algorithm::Es256 if bytes.first() != Some(&4) => Err(KeyError::NotCanonical { algorithm }),
            Algorithm::EdDsa => match PointFault::of(bytes) {
                None => Ok(()),
                Some(PointFault::NotCanonical) => Err(KeyError::NotCanonical { algorithm }),
                Some(PointFault::SmallOrder) => Err(KeyError::SmallOrder),
            },
            Algorithm::Es256 if !is_on_p256(bytes) => Err(KeyError::NotOnCurve),
            Algorithm::Es256 => Ok(()),
        }?;
        Ok(Self { algorithm, bytes: bytes.to_vec() })
    }

    /// What it verifies with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes it was made of.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether `signature` (64 bytes, FORMAT.md §1) is this key's over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match (self.algorithm, signature.last_chunk::<32>()) {
            (Algorithm::Es256, Some(s)) if signature.len() == 64 && *s > HALF_ORDER => {
                Err(SignatureError::HighS)
            }
            _ => self.verify_foreign(message, signature),
        }
    }

    /// As [`VerifyingKey::verify`], for formats that are not ours: JOSE (RFC 7518 §3.4) allows either s.
    pub fn verify_foreign(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let (first, _) = signature
            .split_at_checked(32)
            .filter(|(_, second)| second.len() == 32)
            .ok_or(SignatureError::Length { got: signature.len() })?;
        let primitive: &dyn signature::VerificationAlgorithm = match self.algorithm {
            Algorithm::EdDsa if PointFault::of(first).is_some() => return Err(SignatureError::BadR),
            Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Algorithm::EdDsa => &signature::ED25519,
        };
        UnparsedPublicKey::new(primitive, &self.bytes)
            .verify(message, signature)
            .map_err(|_| SignatureError::Mismatch)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.algorithm.name())
    }
}

/// Whether an uncompressed point lies on P-256: a key agreement takes no other. The primitive checks it again at every use,
/// but a key that can never verify anything has no place in a trust list.
fn is_on_p256(point: &[u8]) -> bool {
    let theirs = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, point);
    agreement::EphemeralPrivateKey::generate(&agreement::ECDH_P256, &SystemRandom::new())
        .and_then(|ours| agreement::agree_ephemeral(ours, &theirs, |_shared| ()))
        .is_ok()
}

/// What is wrong with an encoded Ed25519 point, as far as its bytes tell.
enum PointFault {
    NotCanonical,
    SmallOrder,
}

impl PointFault {
    fn of(encoded: &[u8]) -> Option<Self> {
        let mut y: [u8; 32] = encoded.try_into().ok()?;
        let [.., last] = &mut y;
        let negative = *last & 0x80 != 0;
        *last &= 0x7f;
        if !y.iter().rev().lt(ED25519_P.iter().rev()) {
            return Some(Self::NotCanonical);
        }
        if !SMALL_ORDER_Y.contains(&y) {
            return None;
        }
        // x = 0 has one sign only: y = 1 or −1 with the sign bit set is no encoding at all.
        Some(if negative { Self::NotCanonical } else { Self::SmallOrder })
    }
}

/// Brings an ECDSA signature to its low-s form: s becomes n − s where it is above half the order.
pub(super) fn to_low_s(signature: &mut [u8; 64]) {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (_, s) = signature.split_at_mut(32);
    if *s <= HALF_ORDER[..] {
        return;
    }
    let mut borrow = false;
    for (digit, order) in s.iter_mut().zip(ORDER).rev() {
        let (difference, under) = order.overflowing_sub(*digit);
        let (difference, under_again) = difference.overflowing_sub(u8::from(borrow));
        *digit = difference;
        borrow = under || under_again;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SigningKey;

    #[test]
    fn what_a_key_signs_it_verifies_and_nothing_else() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = SigningKey::generate(algorithm).unwrap();
            for message in 0..32u8 {
                let mut signature = key.sign(&[message]).unwrap();
                let verifying = key.verifying_key();
                assert_eq!(verifying.verify(&[message], &signature), Ok(()));
                assert!(verifying.verify(&[message + 1], &signature).is_err());
                signature[usize::from(message)] ^= 1;
                assert!(verifying.verify(&[message], &signature).is_err());
                assert_eq!(
                    verifying.verify(&[message], &signature[1..]),
                    Err(SignatureError::Length { got: 63 })
                );
            }
        }
    }

    #[test]
    fn the_high_twin_of_a_good_signature_is_refused() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let low = key.sign(b"licence").unwrap();
        let mut high = low;
        negate_s(&mut high);
        assert_eq!(key.verifying_key().verify(b"licence", &high), Err(SignatureError::HighS));
        assert_eq!(key.verifying_key().verify_foreign(b"licence", &high), Ok(()));
        assert_eq!(key.verifying_key().verify_foreign(b"license", &high), Err(SignatureError::Mismatch));
        to_low_s(&mut high);
        assert_eq!(high, low);
    }

    /// n − s, by making s look high to [`to_low_s`]: adds nothing but arithmetic in the test.
    fn negate_s(signature: &mut [u8; 64]) {
        let order = u128_pair("ffffffff00000000ffffffffffffffff", "bce6faada7179e84f3b9cac2fc632551");
        let high = u128::from_be_bytes(signature[32..48].try_into().unwrap());
        let low = u128::from_be_bytes(signature[48..].try_into().unwrap());
        let (new_low, borrow) = order.1.overflowing_sub(low);
        let new_high = order.0 - high - u128::from(borrow);
        signature[32..48].copy_from_slice(&new_high.to_be_bytes());
        signature[48..].copy_from_slice(&new_low.to_be_bytes());
    }

    fn u128_pair(high: &str, low: &str) -> (u128, u128) {
        (u128::from_str_radix(high, 16).unwrap(), u128::from_str_radix(low, 16).unwrap())
    }

    #[test]
    fn keys_of_small_order_or_odd_form_are_refused() {
        for y in SMALL_ORDER_Y {
            assert_eq!(VerifyingKey::new(Algorithm::EdDsa, &y), Err(KeyError::SmallOrder));
        }
        let not_canonical = Err(KeyError::NotCanonical { algorithm: Algorithm::EdDsa });
        assert_eq!(VerifyingKey::new(Algorithm::EdDsa, &ED25519_P), not_canonical);
        assert_eq!(VerifyingKey::new(Algorithm::EdDsa, &[0xff; 32]), not_canonical);
        let mut compressed = [7; 65];
        compressed[0] = 2;
        let odd = KeyError::NotCanonical { algorithm: Algorithm::Es256 };
        assert_eq!(VerifyingKey::new(Algorithm::Es256, &compressed), Err(odd));
        let short = KeyError::Shape { algorithm: Algorithm::Es256, expected: 65, got: 33 };
        assert_eq!(VerifyingKey::new(Algorithm::Es256, &compressed[..33]), Err(short));
        let good = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
        let mut off_the_curve = good.as_bytes().to_vec();
        off_the_curve[64] ^= 1;
        let mut zeros = [0; 65];
        zeros[0] = 4;
        for wrong in [&off_the_curve[..], &zeros] {
            assert_eq!(VerifyingKey::new(Algorithm::Es256, wrong), Err(KeyError::NotOnCurve));
        }
    }
}
