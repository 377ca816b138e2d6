//! Licences with one thing changed, and what the change is called. Where claims are changed, the department signs anew: it
//! is not the signature that has to find them.

use ciborium::Value;
use elicense::codec::{KeyId, Typ, base45, decode_bytes, sign_envelope, zlib};
use elicense::crypto::SigningKey;
use elicense::licence::Identifier;
use elicense::pki::Usage;

use crate::city::{EDDSA, ES256, department, department_key, golden, golden_text, key, signer, trust};

/// The check that finds a change, and its word for it.
pub(crate) type Found = (&'static str, &'static str);

const UNDECODABLE: Found = ("format", "undecodable");
const INCONSISTENT: Found = ("format", "inconsistent");

/// The claims of a golden licence and who signs them.
pub(crate) struct Original {
    key: SigningKey,
    key_id: KeyId,
    claims: Value,
    chain: Vec<Vec<u8>>,
}

impl Original {
    /// `name` is `es256-full` or the like.
    pub(crate) fn golden(name: &str) -> Self {
        let envelope = decode_bytes(&golden(&format!("{name}.cose"))).unwrap();
        let code = if name.starts_with("es256") { ES256 } else { EDDSA };
        let file = golden(&format!("{}-full.elic", &name[..5]));
        Self {
            key: department_key(code),
            key_id: department(&trust(), code).key_id(),
            claims: ciborium::from_reader(envelope.payload()).unwrap(),
            chain: decode_bytes(&file).unwrap().x5chain().to_vec(),
        }
    }

    /// The same claims after a change, in deterministic order, signed by the same department.
    pub(crate) fn changed(&self, change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut claims = self.claims.clone();
        change(&mut claims);
        self.signed(encoded(&sorted(claims)))
    }

    /// Any payload, signed by the department.
    pub(crate) fn signed(&self, payload: Vec<u8>) -> Vec<u8> {
        self.sign(payload, Typ::Licence, self.key_id, &self.key)
    }

    fn sign(&self, payload: Vec<u8>, typ: Typ, key_id: KeyId, key: &SigningKey) -> Vec<u8> {
        sign_envelope(typ, key_id, payload, key).unwrap().bare_bytes().to_vec()
    }

    pub(crate) fn payload(&self) -> Vec<u8> {
        encoded(&self.claims)
    }
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// RFC 8949 §4.2.1: map keys in the order of their encoded bytes.
fn sorted(value: Value) -> Value {
    match value {
        Value::Map(pairs) => {
            let mut pairs: Vec<(Vec<u8>, (Value, Value))> =
                pairs.into_iter().map(|(key, value)| (encoded(&key), (key, sorted(value)))).collect();
            pairs.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Map(pairs.into_iter().map(|(_, pair)| pair).collect())
        }
        other => other,
    }
}

/// A step into the claims: a map's key, or an array's place.
fn step<'a>(value: &'a mut Value, key: &Value) -> &'a mut Value {
    match value {
        Value::Map(pairs) => &mut pairs.iter_mut().find(|(own, _)| own == key).unwrap().1,
        Value::Array(items) => {
            let at = usize::try_from(i128::from(key.as_integer().unwrap())).unwrap();
            &mut items[at]
        }
        other => panic!("{other:?} has no parts"),
    }
}

fn at<'a>(claims: &'a mut Value, path: &[Value]) -> &'a mut Value {
    path.iter().fold(claims, step)
}

fn licence(claims: &mut Value, key: i64) -> &mut Value {
    at(claims, &[(-70_001).into(), key.into()])
}

fn put(map: &mut Value, key: impl Into<Value>, value: impl Into<Value>) {
    let (key, Value::Map(pairs)) = (key.into(), map) else { panic!("not a map") };
    pairs.retain(|(own, _)| *own != key);
    pairs.push((key, value.into()));
}

fn take_out(map: &mut Value, key: i64) {
    let Value::Map(pairs) = map else { panic!("not a map") };
    pairs.retain(|(own, _)| *own != key.into());
}

fn text(length: usize) -> Value {
    "证".repeat(length).into()
}

