//! Claims compared with a licence (信息验证, GB/T 36906): the answer is a grade, and tells nothing else of what the licence says.

use unicode_normalization::UnicodeNormalization;

use super::content::Licence;
use super::field::{FieldDefinition, FieldKind};
use super::holder_number::HolderNumber;
use super::json::Json;
use super::licence_type::LicenceType;
use super::value::FieldValue;

/// The answer to a comparison. The lower, the better the claims agree, but for [`ComparisonResult::NoSuchLicence`], where there is
/// nothing to agree with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComparisonResult {
    /// Every claim agrees, and the licence is good.
    Good,
    /// Every claim agrees; the licence is not yet in force.
    NotYetInForce,
    /// Every claim agrees; the licence is not good for the time being.
    NotGoodForNow,
    /// Every claim agrees; the licence has ended.
    Ended,
    /// No claim, one that cannot be compared, or a licence that cannot be judged now.
    Incomplete,
    /// No such licence.
    NoSuchLicence,
    /// A claim does not agree.
    Differs,
}

/// How claims and a licence go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agreement {
    /// Every claim agrees.
    Agrees,
    /// There is no claim, or one that cannot be compared: no such field, or none that is granted.
    CannotTell,
    /// A claim does not agree.
    Differs,
}

/// What an applicant says that a licence says: values by field key, `holder_name`, `holder_code` and `number`. `Debug` shows the keys
/// alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims(Vec<(String, Claimed)>);

#[derive(Clone, PartialEq, Eq)]
enum Claimed {
    /// In Unicode NFC, without blanks at its ends.
    Text(String),
    Integer(i64),
}

/// What are no claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// No object.
    #[error("\"claims\": expected an object of values by field key, got {got}")]
    NotAnObject {
        /// What came.
        got: &'static str,
    },
    /// Too many.
    #[error("\"claims\": expected at most {max}, got {got}", max = Claims::MOST)]
    TooMany {
        /// How many.
        got: usize,
    },
    /// A value that no field has.
    #[error("{key:?} of \"claims\": expected a string or an integer, got {got}")]
    Value {
        /// Up to 40 characters of the claim's key.
        key: String,
        /// What came.
        got: &'static str,
    },
}

impl ComparisonResult {
    /// All of them, each at the place of its code.
    pub const ALL: [Self; 7] = [
        Self::Good,
        Self::NotYetInForce,
        Self::NotGoodForNow,
        Self::Ended,
        Self::Incomplete,
        Self::NoSuchLicence,
        Self::Differs,
    ];

    /// Of a licence with this [`Agreement`] whose verdict has this grade.
    pub const fn of(agreement: Agreement, grade: u8) -> Self {
        match (agreement, grade) {
            (Agreement::Differs, _) => Self::Differs,
            (Agreement::Agrees, 0) => Self::Good,
            (Agreement::Agrees, 1) => Self::NotYetInForce,
            (Agreement::Agrees, 2) => Self::NotGoodForNow,
            (Agreement::Agrees, 3) => Self::Ended,
            (Agreement::Agrees | Agreement::CannotTell, _) => Self::Incomplete,
        }
    }

    /// The code of GB/T 36906.
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::NotYetInForce => 1,
            Self::NotGoodForNow => 2,
            Self::Ended => 3,
            Self::Incomplete => 4,
            Self::NoSuchLicence => 5,
            Self::Differs => 6,
        }
    }

    /// The one of a code.
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Whether every claim agrees.
    pub const fn agrees(self) -> bool {
        matches!(self, Self::Good | Self::NotYetInForce | Self::NotGoodForNow | Self::Ended)
    }

    /// In the standard's words.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Good => "信息正确且有效",
            Self::NotYetInForce => "信息正确且未激活",
            Self::NotGoodForNow => "信息正确且证照暂时失效",
            Self::Ended => "信息正确且证照已失效",
            Self::Incomplete => "信息不全，无法验证",
            Self::NoSuchLicence => "查无此信息",
            Self::Differs => "信息错误，参数不一致",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Good => "every claim agrees, and the licence is good",
            Self::NotYetInForce => "every claim agrees; the licence is not yet in force",
            Self::NotGoodForNow => "every claim agrees; the licence is not good for the time being",
            Self::Ended => "every claim agrees; the licence has ended",
            Self::Incomplete => "cannot be compared",
            Self::NoSuchLicence => "no such licence",
            Self::Differs => "a claim does not agree",
        }
    }
}

