//! Roles (角色): what a credential may do at all, whatever is granted besides.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// One role (ACCESS.md, *Roles*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// 管理员: manages credentials, roles and grants.
    Administrator,
    /// 发证: issues.
    Issuer,
    /// 状态管理: changes statuses.
    Officer,
    /// 用证: verifies with a receipt, looks up, compares.
    Verifier,
    /// 电子监察: reads what was done.
    Supervisor,
    /// 公众门户: acts for holders.
    Portal,
}

/// A text that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected \"administrator\", \"issuer\", \"officer\", \"verifier\", \"supervisor\" or \"portal\", got {got:?}"
)]
pub struct RoleError {
    /// Up to 40 characters of it.
    pub got: String,
}

impl Role {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 6] =
        [Self::Administrator, Self::Issuer, Self::Officer, Self::Verifier, Self::Supervisor, Self::Portal];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Issuer => "issuer",
            Self::Officer => "officer",
            Self::Verifier => "verifier",
            Self::Supervisor => "supervisor",
            Self::Portal => "portal",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Administrator => 1,
            Self::Issuer => 2,
            Self::Officer => 4,
            Self::Verifier => 8,
            Self::Supervisor => 16,
            Self::Portal => 32,
        }
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| RoleError { got: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);

    /// Every role.
    pub fn all() -> Self {
        Role::ALL.into_iter().collect()
    }

    /// Those of a department that issues, unless told otherwise.
    pub fn of_an_issuer() -> Self {
        [Role::Issuer, Role::Officer, Role::Verifier].into_iter().collect()
    }

    /// Those of a department that does not, unless told otherwise.
    pub fn of_a_verifier() -> Self {
        [Role::Verifier].into_iter().collect()
    }

    /// Whether `role` is among them.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Those that stand in `other` too.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of them stand in `other`.
    pub const fn are_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each, in the order of [`Role::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |bits, role| bits | role.bit()))
    }
}

/// As in a sentence: `issuer or officer`.
impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, role) in self.iter().enumerate() {
            let before = if place == 0 { "" } else { " or " };
            write!(f, "{before}\"{role}\"")?;
        }
        Ok(())
    }
}

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Role::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_read_back_and_is_a_bit_of_its_own() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            let one: Roles = [role].into_iter().collect();
            assert_eq!(one.iter().collect::<Vec<_>>(), [role]);
            assert!(one.are_within(Roles::all()) && !Roles::all().are_within(one));
        }
        assert!("Issuer".parse::<Role>().is_err());
        assert!(Roles::NONE.is_empty() && Roles::NONE.are_within(Roles::NONE));
    }

    #[test]
    fn json_is_a_list_of_words() {
        let roles = Roles::of_an_issuer();
        assert_eq!(
            serde_json::to_value(roles).unwrap(),
            serde_json::json!(["issuer", "officer", "verifier"])
        );
    }
}