/// What is put in the place of a part of the licence, by the part's key.
fn parts() -> Vec<(&'static str, i64, Value)> {
    let text_of = |text: &str| Value::from(text);
    vec![
        ("an identifier whose check character is another", 1, text_of("?")),
        ("no type name", 2, text_of("")),
        ("a type name of 201 characters", 2, text(201)),
        ("a type name as bytes", 2, Value::Bytes(b"x".to_vec())),
        ("a number that is a number", 3, 7.into()),
        ("a number of 65 characters", 3, text(65)),
        ("an authority's name that is not NFC", 4, text_of("Cafe\u{301}")),
        ("an issue date that is no day", 5, text_of("2025-02-30")),
        ("an issue date without hyphens", 5, text_of("20250115")),
        ("a first day with its time", 6, text_of("2025-01-15T00")),
        ("a last day in Arabic digits", 7, text_of("٢٠٥٩-12-31")),
        ("no holders", 8, Value::Array(vec![])),
        ("holders in a map", 8, Value::Map(vec![])),
        ("fields in an array", 9, Value::Array(vec![])),
        ("a field that is true", 9, Value::Map(vec![("a".into(), true.into())])),
        ("a field that is null", 9, Value::Map(vec![("a".into(), Value::Null)])),
        ("a field that is a half", 9, Value::Map(vec![("a".into(), 0.5.into())])),
        ("a field that is a whole float", 9, Value::Map(vec![("a".into(), 1.0.into())])),
        ("a field of bytes", 9, Value::Map(vec![("a".into(), Value::Bytes(vec![1]))])),
        ("a field above 63 bits", 9, Value::Map(vec![("a".into(), (1_u64 << 63).into())])),
        ("a field of 2001 characters", 9, Value::Map(vec![("a".into(), text(2_001))])),
        ("a field whose key is a number", 9, Value::Map(vec![(1.into(), "a".into())])),
        ("a field whose key is a capital", 9, Value::Map(vec![("A".into(), "a".into())])),
        ("a replaced identifier of two parts", 10, text_of("1.2")),
        ("an area code of five digits", 11, text_of("99990")),
        ("an area code as a number", 11, 999_900.into()),
        ("a form that there is not", 12, text_of("paper")),
        ("a digest of 31 bytes", 13, Value::Bytes(vec![0; 31])),
        ("a part that there is not", 14, 0.into()),
    ]
}

/// Claims with one fault that the table of FORMAT.md §2 does not allow, signed all the same.
pub(crate) fn malformed(original: &Original) -> Vec<(String, Vec<u8>, Found)> {
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, key, value) in parts() {
        let change = |claims: &mut Value| {
            let value = match key {
                1 => another_check(licence(claims, 1)),
                _ => value.clone(),
            };
            put(at(claims, &[(-70_001).into()]), key, value);
        };
        all.push((name.to_owned(), original.changed(change)));
    }
    for key in [1, 2, 3, 4, 5, 6, 8, 9, 12] {
        let without = original.changed(|claims| take_out(at(claims, &[(-70_001).into()]), key));
        all.push((format!("the licence without {key}"), without));
    }
    for key in [1, 5, 6, 65_535, -70_001] {
        all.push((format!("claims without {key}"), original.changed(|claims| take_out(claims, key))));
    }
    for (kind, value) in wrong_times() {
        for key in [4, 5, 6] {
            let change = |claims: &mut Value| put(claims, key, value.clone());
            all.push((format!("claim {key} as {kind}"), original.changed(change)));
        }
    }
    all.extend(original.malformed_holders());
    all.extend(original.malformed_status());
    all.into_iter().map(|(name, bytes)| (name, bytes, UNDECODABLE)).collect()
}

fn another_check(identifier: &Value) -> Value {
    let text = identifier.as_text().unwrap();
    let (rest, check) = text.split_at(text.len() - 1);
    format!("{rest}{}", if check == "0" { "1" } else { "0" }).into()
}

fn wrong_times() -> Vec<(&'static str, Value)> {
    vec![
        ("text", "1736906400".into()),
        ("a float", 1_736_906_400.0.into()),
        ("milliseconds", 1_736_906_400_000_i64.into()),
        ("true", true.into()),
        ("null", Value::Null),
        ("a bignum", Value::Tag(2, Box::new(Value::Bytes(vec![1; 9])))),
        ("a tagged time", Value::Tag(1, Box::new(1_736_906_400.into()))),
    ]
}

impl Original {
    fn malformed_holders(&self) -> Vec<(String, Vec<u8>)> {
        let many = |count| {
            self.changed(|claims| {
                let Value::Array(holders) = licence(claims, 8) else { panic!("holders") };
                *holders = vec![holders[0].clone(); count];
            })
        };
        let longer = self.changed(|claims| {
            let Value::Array(holder) = at(licence(claims, 8), &[0.into()]) else { panic!("a holder") };
            holder.push("x".into());
        });
        let part = |place: i64, value: &str| {
            self.changed(|claims| *at(licence(claims, 8), &[0.into(), place.into()]) = value.into())
        };
        vec![
            ("51 holders".to_owned(), many(51)),
            ("a holder of four parts".to_owned(), longer),
            ("a holder without a name".to_owned(), part(0, "")),
            ("a holder's code type of two digits".to_owned(), part(2, "01")),
            ("a holder's code type that there is not".to_owned(), part(2, "500")),
        ]
    }

