//! The installation's own signing keys: one a purpose, certified by the city.

use super::key_files::KeyFiles;
use super::open::RegistryOpenError;
use crate::codec::{Envelope, KeyId, Typ, sign_envelope};
use crate::crypto::{KeyError, SigningKey};
use crate::pki::{KnownSigner, TrustStore, Usage};

/// A key of the installation and the `kid` of its certificate.
pub(super) struct OwnSigner {
    key: SigningKey,
    key_id: KeyId,
    /// What it signs, and nothing else.
    typ: Typ,
}

impl OwnSigner {
    /// Reads the key and finds its certificate in the trust list.
    pub(super) fn find(
        trust: &TrustStore,
        keys: &KeyFiles,
        name: &'static str,
        usage: Usage,
    ) -> Result<Self, RegistryOpenError> {
        let none = || RegistryOpenError::NoSigner { key: name, signs: usage };
        let typ = usage.typ().ok_or_else(none)?;
        let key = keys.read(name)?;
        let public = key.verifying_key();
        let is_current = |signer: &&KnownSigner| {
            let standing = signer.retired().is_none() && signer.revocations().is_empty();
            signer.usage() == usage && *signer.key() == public && standing
        };
        let signer = trust.signers().find(is_current);
        let key_id = signer.ok_or_else(none)?.key_id();
        Ok(Self { key, key_id, typ })
    }

    /// The `kid` and the key.
    pub(super) const fn identity(&self) -> (KeyId, &SigningKey) {
        (self.key_id, &self.key)
    }

    /// Signs what this key is for.
    pub(super) fn sign(&self, payload: Vec<u8>) -> Result<Envelope, KeyError> {
        sign_envelope(self.typ, self.key_id, payload, &self.key)
    }
}
