//! Text as a checkpoint's note, and as a verifier key: only what the golden ledger's key signs is believed, and it signs a
//! checkpoint in one way.

use std::sync::LazyLock;

use elicense::crypto::SigningKey;
use elicense::ledger::{Checkpoint, CheckpointKey, VerifierKey};

use super::golden;

/// The key is public, but no input comes by its signatures.
static KEY: LazyLock<CheckpointKey> = LazyLock::new(|| {
    let key = SigningKey::from_pkcs8_pem(include_str!("../../keys/checkpoint.pem")).unwrap();
    CheckpointKey::new(&golden::TRUST.ledger_keys()[0].origin, key).unwrap()
});

/// One input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text, "a verifier key in another text than its own");
    }
    if let Ok(checkpoint) = Checkpoint::verify(text, KEY.verifier_key()) {
        let signed = KEY.sign(checkpoint.size, checkpoint.root, checkpoint.chain).unwrap();
        let (said, signature) = signed.split_once("\n\n").unwrap();
        assert!(text.starts_with(&format!("{said}\n\n")), "a checkpoint in another text than its own");
        assert!(text.lines().any(|line| line == signature.trim_end()), "a forged checkpoint is believed");
    }
}
