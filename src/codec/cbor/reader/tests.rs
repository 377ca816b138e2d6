use proptest::prelude::*;

use super::*;
use crate::codec::cbor::Writer;

fn skip_all(input: &[u8]) -> Result<(), CborError> {
    let mut reader = Reader::new(input);
    reader.skip()?;
    reader.finish()
}

#[test]
fn forms_that_would_not_be_written_again_are_refused_by_name() {
    let cases: [(&str, &[u8], CborError); 21] = [
        ("nothing", b"", CborError::Truncated { at: 0, needed: 1 }),
        ("0 in two bytes", b"\x18\x00", CborError::NotShortest { at: 0 }),
        ("23 in two bytes", b"\x18\x17", CborError::NotShortest { at: 0 }),
        ("255 in three", b"\x19\x00\xff", CborError::NotShortest { at: 0 }),
        ("65535 in five", b"\x1a\x00\x00\xff\xff", CborError::NotShortest { at: 0 }),
        ("2^32-1 in nine", b"\x1b\0\0\0\0\xff\xff\xff\xff", CborError::NotShortest { at: 0 }),
        ("length of a text", b"\x78\x01a", CborError::NotShortest { at: 0 }),
        ("reserved 28", b"\x1c", CborError::Indefinite { at: 0 }),
        ("reserved 30", b"\x7e", CborError::Indefinite { at: 0 }),
        ("indefinite bytes", b"\x5f\x41\x00\xff", CborError::Indefinite { at: 0 }),
        ("indefinite array", b"\x9f\xff", CborError::Indefinite { at: 0 }),
        ("stray break", b"\xff", CborError::Unexpected { at: 0, expected: Kind::Unsigned, got: Kind::Other }),
        (
            "half float",
            b"\xf9\x3c\x00",
            CborError::Unexpected { at: 0, expected: Kind::Unsigned, got: Kind::Other },
        ),
        (
            "null in an array",
            b"\x81\xf6",
            CborError::Unexpected { at: 1, expected: Kind::Unsigned, got: Kind::Other },
        ),
        ("4 GiB of bytes", b"\x5a\xff\xff\xff\xff\x00", CborError::Truncated { at: 0, needed: 0xffff_fffe }),
        ("2^63 elements", b"\x9b\x80\0\0\0\0\0\0\0\0", CborError::Truncated { at: 0, needed: (1 << 63) - 1 }),
        ("a map without a value", b"\xa1\x01", CborError::Truncated { at: 0, needed: 1 }),
        ("keys out of order", b"\xa2\x02\x00\x01\x00", CborError::KeyOrder { at: 3 }),
        ("a key twice", b"\xa2\x01\x00\x01\x00", CborError::DuplicateKey { at: 3 }),
        ("not UTF-8", b"\x62\xc3\x28", CborError::NotUtf8 { at: 0 }),
        ("bytes behind the end", b"\x01\x01", CborError::Trailing { at: 1, count: 1 }),
    ];
    for (name, input, expected) in cases {
        assert_eq!(skip_all(input), Err(expected), "{name}");
    }
}

#[test]
fn nesting_stops_at_the_limit_without_growing_the_stack() {
    let nested = |levels: usize| [vec![0x81; levels], vec![0]].concat();
    assert_eq!(skip_all(&nested(NESTING)), Ok(()));
    assert_eq!(skip_all(&nested(NESTING + 1)), Err(CborError::TooDeep { at: NESTING }));
    assert_eq!(skip_all(&nested(10_000)), Err(CborError::TooDeep { at: NESTING }));
    assert_eq!(skip_all(&vec![0xc1; 10_000]), Err(CborError::TooDeep { at: NESTING }));
}

#[test]
fn numbers_keep_their_sign_and_range() {
    for value in [0, 23, 24, -1, -24, -25, 65_535, -70_001, i64::MAX, i64::MIN] {
        let mut writer = Writer::new();
        writer.int(value);
        let bytes = writer.finish();
        assert_eq!(Reader::new(&bytes).int(), Ok(value));
    }
    assert_eq!(Reader::new(b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff").int(), Err(CborError::Range { at: 0 }));
    assert_eq!(Reader::new(b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff").int(), Err(CborError::Range { at: 0 }));
    let expected = CborError::Unexpected { at: 0, expected: Kind::Unsigned, got: Kind::Text };
    assert_eq!(Reader::new(b"\x6220").int(), Err(expected));
}

/// Values as the second implementation, `ciborium`, sees them.
fn value() -> impl Strategy<Value = ciborium::Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(ciborium::Value::from),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(ciborium::Value::Bytes),
        ".{0,40}".prop_map(ciborium::Value::Text),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(ciborium::Value::Array),
            proptest::collection::btree_map(any::<i32>(), inner.clone(), 0..6).prop_map(|map| {
                ciborium::Value::Map(
                    map.into_iter().map(|(key, value)| (i64::from(key).into(), value)).collect(),
                )
            }),
            (0u64..70_000, inner).prop_map(|(tag, inner)| ciborium::Value::Tag(tag, Box::new(inner))),
        ]
    })
}

fn write(value: &ciborium::Value, out: &mut Writer) {
    match value {
        ciborium::Value::Integer(number) => match i64::try_from(i128::from(*number)) {
            Ok(number) => out.int(number),
            // Beyond what `Writer::int` takes: passed over by the reader, so written as its eight bytes.
            Err(_) => {
                let magnitude = u64::try_from(i128::from(*number).max(-1 - i128::from(*number))).unwrap();
                let first = if i128::from(*number) < 0 { 0x3b } else { 0x1b };
                out.raw(&[&[first], &magnitude.to_be_bytes()[..]].concat())
            }
        },
        ciborium::Value::Bytes(bytes) => out.bytes(bytes),
        ciborium::Value::Text(text) => out.text(text),
        ciborium::Value::Tag(tag, inner) => {
            write(inner, out.tag(*tag));
            out
        }
        ciborium::Value::Array(items) => {
            out.array(items.len());
            items.iter().for_each(|item| write(item, out));
            out
        }
        ciborium::Value::Map(pairs) => {
            let mut encoded: Vec<(Vec<u8>, &ciborium::Value)> = pairs
                .iter()
                .map(|(key, value)| {
                    let mut writer = Writer::new();
                    write(key, &mut writer);
                    (writer.finish(), value)
                })
                .collect();
            encoded.sort_by(|left, right| left.0.cmp(&right.0));
            out.map(encoded.len());
            for (key, value) in encoded {
                out.raw(&key);
                write(value, out);
            }
            out
        }
        other => panic!("not generated: {other:?}"),
    };
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_a_second_reader_agrees(value in value()) {
        let mut writer = Writer::new();
        write(&value, &mut writer);
        let bytes = writer.finish();
        prop_assert_eq!(skip_all(&bytes), Ok(()));
        let mut again = Writer::new();
        write(&ciborium::from_reader(&bytes[..]).unwrap(), &mut again);
        prop_assert_eq!(again.finish(), bytes);
    }

    /// Whatever is accepted is the one way to write it: decoding and writing again gives the same bytes.
    #[test]
    fn what_is_accepted_is_written_the_same_way_again(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if skip_all(&bytes).is_ok() {
            let mut again = Writer::new();
            write(&ciborium::from_reader(&bytes[..]).unwrap(), &mut again);
            prop_assert_eq!(again.finish(), bytes);
        }
    }
}
