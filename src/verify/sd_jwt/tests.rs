//! What the records decide: revocations by the SD-JWT VC's own place in the ledger, states of the licence it is of.

use super::*;
use crate::codec::StatusReference;
use crate::crypto::{Algorithm, SystemRandom};
use crate::licence::{Authority, Catalogue, Draft, Identifier, Serial, State, Version};
use crate::pki::testing::{CREDIT_CODE, NOW, TYPE_CODE, Tree, at};
use crate::pki::{Anchor, Revocation, RevocationReason, TrustList, sign_trust_list};
use crate::sdjwt::{self, SdJwt, SdJwtSigner, SdJwtTerms};
use crate::verify::{Change, Records, SdJwtRecord, Status, StatusEvent};

const SAMPLE: &[u8] = include_bytes!("../../../fixtures/licences/business-licence-benchmark.json");
const CITY: usize = 1;
const DEPARTMENT: usize = 2;
/// Places in the ledger: of the licence, and of its SD-JWT VC.
const LICENCE: u64 = 40;
const POSITION: u64 = 60;

struct City {
    tree: Tree,
    made: SdJwt,
    identifier: Identifier,
}

fn status() -> StatusReference {
    StatusReference { uri: "http://127.0.0.1:8080/v1/status-lists/3f-0".to_owned(), index: 1 }
}

impl City {
    fn new() -> Self {
        let tree = Tree::grow(Algorithm::Es256);
        let catalogue = Catalogue::shipped().unwrap();
        let draft = Draft::from_json(SAMPLE).unwrap();
        let draft = draft.clone().check(catalogue.get(&draft.type_code()).unwrap(), at(NOW).date()).unwrap();
        let issuer = CREDIT_CODE.parse().unwrap();
        let serial = Serial::from_random(&[7; 32]);
        let identifier = Identifier::new(TYPE_CODE.parse().unwrap(), issuer, serial, Version::FIRST);
        let authority = Authority::new(issuer, "测试市住房局").unwrap();
        let mut licence = draft.into_licence(identifier.clone(), authority, None);
        licence.valid_from = "2026-11-20".parse().unwrap();
        licence.valid_to = Some("2026-12-31".parse().unwrap());
        let terms = SdJwtTerms {
            public_url: "http://127.0.0.1:8080",
            at: at(NOW),
            status: &status(),
            holder_key: None,
        };
        let department = &tree.department;
        let chain = [department.certificate.der(), tree.city.certificate.der()];
        let signer =
            SdJwtSigner { key: &department.key, key_id: department.certificate.key_id(), chain: &chain };
        let made = sdjwt::issue(&licence, &terms, signer, &SystemRandom).unwrap();
        Self { made, identifier, tree }
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

    fn ledger(&self, history: Vec<StatusEvent>) -> Ledger {
        let licence = Record { position: LICENCE, full: Digest::of(b"full"), qr: Digest::of(b"qr"), history };
        let (position, identifier) = (POSITION, self.identifier.clone());
        Ledger(self.made.digest, Ok(Some(SdJwtRecord { position, identifier, status: status(), licence })))
    }

    fn judge(&self, trust: &TrustStore, ledger: &Ledger) -> Verdict {
        Verifier::new(trust).with_records(ledger).verify_text(&self.made.text, at(NOW))
    }
}

/// One answer to every question about this JWT.
struct Ledger(Digest, Result<Option<SdJwtRecord>, RecordsUnavailable>);

impl Records for Ledger {
    fn look_up(&self, _: &Identifier) -> Result<Option<Record>, RecordsUnavailable> {
        unreachable!("a licence is not asked for by what somebody disclosed")
    }

