//! The golden licences: committed bytes that every version of the library reads the same way.
//!
//! `city` names what is there, `make` made it, `bits` changes every bit of it, `page` holds `docs/FORMAT.md` to it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod bits;
mod city;
mod make;
mod page;

use city::{EDDSA, ES256, GoldenLedger, JUDGED, golden, golden_text, time, trust};
use elicense::codec::{decode_bytes, decode_text};
use elicense::crypto::Algorithm;
use elicense::verify::{Check, Code, Finding, Form, Status, Verdict, Verifier};

/// What there is of each licence, all of it judged, with the ledger and without.
fn judge_all(name: &str, at: &str) -> Vec<(Form, Verdict, Verdict)> {
    let (trust, ledger) = (trust(), GoldenLedger::read());
    let alone = Verifier::new(&trust);
    let with_ledger = alone.with_records(&ledger);
    let mut judged = Vec::new();
    for (file, form) in [("full.elic", Form::Full), ("full.cose", Form::Full), ("qr.cose", Form::Qr)] {
        let bytes = golden(&format!("{name}-{file}"));
        let at = time(at);
        judged.push((form, with_ledger.verify_bytes(&bytes, at), alone.verify_bytes(&bytes, at)));
    }
    let text = golden_text(&format!("{name}-qr.txt"));
    let at = time(at);
    judged.push((Form::Qr, with_ledger.verify_text(&text, at), alone.verify_text(&text, at)));
    judged
}

#[test]
fn the_golden_licences_verify() {
    for (name, department) in [("es256", ES256), ("eddsa", EDDSA)] {
        for (form, verdict, alone) in judge_all(name, JUDGED) {
            assert_eq!(verdict.findings, Check::ALL.map(Finding::pass), "{name}");
            assert_eq!((verdict.status, verdict.grade, verdict.form), (Status::Valid, 0, Some(form)));
            let shown = verdict.licence.expect("a valid licence is shown");
            assert_eq!(shown.licence().authority.code().as_str(), department);
            assert_eq!(alone.status, Status::Indeterminate);
            assert_eq!(alone.reasons(), [Code::StatusUnknown, Code::LedgerUnknown]);
        }
    }
}

#[test]
fn they_are_good_from_their_first_second_to_their_last() {
    for (at, es256, eddsa) in [
        ("2025-01-15T09:58:59+08:00", Code::SignedInFuture, Code::SignedInFuture),
        ("2025-01-15T09:59:00+08:00", Code::Ok, Code::Ok),
        ("2059-12-31T23:59:59+08:00", Code::Ok, Code::Ok),
        ("2060-01-01T00:00:00+08:00", Code::Expired, Code::Ok),
    ] {
        for (name, expected) in [("es256", es256), ("eddsa", eddsa)] {
            for (_, verdict, _) in judge_all(name, at) {
                assert_eq!(verdict.finding(Check::Dates).unwrap().code, expected, "{name} at {at}");
            }
        }
    }
}

#[test]
fn the_files_of_a_licence_belong_together() {
    for (name, algorithm) in [("es256", Algorithm::Es256), ("eddsa", Algorithm::EdDsa)] {
        let read = |form: &str| decode_bytes(&golden(&format!("{name}-{form}"))).unwrap();
        let (file, full, qr) = (read("full.elic"), read("full.cose"), read("qr.cose"));
        assert_eq!((full.algorithm(), qr.algorithm()), (algorithm, algorithm));
        assert_eq!(file.to_bare_bytes(), full.to_bare_bytes());
        assert_eq!(file.x5chain().len(), 3);
        assert!(full.x5chain().is_empty());
        assert_eq!(decode_text(&golden_text(&format!("{name}-qr.txt"))).unwrap(), qr);
    }
}

#[test]
fn another_root_is_not_believed() {
    use elicense::crypto::Digest;
    use elicense::pki::{Anchor, TrustError, TrustStore};
    let expected = Digest::of(b"another root");
    let got = trust().root_fingerprint();
    let refused = TrustStore::from_envelope(&golden("trust-list.cose"), Anchor::Pinned(expected));
    assert_eq!(refused.err(), Some(TrustError::OtherRoot { expected, got }));
}
