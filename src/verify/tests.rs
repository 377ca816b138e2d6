//! What only the verifier decides: revocations against the ledger, states over time, and what a cache may remember.

mod offline;

use std::sync::Arc;

use super::*;
use crate::codec::{Envelope, LicenceClaims, StatusReference, Typ, encode_qr_text, sign_envelope};
use crate::crypto::{Algorithm, Digest};
use crate::licence::{Authority, Catalogue, Draft, Identifier, LicenceType, Serial, State, Version};
use crate::pki::testing::{CREDIT_CODE, NOW, TYPE_CODE, Tree, at};
use crate::pki::{Anchor, Revocation, RevocationReason, TrustList, TrustStore, sign_trust_list};
use crate::time::UnixTime;

const SAMPLE: &[u8] = include_bytes!("../../fixtures/licences/business-licence-benchmark.json");
/// Positions of certificates in the tree's list.
const CITY: usize = 1;
const DEPARTMENT: usize = 2;
/// Position of the licence in the ledger.
const POSITION: u64 = 40;

/// An installation's certificates, and a licence signed at [`NOW`] in both forms.
struct City {
    tree: Tree,
    full: Envelope,
    qr: Envelope,
    identifier: Identifier,
}

impl City {
    fn new() -> Self {
        let tree = Tree::grow(Algorithm::EdDsa);
        let catalogue = Catalogue::shipped().unwrap();
        let draft = Draft::from_json(SAMPLE).unwrap();
        let licence_type: &LicenceType = catalogue.get(&draft.type_code()).unwrap();
        let draft = draft.check(licence_type, at(NOW).date()).unwrap();
        let issuer = CREDIT_CODE.parse().unwrap();
        let serial = Serial::from_random(&[7; 32]);
        let identifier = Identifier::new(TYPE_CODE.parse().unwrap(), issuer, serial, Version::FIRST);
        let authority = Authority::new(issuer, "测试市住房局").unwrap();
        let mut licence = draft.into_licence(identifier.clone(), authority, None);
        licence.valid_from = "2026-11-20".parse().unwrap();
        licence.valid_to = Some("2026-12-31".parse().unwrap());
        let status =
            StatusReference { uri: "http://127.0.0.1:8080/v1/status-lists/3f-0".to_owned(), index: 1 };
        let claims = LicenceClaims::full(licence, at(NOW), status);
        let sign = |claims: &LicenceClaims| {
            let key_id = tree.department.certificate.key_id();
            sign_envelope(Typ::Licence, key_id, claims.encode(), &tree.department.key).unwrap()
        };
        let full = sign(&claims);
        let qr = sign(&claims.to_qr(licence_type, full.digest()));
        Self { tree, full, qr, identifier }
    }

    fn trust(&self, change: impl FnOnce(&mut TrustList)) -> TrustStore {
        let mut list = self.tree.list();
        change(&mut list);
        let signer = &self.tree.trust_list;
        let envelope = sign_trust_list(&list, &signer.key, &signer.certificate).unwrap();
        TrustStore::from_envelope(envelope.bare_bytes(), Anchor::FirstUse).unwrap()
    }

    fn revoked(&self, certificate: usize, reason: RevocationReason, time: i64, position: u64) -> TrustStore {
        self.trust(|list| {
            list.certificates[certificate].revocation = Some(Revocation { reason, at: at(time), position });
        })
    }

    fn record(&self, history: Vec<StatusEvent>) -> Record {
        Record { position: POSITION, full: self.full.digest(), qr: self.qr.digest(), history }
    }

    fn ledger(&self, history: Vec<StatusEvent>) -> Ledger {
        Ledger(Ok(Some(self.record(history))))
    }
}

/// One answer to every question.
struct Ledger(Result<Option<Record>, RecordsUnavailable>);

impl Records for Ledger {
    fn look_up(&self, _identifier: &Identifier) -> Result<Option<Record>, RecordsUnavailable> {
        self.0.clone()
    }
}

const ABSENT: Ledger = Ledger(Ok(None));
const SILENT: Ledger = Ledger(Err(RecordsUnavailable));

fn judge(city: &City, trust: &TrustStore, ledger: Option<&Ledger>, time: i64) -> Verdict {
    let verifier = Verifier::new(trust);
    let verifier = match ledger {
        Some(ledger) => verifier.with_records(ledger),
        None => verifier,
    };
    let verdicts = [
        verifier.verify_bytes(city.full.bare_bytes(), at(time)),
        verifier.verify_text(&encode_qr_text(&city.qr), at(time)),
    ];
    let [full, qr] = verdicts;
    assert_eq!(full.findings, qr.findings, "both forms are one licence");
    full
}

