//! The purpose (用证事由): what a department has to say before it is told something: who asks, for which service item, in which
//! case, and why. The organisation is not among it: that follows from the key.

use std::fmt;

use super::json::Json;
use super::text::{TextError, check_text};

/// Who asks, for what, in which case, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose([String; 5]);

/// A part of a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PurposePart {
    /// The person at the window.
    Operator,
    /// Name of the service item (政务服务事项).
    Item,
    /// Its code.
    ItemCode,
    /// Number of the case.
    Case,
    /// Why, in words of one's own.
    Reason,
}

/// A purpose that is not one. Names the part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PurposeError {
    /// No object.
    #[error("the purpose: expected an object, got {got}")]
    NotAnObject {
        /// What came.
        got: &'static str,
    },
    /// A part is not there.
    #[error("the purpose lacks {:?}", part.as_str())]
    Missing {
        /// Which.
        part: PurposePart,
    },
    /// A member that no purpose has.
    #[error(
        "the purpose has no member {got:?}: expected \"operator\", \"item\", \"item_code\", \"case\", \"reason\""
    )]
    Unknown {
        /// Up to 40 characters of its name.
        got: String,
    },
    /// A part stands there twice.
    #[error("the purpose has {:?} twice", part.as_str())]
    Twice {
        /// Which.
        part: PurposePart,
    },
    /// A part is no text.
    #[error("{:?} of the purpose: expected a text", part.as_str())]
    NotText {
        /// Which.
        part: PurposePart,
    },
    /// A part may not stand in a ledger: empty, too long, not to be seen.
    #[error("{:?} of the purpose: {source}", part.as_str())]
    Text {
        /// Which.
        part: PurposePart,
        /// Why.
        source: TextError,
    },
    /// A reason that would fit every case says nothing about this one.
    #[error(
        "\"reason\" of the purpose: {got:?} would fit every case; expected what this applicant needs it for"
    )]
    Generic {
        /// The reason.
        got: String,
    },
}

/// Reasons that give none, in lower case.
const GENERIC: [&str; 32] = [
    "query",
    "check",
    "verify",
    "verification",
    "lookup",
    "look up",
    "inquiry",
    "enquiry",
    "test",
    "testing",
    "reason",
    "purpose",
    "other",
    "others",
    "none",
    "n/a",
    "work",
    "查询",
    "查看",
    "核验",
    "核实",
    "核查",
    "验证",
    "测试",
    "试用",
    "办事",
    "办理",
    "工作需要",
    "业务需要",
    "其他",
    "其它",
    "无",
];

impl PurposePart {
    /// All of them, in the order in which a receipt has them.
    pub const ALL: [Self; 5] = [Self::Operator, Self::Item, Self::ItemCode, Self::Case, Self::Reason];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Item => "item",
            Self::ItemCode => "item_code",
            Self::Case => "case",
            Self::Reason => "reason",
        }
    }

    /// The most characters.
    pub const fn most(self) -> usize {
        match self {
            Self::Operator => 50,
            Self::Item => 100,
            Self::ItemCode | Self::Case => 64,
            Self::Reason => 200,
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Operator => 0,
            Self::Item => 1,
            Self::ItemCode => 2,
            Self::Case => 3,
            Self::Reason => 4,
        }
    }
}

impl fmt::Display for PurposePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Purpose {
    /// Takes the member `purpose` of a request.
    pub fn from_json(json: &Json) -> Result<Self, PurposeError> {
        let Json::Object(members) = json else { return Err(PurposeError::NotAnObject { got: json.kind() }) };
        Self::from_members(members.iter().map(|(name, value)| match value {
            Json::Text(text) => (name.as_str(), Some(text.as_str())),
            _ => (name.as_str(), None),
        }))
    }

    /// Takes what a request says, member by member; `None` for a value that is no text.
    pub fn from_members<'a>(
        members: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Self, PurposeError> {
        let mut found = [None; 5];
        for (name, value) in members {
            let part = PurposePart::ALL.into_iter().find(|part| part.as_str() == name);
            let part = part.ok_or_else(|| PurposeError::Unknown { got: name.chars().take(40).collect() })?;
            let value = value.ok_or(PurposeError::NotText { part })?;
            match found.get_mut(part.index()) {
                Some(place @ None) => *place = Some(value),
                _ => return Err(PurposeError::Twice { part }),
            }
        }
        let mut texts = [""; 5];
        for ((text, found), part) in texts.iter_mut().zip(found).zip(PurposePart::ALL) {
            *text = found.ok_or(PurposeError::Missing { part })?;
        }
        let purpose = Self::signed(texts)?;
        match purpose.reason() {
            reason if is_generic(reason) => Err(PurposeError::Generic { got: reason.to_owned() }),
            _ => Ok(purpose),
        }
    }

