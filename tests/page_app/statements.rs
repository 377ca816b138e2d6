//! Receipts and presentations of the golden city, honest and not.

use elicense::codec::{
    Checked, CheckedFinding, CheckedForm, CheckedVerdict, Envelope, HalfDigest, JudgedBy, KeyId,
    LicenceClaims, PresentationClaims, ReceiptClaims, ReceiptId, Typ, decode_bytes, sign_envelope,
};
use elicense::crypto::Digest;
use elicense::licence::{Authority, FieldValue, Fields, Purpose};
use elicense::pki::Usage;

use super::city::{
    EDDSA, ES256, PUBLIC_URL, VERIFIES_ONLY, VERIFIES_ONLY_NAME, department, golden, key, signer, time, trust,
};

/// By what is peculiar about them.
pub(crate) fn all() -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![
        ("a presentation", presentation(|_| {})),
        (
            "a presentation of no authority's licence",
            presentation(|one| one.issuer = VERIFIES_ONLY.parse().unwrap()),
        ),
        ("a presentation of another's type", presentation(|one| one.issuer = EDDSA.parse().unwrap())),
        ("a presentation of another list", presentation(|one| one.status_list = 7)),
        ("a presentation behind its list's end", presentation(|one| one.status_index = u32::MAX)),
        ("a presentation without fields", presentation(|one| one.fields = Fields::default())),
        ("a presentation good for 601 s", presentation(|one| one.expires = one.issued_at.plus(601))),
        ("a presentation that ends as it begins", presentation(|one| one.expires = one.issued_at)),
        ("a presentation to nobody", presentation(|one| one.audience.clear())),
        ("a receipt", receipt(|_| {})),
        ("a receipt of nothing", receipt(|one| one.checked.clear())),
        ("a receipt for no organisation", receipt(|one| one.issuer = "not an address".to_owned())),
        ("a receipt of grade 7", receipt(|one| one.checked[0].grade = 7)),
        (
            "a receipt with a word of capitals",
            receipt(|one| one.checked[0].findings[0].code = "OK".to_owned()),
        ),
        (
            "a receipt of little",
            receipt(|one| {
                let first = &mut one.checked[0];
                (first.form, first.identifier, first.type_name) = (None, None, None);
                (first.fields, first.position, first.judged_by.looked_up) = (None, None, None);
            }),
        ),
        (
            "a presentation as a receipt",
            resigned(Typ::Receipt, Usage::Receipt, "receipt", &presentation(|_| {})),
        ),
        (
            "a receipt as a presentation",
            resigned(Typ::Presentation, Usage::Presentation, "presentation", &receipt(|_| {})),
        ),
        (
            "a receipt by the presentation key",
            resigned(Typ::Receipt, Usage::Presentation, "presentation", &receipt(|_| {})),
        ),
        (
            "a presentation by the receipt key",
            resigned(Typ::Presentation, Usage::Receipt, "receipt", &presentation(|_| {})),
        ),
        (
            "a licence as a receipt",
            resigned(Typ::Receipt, Usage::Receipt, "receipt", &golden("es256-full.cose")),
        ),
        (
            "a presentation as a licence",
            resigned(Typ::Licence, Usage::Presentation, "presentation", &presentation(|_| {})),
        ),
        ("a receipt by an unknown key", {
            let envelope = decode_bytes(&receipt(|_| {})).unwrap();
            signed(Typ::Receipt, KeyId::from_bytes([9; 8]), "receipt", envelope.payload().to_vec())
        }),
    ];
    for (name, bytes) in [
        ("a presentation with a bit changed", presentation(|_| {})),
        ("a receipt with a bit changed", receipt(|_| {})),
    ] {
        let mut bytes = bytes;
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        all.push((name, bytes));
    }
    all
}

fn signed(typ: Typ, signer: KeyId, name: &str, payload: Vec<u8>) -> Vec<u8> {
    let envelope: Envelope = sign_envelope(typ, signer, payload, &key(name)).unwrap();
    envelope.bare_bytes().to_vec()
}

/// The payload of an envelope under another head.
fn resigned(typ: Typ, usage: Usage, name: &str, envelope: &[u8]) -> Vec<u8> {
    let payload = decode_bytes(envelope).unwrap().payload().to_vec();
    signed(typ, signer(&trust(), usage).key_id(), name, payload)
}

fn licence() -> LicenceClaims {
    LicenceClaims::decode(decode_bytes(&golden("es256-full.cose")).unwrap().payload()).unwrap()
}

/// Of the golden ES256 licence, good for half a minute before and after the fixtures are judged.
fn presentation(change: impl FnOnce(&mut PresentationClaims)) -> Vec<u8> {
    let licence = licence();
    let mut fields = Fields::default();
    assert!(fields.push("number", FieldValue::Text(&licence.licence.number)));
    assert!(fields.push("holder_name", FieldValue::Text("迪丽努尔")));
    let mut claims = PresentationClaims {
        issuer: ES256.parse().unwrap(),
        issued_at: time("2026-11-24T09:59:30+08:00"),
        expires: time("2026-11-24T10:00:30+08:00"),
        type_code: licence.licence.identifier.type_code(),
        licence: HalfDigest::of(&Digest::of(&golden("es256-full.cose"))),
        status_list: 0,
        status_index: licence.status.index,
        audience: VERIFIES_ONLY_NAME.to_owned(),
        reason: HalfDigest::of(&Digest::of("办理示范事项".as_bytes())),
        fields,
    };
    assert!(
        department(&trust(), ES256).scope_allows(&claims.type_code),
        "the golden licence is in its issuer's scope"
    );
    change(&mut claims);
    signed(Typ::Presentation, signer(&trust(), Usage::Presentation).key_id(), "presentation", claims.encode())
}

fn receipt(change: impl FnOnce(&mut ReceiptClaims)) -> Vec<u8> {
    let finding = |check: &str| CheckedFinding {
        check: check.to_owned(),
        result: "pass".to_owned(),
        code: "ok".to_owned(),
    };
    let at = time("2026-11-24T09:59:00+08:00");
    let checked = Checked {
        digest: Digest::of(&golden("es256-qr.cose")),
        verdict: CheckedVerdict::Valid,
        grade: 0,
        findings: vec![finding("format"), finding("status")],
        at,
        judged_by: JudgedBy {
            trust_list: 1,
            trust_list_signed: time("2025-01-01T00:00:00+08:00"),
            looked_up: Some(at),
        },
        form: Some(CheckedForm::Qr),
        identifier: Some(licence().licence.identifier),
        type_name: Some("建筑施工特种作业操作资格证书".to_owned()),
        fields: Some(vec!["work".to_owned()]),
        position: Some(20),
    };
    let mut claims = ReceiptClaims {
        issuer: PUBLIC_URL.to_owned(),
        issued_at: at,
        id: ReceiptId::from_bytes([7; 16]),
        organisation: Authority::new(VERIFIES_ONLY.parse().unwrap(), VERIFIES_ONLY_NAME).unwrap(),
        purpose: Purpose::signed(["王示范", "特种作业备案", "SF-0001", "2026-0001", "核对持证上岗"]).unwrap(),
        question: None,
        checked: vec![checked],
        checkpoint: 30,
    };
    change(&mut claims);
    signed(Typ::Receipt, signer(&trust(), Usage::Receipt).key_id(), "receipt", claims.encode())
}