impl Claims {
    /// The most claims of one comparison.
    pub const MOST: usize = 100;

    /// Takes the member `claims` of a request.
    pub fn from_json(json: &Json) -> Result<Self, ClaimsError> {
        let Json::Object(members) = json else { return Err(ClaimsError::NotAnObject { got: json.kind() }) };
        if members.len() > Self::MOST {
            return Err(ClaimsError::TooMany { got: members.len() });
        }
        let claim = |(key, value): &(String, Json)| match value {
            Json::Text(text) => Ok((key.clone(), Claimed::Text(text.trim().nfc().collect()))),
            Json::Integer(number) => Ok((key.clone(), Claimed::Integer(*number))),
            other => Err(ClaimsError::Value { key: key.chars().take(40).collect(), got: other.kind() }),
        };
        members.iter().map(claim).collect::<Result<_, _>>().map(Self)
    }

    /// How they go together with a licence of `holder`, of whose fields those that are `granted` may be compared.
    pub fn compare(
        &self,
        licence: &Licence,
        licence_type: Option<&LicenceType>,
        holder: &HolderNumber,
        granted: impl Fn(&str) -> bool,
    ) -> Agreement {
        let claims = self.0.iter().map(|(key, claimed)| {
            let same = |text: &str| agreement(claimed.is(FieldValue::Text(text), FieldKind::Text));
            match key.as_str() {
                "holder_name" => {
                    holder_names(licence, holder).map(same).min().unwrap_or(Agreement::CannotTell)
                }
                "holder_code" => same(holder.code()),
                "number" => same(&licence.number),
                key if !granted(key) => Agreement::CannotTell,
                key => licence.fields.get(key).map_or(Agreement::CannotTell, |value| {
                    let kind = licence_type.and_then(|known| known.field(key)).map(FieldDefinition::kind);
                    agreement(claimed.is(value, kind.unwrap_or(FieldKind::Text)))
                }),
            }
        });
        // What cannot be told is said before what differs: an answer to part of the claims would be one to another question.
        claims.fold(None, |sum, one| Some(worse(sum, one))).unwrap_or(Agreement::CannotTell)
    }

    /// Keys of the claims that can be compared with a licence, in order.
    pub fn comparable(&self, licence: &Licence, granted: impl Fn(&str) -> bool) -> Vec<String> {
        let beside = |key: &str| matches!(key, "holder_name" | "holder_code" | "number");
        let keys = self.0.iter().map(|(key, _)| key);
        let comparable = |key: &&String| beside(key) || (granted(key) && licence.fields.get(key).is_some());
        let mut keys: Vec<String> = keys.filter(comparable).cloned().collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(key, _)| key)).finish()
    }
}

fn holder_names<'a>(licence: &'a Licence, holder: &HolderNumber) -> impl Iterator<Item = &'a str> {
    let his = licence
        .holders
        .iter()
        .filter(move |one| one.code_type() == holder.code_type() && one.code() == holder.code());
    his.map(|one| one.name())
}

const fn agreement(is_same: bool) -> Agreement {
    if is_same { Agreement::Agrees } else { Agreement::Differs }
}

fn worse(sum: Option<Agreement>, one: Agreement) -> Agreement {
    match (sum, one) {
        (Some(Agreement::CannotTell), _) | (_, Agreement::CannotTell) => Agreement::CannotTell,
        (Some(Agreement::Differs), _) | (_, Agreement::Differs) => Agreement::Differs,
        (None | Some(Agreement::Agrees), Agreement::Agrees) => Agreement::Agrees,
    }
}

impl Claimed {
    /// Numbers are compared as numbers, however they are written: 5 and "5", "1.50" and "1.5". All else as text.
    fn is(&self, value: FieldValue<'_>, kind: FieldKind) -> bool {
        match (self, value) {
            (Self::Integer(claimed), FieldValue::Integer(number)) => *claimed == number,
            (Self::Text(claimed), FieldValue::Integer(number)) => *claimed == number.to_string(),
            (Self::Integer(claimed), FieldValue::Text(text)) => same_text(&claimed.to_string(), text, kind),
            (Self::Text(claimed), FieldValue::Text(text)) => same_text(claimed, text, kind),
        }
    }
}