#[track_caller]
fn expect(verdict: &Verdict, status: Status, reasons: &[Code]) {
    assert_eq!((verdict.status, verdict.reasons().as_slice()), (status, reasons), "{verdict:?}");
}

fn became(time: i64, state: State) -> StatusEvent {
    StatusEvent { at: at(time), change: Change::To(state) }
}

#[test]
fn the_ledgers_position_decides_what_a_revocation_hits() {
    use RevocationReason::{Compromised, Superseded};
    let city = City::new();
    let ledger = city.ledger(Vec::new());
    for certificate in [DEPARTMENT, CITY] {
        for reason in [Superseded, Compromised] {
            // The revocation's time says nothing: whoever stole a key chooses the licence's.
            for time in [NOW - 1, NOW, NOW + 1] {
                let before = city.revoked(certificate, reason, time, POSITION + 1);
                expect(&judge(&city, &before, Some(&ledger), NOW), Status::Valid, &[]);
                for position in [POSITION, POSITION - 1] {
                    let after = city.revoked(certificate, reason, time, position);
                    let verdict = judge(&city, &after, Some(&ledger), NOW);
                    expect(&verdict, Status::Invalid, &[Code::IssuerRevoked]);
                    assert!(verdict.licence.is_none());
                }
                let revoked = city.revoked(certificate, reason, time, POSITION + 1);
                let reasons = [Code::IssuerRevoked, Code::StatusUnknown, Code::NotInLedger];
                expect(&judge(&city, &revoked, Some(&ABSENT), NOW), Status::Invalid, &reasons);
            }
        }
    }
}

#[test]
fn without_a_ledger_a_stolen_keys_licences_cannot_be_told_apart() {
    use RevocationReason::{Compromised, Superseded};
    let city = City::new();
    let unknown = [Code::StatusUnknown, Code::LedgerUnknown];
    let revoked = [Code::IssuerRevoked, Code::StatusUnknown, Code::LedgerUnknown];
    for ledger in [None, Some(&SILENT)] {
        for certificate in [DEPARTMENT, CITY] {
            let superseded = |time| city.revoked(certificate, Superseded, time, 0);
            expect(&judge(&city, &superseded(NOW + 1), ledger, NOW), Status::Indeterminate, &unknown);
            for time in [NOW, NOW - 1] {
                expect(&judge(&city, &superseded(time), ledger, NOW), Status::Invalid, &revoked);
            }
            let compromised = city.revoked(certificate, Compromised, NOW + 1, POSITION + 1);
            let verdict = judge(&city, &compromised, ledger, NOW);
            expect(&verdict, Status::Indeterminate, &revoked);
            assert!(verdict.licence.is_none(), "what may be a thief's is not shown");
        }
    }
}

#[test]
fn a_revocation_that_surely_hits_outweighs_one_that_perhaps_does() {
    let city = City::new();
    let revocation = |reason, time| Some(Revocation { reason, at: at(time), position: 0 });
    for (stolen, replaced) in [(DEPARTMENT, CITY), (CITY, DEPARTMENT)] {
        for (time, status) in [(NOW - 1, Status::Invalid), (NOW + 1, Status::Indeterminate)] {
            let trust = city.trust(|list| {
                list.certificates[stolen].revocation = revocation(RevocationReason::Compromised, NOW + 1);
                list.certificates[replaced].revocation = revocation(RevocationReason::Superseded, time);
            });
            let reasons = [Code::IssuerRevoked, Code::StatusUnknown, Code::LedgerUnknown];
            expect(&judge(&city, &trust, None, NOW), status, &reasons);
        }
    }
}

#[test]
fn without_an_answer_about_status_and_ledger_nothing_is_valid() {
    let city = City::new();
    let trust = city.trust(|_| ());
    for (ledger, looked_up) in [(None, None), (Some(&SILENT), Some(at(NOW)))] {
        let verdict = judge(&city, &trust, ledger, NOW);
        expect(&verdict, Status::Indeterminate, &[Code::StatusUnknown, Code::LedgerUnknown]);
        assert_eq!((verdict.grade, verdict.freshness.looked_up), (4, looked_up));
    }
    let verdict = judge(&city, &trust, Some(&ABSENT), NOW);
    expect(&verdict, Status::Invalid, &[Code::StatusUnknown, Code::NotInLedger]);
    assert!(verdict.licence.is_none(), "a good signature without an entry may mean a stolen key");
    assert_eq!(verdict.grade, 5);
}

