//! Licence identifiers (证照标识, GB/T 36904): what is issued here, read strictly.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::check_character::check_character;
use super::credit_code::{CreditCode, CreditCodeError};
use super::serial::{Serial, SerialError, Version, VersionError};
use super::type_code::{TypeCode, TypeCodeError};

/// `1.2.156.3005.2.<type 21>.<issuer 18>.<serial>.<version 3>.<check>`, each part right by its own rule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identifier {
    text: String,
    type_code: TypeCode,
    issuer: CreditCode,
    serial: Serial,
    version: Version,
}

/// Why a text is not an identifier; in a foreign identifier, one thing that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Longer than any identifier: not looked at further.
    #[error("expected an identifier of at most {max} bytes, got {got}", max = Identifier::MAX_LENGTH)]
    Length {
        /// Bytes that came.
        got: usize,
    },
    /// Not the root and five parts between full stops.
    #[error("expected an identifier of a root and five parts between full stops, got {got} pieces")]
    Parts {
        /// How many pieces there are between full stops.
        got: usize,
    },
    /// Another object identifier than the standard's.
    #[error("expected the identifier to begin with {root}, got {got:?}", root = Identifier::ROOT)]
    Root {
        /// What stands before the last five parts.
        got: String,
    },
    /// The type part is no type code.
    #[error("wrong type part of the identifier: {0}")]
    TypeCode(#[source] TypeCodeError),
    /// The issuer part is no credit code.
    #[error("wrong issuer part of the identifier: {0}")]
    Issuer(#[source] CreditCodeError),
    /// The serial part is no serial.
    #[error("wrong serial part of the identifier: {0}")]
    Serial(#[source] SerialError),
    /// The version part is no version.
    #[error("wrong version part of the identifier: {0}")]
    Version(#[source] VersionError),
    /// The check character does not fit the parts.
    #[error("expected {expected:?} as the check character of the identifier, got {got:?}")]
    Check {
        /// The right one.
        expected: char,
        /// What stands at the end.
        got: String,
    },
}

impl IdentifierError {
    /// A stable word for reports and the API.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "identifier_length",
            Self::Parts { .. } => "identifier_parts",
            Self::Root { .. } => "identifier_root",
            Self::TypeCode(_) => "identifier_type_code",
            Self::Issuer(_) => "identifier_issuer",
            Self::Serial(_) => "identifier_serial",
            Self::Version(_) => "identifier_version",
            Self::Check { .. } => "identifier_check",
        }
    }
}

impl Identifier {
    /// The object identifier under which the standard puts all licences.
    pub const ROOT: &'static str = "1.2.156.3005.2";
    /// The most bytes of an identifier, with the longest serial.
    pub const MAX_LENGTH: usize =
        14 + 1 + TypeCode::LENGTH + 1 + CreditCode::LENGTH + 1 + Serial::MAX_LENGTH + 6;

    /// Joins the parts and computes the check.
    pub fn new(type_code: TypeCode, issuer: CreditCode, serial: Serial, version: Version) -> Self {
        let digits = version.to_string();
        // Typed parts hold nothing that the check cannot be computed over.
        let check =
            check_character([type_code.as_str(), issuer.as_str(), serial.as_str(), &digits]).unwrap_or('0');
        let text = format!("{root}.{type_code}.{issuer}.{serial}.{digits}.{check}", root = Self::ROOT);
        Self { text, type_code, issuer, serial, version }
    }

    /// The same licence's next version: what a change or renewal is issued under. `None` after version 999.
    pub fn next_version(&self) -> Option<Self> {
        Some(Self::new(self.type_code, self.issuer, self.serial.clone(), self.version.next()?))
    }

    /// The whole identifier.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The licence type.
    pub const fn type_code(&self) -> TypeCode {
        self.type_code
    }

    /// The authority that issued the licence.
    pub const fn issuer(&self) -> CreditCode {
        self.issuer
    }

    /// The issuer's own serial.
    pub const fn serial(&self) -> &Serial {
        &self.serial
    }

    /// The version of the licence.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The check character.
    pub fn check(&self) -> char {
        self.text.chars().next_back().unwrap_or('0')
    }
}

/// The text between the full stops, not yet looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawParts<'a> {
    pub(super) root: &'a str,
    pub(super) type_code: &'a str,
    pub(super) issuer: &'a str,
    pub(super) serial: &'a str,
    pub(super) version: &'a str,
    pub(super) check: &'a str,
}

impl<'a> RawParts<'a> {
    /// Splits from the end, since a foreign root may have any number of arcs.
    pub(super) fn split(text: &'a str) -> Result<Self, IdentifierError> {
        if text.len() > Identifier::MAX_LENGTH {
            return Err(IdentifierError::Length { got: text.len() });
        }
        let mut pieces = text.rsplitn(6, '.');
        let [Some(check), Some(version), Some(serial), Some(issuer), Some(type_code), Some(root)] =
            std::array::from_fn(|_| pieces.next())
        else {
            return Err(IdentifierError::Parts { got: text.split('.').count() });
        };
        Ok(Self { root, type_code, issuer, serial, version, check })
    }

    pub(super) fn check_root(&self) -> Result<(), IdentifierError> {
        if self.root == Identifier::ROOT {
            return Ok(());
        }
        Err(IdentifierError::Root { got: self.root.chars().take(40).collect() })
    }

