//! Bytes as a receipt's payload: what decodes encodes to the same bytes; rightly signed, it is shown where it decodes, and is
//! never valid without a ledger.

use std::sync::LazyLock;

use elicense::codec::{KeyId, ReceiptClaims, Typ, sign_envelope};
use elicense::crypto::SigningKey;
use elicense::pki::Usage;
use elicense::verify::{Check, Outcome, Status, Verifier};

use super::golden;

/// The golden city's public receipt key.
static KEY: LazyLock<(SigningKey, KeyId)> = LazyLock::new(|| {
    let key = SigningKey::from_pkcs8_pem(include_str!("../../keys/receipt.pem")).unwrap();
    (key, golden::key_id(Usage::Receipt))
});

/// One input.
pub fn run(data: &[u8]) {
    let claims = ReceiptClaims::decode(data);
    if let Ok(claims) = &claims {
        assert_eq!(claims.encode(), data, "a receipt in other bytes than its own");
    }
    let Ok(envelope) = sign_envelope(Typ::Receipt, KEY.1, data.to_vec(), &KEY.0) else { return };
    let verdict = Verifier::new(&golden::TRUST).verify_bytes(envelope.bare_bytes(), golden::judged());
    assert_ne!(verdict.status, Status::Valid, "valid without a ledger");
    let issuer = verdict.finding(Check::Issuer).map(|finding| finding.result);
    assert_eq!(verdict.receipt.is_some(), claims.is_ok() && issuer == Some(Outcome::Pass));
    assert!(verdict.licence.is_none() && verdict.presentation.is_none());
    if let Some(shown) = verdict.receipt {
        assert_eq!(Ok(shown.claims()), claims.as_ref());
    }
}
