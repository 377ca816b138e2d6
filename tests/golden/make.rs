//! Makes `keys/` and `fixtures/golden/`. Keys that are there are kept; certificates and licences are made anew, and come
//! out with other bytes each time, since an ES256 signature is random:
//!
//! ```sh
//! cargo test --test golden -- --ignored make_the_golden_files
//! ```
//!
//! Whatever was made from the old bytes has to be made again then: the fixtures in `fixtures/hostile/`, and the annotated
//! licence in `docs/FORMAT.md`.

use std::sync::Arc;

use elicense::codec::{StatusReference, encode_qr_text};
use elicense::crypto::{SigningKey, SystemRandom};
use elicense::issue::{Issuer, SignedLicence};
use elicense::ledger::CheckpointKey;
use elicense::licence::{self, Catalogue, Draft, LicenceType, TypeCode};
use elicense::pki::{
    Authority, Certificate, CertificateEntry, CertificateIssuer, LedgerKey, LicenceForms, MintError, Request,
    Scope, SubjectName, TrustList, TrustStore, TypeCodes, Usage, Validity, mint_city, mint_department,
    mint_installation_signer, mint_root, mint_trust_list_signer, sign_trust_list,
};
use serde_json::json;

use super::city::*;

/// A key with its certificate.
struct Identity {
    key: SigningKey,
    certificate: Certificate,
}

impl Identity {
    fn issuer(&self) -> CertificateIssuer<'_> {
        CertificateIssuer { certificate: &self.certificate, key: &self.key }
    }
}

#[test]
#[ignore = "writes into the tree; see the top of this file"]
fn make_the_golden_files() {
    make_keys();
    let (certificates, issuers) = make_city();
    let list = write_trust_list(certificates);
    let construction = sample("construction-special-operator-electric", Some("2059-12-31"));
    let business = sample("business-licence-benchmark", None);
    for (name, code, draft) in [("es256", ES256, construction), ("eddsa", EDDSA, business)] {
        let issuer = issuers.iter().find(|issuer| issuer.authority.code().as_str() == code).unwrap();
        write_licence(name, &issue(issuer, &list, &draft), &list);
    }
}

fn make_keys() {
    for (name, algorithm) in KEYS {
        let path = tree(&format!("keys/{name}.pem"));
        if !path.exists() {
            let key = SigningKey::generate(algorithm).unwrap();
            std::fs::write(path, key.to_pkcs8_pem().as_bytes()).unwrap();
        }
        assert_eq!(key(name).algorithm(), algorithm, "keys/{name}.pem");
    }
}

fn write(name: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(tree(&format!("fixtures/golden/{name}")), bytes).unwrap();
}

/// Certificates, the root first, and the two departments that issue.
fn make_city() -> (Vec<Certificate>, Vec<Issuer>) {
    let validity = Validity { not_before: time(BEGINS), not_after: time(ENDS) };
    let certify = |name: &str, label: &str, mint: &dyn Fn(&Request<'_>) -> Result<Certificate, MintError>| {
        let key = key(name);
        let public = key.verifying_key();
        let subject = SubjectName { organization: REGION, common_name: label };
        let certificate = mint(&Request { subject, key: &public, validity }).unwrap();
        Identity { key, certificate }
    };
    let root = certify("root", "elicense test root", &|request| {
        mint_root(request.subject, &key("root"), request.validity, &SystemRandom)
    });
    let trust_list = certify("trust-list", "Trust list", &|request| {
        mint_trust_list_signer(root.issuer(), request, &SystemRandom)
    });
    let city = certify("city", CITY_NAME, &|request| mint_city(root.issuer(), request, &SystemRandom));
    let signers = [
        ("status-list", Usage::StatusList),
        ("receipt", Usage::Receipt),
        ("presentation", Usage::Presentation),
        ("pack", Usage::Pack),
    ]
    .map(|(name, usage)| {
        certify(name, name, &|request| mint_installation_signer(city.issuer(), request, usage, &SystemRandom))
    });
    let departments = [(ES256, ES256_NAME, "11100000000013338W"), (EDDSA, EDDSA_NAME, "11100000MB0143028R")]
        .map(|(code, name, definer)| {
            let types = types_of(definer);
            let type_codes = TypeCodes::new(types.clone()).unwrap();
            let scope = Scope { credit_code: code.parse().unwrap(), type_codes };
            let made = certify(&format!("department-{code}"), name, &|request| {
                mint_department(city.issuer(), request, &scope, LicenceForms::Envelope, &SystemRandom)
            });
            (code, name, types, made)
        });
    let mut certificates = vec![root.certificate, trust_list.certificate, city.certificate];
    certificates.extend(signers.map(|signer| signer.certificate));
    certificates.extend(departments.iter().map(|(_, _, _, made)| made.certificate.clone()));
    let issuers = departments.map(|(code, name, scope, made)| Issuer {
        authority: licence::Authority::new(code.parse().unwrap(), name).unwrap(),
        area_code: Some(AREA_CODE.parse().unwrap()),
        scope,
        key_id: made.certificate.key_id(),
        key: Arc::new(made.key),
    });
    (certificates, issuers.into())
}

