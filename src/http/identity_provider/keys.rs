//! The provider's public keys: a JWK set (RFC 7517) with everything left aside that no token here may be signed with.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Most keys of one set.
const MAX_KEYS: usize = 100;
/// Bytes of an RSA modulus: 2,048 to 8,192 bits.
const RSA_MODULUS: std::ops::RangeInclusive<usize> = 256..=1_024;
/// Bytes of an RSA exponent.
const MAX_RSA_EXPONENT: usize = 8;

/// Keys by name and algorithm.
#[derive(Debug, Default)]
pub(super) struct KeySet(HashMap<(String, Algorithm), DecodingKey>);

/// No JWK set that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeySetError {
    /// Not the JSON of one.
    #[error("the provider's keys are no JWK set")]
    Unreadable,
    /// Too many keys.
    #[error("expected at most {MAX_KEYS} keys from the provider, got {got}")]
    TooMany {
        /// How many.
        got: usize,
    },
    /// None of them can be used.
    #[error("the provider has no RS256, ES256 or EdDSA key with a kid")]
    Empty,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    r#use: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set. Keys for other things, of other kinds, or malformed are as if they were not there.
    pub(super) fn read(json: &[u8]) -> Result<Self, KeySetError> {
        let Set { keys } = serde_json::from_slice(json).map_err(|_| KeySetError::Unreadable)?;
        if keys.len() > MAX_KEYS {
            return Err(KeySetError::TooMany { got: keys.len() });
        }
        let mut set = HashMap::new();
        for jwk in keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok()) {
            if let Some((algorithm, key)) = jwk.usable() {
                set.entry((jwk.kid, algorithm)).or_insert(key);
            }
        }
        if set.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(set)) }
    }

    /// The key of this name for this algorithm, and no other.
    pub(super) fn key(&self, kid: &str, algorithm: Algorithm) -> Option<&DecodingKey> {
        self.0.get(&(kid.to_owned(), algorithm))
    }
}

impl Jwk {
    fn usable(&self) -> Option<(Algorithm, DecodingKey)> {
        if self.r#use.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let (name, algorithm, key) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", None) => {
                let (n, e) = (decode(&self.n)?, decode(&self.e)?);
                let good = RSA_MODULUS.contains(&n.len()) && (1..=MAX_RSA_EXPONENT).contains(&e.len());
                let key = good.then(|| DecodingKey::from_rsa_raw_components(&n, &e))?;
                ("RS256", Algorithm::RS256, key)
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (decode(&self.x)?, decode(&self.y)?);
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                let good = x.len() == 32 && y.len() == 32;
                ("ES256", Algorithm::ES256, good.then(|| DecodingKey::from_ec_der(&point))?)
            }
            ("OKP", Some("Ed25519")) => {
                let x = decode(&self.x).filter(|x| x.len() == 32)?;
                ("EdDSA", Algorithm::EdDSA, DecodingKey::from_ed_der(&x))
            }
            _ => return None,
        };
        self.alg.as_deref().is_none_or(|alg| alg == name).then_some((algorithm, key))
    }
}

fn decode(text: &Option<String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.as_deref()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(keys: &Value) -> Result<usize, KeySetError> {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).map(|set| set.0.len())
    }

    #[test]
    fn only_keys_that_may_sign_tokens_are_taken() {
        let of = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![0xc1; bytes]);
        let ed = |kid: &str| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": of(32)});
        assert_eq!(read(&json!([ed("a"), ed("b"), ed("a")])), Ok(2));
        for useless in [
            json!({"kty": "oct", "kid": "a", "k": of(32)}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": of(32)}),
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": of(31)}),
            json!({"kty": "OKP", "crv": "X25519", "kid": "a", "x": of(32)}),
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": of(32), "use": "enc"}),
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": of(32), "alg": "HS256"}),
            json!({"kty": "RSA", "kid": "a", "n": of(128), "e": "AQAB"}),
            json!({"kty": "RSA", "kid": "a", "n": of(256), "e": "AQAB", "alg": "RSA-OAEP"}),
            json!({"kty": "EC", "crv": "P-384", "kid": "a", "x": of(48), "y": of(48)}),
            json!({"kty": "EC", "crv": "P-256", "kid": "a", "x": of(31), "y": of(33)}),
            json!(7),
        ] {
            assert_eq!(read(&json!([useless])), Err(KeySetError::Empty), "{useless}");
            assert_eq!(read(&json!([useless, ed("b")])), Ok(1), "{useless}");
        }
        assert_eq!(read(&json!([])), Err(KeySetError::Empty));
        let many: Vec<Value> = (0..101).map(|number| ed(&number.to_string())).collect();
        assert_eq!(read(&json!(many)), Err(KeySetError::TooMany { got: 101 }));
        assert_eq!(KeySet::read(b"<html>").map(drop), Err(KeySetError::Unreadable));
    }

    #[test]
    fn a_key_is_for_one_algorithm() {
        let of = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![0xc1; bytes]);
        let rsa = json!({"keys": [{"kty": "RSA", "kid": "a", "n": of(256), "e": "AQAB"}]}).to_string();
        let set = KeySet::read(rsa.as_bytes()).unwrap();
        assert!(set.key("a", Algorithm::RS256).is_some());
        for other in [Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256] {
            assert!(set.key("a", other).is_none(), "{other:?}");
        }
    }
}
