//! Grants (授权): which calls a department may make, for which licence types and fields, from where, when, and how often.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::call::{Call, Calls};
use crate::crypto::{Random, RandomError, random_bytes};
use crate::licence::{CreditCode, TypeCode};
use crate::time::{Date, UnixTime};

/// The most networks of one grant.
const MOST_ADDRESSES: usize = 64;

/// Names a grant: 64 random bits, shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId([u8; 8]);

/// A text that is not 16 hexadecimal digits in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of 16 hexadecimal digits in lower case")]
pub struct GrantIdError;

impl GrantId {
    /// A new one.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self(random_bytes(random)?))
    }

    /// Takes the 8 bytes.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The 8 bytes.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for GrantId {
    type Err = GrantIdError;

    fn from_str(text: &str) -> Result<Self, GrantIdError> {
        let lower_hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if text.len() != 16 || !lower_hex {
            return Err(GrantIdError);
        }
        u64::from_str_radix(text, 16).map(|id| Self(id.to_be_bytes())).map_err(|_| GrantIdError)
    }
}

impl Serialize for GrantId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is granted to a department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// To whom.
    pub department: CreditCode,
    /// What.
    pub terms: Terms,
    /// Whether it is in force.
    pub state: GrantState,
}

/// Whether a grant is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantState {
    /// One administrator gave it; another has to confirm it.
    Proposed,
    /// It counts.
    InForce,
    /// It counts no more.
    Withdrawn,
}

/// What a grant says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which calls.
    pub calls: Calls,
    /// For which types, and which fields of each.
    pub types: GrantedTypes,
    /// From which networks; from any where there is none.
    pub addresses: Vec<Network>,
    /// Its first day.
    pub from: Option<Date>,
    /// Its last day.
    pub to: Option<Date>,
    /// The most acts of [`Terms::calls`] by the department on one day.
    pub daily: Option<u32>,
    /// On which ground.
    pub basis: Basis,
}

/// The licence types of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantedTypes {
    /// All, with all their fields.
    All,
    /// These.
    Only(BTreeMap<TypeCode, GrantedFields>),
}

/// The fields of a licence type that a grant shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantedFields {
    /// All.
    All,
    /// These, by key; none is that there is such a licence and whether it is good.
    Only(BTreeSet<String>),
}

/// On which ground a department may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// By its function.
    Duty,
    /// With the holder's consent to this department.
    Consent,
}

/// A network in CIDR form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a network such as 10.20.0.0/16 or 2001:db8::/32, with no bit set behind its length, got {got:?}"
)]
pub struct NetworkError {
    /// Up to 60 characters of it.
    pub got: String,
}

/// Terms that no grant may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// No call.
    #[error("\"calls\": expected at least one")]
    NoCalls,
    /// No type.
    #[error("\"types\": expected at least one, or \"*\" for all")]
    NoTypes,
    /// Too many networks.
    #[error("\"addresses\": expected at most {MOST_ADDRESSES}, got {got}")]
    Addresses {
        /// How many.
        got: usize,
    },
    /// It ends before it begins.
    #[error("expected a last day that is not before the first: from {from} to {to}")]
    Days {
        /// First day.
        from: Date,
        /// Last day.
        to: Date,
    },
}

impl Network {
    /// Whether an address lies in it. An IPv4 address that is written as IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let network = text.parse::<IpNet>().ok().filter(|network| network.trunc() == *network);
        network.map(Self).ok_or_else(|| NetworkError { got: text.chars().take(60).collect() })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl GrantState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Proposed, Self::InForce, Self::Withdrawn];

    /// Its name in the API and the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::InForce => "in_force",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of this name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl Basis {
    /// Its name in the API and the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Consent => "consent",
        }
    }

    /// The basis of this name.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Duty, Self::Consent].into_iter().find(|basis| basis.as_str() == word)
    }
}

impl Terms {
    /// Whether a grant may say this.
    pub fn check(&self) -> Result<(), TermsError> {
        if self.calls.is_empty() {
            return Err(TermsError::NoCalls);
        }
        if matches!(&self.types, GrantedTypes::Only(types) if types.is_empty()) {
            return Err(TermsError::NoTypes);
        }
        if self.addresses.len() > MOST_ADDRESSES {
            return Err(TermsError::Addresses { got: self.addresses.len() });
        }
        match (self.from, self.to) {
            (Some(from), Some(to)) if to < from => Err(TermsError::Days { from, to }),
            _ => Ok(()),
        }
    }
}

impl Grant {
    /// Whether it allows `call` at `now` from `source`, apart from types and ceiling. The machine itself (`None`) is always allowed.
    pub fn applies(&self, call: Call, source: Option<IpAddr>, now: UnixTime) -> bool {
        let Terms { calls, addresses, from, to, .. } = &self.terms;
        let today = now.date();
        self.state == GrantState::InForce
            && calls.contains(call)
            && from.is_none_or(|from| from <= today)
            && to.is_none_or(|to| today <= to)
            && (addresses.is_empty()
                || source.is_none_or(|source| addresses.iter().any(|network| network.contains(source))))
    }
}

impl GrantedTypes {
    /// What is granted of a type; `None` for nothing.
    pub fn fields(&self, type_code: &TypeCode) -> Option<&GrantedFields> {
        match self {
            Self::All => Some(&GrantedFields::All),
            Self::Only(types) => types.get(type_code),
        }
    }
}

impl GrantedFields {
    /// Whether the field with this key is shown.
    pub fn contains(&self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(keys) => keys.contains(key),
        }
    }

    /// Both together.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(one), Self::Only(other)) => Self::Only(one.union(other).cloned().collect()),
            _ => Self::All,
        }
    }
}

impl Serialize for GrantedTypes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct One<'a> {
            r#type: String,
            fields: &'a GrantedFields,
        }
        match self {
            Self::All => serializer.serialize_str("*"),
            Self::Only(types) => serializer
                .collect_seq(types.iter().map(|(code, fields)| One { r#type: code.to_string(), fields })),
        }
    }
}

impl Serialize for GrantedFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("*"),
            Self::Only(keys) => serializer.collect_seq(keys),
        }
    }
}
