//! The two extensions that say what a department may issue: its credit code and its type codes (FORMAT §4).

use std::str::FromStr;

use super::der::{self, Der, DerError};
use crate::licence::{CreditCode, TypeCode};

/// What a department's certificate allows: licences of these types, issued under this code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Unified social credit code of the department (GB 32100).
    pub credit_code: CreditCode,
    /// The types it may issue.
    pub type_codes: TypeCodes,
}

/// 1 to 200 type codes, ascending, none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeCodes(Vec<TypeCode>);

/// An extension of ours that does not follow FORMAT §4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not the DER that belongs here.
    #[error("the extension cannot be read: {0}")]
    Der(#[from] DerError),
    /// Not a credit code.
    #[error("the credit code extension holds no unified social credit code")]
    CreditCode,
    /// Not a type code.
    #[error("type code {position} of the extension is no licence type code")]
    TypeCode {
        /// Which one, counted from 1.
        position: usize,
    },
    /// None, or more than [`TypeCodes::MAX`].
    #[error("expected 1 to {max} type codes, got {got}", max = TypeCodes::MAX)]
    Count {
        /// How many.
        got: usize,
    },
    /// A code that does not stand behind the one before it.
    #[error("type code {position} of the extension is not above the one before it")]
    Order {
        /// Which one, counted from 1.
        position: usize,
    },
}

impl TypeCodes {
    /// Most codes that one certificate names.
    pub const MAX: usize = 200;

    /// Sorts the codes; the same code twice is kept once. An error when none or too many are left.
    pub fn new(mut codes: Vec<TypeCode>) -> Result<Self, ScopeError> {
        codes.sort_unstable();
        codes.dedup();
        match codes.len() {
            1..=Self::MAX => Ok(Self(codes)),
            got => Err(ScopeError::Count { got }),
        }
    }

    /// Whether `code` is among them.
    pub fn contains(&self, code: &TypeCode) -> bool {
        self.0.binary_search(code).is_ok()
    }

    /// The codes, ascending.
    pub fn as_slice(&self) -> &[TypeCode] {
        &self.0
    }

    /// The value of the extension.
    pub(crate) fn to_extension(&self) -> Vec<u8> {
        let mut inner = Vec::new();
        for code in &self.0 {
            der::write(&mut inner, der::UTF8_STRING, code.as_str().as_bytes());
        }
        let mut value = Vec::new();
        der::write(&mut value, der::SEQUENCE, &inner);
        value
    }

    /// Reads the value of the extension.
    pub(crate) fn from_extension(value: &[u8]) -> Result<Self, ScopeError> {
        let mut inner = Der::new(der::only(value, der::SEQUENCE)?);
        let mut codes: Vec<TypeCode> = Vec::new();
        while !inner.is_empty() {
            let position = codes.len() + 1;
            let content = inner.expect(der::UTF8_STRING)?.content;
            let code: TypeCode = parse(content).ok_or(ScopeError::TypeCode { position })?;
            if codes.last().is_some_and(|last| last >= &code) {
                return Err(ScopeError::Order { position });
            }
            codes.push(code);
            if codes.len() > Self::MAX {
                return Err(ScopeError::Count { got: codes.len() });
            }
        }
        if codes.is_empty() { Err(ScopeError::Count { got: 0 }) } else { Ok(Self(codes)) }
    }
}

/// The value of the credit code extension.
pub(crate) fn credit_code_extension(code: &CreditCode) -> Vec<u8> {
    let mut value = Vec::new();
    der::write(&mut value, der::UTF8_STRING, code.as_str().as_bytes());
    value
}

/// Reads the value of the credit code extension.
pub(crate) fn credit_code_from_extension(value: &[u8]) -> Result<CreditCode, ScopeError> {
    parse(der::only(value, der::UTF8_STRING)?).ok_or(ScopeError::CreditCode)
}

fn parse<T: FromStr>(content: &[u8]) -> Option<T> {
    std::str::from_utf8(content).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODE: &str = "11100000MB03271699";

    fn value(codes: &[&str]) -> Vec<u8> {
        let mut inner = Vec::new();
        for code in codes {
            der::write(&mut inner, der::UTF8_STRING, code.as_bytes());
        }
        let mut value = Vec::new();
        der::write(&mut value, der::SEQUENCE, &inner);
        value
    }

    #[test]
    fn type_codes_come_sorted_once_and_whole() {
        let [one, two, three] = ["001", "002", "003"].map(|number| format!("{CODE}{number}"));
        let read = |codes: &[&str]| TypeCodes::from_extension(&value(codes)).map(|codes| codes.0.len());
        assert_eq!(read(&[]), Err(ScopeError::Count { got: 0 }));
        assert_eq!(read(&[&one, &one]), Err(ScopeError::Order { position: 2 }));
        assert_eq!(read(&[&one, &three, &two]), Err(ScopeError::Order { position: 3 }));
        assert_eq!(read(&[&one, "11100000MB03271699"]), Err(ScopeError::TypeCode { position: 2 }));
        assert_eq!(read(&[&one, ""]), Err(ScopeError::TypeCode { position: 2 }));
        assert_eq!(read(&[&one, &two, &three]), Ok(3));

        let many: Vec<String> = (0..201).map(|number| format!("{CODE}{number:03}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(read(&many), Err(ScopeError::Count { got: 201 }));
        assert_eq!(read(&many[..200]), Ok(200));
        let parsed = many.iter().map(|code| code.parse().unwrap()).collect();
        assert_eq!(TypeCodes::new(parsed), Err(ScopeError::Count { got: 201 }));
    }

    #[test]
    fn other_der_than_the_one_form_is_refused() {
        let one = format!("{CODE}001");
        let good = value(&[&one]);
        let printable = {
            let mut bad = good.clone();
            bad[2] = der::PRINTABLE_STRING;
            bad
        };
        let error = DerError::Tag { expected: der::UTF8_STRING, got: der::PRINTABLE_STRING };
        assert_eq!(TypeCodes::from_extension(&printable), Err(error.into()));
        let trailing = [good.as_slice(), &[0]].concat();
        assert_eq!(TypeCodes::from_extension(&trailing), Err(DerError::Trailing { bytes: 1 }.into()));
        for length in 0..good.len() {
            assert!(TypeCodes::from_extension(&good[..length]).is_err(), "{length}");
        }
        assert!(TypeCodes::from_extension(&good).is_ok());
    }

    #[test]
    fn a_credit_code_is_eighteen_checked_characters() {
        let code: CreditCode = CODE.parse().unwrap();
        assert_eq!(credit_code_from_extension(&credit_code_extension(&code)), Ok(code));
        let mut wrong = credit_code_extension(&code);
        wrong[19] = b'8';
        assert_eq!(credit_code_from_extension(&wrong), Err(ScopeError::CreditCode));
        wrong[19] = 0xff;
        assert_eq!(credit_code_from_extension(&wrong), Err(ScopeError::CreditCode));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(numbers in proptest::collection::vec(0_u16..1000, 1..200)) {
            let codes = numbers.iter().map(|number| format!("{CODE}{number:03}").parse().unwrap());
            let codes = TypeCodes::new(codes.collect()).unwrap();
            let value = codes.to_extension();
            prop_assert_eq!(der::check(&value), Ok(()));
            prop_assert_eq!(TypeCodes::from_extension(&value), Ok(codes));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            // What is read would be written the same way.
            if let Ok(codes) = TypeCodes::from_extension(&bytes) {
                prop_assert_eq!(codes.to_extension(), bytes.clone());
            }
            let _ = der::check(&bytes);
        }
    }
}