    /// Takes the parts of a purpose that was accepted once, in the order of [`PurposePart::ALL`]. What counts as no reason may
    /// grow; what was signed stays.
    pub fn signed(texts: [&str; 5]) -> Result<Self, PurposeError> {
        for (text, part) in texts.into_iter().zip(PurposePart::ALL) {
            check_text(text, part.most()).map_err(|source| PurposeError::Text { part, source })?;
        }
        Ok(Self(texts.map(str::to_owned)))
    }

    /// One part.
    pub fn part(&self, part: PurposePart) -> &str {
        let [operator, item, item_code, case, reason] = &self.0;
        match part {
            PurposePart::Operator => operator,
            PurposePart::Item => item,
            PurposePart::ItemCode => item_code,
            PurposePart::Case => case,
            PurposePart::Reason => reason,
        }
    }

    /// Why.
    pub fn reason(&self) -> &str {
        self.part(PurposePart::Reason)
    }

    /// Every part with its text, in order.
    pub fn parts(&self) -> impl Iterator<Item = (PurposePart, &str)> {
        PurposePart::ALL.into_iter().map(|part| (part, self.part(part)))
    }
}

/// Whether a reason would fit every case: a word of the list, or the same one or two characters over and over.
pub fn is_generic(reason: &str) -> bool {
    let plain: String = reason.chars().filter(|one| one.is_alphanumeric() || *one == '/').collect();
    let plain = plain.to_lowercase();
    let words = |text: &str| text.replace(' ', "");
    let mut different: Vec<char> = plain.chars().collect();
    different.sort_unstable();
    different.dedup();
    GENERIC.iter().any(|word| words(word) == plain) || different.len() < 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, Option<&str>); 5] = [
        ("operator", Some("王小明")),
        ("item", Some("食品经营许可")),
        ("item_code", Some("000131001000")),
        ("case", Some("2026-1124-0007")),
        ("reason", Some("核对申请人营业执照的经营范围")),
    ];

    #[test]
    fn a_whole_purpose_is_taken_in_any_order() {
        let mut members = GOOD;
        members.reverse();
        let purpose = Purpose::from_members(members).unwrap();
        assert_eq!(purpose.part(PurposePart::Case), "2026-1124-0007");
        let again = Purpose::signed(PurposePart::ALL.map(|part| purpose.part(part))).unwrap();
        assert_eq!(again, purpose);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (index, (name, _)) in GOOD.iter().enumerate() {
            let part = PurposePart::ALL[index];
            assert_eq!(part.as_str(), *name);
            let without = GOOD.iter().copied().filter(|(other, _)| other != name);
            assert_eq!(Purpose::from_members(without), Err(PurposeError::Missing { part }));
            let twice = GOOD.into_iter().chain([(*name, Some("x"))]);
            assert_eq!(Purpose::from_members(twice), Err(PurposeError::Twice { part }));
            let with = |value| {
                let changed = GOOD.map(|(other, old)| (other, if other == *name { value } else { old }));
                Purpose::from_members(changed)
            };
            assert_eq!(with(None), Err(PurposeError::NotText { part }));
            assert_eq!(with(Some("")), Err(PurposeError::Text { part, source: TextError::Empty }));
            let long = "长".repeat(part.most() + 1);
            let source = TextError::TooLong { max: part.most(), got: part.most() + 1 };
            assert_eq!(with(Some(&long)), Err(PurposeError::Text { part, source }));
            assert!(matches!(with(Some("a\u{202e}b")), Err(PurposeError::Text { .. })));
            assert!(with(Some("a\nb")).is_err());
        }
        let unknown = GOOD.into_iter().chain([("organisation", Some("x"))]);
        assert_eq!(
            Purpose::from_members(unknown),
            Err(PurposeError::Unknown { got: "organisation".to_owned() })
        );
    }

    #[test]
    fn a_reason_that_fits_every_case_is_refused_and_one_that_names_its_own_is_not() {
        for reason in [
            "query",
            "Query.",
            "TEST",
            "查询",
            "核验。",
            " 查 询 ".trim(),
            "...",
            "xxxx",
            "1111",
            "N/A",
            "业务需要",
        ] {
            assert!(is_generic(reason), "{reason}");
        }
        for reason in ["查询张三是否持有营业执照", "test of the brakes of lorry 云A·12345", "核验经营范围"]
        {
            assert!(!is_generic(reason), "{reason}");
        }
        let generic = GOOD.map(|(name, old)| (name, if name == "reason" { Some("查询") } else { old }));
        assert_eq!(Purpose::from_members(generic), Err(PurposeError::Generic { got: "查询".to_owned() }));
        // One that was signed before the list grew still reads.
        assert!(Purpose::signed(["王", "许可", "1", "2", "查询"]).is_ok());
    }
}
