//! Why a licence is replaced by a newer one.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ministry::MinistryOperation;

macro_rules! replacements {
    ($($variant:ident $word:literal $zh:literal $en:literal $operation:ident;)*) => {
        /// What a licence that names a predecessor is issued for.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Replacement {
            $(#[doc = $en] $variant,)*
            /// Anything else: damaged, worn, a new form.
            #[default]
            Replacement,
        }

        impl Replacement {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)* Self::Replacement];

            /// The word in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* Self::Replacement => "replacement" }
            }

            /// What it is called in Chinese.
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* Self::Replacement => "换发" }
            }

            /// What it is called in English.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)* Self::Replacement => "replacement" }
            }

            /// How the ministries' exchange codes it.
            pub const fn operation(self) -> MinistryOperation {
                match self {
                    $(Self::$variant => MinistryOperation::$operation,)*
                    Self::Replacement => MinistryOperation::Other,
                }
            }
        }
    };
}

replacements! {
    Renewal "renewal" "延续" "renewal" Renew;
    Change "change" "变更" "change" Change;
    Inspection "inspection" "年检" "inspection" Other;
    TransferIn "transfer_in" "转入" "transfer in" TransferIn;
}

/// A word that names no kind of replacement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected renewal, change, inspection, replacement or transfer_in, got {got:?}")]
pub struct ReplacementError {
    /// The word that came.
    pub got: String,
}

impl FromStr for Replacement {
    type Err = ReplacementError;

    fn from_str(word: &str) -> Result<Self, ReplacementError> {
        let found = Self::ALL.iter().copied().find(|kind| kind.as_str() == word);
        found.ok_or_else(|| ReplacementError { got: word.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_word_and_the_ministries_operation() {
        let figures: Vec<_> =
            Replacement::ALL.iter().map(|kind| (kind.as_str(), kind.operation().code())).collect();
        assert_eq!(
            figures,
            [
                ("renewal", "02"),
                ("change", "09"),
                ("inspection", "07"),
                ("transfer_in", "08"),
                ("replacement", "07")
            ]
        );
        for kind in Replacement::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{}\"", kind.as_str()));
        }
        assert_eq!(Replacement::default().as_str(), "replacement");
        let wrong = "Renewal".parse::<Replacement>().unwrap_err();
        for kind in Replacement::ALL {
            assert!(wrong.to_string().contains(kind.as_str()));
        }
    }
}
