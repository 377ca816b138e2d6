use proptest::prelude::*;

use super::*;
use crate::licence::{ComparisonResult, PurposePart};

fn checked() -> Checked {
    let finding = |check: &str, result: &str, code: &str| CheckedFinding {
        check: check.to_owned(),
        result: result.to_owned(),
        code: code.to_owned(),
    };
    let identifier =
        "1.2.156.3005.2.11100000000013338W032.11999900MB00003341.PKNBM7UL7R8HVKYRBV0KJXU4P.001.D";
    Checked {
        digest: Digest::of(b"envelope"),
        verdict: CheckedVerdict::Invalid,
        grade: 2,
        findings: vec![finding("signature", "pass", "ok"), finding("status", "fail", "suspended")],
        at: UnixTime::from_seconds(1_795_500_000).unwrap(),
        judged_by: JudgedBy {
            trust_list: 3,
            trust_list_signed: UnixTime::from_seconds(1_795_400_000).unwrap(),
            looked_up: UnixTime::from_seconds(1_795_500_000),
        },
        form: Some(CheckedForm::Qr),
        identifier: Some(identifier.parse().unwrap()),
        type_name: Some("建筑施工特种作业操作资格证书".to_owned()),
        fields: Some(vec!["born".to_owned(), "work".to_owned()]),
        position: Some(31),
    }
}

fn bare() -> Checked {
    let judged_by = JudgedBy { looked_up: None, ..checked().judged_by };
    let (form, identifier, type_name, fields, position) = (None, None, None, None, None);
    Checked { judged_by, form, identifier, type_name, fields, position, ..checked() }
}

fn claims() -> ReceiptClaims {
    ReceiptClaims {
        issuer: "https://licences.example".to_owned(),
        issued_at: UnixTime::from_seconds(1_795_500_001).unwrap(),
        id: ReceiptId::from_bytes([0xab; 16]),
        organisation: Authority::new("11430000006122244L".parse().unwrap(), "示范市市场监督管理局").unwrap(),
        purpose: Purpose::signed(["王小明", "食品经营许可", "000131001000", "2026-0007", "核对经营范围"])
            .unwrap(),
        question: None,
        checked: vec![checked()],
        checkpoint: 1_207,
    }
}

#[test]
fn a_receipt_comes_back_from_its_bytes() {
    for checked in [vec![checked()], vec![bare()], vec![bare(), checked()], vec![checked(); 100]] {
        let claims = ReceiptClaims { checked, ..claims() };
        assert_eq!(ReceiptClaims::decode(&claims.encode()), Ok(claims));
    }
}

#[test]
fn a_question_may_have_found_nothing() {
    let questions = [Question::Lookup, Question::Materials];
    let answered = ComparisonResult::ALL.into_iter().map(Question::Comparison);
    for question in questions.into_iter().chain(answered) {
        for checked in [Vec::new(), vec![checked()], vec![checked(); 100]] {
            let claims = ReceiptClaims { question: Some(question), checked, ..claims() };
            assert_eq!(ReceiptClaims::decode(&claims.encode()), Ok(claims));
        }
    }
}

#[test]
fn a_question_that_is_none_is_refused() {
    use ciborium::Value;
    let wrong = |keys: &[(i64, Value)]| {
        let bytes = changed(|receipt| {
            let (_, receipt) = receipt.iter_mut().find(|(key, _)| *key == Value::from(-70_004)).unwrap();
            let receipt = receipt.as_map_mut().unwrap();
            receipt.extend(keys.iter().map(|(key, value)| (Value::from(*key), value.clone())));
        });
        ReceiptClaims::decode(&bytes).unwrap_err()
    };
    let question = PayloadError::Value { what: "question" };
    assert_eq!(wrong(&[(6, "query".into())]), question);
    assert_eq!(wrong(&[(6, "comparison".into())]), question, "without its result");
    assert_eq!(wrong(&[(6, "lookup".into()), (7, 0.into())]), question, "with a result it cannot have");
    assert_eq!(wrong(&[(7, 0.into())]), question, "a result of nothing");
    let result = PayloadError::Value { what: "result of a comparison" };
    assert_eq!(wrong(&[(6, "comparison".into()), (7, 7.into())]), result);
}

