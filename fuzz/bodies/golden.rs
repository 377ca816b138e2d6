//! The golden city: the only things that anybody can present and not be refused.

use std::sync::LazyLock;

use elicense::codec::{KeyId, decode_bytes};
use elicense::crypto::Digest;
use elicense::pki::{Anchor, TrustStore, Usage};
use elicense::time::UnixTime;
use elicense::verify::{Status, Verdict};

/// The signed trust list.
pub const TRUST_LIST: &[u8] = include_bytes!("../../fixtures/golden/trust-list.cose");

/// Every golden envelope in bare form.
pub const ENVELOPES: [&[u8]; 4] = [
    include_bytes!("../../fixtures/golden/es256-full.cose"),
    include_bytes!("../../fixtures/golden/es256-qr.cose"),
    include_bytes!("../../fixtures/golden/eddsa-full.cose"),
    include_bytes!("../../fixtures/golden/eddsa-qr.cose"),
];

/// The trust list, loaded once.
pub static TRUST: LazyLock<TrustStore> = LazyLock::new(|| {
    let root = Digest::from_hex(include_str!("../../fixtures/golden/root.sha256").trim_end()).unwrap();
    TrustStore::from_envelope(TRUST_LIST, Anchor::Pinned(root)).unwrap()
});

/// The `kid` of the city's own signer with this usage.
pub fn key_id(usage: Usage) -> KeyId {
    TRUST.signers().find(|signer| signer.usage() == usage).unwrap().key_id()
}

/// A time at which all of it is good.
pub fn judged() -> UnixTime {
    "2026-11-24T10:00:00+08:00".parse().unwrap()
}

/// Without records nothing is ever valid; and only what was signed is not refused. `bytes` is what the text or file held.
pub fn assert_only_golden(verdict: &Verdict, bytes: &[u8]) {
    let is_golden = || decode_bytes(bytes).is_ok_and(|envelope| ENVELOPES.contains(&envelope.bare_bytes()));
    match verdict.status {
        Status::Invalid => {}
        Status::Indeterminate => assert!(is_golden(), "a forgery went through: {verdict:?}"),
        Status::Valid => panic!("valid without a ledger: {verdict:?}"),
    }
}
