//! Bytes as a trust list: only the golden one is believed under the golden root, and what decodes encodes to the same bytes.

use elicense::pki::{Anchor, TrustList, TrustStore};

use super::golden;

/// One input.
pub fn run(data: &[u8]) {
    let root = golden::TRUST.root_fingerprint();
    if TrustStore::from_envelope(data, Anchor::Pinned(root)).is_ok() {
        assert_eq!(data, golden::TRUST_LIST, "a forged trust list is believed");
    }
    if let Ok(store) = TrustStore::from_envelope(data, Anchor::FirstUse) {
        assert_eq!(store.root_fingerprint(), root, "a root that nobody has the key of");
    }
    if let Ok(list) = TrustList::decode(data) {
        assert_eq!(list.encode().unwrap(), data, "a trust list in other bytes than its own");
    }
}
