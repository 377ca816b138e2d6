//! Receipts and presentations: whose key, which second, and what the ledger has to say.

use super::*;
use crate::codec::{
    Checked, CheckedVerdict, Envelope, HalfDigest, JudgedBy, PresentationClaims, ReceiptClaims, ReceiptId,
    Typ, encode_qr_text, sign_envelope,
};
use crate::crypto::{Algorithm, Digest};
use crate::licence::{Authority, FieldValue, Identifier, Purpose, Serial, State, Version};
use crate::pki::testing::{CREDIT_CODE, FOREIGN_TYPE_CODE, NOW, TYPE_CODE, Tree, YEAR, at};
use crate::pki::{Anchor, Revocation, RevocationReason, TrustList, TrustStore, Usage, sign_trust_list};

/// Position of the receipt's and the presentation's entries.
const POSITION: u64 = 50;

struct Town(Tree);

impl Town {
    fn new() -> Self {
        Self(Tree::grow(Algorithm::Es256))
    }

    fn trust(&self, change: impl FnOnce(&mut TrustList)) -> TrustStore {
        let mut list = self.0.list();
        change(&mut list);
        let signer = &self.0.trust_list;
        let envelope = sign_trust_list(&list, &signer.key, &signer.certificate).unwrap();
        TrustStore::from_envelope(envelope.bare_bytes(), Anchor::FirstUse).unwrap()
    }

    fn sign(&self, usage: Usage, typ: Typ, payload: Vec<u8>) -> Envelope {
        let signer = self.0.signer(usage);
        sign_envelope(typ, signer.certificate.key_id(), payload, &signer.key).unwrap()
    }

    fn revoked(&self, usage: Usage, reason: RevocationReason, position: u64) -> TrustStore {
        let key_id = self.0.signer(usage).certificate.key_id();
        self.trust(|list| {
            let mut entries = list.certificates.iter_mut();
            let entry = entries.find(|entry| entry.certificate.key_id() == key_id).unwrap();
            entry.revocation = Some(Revocation { reason, at: at(NOW + 30), position });
        })
    }
}

fn receipt() -> ReceiptClaims {
    let checked = Checked {
        digest: Digest::of(b"garbage"),
        verdict: CheckedVerdict::Invalid,
        grade: 6,
        findings: Vec::new(),
        at: at(NOW),
        judged_by: JudgedBy { trust_list: 7, trust_list_signed: at(NOW), looked_up: Some(at(NOW)) },
        form: None,
        identifier: None,
        type_name: None,
        fields: None,
        position: None,
    };
    ReceiptClaims {
        issuer: "http://127.0.0.1:8080".to_owned(),
        issued_at: at(NOW),
        id: ReceiptId::from_bytes([5; 16]),
        organisation: Authority::new(CREDIT_CODE.parse().unwrap(), "测试市住房局").unwrap(),
        purpose: Purpose::signed(["王小明", "许可", "1", "2", "核对经营范围"]).unwrap(),
        question: None,
        checked: vec![checked],
        checkpoint: 40,
    }
}

fn presentation() -> PresentationClaims {
    let half = HalfDigest::of(&Digest::of(b"licence"));
    PresentationClaims {
        issuer: CREDIT_CODE.parse().unwrap(),
        expires: at(NOW + 60),
        issued_at: at(NOW),
        type_code: TYPE_CODE.parse().unwrap(),
        licence: half,
        status_list: 0,
        status_index: 9,
        audience: "行政审批局".to_owned(),
        reason: half,
        fields: [("number", FieldValue::Text("X-1"))].into_iter().collect(),
    }
}

fn identifier() -> Identifier {
    let (type_code, issuer) = (TYPE_CODE.parse().unwrap(), CREDIT_CODE.parse().unwrap());
    Identifier::new(type_code, issuer, Serial::from_random(&[7; 32]), Version::FIRST)
}

/// A ledger with one receipt and one presentation, whatever it is asked for.
#[derive(Clone)]
struct Ledger {
    receipt: Option<ReceiptRecord>,
    presentation: Option<PresentationRecord>,
    licence: Option<Record>,
}

impl Ledger {
    fn with(envelope: &Envelope, uses_left: UsesLeft) -> Self {
        let (full, qr) = (Digest::of(b"full"), Digest::of(b"qr"));
        Self {
            receipt: Some(ReceiptRecord { position: POSITION, envelope: envelope.digest() }),
            presentation: Some(PresentationRecord {
                position: POSITION,
                identifier: identifier(),
                uses_left,
            }),
            licence: Some(Record { position: 1, full, qr, history: Vec::new() }),
        }
    }
}

impl Records for Ledger {
    fn look_up(&self, _: &Identifier) -> Result<Option<Record>, RecordsUnavailable> {
        Ok(self.licence.clone())
    }

    fn receipt(&self, _: &ReceiptId) -> Result<Option<ReceiptRecord>, RecordsUnavailable> {
        Ok(self.receipt)
    }

