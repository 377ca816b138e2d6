//! Bytes as a presentation's payload: what decodes encodes to the same bytes; rightly signed, it is never valid without a
//! ledger, and shows its fields only within its minutes.

use std::sync::LazyLock;

use elicense::codec::{KeyId, PresentationClaims, Typ, sign_envelope};
use elicense::crypto::SigningKey;
use elicense::pki::Usage;
use elicense::verify::{Status, Verifier};

use super::golden;

/// The golden city's public presentation key.
static KEY: LazyLock<(SigningKey, KeyId)> = LazyLock::new(|| {
    let key = SigningKey::from_pkcs8_pem(include_str!("../../keys/presentation.pem")).unwrap();
    (key, golden::key_id(Usage::Presentation))
});

/// One input.
pub fn run(data: &[u8]) {
    let claims = PresentationClaims::decode(data);
    if let Ok(claims) = &claims {
        assert_eq!(claims.encode(), data, "a presentation in other bytes than its own");
    }
    let Ok(envelope) = sign_envelope(Typ::Presentation, KEY.1, data.to_vec(), &KEY.0) else { return };
    let at = golden::judged();
    let verdict = Verifier::new(&golden::TRUST).verify_bytes(envelope.bare_bytes(), at);
    assert_ne!(verdict.status, Status::Valid, "valid without a ledger");
    assert!(verdict.licence.is_none() && verdict.receipt.is_none());
    if let Some(shown) = verdict.presentation {
        let claims = claims.unwrap();
        assert!(claims.issued_at <= at.plus(60) && at < claims.expires, "shown outside its minutes");
        assert!((1..=600).contains(&(claims.expires.seconds() - claims.issued_at.seconds())));
        assert_eq!(shown.fields().len(), claims.fields.len());
    }
}
