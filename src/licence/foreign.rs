//! Identifiers from elsewhere (GB/T 36904 as it is met in the field).
//!
//! Wrong check characters, short issuer codes and another root do occur in real files. They are read, and everything
//! that is wrong with them is said; nothing of the kind is ever issued here.

use super::credit_code::CreditCode;
use super::identifier::{Identifier, IdentifierError, RawParts};
use super::serial::{Serial, Version};
use super::type_code::TypeCode;

/// An identifier as it came, split where it can be split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignIdentifier {
    text: String,
    parts: Option<ForeignParts>,
}

/// The parts of a foreign identifier, none of them checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignParts {
    /// Should be [`Identifier::ROOT`].
    pub root: String,
    /// Should be a [`TypeCode`].
    pub type_code: String,
    /// Should be a [`CreditCode`].
    pub issuer: String,
    /// Should be a [`Serial`].
    pub serial: String,
    /// Should be a [`Version`].
    pub version: String,
    /// Should be one character that fits the rest.
    pub check: String,
}

impl ForeignIdentifier {
    /// The text as it came, cut to [`Identifier::MAX_LENGTH`] characters where it is longer.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `None` where the text is too long or has too few full stops.
    pub const fn parts(&self) -> Option<&ForeignParts> {
        self.parts.as_ref()
    }
}

/// Reads what can be read and names everything that is wrong. No findings: the text is an [`Identifier`].
pub fn read_foreign(text: &str) -> (ForeignIdentifier, Vec<IdentifierError>) {
    let shown = text.chars().take(Identifier::MAX_LENGTH).collect();
    match RawParts::split(text) {
        Err(finding) => (ForeignIdentifier { text: shown, parts: None }, vec![finding]),
        Ok(parts) => (ForeignIdentifier { text: shown, parts: Some(owned(&parts)) }, findings(&parts)),
    }
}

fn findings(parts: &RawParts<'_>) -> Vec<IdentifierError> {
    let checks = [
        parts.check_root(),
        parts.type_code.parse::<TypeCode>().map(drop).map_err(IdentifierError::TypeCode),
        parts.issuer.parse::<CreditCode>().map(drop).map_err(IdentifierError::Issuer),
        parts.serial.parse::<Serial>().map(drop).map_err(IdentifierError::Serial),
        parts.version.parse::<Version>().map(drop).map_err(IdentifierError::Version),
        parts.check_check(),
    ];
    checks.into_iter().filter_map(Result::err).collect()
}

fn owned(parts: &RawParts<'_>) -> ForeignParts {
    ForeignParts {
        root: parts.root.to_owned(),
        type_code: parts.type_code.to_owned(),
        issuer: parts.issuer.to_owned(),
        serial: parts.serial.to_owned(),
        version: parts.version.to_owned(),
        check: parts.check.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::credit_code::CreditCodeError;
    use super::super::identifier::tests::RIGHT;
    use super::*;

    #[test]
    fn right_identifiers_have_no_findings() {
        for text in RIGHT {
            let (foreign, findings) = read_foreign(text);
            assert_eq!((foreign.as_str(), findings), (text, vec![]));
        }
    }

    #[test]
    fn a_short_issuer_code_is_read_and_said() {
        let (foreign, findings) = read_foreign("1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9");
        assert_eq!(foreign.parts().unwrap().issuer, "340100");
        assert_eq!(findings, [IdentifierError::Issuer(CreditCodeError::Length { got: 6 })]);
    }

    #[test]
    fn a_wrong_check_character_is_read_and_said() {
        let text =
            "1.2.156.3005.2.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M";
        let (foreign, findings) = read_foreign(text);
        assert_eq!(foreign.parts().unwrap().check, "M");
        assert_eq!(findings, [IdentifierError::Check { expected: 'D', got: "M".to_owned() }]);
        assert!(text.parse::<Identifier>().is_err());
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let (_, findings) = read_foreign("1.2.156.3003.2.ABC.DEF.1-2.1.9");
        let codes: Vec<_> = findings.iter().map(IdentifierError::code).collect();
        assert_eq!(
            codes,
            [
                "identifier_root",
                "identifier_type_code",
                "identifier_issuer",
                "identifier_serial",
                "identifier_version"
            ]
        );
        let (foreign, findings) = read_foreign("no identifier");
        assert_eq!((foreign.parts(), findings), (None, vec![IdentifierError::Parts { got: 1 }]));
    }

    proptest! {
        #[test]
        fn no_findings_exactly_when_strictly_read(text in "1\\.2\\.156\\.3005\\.2\\.11100000000013338W01[01]\\.11430000006122244L\\.2023[0-9]{1,3}\\.00[0-2]\\.[0-9A-Z]") {
            let (_, findings) = read_foreign(&text);
            prop_assert_eq!(findings.is_empty(), text.parse::<Identifier>().is_ok());
        }

        #[test]
        fn no_text_panics(text in "[.\\PC]{0,200}") {
            let (foreign, _) = read_foreign(&text);
            prop_assert!(foreign.as_str().chars().count() <= Identifier::MAX_LENGTH);
        }
    }
}
