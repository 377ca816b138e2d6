//! Row 10 with row 11: receipts and presentations in one another's place, and in a licence's.

use elicense::codec::{
    Checked, CheckedVerdict, HalfDigest, JudgedBy, LicenceClaims, PresentationClaims, ReceiptClaims,
    ReceiptId,
};
use elicense::crypto::Digest;
use elicense::licence::{Authority, FieldValue, Purpose};
use elicense::pki::Usage;

use super::super::city::{EDDSA, JUDGED, SIGNED, department, golden, time, trust};
use super::super::craft::{Draft, Parts, TYP};
use super::super::item::Item;
use super::{Set, case, cose, fails, issuers};

pub(super) const PRESENTATION: &str = "application/elicense-presentation+cwt";
pub(super) const RECEIPT: &str = "application/elicense-receipt+cwt";

/// Each is rightly signed by a key that is certified for something else.
pub(super) fn add(set: &mut Set) {
    let trust = trust();
    let own = |payload: &[u8], typ: &str| {
        let draft = Draft::full().header(|header| header.set(TYP, typ));
        draft.claims(|claims| *claims = Item::parse(payload))
    };
    let (presentation, receipt) = (presentation_payload(), receipt_payload());
    let licence = "application/elicense-licence+cwt";
    let (wrong_use, over) = (("issuer", "issuer_wrong_use"), ("dates", "presentation_expired"));
    let (unread, unscoped) = (("format", "undecodable"), ("scope", "issuer_not_authorised"));
    for (name, payload, typ, signer, wrong) in [
        ("presentation-by-the-department", &presentation, PRESENTATION, None, vec![wrong_use, over]),
        ("presentation-by-receipt", &presentation, PRESENTATION, Some(Usage::Receipt), vec![wrong_use, over]),
        (
            "presentation-as-licence",
            &presentation,
            licence,
            Some(Usage::Presentation),
            vec![unread, wrong_use],
        ),
        (
            "presentation-as-receipt",
            &presentation,
            RECEIPT,
            Some(Usage::Presentation),
            vec![unread, wrong_use],
        ),
        ("receipt-by-the-department", &receipt, RECEIPT, None, vec![wrong_use, unscoped]),
        ("receipt-by-presentation", &receipt, RECEIPT, Some(Usage::Presentation), vec![wrong_use, unscoped]),
        ("receipt-as-licence", &receipt, licence, Some(Usage::Receipt), vec![unread, wrong_use]),
        ("receipt-as-presentation", &receipt, PRESENTATION, Some(Usage::Receipt), vec![unread, wrong_use]),
    ] {
        let draft = own(payload, typ);
        let draft = match signer {
            None => draft,
            Some(Usage::Receipt) => issuers::signer_draft(draft, &trust, Usage::Receipt, "receipt"),
            Some(usage) => issuers::signer_draft(draft, &trust, usage, "presentation"),
        };
        let how = "rightly signed by a key that is certified for something else";
        set.refuse(case(10, name, "eddsa-full"), fails(&wrong, ""), cose(draft.bytes()), how);
    }
}

fn presentation_payload() -> Vec<u8> {
    // Long ago, so that it is past its end whenever it is judged.
    let issued_at = time(SIGNED);
    let issuer = department(&trust(), EDDSA).credit_code().copied().unwrap();
    let licence = LicenceClaims::decode(&Parts::of(&golden("eddsa-full.cose")).payload).unwrap();
    let half = HalfDigest::of(&Digest::of(b"any"));
    PresentationClaims {
        issuer,
        expires: issued_at.plus(60),
        issued_at,
        type_code: licence.licence.identifier.type_code(),
        licence: half,
        status_list: 0,
        status_index: 1,
        audience: "示范市行政审批局".to_owned(),
        reason: half,
        fields: [("number", FieldValue::Text("1"))].into_iter().collect(),
    }
    .encode()
}

fn receipt_payload() -> Vec<u8> {
    let at = time(JUDGED);
    let digest = Digest::of(b"any");
    let judged_by = JudgedBy { trust_list: 1, trust_list_signed: at, looked_up: None };
    let checked = Checked {
        digest,
        verdict: CheckedVerdict::Valid,
        grade: 0,
        findings: Vec::new(),
        at,
        judged_by,
        form: None,
        identifier: None,
        type_name: None,
        fields: None,
        position: None,
    };
    ReceiptClaims {
        issuer: "https://licences.example".to_owned(),
        issued_at: at,
        id: ReceiptId::from_bytes([7; 16]),
        organisation: Authority::new("11430000006122244L".parse().unwrap(), "窗口").unwrap(),
        purpose: Purpose::signed(["王小明", "许可", "1", "2", "核对经营范围"]).unwrap(),
        question: None,
        checked: vec![checked],
        checkpoint: 1,
    }
    .encode()
}