    fn malformed_status(&self) -> Vec<(String, Vec<u8>)> {
        let list = || [65_535.into(), "status_list".into()];
        let with =
            |key: &'static str, value: Value| self.changed(|claims| put(at(claims, &list()), key, value));
        vec![
            ("a status index below 0".to_owned(), with("idx", (-1).into())),
            ("a status index of 33 bits".to_owned(), with("idx", (1_u64 << 32).into())),
            ("a status index as text".to_owned(), with("idx", "1".into())),
            ("an empty status uri".to_owned(), with("uri", "".into())),
            ("a status uri with a space".to_owned(), with("uri", "https://licences.example/ 1".into())),
            ("a third word beside idx and uri".to_owned(), with("ttl", 1.into())),
            (
                "a second word beside status_list".to_owned(),
                self.changed(|claims| put(at(claims, &[65_535.into()]), "x", 1)),
            ),
            ("a claim that there is not".to_owned(), self.changed(|claims| put(claims, 7, "x"))),
            (
                "true in place of 1 as the key of iss".to_owned(),
                self.changed(|claims| {
                    let iss = at(claims, &[1.into()]).clone();
                    take_out(claims, 1);
                    put(claims, true, iss);
                }),
            ),
        ]
    }
}

/// Claims that are each well-formed and do not agree with one another or with their signer.
pub(crate) fn disagreeing(original: &Original) -> Vec<(String, Vec<u8>, Found)> {
    let time = |key: i64, by: i64| {
        original.changed(|claims| {
            let value = at(claims, &[key.into()]);
            let seconds = i64::try_from(i128::from(value.as_integer().unwrap())).unwrap();
            *value = (seconds + by).into();
        })
    };
    let day = |key: i64, day: &str| original.changed(|claims| *licence(claims, key) = day.into());
    let uri = |change: fn(&str) -> String| {
        original.changed(|claims| {
            let value = at(claims, &[65_535.into(), "status_list".into(), "uri".into()]);
            *value = change(value.as_text().unwrap()).into();
        })
    };
    let foreign = ("scope", "status_list_foreign");
    let other = |name| {
        let elsewhere = Original::golden(name);
        original.sign(elsewhere.payload(), Typ::Licence, original.key_id, &original.key)
    };
    let theirs =
        if original.key_id == Original::golden("es256-full").key_id { "eddsa-qr" } else { "es256-qr" };
    let named = |name: &str, bytes, found| (name.to_owned(), bytes, found);
    let last_day =
        |day: &'static str| original.changed(|claims| put(at(claims, &[(-70_001).into()]), 7, day));
    vec![
        named("nbf a second late", time(5, 1), INCONSISTENT),
        named("nbf eight hours early", time(5, -28_800), INCONSISTENT),
        named("another exp", original.changed(|claims| put(claims, 4, 4_000_000_000_i64)), INCONSISTENT),
        named("another first day", day(6, "2025-01-16"), INCONSISTENT),
        named("another last day", last_day("2058-12-30"), INCONSISTENT),
        named("a last day before the first", last_day("2020-12-30"), INCONSISTENT),
        named(
            "it replaces itself",
            original.changed(|claims| replaces(claims, Identifier::clone)),
            INCONSISTENT,
        ),
        named(
            "it replaces its next version",
            original.changed(|claims| replaces(claims, next)),
            INCONSISTENT,
        ),
        named(
            "it replaces another licence",
            original.changed(|claims| replaces(claims, another)),
            INCONSISTENT,
        ),
        named("the licence of another department", other(theirs), ("issuer", "issuer_mismatch")),
        named("the type of another department", other(theirs), ("scope", "issuer_not_authorised")),
        named(
            "signed after the certificates ended",
            time(6, 40 * 365 * 86_400),
            ("issuer", "issuer_expired"),
        ),
        named("signed before the certificates began", time(6, -30 * 86_400), ("issuer", "issuer_expired")),
        named("a status list of somebody else", uri(|uri| uri.replacen("https://", "https://x", 1)), foreign),
        named(
            "a status list's number with a zero before it",
            uri(|uri| uri.replacen("-0", "-00", 1)),
            foreign,
        ),
        named("a status list's number with a plus", uri(|uri| uri.replacen("-0", "-+0", 1)), foreign),
        named("a status list without a number", uri(|uri| uri.trim_end_matches('0').to_owned()), foreign),
        named("a status list's number of 33 bits", uri(|uri| uri.replacen("-0", "-4294967296", 1)), foreign),
        named("a status list behind a path", uri(|uri| format!("{uri}/../1")), foreign),
    ]
}

