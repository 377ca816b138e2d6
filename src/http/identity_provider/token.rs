//! One access token (RFC 9068) judged by the provider's keys: pure, the time is an argument.

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::keys::KeySet;
use crate::access::{Role, Roles};
use crate::licence::CreditCode;
use crate::registry::IdentityProviderSettings;
use crate::time::UnixTime;

/// Longest token that is looked at.
pub(super) const MAX_TOKEN: usize = 8 * 1024;
/// Longest name of a key.
const MAX_KID: usize = 200;
/// Longest subject: it becomes part of ledger entries.
const MAX_SUBJECT: usize = 64;
/// Seconds that the provider's clock and ours may be apart.
const LEEWAY: i64 = 60;
/// What tokens may be signed with.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
/// `typ` of an access token, with and without the part that may be left out (RFC 9068 §2.1).
const TYPES: [&str; 2] = ["at+jwt", "application/at+jwt"];

/// Why a token opens nothing. Whoever shows it is told 401 alone; the log says this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the token has more than {MAX_TOKEN} bytes")]
    TooLong,
    #[error("the token is no JWT")]
    Unreadable,
    #[error("the token is not an access token (typ at+jwt)")]
    Type,
    #[error("the token is not signed with RS256, ES256 or EdDSA")]
    Algorithm,
    #[error("the token wants a header parameter to be understood that is not")]
    Critical,
    #[error("the token does not name its key")]
    KeyName,
    #[error("the provider has no such key")]
    KeyUnknown,
    #[error("the token's signature is not its key's")]
    Signature,
    #[error("the token is another provider's")]
    Issuer,
    #[error("the token is for another service")]
    Audience,
    #[error("the token has no time in {0}")]
    Time(&'static str),
    #[error("the token has expired")]
    Expired,
    #[error("the token is of the future")]
    TooEarly,
    #[error("the token's sub is not 1 to {MAX_SUBJECT} visible ASCII characters")]
    Subject,
    #[error("the token's department claim is no credit code")]
    Department,
    #[error("the token's roles claim is neither a text nor an array of texts")]
    Roles,
}

/// The key that a token says it is signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) kid: String,
    pub(super) algorithm: Algorithm,
}

/// Who a good token is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) subject: String,
    pub(super) department: CreditCode,
    /// As the provider says; what the department itself has not, is not given by it.
    pub(super) roles: Roles,
}

/// What the token's header says, of which nothing is believed yet.
pub(super) fn key_of(token: &str) -> Result<Named, TokenError> {
    if token.len() > MAX_TOKEN {
        return Err(TokenError::TooLong);
    }
    let header = decode_header(token).map_err(|_| TokenError::Unreadable)?;
    let typ = header.typ.as_deref().unwrap_or_default();
    if !TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ)) {
        return Err(TokenError::Type);
    }
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenError::Algorithm);
    }
    if header.crit.is_some() {
        return Err(TokenError::Critical);
    }
    match header.kid {
        Some(kid) if kid.len() <= MAX_KID => Ok(Named { kid, algorithm: header.alg }),
        _ => Err(TokenError::KeyName),
    }
}

/// Judges a token at `now`. Its signature comes first: nothing else of it is looked at before.
pub(super) fn check(
    token: &str,
    keys: &KeySet,
    settings: &IdentityProviderSettings,
    now: UnixTime,
) -> Result<Person, TokenError> {
    let Named { kid, algorithm } = key_of(token)?;
    let key = keys.key(&kid, algorithm).ok_or(TokenError::KeyUnknown)?;
    // Claims are checked below, at the time given.
    let mut signature_alone = Validation::new(algorithm);
    signature_alone.required_spec_claims.clear();
    signature_alone.validate_exp = false;
    signature_alone.validate_aud = false;
    let claims = decode::<Map<String, Value>>(token, key, &signature_alone);
    let claims = claims.map_err(|_| TokenError::Signature)?.claims;
    check_claims(&claims, settings, now.seconds())
}

fn check_claims(
    claims: &Map<String, Value>,
    settings: &IdentityProviderSettings,
    now: i64,
) -> Result<Person, TokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(&settings.issuer) {
        return Err(TokenError::Issuer);
    }
    let for_us = |audience: &Value| audience.as_str() == Some(&settings.audience);
    let audience = claims.get("aud").ok_or(TokenError::Audience)?;
    if !for_us(audience) && !audience.as_array().is_some_and(|all| all.iter().any(for_us)) {
        return Err(TokenError::Audience);
    }
    check_time(claims, now)?;
    let visible = |text: &&str| {
        (1..=MAX_SUBJECT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let subject = text("sub").filter(visible).ok_or(TokenError::Subject)?.to_owned();
    let department = text(&settings.department_claim).and_then(|code| code.parse().ok());
    Ok(Person {
        subject,
        department: department.ok_or(TokenError::Department)?,
        roles: roles(claims.get(&settings.roles_claim))?,
    })
}

fn check_time(claims: &Map<String, Value>, now: i64) -> Result<(), TokenError> {
    let time = |name: &'static str| claims.get(name).and_then(Value::as_i64).ok_or(TokenError::Time(name));
    if now >= time("exp")?.saturating_add(LEEWAY) {
        return Err(TokenError::Expired);
    }
    let begins = if claims.contains_key("nbf") { time("nbf")? } else { i64::MIN };
    if time("iat")?.max(begins) > now.saturating_add(LEEWAY) {
        return Err(TokenError::TooEarly);
    }
    Ok(())
}

/// Words that are none of our roles are another service's, and left aside.
fn roles(claim: Option<&Value>) -> Result<Roles, TokenError> {
    let known = |word: &str| word.parse::<Role>().ok();
    match claim {
        None => Ok(Roles::NONE),
        Some(Value::String(words)) => Ok(words.split_ascii_whitespace().filter_map(known).collect()),
        Some(Value::Array(words)) => {
            let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
            Ok(words.ok_or(TokenError::Roles)?.into_iter().filter_map(known).collect())
        }
        Some(_) => Err(TokenError::Roles),
    }
}

#[cfg(test)]
mod tests;
