//! The golden city: whose public keys lie in `keys/`, and what was made with them in `fixtures/golden/`.

#![allow(dead_code, reason = "every test binary compiles this and uses its own part of it")]

use std::path::{Path, PathBuf};

use elicense::codec::{LicenceClaims, ReceiptId, decode_bytes};
use elicense::crypto::{Algorithm, Digest, SigningKey};
use elicense::licence::Identifier;
use elicense::pki::{Anchor, KnownSigner, TrustStore, Usage};
use elicense::time::UnixTime;
use elicense::verify::{PresentationRecord, ReceiptRecord, Record, Records, RecordsUnavailable};

pub(crate) const REGION: &str = "示范市";
pub(crate) const CITY_NAME: &str = "示范市人民政府";
pub(crate) const CITY_CODE: &str = "11999900MB0000115N";
/// Signs with ES256: construction.
pub(crate) const ES256: &str = "11999900MB00003341";
pub(crate) const ES256_NAME: &str = "示范市自然资源和住房建设局";
/// Signs with EdDSA: business licences.
pub(crate) const EDDSA: &str = "11999900MB000022XP";
pub(crate) const EDDSA_NAME: &str = "示范市市场监督管理局";
pub(crate) const AREA_CODE: &str = "999900";
pub(crate) const PUBLIC_URL: &str = "https://licences.example";
pub(crate) const ORIGIN: &str = "licences.example/ledger/901de000";
/// Random parts of the two departments' status lists.
pub(crate) const STATUS_TAGS: [(&str, &str); 2] = [(ES256, "5b0c1f3a9e7d2468"), (EDDSA, "c4a7e19b60d35f82")];

/// API keys of the golden installation. They are as public as the keys in `keys/`, and as worthless.
pub(crate) const API_KEYS: ApiKeys = ApiKeys {
    es256: "elk_e52560000000e256_1111111111111111111111111111111111111111111111111111111111111111",
    eddsa: "elk_edd5a0000000edda_2222222222222222222222222222222222222222222222222222222222222222",
    verifies_only: "elk_0e01f0000000e0f0_3333333333333333333333333333333333333333333333333333333333333333",
    withdrawn: "elk_dead00000000dead_4444444444444444444444444444444444444444444444444444444444444444",
};

pub(crate) struct ApiKeys {
    pub(crate) es256: &'static str,
    pub(crate) eddsa: &'static str,
    pub(crate) verifies_only: &'static str,
    /// Once the ES256 department's.
    pub(crate) withdrawn: &'static str,
}

/// Only verifies.
pub(crate) const VERIFIES_ONLY: &str = "11999900MB0000553B";
pub(crate) const VERIFIES_ONLY_NAME: &str = "示范市政务服务中心";

/// Every key of the city, by the name of its file under `keys/`, and its algorithm.
pub(crate) const KEYS: [(&str, Algorithm); 11] = [
    ("root", Algorithm::Es256),
    ("city", Algorithm::Es256),
    ("trust-list", Algorithm::Es256),
    ("status-list", Algorithm::Es256),
    ("receipt", Algorithm::Es256),
    ("presentation", Algorithm::Es256),
    ("pack", Algorithm::Es256),
    ("department-11999900MB00003341", Algorithm::Es256),
    ("department-11999900MB000022XP", Algorithm::EdDsa),
    ("checkpoint", Algorithm::EdDsa),
    ("outsider", Algorithm::EdDsa),
];

/// When the certificates begin, the golden licences were signed, and the fixtures are judged.
pub(crate) const BEGINS: &str = "2025-01-01T00:00:00+08:00";
pub(crate) const ENDS: &str = "2060-12-31T23:59:59+08:00";
pub(crate) const SIGNED: &str = "2025-01-15T10:00:00+08:00";
pub(crate) const JUDGED: &str = "2026-11-24T10:00:00+08:00";

pub(crate) fn time(text: &str) -> UnixTime {
    text.parse().unwrap()
}

/// A file of the tree, by its path from the top.
pub(crate) fn tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn read(path: &str) -> Vec<u8> {
    std::fs::read(tree(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn golden(name: &str) -> Vec<u8> {
    read(&format!("fixtures/golden/{name}"))
}

pub(crate) fn golden_text(name: &str) -> String {
    String::from_utf8(golden(name)).unwrap()
}

/// The private key in `keys/NAME.pem`.
pub(crate) fn key(name: &str) -> SigningKey {
    let pem = String::from_utf8(read(&format!("keys/{name}.pem"))).unwrap();
    SigningKey::from_pkcs8_pem(&pem).unwrap()
}

pub(crate) fn department_key(code: &str) -> SigningKey {
    key(&format!("department-{code}"))
}

/// The golden trust list, anchored in the fingerprint beside it.
pub(crate) fn trust() -> TrustStore {
    let root = Digest::from_hex(golden_text("root.sha256").trim_end()).unwrap();
    TrustStore::from_envelope(&golden("trust-list.cose"), Anchor::Pinned(root)).unwrap()
}

/// The department with this credit code in the trust list.
pub(crate) fn department<'a>(trust: &'a TrustStore, code: &str) -> &'a KnownSigner {
    let of = |signer: &&KnownSigner| signer.credit_code().is_some_and(|own| own.as_str() == code);
    trust.signers().find(of).unwrap()
}

/// The installation's signer for this usage.
pub(crate) fn signer(trust: &TrustStore, usage: Usage) -> &KnownSigner {
    trust.signers().find(|signer| signer.usage() == usage).unwrap()
}

/// A ledger that holds the golden licences and nothing else.
pub(crate) struct GoldenLedger(Vec<(Identifier, Record)>);

impl GoldenLedger {
    pub(crate) fn read() -> Self {
        let record = |(position, name): (u64, &str)| {
            let [full, qr] = ["full", "qr"].map(|form| golden(&format!("{name}-{form}.cose")));
            let claims = LicenceClaims::decode(decode_bytes(&full).unwrap().payload()).unwrap();
            let record =
                Record { position, full: Digest::of(&full), qr: Digest::of(&qr), history: Vec::new() };
            (claims.licence.identifier, record)
        };
        Self([(20, "es256"), (21, "eddsa")].map(record).to_vec())
    }
}

impl Records for GoldenLedger {
    fn look_up(&self, identifier: &Identifier) -> Result<Option<Record>, RecordsUnavailable> {
        Ok(self.0.iter().find(|(own, _)| own == identifier).map(|(_, record)| record.clone()))
    }

    fn receipt(&self, _: &ReceiptId) -> Result<Option<ReceiptRecord>, RecordsUnavailable> {
        Ok(None)
    }

    fn presentation(&self, _: &Digest) -> Result<Option<PresentationRecord>, RecordsUnavailable> {
        Ok(None)
    }
}