fn replaces(claims: &mut Value, what: fn(&Identifier) -> Identifier) {
    let own: Identifier = licence(claims, 1).as_text().unwrap().parse().unwrap();
    put(at(claims, &[(-70_001).into()]), 10, what(&own).as_str());
}

fn next(own: &Identifier) -> Identifier {
    own.next_version().unwrap()
}

fn another(own: &Identifier) -> Identifier {
    Identifier::new(own.type_code(), own.issuer(), "ANOTHER".parse().unwrap(), own.version())
}

/// Good claims under a signature or a signer that is not theirs.
pub(crate) fn signed_otherwise(original: &Original) -> Vec<(String, Vec<u8>, Found)> {
    let (trust, payload) = (trust(), original.payload());
    let sign = |typ, key_id, key: &SigningKey| original.sign(payload.clone(), typ, key_id, key);
    let of = |usage| signer(&trust, usage).key_id();
    let city = trust.list().certificates[1..].iter().find(|entry| entry.certificate.is_authority()).unwrap();
    let good = sign(Typ::Licence, original.key_id, &original.key);
    let flipped = |from_end: usize| {
        let mut bytes = good.clone();
        let at = bytes.len() - from_end;
        bytes[at] ^= 1;
        bytes
    };
    let forged = ("signature", "forged");
    let mut all = vec![
        ("signed by an outsider", sign(Typ::Licence, original.key_id, &key("outsider")), forged),
        ("the last bit of s", flipped(1), forged),
        ("the first byte of r", flipped(64), forged),
        (
            "an unknown key id",
            sign(Typ::Licence, KeyId::from_bytes([7; 8]), &original.key),
            ("issuer", "issuer_unknown"),
        ),
        (
            "signed by the city itself",
            sign(Typ::Licence, city.certificate.key_id(), &key("city")),
            ("issuer", "issuer_unknown"),
        ),
        (
            "signed by the receipts' key",
            sign(Typ::Licence, of(Usage::Receipt), &key("receipt")),
            ("issuer", "issuer_wrong_use"),
        ),
        ("a receipt", sign(Typ::Receipt, original.key_id, &original.key), ("format", "wrong_type")),
        ("a trust list", sign(Typ::TrustList, original.key_id, &original.key), ("format", "wrong_type")),
    ];
    all.extend(original.with_chains(&good));
    all.extend(other_bytes(&good));
    all.into_iter().map(|(name, bytes, found)| (name.to_owned(), bytes, found)).collect()
}

impl Original {
    fn with_chains(&self, good: &[u8]) -> Vec<(&'static str, Vec<u8>, Found)> {
        let envelope = decode_bytes(good).unwrap();
        let file = |chain: &[Vec<u8>]| envelope.to_file_bytes(chain);
        let [leaf, city, root] = self.chain.as_slice() else { panic!("a path of three") };
        let [leaf, city, root] = [leaf, city, root].map(Vec::clone);
        let mismatch = ("issuer", "chain_mismatch");
        let long = vec![vec![1; 8_193], vec![1]];
        vec![
            ("a path without its root", file(&[leaf.clone(), city.clone()]), mismatch),
            ("a path from its root down", file(&[root.clone(), city.clone(), leaf.clone()]), mismatch),
            ("a path with its root twice", file(&[leaf.clone(), city, root.clone(), root]), mismatch),
            ("a path of one", file(std::slice::from_ref(&leaf)), UNDECODABLE),
            ("a path of five", file(&vec![leaf; 5]), UNDECODABLE),
            ("a path with a certificate too long", file(&long), UNDECODABLE),
        ]
    }
}

