//! Bytes as a certificate: it keeps them, and only what the golden city minted hangs from the golden root.

use std::sync::Arc;

use elicense::pki::{Budget, Certificate, build_path};

use super::golden;

/// One input.
pub fn run(data: &[u8]) {
    let Ok(certificate) = Certificate::parse(data) else { return };
    assert_eq!(certificate.der(), data);
    assert_eq!(Certificate::parse(certificate.der()).unwrap(), certificate);
    let known: Vec<_> =
        golden::TRUST.list().certificates.iter().map(|entry| Arc::clone(&entry.certificate)).collect();
    let is_known = known.iter().any(|one| one.der() == data);
    let path = build_path(&Arc::new(certificate), &known, &known[0], golden::judged(), Budget::PATH);
    assert_eq!(path.is_ok(), is_known, "a forged certificate has a path");
}
