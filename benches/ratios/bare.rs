//! The primitive by itself: one envelope's signature, checked by `ring` and nothing else.

use std::hint::black_box;

use ciborium::Value;
use elicense::codec::KeyId;
use elicense::crypto::to_be_signed;
use elicense::pki::TrustStore;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

/// What `ring` needs to check one envelope by itself.
pub(crate) struct Bare {
    pub(crate) key: Vec<u8>,
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Bare {
    pub(crate) fn of(envelope: &[u8], trust: &TrustStore) -> Self {
        let value: Value = ciborium::from_reader(envelope).unwrap();
        let Value::Tag(18, parts) = value else { panic!("no COSE_Sign1") };
        let parts = parts.into_array().unwrap();
        let bytes = |at: usize| parts[at].as_bytes().unwrap().clone();
        let header: Value = ciborium::from_reader(&*bytes(0)).unwrap();
        let header = header.into_map().unwrap();
        let kid =
            header.iter().find(|(label, _)| *label == Value::from(4)).unwrap().1.as_bytes().unwrap().clone();
        let key_id = KeyId::from_bytes(kid.try_into().unwrap());
        let key = trust.signer(&key_id).unwrap().key().as_bytes().to_vec();
        Self { key, message: to_be_signed(&bytes(0), &bytes(2)), signature: bytes(3) }
    }

    pub(crate) fn verify(&self) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.key)
            .verify(black_box(&self.message), black_box(&self.signature))
            .is_ok()
    }
}
