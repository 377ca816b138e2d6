//! Remembers which bytes carried a good signature, and under which certificate. Never a verdict: dates, status, ledger
//! and the issuer's own standing are judged anew every time.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::codec::Envelope;
use crate::crypto::Digest;

/// A bounded memory of good signatures, by the SHA-256 of what was presented.
#[derive(Debug)]
pub struct SignatureCache(Cache<Digest, Arc<Signed>>);

/// What was presented, once decoded. Its claims are decoded anew each time: one piece of memory is kept instead of the
/// dozens that claims are, since filling new memory showed in the time of every verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    /// Header, payload and signature.
    pub(super) envelope: Envelope,
    /// Digest of the bare envelope.
    pub(super) digest: Digest,
    /// SHA-256 of the certificate under which the signature was good: another one with the same key id proves nothing.
    pub(super) certificate: Digest,
}

impl SignatureCache {
    /// Room for this many credentials, at about 1 kB each as QR texts.
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