fn types_of(definer: &str) -> Vec<TypeCode> {
    let catalogue = Catalogue::shipped().unwrap();
    catalogue.iter().map(LicenceType::code).filter(|code| code.definer().as_str() == definer).collect()
}

fn write_trust_list(certificates: Vec<Certificate>) -> TrustStore {
    let signer = |usage| certificates.iter().find(|one| one.usage() == Some(usage)).unwrap().clone();
    let (list_signer, status_signer) = (signer(Usage::TrustList), signer(Usage::StatusList).key_id());
    let checkpoint = CheckpointKey::new(ORIGIN, key("checkpoint")).unwrap();
    let authority = |code: &str, name: &str| {
        let (_, tag) = STATUS_TAGS.iter().find(|(own, _)| *own == code).unwrap();
        Authority {
            credit_code: code.parse().unwrap(),
            name: name.to_owned(),
            status_uri: format!("{PUBLIC_URL}/v1/status-lists/{tag}-"),
            status_signer,
        }
    };
    let mut authorities = vec![authority(ES256, ES256_NAME), authority(EDDSA, EDDSA_NAME)];
    authorities.sort_by_key(|one| one.credit_code);
    let entry = |certificate: Certificate| CertificateEntry {
        certificate: Arc::new(certificate),
        retired: None,
        revocation: None,
    };
    let list = TrustList {
        issued_at: time(SIGNED),
        version: 1,
        region: REGION.to_owned(),
        certificates: certificates.into_iter().map(entry).collect(),
        authorities,
        ledger_keys: vec![LedgerKey {
            origin: ORIGIN.to_owned(),
            verifier_key: checkpoint.verifier_key().to_string(),
        }],
        public_url: PUBLIC_URL.to_owned(),
    };
    let envelope = sign_trust_list(&list, &key("trust-list"), &list_signer).unwrap();
    write("trust-list.cose", envelope.bare_bytes());
    let root = list.certificates[0].certificate.fingerprint();
    write("root.sha256", format!("{root}\n"));
    let trust = trust();
    write("trust-list.pem", trust.pem());
    trust
}

/// A sample's issue request with the golden dates.
fn sample(name: &str, valid_to: Option<&str>) -> Vec<u8> {
    let mut request: serde_json::Value =
        serde_json::from_slice(&read(&format!("fixtures/licences/{name}.json"))).unwrap();
    request["issued"] = json!("2025-01-15");
    request["valid_from"] = json!("2025-01-15");
    request["valid_to"] = json!(valid_to.unwrap_or("long-term"));
    serde_json::to_vec(&request).unwrap()
}

fn issue(issuer: &Issuer, trust: &TrustStore, request: &[u8]) -> SignedLicence {
    let draft = Draft::from_json(request).unwrap();
    let catalogue = Catalogue::shipped().unwrap();
    let licence_type = catalogue.get(&draft.type_code()).unwrap();
    let draft = draft.check(licence_type, time(SIGNED).date()).unwrap();
    let identifier = issuer.new_identifier(licence_type.code(), &SystemRandom).unwrap();
    let prefix = &trust.authority(&issuer.authority.code()).unwrap().status_uri;
    let status = StatusReference { uri: format!("{prefix}0"), index: 40_961 };
    issuer.sign(draft, licence_type, identifier, status, time(SIGNED)).unwrap()
}

fn write_licence(name: &str, licence: &SignedLicence, trust: &TrustStore) {
    let signer = trust.signer(&licence.full.key_id()).unwrap();
    let path: Vec<&[u8]> = signer.path_der().collect();
    write(&format!("{name}-full.elic"), licence.full.to_file_bytes(&path));
    write(&format!("{name}-full.cose"), licence.full.bare_bytes());
    write(&format!("{name}-qr.cose"), licence.qr.bare_bytes());
    write(&format!("{name}-qr.txt"), encode_qr_text(&licence.qr));
}
