//! What a request about a holder says: `holder`, `purpose`, and what its call has besides.

use super::act_error::ActError;
use crate::licence::{
    AskedHolder, AskedHolderError, Draft, Json, Purpose, PurposeError, PurposePart, read_object,
};

/// A member of a request that is unknown, missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// No call has it, or not this one.
    #[error("the request has no member {got:?}; expected {}", .expected.join(", "))]
    Unknown {
        /// Up to 40 characters of its name.
        got: String,
        /// Those it has.
        expected: Vec<&'static str>,
    },
    /// It has to be there.
    #[error("the request lacks {member:?}")]
    Missing {
        /// Which.
        member: &'static str,
    },
    /// It is of another kind.
    #[error("{member:?}: expected {expected}, got {got}")]
    Kind {
        /// Which.
        member: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What came, in words.
        got: &'static str,
    },
    /// It is of the right kind and cannot be.
    #[error("{member:?}: expected {expected}")]
    Value {
        /// Which.
        member: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

/// The members of a request, one taken after the other. No object in it has a member twice.
#[derive(Clone, Debug)]
pub(super) struct Members {
    members: Vec<(String, Json)>,
}

impl Members {
    /// Reads a body with these members and no other.
    pub(super) fn read(body: &[u8], expected: &[&'static str]) -> Result<Self, ActError> {
        let members = read_object(body, Draft::MAX_BYTES)?;
        match members.iter().find(|(name, _)| !expected.contains(&name.as_str())) {
            None => Ok(Self { members }),
            Some((name, _)) => {
                let got = name.chars().take(40).collect();
                Err(MemberError::Unknown { got, expected: expected.to_vec() }.into())
            }
        }
    }

    /// Takes a member out.
    pub(super) fn take(&mut self, member: &str) -> Option<Json> {
        let place = self.members.iter().position(|(name, _)| name == member)?;
        Some(self.members.swap_remove(place).1)
    }

    /// Takes a text out that may be left away.
    pub(super) fn text(&mut self, member: &'static str) -> Result<Option<String>, ActError> {
        match self.take(member) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(other) => Err(MemberError::Kind { member, expected: "a string", got: other.kind() }.into()),
        }
    }

    /// Takes a text out that has to be there.
    pub(super) fn required_text(&mut self, member: &'static str) -> Result<String, ActError> {
        Ok(self.text(member)?.ok_or(MemberError::Missing { member })?)
    }

    /// Whose licences are asked for.
    pub(super) fn holder(&mut self) -> Result<AskedHolder, ActError> {
        let missing = AskedHolderError::NotAnObject { got: "nothing" };
        Ok(AskedHolder::from_json(&self.take("holder").ok_or(missing)?)?)
    }

    /// What for.
    pub(super) fn purpose(&mut self) -> Result<Purpose, ActError> {
        let missing = PurposeError::Missing { part: PurposePart::ALL[0] };
        Ok(Purpose::from_json(&self.take("purpose").ok_or(missing)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::licence::UnreadableError;

    fn read(body: &str) -> Result<Members, ActError> {
        Members::read(body.as_bytes(), &["holder", "type", "purpose"])
    }

    #[test]
    fn only_what_the_call_has_is_taken_and_each_once() {
        let ActError::Member(MemberError::Unknown { got, .. }) = read(r#"{"typ": 1}"#).unwrap_err() else {
            panic!("another error")
        };
        assert_eq!(got, "typ");
        let twice = read(r#"{"purpose": {"item": "a", "item": "b"}}"#).unwrap_err();
        assert!(
            matches!(twice, ActError::Unreadable(UnreadableError::DuplicateKey { path }) if path == "/purpose/item")
        );
        let mut members = read(r#"{"type": 7}"#).unwrap();
        let kind = members.text("type").unwrap_err();
        assert!(matches!(kind, ActError::Member(MemberError::Kind { got: "an integer", .. })));
        assert!(matches!(members.required_text("type"), Err(ActError::Member(MemberError::Missing { .. }))));
        assert_eq!(members.holder().unwrap_err().code(), "holder_refused");
        assert_eq!(members.purpose().unwrap_err().code(), "purpose_refused");
    }
}
