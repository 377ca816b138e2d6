//! Builds SD-JWT VCs by hand, so that any part can be wrong under a good signature.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use elicense::codec::StatusReference;
use elicense::crypto::{Digest, SigningKey, SystemRandom};
use elicense::pki::{
    Certificate, CertificateEntry, CertificateIssuer, LicenceForms, Request, SubjectName, TrustList, Usage,
    Validity, mint_department, sign_trust_list,
};
use serde_json::{Value, json};

use super::city::{
    BEGINS, EDDSA, ENDS, ES256, PUBLIC_URL, REGION, STATUS_TAGS, department, department_key, key, signer,
    time, trust,
};

/// The licence that all of them are of.
pub(crate) const IDENTIFIER: &str =
    "1.2.156.3005.2.11100000000013338W011.11999900MB00003341.0123456789ABCDEFGHIJKLMNO.001.4";
pub(crate) const AUDIENCE: &str = "https://window.example";
pub(crate) const NONCE: &str = "5e1f9c";

/// The place in a status list that all of them have.
pub(crate) fn status() -> StatusReference {
    let (_, tag) = STATUS_TAGS.iter().find(|(code, _)| *code == ES256).unwrap();
    StatusReference { uri: format!("{PUBLIC_URL}/v1/status-lists/{tag}-0"), index: 7 }
}

/// The golden trust list with departments certified for SD-JWT VC, as its envelope.
pub(crate) fn trust_list() -> Vec<u8> {
    let golden = trust();
    let mut list: TrustList = golden.list().clone();
    list.version += 1;
    list.certificates.retain(|entry| entry.certificate.scope().is_none());
    for code in [ES256, EDDSA] {
        let certificate = Arc::new(certify(code));
        list.certificates.push(CertificateEntry { certificate, retired: None, revocation: None });
    }
    let by = signer(&golden, Usage::TrustList).certificate();
    sign_trust_list(&list, &key("trust-list"), by).unwrap().bare_bytes().to_vec()
}

fn certify(code: &str) -> Certificate {
    let golden = trust();
    let before = department(&golden, code);
    let city = &before.path().certificates()[1];
    let city_key = key("city");
    let issuer = CertificateIssuer { certificate: city, key: &city_key };
    let public = department_key(code).verifying_key();
    let validity = Validity { not_before: time(BEGINS), not_after: time(ENDS) };
    let name = before.certificate().common_name();
    let subject = SubjectName { organization: REGION, common_name: name };
    let request = Request { subject, key: &public, validity };
    let forms = LicenceForms::EnvelopeAndSdJwt;
    mint_department(issuer, &request, before.scope().unwrap(), forms, &SystemRandom).unwrap()
}

/// An SD-JWT VC to be.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    /// As texts, ready to stand between tildes.
    pub(crate) disclosures: Vec<String>,
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn digest(text: &str) -> String {
    b64(Digest::of(text.as_bytes()).as_bytes())
}

/// A disclosure of whatever this is.
pub(crate) fn disclosure(value: &Value) -> String {
    b64(value.to_string())
}

/// Header and claims as texts, signed.
pub(crate) fn sign_texts(header: &str, claims: &str, key: &SigningKey) -> String {
    let signed = format!("{}.{}", b64(header), b64(claims));
    let signature = b64(key.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

impl Draft {
    /// A good one of the ES256 department, with these members disclosed.
    pub(crate) fn with(trust_list: &elicense::pki::TrustStore, members: &[(&str, Value)]) -> Self {
        let known = department(trust_list, ES256);
        let path: Vec<&[u8]> = known.path_der().collect();
        let x5c: Vec<String> = path[..path.len() - 1].iter().map(|der| STANDARD.encode(der)).collect();
        let status = status();
        let header = json!({
            "alg": "ES256", "typ": "dc+sd-jwt", "kid": b64(known.key_id().as_bytes()), "x5c": x5c,
        });
        let claims = json!({
            "iss": PUBLIC_URL, "vct": format!("{PUBLIC_URL}/v1/licence-types/11100000000013338W011"),
            "iat": time("2026-11-01T10:00:00+08:00").seconds(), "nbf": time("2026-11-01T00:00:00+08:00").seconds(),
            "exp": time("2027-11-01T00:00:00+08:00").seconds(),
            "status": {"status_list": {"idx": status.index, "uri": status.uri}},
            "_sd_alg": "sha-256", "_sd": [],
        });
        let mut draft = Self { header, claims, disclosures: Vec::new() };
        for (name, value) in members {
            draft.disclose(&json!([salt(name), name, value]));
        }
        draft
    }

    /// Puts a disclosure in, and its digest among those of the top.
    pub(crate) fn disclose(&mut self, value: &Value) -> &mut Self {
        let text = disclosure(value);
        self.claims["_sd"].as_array_mut().unwrap().push(digest(&text).into());
        self.disclosures.push(text);
        self
    }

    /// With other claims.
    pub(crate) fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    /// Without a claim.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    /// With another header.
    pub(crate) fn head(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    /// Bound to this key.
    pub(crate) fn bound(self, key: &SigningKey) -> Self {
        self.claim("cnf", json!({"jwk": elicense::sdjwt::HolderKey::new(key.verifying_key()).to_jwk()}))
    }

    /// Signed by the department, every disclosure behind it.
    pub(crate) fn text(&self) -> String {
        self.text_by(&department_key(ES256))
    }

    pub(crate) fn text_by(&self, key: &SigningKey) -> String {
        let jwt = sign_texts(&self.header.to_string(), &self.claims.to_string(), key);
        let disclosures: String = self.disclosures.iter().map(|text| format!("{text}~")).collect();
        format!("{jwt}~{disclosures}")
    }
}

/// As long as a salt should be, and another one for each name.
pub(crate) fn salt(name: &str) -> String {
    b64(&Digest::of(name.as_bytes()).as_bytes()[..16])
}

/// The claims of a good proof over `shown`.
pub(crate) fn proof_claims(shown: &str) -> Value {
    json!({
        "aud": AUDIENCE, "nonce": NONCE, "iat": time(super::city::JUDGED).seconds() - 10, "sd_hash": digest(shown),
    })
}

/// A proof with these claims.
pub(crate) fn prove(claims: &Value, key: &SigningKey) -> String {
    let header = json!({"alg": key.algorithm().name(), "typ": "kb+jwt"});
    sign_texts(&header.to_string(), &claims.to_string(), key)
}
