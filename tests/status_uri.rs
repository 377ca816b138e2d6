//! Property: a licence's status URI is the prefix that the trust list gives its authority and a canonical list number, or the
//! licence is refused, though its department signed it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

#[path = "golden/city.rs"]
mod city;

use city::{ES256, JUDGED, department, department_key, golden, time, trust};
use elicense::codec::{LicenceClaims, Typ, decode_bytes, sign_envelope};
use elicense::pki::TrustStore;
use elicense::verify::{Check, Code, Verifier};
use proptest::prelude::*;

/// What the verifier says about the golden licence's scope when it names this list.
fn scope(trust: &TrustStore, uri: &str) -> Code {
    let envelope = decode_bytes(&golden("es256-full.cose")).unwrap();
    let mut claims = LicenceClaims::decode(envelope.payload()).unwrap();
    uri.clone_into(&mut claims.status.uri);
    let kid = department(trust, ES256).key_id();
    let signed = sign_envelope(Typ::Licence, kid, claims.encode(), &department_key(ES256)).unwrap();
    let verdict = Verifier::new(trust).verify_bytes(signed.bare_bytes(), time(JUDGED));
    assert_ne!(verdict.finding(Check::Signature).unwrap().code, Code::Forged);
    verdict.finding(Check::Scope).unwrap().code
}

fn prefix(trust: &TrustStore) -> String {
    trust.authority(&ES256.parse().unwrap()).unwrap().status_uri.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_list_number_in_canonical_decimal_is_the_authoritys(number: u32) {
        let trust = trust();
        prop_assert_eq!(scope(&trust, &format!("{}{number}", prefix(&trust))), Code::Ok);
    }

    #[test]
    fn anything_else_behind_the_prefix_is_not(number in "[0-9+./#?a-z-]{0,12}") {
        let trust = trust();
        let is_canonical = number.parse::<u32>().is_ok_and(|parsed| parsed.to_string() == number);
        let expected = if is_canonical { Code::Ok } else { Code::StatusListForeign };
        prop_assert_eq!(scope(&trust, &format!("{}{number}", prefix(&trust))), expected);
    }

    #[test]
    fn a_changed_character_of_the_prefix_makes_it_another(at: prop::sample::Index, other in "[!-~]") {
        let trust = trust();
        let own = prefix(&trust);
        let at = at.index(own.len());
        let changed = format!("{}{other}{}", &own[..at], &own[at + 1..]);
        let expected = if changed == own { Code::Ok } else { Code::StatusListForeign };
        prop_assert_eq!(scope(&trust, &format!("{changed}7")), expected);
    }
}
