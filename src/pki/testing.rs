//! Certificates for tests, here and in the layers above: minted at run time, judged at one fixed time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::der::{self, Der};
use super::mint::ecdsa_der;
use super::{
    Anchor, Authority, Certificate, CertificateEntry, CertificateIssuer, LedgerKey, LicenceForms, Request,
    Scope, SubjectName, TrustList, TrustStore, TypeCodes, Usage, Validity, mint_city, mint_department,
    mint_installation_signer, mint_root, mint_trust_list_signer, sign_trust_list,
};
use crate::crypto::{Algorithm, Digest, Random, RandomError, SigningKey};
use crate::time::UnixTime;

/// 2026-11-24T00:00:00+08:00.
pub(crate) const NOW: i64 = 1_795_449_600;
pub(crate) const YEAR: i64 = 365 * 86_400;
pub(crate) const CREDIT_CODE: &str = "11100000MB03271699";
pub(crate) const TYPE_CODE: &str = "11100000MB03271699022";
pub(crate) const OTHER_TYPE_CODE: &str = "11100000MB03271699023";
pub(crate) const FOREIGN_TYPE_CODE: &str = "11100000MB03271699001";

pub(crate) fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(seconds).unwrap()
}

pub(crate) fn validity(not_before: i64, not_after: i64) -> Validity {
    Validity { not_before: at(not_before), not_after: at(not_after) }
}

/// SHA-256 of a counter: never the same twice, the same in every run.
#[derive(Default)]
pub(crate) struct CountingRandom(AtomicU64);

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let digest = Digest::of(&count.to_be_bytes());
            chunk.copy_from_slice(&digest.as_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// A certificate and its private key.
pub(crate) struct Identity {
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) key: SigningKey,
}

impl Identity {
    pub(crate) fn issuer(&self) -> CertificateIssuer<'_> {
        CertificateIssuer { certificate: &self.certificate, key: &self.key }
    }
}

/// Root, city, department, the five other signers.
pub(crate) struct Tree {
    pub(crate) algorithm: Algorithm,
    pub(crate) random: CountingRandom,
    pub(crate) root: Identity,
    pub(crate) city: Identity,
    pub(crate) department: Identity,
    pub(crate) trust_list: Identity,
    /// Presentation, receipt, pack, status list.
    pub(crate) installation: Vec<Identity>,
}

pub(crate) fn scope() -> Scope {
    let codes = [OTHER_TYPE_CODE, TYPE_CODE].map(|code| code.parse().unwrap());
    Scope { credit_code: CREDIT_CODE.parse().unwrap(), type_codes: TypeCodes::new(codes.to_vec()).unwrap() }
}

impl Tree {
    pub(crate) fn grow(algorithm: Algorithm) -> Self {
        let random = CountingRandom::default();
        let key = SigningKey::generate(algorithm).unwrap();
        let subject = SubjectName { organization: "测试市人民政府", common_name: "测试根" };
        let root = mint_root(subject, &key, validity(NOW - YEAR, NOW + 20 * YEAR), &random).unwrap();
        let root = Identity { certificate: Arc::new(root), key };
        let city = certify(algorithm, "测试市", |request| mint_city(root.issuer(), request, &random));
        let department = certify(algorithm, "测试市住房局", |request| {
            mint_department(city.issuer(), request, &scope(), LicenceForms::EnvelopeAndSdJwt, &random)
        });
        let trust_list = certify(algorithm, "信任列表", |request| {
            mint_trust_list_signer(root.issuer(), request, &random)
        });
        let installation = [Usage::Presentation, Usage::Receipt, Usage::Pack, Usage::StatusList];
        let installation = installation.map(|usage| {
            certify(algorithm, &usage.to_string(), |request| {
                mint_installation_signer(city.issuer(), request, usage, &random)
            })
        });
        Self { algorithm, random, root, city, department, trust_list, installation: installation.into() }
    }

    /// The signer with this usage.
    pub(crate) fn signer(&self, usage: Usage) -> &Identity {
        let mut all = self.installation.iter().chain([&self.department, &self.trust_list]);
        all.find(|one| one.certificate.usage() == Some(usage)).unwrap()
    }

    /// Every certificate, the root first.
    pub(crate) fn certificates(&self) -> Vec<Arc<Certificate>> {
        [&self.root, &self.city, &self.department, &self.trust_list]
            .into_iter()
            .chain(&self.installation)
            .map(|one| Arc::clone(&one.certificate))
            .collect()
    }

    /// A trust list of all of them, signed at [`NOW`].
    pub(crate) fn list(&self) -> TrustList {
        let entry = |certificate| CertificateEntry { certificate, retired: None, revocation: None };
        TrustList {
            issued_at: at(NOW),
            version: 7,
            region: "测试市".to_owned(),
            certificates: self.certificates().into_iter().map(entry).collect(),
            authorities: vec![Authority {
                credit_code: CREDIT_CODE.parse().unwrap(),
                name: "测试市住房局".to_owned(),
                status_uri: "http://127.0.0.1:8080/v1/status-lists/3f-".to_owned(),
                status_signer: self.signer(Usage::StatusList).certificate.key_id(),
            }],
            ledger_keys: vec![LedgerKey {
                origin: "127.0.0.1:8080/ledger/5f0c7a91".to_owned(),
                verifier_key: "127.0.0.1:8080/ledger/5f0c7a91+0378de09+AQID".to_owned(),
            }],
            public_url: "http://127.0.0.1:8080".to_owned(),
        }
    }

