//! Kinds of holder codes (持证主体代码类型, GB/T 36903 Annex A).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The sixteen kinds of Annex A. Residence permits of compatriots and foreigners have none: they go under 999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HolderCodeType {
    /// 001 统一社会信用代码
    CreditCode,
    /// 099 其他法人或其他组织有效证件代码
    OtherOrganisation,
    /// 111 公民身份号码
    CitizenNumber,
    /// 114 中国人民解放军军官证编号
    ArmyOfficer,
    /// 115 中国人民武装警察部队警官证编号
    ArmedPoliceOfficer,
    /// 118 中国人民解放军士兵证编号
    ArmySoldier,
    /// 119 中国人民武装警察部队士兵证编号
    ArmedPoliceSoldier,
    /// 120 中国人民解放军文职人员证编号
    ArmyCivilian,
    /// 122 中国人民武装警察部队文职人员证编号
    ArmedPoliceCivilian,
    /// 411 外交护照护照号
    DiplomaticPassport,
    /// 412 公务护照护照号
    ServicePassport,
    /// 413 公务普通护照护照号
    PublicAffairsPassport,
    /// 414 普通护照护照号
    OrdinaryPassport,
    /// 511 台湾居民来往大陆通行证号码
    TaiwanPermit,
    /// 516 港澳居民来往内地通行证号码
    HongKongMacaoPermit,
    /// 999 其他自然人有效证件代码
    OtherPerson,
}

/// A text that is none of the sixteen codes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a holder code type of GB/T 36903 Annex A, such as 001 or 111, got {got:?}")]
pub struct HolderCodeTypeError {
    /// The text as it came, shortened.
    pub got: String,
}

impl HolderCodeType {
    /// All sixteen, in the order of their codes.
    pub const ALL: [Self; 16] = [
        Self::CreditCode,
        Self::OtherOrganisation,
        Self::CitizenNumber,
        Self::ArmyOfficer,
        Self::ArmedPoliceOfficer,
        Self::ArmySoldier,
        Self::ArmedPoliceSoldier,
        Self::ArmyCivilian,
        Self::ArmedPoliceCivilian,
        Self::DiplomaticPassport,
        Self::ServicePassport,
        Self::PublicAffairsPassport,
        Self::OrdinaryPassport,
        Self::TaiwanPermit,
        Self::HongKongMacaoPermit,
        Self::OtherPerson,
    ];

    /// The three digits of Annex A.
    pub const fn code(self) -> &'static str {
        self.row().0
    }

    /// The standard's own label.
    pub const fn label(self) -> &'static str {
        self.row().1
    }

    /// The label in English.
    pub const fn label_en(self) -> &'static str {
        self.row().2
    }

    /// Whether it is the code of a natural person, and so masked where not needed.
    pub const fn is_personal(self) -> bool {
        !matches!(self, Self::CreditCode | Self::OtherOrganisation)
    }

    const fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::CreditCode => ("001", "统一社会信用代码", "Unified social credit code"),
            Self::OtherOrganisation => {
                ("099", "其他法人或其他组织有效证件代码", "Other code of a legal person or organisation")
            }
            Self::CitizenNumber => ("111", "公民身份号码", "Citizen identity number"),
            Self::ArmyOfficer => ("114", "中国人民解放军军官证编号", "Army officer's card"),
            Self::ArmedPoliceOfficer => {
                ("115", "中国人民武装警察部队警官证编号", "Armed police officer's card")
            }
            Self::ArmySoldier => ("118", "中国人民解放军士兵证编号", "Army soldier's card"),
            Self::ArmedPoliceSoldier => {
                ("119", "中国人民武装警察部队士兵证编号", "Armed police soldier's card")
            }
            Self::ArmyCivilian => ("120", "中国人民解放军文职人员证编号", "Army civilian staff card"),
            Self::ArmedPoliceCivilian => {
                ("122", "中国人民武装警察部队文职人员证编号", "Armed police civilian staff card")
            }
            Self::DiplomaticPassport => ("411", "外交护照护照号", "Diplomatic passport"),
            Self::ServicePassport => ("412", "公务护照护照号", "Service passport"),
            Self::PublicAffairsPassport => ("413", "公务普通护照护照号", "Passport for public affairs"),
            Self::OrdinaryPassport => ("414", "普通护照护照号", "Ordinary passport"),
            Self::TaiwanPermit => {
                ("511", "台湾居民来往大陆通行证号码", "Mainland travel permit of a Taiwan resident")
            }
            Self::HongKongMacaoPermit => (
                "516",
                "港澳居民来往内地通行证号码",
                "Mainland travel permit of a Hong Kong or Macao resident",
            ),
            Self::OtherPerson => ("999", "其他自然人有效证件代码", "Other code of a natural person"),
        }
    }
}

impl FromStr for HolderCodeType {
    type Err = HolderCodeTypeError;

    fn from_str(text: &str) -> Result<Self, HolderCodeTypeError> {
        let found = Self::ALL.into_iter().find(|known| known.code() == text);
        found.ok_or_else(|| HolderCodeTypeError { got: text.chars().take(40).collect() })
    }
}

impl fmt::Display for HolderCodeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl Serialize for HolderCodeType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for HolderCodeType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_sixteen_codes_are_read_back_and_all_differ() {
        for kind in HolderCodeType::ALL {
            assert_eq!(kind.code().parse(), Ok(kind));
        }
        let distinct = |of: fn(HolderCodeType) -> &'static str| {
            HolderCodeType::ALL.into_iter().map(of).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(distinct(HolderCodeType::code), 16);
        assert_eq!(distinct(HolderCodeType::label), 16);
        assert_eq!(distinct(HolderCodeType::label_en), 16);
    }

    #[test]
    fn other_codes_are_refused() {
        for wrong in ["", "1", "112", "0001", "１１１", " 111"] {
            assert_eq!(wrong.parse::<HolderCodeType>(), Err(HolderCodeTypeError { got: wrong.to_owned() }));
        }
    }

    #[test]
    fn only_codes_of_organisations_are_not_personal() {
        let open: Vec<_> = HolderCodeType::ALL.into_iter().filter(|kind| !kind.is_personal()).collect();
        assert_eq!(open, [HolderCodeType::CreditCode, HolderCodeType::OtherOrganisation]);
    }
}
