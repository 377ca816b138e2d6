//! A JWS in compact form (RFC 7515), read strictly: canonical base64url, each header and claim once, an algorithm of ours.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::json::{self, JsonError, shortened};
use crate::crypto::{Algorithm, KeyError, SignatureError, SigningKey, VerifyingKey};

/// A decoded JWS, nothing of it verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jws<'a> {
    signed: &'a str,
    header: Map<String, Value>,
    payload: Map<String, Value>,
    algorithm: Algorithm,
    signature: Vec<u8>,
}

/// One of the three sections between the dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The first.
    Header,
    /// The second.
    Payload,
    /// The third.
    Signature,
}

impl std::fmt::Display for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// Text that is no JWS of ours, or not signed by whom it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not three sections.
    #[error("expected 3 sections between dots, got {got}")]
    Sections {
        /// How many came.
        got: usize,
    },
    /// Not base64url without padding, or not the one way to write its bytes.
    #[error("the {section} is not base64url without padding in its canonical form")]
    Base64 {
        /// Where.
        section: Section,
    },
    /// Not a JSON object.
    #[error("the {section}: {source}")]
    Json {
        /// Where.
        section: Section,
        /// Why.
        source: JsonError,
    },
    /// `alg` is missing or none of ours: `none` and the HMACs among them.
    #[error("expected alg ES256 or EdDSA, got {got:?}")]
    Algorithm {
        /// What came, shortened; empty where it is missing or no text.
        got: String,
    },
    /// `alg` is not what the key is for.
    #[error("expected alg {}, which the key is for, got {}", expected.name(), got.name())]
    OtherAlgorithm {
        /// The key's.
        expected: Algorithm,
        /// The header's.
        got: Algorithm,
    },
    /// A `typ` of something else.
    #[error("expected typ {expected:?}, got {got:?}")]
    Typ {
        /// What it should be.
        expected: &'static str,
        /// What came, shortened; empty where it is missing or no text.
        got: String,
    },
    /// The header has an extension that must be understood (RFC 7515 §4.1.11); there is none.
    #[error("expected no crit in the header: no extension is known")]
    Critical,
    /// The signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl<'a> Jws<'a> {
    /// Reads one whose `typ` is this. Its algorithm is one of ours before any key is looked at.
    pub fn decode(text: &'a str, typ: &'static str) -> Result<Self, JwsError> {
        let sections: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = sections.as_slice() else {
            return Err(JwsError::Sections { got: sections.len() });
        };
        let header = object(header, Section::Header)?;
        let algorithm = algorithm(&header)?;
        if header.contains_key("crit") {
            return Err(JwsError::Critical);
        }
        let got = text_of(&header, "typ");
        if got != typ {
            return Err(JwsError::Typ { expected: typ, got: shortened(got) });
        }
        let payload = object(payload, Section::Payload)?;
        let signature = bytes(signature, Section::Signature)?;
        let signed = text.rsplit_once('.').map_or(text, |(signed, _)| signed);
        Ok(Self { signed, header, payload, algorithm, signature })
    }

    /// The header.
    pub const fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The claims.
    pub const fn payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// Whether this key signed it. ECDSA's s may be either (RFC 7518 §3.4 does not choose).
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), JwsError> {
        if self.algorithm != key.algorithm() {
            return Err(JwsError::OtherAlgorithm { expected: key.algorithm(), got: self.algorithm });
        }
        Ok(key.verify_foreign(self.signed.as_bytes(), &self.signature)?)
    }
}

/// Signs header and claims; `alg` is put into the header.
pub(super) fn sign(
    mut header: Map<String, Value>,
    payload: Map<String, Value>,
    key: &SigningKey,
) -> Result<String, KeyError> {
    header.insert("alg".to_owned(), key.algorithm().name().into());
    let encode = |object: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(object).to_string());
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
    Ok(format!("{signed}.{signature}"))
}

