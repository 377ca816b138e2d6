//! Bytes as a pack, and as what one is made of: what decodes encodes to the same bytes, and one that is believed is believed
//! again when it is written anew.

use elicense::pack::{Manifest, Pack, PackFile};
use elicense::pki::Anchor;

use super::golden;

/// One input.
pub fn run(data: &[u8]) {
    if let Ok(file) = PackFile::decode(data) {
        assert_eq!(file.encode(), data, "a pack in other bytes than its own");
        if let Ok(manifest) = Manifest::decode(file.manifest.payload()) {
            assert_eq!(manifest.encode(), file.manifest.payload(), "a manifest in other bytes than its own");
        }
    }
    if let Ok(manifest) = Manifest::decode(data) {
        assert_eq!(manifest.encode(), data, "a manifest in other bytes than its own");
    }
    let root = Anchor::Pinned(golden::TRUST.root_fingerprint());
    if let Ok(pack) = Pack::open(data, root) {
        let again = Pack::open(&pack.to_bytes(), root).unwrap();
        assert_eq!(again.manifest(), pack.manifest());
        let update = pack.update(&pack.to_bytes()).unwrap();
        assert_eq!(update.seen(), pack.seen());
    }
}
