//! The holder's proof: a JWT over exactly what is presented, for this verifier, now (RFC 9901 §4.3 and §7.3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::holder_key::HolderKey;
use super::json::shortened;
use super::jws::{Jws, JwsError, text_of};
use super::presentation::Presentation;
use crate::crypto::Digest;
use crate::time::UnixTime;

/// `typ` of a key-binding JWT.
const TYP: &str = "kb+jwt";
/// Seconds that a proof is good for.
const GOOD_FOR: i64 = 300;
/// Seconds that a wallet's clock may be ahead of ours.
const CLOCK_SKEW: i64 = 60;

/// What the verifier asked the holder to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Who the verifier is.
    pub audience: String,
    /// What he made up for this once.
    pub nonce: String,
}

/// A proof that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyBindingError {
    /// Not a JWT of its kind, or not signed by the holder's key.
    #[error("the key-binding JWT: {0}")]
    Jws(#[from] JwsError),
    /// A claim is missing or of another kind.
    #[error("expected {claim:?} in the key-binding JWT to be {expected}")]
    Claim {
        /// Its name.
        claim: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// It is for another verifier.
    #[error("expected audience {expected:?}, got {got:?}")]
    Audience {
        /// Who asked.
        expected: String,
        /// Whom it is for, shortened.
        got: String,
    },
    /// It answers another question.
    #[error("expected nonce {expected:?}, got {got:?}")]
    Nonce {
        /// What was asked.
        expected: String,
        /// What is answered, shortened.
        got: String,
    },
    /// It is too old, or from the future.
    #[error("expected an iat from {GOOD_FOR} s before to {CLOCK_SKEW} s after {at}, got {got}")]
    Time {
        /// When it is judged.
        at: UnixTime,
        /// When it was made.
        got: i64,
    },
    /// It says itself that it is not good now.
    #[error("expected a key-binding JWT in force at {at}; its {claim} is {got}")]
    NotInForce {
        /// When it is judged.
        at: UnixTime,
        /// `exp` or `nbf`.
        claim: &'static str,
        /// What it says.
        got: i64,
    },
    /// It is about another presentation.
    #[error("expected sd_hash over what is presented, got that of something else")]
    Hash,
}

/// That `proof` is the holder's, over this presentation, and, where a challenge was made, the answer to it. Without one, how
/// old it is and whom it was for cannot matter.
pub fn check_key_binding(
    presentation: &Presentation<'_>,
    proof: &str,
    key: &HolderKey,
    challenge: Option<&Challenge>,
    at: UnixTime,
) -> Result<(), KeyBindingError> {
    let jws = Jws::decode(proof, TYP)?;
    jws.verify(key.key())?;
    let claims = jws.payload();
    let got = text(claims, "sd_hash")?;
    let (audience, nonce, made) = (text(claims, "aud")?, text(claims, "nonce")?, seconds(claims, "iat")?);
    if got != URL_SAFE_NO_PAD.encode(Digest::of(presentation.hashed.as_bytes()).as_bytes()) {
        return Err(KeyBindingError::Hash);
    }
    let Some(challenge) = challenge else { return Ok(()) };
    if audience != challenge.audience {
        let expected = shortened(&challenge.audience);
        return Err(KeyBindingError::Audience { expected, got: shortened(audience) });
    }
    if nonce != challenge.nonce {
        return Err(KeyBindingError::Nonce { expected: shortened(&challenge.nonce), got: shortened(nonce) });
    }
    if !(at.plus(-GOOD_FOR).seconds()..=at.plus(CLOCK_SKEW).seconds()).contains(&made) {
        return Err(KeyBindingError::Time { at, got: made });
    }
    check_own_dates(claims, at)
}

/// A wallet may be stricter than the standard asks: `exp` and `nbf` mean what they mean in every JWT (RFC 7519 §4.1).
fn check_own_dates(claims: &Map<String, Value>, at: UnixTime) -> Result<(), KeyBindingError> {
    if claims.contains_key("exp") {
        let got = seconds(claims, "exp")?;
        if at.seconds() >= got {
            return Err(KeyBindingError::NotInForce { at, claim: "exp", got });
        }
    }
    if claims.contains_key("nbf") {
        let got = seconds(claims, "nbf")?;
        if at.plus(CLOCK_SKEW).seconds() < got {
            return Err(KeyBindingError::NotInForce { at, claim: "nbf", got });
        }
    }
    Ok(())
}

fn text<'a>(claims: &'a Map<String, Value>, claim: &'static str) -> Result<&'a str, KeyBindingError> {
    match text_of(claims, claim) {
        "" => Err(KeyBindingError::Claim { claim, expected: "a string" }),
        text => Ok(text),
    }
}

fn seconds(claims: &Map<String, Value>, claim: &'static str) -> Result<i64, KeyBindingError> {
    let number = claims.get(claim).and_then(Value::as_i64);
    number.ok_or(KeyBindingError::Claim { claim, expected: "whole seconds" })
}