fn same_text(claimed: &str, text: &str, kind: FieldKind) -> bool {
    match kind {
        FieldKind::Decimal => without_trailing_zeros(claimed) == without_trailing_zeros(text),
        _ => claimed == text,
    }
}

/// A decimal without what says only how exactly it was measured.
fn without_trailing_zeros(decimal: &str) -> &str {
    match decimal.split_once('.') {
        Some((_, fraction)) if !fraction.is_empty() => decimal.trim_end_matches('0').trim_end_matches('.'),
        _ => decimal,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::HolderCodeType;
    use super::super::authority::Authority;
    use super::super::draft::tests::{read, request};
    use super::super::licence_type::tests::trial_type;
    use super::*;

    fn licence_with(address: &str, seats: i64) -> Licence {
        let mut request = request();
        request["fields"]["seats"] = seats.into();
        request["fields"]["address"] = address.into();
        let draft = read(&request).unwrap().check(&trial_type(), "2026-11-24".parse().unwrap()).unwrap();
        let identifier = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";
        let authority = Authority::new("11430000006122244L".parse().unwrap(), "住建厅").unwrap();
        draft.into_licence(identifier.parse().unwrap(), authority, None)
    }

    fn holder() -> HolderNumber {
        HolderNumber::new("11010519491231002X", HolderCodeType::CitizenNumber).unwrap()
    }

    fn claims(json: &str) -> Claims {
        Claims::from_json(&serde_json::from_str(json).unwrap()).unwrap()
    }

    fn compared(json: &str) -> Agreement {
        let granted = |key: &str| ["seats", "address"].contains(&key);
        claims(json).compare(&licence_with("幸福路一号", 5), Some(&trial_type()), &holder(), granted)
    }

    #[test]
    fn each_kind_of_value_is_compared_as_what_it_is() {
        for agreeing in [
            r#"{"seats": 5}"#,
            r#"{"seats": " 5 "}"#,
            r#"{"address": " 幸福路一号"}"#,
            r#"{"holder_name": "甲", "holder_code": "11010519491231002X", "number": "试字第 1 号"}"#,
        ] {
            assert_eq!(compared(agreeing), Agreement::Agrees, "{agreeing}");
        }
        for other in [
            r#"{"seats": 6}"#,
            r#"{"seats": "5.0"}"#,
            r#"{"address": "幸福路1号"}"#,
            r#"{"address": "幸福路 一号"}"#,
            r#"{"holder_name": "乙"}"#,
            r#"{"seats": 5, "number": ""}"#,
        ] {
            assert_eq!(compared(other), Agreement::Differs, "{other}");
        }
        let decimal = |claimed: &str, text| {
            Claimed::Text(claimed.to_owned()).is(FieldValue::Text(text), FieldKind::Decimal)
        };
        assert!(decimal("1.5", "1.50") && decimal("120", "120.00") && decimal("-0.1", "-0.100"));
        assert!(
            !decimal("12", "120") && !decimal("1.05", "1.5") && !decimal("", "0.0") && !decimal(".", "0")
        );
        assert!(Claimed::Integer(120).is(FieldValue::Text("120.00"), FieldKind::Decimal));
        assert!(!Claimed::Text("1.50".to_owned()).is(FieldValue::Text("1.5"), FieldKind::Text));
    }

    #[test]
    fn composed_and_decomposed_texts_are_the_same() {
        let licence = licence_with("Caf\u{e9} 一号", 1);
        let decomposed = claims("{\"address\": \"Cafe\u{301} 一号\"}");
        assert_eq!(decomposed.compare(&licence, None, &holder(), |_| true), Agreement::Agrees);
    }

    #[test]
    fn what_cannot_be_compared_is_said_before_what_differs() {
        for unknown in [
            "{}",
            r#"{"colour": "red"}"#,
            r#"{"class": "A"}"#,
            r#"{"class": "B"}"#,
            r#"{"class": "B", "seats": 6}"#,
            r#"{"seats": 6, "colour": "red"}"#,
        ] {
            assert_eq!(compared(unknown), Agreement::CannotTell, "{unknown}");
        }
    }

    #[test]
    fn what_are_no_claims_is_refused() {
        let error = |json: &str| Claims::from_json(&serde_json::from_str(json).unwrap()).unwrap_err();
        assert_eq!(error("[]"), ClaimsError::NotAnObject { got: "an array" });
        for value in ["null", "true", "1.5", "[]", "{}"] {
            assert!(
                matches!(error(&format!(r#"{{"seats": {value}}}"#)), ClaimsError::Value { .. }),
                "{value}"
            );
        }
        let many: Vec<String> = (0..=Claims::MOST).map(|one| format!(r#""k{one}": 1"#)).collect();
        assert_eq!(error(&format!("{{{}}}", many.join(","))), ClaimsError::TooMany { got: 101 });
        assert_eq!(format!("{:?}", claims(r#"{"born": "1949-12-31"}"#)), r#"{"born"}"#);
    }

    #[test]
    fn the_codes_are_the_standards() {
        for (place, result) in (0..).zip(ComparisonResult::ALL) {
            assert_eq!((result.code(), ComparisonResult::of_code(place)), (place, Some(result)));
        }
        assert_eq!(ComparisonResult::of_code(7), None);
        let of = |agreement| {
            (0..=6).map(|grade| ComparisonResult::of(agreement, grade).code()).collect::<Vec<_>>()
        };
        assert_eq!(of(Agreement::Agrees), [0, 1, 2, 3, 4, 4, 4]);
        assert_eq!(of(Agreement::CannotTell), [4; 7]);
        assert_eq!(of(Agreement::Differs), [6; 7]);
    }

    fn some_claims() -> impl Strategy<Value = Vec<(String, Json)>> {
        let key = prop_oneof![
            Just("seats".to_owned()),
            Just("address".to_owned()),
            Just("class".to_owned()),
            Just("number".to_owned()),
            Just("holder_name".to_owned()),
            "[a-z_]{1,8}",
        ];
        let value = prop_oneof![
            (0i64..8).prop_map(Json::Integer),
            Just(Json::Text("幸福路一号".to_owned())),
            Just(Json::Text("甲".to_owned())),
            Just(Json::Text("A".to_owned())),
            "\\PC{0,6}".prop_map(Json::Text),
        ];
        proptest::collection::btree_map(key, value, 0..6).prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn the_order_of_claims_is_nothing(members in some_claims(), turn in 0usize..6) {
            let compare = |members: &[(String, Json)]| {
                let claims = Claims::from_json(&Json::Object(members.to_vec())).unwrap();
                claims.compare(&licence_with("幸福路一号", 5), Some(&trial_type()), &holder(), |key| key != "class")
            };
            let mut turned = members.clone();
            let by = turn % members.len().max(1);
            turned.rotate_left(by);
            prop_assert_eq!(compare(&members), compare(&turned));
            turned.reverse();
            prop_assert_eq!(compare(&members), compare(&turned));
        }

        /// Two licences that differ only in what is not granted are one and the same to whoever compares.
        #[test]
        fn what_is_not_granted_changes_no_answer(members in some_claims(), one in 0i64..8, other in 0i64..8) {
            let claims = Claims::from_json(&Json::Object(members)).unwrap();
            let compare = |seats| {
                let licence = licence_with("幸福路一号", seats);
                let granted = |key: &str| key == "address";
                (claims.compare(&licence, Some(&trial_type()), &holder(), granted), claims.comparable(&licence, granted))
            };
            prop_assert_eq!(compare(one), compare(other));
        }

        /// The answer follows from whether everything agrees, something differs, or something cannot be told; not from what or how many.
        #[test]
        fn the_answer_is_no_more_than_its_grade(members in some_claims()) {
            let licence = licence_with("幸福路一号", 5);
            let granted = |key: &str| key != "class";
            let whole = Claims::from_json(&Json::Object(members.clone())).unwrap();
            let each: Vec<Agreement> = members
                .iter()
                .map(|member| {
                    let one = Claims::from_json(&Json::Object(vec![member.clone()])).unwrap();
                    one.compare(&licence, Some(&trial_type()), &holder(), granted)
                })
                .collect();
            let expected = if each.is_empty() || each.contains(&Agreement::CannotTell) {
                Agreement::CannotTell
            } else if each.contains(&Agreement::Differs) {
                Agreement::Differs
            } else {
                Agreement::Agrees
            };
            prop_assert_eq!(whole.compare(&licence, Some(&trial_type()), &holder(), granted), expected);
        }
    }
}
