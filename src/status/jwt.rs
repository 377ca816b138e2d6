//! The JWT form: JSON Web Signature in compact serialization (RFC 7515), ES256 only, read strictly.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::list::{Claims, StatusList, StatusListError, StatusSigner};
use crate::codec::{KeyId, limits};
use crate::crypto::{Algorithm, KeyError, VerifyingKey};

const TYP: &str = "statuslist+jwt";

/// What is no JWT of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Longer than allowed.
    #[error("expected a status list of at most {most} bytes, got {got}")]
    TooLong {
        /// The limit.
        most: usize,
        /// Bytes that came.
        got: usize,
    },
    /// Not three parts in base64url without padding.
    #[error("expected three parts in base64url, without padding and joined by dots")]
    Parts,
    /// The header says something else than `alg`, `kid` and `typ` as they have to be.
    #[error("expected exactly alg ES256, kid and typ statuslist+jwt in the header")]
    Header,
    /// `kid` is not 8 bytes in base64url.
    #[error("expected a kid of 8 bytes in base64url")]
    KeyId,
    /// The claims are not exactly ours.
    #[error("expected exactly sub, exp, iat, ttl, status_list and version as claims")]
    Claims,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    #[serde(borrow)]
    alg: &'a str,
    #[serde(borrow)]
    kid: &'a str,
    #[serde(borrow)]
    typ: &'a str,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload<'a> {
    #[serde(borrow)]
    sub: std::borrow::Cow<'a, str>,
    exp: i64,
    iat: i64,
    ttl: u64,
    status_list: Entries<'a>,
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries<'a> {
    bits: u64,
    #[serde(borrow)]
    lst: std::borrow::Cow<'a, str>,
}

/// A JWT whose header was read.
#[derive(Clone, Debug)]
pub(super) struct Jwt {
    pub(super) key_id: KeyId,
    /// Header and payload as they came, with the dot between them.
    signed: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

pub(super) fn sign(
    list: &StatusList,
    lst: &[u8],
    signer: StatusSigner<'_>,
) -> Result<Vec<u8>, StatusListError> {
    if signer.key.algorithm() != Algorithm::Es256 {
        return Err(KeyError::Failed.into());
    }
    let kid = URL_SAFE_NO_PAD.encode(signer.key_id.as_bytes());
    let header = Header { alg: "ES256", kid: &kid, typ: TYP };
    let payload = Payload {
        sub: (&list.uri).into(),
        exp: list.expires.seconds(),
        iat: list.issued_at.seconds(),
        ttl: list.ttl.into(),
        status_list: Entries {
            bits: list.bits.width().count().into(),
            lst: URL_SAFE_NO_PAD.encode(lst).into(),
        },
        version: list.version,
    };
    // Texts and numbers only: writing them cannot fail.
    let (header, payload) =
        (serde_json::to_vec(&header).unwrap_or_default(), serde_json::to_vec(&payload).unwrap_or_default());
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = signer.key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token.into_bytes())
}

impl Jwt {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, JwtError> {
        if bytes.len() > limits::STATUS_LIST {
            return Err(JwtError::TooLong { most: limits::STATUS_LIST, got: bytes.len() });
        }
        let mut parts = bytes.split(|byte| *byte == b'.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwtError::Parts);
        };
        let signed = bytes.get(..header.len() + 1 + payload.len()).unwrap_or_default().to_vec();
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| JwtError::Parts);
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| JwtError::Header)?;
        if (header.alg, header.typ) != ("ES256", TYP) {
            return Err(JwtError::Header);
        }
        let kid = URL_SAFE_NO_PAD.decode(header.kid).ok().and_then(|kid| kid.try_into().ok());
        let key_id = KeyId::from_bytes(kid.ok_or(JwtError::KeyId)?);
        Ok(Self { key_id, signed, payload, signature })
    }

    /// The list, if `key` signed it. A key of another algorithm never did.
    pub(super) fn verify(&self, key: &VerifyingKey) -> Result<StatusList, StatusListError> {
        if key.algorithm() != Algorithm::Es256 {
            return Err(crate::crypto::SignatureError::Mismatch.into());
        }
        key.verify(&self.signed, &self.signature)?;
        let payload: Payload<'_> = serde_json::from_slice(&self.payload).map_err(|_| JwtError::Claims)?;
        let lst = URL_SAFE_NO_PAD.decode(&*payload.status_list.lst).map_err(|_| JwtError::Claims)?;
        Claims {
            uri: &payload.sub,
            expires: payload.exp,
            issued_at: payload.iat,
            ttl: payload.ttl,
            version: payload.version,
            bits: payload.status_list.bits,
            lst: &lst,
        }
        .into_list()
    }
}
