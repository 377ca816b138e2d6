//! The holder that a request asks about: `{"code", "code_type", "name"?}`.

use unicode_normalization::UnicodeNormalization;

use super::holder::{Holder, HolderError};
use super::holder_code_type::{HolderCodeType, HolderCodeTypeError};
use super::holder_number::HolderNumber;
use super::json::Json;
use super::text::{TextError, check_text};

/// A holder's number, and the name that he goes by if one was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedHolder {
    /// The number.
    pub number: HolderNumber,
    name: Option<Name>,
}

/// A name. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
struct Name(String);

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a name")
    }
}

/// What is no holder. Says what was expected, and not the code or name that came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskedHolderError {
    /// No object.
    #[error("\"holder\": expected {{\"code\", \"code_type\", \"name\"?}}, got {got}")]
    NotAnObject {
        /// What came.
        got: &'static str,
    },
    /// A member is not there.
    #[error("\"holder\" lacks {member:?}")]
    Missing {
        /// Which.
        member: &'static str,
    },
    /// A member is no text.
    #[error("{member:?} of \"holder\": expected a string, got {got}")]
    NotText {
        /// Which.
        member: &'static str,
        /// What came.
        got: &'static str,
    },
    /// A member that no holder has.
    #[error("\"holder\" has no member {got:?}: expected \"code\", \"code_type\", \"name\"")]
    Unknown {
        /// Up to 40 characters of its name.
        got: String,
    },
    /// A member stands there twice.
    #[error("\"holder\" has {member:?} twice")]
    Twice {
        /// Which.
        member: &'static str,
    },
    /// The code type.
    #[error("\"code_type\" of \"holder\": {0}")]
    CodeType(#[source] HolderCodeTypeError),
    /// The code is none of its type.
    #[error("\"code\" of \"holder\" is no code of type {code_type}, {}", code_type.label_en())]
    Code {
        /// The type.
        code_type: HolderCodeType,
        /// What is wrong; may repeat the code, so it is told to nobody.
        source: HolderError,
    },
    /// The name is none.
    #[error("\"name\" of \"holder\": {0}")]
    Name(#[source] TextError),
}

const MEMBERS: [&str; 3] = ["code", "code_type", "name"];

impl AskedHolder {
    /// By number alone.
    pub const fn by_number(number: HolderNumber) -> Self {
        Self { number, name: None }
    }

    /// Takes the member `holder` of a request. Blanks at the ends of code and name count for nothing, nor does how a
    /// name is composed.
    pub fn from_json(json: &Json) -> Result<Self, AskedHolderError> {
        let Json::Object(members) = json else {
            return Err(AskedHolderError::NotAnObject { got: json.kind() });
        };
        let mut found = [None; 3];
        for (name, value) in members {
            let known = MEMBERS.into_iter().zip(&mut found).find(|(member, _)| member == name);
            let Some((member, place)) = known else {
                return Err(AskedHolderError::Unknown { got: name.chars().take(40).collect() });
            };
            let Json::Text(text) = value else {
                return Err(AskedHolderError::NotText { member, got: value.kind() });
            };
            if place.replace(text.trim()).is_some() {
                return Err(AskedHolderError::Twice { member });
            }
        }
        let [code, code_type, name] = found;
        let code = code.ok_or(AskedHolderError::Missing { member: "code" })?;
        let code_type = code_type.ok_or(AskedHolderError::Missing { member: "code_type" })?;
        let code_type: HolderCodeType = code_type.parse().map_err(AskedHolderError::CodeType)?;
        let number = HolderNumber::new(code, code_type);
        let number = number.map_err(|source| AskedHolderError::Code { code_type, source })?;
        let name = name.map(|name| Name(name.nfc().collect()));
        if let Some(Name(name)) = &name {
            check_text(name, Holder::MAX_NAME).map_err(AskedHolderError::Name)?;
        }
        Ok(Self { number, name })
    }

    /// Whether a holder of a licence is this one: the number is his, and so is the name if one was said.
    pub fn is(&self, holder: &Holder) -> bool {
        let Self { number, name } = self;
        number.code_type() == holder.code_type()
            && number.code() == holder.code()
            && name.as_ref().is_none_or(|Name(name)| name == holder.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITIZEN: &str = "11010519491231002X";

    fn read(json: &str) -> Result<AskedHolder, AskedHolderError> {
        AskedHolder::from_json(&serde_json::from_str(json).unwrap())
    }

    fn citizen(name: &str) -> Holder {
        Holder::new(name, CITIZEN, HolderCodeType::CitizenNumber).unwrap()
    }

    #[test]
    fn a_holder_is_known_by_number_and_by_name_if_one_is_said() {
        let by_number = read(&format!(r#"{{"code": " {CITIZEN} ", "code_type": "111"}}"#)).unwrap();
        assert!(by_number.is(&citizen("甲")) && by_number.is(&citizen("乙")));
        let named = format!(r#"{{"name": "甲 ", "code": "{CITIZEN}", "code_type": "111"}}"#);
        let named = read(&named).unwrap();
        assert!(named.is(&citizen("甲")) && !named.is(&citizen("乙")));
        let passport = Holder::new("甲", CITIZEN, HolderCodeType::OrdinaryPassport).unwrap();
        assert!(!named.is(&passport), "the same digits of another kind are another number");
    }

    #[test]
    fn what_is_wrong_is_named_and_never_repeated() {
        let error = |json: &str| read(json).unwrap_err();
        assert_eq!(error("[]"), AskedHolderError::NotAnObject { got: "an array" });
        assert_eq!(error("{}"), AskedHolderError::Missing { member: "code" });
        assert_eq!(error(r#"{"code": "1"}"#), AskedHolderError::Missing { member: "code_type" });
        assert_eq!(error(r#"{"code": 1}"#), AskedHolderError::NotText { member: "code", got: "an integer" });
        assert_eq!(error(r#"{"code": "1", "code": "2"}"#), AskedHolderError::Twice { member: "code" });
        assert_eq!(error(r#"{"id": "1"}"#), AskedHolderError::Unknown { got: "id".to_owned() });
        assert!(matches!(error(r#"{"code": "1", "code_type": "7"}"#), AskedHolderError::CodeType(_)));
        let name = r#"{"code": "1", "code_type": "999", "name": ""}"#;
        assert_eq!(error(name), AskedHolderError::Name(TextError::Empty));
        for (code, code_type) in
            [(CITIZEN, "001"), ("11010519491231002x", "111"), ("110105194912310021", "111")]
        {
            let wrong = error(&format!(r#"{{"code": "{code}", "code_type": "{code_type}"}}"#));
            assert!(matches!(wrong, AskedHolderError::Code { .. }));
            assert!(!wrong.to_string().contains("1949"), "{wrong}");
        }
    }

    #[test]
    fn debug_shows_nobody() {
        let asked = read(&format!(r#"{{"name": "甲", "code": "{CITIZEN}", "code_type": "111"}}"#)).unwrap();
        assert_eq!(
            format!("{asked:?}"),
            "AskedHolder { number: HolderNumber(a person, code type 111), name: Some(a name) }"
        );
    }
}