    fn presentation(&self, _: &Digest) -> Result<Option<PresentationRecord>, RecordsUnavailable> {
        Ok(self.presentation.clone())
    }
}

/// A source that knows licences only, as an offline one may.
struct LicencesOnly;

impl Records for LicencesOnly {
    fn look_up(&self, _: &Identifier) -> Result<Option<Record>, RecordsUnavailable> {
        Ok(None)
    }
}

fn judge(trust: &TrustStore, envelope: &Envelope, records: Option<&dyn Records>, time: i64) -> Verdict {
    let verifier = Verifier::new(trust);
    let verifier = records.map_or(verifier, |records| verifier.with_records(records));
    let verdict = verifier.verify_bytes(envelope.bare_bytes(), at(time));
    assert_eq!(verdict, verifier.verify_text(&encode_qr_text(envelope), at(time)));
    verdict
}

#[track_caller]
fn expect(verdict: &Verdict, status: Status, reasons: &[Code]) {
    assert_eq!((verdict.status, verdict.reasons().as_slice()), (status, reasons), "{verdict:?}");
}

#[test]
fn a_receipt_is_genuine_for_ever_where_the_ledger_has_it() {
    let town = Town::new();
    let trust = town.trust(|_| ());
    let envelope = town.sign(Usage::Receipt, Typ::Receipt, receipt().encode());
    let ledger = Ledger::with(&envelope, UsesLeft::Any);
    for time in [NOW - 60, NOW, NOW + 1, NOW + 40 * YEAR] {
        let verdict = judge(&trust, &envelope, Some(&ledger), time);
        expect(&verdict, Status::Valid, &[]);
        assert_eq!(verdict.form, Some(Form::Receipt));
        let shown = verdict.receipt.unwrap();
        assert_eq!((shown.claims(), shown.position()), (&receipt(), Some(POSITION)));
        let serial = serde_json::to_value(&*shown).unwrap();
        assert_eq!(serial["checked"][0]["in_words"]["en"], "Not valid");
    }
    expect(&judge(&trust, &envelope, Some(&ledger), NOW - 61), Status::Invalid, &[Code::SignedInFuture]);
    let licences_only: &dyn Records = &LicencesOnly;
    for records in [None, Some(licences_only)] {
        let verdict = judge(&trust, &envelope, records, NOW);
        expect(&verdict, Status::Indeterminate, &[Code::LedgerUnknown]);
        assert!(verdict.receipt.is_some(), "what its signer says may be shown");
    }
    let other = Ledger {
        receipt: Some(ReceiptRecord { position: 1, envelope: Digest::of(b"other") }),
        ..ledger.clone()
    };
    let none = Ledger { receipt: None, ..ledger };
    for ledger in [other, none] {
        let verdict = judge(&trust, &envelope, Some(&ledger), NOW);
        expect(&verdict, Status::Invalid, &[Code::NotInLedger]);
        assert!(verdict.receipt.is_none(), "what the ledger disowns tells nothing");
    }
}

#[test]
fn a_revoked_receipt_key_leaves_what_the_ledger_had_before() {
    let town = Town::new();
    let envelope = town.sign(Usage::Receipt, Typ::Receipt, receipt().encode());
    let ledger = Ledger::with(&envelope, UsesLeft::Any);
    for reason in [RevocationReason::Superseded, RevocationReason::Compromised] {
        let after = town.revoked(Usage::Receipt, reason, POSITION + 1);
        expect(&judge(&after, &envelope, Some(&ledger), NOW), Status::Valid, &[]);
        let before = town.revoked(Usage::Receipt, reason, POSITION);
        expect(&judge(&before, &envelope, Some(&ledger), NOW), Status::Invalid, &[Code::IssuerRevoked]);
    }
}

#[test]
fn each_key_signs_its_own_kind_only() {
    let town = Town::new();
    let trust = town.trust(|_| ());
    let everyone = [
        Usage::Licence,
        Usage::Presentation,
        Usage::Receipt,
        Usage::TrustList,
        Usage::Pack,
        Usage::StatusList,
    ];
    for (typ, payload) in [(Typ::Receipt, receipt().encode()), (Typ::Presentation, presentation().encode())] {
        for usage in everyone {
            // Rightly made, with a key that is for something else, and in the place of the two others.
            for claimed in [Typ::Licence, Typ::Receipt, Typ::Presentation] {
                let envelope = town.sign(usage, claimed, payload.clone());
                let ledger = Ledger::with(&envelope, UsesLeft::Any);
                let verdict = judge(&trust, &envelope, Some(&ledger), NOW);
                let (issuer, format) = (
                    verdict.finding(Check::Issuer).unwrap().code,
                    verdict.finding(Check::Format).unwrap().code,
                );
                assert_eq!(format == Code::Ok, claimed == typ, "{usage} {claimed:?}");
                assert_eq!(
                    issuer == Code::IssuerWrongUse,
                    usage.typ() != Some(claimed),
                    "{usage} {claimed:?}"
                );
                let good = claimed == typ && usage.typ() == Some(typ);
                assert_eq!(verdict.status == Status::Valid, good, "{usage} {claimed:?}: {verdict:?}");
                assert_eq!(verdict.receipt.is_some() || verdict.presentation.is_some(), good);
                assert!(verdict.licence.is_none());
            }
        }
    }
}

