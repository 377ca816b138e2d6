//! Seeds of the targets `receipt` and `presentation`: payloads.

use elicense::codec::{
    Checked, CheckedFinding, CheckedForm, CheckedVerdict, HalfDigest, JudgedBy, LicenceClaims,
    PresentationClaims, ReceiptClaims, ReceiptId, decode_bytes,
};
use elicense::crypto::Digest;
use elicense::licence::{Authority, FieldValue, Fields, Purpose};

use super::city::{JUDGED, golden, time};
use super::seeds::{Seeds, named, replaced};

fn licence() -> LicenceClaims {
    LicenceClaims::decode(decode_bytes(&golden("es256-full.cose")).unwrap().payload()).unwrap()
}

/// The payload cut at ten places, and with something behind it.
fn cut(payload: &[u8]) -> Seeds {
    let pieces = (0..10).map(|tenth| named(format!("cut-{tenth}"), &payload[..payload.len() * tenth / 10]));
    pieces.chain([named("byte-behind", [payload, &[0]].concat())]).collect()
}

pub(crate) fn receipts() -> Seeds {
    let at = time(JUDGED);
    let finding = |check: &str, result: &str, code: &str| {
        let [check, result, code] = [check, result, code].map(str::to_owned);
        CheckedFinding { check, result, code }
    };
    let licence = licence().licence;
    let checked = Checked {
        digest: Digest::of(b"presented"),
        verdict: CheckedVerdict::Invalid,
        grade: 2,
        findings: vec![finding("signature", "pass", "ok"), finding("status", "fail", "suspended")],
        at,
        judged_by: JudgedBy { trust_list: 1, trust_list_signed: at, looked_up: Some(at) },
        form: Some(CheckedForm::Qr),
        identifier: Some(licence.identifier),
        type_name: Some(licence.type_name),
        fields: Some(vec!["work".to_owned(), "born".to_owned()]),
        position: Some(20),
    };
    let bare = Checked {
        judged_by: JudgedBy { looked_up: None, ..checked.judged_by },
        form: None,
        identifier: None,
        type_name: None,
        fields: None,
        position: None,
        findings: Vec::new(),
        ..checked.clone()
    };
    let good = ReceiptClaims {
        issuer: "https://licences.example".to_owned(),
        issued_at: at,
        id: ReceiptId::from_bytes([0xab; 16]),
        organisation: Authority::new("11430000006122244L".parse().unwrap(), "示范市市场监督管理局").unwrap(),
        purpose: Purpose::signed(["王小明", "食品经营许可", "000131001000", "7", "核对经营范围"]).unwrap(),
        question: None,
        checked: vec![checked.clone()],
        checkpoint: 1_207,
    };
    let of = |checked: Vec<Checked>| ReceiptClaims { checked, ..good.clone() }.encode();
    let payload = good.encode();
    let one = |change: &dyn Fn(&mut Checked)| {
        let mut one = checked.clone();
        change(&mut one);
        of(vec![one])
    };
    let mut seeds = cut(&payload);
    seeds.extend([
        named("empty-map", [0xa0]),
        named("nothing-checked", of(Vec::new())),
        named("bare", of(vec![bare.clone()])),
        named("two", of(vec![bare.clone(), checked.clone()])),
        named("a-hundred-and-one", of(vec![bare; 101])),
        named("valid", one(&|one| (one.verdict, one.grade) = (CheckedVerdict::Valid, 0))),
        named("indeterminate", one(&|one| (one.verdict, one.grade) = (CheckedVerdict::Indeterminate, 4))),
        named("grade-7", one(&|one| one.grade = 7)),
        named("full", one(&|one| one.form = Some(CheckedForm::Full))),
        named("presentation", one(&|one| one.form = Some(CheckedForm::Presentation))),
        named("sd-jwt", one(&|one| one.form = Some(CheckedForm::SdJwt))),
        named("unknown-form", replaced(&payload, b"\x07\x62qr", b"\x07\x62qs")),
        named("no-position", one(&|one| one.position = None)),
        named("no-fields", one(&|one| one.fields = Some(Vec::new()))),
        named("key-in-capitals", one(&|one| one.fields = Some(vec!["Work".to_owned()]))),
        named("result-unknown", one(&|one| one.findings[1].result = "unknown".to_owned())),
        named("result-none-of-ours", one(&|one| one.findings[1].result = "maybe".to_owned())),
        named("word-not-plain", one(&|one| one.findings[1].code = "停".to_owned())),
        named("too-many-findings", one(&|one| one.findings = vec![one.findings[0].clone(); 21])),
        named(
            "other-url",
            ReceiptClaims { issuer: "https://elsewhere.example".to_owned(), ..good.clone() }.encode(),
        ),
        named("no-url", ReceiptClaims { issuer: String::new(), ..good.clone() }.encode()),
        named("from-tomorrow", ReceiptClaims { issued_at: at.plus(86_400), ..good.clone() }.encode()),
        named("before-its-signer", ReceiptClaims { issued_at: at.plus(-400_000_000), ..good }.encode()),
    ]);
    seeds
}

