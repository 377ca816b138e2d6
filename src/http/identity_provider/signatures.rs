//! Signatures of tokens by `ring`: RS256, ES256 and EdDSA, checked and never made.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};

/// What `jsonwebtoken` checks with. It has nothing that signs.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has `jsonwebtoken` check by this. Done before the first token is looked at; again it changes nothing.
pub(super) fn install() {
    let _ = PROVIDER.install_default();
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let plain = |with: &'static dyn VerificationAlgorithm| {
        let key = UnparsedPublicKey::new(with, key.try_get_as_bytes()?.to_vec());
        let signed: Box<dyn JwtVerifier> = Box::new(Signed { algorithm: *algorithm, key: Key::Plain(key) });
        Ok(signed)
    };
    match (algorithm, key.kind()) {
        (Algorithm::ES256, _) => plain(&ECDSA_P256_SHA256_FIXED),
        (Algorithm::EdDSA, _) => plain(&ED25519),
        (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            let key = RsaPublicKeyComponents { n: n.clone(), e: e.clone() };
            Ok(Box::new(Signed { algorithm: *algorithm, key: Key::Rsa(key) }))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct Signed {
    algorithm: Algorithm,
    key: Key,
}

enum Key {
    Plain(UnparsedPublicKey<Vec<u8>>),
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
}

impl Verifier<Vec<u8>> for Signed {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        let verified = match &self.key {
            Key::Plain(key) => key.verify(message, signature),
            Key::Rsa(key) => key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Signed {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
