//! The holder's public key as a JWK (RFC 7517), P-256 or Ed25519.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::json::shortened;
use super::jws::text_of;
use crate::crypto::{Algorithm, Digest, KeyError, VerifyingKey};

/// Members of a JWK that hold a secret (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A key to which a credential is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderKey(VerifyingKey);

/// A JWK that is no holder's key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolderKeyError {
    /// Not an object.
    #[error("expected a JWK, which is a JSON object")]
    NotAnObject,
    /// Whoever sent this has shown a secret.
    #[error("expected a public key, got the private member {member:?}: this key is no secret any more")]
    Private {
        /// The member.
        member: &'static str,
    },
    /// Another kind of key.
    #[error("expected kty EC with crv P-256, or kty OKP with crv Ed25519, got {kty:?} with {crv:?}")]
    Kind {
        /// `kty`, shortened.
        kty: String,
        /// `crv`, shortened.
        crv: String,
    },
    /// A coordinate that is not 32 bytes in base64url.
    #[error("expected {member:?} to be 32 bytes in base64url without padding")]
    Coordinate {
        /// The member.
        member: &'static str,
    },
    /// Its bytes are no key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl HolderKey {
    /// Reads a JWK. Members that say nothing about the key are left aside (RFC 7517 §4).
    pub fn from_jwk(jwk: &Value) -> Result<Self, HolderKeyError> {
        let jwk = jwk.as_object().ok_or(HolderKeyError::NotAnObject)?;
        if let Some(member) = PRIVATE.into_iter().find(|member| jwk.contains_key(*member)) {
            return Err(HolderKeyError::Private { member });
        }
        let key = match (text_of(jwk, "kty"), text_of(jwk, "crv")) {
            ("EC", "P-256") => {
                let point = [&[4][..], &coordinate(jwk, "x")?, &coordinate(jwk, "y")?].concat();
                VerifyingKey::new(Algorithm::Es256, &point)?
            }
            ("OKP", "Ed25519") => VerifyingKey::new(Algorithm::EdDsa, &coordinate(jwk, "x")?)?,
            (kty, crv) => return Err(HolderKeyError::Kind { kty: shortened(kty), crv: shortened(crv) }),
        };
        Ok(Self(key))
    }

    /// The key of a holder that verifies with this.
    pub const fn new(key: VerifyingKey) -> Self {
        Self(key)
    }

    /// The key.
    pub const fn key(&self) -> &VerifyingKey {
        &self.0
    }

    /// The JWK with what it needs and nothing else.
    pub fn to_jwk(&self) -> Value {
        match self.members() {
            (x, Some(y)) => json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}),
            (x, None) => json!({"kty": "OKP", "crv": "Ed25519", "x": x}),
        }
    }

    /// The thumbprint of RFC 7638.
    pub fn thumbprint(&self) -> Digest {
        let canonical = match self.members() {
            (x, Some(y)) => format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
            (x, None) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
        };
        Digest::of(canonical.as_bytes())
    }

    fn members(&self) -> (String, Option<String>) {
        let bytes = self.0.as_bytes();
        match self.0.algorithm() {
            Algorithm::EdDsa => (URL_SAFE_NO_PAD.encode(bytes), None),
            Algorithm::Es256 => {
                let (x, y) = bytes.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
                (URL_SAFE_NO_PAD.encode(x), Some(URL_SAFE_NO_PAD.encode(y)))
            }
        }
    }
}

fn coordinate(jwk: &Map<String, Value>, member: &'static str) -> Result<[u8; 32], HolderKeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(text_of(jwk, member)).ok();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(HolderKeyError::Coordinate { member })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SigningKey;

    /// RFC 8037, Appendix A.2 and A.3.
    #[test]
    fn the_thumbprint_of_the_standard() {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let key = HolderKey::from_jwk(&jwk).unwrap();
        let thumbprint = URL_SAFE_NO_PAD.encode(key.thumbprint().as_bytes());
        assert_eq!(thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(key.to_jwk(), jwk);
    }

    #[test]
    fn a_key_comes_back_from_its_jwk_and_other_members_are_left_aside() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = HolderKey::new(SigningKey::generate(algorithm).unwrap().verifying_key());
            let mut jwk = key.to_jwk();
            jwk["kid"] = "phone".into();
            jwk["use"] = "sig".into();
            assert_eq!(HolderKey::from_jwk(&jwk), Ok(key));
        }
    }

    #[test]
    fn what_is_no_public_key_of_ours_is_refused() {
        let key = HolderKey::new(SigningKey::generate(Algorithm::Es256).unwrap().verifying_key());
        let change = |member: &str, value: Value| {
            let mut jwk = key.to_jwk();
            jwk[member] = value;
            HolderKey::from_jwk(&jwk).unwrap_err()
        };
        for member in PRIVATE {
            assert_eq!(change(member, "AA".into()), HolderKeyError::Private { member });
        }
        let kind = |kty: &str, crv: &str| HolderKeyError::Kind { kty: kty.to_owned(), crv: crv.to_owned() };
        assert_eq!(change("kty", "RSA".into()), kind("RSA", "P-256"));
        assert_eq!(change("crv", "secp256k1".into()), kind("EC", "secp256k1"));
        assert_eq!(change("kty", json!(null)), kind("", "P-256"));
        assert_eq!(change("x", "AA".into()), HolderKeyError::Coordinate { member: "x" });
        assert_eq!(change("y", json!(1)), HolderKeyError::Coordinate { member: "y" });
        let zero = URL_SAFE_NO_PAD.encode([0; 32]);
        assert_eq!(change("x", zero.into()), HolderKeyError::Key(KeyError::NotOnCurve));
        assert_eq!(HolderKey::from_jwk(&json!("key")), Err(HolderKeyError::NotAnObject));
    }
}