#[test]
fn a_record_of_other_signed_bytes_is_none() {
    let city = City::new();
    let trust = city.trust(|_| ());
    let other = Digest::of(b"the same identifier, signed again");
    let good = city.record(Vec::new());
    let (full, qr) = (city.full.bare_bytes().to_vec(), encode_qr_text(&city.qr));
    for (record, full_is, qr_is) in [
        (good.clone(), Code::Ok, Code::Ok),
        (Record { qr: other, ..good.clone() }, Code::Ok, Code::NotInLedger),
        // The qr form names its full form, so it falls with it.
        (Record { full: other, ..good }, Code::NotInLedger, Code::NotInLedger),
    ] {
        let ledger = Ledger(Ok(Some(record)));
        let verifier = Verifier::new(&trust).with_records(&ledger);
        let ledger_says = |verdict: &Verdict| verdict.finding(Check::Ledger).unwrap().code;
        assert_eq!(ledger_says(&verifier.verify_bytes(&full, at(NOW))), full_is);
        assert_eq!(ledger_says(&verifier.verify_text(&qr, at(NOW))), qr_is);
    }
}

#[test]
fn the_state_is_that_of_the_time_it_is_judged_for() {
    let city = City::new();
    let trust = city.trust(|_| ());
    let history = vec![
        became(NOW + 10, State::Suspended),
        became(NOW + 20, State::Valid),
        became(NOW + 30, State::Revoked),
    ];
    let ledger = city.ledger(history);
    for (time, status, reasons, grade) in [
        (NOW, Status::Valid, &[][..], 0),
        (NOW + 9, Status::Valid, &[], 0),
        (NOW + 10, Status::Invalid, &[Code::Suspended], 2),
        (NOW + 19, Status::Invalid, &[Code::Suspended], 2),
        (NOW + 20, Status::Valid, &[], 0),
        (NOW + 30, Status::Invalid, &[Code::Revoked], 3),
        (NOW + 1_000, Status::Invalid, &[Code::Revoked], 3),
    ] {
        let verdict = judge(&city, &trust, Some(&ledger), time);
        expect(&verdict, status, reasons);
        assert_eq!(verdict.grade, grade);
        assert!(verdict.licence.is_some(), "what became of a true licence may be seen");
    }
}

#[test]
fn a_replaced_licence_ends_when_the_newer_one_begins() {
    let city = City::new();
    let trust = city.trust(|_| ());
    let newer = city.identifier.next_version().unwrap();
    let replaced = |recorded: i64, from: i64| StatusEvent {
        at: at(recorded),
        change: Change::ReplacedBy { identifier: newer.clone(), from: at(from) },
    };
    let code = |history: Vec<StatusEvent>, time| {
        judge(&city, &trust, Some(&city.ledger(history)), time).finding(Check::Status).unwrap().code
    };
    let later = || vec![replaced(NOW + 10, NOW + 50)];
    assert_eq!(code(later(), NOW + 49), Code::Ok);
    assert_eq!(code(later(), NOW + 50), Code::Replaced);
    let backdated = || vec![replaced(NOW + 10, NOW - 500)];
    assert_eq!(code(backdated(), NOW + 9), Code::Ok, "not yet recorded then");
    assert_eq!(code(backdated(), NOW + 10), Code::Replaced);
    let suspended_too = vec![became(NOW, State::Suspended), replaced(NOW, NOW)];
    assert_eq!(code(suspended_too, NOW), Code::Replaced);
    let revoked_too = vec![replaced(NOW, NOW), became(NOW, State::Revoked)];
    assert_eq!(code(revoked_too, NOW), Code::Revoked, "the graver of the two");
}

