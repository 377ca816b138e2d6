//! A signer whose path was checked once, when the trust list was loaded: per licence only the time is left to check.

use std::sync::Arc;

use super::certificate::{Certificate, Validity};
use super::extension::Scope;
use super::path::{Path, PathError};
use super::trust_list::Revocation;
use super::usage::Usage;
use crate::codec::KeyId;
use crate::crypto::VerifyingKey;
use crate::licence::{CreditCode, TypeCode};
use crate::time::UnixTime;

/// A certificate that signs things, its path to the root, and what the trust list says about it.
#[derive(Clone, Debug)]
pub struct KnownSigner {
    path: Path,
    leaf: Arc<Certificate>,
    usage: Usage,
    /// What all certificates of the path have in common; empty where they never meet.
    together: Validity,
    retired: Option<UnixTime>,
    revocations: Vec<Revocation>,
}

impl KnownSigner {
    /// `revocations` are those of all certificates of the path, the signer's own first.
    pub(crate) fn new(path: Path, retired: Option<UnixTime>, revocations: Vec<Revocation>) -> Option<Self> {
        let leaf = Arc::clone(path.certificates().first()?);
        let usage = leaf.usage()?;
        let together = path.certificates().iter().fold(leaf.validity(), |together, one| Validity {
            not_before: together.not_before.max(one.validity().not_before),
            not_after: together.not_after.min(one.validity().not_after),
        });
        Some(Self { path, leaf, usage, together, retired, revocations })
    }

    /// The signer's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }

    /// The `kid` of what it signs.
    pub fn key_id(&self) -> KeyId {
        self.leaf.key_id()
    }

    /// Its public key.
    pub fn key(&self) -> &VerifyingKey {
        self.leaf.key()
    }

    /// What it signs first of all.
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// That it is certified to sign `expected`.
    pub fn check_usage(&self, expected: Usage) -> Result<(), PathError> {
        if self.leaf.signs(expected) {
            return Ok(());
        }
        Err(PathError::Usage { certificate: self.key_id(), expected, got: self.usage })
    }

    /// That every certificate of the path, the root among them, is valid at `at`.
    pub fn check_at(&self, at: UnixTime) -> Result<(), PathError> {
        if self.together.contains(at) { Ok(()) } else { self.path.check_at(at) }
    }

    /// What a department may issue; `None` for the installation's signers.
    pub fn scope(&self) -> Option<&Scope> {
        self.leaf.scope()
    }

    /// The department's credit code.
    pub fn credit_code(&self) -> Option<&CreditCode> {
        self.scope().map(|scope| &scope.credit_code)
    }

    /// Whether it may issue licences of this type.
    pub fn scope_allows(&self, code: &TypeCode) -> bool {
        self.scope().is_some_and(|scope| scope.type_codes.contains(code))
    }

    /// The path, signer first.
    pub const fn path(&self) -> &Path {
        &self.path
    }

    /// DER of the path, signer first: what `x5chain` must be, byte for byte.
    pub fn path_der(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.path.certificates().iter().map(|one| one.der())
    }

    /// Whether `x5chain` is exactly this path.
    pub fn chain_is(&self, x5chain: &[Vec<u8>]) -> bool {
        self.path_der().eq(x5chain.iter().map(Vec::as_slice))
    }

    /// Since when it signs nothing new.
    pub const fn retired(&self) -> Option<UnixTime> {
        self.retired
    }

    /// Revocations of the certificates of its path, its own first. A licence has to survive each of them.
    pub fn revocations(&self) -> &[Revocation] {
        &self.revocations
    }
}
