//! Who asks, and the keys that say so.

use std::fmt;
use std::net::IpAddr;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::access::{Role, Roles};
use crate::crypto::{Digest, Random, RandomError, random_bytes};
use crate::ledger::Order;
use crate::licence::CreditCode;

/// Asked by an administrator on the machine. No key's id: those are hexadecimal.
pub(super) const LOCAL: &str = "local";

/// Who asks: a department, by a credential of its or at an administrator's word on the machine itself (ACCESS.md, *Who asks*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    department: CreditCode,
    asked_by: String,
    roles: Roles,
    source: Option<IpAddr>,
}

impl Caller {
    pub(super) fn by_key(department: CreditCode, id: KeyName, roles: Roles) -> Self {
        Self { department, asked_by: id.to_string(), roles, source: None }
    }

    pub(super) fn by_certificate(department: CreditCode, id: KeyName, roles: Roles) -> Self {
        Self { department, asked_by: format!("cert:{id}"), roles, source: None }
    }

    /// A person whom the identity provider knows as `subject`.
    pub fn by_token(department: CreditCode, subject: &str, roles: Roles) -> Self {
        Self { department, asked_by: format!("oidc:{subject}"), roles, source: None }
    }

    /// An administrator on the machine, acting for a department, with every role.
    pub fn local(department: CreditCode) -> Self {
        Self { department, asked_by: LOCAL.to_owned(), roles: Roles::all(), source: None }
    }

    /// The same, asking from an address of the network.
    #[must_use]
    pub fn asking_from(self, source: IpAddr) -> Self {
        Self { source: Some(source), ..self }
    }

    /// What it may do at all.
    pub const fn roles(&self) -> Roles {
        self.roles
    }

    /// Where it asks from; `None` for the machine itself.
    pub const fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// The department it is asked for.
    pub const fn department(&self) -> CreditCode {
        self.department
    }

    /// The credential that said so, in the words of ACCESS.md, which may be logged.
    pub fn asked_by(&self) -> &str {
        &self.asked_by
    }

    /// Whether it is an administrator's word on the machine.
    pub(super) fn is_local(&self) -> bool {
        self.asked_by == LOCAL
    }

    /// Whether it asks on the machine itself.
    pub fn is_machine(&self) -> bool {
        self.is_local()
    }

    /// Whether it has one of these roles.
    pub fn has_one_of(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(*role))
    }

    /// Whether what is kept for `department` may be shown to it.
    pub(super) fn may_read_of(&self, department: CreditCode) -> bool {
        self.is_local() || self.department == department || self.roles.contains(Role::Supervisor)
    }

    /// Whether it may act on the order of any holder, whoever issued his licence. On the machine one acts for the department that
    /// issued it.
    pub(super) fn acts_for_holders(&self) -> bool {
        self.roles.contains(Role::Portal) && !self.is_local()
    }

    pub(super) fn order(&self) -> Order {
        Order { department: self.department, asked_by: self.asked_by.clone() }
    }
}

/// The part of an API key that may be logged: 8 bytes, shown in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct KeyName(pub(super) [u8; 8]);

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An API key in the open, shown once when it is made: `elk_` id (16 hexadecimal digits) `_` secret (64).
///
/// The secret has 256 random bits, so a plain SHA-256 of it is kept: there is nothing to guess.
pub(super) struct NewApiKey {
    pub(super) name: KeyName,
    pub(super) secret: Digest,
    pub(super) text: Zeroizing<String>,
}

impl NewApiKey {
    pub(super) fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let name = KeyName(random_bytes(random)?);
        let secret = Zeroizing::new(random_bytes::<32>(random)?);
        let digits: Zeroizing<String> =
            Zeroizing::new(secret.iter().map(|byte| format!("{byte:02x}")).collect());
        let text = Zeroizing::new(format!("{PREFIX}{name}_{}", *digits));
        Ok(Self { name, secret: Digest::of(digits.as_bytes()), text })
    }
}

const PREFIX: &str = "elk_";

/// The two parts of a key as it was presented; `None` where it cannot be one.
pub(super) fn parse_api_key(presented: &str) -> Option<(KeyName, &str)> {
    let (name, secret) = presented.strip_prefix(PREFIX)?.split_once('_')?;
    let lower_hex =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if name.len() != 16 || secret.len() != 64 || !lower_hex(name) || !lower_hex(secret) {
        return None;
    }
    u64::from_str_radix(name, 16).ok().map(|name| (KeyName(name.to_be_bytes()), secret))
}

/// Compares in constant time. A key that is not known is compared as well, with a digest that matches nothing.
pub(super) fn secret_matches(presented: &str, kept: Option<&Digest>) -> bool {
    let nothing = Digest::from_bytes([0; 32]);
    let same = Digest::of(presented.as_bytes()).as_bytes().ct_eq(kept.unwrap_or(&nothing).as_bytes());
    bool::from(same) && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemRandom;

    #[test]
    fn a_key_opens_only_whole_and_unchanged() {
        let key = NewApiKey::generate(&SystemRandom).unwrap();
        let (name, secret) = parse_api_key(&key.text).unwrap();
        assert_eq!(name, key.name);
        assert!(secret_matches(secret, Some(&key.secret)));
        assert!(!secret_matches(secret, None));
        assert!(!secret_matches(&secret[1..], Some(&key.secret)));
        for wrong in [
            String::new(),
            "elk_".to_owned(),
            key.text.to_uppercase(),
            key.text[..key.text.len() - 1].to_owned(),
            format!("{}0", *key.text),
            format!(" {}", *key.text),
            key.text.replace("elk_", ""),
        ] {
            assert!(parse_api_key(&wrong).is_none(), "{wrong:?}");
        }
    }
}
