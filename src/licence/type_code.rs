//! Codes of licence types (证照类型代码, GB/T 36902).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::credit_code::{CreditCode, CreditCodeError};

/// Twenty-one characters: the credit code of the body that defines the type, and three digits of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeCode {
    text: [u8; Self::LENGTH],
    definer: CreditCode,
}

/// Why a text is not a type code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeCodeError {
    /// Not twenty-one characters.
    #[error("expected a licence type code of 21 characters, got {got}")]
    Length {
        /// How many characters came.
        got: usize,
    },
    /// The first eighteen characters are no credit code.
    #[error("expected a licence type code to begin with its definer's credit code: {0}")]
    Definer(#[source] CreditCodeError),
    /// The last three characters are not digits.
    #[error("expected three digits at the end of a licence type code, got {got:?}")]
    Number {
        /// The last three characters as they came.
        got: String,
    },
}

impl TypeCode {
    /// Characters in a type code.
    pub const LENGTH: usize = 21;

    /// The code as it is printed.
    pub fn as_str(&self) -> &str {
        // The constructor has seen that these are ASCII.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The body that defines the type.
    pub const fn definer(&self) -> CreditCode {
        self.definer
    }
}

impl FromStr for TypeCode {
    type Err = TypeCodeError;

    fn from_str(text: &str) -> Result<Self, TypeCodeError> {
        let got = text.chars().count();
        if got != Self::LENGTH {
            return Err(TypeCodeError::Length { got });
        }
        let split = text.char_indices().nth(CreditCode::LENGTH).map_or(0, |(at, _)| at);
        let (definer, number) = text.split_at(split);
        let definer = definer.parse().map_err(TypeCodeError::Definer)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TypeCodeError::Number { got: number.to_owned() });
        }
        let text = text.as_bytes().try_into().map_err(|_| TypeCodeError::Length { got })?;
        Ok(Self { text, definer })
    }
}

impl fmt::Display for TypeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for TypeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypeCode({self})")
    }
}

impl Serialize for TypeCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TypeCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_the_body_that_defines_the_type() {
        let code: TypeCode = "11100000MB03271699022".parse().unwrap();
        assert_eq!(code.definer().as_str(), "11100000MB03271699");
        assert_eq!(code.to_string(), "11100000MB03271699022");
    }

    #[test]
    fn anything_else_is_refused_and_named() {
        let error = |text: &str| text.parse::<TypeCode>().unwrap_err();
        assert_eq!(error("11100000MB0327169902"), TypeCodeError::Length { got: 20 });
        assert_eq!(error("11100000MB032716990222"), TypeCodeError::Length { got: 22 });
        assert_eq!(error("11100000MB03271699A22"), TypeCodeError::Number { got: "A22".to_owned() });
        assert_eq!(error("11100000MB0327169902二"), TypeCodeError::Number { got: "02二".to_owned() });
        assert!(matches!(error("11100000MB03271698022"), TypeCodeError::Definer(_)));
        assert!(matches!(error("证证证证证证证"), TypeCodeError::Length { got: 7 }));
        assert!(matches!(error(&"证".repeat(21)), TypeCodeError::Definer(_)));
    }
}
