//! Disclosures (RFC 9901 §4.2): salt, maybe a name, and a value, with the digest by which they are referenced.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::json::{self, JsonError};
use crate::crypto::Digest;

/// One disclosure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// By which it is referenced: base64url of SHA-256 over its text.
    pub digest: String,
    /// What it discloses.
    pub part: Part,
}

/// What a disclosure discloses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A member of an object.
    Member {
        /// Its name.
        name: String,
        /// Its value.
        value: Value,
    },
    /// An element of an array.
    Element {
        /// Its value.
        value: Value,
    },
}

/// Text that is no disclosure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// Not base64url without padding, or not the one way to write its bytes.
    #[error("a disclosure is not base64url without padding in its canonical form")]
    Base64,
    /// Not JSON.
    #[error("a disclosure: {0}")]
    Json(#[from] JsonError),
    /// Not an array of two or three.
    #[error("expected a disclosure to be an array of 2 or 3 elements")]
    Shape,
    /// The salt is no text.
    #[error("expected a disclosure's salt to be a string")]
    Salt,
    /// The name is no text.
    #[error("expected a disclosure's claim name to be a string")]
    Name,
}

impl Disclosure {
    /// Reads one. The digest is over the text that came, never over what would be written again.
    pub fn decode(text: &str) -> Result<Self, DisclosureError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| DisclosureError::Base64)?;
        let Value::Array(elements) = json::read(&bytes)? else { return Err(DisclosureError::Shape) };
        let mut elements = elements.into_iter();
        let part = match (elements.next(), elements.next(), elements.next(), elements.next()) {
            (Some(Value::String(_)), Some(Value::String(name)), Some(value), None) => {
                Part::Member { name, value }
            }
            (Some(Value::String(_)), Some(_), Some(_), None) => return Err(DisclosureError::Name),
            (Some(Value::String(_)), Some(value), None, None) => Part::Element { value },
            (Some(_), Some(_), _, None) => return Err(DisclosureError::Salt),
            _ => return Err(DisclosureError::Shape),
        };
        Ok(Self { digest: digest_of(text), part })
    }
}

/// The text of a member's disclosure.
pub(super) fn encode_member(salt: &[u8; 16], name: &str, value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json!([URL_SAFE_NO_PAD.encode(salt), name, value]).to_string())
}

/// The digest of a disclosure's text (§4.2.3).
pub(super) fn digest_of(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Digest::of(text.as_bytes()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> DisclosureError {
        Disclosure::decode(&URL_SAFE_NO_PAD.encode(json)).unwrap_err()
    }

    /// RFC 9901 §4.2.1 and §4.2.3: the digest is over the text, white space inside and all.
    #[test]
    fn the_examples_of_the_standard() {
        let text = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
        let read = Disclosure::decode(text).unwrap();
        assert_eq!(read.digest, "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
        assert_eq!(read.part, Part::Member { name: "family_name".to_owned(), value: "Möbius".into() });
        let element = "WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0";
        let read = Disclosure::decode(element).unwrap();
        assert_eq!(read.digest, "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs");
        assert_eq!(read.part, Part::Element { value: "FR".into() });
    }

    #[test]
    fn what_is_no_disclosure_is_refused() {
        for json in ["{}", "[]", "[\"s\"]", "[\"s\",\"n\",1,2]", "\"s\""] {
            assert_eq!(error(json), DisclosureError::Shape, "{json}");
        }
        assert_eq!(error("[1,\"n\",2]"), DisclosureError::Salt);
        assert_eq!(error("[1,\"n\"]"), DisclosureError::Salt);
        assert_eq!(error("[\"s\",1,2]"), DisclosureError::Name);
        assert!(matches!(error("[\"s\",\"n\",{\"a\":1,\"a\":2}]"), DisclosureError::Json(_)));
        for text in ["WyJzIiwxXQ==", "WyJzIiwxXR", "W yJ", "Ww+/"] {
            assert_eq!(Disclosure::decode(text), Err(DisclosureError::Base64), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = encode_member(&[7; 16], "field_area", &"120.00".into());
        let part = Part::Member { name: "field_area".to_owned(), value: "120.00".into() };
        assert_eq!(Disclosure::decode(&text), Ok(Disclosure { digest: digest_of(&text), part }));
    }
}
