//! The number of a holder (持证主体代码) with its kind: what a clerk types to ask for somebody's licences.

use std::fmt;

use super::citizen_number::CitizenNumber;
use super::credit_code::CreditCode;
use super::holder::{Holder, HolderError};
use super::holder_code_type::HolderCodeType;
use super::mask::mask;
use super::text::check_text;

/// A code and its kind. `Debug` shows no person's code.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HolderNumber {
    code_type: HolderCodeType,
    code: String,
}

impl HolderNumber {
    /// Checks the code by the rule of its type, as [`Holder::new`] does.
    pub fn new(code: &str, code_type: HolderCodeType) -> Result<Self, HolderError> {
        match code_type {
            HolderCodeType::CreditCode => {
                code.parse::<CreditCode>().map(drop).map_err(HolderError::CreditCode)?;
            }
            HolderCodeType::CitizenNumber => {
                code.parse::<CitizenNumber>().map(drop).map_err(HolderError::CitizenNumber)?;
            }
            _ => check_text(code, Holder::MAX_CODE).map_err(HolderError::Code)?,
        }
        Ok(Self { code_type, code: code.to_owned() })
    }

    /// Of a holder in a full form; the code of one from a QR form may be masked and names nobody.
    pub fn of(holder: &Holder) -> Self {
        Self { code_type: holder.code_type(), code: holder.code().to_owned() }
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Its kind.
    pub const fn code_type(&self) -> HolderCodeType {
        self.code_type
    }

    /// The code as others may see it: masked where it is a person's.
    pub fn masked(&self) -> String {
        if self.code_type.is_personal() { mask(&self.code) } else { self.code.clone() }
    }
}

impl HolderNumber {
    /// The code, covered but for its last four characters; one of four characters or fewer wholly.
    pub fn last_four(&self) -> String {
        let count = self.code.chars().count();
        let covered = if count > 4 { count - 4 } else { count };
        self.code.chars().enumerate().map(|(at, one)| if at < covered { '*' } else { one }).collect()
    }
}

impl fmt::Debug for HolderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code_type.is_personal() {
            return write!(f, "HolderNumber(a person, code type {})", self.code_type);
        }
        write!(f, "HolderNumber({:?}, {})", self.code, self.code_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_a_holders() {
        let citizen = HolderNumber::new("11010519491231002X", HolderCodeType::CitizenNumber).unwrap();
        assert_eq!(citizen.masked(), "1****************X");
        assert_eq!(citizen.last_four(), "**************002X");
        let short = HolderNumber::new("1234", HolderCodeType::OtherPerson).unwrap();
        assert_eq!(short.last_four(), "****");
        assert!(!format!("{citizen:?}").contains("1949"));
        assert!(HolderNumber::new("110105194912310021", HolderCodeType::CitizenNumber).is_err());
        assert!(HolderNumber::new("", HolderCodeType::OtherPerson).is_err());
        let holder = Holder::new("甲", "11010519491231002X", HolderCodeType::CitizenNumber).unwrap();
        assert_eq!(HolderNumber::of(&holder), citizen);
    }
}