    /// Passes where no check can be computed: then a part is wrong, and its own rule says so.
    pub(super) fn check_check(&self) -> Result<(), IdentifierError> {
        match check_character([self.type_code, self.issuer, self.serial, self.version]) {
            Some(expected) if !self.check.chars().eq([expected]) => {
                Err(IdentifierError::Check { expected, got: self.check.chars().take(40).collect() })
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let parts = RawParts::split(text)?;
        parts.check_root()?;
        let type_code = parts.type_code.parse().map_err(IdentifierError::TypeCode)?;
        let issuer = parts.issuer.parse().map_err(IdentifierError::Issuer)?;
        let serial = parts.serial.parse().map_err(IdentifierError::Serial)?;
        let version = parts.version.parse().map_err(IdentifierError::Version)?;
        parts.check_check()?;
        Ok(Self { text: text.to_owned(), type_code, issuer, serial, version })
    }
}

/// The text is all of it.
impl Hash for Identifier {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({})", self.text)
    }
}

impl Serialize for Identifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Identifiers found in public sources, all right by the standard.
    pub(in crate::licence) const RIGHT: [&str; 6] = [
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.002.S",
        "1.2.156.3005.2.11100000000013338W011.11110000000021135M.20230329701.003.Y",
        "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
        "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F",
        "1.2.156.3005.2.11100000000013338W087.11370800MB28559184.37080001202411010001.001.3",
    ];

    fn error(text: &str) -> IdentifierError {
        text.parse::<Identifier>().unwrap_err()
    }

    #[test]
    fn real_identifiers_are_read_and_made_again() {
        for text in RIGHT {
            let read: Identifier = text.parse().unwrap();
            let made =
                Identifier::new(read.type_code(), read.issuer(), read.serial().clone(), read.version());
            assert_eq!(made, read);
            assert_eq!(made.as_str(), text);
            assert!(text.ends_with(read.check()));
        }
    }

    #[test]
    fn the_next_version_keeps_all_but_version_and_check() {
        let first: Identifier = RIGHT[0].parse().unwrap();
        assert_eq!(first.next_version().unwrap().as_str(), RIGHT[1]);
        let last = Identifier::new(
            first.type_code(),
            first.issuer(),
            first.serial().clone(),
            "999".parse().unwrap(),
        );
        assert_eq!(last.next_version(), None);
    }

    #[test]
    fn each_part_has_its_own_error() {
        let right = RIGHT[0];
        assert_eq!(error(""), IdentifierError::Parts { got: 1 });
        assert_eq!(error(&"1.".repeat(200)), IdentifierError::Length { got: 400 });
        assert_eq!(
            error(&right.replace("3005", "3003")),
            IdentifierError::Root { got: "1.2.156.3003.2".to_owned() }
        );
        assert_eq!(error(&format!("1.{right}")).code(), "identifier_root");
        assert_eq!(error(&right.replace("W011.", "W0111.")).code(), "identifier_type_code");
        assert_eq!(error(&right.replace("11430000006122244L", "114300")).code(), "identifier_issuer");
        assert_eq!(error(&right.replace("20230000403", "2023000040z")).code(), "identifier_serial");
        assert_eq!(error(&right.replace(".001.", ".000.")).code(), "identifier_version");
        assert_eq!(
            error(&right.replace(".U", ".V")),
            IdentifierError::Check { expected: 'U', got: "V".to_owned() }
        );
        assert_eq!(error(&right.replace(".U", ".u")).code(), "identifier_check");
        assert_eq!(error(&format!("{right}U")).code(), "identifier_check");
        assert_eq!(error(&format!("{right} ")).code(), "identifier_check");
    }

    #[test]
    fn every_substitution_and_adjacent_transposition_is_detected() {
        for text in RIGHT {
            let bytes = text.as_bytes();
            for at in 0..bytes.len() {
                for other in b'0'..=b'Z' {
                    let mut changed = bytes.to_vec();
                    changed[at] = other;
                    let changed = String::from_utf8(changed).unwrap();
                    assert!(changed == text || changed.parse::<Identifier>().is_err(), "{changed}");
                }
                let mut swapped = bytes.to_vec();
                swapped.swap(at, (at + 1).min(bytes.len() - 1));
                let swapped = String::from_utf8(swapped).unwrap();
                assert!(swapped == text || swapped.parse::<Identifier>().is_err(), "{swapped}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_made_is_read_back(serial in "[0-9A-Z]{1,64}", version in 1_u16..=999) {
            let made = Identifier::new(
                "11100000MB0143028R001".parse().unwrap(),
                "11430000006122244L".parse().unwrap(),
                serial.parse().unwrap(),
                format!("{version:03}").parse().unwrap(),
            );
            prop_assert!(made.as_str().len() <= Identifier::MAX_LENGTH);
            prop_assert_eq!(made.as_str().parse::<Identifier>(), Ok(made.clone()));
        }

        /// MOD 37,36 finds every single substitution, and every exchange of neighbours but some of two characters that
        /// follow each other in the alphabet (one of 36 states each, counted over all of them).
        #[test]
        fn one_changed_character_is_found_and_nearly_every_exchange(
            random: [u8; 32],
            at: prop::sample::Index,
            other in "[0-9A-Z]",
        ) {
            let right = Identifier::new(
                "11100000MB0143028R001".parse().unwrap(),
                "11430000006122244L".parse().unwrap(),
                Serial::from_random(&random),
                Version::FIRST,
            );
            let text = right.as_str();
            let at = at.index(text.len() - 1);
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(changed.parse::<Identifier>().is_ok(), changed == text);
            let mut exchanged = text.as_bytes().to_vec();
            exchanged.swap(at, at + 1);
            let exchanged = String::from_utf8(exchanged).unwrap();
            let value = |byte: u8| char::from(byte).to_digit(36).unwrap_or_default();
            let [one, next] = [text.as_bytes()[at], text.as_bytes()[at + 1]].map(value);
            let follow = (one + 1) % 36 == next || (next + 1) % 36 == one;
            prop_assert!(exchanged == text || follow || exchanged.parse::<Identifier>().is_err());
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,160}") {
            let _ = text.parse::<Identifier>();
        }
    }
}
