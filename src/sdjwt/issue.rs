//! Makes an SD-JWT VC of a licence: every claim about it can be left out by its holder.
//!
//! There are no decoy digests (RFC 9901 §4.2.5): how many claims a licence of a type has, the type says to everyone; only
//! whether it has an end and which optional fields is to be seen from their number.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::claims::{disclosable, vct_of};
use super::disclosure::{digest_of, encode_member};
use super::holder_key::HolderKey;
use super::{SD_ALG, TYP, jws};
use crate::codec::{KeyId, StatusReference};
use crate::crypto::{Digest, KeyError, Random, RandomError, SigningKey, random_bytes};
use crate::licence::Licence;
use crate::time::{Date, UnixTime};

/// What stands in an SD-JWT VC besides the licence.
#[derive(Clone, Debug)]
pub struct SdJwtTerms<'a> {
    /// Public URL of the installation.
    pub public_url: &'a str,
    /// When it is made.
    pub at: UnixTime,
    /// The licence's place in its status list.
    pub status: &'a StatusReference,
    /// The holder's key, if he gave one.
    pub holder_key: Option<&'a HolderKey>,
}

/// Who signs.
#[derive(Clone, Copy, Debug)]
pub struct SdJwtSigner<'a> {
    /// The issuing department's key.
    pub key: &'a SigningKey,
    /// Its certificate's key id.
    pub key_id: KeyId,
    /// DER of the certificates below the root, the signer's first: `x5c`.
    pub chain: &'a [&'a [u8]],
}

/// One that was made. Nothing of it may leave the process before its ledger entry is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdJwt {
    /// Issuer-signed JWT and every disclosure, a tilde behind each.
    pub text: String,
    /// `vct`.
    pub vct: String,
    /// `exp`.
    pub expires: Option<UnixTime>,
    /// SHA-256 of the issuer-signed JWT: what the ledger has.
    pub digest: Digest,
}

/// One that could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdJwtIssueError {
    /// No random bytes for a salt.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The key could not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Makes and signs one, each disclosure under a salt of its own of 128 random bits.
pub fn issue(
    licence: &Licence,
    terms: &SdJwtTerms<'_>,
    signer: SdJwtSigner<'_>,
    random: &dyn Random,
) -> Result<SdJwt, SdJwtIssueError> {
    let mut disclosures = Vec::new();
    for (name, value) in disclosable(licence) {
        disclosures.push(encode_member(&random_bytes(random)?, &name, &value));
    }
    let mut digests: Vec<String> = disclosures.iter().map(|text| digest_of(text)).collect();
    // In an order that tells nothing (RFC 9901 §4.2.4.1).
    digests.sort_unstable();
    let vct = vct_of(terms.public_url, licence.identifier.type_code());
    let expires = licence.valid_to.map(Date::end);
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    put("iss", terms.public_url.into());
    put("vct", vct.as_str().into());
    put("iat", terms.at.seconds().into());
    put("nbf", licence.valid_from.start().seconds().into());
    if let Some(expires) = expires {
        put("exp", expires.seconds().into());
    }
    put("status", json!({"status_list": {"idx": terms.status.index, "uri": terms.status.uri}}));
    if let Some(key) = terms.holder_key {
        put("cnf", json!({"jwk": key.to_jwk()}));
    }
    put("_sd_alg", SD_ALG.into());
    put("_sd", digests.into());
    let issuer_signed = jws::sign(header(signer), claims, signer.key)?;
    let digest = Digest::of(issuer_signed.as_bytes());
    let text = format!("{issuer_signed}~{}~", disclosures.join("~"));
    Ok(SdJwt { text, vct, expires, digest })
}

fn header(signer: SdJwtSigner<'_>) -> Map<String, Value> {
    let chain: Vec<String> = signer.chain.iter().map(|der| STANDARD.encode(der)).collect();
    Map::from_iter([
        ("typ".to_owned(), TYP.into()),
        ("kid".to_owned(), URL_SAFE_NO_PAD.encode(signer.key_id.as_bytes()).into()),
        ("x5c".to_owned(), chain.into()),
    ])
}