#[test]
fn an_id_is_32_digits_and_nothing_else() {
    let id = claims().id;
    assert_eq!(id.to_string().parse(), Ok(id));
    let digits = id.to_string();
    for wrong in
        ["", "+", &digits[1..], &digits.to_uppercase(), &format!("{digits}0"), &format!("+{}", &digits[1..])]
    {
        assert_eq!(wrong.parse::<ReceiptId>(), Err(ReceiptIdError), "{wrong}");
    }
}

#[test]
fn what_no_receipt_says_is_refused() {
    let refused = |change: &dyn Fn(&mut Checked)| {
        let mut one = checked();
        change(&mut one);
        ReceiptClaims::decode(&ReceiptClaims { checked: vec![one], ..claims() }.encode()).unwrap_err()
    };
    let value = |what| PayloadError::Value { what };
    assert_eq!(refused(&|one| one.grade = 7), value("grade"));
    assert_eq!(refused(&|one| one.fields = Some(vec!["Born".to_owned()])), value("field key"));
    assert_eq!(refused(&|one| one.fields = Some(vec!["a".to_owned(); 106])), value("number of field keys"));
    assert_eq!(refused(&|one| one.findings[0].result = "good".to_owned()), value("result of a finding"));
    assert_eq!(refused(&|one| one.findings[0].code = "王小明".to_owned()), value("word of a finding"));
    assert_eq!(refused(&|one| one.findings[0].check = String::new()), value("word of a finding"));
    assert_eq!(refused(&|one| one.findings = vec![one.findings[0].clone(); 21]), value("number of findings"));
    assert!(matches!(refused(&|one| one.type_name = Some("a\nb".to_owned())), PayloadError::Text { .. }));
    for checked in [Vec::new(), vec![bare(); 101]] {
        let bytes = ReceiptClaims { checked, ..claims() }.encode();
        assert_eq!(ReceiptClaims::decode(&bytes), Err(value("number of things checked")));
    }
    for issuer in ["", "https://licences.example/ x", "https://示范"] {
        let bytes = ReceiptClaims { issuer: issuer.to_owned(), ..claims() }.encode();
        assert_eq!(ReceiptClaims::decode(&bytes), Err(value("public URL")));
    }
}

/// The claims as `ciborium` sees them, changed, and written again in order.
fn changed(change: impl FnOnce(&mut Vec<(ciborium::Value, ciborium::Value)>)) -> Vec<u8> {
    let mut value: ciborium::Value = ciborium::from_reader(&claims().encode()[..]).unwrap();
    change(value.as_map_mut().unwrap());
    let mut bytes = Vec::new();
    ciborium::into_writer(&value, &mut bytes).unwrap();
    bytes
}

#[test]
fn the_schema_is_closed_and_complete_at_every_level() {
    let body = |pairs: &mut Vec<(ciborium::Value, ciborium::Value)>| {
        pairs.iter().position(|(key, _)| *key == ciborium::Value::from(-70_004)).unwrap()
    };
    for (map, depth, labels) in [
        ("claims", 0, vec![1, 6, -70_004]),
        ("receipt", 1, vec![1, 2, 3, 4, 5]),
        ("thing checked", 2, vec![1, 2, 3, 4, 5, 6]),
    ] {
        for label in labels {
            let bytes = changed(|pairs| {
                let at = body(pairs);
                let target = match depth {
                    0 => pairs,
                    _ => {
                        let inner = pairs[at].1.as_map_mut().unwrap();
                        match depth {
                            1 => inner,
                            _ => inner[3].1.as_array_mut().unwrap()[0].as_map_mut().unwrap(),
                        }
                    }
                };
                target.retain(|(key, _)| *key != ciborium::Value::from(label));
            });
            assert_eq!(ReceiptClaims::decode(&bytes), Err(PayloadError::MissingClaim { map, label }));
        }
        let bytes = changed(|pairs| {
            let at = body(pairs);
            let extra = (ciborium::Value::from(12), ciborium::Value::from("extra"));
            match depth {
                0 => pairs.insert(2, extra),
                1 => pairs[at].1.as_map_mut().unwrap().push(extra),
                _ => {
                    let inner = pairs[at].1.as_map_mut().unwrap();
                    inner[3].1.as_array_mut().unwrap()[0].as_map_mut().unwrap().push(extra);
                }
            }
        });
        assert_eq!(ReceiptClaims::decode(&bytes), Err(PayloadError::UnknownClaim { map, label: 12 }));
    }
}

