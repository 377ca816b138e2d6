//! An authority with its key: what turns a checked draft into two signed envelopes.

use std::sync::Arc;

use crate::codec::{Envelope, KeyId, LicenceClaims, StatusReference, Typ, sign_envelope};
use crate::crypto::{KeyError, Random, RandomError, SigningKey, random_bytes};
use crate::licence::{AreaCode, Authority, CheckedDraft, Identifier, LicenceType, Serial, TypeCode, Version};
use crate::time::UnixTime;

/// An authority that issues: its name and scope, and the key its certificate is for.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Who it is.
    pub authority: Authority,
    /// Where it sits.
    pub area_code: Option<AreaCode>,
    /// The types in its certificate.
    pub scope: Vec<TypeCode>,
    /// Its certificate's key id.
    pub key_id: KeyId,
    /// Its key.
    pub key: Arc<SigningKey>,
}

/// A licence, signed in both forms. Nothing of it may leave the process before its ledger entry is durable.
#[derive(Clone, Debug)]
pub struct SignedLicence {
    /// What the full form says.
    pub claims: LicenceClaims,
    /// The full form.
    pub full: Envelope,
    /// The qr form.
    pub qr: Envelope,
}

/// A licence that could not be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The type is not in the authority's certificate; what it signed would never verify.
    #[error("the authority is not certified for licences of type {type_code}")]
    OutOfScope {
        /// The type asked for.
        type_code: TypeCode,
    },
    /// The key could not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No random bytes for a serial.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl Issuer {
    /// That the authority is certified for this type.
    pub fn check_scope(&self, type_code: TypeCode) -> Result<(), IssueError> {
        if self.scope.contains(&type_code) { Ok(()) } else { Err(IssueError::OutOfScope { type_code }) }
    }

    /// A new identifier: version 001 under a serial that cannot be guessed.
    pub fn new_identifier(&self, type_code: TypeCode, random: &dyn Random) -> Result<Identifier, IssueError> {
        let serial = Serial::from_random(&random_bytes(random)?);
        Ok(Identifier::new(type_code, self.authority.code(), serial, Version::FIRST))
    }

    /// Signs a draft of `licence_type` in both forms.
    pub fn sign(
        &self,
        draft: CheckedDraft,
        licence_type: &LicenceType,
        identifier: Identifier,
        status: StatusReference,
        at: UnixTime,
    ) -> Result<SignedLicence, IssueError> {
        self.check_scope(licence_type.code())?;
        let licence = draft.into_licence(identifier, self.authority.clone(), self.area_code);
        let claims = LicenceClaims::full(licence, at, status);
        let full = sign_envelope(Typ::Licence, self.key_id, claims.encode(), &self.key)?;
        let in_qr = claims.to_qr(licence_type, full.digest());
        let qr = sign_envelope(Typ::Licence, self.key_id, in_qr.encode(), &self.key)?;
        Ok(SignedLicence { claims, full, qr })
    }
}
