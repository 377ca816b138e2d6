//! Remembers which bytes carried a good signature, and under which certificate. Never a verdict: dates, status, ledger
//! and the issuer's own standing are judged anew every time.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::codec::{KeyId, LicenceClaims};
use crate::crypto::Digest;

/// A bounded memory of good signatures, by the SHA-256 of what was presented.
#[derive(Debug)]
pub struct SignatureCache(Cache<Digest, Arc<Signed>>);

/// What was decoded from bytes whose signature was good.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signed {
    /// Who signed.
    pub(super) key_id: KeyId,
    /// SHA-256 of the certificate under which the signature was good: another one with the same key id proves nothing.
    pub(super) certificate: Digest,
    /// Digest of the bare envelope.
    pub(super) digest: Digest,
    /// Certificates that came with it.
    pub(super) x5chain: Vec<Vec<u8>>,
    /// What it says.
    pub(super) claims: Arc<LicenceClaims>,
}

impl SignatureCache {
    /// Room for this many credentials, at 2 to 4 kB each.
    pub fn new(capacity: usize) -> Self {
        Self(Cache::new(capacity))
    }

    pub(super) fn get(&self, presented: &Digest) -> Option<Arc<Signed>> {
        self.0.get(presented)
    }

    pub(super) fn insert(&self, presented: Digest, signed: Arc<Signed>) {
        self.0.insert(presented, signed);
    }
}