#[test]
fn a_purpose_has_all_its_parts_and_no_others() {
    for label in 1..=5 {
        let bytes = changed(|pairs| {
            let inner = pairs[2].1.as_map_mut().unwrap();
            inner[2].1.as_map_mut().unwrap().retain(|(key, _)| *key != ciborium::Value::from(label));
        });
        assert_eq!(ReceiptClaims::decode(&bytes), Err(PayloadError::MissingClaim { map: "purpose", label }));
    }
    let bytes = changed(|pairs| {
        let inner = pairs[2].1.as_map_mut().unwrap();
        inner[2].1.as_map_mut().unwrap().push((6.into(), "x".into()));
    });
    assert_eq!(ReceiptClaims::decode(&bytes), Err(PayloadError::UnknownClaim { map: "purpose", label: 6 }));
}

fn any_word() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_]{0,39}"
}

fn any_checked() -> impl Strategy<Value = Checked> {
    let findings = prop::collection::vec((any_word(), 0_usize..3, any_word()), 0..20);
    let shown =
        (prop::option::of("[一-龥]{1,60}"), prop::option::of(prop::collection::vec(any_word(), 0..20)));
    let times = (any::<u64>(), 0_i64..4_000_000_000, prop::option::of(0_i64..4_000_000_000));
    (any::<[u8; 32]>(), findings, shown, times, prop::option::of(any::<u64>()), 0_u8..5).prop_map(
        |(digest, findings, (type_name, fields), (version, at, looked_up), position, choice)| Checked {
            digest: Digest::from_bytes(digest),
            verdict: CheckedVerdict::ALL[usize::from(choice % 3)],
            grade: choice,
            findings: findings
                .into_iter()
                .map(|(check, result, code)| {
                    let result = ["pass", "fail", "unknown"][result].to_owned();
                    CheckedFinding { check, result, code }
                })
                .collect(),
            at: UnixTime::from_seconds(at).unwrap(),
            judged_by: JudgedBy {
                trust_list: version,
                trust_list_signed: UnixTime::from_seconds(at).unwrap(),
                looked_up: looked_up.and_then(UnixTime::from_seconds),
            },
            form: CheckedForm::ALL.get(usize::from(choice)).copied(),
            identifier: (choice > 2).then(|| checked().identifier.unwrap()),
            type_name,
            fields,
            position,
        },
    )
}

proptest! {
    #[test]
    fn any_receipt_comes_back_and_a_second_writer_agrees(
        all in prop::collection::vec(any_checked(), 1..4),
        id in any::<[u8; 16]>(),
        checkpoint: u64,
        asked in prop::option::of(0u8..9),
        texts in prop::array::uniform5("[一-龥]{1,50}"),
    ) {
        let texts: [&str; 5] = std::array::from_fn(|at| texts[at].as_str());
        let claims = ReceiptClaims {
            checked: all,
            id: ReceiptId::from_bytes(id),
            checkpoint,
            question: asked.map(|asked| match asked {
                7 => Question::Lookup,
                8 => Question::Materials,
                code => Question::Comparison(ComparisonResult::of_code(code).unwrap()),
            }),
            purpose: Purpose::signed(texts).unwrap(),
            ..claims()
        };
        let bytes = claims.encode();
        prop_assert_eq!(claims.purpose.part(PurposePart::Operator), texts[0]);
        prop_assert_eq!(ReceiptClaims::decode(&bytes), Ok(claims));
        let value: ciborium::Value = ciborium::from_reader(&bytes[..]).unwrap();
        let mut again = Vec::new();
        ciborium::into_writer(&value, &mut again).unwrap();
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn what_is_accepted_is_written_the_same_way_again(at in 0usize..2_000, byte: u8) {
        let mut bytes = claims().encode();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(claims) = ReceiptClaims::decode(&bytes) {
            prop_assert_eq!(claims.encode(), bytes);
        }
    }
}