pub(crate) fn presentations() -> Seeds {
    let (licence, at) = (licence(), time(JUDGED));
    let half = HalfDigest::of(&Digest::of(b"licence"));
    let good = PresentationClaims {
        issuer: licence.issuer,
        expires: at.plus(60),
        issued_at: at,
        type_code: licence.licence.identifier.type_code(),
        licence: half,
        status_list: 0,
        status_index: 40_961,
        audience: "示范市行政审批局".to_owned(),
        reason: half,
        fields: [("work", FieldValue::Text("建筑电工")), ("holder_name", FieldValue::Text("迪丽努尔"))]
            .into_iter()
            .collect(),
    };
    let lasting = |from: i64, to: i64| {
        PresentationClaims { issued_at: at.plus(from), expires: at.plus(to), ..good.clone() }.encode()
    };
    let showing = |fields: &[(&str, FieldValue<'_>)]| {
        let fields: Fields = fields.iter().map(|(key, value)| (*key, *value)).collect();
        PresentationClaims { fields, ..good.clone() }.encode()
    };
    let with = |change: &dyn Fn(&mut PresentationClaims)| {
        let mut claims = good.clone();
        change(&mut claims);
        claims.encode()
    };
    let payload = good.encode();
    let mut seeds = cut(&payload);
    seeds.extend([
        named("good", payload.clone()),
        named("empty-map", [0xa0]),
        named("a-second", lasting(0, 1)),
        named("no-second", lasting(0, 0)),
        named("ends-before-it-begins", lasting(0, -1)),
        named("ten-minutes", lasting(-300, 300)),
        named("a-second-more", lasting(-300, 301)),
        named("over", lasting(-61, -1)),
        named("over-now", lasting(-60, 0)),
        named("a-minute-ahead", lasting(60, 120)),
        named("too-far-ahead", lasting(61, 121)),
        named("before-its-signer", lasting(-400_000_000, -399_999_999)),
        named("nothing-chosen", showing(&[])),
        named("a-number", showing(&[("copies", FieldValue::Integer(-5))])),
        named("largest-number", showing(&[("copies", FieldValue::Integer(i64::MAX))])),
        named("key-in-capitals", showing(&[("Work", FieldValue::Text("x"))])),
        named("text-empty", showing(&[("work", FieldValue::Text(""))])),
        named("text-reversed", showing(&[("work", FieldValue::Text("a\u{202e}b"))])),
        named("other-issuer", with(&|claims| claims.issuer = "11430000006122244L".parse().unwrap())),
        named("other-type", with(&|claims| claims.type_code = "11100000MB0143028R001".parse().unwrap())),
        named(
            "largest-place",
            with(&|claims| (claims.status_list, claims.status_index) = (u32::MAX, u32::MAX)),
        ),
        named("for-nobody", with(&|claims| claims.audience = String::new())),
        named("for-too-many-characters", with(&|claims| claims.audience = "长".repeat(101))),
    ]);
    seeds
}
