//! Codes of service items (政务服务事项基本编码): the first part of the item codes that government service platforms use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Twelve digits: kind of item, the body whose item it is, and its number there.
///
/// Departments add characters of their own behind it for what they make of an item; those are no part of the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemCode([u8; Self::LENGTH]);

/// A text that is no item code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a service item code of 12 digits, got {got:?}")]
pub struct ItemCodeError {
    /// The text as it came, shortened.
    pub got: String,
}

impl ItemCode {
    /// Digits in an item code.
    pub const LENGTH: usize = 12;

    /// The code as it is printed.
    pub fn as_str(&self) -> &str {
        // The constructor has seen that these are digits.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for ItemCode {
    type Err = ItemCodeError;

    fn from_str(text: &str) -> Result<Self, ItemCodeError> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let code = text.as_bytes().try_into().ok().filter(|_| digits);
        code.map(Self).ok_or_else(|| ItemCodeError { got: text.chars().take(40).collect() })
    }
}

impl fmt::Display for ItemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ItemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemCode({self})")
    }
}

impl Serialize for ItemCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ItemCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_digits_are_a_code_and_nothing_else_is() {
        let code: ItemCode = "000199001000".parse().unwrap();
        assert_eq!(
            (code.as_str(), format!("{code:?}")),
            ("000199001000", "ItemCode(000199001000)".to_owned())
        );
        for wrong in
            ["", "00019900100", "0001990010000", "00019900100X", "０００１９９００１０００", " 00019900100"]
        {
            assert_eq!(wrong.parse::<ItemCode>(), Err(ItemCodeError { got: wrong.to_owned() }), "{wrong}");
        }
    }
}
