//! What an authority writes beside a change of status: why, and under which rule.

use serde::{Serialize, Serializer};

use super::text::{TextError, check_text};

/// The most characters of an annotation.
const MAX_LENGTH: usize = 200;

/// Why a status was changed, in the authority's own words: 1 to 200 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

/// The law, rule or decision that a change of status rests on: 1 to 200 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegalBasis(String);

impl Reason {
    /// The text must be one that may stand on a licence.
    pub fn new(text: &str) -> Result<Self, TextError> {
        check_text(text, MAX_LENGTH)?;
        Ok(Self(text.to_owned()))
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LegalBasis {
    /// The text must be one that may stand on a licence.
    pub fn new(text: &str) -> Result<Self, TextError> {
        check_text(text, MAX_LENGTH)?;
        Ok(Self(text.to_owned()))
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for LegalBasis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_a_short_plain_text() {
        assert_eq!(Reason::new("持证人申请").unwrap().as_str(), "持证人申请");
        assert_eq!(LegalBasis::new("《行政许可法》第七十条").unwrap().as_str(), "《行政许可法》第七十条");
        for wrong in ["", "a\nb", " a", "a\u{202e}b", &"因".repeat(201)] {
            assert!(Reason::new(wrong).is_err(), "{wrong:?}");
            assert!(LegalBasis::new(wrong).is_err(), "{wrong:?}");
        }
        assert!(Reason::new(&"因".repeat(200)).is_ok());
    }
}
