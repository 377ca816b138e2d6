//! A status list as it comes, in either form.

use super::jwt::Jwt;
use super::list::{StatusList, StatusListError};
use crate::codec::{Envelope, KeyId, Typ, limits};
use crate::crypto::VerifyingKey;

/// One of the two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusListForm {
    /// An envelope of FORMAT.md §1.
    Cwt,
    /// A JSON Web Token.
    Jwt,
}

impl StatusListForm {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Cwt, Self::Jwt];

    /// The media type that names it.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Cwt => Typ::StatusList.as_str(),
            Self::Jwt => "application/statuslist+jwt",
        }
    }

    /// Which form these bytes would be: a JWT begins with the base64url of a brace.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"ey") { Self::Jwt } else { Self::Cwt }
    }
}

/// A list whose header was read. Nothing in it is believed, or inflated, before [`StatusListToken::verify`].
#[derive(Clone, Debug)]
pub struct StatusListToken(Token);

#[derive(Clone, Debug)]
enum Token {
    Cwt(Box<Envelope>),
    Jwt(Jwt),
}

impl StatusListToken {
    /// Reads the header of either form.
    pub fn decode(bytes: &[u8]) -> Result<Self, StatusListError> {
        match StatusListForm::of(bytes) {
            StatusListForm::Jwt => Ok(Self(Token::Jwt(Jwt::decode(bytes)?))),
            StatusListForm::Cwt => {
                let envelope = Envelope::decode(bytes, limits::STATUS_LIST)?;
                match (envelope.typ(), envelope.x5chain()) {
                    (Typ::StatusList, []) => Ok(Self(Token::Cwt(Box::new(envelope)))),
                    (Typ::StatusList, _) => Err(StatusListError::Chain),
                    (got, _) => Err(StatusListError::Typ { got }),
                }
            }
        }
    }

    /// Who it says signed it.
    pub const fn key_id(&self) -> KeyId {
        match &self.0 {
            Token::Cwt(envelope) => envelope.key_id(),
            Token::Jwt(jwt) => jwt.key_id,
        }
    }

    /// What it states, if `key` signed it.
    pub fn verify(&self, key: &VerifyingKey) -> Result<StatusList, StatusListError> {
        match &self.0 {
            Token::Cwt(envelope) => {
                envelope.verify(key)?;
                StatusList::decode(envelope.payload())
            }
            Token::Jwt(jwt) => jwt.verify(key),
        }
    }
}