#[test]
fn a_presentation_is_good_from_a_minute_before_until_its_end() {
    let town = Town::new();
    let trust = town.trust(|_| ());
    let envelope = town.sign(Usage::Presentation, Typ::Presentation, presentation().encode());
    let ledger = Ledger::with(&envelope, UsesLeft::Any);
    for time in [NOW - 60, NOW, NOW + 59] {
        let verdict = judge(&trust, &envelope, Some(&ledger), time);
        expect(&verdict, Status::Valid, &[]);
        let shown = serde_json::to_value(verdict.presentation.unwrap()).unwrap();
        assert_eq!((&shown["for"], &shown["fields"][0]["value"]), (&"行政审批局".into(), &"X-1".into()));
    }
    for (time, code) in [(NOW - 61, Code::NotYetValid), (NOW + 60, Code::PresentationExpired)] {
        let verdict = judge(&trust, &envelope, Some(&ledger), time);
        expect(&verdict, Status::Invalid, &[code]);
        assert!(verdict.presentation.is_none());
    }
}

#[test]
fn the_ledger_says_how_its_licence_is_and_how_often_it_is_good() {
    let town = Town::new();
    let trust = town.trust(|_| ());
    let envelope = town.sign(Usage::Presentation, Typ::Presentation, presentation().encode());
    let told = |ledger: &Ledger| judge(&trust, &envelope, Some(ledger), NOW);
    let once = told(&Ledger::with(&envelope, UsesLeft::One));
    expect(&once, Status::Indeterminate, &[Code::UseNotRecorded]);
    expect(&told(&Ledger::with(&envelope, UsesLeft::None)), Status::Invalid, &[Code::AlreadyUsed]);
    let good = Ledger::with(&envelope, UsesLeft::Any);
    for (state, code) in [(State::Suspended, Code::Suspended), (State::Revoked, Code::Revoked)] {
        let mut ledger = good.clone();
        let event = StatusEvent { at: at(NOW), change: Change::To(state) };
        ledger.licence.as_mut().unwrap().history.push(event);
        let verdict = told(&ledger);
        expect(&verdict, Status::Invalid, &[code]);
        assert!(verdict.presentation.is_none());
    }
    let unknown = told(&Ledger { licence: None, ..good.clone() });
    expect(&unknown, Status::Indeterminate, &[Code::StatusUnknown]);
    let absent = told(&Ledger { presentation: None, ..good });
    expect(&absent, Status::Invalid, &[Code::StatusUnknown, Code::NotInLedger]);
    let alone = judge(&trust, &envelope, None, NOW);
    expect(&alone, Status::Indeterminate, &[Code::StatusUnknown, Code::LedgerUnknown]);
    assert!(alone.presentation.is_some(), "offline it may be shown, and is not called valid");
}

#[test]
fn its_issuer_is_an_authority_certified_for_the_type() {
    let town = Town::new();
    let sign =
        |claims: PresentationClaims| town.sign(Usage::Presentation, Typ::Presentation, claims.encode());
    let told = |trust: &TrustStore, envelope: &Envelope| {
        judge(trust, envelope, Some(&Ledger::with(envelope, UsesLeft::Any)), NOW)
    };
    let foreign_type =
        sign(PresentationClaims { type_code: FOREIGN_TYPE_CODE.parse().unwrap(), ..presentation() });
    let trust = town.trust(|_| ());
    expect(&told(&trust, &foreign_type), Status::Invalid, &[Code::IssuerNotAuthorised]);
    let stranger =
        sign(PresentationClaims { issuer: "11430000006122244L".parse().unwrap(), ..presentation() });
    expect(&told(&trust, &stranger), Status::Invalid, &[Code::IssuerUnknown, Code::IssuerNotAuthorised]);
    let good = sign(presentation());
    expect(&told(&trust, &good), Status::Valid, &[]);
    // Licences outlive the certificates they were signed under.
    let retired = town.trust(|list| list.certificates[2].retired = Some(at(NOW - 1)));
    expect(&told(&retired, &good), Status::Valid, &[]);
    let revoked = town.revoked(Usage::Licence, RevocationReason::Compromised, 1);
    expect(&told(&revoked, &good), Status::Invalid, &[Code::IssuerNotAuthorised]);
    let stolen = town.revoked(Usage::Presentation, RevocationReason::Compromised, POSITION);
    expect(&told(&stolen, &good), Status::Invalid, &[Code::IssuerRevoked]);
}