    fn look_up_sd_jwt(&self, digest: &Digest) -> Result<Option<SdJwtRecord>, RecordsUnavailable> {
        assert_eq!(*digest, self.0);
        self.1.clone()
    }
}

#[track_caller]
fn expect(verdict: &Verdict, status: Status, failed: &[Code]) {
    let notable: Vec<Code> =
        verdict.findings.iter().filter(|one| one.code.grade() != 0).map(|one| one.code).collect();
    assert_eq!((verdict.status, notable.as_slice()), (status, failed), "{verdict:?}");
}

#[test]
fn its_own_place_in_the_ledger_decides_what_a_revocation_hits() {
    use RevocationReason::{Compromised, Superseded};
    let city = City::new();
    let ledger = city.ledger(Vec::new());
    for certificate in [DEPARTMENT, CITY] {
        for reason in [Superseded, Compromised] {
            let after = city.revoked(certificate, reason, NOW - 1, POSITION + 1);
            expect(&city.judge(&after, &ledger), Status::Valid, &[]);
            // The licence itself was issued before.
            let between = city.revoked(certificate, reason, NOW + 1, LICENCE + 1);
            let verdict = city.judge(&between, &ledger);
            expect(&verdict, Status::Invalid, &[Code::IssuerRevoked]);
            assert_eq!(verdict.sd_jwt, None);
        }
    }
}

#[test]
fn without_a_ledger_a_stolen_keys_cannot_be_told_apart() {
    let city = City::new();
    let alone = |trust: &TrustStore| Verifier::new(trust).verify_text(&city.made.text, at(NOW));
    let nobody_tells = [Code::StatusUnknown, Code::LedgerUnknown];
    expect(&alone(&city.trust(|_| ())), Status::Indeterminate, &nobody_tells);
    let superseded = city.revoked(DEPARTMENT, RevocationReason::Superseded, NOW + 1, 1);
    expect(&alone(&superseded), Status::Indeterminate, &nobody_tells);
    let stolen = city.revoked(DEPARTMENT, RevocationReason::Compromised, NOW + 1, 1);
    let reasons = [Code::IssuerRevoked, Code::StatusUnknown, Code::LedgerUnknown];
    expect(&alone(&stolen), Status::Indeterminate, &reasons);
}

#[test]
fn it_is_as_good_as_its_licence() {
    let city = City::new();
    let trust = city.trust(|_| ());
    let event = |change| StatusEvent { at: at(NOW), change };
    let newer = Change::ReplacedBy { identifier: city.identifier.clone(), from: at(NOW) };
    for (change, code) in [
        (Change::To(State::Suspended), Code::Suspended),
        (Change::To(State::Revoked), Code::Revoked),
        (newer, Code::Replaced),
    ] {
        let verdict = city.judge(&trust, &city.ledger(vec![event(change)]));
        expect(&verdict, Status::Invalid, &[code]);
        assert!(verdict.sd_jwt.is_some(), "out of force is no forgery");
    }
    let back = vec![event(Change::To(State::Suspended)), event(Change::To(State::Valid))];
    expect(&city.judge(&trust, &city.ledger(back)), Status::Valid, &[]);
}

#[test]
fn an_entry_of_another_licence_is_none_and_silence_is_no_answer() {
    let city = City::new();
    let trust = city.trust(|_| ());
    let absent = [Code::StatusUnknown, Code::NotInLedger];
    expect(&city.judge(&trust, &Ledger(city.made.digest, Ok(None))), Status::Invalid, &absent);
    let mut elsewhere = city.ledger(Vec::new());
    elsewhere.1.as_mut().unwrap().as_mut().unwrap().status.index = 2;
    expect(&city.judge(&trust, &elsewhere), Status::Invalid, &absent);
    let mut another = city.ledger(Vec::new());
    let serial = Serial::from_random(&[8; 32]);
    let identifier =
        Identifier::new(TYPE_CODE.parse().unwrap(), CREDIT_CODE.parse().unwrap(), serial, Version::FIRST);
    another.1.as_mut().unwrap().as_mut().unwrap().identifier = identifier;
    expect(&city.judge(&trust, &another), Status::Invalid, &absent);
    let silent = Ledger(city.made.digest, Err(RecordsUnavailable));
    let unknown = [Code::StatusUnknown, Code::LedgerUnknown];
    expect(&city.judge(&trust, &silent), Status::Indeterminate, &unknown);
}
