//! Verdicts by what was carried along: entries graded by age, keys that were compromised, clocks that are behind.

use super::*;
use crate::codec::KeyId;
use crate::licence::{Grade, OfflinePolicy, TypeCode};

/// Seconds, and what an entry is good for.
const POLICY: OfflinePolicy = OfflinePolicy { fresh: 100, stale: 1_000 };

/// A pack in miniature.
struct Carried {
    value: Option<u8>,
    survives: bool,
}

impl Offline for Carried {
    fn entry(&self, reference: &StatusReference) -> Option<ListEntry> {
        assert_eq!(
            (reference.uri.as_str(), reference.index),
            ("http://127.0.0.1:8080/v1/status-lists/3f-0", 1)
        );
        Some(ListEntry { value: self.value?, as_of: at(NOW) })
    }

    fn policy(&self, code: &TypeCode) -> OfflinePolicy {
        assert_eq!(code.as_str(), TYPE_CODE);
        POLICY
    }

    fn survives(&self, _signer: &KeyId, envelope: &Digest) -> bool {
        assert_ne!(*envelope, Digest::from_bytes([0; 32]));
        self.survives
    }

    fn made(&self) -> UnixTime {
        at(NOW)
    }
}

const GOOD: Carried = Carried { value: Some(0), survives: false };

fn judge(city: &City, trust: &TrustStore, carried: &Carried, time: i64) -> Verdict {
    let verifier = Verifier::new(trust).with_offline(carried);
    let full = verifier.verify_bytes(city.full.bare_bytes(), at(time));
    let qr = verifier.verify_text(&encode_qr_text(&city.qr), at(time));
    assert_eq!(full.findings, qr.findings, "both forms are one licence");
    full
}

#[test]
fn an_entry_is_graded_by_its_age_and_what_ended_stays_ended() {
    let city = City::new();
    let trust = city.trust(|_| {});
    for (value, age, status, code) in [
        (0, 100, Status::Valid, Code::Ok),
        (0, 101, Status::Valid, Code::StatusStale),
        (0, 1_001, Status::Indeterminate, Code::StatusTooOld),
        (1, 0, Status::Invalid, Code::OutOfForce),
        (1, 1_001, Status::Invalid, Code::OutOfForce),
        (2, 1_000, Status::Invalid, Code::Suspended),
        (2, 1_001, Status::Indeterminate, Code::StatusTooOld),
        (3, 0, Status::Indeterminate, Code::StatusUnknown),
    ] {
        let carried = Carried { value: Some(value), survives: false };
        let verdict = judge(&city, &trust, &carried, NOW + age);
        let found = verdict.finding(Check::Status).map(|finding| finding.code);
        assert_eq!((verdict.status, found), (status, Some(code)), "{value} after {age} s");
        assert_eq!(verdict.finding(Check::Ledger).unwrap().code, Code::NotNeededOffline);
        let age = verdict.freshness.status.expect("how old it was");
        assert_eq!(age.as_of, at(NOW));
        assert_eq!(age.grade == Grade::TooOld, verdict.at > at(NOW + 1_000));
    }
    let nothing = Carried { value: None, survives: false };
    expect(&judge(&city, &trust, &nothing, NOW), Status::Indeterminate, &[Code::StatusUnknown]);
}

#[test]
fn under_a_compromised_key_only_survivors_are_good() {
    let city = City::new();
    for certificate in [DEPARTMENT, CITY] {
        let trust = city.revoked(certificate, RevocationReason::Compromised, NOW + 50, POSITION + 1);
        let survivor = Carried { value: Some(0), survives: true };
        expect(&judge(&city, &trust, &survivor, NOW + 60), Status::Valid, &[]);
        let reasons = [Code::IssuerRevoked, Code::LedgerUnknown];
        expect(&judge(&city, &trust, &GOOD, NOW + 60), Status::Indeterminate, &reasons);
        let trust = city.revoked(certificate, RevocationReason::Superseded, NOW + 50, POSITION + 1);
        expect(&judge(&city, &trust, &GOOD, NOW + 60), Status::Valid, &[]);
        let trust = city.revoked(certificate, RevocationReason::Superseded, NOW - 50, POSITION + 1);
        expect(&judge(&city, &trust, &survivor, NOW + 60), Status::Invalid, &[Code::IssuerRevoked]);
    }
}

#[test]
fn a_clock_behind_a_signed_time_says_nothing_about_now_but_what_has_ended() {
    let city = City::new();
    let trust = city.trust(|_| {});
    let by_clock = |carried: &Carried, seen: i64, clock: i64| {
        let verifier = Verifier::new(&trust).with_offline(carried).with_newest_seen(at(seen));
        verifier.verify_bytes(city.full.bare_bytes(), at(clock))
    };
    expect(&by_clock(&GOOD, NOW + 60, NOW), Status::Valid, &[]);
    let behind = [Code::ClockBehind, Code::ClockBehind];
    expect(&by_clock(&GOOD, NOW + 61, NOW), Status::Indeterminate, &behind);
    expect(&by_clock(&GOOD, NOW + 61, NOW - 86_400), Status::Indeterminate, &behind);
    let ended = Carried { value: Some(1), survives: false };
    expect(&by_clock(&ended, NOW + 61, NOW), Status::Invalid, &[Code::ClockBehind, Code::OutOfForce]);
    let long_past_its_end = NOW + 100 * 86_400;
    let expired = by_clock(&GOOD, long_past_its_end + 86_400, long_past_its_end);
    assert_eq!(expired.finding(Check::Dates).unwrap().code, Code::Expired);
}
