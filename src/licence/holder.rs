//! Holders (持证主体) of a licence, GB/T 36903.

use std::fmt;

use serde::Serialize;

use super::citizen_number::{CitizenNumber, CitizenNumberError};
use super::credit_code::{CreditCode, CreditCodeError};
use super::holder_code_type::HolderCodeType;
use super::mask::mask;
use super::text::{TextError, check_text};

/// Who holds a licence: name, code, kind of code. `Debug` shows neither name nor code of a natural person.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Holder {
    name: String,
    code: String,
    code_type: HolderCodeType,
}

/// Why something is not a holder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    /// The name.
    #[error("wrong holder name: {0}")]
    Name(#[source] TextError),
    /// A code of type 001 that is no credit code.
    #[error("wrong holder code of type 001: {0}")]
    CreditCode(#[source] CreditCodeError),
    /// A code of type 111 that is no citizen number.
    #[error("wrong holder code of type 111: {0}")]
    CitizenNumber(#[source] CitizenNumberError),
    /// A code of another type.
    #[error("wrong holder code: {0}")]
    Code(#[source] TextError),
}

impl HolderError {
    /// Whether it is the name that is wrong; else it is the code.
    pub const fn is_name(&self) -> bool {
        matches!(self, Self::Name(_))
    }
}

impl Holder {
    /// The most characters of a name.
    pub const MAX_NAME: usize = 200;
    /// The most characters of a code that has no rule of its own.
    pub const MAX_CODE: usize = 64;

    /// Checks the name, and the code by the rule of its type.
    pub fn new(name: &str, code: &str, code_type: HolderCodeType) -> Result<Self, HolderError> {
        check_text(name, Self::MAX_NAME).map_err(HolderError::Name)?;
        match code_type {
            HolderCodeType::CreditCode => {
                code.parse::<CreditCode>().map(drop).map_err(HolderError::CreditCode)?;
            }
            HolderCodeType::CitizenNumber => {
                code.parse::<CitizenNumber>().map(drop).map_err(HolderError::CitizenNumber)?;
            }
            _ => check_text(code, Self::MAX_CODE).map_err(HolderError::Code)?,
        }
        Ok(Self { name: name.to_owned(), code: code.to_owned(), code_type })
    }

    /// A holder as the QR form shows one: personal codes are masked there, so only their characters are checked.
    pub fn from_qr(name: &str, code: &str, code_type: HolderCodeType) -> Result<Self, HolderError> {
        if !code_type.is_personal() {
            return Self::new(name, code, code_type);
        }
        check_text(name, Self::MAX_NAME).map_err(HolderError::Name)?;
        check_text(code, Self::MAX_CODE).map_err(HolderError::Code)?;
        Ok(Self { name: name.to_owned(), code: code.to_owned(), code_type })
    }

    /// This holder as the QR form shows it: the code masked where it is a person's.
    #[must_use]
    pub fn for_qr(&self) -> Self {
        let code = if self.code_type.is_personal() { mask(&self.code) } else { self.code.clone() };
        Self { name: self.name.clone(), code, code_type: self.code_type }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The code, masked in a holder read from a QR form.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The kind of code.
    pub const fn code_type(&self) -> HolderCodeType {
        self.code_type
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code_type.is_personal() {
            return write!(f, "Holder(a person, code type {})", self.code_type);
        }
        write!(f, "Holder({:?}, {:?}, {})", self.name, self.code, self.code_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITIZEN: &str = "11010519491231002X";
    const COMPANY: &str = "11100000000013338W";

    fn error(name: &str, code: &str, code_type: HolderCodeType) -> HolderError {
        Holder::new(name, code, code_type).unwrap_err()
    }

    #[test]
    fn each_code_is_checked_by_the_rule_of_its_type() {
        assert!(Holder::new("住建部", COMPANY, HolderCodeType::CreditCode).is_ok());
        assert!(Holder::new("甲", CITIZEN, HolderCodeType::CitizenNumber).is_ok());
        assert!(Holder::new("乙", "字第 00一号", HolderCodeType::ArmyOfficer).is_ok());
        assert!(matches!(error("甲", CITIZEN, HolderCodeType::CreditCode), HolderError::CreditCode(_)));
        assert!(matches!(error("甲", COMPANY, HolderCodeType::CitizenNumber), HolderError::CitizenNumber(_)));
        assert_eq!(error("甲", "", HolderCodeType::OrdinaryPassport), HolderError::Code(TextError::Empty));
        assert_eq!(
            error("甲", &"1".repeat(65), HolderCodeType::OtherPerson),
            HolderError::Code(TextError::TooLong { max: 64, got: 65 })
        );
    }

    #[test]
    fn a_name_that_lies_to_the_eye_is_refused() {
        let reversed = error("张\u{202E}三", CITIZEN, HolderCodeType::CitizenNumber);
        assert_eq!(reversed, HolderError::Name(TextError::Direction { position: 2, code_point: 0x202E }));
        assert!(reversed.is_name());
    }

    #[test]
    fn the_qr_form_masks_persons_and_not_companies() {
        let person = Holder::new("甲", CITIZEN, HolderCodeType::CitizenNumber).unwrap();
        assert_eq!(person.for_qr().code(), "1****************X");
        assert_eq!(person.for_qr().name(), "甲");
        let read = Holder::from_qr("甲", "1****************X", HolderCodeType::CitizenNumber);
        assert_eq!(read, Ok(person.for_qr()));
        let company = Holder::new("住建部", COMPANY, HolderCodeType::CreditCode).unwrap();
        assert_eq!(company.for_qr(), company);
        assert!(Holder::from_qr("住建部", "1****************W", HolderCodeType::CreditCode).is_err());
    }

    #[test]
    fn debug_shows_no_person() {
        let shown = format!("{:?}", Holder::new("甲", CITIZEN, HolderCodeType::CitizenNumber).unwrap());
        assert_eq!(shown, "Holder(a person, code type 111)");
    }

    #[test]
    fn json_is_name_code_and_code_type() {
        let holder = Holder::new("甲", CITIZEN, HolderCodeType::CitizenNumber).unwrap();
        assert_eq!(
            serde_json::to_string(&holder).unwrap(),
            format!(r#"{{"name":"甲","code":"{CITIZEN}","code_type":"111"}}"#)
        );
    }
}