/// A member that is a text; empty where it is missing or something else.
pub(super) fn text_of<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, JwsError> {
    let got = text_of(header, "alg");
    let ours = [Algorithm::Es256, Algorithm::EdDsa].into_iter().find(|one| one.name() == got);
    ours.ok_or_else(|| JwsError::Algorithm { got: shortened(got) })
}

fn object(text: &str, section: Section) -> Result<Map<String, Value>, JwsError> {
    json::read_object(&bytes(text, section)?).map_err(|source| JwsError::Json { section, source })
}

fn bytes(text: &str, section: Section) -> Result<Vec<u8>, JwsError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| JwsError::Base64 { section })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn b64(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    fn error(header: &str, payload: &str) -> JwsError {
        let text = format!("{}.{}.{}", b64(header), b64(payload), b64("s"));
        Jws::decode(&text, "x").unwrap_err()
    }

    #[test]
    fn what_is_signed_is_verified_by_its_key_alone() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = SigningKey::generate(algorithm).unwrap();
            let header = Map::from_iter([("typ".to_owned(), "x".into())]);
            let text = sign(header, Map::new(), &key).unwrap();
            let jws = Jws::decode(&text, "x").unwrap();
            assert_eq!(jws.verify(&key.verifying_key()), Ok(()));
            let same_kind = SigningKey::generate(algorithm).unwrap().verifying_key();
            assert_eq!(jws.verify(&same_kind), Err(SignatureError::Mismatch.into()));
            let other =
                [Algorithm::Es256, Algorithm::EdDsa].into_iter().find(|one| *one != algorithm).unwrap();
            let of_other_kind = SigningKey::generate(other).unwrap().verifying_key();
            assert_eq!(
                jws.verify(&of_other_kind),
                Err(JwsError::OtherAlgorithm { expected: other, got: algorithm })
            );
        }
    }

    #[test]
    fn other_algorithms_are_refused_before_any_key() {
        for alg in ["none", "None", "", "HS256", "RS256", "ES384", "es256", "ES256K", "SM2"] {
            let expected = JwsError::Algorithm { got: alg.to_owned() };
            assert_eq!(error(&format!(r#"{{"alg":"{alg}","typ":"x"}}"#), "{}"), expected);
        }
        for header in [r#"{"typ":"x"}"#, r#"{"alg":null}"#, r#"{"alg":["ES256"]}"#] {
            assert_eq!(error(header, "{}"), JwsError::Algorithm { got: String::new() });
        }
    }

    #[test]
    fn typ_crit_and_duplicates() {
        assert_eq!(
            error(r#"{"alg":"ES256","typ":"jwt"}"#, "{}"),
            JwsError::Typ { expected: "x", got: "jwt".to_owned() }
        );
        assert_eq!(error(r#"{"alg":"ES256","typ":"x","crit":["b64"]}"#, "{}"), JwsError::Critical);
        let twice = |section, key: &str| JwsError::Json {
            section,
            source: JsonError::DuplicateKey { key: key.to_owned() },
        };
        assert_eq!(error(r#"{"alg":"ES256","typ":"x","alg":"EdDSA"}"#, "{}"), twice(Section::Header, "alg"));
        assert_eq!(
            error(r#"{"alg":"ES256","typ":"x"}"#, r#"{"exp":1,"exp":2}"#),
            twice(Section::Payload, "exp")
        );
    }

    #[test]
    fn base64url_has_one_form() {
        let header = b64(r#"{"alg":"ES256","typ":"x"}"#);
        for (text, got) in [("", 1), ("a.b", 2), ("a.b.c.d", 4)] {
            assert_eq!(Jws::decode(text, "x"), Err(JwsError::Sections { got }));
        }
        for (payload, signature, section) in [
            ("e30=", "", Section::Payload),
            ("e31", "", Section::Payload),
            (" e30", "", Section::Payload),
            ("e30", "+w", Section::Signature),
            ("e30", "_x", Section::Signature),
        ] {
            let text = format!("{header}.{payload}.{signature}");
            assert_eq!(Jws::decode(&text, "x"), Err(JwsError::Base64 { section }), "{text}");
        }
    }
}
