//! The issuing authority (颁发机构) and where it sits.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::credit_code::CreditCode;
use super::text::{TextError, check_text};

/// A body that issues licences.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Authority {
    code: CreditCode,
    name: String,
}

impl Authority {
    /// The most characters of a name.
    pub const MAX_NAME: usize = 200;

    /// The name must be a text that may stand on a licence.
    pub fn new(code: CreditCode, name: &str) -> Result<Self, TextError> {
        check_text(name, Self::MAX_NAME)?;
        Ok(Self { code, name: name.to_owned() })
    }

    /// Its credit code.
    pub const fn code(&self) -> CreditCode {
        self.code
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// An administrative-division code (行政区划代码, GB/T 2260): six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaCode([u8; 6]);

/// A text that is not six digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an area code of six digits, got {got:?}")]
pub struct AreaCodeError {
    /// The text as it came, shortened.
    pub got: String,
}

impl AreaCode {
    /// The six digits.
    pub fn as_str(&self) -> &str {
        // The constructor has seen that these are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for AreaCode {
    type Err = AreaCodeError;

    fn from_str(text: &str) -> Result<Self, AreaCodeError> {
        let digits: Option<[u8; 6]> = text.as_bytes().try_into().ok();
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_digit));
        digits.map(Self).ok_or_else(|| AreaCodeError { got: text.chars().take(40).collect() })
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for AreaCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_has_a_name_that_can_be_shown() {
        let code = "11100000000013338W".parse().unwrap();
        assert_eq!(Authority::new(code, "住建局").unwrap().name(), "住建局");
        assert_eq!(Authority::new(code, ""), Err(TextError::Empty));
        assert!(Authority::new(code, "住建局\u{200B}").is_err());
    }

    #[test]
    fn an_area_code_is_six_digits() {
        assert_eq!("340100".parse::<AreaCode>().unwrap().to_string(), "340100");
        for wrong in ["34010", "3401000", "34010A", "３４"] {
            assert_eq!(wrong.parse::<AreaCode>(), Err(AreaCodeError { got: wrong.to_owned() }));
        }
    }
}