/// The same envelope in other bytes: what CBOR allows and the format does not.
fn other_bytes(good: &[u8]) -> Vec<(&'static str, Vec<u8>, Found)> {
    let head = |other: &[u8]| [other, &good[1..]].concat();
    let place = |of: &[u8]| good.windows(of.len()).position(|window| window == of).unwrap();
    let splice = |of: &[u8], by: &[u8]| {
        let mut bytes = good.to_vec();
        let at = place(of);
        bytes.splice(at..at + of.len(), by.iter().copied());
        bytes
    };
    let typ = b"\x10\x78\x20application/elicense-licence+cwt";
    vec![
        ("nothing", vec![], UNDECODABLE),
        ("no tag", good[1..].to_vec(), UNDECODABLE),
        ("the tag in two bytes", head(&[0xd8, 18]), UNDECODABLE),
        ("COSE_Mac0", head(&[0xd1]), UNDECODABLE),
        ("tagged twice", head(&[0xd2, 0xd2]), UNDECODABLE),
        ("a byte behind it", [good, &[0]].concat(), UNDECODABLE),
        ("an array without an end", [&[0xd2, 0x9f], &good[2..], &[0xff]].concat(), UNDECODABLE),
        ("an array of five", [&[0xd2, 0x85], &good[2..], &[0]].concat(), UNDECODABLE),
        ("an unprotected header with alg", splice(b"\xa0\x59", b"\xa1\x01\x26\x59"), UNDECODABLE),
        (
            "an inclusion proof before there are any",
            splice(b"\xa0\x59", b"\xa1\x19\x01\x8c\x80\x59"),
            UNDECODABLE,
        ),
        (
            "another typ of the same length",
            splice(typ, b"\x10\x78\x20application/elicense-licenses+cw"),
            UNDECODABLE,
        ),
        ("a signature of 63 bytes", good[..good.len() - 1].to_vec(), UNDECODABLE),
        ("cut in the middle", good[..good.len() / 2].to_vec(), UNDECODABLE),
        ("65 KiB behind it", [good, &vec![0; 65_537][..]].concat(), UNDECODABLE),
    ]
}

/// Texts that hold a good envelope in a way that is not ours.
pub(crate) fn texts(name: &str) -> Vec<(String, String, Found)> {
    let qr = golden_text(&format!("{name}-qr.txt")).trim_end().to_owned();
    let file = golden(&format!("{name}-full.elic"));
    let base64 = encode_base64(&golden(&format!("{name}-full.cose")));
    let packed = |bytes: &[u8]| format!("EL1:{}", base45::encode(bytes));
    let stream = base45::decode(&qr.as_bytes()[4..]).unwrap();
    let all: Vec<(&str, String)> = vec![
        ("lower case", qr.to_lowercase().replacen("el1:", "EL1:", 1)),
        ("a small prefix", qr.replacen("EL1:", "el1:", 1)),
        ("another prefix", qr.replacen("EL1:", "EL2:", 1)),
        ("the prefix alone", "EL1:".to_owned()),
        ("a space behind", format!("{qr} ")),
        ("a line end behind", format!("{qr}\n")),
        ("a space before", format!(" {qr}")),
        ("a character less", qr[..qr.len() - 1].to_owned()),
        ("two characters more", format!("{qr}00")),
        ("three characters more", format!("{qr}000")),
        ("a line break inside", format!("{}\n{}", &qr[..100], &qr[100..])),
        ("a byte behind the zlib stream", packed(&[&stream[..], &[0]].concat())),
        ("the zlib stream twice", packed(&stream.repeat(2))),
        ("the zlib stream without its sum", packed(&stream[..stream.len() - 4])),
        ("the deflate stream alone", packed(&stream[2..stream.len() - 4])),
        ("the envelope not deflated", packed(&golden(&format!("{name}-qr.cose")))),
        ("a path in a QR", packed(&zlib::deflate(&file))),
        ("a bomb", packed(&zlib::deflate(&vec![0; 1 << 20]))),
        ("too long", format!("EL1:{}", "0".repeat(4_293))),
        (
            "base64 without its padding",
            base64.trim_end_matches('=').to_owned() + if base64.ends_with('=') { "" } else { "=" },
        ),
        ("base64 with a line end", format!("{base64}\n")),
        ("base64 with a space", format!("{} {}", &base64[..40], &base64[40..])),
        ("base64 with other unused bits", other_unused_bits(&golden(&format!("{name}-full.cose")))),
        ("base64 of nothing", String::new()),
        ("words", "this is not a licence".to_owned()),
    ];
    all.into_iter().map(|(name, text)| (name.to_owned(), text, UNDECODABLE)).collect()
}

pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The last letter before the padding holds bits that no byte has; here they are not zero.
fn other_unused_bits(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len() - (bytes.len() % 3 + 2) % 3];
    assert_eq!(cut.len() % 3, 1);
    let text = encode_base64(cut);
    let (rest, _) = text.split_at(text.len() - 3);
    format!("{rest}B==")
}
