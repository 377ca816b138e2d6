//! Private keys: made, read and used, never shown.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use zeroize::Zeroizing;

use super::Algorithm;
use super::verifying_key::{KeyError, VerifyingKey, to_low_s};

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// A private key of one algorithm. `Debug` names the algorithm and nothing else; the buffers are zeroed when it goes.
pub struct SigningKey {
    pair: Pair,
    pkcs8: Zeroizing<Vec<u8>>,
    verifying: VerifyingKey,
}

enum Pair {
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
}

impl SigningKey {
    /// A new key. Its randomness is the system's: `ring` takes no other.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let system = SystemRandom::new();
        let document = match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &system),
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&system),
        };
        Self::from_pkcs8_der(document.map_err(|_| KeyError::Failed)?.as_ref())
    }

    /// Reads PKCS#8 (RFC 5958); which algorithm it is, the document says.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let system = SystemRandom::new();
        let (pair, verifying) =
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &system) {
                let verifying = VerifyingKey::new(Algorithm::Es256, pair.public_key().as_ref())?;
                (Pair::Es256(Box::new(pair)), verifying)
            } else {
                let pair = Ed25519KeyPair::from_pkcs8(der)
                    .or_else(|_| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der))
                    .map_err(|_| KeyError::NotPrivateKey)?;
                let verifying = VerifyingKey::new(Algorithm::EdDsa, pair.public_key().as_ref())?;
                (Pair::EdDsa(Box::new(pair)), verifying)
            };
        Ok(Self { pair, pkcs8: Zeroizing::new(der.to_vec()), verifying })
    }

    /// Reads one PEM block `PRIVATE KEY` with nothing around it but white space.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, KeyError> {
        let body = pem
            .trim()
            .strip_prefix(PEM_BEGIN)
            .and_then(|rest| rest.strip_suffix(PEM_END))
            .ok_or(KeyError::NotPrivateKey)?;
        let packed: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        let der = Zeroizing::new(STANDARD.decode(packed.as_bytes()).map_err(|_| KeyError::NotPrivateKey)?);
        Self::from_pkcs8_der(&der)
    }

    /// **The secret in the open**, for a key file of mode 0600 and nothing else.
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        let text = Zeroizing::new(STANDARD.encode(&*self.pkcs8));
        let mut pem = Zeroizing::new(String::with_capacity(text.len() + 80));
        pem.push_str(PEM_BEGIN);
        for (index, digit) in text.chars().enumerate() {
            if index % 64 == 0 {
                pem.push('\n');
            }
            pem.push(digit);
        }
        pem.push('\n');
        pem.push_str(PEM_END);
        pem.push('\n');
        pem
    }

    /// **The secret in the open**, for the certificate maker, which takes keys in no other form.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// What it signs with.
    pub const fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// Its public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// Signs `message`: `r‖s` with low s, or Ed25519's `R‖S`.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], KeyError> {
        let mut signature = [0; 64];
        match &self.pair {
            Pair::Es256(pair) => {
                let made = pair.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Failed)?;
                signature.copy_from_slice(made.as_ref()); // FIXED is 64 bytes
                to_low_s(&mut signature);
            }
            Pair::EdDsa(pair) => signature.copy_from_slice(pair.sign(message).as_ref()), // always 64 bytes
        }
        Ok(signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, secret)", self.algorithm().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_file_and_never_shows_itself() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = SigningKey::generate(algorithm).unwrap();
            let again = SigningKey::from_pkcs8_pem(&key.to_pkcs8_pem()).unwrap();
            assert_eq!(again.algorithm(), algorithm);
            assert_eq!(again.verifying_key(), key.verifying_key());
            assert_eq!(format!("{key:?}"), format!("SigningKey({}, secret)", algorithm.name()));
        }
    }

    #[test]
    fn what_is_no_private_key_is_refused() {
        let pem = SigningKey::generate(Algorithm::EdDsa).unwrap().to_pkcs8_pem();
        for wrong in ["", "hello", PEM_BEGIN, &pem.replace("PRIVATE", "PUBLIC"), &pem[..pem.len() / 2]] {
            assert_eq!(SigningKey::from_pkcs8_pem(wrong).err(), Some(KeyError::NotPrivateKey), "{wrong:?}");
        }
    }
}