#[test]
fn dates_are_judged_to_the_second() {
    let city = City::new();
    let trust = city.trust(|_| ());
    let ledger = city.ledger(Vec::new());
    let first: UnixTime = "2026-11-20T00:00:00+08:00".parse().unwrap();
    let last: UnixTime = "2026-12-31T23:59:59+08:00".parse().unwrap();
    for (time, code, grade) in [
        (NOW - 61, Code::SignedInFuture, 6),
        (NOW - 60, Code::Ok, 0),
        (first.seconds() - 1, Code::SignedInFuture, 6),
        (last.seconds(), Code::Ok, 0),
        (last.seconds() + 1, Code::Expired, 3),
    ] {
        let verdict = judge(&city, &trust, Some(&ledger), time);
        assert_eq!(verdict.finding(Check::Dates).unwrap().code, code, "at {}", at(time));
        assert_eq!(verdict.grade, grade);
    }
}

/// The signature is remembered; issuer, dates, status and ledger are asked about each time.
#[test]
fn a_cache_remembers_signatures_and_no_verdict() {
    let city = City::new();
    let cache = SignatureCache::new(16);
    let trust = city.trust(|_| ());
    let bytes = city.full.bare_bytes().to_vec();
    let judge = |trust: &TrustStore, ledger: &Ledger, time| {
        Verifier::new(trust).with_records(ledger).with_cache(&cache).verify_bytes(&bytes, at(time))
    };
    let good = city.ledger(Vec::new());
    for _ in 0..2 {
        expect(&judge(&trust, &good, NOW), Status::Valid, &[]);
    }
    let suspended = city.ledger(vec![became(NOW, State::Suspended)]);
    expect(&judge(&trust, &suspended, NOW), Status::Invalid, &[Code::Suspended]);
    expect(&judge(&trust, &ABSENT, NOW), Status::Invalid, &[Code::StatusUnknown, Code::NotInLedger]);
    let year = 400 * 86_400;
    expect(&judge(&trust, &good, NOW + year), Status::Invalid, &[Code::Expired]);
    let revoked = city.revoked(DEPARTMENT, RevocationReason::Compromised, NOW, POSITION);
    expect(&judge(&revoked, &good, NOW), Status::Invalid, &[Code::IssuerRevoked]);
    let gone = city.trust(|list| {
        list.certificates.remove(DEPARTMENT);
    });
    let unknown = [Code::IssuerUnknown, Code::NotChecked, Code::NotChecked];
    expect(&judge(&gone, &good, NOW), Status::Invalid, &unknown);
    expect(&judge(&trust, &good, NOW), Status::Valid, &[]);
}

#[test]
fn a_cache_takes_no_forgery_for_the_licence_it_resembles() {
    let city = City::new();
    let cache = SignatureCache::new(16);
    let trust = city.trust(|_| ());
    let ledger = city.ledger(Vec::new());
    let verifier = Verifier::new(&trust).with_records(&ledger).with_cache(&cache);
    let good = city.full.bare_bytes().to_vec();
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    for _ in 0..2 {
        assert_eq!(verifier.verify_bytes(&good, at(NOW)).status, Status::Valid);
        let verdict = verifier.verify_bytes(&forged, at(NOW));
        assert_eq!(verdict.finding(Check::Signature).unwrap().code, Code::Forged);
        assert_eq!(verdict.status, Status::Invalid);
    }
}

/// Other certificates than the path's are not taken from a cached twin that came with the right ones.
#[test]
fn a_cached_file_is_one_with_its_chain() {
    let city = City::new();
    let cache = SignatureCache::new(16);
    let trust = city.trust(|_| ());
    let ledger = city.ledger(Vec::new());
    let verifier = Verifier::new(&trust).with_records(&ledger).with_cache(&cache);
    let signer = trust.signer(&city.full.key_id()).unwrap();
    let path: Vec<&[u8]> = signer.path_der().collect();
    let turned: Vec<&[u8]> = path.iter().rev().copied().collect();
    let (good, bad) = (city.full.to_file_bytes(&path), city.full.to_file_bytes(&turned));
    for _ in 0..2 {
        assert_eq!(verifier.verify_bytes(&good, at(NOW)).status, Status::Valid);
        expect(&verifier.verify_bytes(&bad, at(NOW)), Status::Invalid, &[Code::ChainMismatch]);
    }
}

#[test]
fn a_shared_licence_is_the_one_that_was_decoded() {
    let city = City::new();
    let trust = city.trust(|_| ());
    let verdict = judge(&city, &trust, Some(&city.ledger(Vec::new())), NOW);
    let shown = verdict.licence.unwrap();
    assert_eq!(shown.licence().identifier, city.identifier);
    let decoded = LicenceClaims::decode(city.full.payload()).unwrap();
    assert_eq!(shown, ShownLicence::new(Arc::new(decoded)));
}
