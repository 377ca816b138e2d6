//! What is presented, cut at its tildes (RFC 9901 §4): issuer-signed JWT, disclosures, and maybe a key-binding JWT.

/// Bytes of a presentation: as many as an envelope may have.
pub const MAX_PRESENTATION: usize = 64 * 1024;
/// Disclosures of a presentation.
pub const MAX_DISCLOSURES: usize = 1_000;

/// The parts of a presentation, none of which has been decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presentation<'a> {
    /// The issuer-signed JWT.
    pub issuer_signed: &'a str,
    /// The disclosures.
    pub disclosures: Vec<&'a str>,
    /// The key-binding JWT.
    pub key_binding: Option<&'a str>,
    /// All before the key-binding JWT, the last tilde included: what `sd_hash` is about (§4.3.1).
    pub hashed: &'a str,
}

/// Text that is no presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PresentationError {
    /// More than is read.
    #[error("expected at most {max} bytes, got {got}")]
    TooLong {
        /// The most allowed.
        max: usize,
        /// Bytes that came.
        got: usize,
    },
    /// More disclosures than are read.
    #[error("expected at most {max} disclosures, got {got}")]
    TooMany {
        /// The most allowed.
        max: usize,
        /// Disclosures that came.
        got: usize,
    },
    /// No tilde.
    #[error("expected a tilde behind the issuer-signed JWT")]
    NoTilde,
    /// Nothing between two tildes.
    #[error("expected a disclosure between two tildes, got nothing")]
    EmptyDisclosure,
}

/// Whether a text is meant to be an SD-JWT: no other credential has a tilde in it.
pub fn is_sd_jwt(text: &str) -> bool {
    text.contains('~')
}

impl<'a> Presentation<'a> {
    /// Cuts a text. Nothing is trimmed.
    pub fn split(text: &'a str) -> Result<Self, PresentationError> {
        if text.len() > MAX_PRESENTATION {
            return Err(PresentationError::TooLong { max: MAX_PRESENTATION, got: text.len() });
        }
        let (issuer_signed, rest) = text.split_once('~').ok_or(PresentationError::NoTilde)?;
        let (disclosures, last) = rest.rsplit_once('~').map_or((None, rest), |(all, last)| (Some(all), last));
        let disclosures: Vec<&str> = disclosures.map(|all| all.split('~').collect()).unwrap_or_default();
        if disclosures.len() > MAX_DISCLOSURES {
            return Err(PresentationError::TooMany { max: MAX_DISCLOSURES, got: disclosures.len() });
        }
        if disclosures.iter().any(|disclosure| disclosure.is_empty()) {
            return Err(PresentationError::EmptyDisclosure);
        }
        let hashed = text.strip_suffix(last).unwrap_or(text);
        Ok(Self { issuer_signed, disclosures, key_binding: (!last.is_empty()).then_some(last), hashed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_stand_between_tildes() {
        for (text, disclosures, key_binding, hashed) in [
            ("jwt~", vec![], None, "jwt~"),
            ("jwt~a~", vec!["a"], None, "jwt~a~"),
            ("jwt~a~b~", vec!["a", "b"], None, "jwt~a~b~"),
            ("jwt~kb", vec![], Some("kb"), "jwt~"),
            ("jwt~a~kb", vec!["a"], Some("kb"), "jwt~a~"),
        ] {
            let expected = Presentation { issuer_signed: "jwt", disclosures, key_binding, hashed };
            assert_eq!(Presentation::split(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn limits_and_empty_parts() {
        assert_eq!(Presentation::split("jwt"), Err(PresentationError::NoTilde));
        for text in ["jwt~~", "jwt~a~~", "jwt~~kb", "~~"] {
            assert_eq!(Presentation::split(text), Err(PresentationError::EmptyDisclosure), "{text}");
        }
        let long = format!("{}~", "a".repeat(MAX_PRESENTATION));
        let got = MAX_PRESENTATION + 1;
        assert_eq!(
            Presentation::split(&long),
            Err(PresentationError::TooLong { max: MAX_PRESENTATION, got })
        );
        let many = format!("jwt~{}", "a~".repeat(1_000));
        assert_eq!(Presentation::split(&many).unwrap().disclosures.len(), 1_000);
        let more = format!("jwt~{}", "a~".repeat(1_001));
        assert_eq!(Presentation::split(&more), Err(PresentationError::TooMany { max: 1_000, got: 1_001 }));
    }
}
