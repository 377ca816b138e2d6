//! Text as an SD-JWT VC; `{…` as its claims with a disclosure's JSON in each further line; `[…` as a disclosure's JSON, or as
//! a holder's key: nothing is believed that the fixtures' departments have not signed.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use elicense::pki::{Anchor, TrustStore};
use elicense::sdjwt::{Disclosure, HolderKey, Jws, MAX_DISCLOSURES, Presentation, SdJwtClaims, TYP, unpack};
use elicense::time::UnixTime;
use elicense::verify::{Check, Outcome, Status, Verifier};
use serde_json::Value;

/// Trust list and texts of the hostile fixtures.
static FIXTURES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../fixtures/hostile/2.5-sd-jwt.json")).unwrap());

static TRUST: LazyLock<TrustStore> = LazyLock::new(|| {
    let list = STANDARD.decode(FIXTURES["trust_list"].as_str().unwrap()).unwrap();
    TrustStore::from_envelope(&list, Anchor::FirstUse).unwrap()
});

/// Every issuer-signed JWT that there is under those departments' keys.
static SIGNED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let all = ["twins", "fixtures"].into_iter().flat_map(|kind| FIXTURES[kind].as_array().unwrap());
    let texts = all.filter_map(|one| one["present"]["text"][0].as_str());
    texts.map(|text| text.split('~').next().unwrap().to_owned()).collect()
});

/// One input.
pub fn run(data: &[u8]) {
    match data.first() {
        Some(b'{') => claims(data),
        Some(b'[') => disclosure(data),
        _ => {
            if let Ok(text) = std::str::from_utf8(data) {
                presentation(text);
            }
        }
    }
}

fn presentation(text: &str) {
    let at = UnixTime::from_seconds(1_795_485_600).unwrap();
    let verdict = Verifier::new(&TRUST).verify_sd_jwt(text, None, at);
    assert_ne!(verdict.status, Status::Valid, "without a ledger nothing is valid");
    assert_eq!(verdict.findings.len(), 8);
    let Ok(parts) = Presentation::split(text) else { return };
    assert!(parts.disclosures.len() <= MAX_DISCLOSURES);
    let again =
        [&[parts.issuer_signed][..], &parts.disclosures, &[parts.key_binding.unwrap_or_default()]].concat();
    assert_eq!(again.join("~"), text, "cut into other parts than it has");
    let signature = verdict.finding(Check::Signature).unwrap().result;
    if signature == Outcome::Pass {
        assert!(SIGNED.contains(parts.issuer_signed), "a forged JWT is believed");
    }
    if let Some(shown) = verdict.sd_jwt {
        let open = unpack(Jws::decode(parts.issuer_signed, TYP).unwrap().payload().clone(), &[]).unwrap();
        let added = shown.disclosed.keys().filter(|claim| !open.contains_key(*claim)).count();
        assert!(added <= parts.disclosures.len(), "more is shown than was disclosed");
    }
}

/// No signature stands before what follows it.
fn claims(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let Some(Ok(Value::Object(payload))) = lines.next().map(serde_json::from_slice) else { return };
    let disclosures: Vec<String> = lines.map(|line| URL_SAFE_NO_PAD.encode(line)).collect();
    let disclosures: Vec<&str> = disclosures.iter().map(String::as_str).collect();
    if let Some(jwk) = payload.get("cnf").and_then(|cnf| cnf.get("jwk"))
        && let Ok(key) = HolderKey::from_jwk(jwk)
    {
        assert_eq!(HolderKey::from_jwk(&key.to_jwk()), Ok(key), "a key in another JWK than its own");
    }
    let Ok(unpacked) = unpack(payload, &disclosures) else { return };
    let Ok(claims) = SdJwtClaims::read(&unpacked) else { return };
    assert!(claims.expires.is_none_or(|end| end > claims.not_before));
    assert!(claims.disclosed.keys().all(|claim| unpacked.contains_key(claim)));
}

fn disclosure(data: &[u8]) {
    let text = URL_SAFE_NO_PAD.encode(data);
    if let Ok(read) = Disclosure::decode(&text) {
        assert_eq!(read.digest.len(), 43);
    }
}