    /// That list, believed.
    pub(crate) fn store(&self) -> TrustStore {
        let signer = &self.trust_list;
        let envelope = sign_trust_list(&self.list(), &signer.key, &signer.certificate).unwrap();
        TrustStore::from_envelope(envelope.bare_bytes(), Anchor::FirstUse).unwrap()
    }
}

/// A new key and its certificate, valid from a year before [`NOW`] until ten years after.
pub(crate) fn certify(
    algorithm: Algorithm,
    name: &str,
    mint: impl FnOnce(&Request<'_>) -> Result<Certificate, super::MintError>,
) -> Identity {
    let key = SigningKey::generate(algorithm).unwrap();
    let public = key.verifying_key();
    let subject = SubjectName { organization: "测试市人民政府", common_name: name };
    let request = Request { subject, key: &public, validity: validity(NOW - YEAR, NOW + 10 * YEAR) };
    Identity { certificate: Arc::new(mint(&request).unwrap()), key }
}

/// One element of DER.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    der::write(&mut bytes, tag, content);
    bytes
}

/// An extension as it stands in a certificate.
pub(crate) fn extension(oid: &[u8], critical: &[u8], value: &[u8]) -> Vec<u8> {
    let oid = element(der::OBJECT_IDENTIFIER, oid);
    let value = element(der::OCTET_STRING, value);
    element(der::SEQUENCE, &[&oid, critical, &value].concat())
}

/// `critical TRUE` of an extension.
pub(crate) const CRITICAL: &[u8] = &[der::BOOLEAN, 1, 0xff];

/// A certificate taken apart, to be changed where no honest tool would, and signed again.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) inner_algorithm: Vec<u8>,
    pub(crate) outer_algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    /// Between key and extensions: unique identifiers.
    pub(crate) between: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
    /// Behind the extensions, inside the signed part.
    pub(crate) behind: Vec<u8>,
}

impl Forge {
    pub(crate) fn of(certificate: &Certificate) -> Self {
        let outer = Der::new(der::only(certificate.der(), der::SEQUENCE).unwrap()).elements(3, 3).unwrap();
        let parts = Der::new(outer[0].content).elements(8, 8).unwrap();
        let part = |index: usize| parts[index].raw.to_vec();
        let extensions = Der::new(der::only(parts[7].content, der::SEQUENCE).unwrap());
        let extensions = extensions.elements(1, 20).unwrap();
        Self {
            version: part(0),
            serial: part(1),
            inner_algorithm: part(2),
            outer_algorithm: outer[1].raw.to_vec(),
            issuer: part(3),
            validity: part(4),
            subject: part(5),
            key: part(6),
            between: Vec::new(),
            extensions: extensions.iter().map(|one| one.raw.to_vec()).collect(),
            behind: Vec::new(),
        }
    }

    /// Position of the extension with this identifier.
    pub(crate) fn find(&self, oid: &[u8]) -> usize {
        let oid = element(der::OBJECT_IDENTIFIER, oid);
        let has = |extension: &Vec<u8>| der::only(extension, der::SEQUENCE).unwrap().starts_with(&oid);
        self.extensions.iter().position(has).unwrap()
    }

    pub(crate) fn replace(&mut self, oid: &[u8], critical: &[u8], value: &[u8]) {
        let index = self.find(oid);
        self.extensions[index] = extension(oid, critical, value);
    }

    pub(crate) fn remove(&mut self, oid: &[u8]) {
        let index = self.find(oid);
        self.extensions.remove(index);
    }

    pub(crate) fn set_validity(&mut self, not_before: (u8, &str), not_after: (u8, &str)) {
        let times = [not_before, not_after].map(|(tag, text)| element(tag, text.as_bytes()));
        self.validity = element(der::SEQUENCE, &times.concat());
    }

    pub(crate) fn sign(&self, key: &SigningKey) -> Vec<u8> {
        let mut parts = [
            &self.version,
            &self.serial,
            &self.inner_algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.key,
            &self.between,
        ]
        .map(Vec::as_slice)
        .concat();
        if !self.extensions.is_empty() {
            parts.extend(element(0xa3, &element(der::SEQUENCE, &self.extensions.concat())));
        }
        parts.extend(&self.behind);
        let signed = element(der::SEQUENCE, &parts);
        let signature = key.sign(&signed).unwrap();
        let signature = match key.algorithm() {
            Algorithm::Es256 => ecdsa_der(&signature),
            Algorithm::EdDsa => signature.to_vec(),
        };
        let signature = element(der::BIT_STRING, &[&[0], signature.as_slice()].concat());
        element(der::SEQUENCE, &[signed, self.outer_algorithm.clone(), signature].concat())
    }

    /// Signed again and read: for forgeries that are faultless by themselves.
    pub(crate) fn certificate(&self, key: &SigningKey) -> Arc<Certificate> {
        Arc::new(Certificate::parse(&self.sign(key)).unwrap())
    }
}
