//! Rows 16 to 21 and 24: CBOR that is not the one form there is, and values that are not what their place asks for.

use super::super::city::{golden, golden_text};
use super::super::craft::{Draft, EXP, IAT, ISS, KID, LICENCE, NBF, Parts, STATUS, X5CHAIN};
use super::super::item::{Item, head, long_head};
use super::super::manifest::Accepted;
use super::{Set, case, cose, credential, fails, json_body, problem, undecodable};

const FULL: &str = "envelope";

pub(super) fn add(set: &mut Set) {
    set.twin(FULL, Accepted::Valid, cose(golden("eddsa-full.cose")), "the golden EdDSA licence, bare");
    duplicate_keys(set);
    long_forms(set);
    key_order(set);
    foreign_numbers(set);
    ill_formed(set);
    nesting(set);
    lengths(set);
    wrong_types(set);
    wrong_times(set);
    texts(set);
}

/// Row 16: no key twice, whichever of the two a lazy reader would take.
fn duplicate_keys(set: &mut Set) {
    let number = "91999999XX00010112";
    let path = || Item::Array(Draft::full().path().into_iter().map(Item::Bytes).collect());
    for (name, draft, how) in [
        (
            "kid-twice",
            Draft::full().header(|header| {
                let right = header.at(KID).clone();
                header.double(KID, right);
            }),
            "kid twice, both right",
        ),
        (
            "kid-twice-wrong-last",
            Draft::full().header(|header| header.double(KID, Item::bytes([0; 8]))),
            "kid twice, the second one nobody's",
        ),
        (
            "kid-twice-wrong-first",
            Draft::full().header(|header| {
                let right = std::mem::replace(header.at(KID), Item::bytes([0; 8]));
                header.double(KID, right);
            }),
            "kid twice, the first one nobody's",
        ),
        ("iss-twice", Draft::full().claims(|claims| claims.double(ISS, "11999900MB00003341")), "iss twice"),
        ("iat-twice", Draft::full().claims(|claims| claims.double(IAT, 0)), "iat twice"),
        ("number-twice", Draft::full().licence(|licence| licence.double(3, number)), "the number twice"),
        (
            "number-twice-right-last",
            Draft::full().licence(|licence| {
                let right = std::mem::replace(licence.at(3), number.into());
                licence.double(3, right);
            }),
            "the number twice, the right one last",
        ),
        ("field-twice", Draft::full().fields(|fields| fields.double("name", "另一家公司")), "a field twice"),
        ("idx-twice", Draft::full().status(|status| status.double("idx", 1)), "the status index twice"),
        (
            "chain-twice",
            Draft::full().unprotected(|header| {
                header.set(X5CHAIN, path());
                header.double(X5CHAIN, path());
            }),
            "the chain twice",
        ),
    ] {
        // The status has exactly two members, so a third one is too many whatever its name.
        let because = if name == "idx-twice" { "status is not valid" } else { "stands there twice" };
        set.refuse(case(16, name, FULL), undecodable(because), cose(draft.bytes()), how);
    }
    let text = golden_text("eddsa-qr.txt");
    for (name, body, how) in [
        (
            "credential-twice-good-last",
            format!("{{\"credential\": \"EL1:0\", \"credential\": \"{text}\"}}"),
            "the member credential twice, the good one last",
        ),
        (
            "credential-twice-good-first",
            format!("{{\"credential\": \"{text}\", \"credential\": \"EL1:0\"}}"),
            "the member credential twice, the good one first",
        ),
        (
            "credential-twice-escaped",
            format!("{{\"credential\": \"{text}\", \"\\u0063redential\": \"EL1:0\"}}"),
            "the member credential twice, once with an escape",
        ),
    ] {
        let refused = problem(422, "verification_request_refused");
        set.refuse(case(16, name, "qr-text-in-json"), refused, json_body(body), how);
    }
}

/// Row 17: shortest lengths and numbers, no indefinite lengths.
fn long_forms(set: &mut Set) {
    let parts = || Draft::full().sign();
    let claims = |claims: &mut Item, key: i64, raw: Vec<u8>| *claims.at(key) = Item::Raw(raw);
    let issuer = b"11999900MB000022XP";
    let envelope = |elements: [Vec<u8>; 4]| [&[0xd2, 0x84][..], &elements.concat()].concat();
    let encoded = || parts().elements().map(|element| element.encode());
    let with = |at: usize, raw: Vec<u8>| {
        let mut elements = encoded();
        elements[at] = raw;
        envelope(elements)
    };
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap();
    let iat = 1_736_906_400;
    let shortest = "not in its shortest form";
    let indefinite = "indefinite or reserved length";
    for (name, bytes, because, how) in [
        ("tag-long", [&[0xd8, 18][..], &parts().array().encode()].concat(), shortest, "the tag in two bytes"),
        (
            "array-long",
            [&[0xd2, 0x98, 4][..], &encoded().concat()].concat(),
            shortest,
            "the array's length in two bytes",
        ),
        (
            "protected-length-long",
            with(0, [long_head(2, length(&parts().protected), 2), parts().protected].concat()),
            shortest,
            "the protected header's length in three bytes",
        ),
        ("unprotected-long", with(1, vec![0xb8, 0]), shortest, "the empty map's length in two bytes"),
        (
            "payload-length-long",
            with(2, [long_head(2, length(&parts().payload), 4), parts().payload].concat()),
            shortest,
            "the payload's length in five bytes",
        ),
        (
            "signature-length-long",
            with(3, [long_head(2, 64, 8), parts().signature].concat()),
            shortest,
            "the signature's length in nine bytes",
        ),
        (
            "array-indefinite",
            [&[0xd2, 0x9f][..], &encoded().concat(), &[0xff]].concat(),
            indefinite,
            "the array without a length",
        ),
        ("unprotected-indefinite", with(1, vec![0xbf, 0xff]), indefinite, "the empty map without a length"),
        (
            "payload-in-chunks",
            with(2, [&[0x5f][..], &encoded()[2], &[0xff]].concat()),
            indefinite,
            "the payload in chunks",
        ),
        (
            "alg-long",
            Draft::full().header(|header| *header.at(1) = Item::raw([0x38, 7])).bytes(),
            shortest,
            "alg in two bytes",
        ),
        (
            "kid-label-long",
            Draft::full().header(|header| header.pairs()[1].0 = Item::raw([0x18, 4])).bytes(),
            shortest,
            "a header's label in two bytes",
        ),
        (
            "iat-in-nine-bytes",
            Draft::full().claims(|all| claims(all, IAT, long_head(0, iat, 8))).bytes(),
            shortest,
            "iat in nine bytes",
        ),
        (
            "iss-length-long",
            Draft::full()
                .claims(|all| claims(all, ISS, [long_head(3, 18, 1), issuer.to_vec()].concat()))
                .bytes(),
            "",
            "iss's length in two bytes",
        ),
        (
            "iss-in-chunks",
            Draft::full()
                .claims(|all| {
                    claims(
                        all,
                        ISS,
                        [&[0x7f, 0x69][..], &issuer[..9], &[0x69], &issuer[9..], &[0xff]].concat(),
                    )
                })
                .bytes(),
            indefinite,
            "iss in two chunks",
        ),
    ] {
        let because = if because.is_empty() { shortest } else { because };
        set.refuse(case(17, name, FULL), undecodable(because), cose(bytes), how);
    }
}

/// Row 17 too: keys in order.
fn key_order(set: &mut Set) {
    for (name, draft, how) in [
        ("headers-unsorted", Draft::full().header(|header| header.pairs().swap(0, 1)), "kid before alg"),
        ("claims-unsorted", Draft::full().claims(|claims| claims.pairs().reverse()), "claims backwards"),
        (
            "licence-unsorted",
            Draft::full().licence(|licence| licence.pairs().swap(2, 3)),
            "name before number",
        ),
        (
            "claims-in-reading-order",
            Draft::full().claims(|claims| {
                let last = claims.pairs().pop().unwrap();
                claims.pairs().insert(0, last);
            }),
            "the licence first, as people would put it",
        ),
        (
            "fields-by-letter",
            Draft::full().fields(|fields| fields.pairs().sort_by_key(|(key, _)| format!("{key:?}"))),
            "fields in the order of their letters, not of their encoding",
        ),
        ("status-unsorted", Draft::full().status(|status| status.pairs().swap(0, 1)), "uri before idx"),
    ] {
        set.refuse(case(17, name, FULL), undecodable(""), cose(draft.bytes()), how);
    }
}

/// Rows 17 and 21: numbers of kinds that the formats do not have.
fn foreign_numbers(set: &mut Set) {
    let iat = 1_736_906_400_u32;
    let iat = [&[0xfb][..], &f64::from(iat).to_be_bytes()].concat();
    let big = |tag: u8, value: u32| Item::raw([&[tag, 0x44][..], &value.to_be_bytes()].concat());
    let set_iat = |raw: Item| Draft::full().claims(|claims| *claims.at(IAT) = raw);
    for (row, name, raw, because, how) in [
        (17, "iat-float64", Item::raw(iat), "a float", "iat as a 64-bit float of the same value"),
        (17, "iat-float16", Item::raw([0xf9, 0x3c, 0]), "a float", "iat as the 16-bit float 1.0"),
        (17, "iat-bignum", big(0xc2, 1_736_906_400), "got a tag", "iat as a bignum of the same value"),
        (17, "iat-negative-bignum", big(0xc3, 1), "got a tag", "iat as a negative bignum"),
        (17, "iat-decimal-fraction", Item::raw([0xc4, 0x82, 0, 1]), "got a tag", "iat as a decimal fraction"),
        (21, "iat-nan", Item::raw([0xf9, 0x7e, 0]), "a float", "iat is NaN"),
        (21, "iat-infinity", Item::raw([0xf9, 0x7c, 0]), "a float", "iat is Infinity"),
        (21, "iat-minus-infinity", Item::raw([0xf9, 0xfc, 0]), "a float", "iat is -Infinity"),
        (21, "iat-true", Item::raw([0xf5]), "a float or simple value", "iat is true"),
        (21, "iat-null", Item::raw([0xf6]), "a float or simple value", "iat is null"),
        (21, "iat-undefined", Item::raw([0xf7]), "a float or simple value", "iat is undefined"),
        (
            21,
            "iat-epoch-tag",
            Item::Tag(1, Box::new(Item::Int(1_736_906_400))),
            "got a tag",
            "iat with tag 1",
        ),
        (
            21,
            "iat-text-tag",
            Item::Tag(0, Box::new("2025-01-15T10:00:00+08:00".into())),
            "got a tag",
            "iat with tag 0",
        ),
        (21, "iat-text", "1736906400".into(), "got a text", "iat as text"),
        (21, "iat-bytes", Item::bytes(1_736_906_400_u32.to_be_bytes()), "got a byte string", "iat as bytes"),
        (21, "iat-array", Item::Array(vec![Item::Int(1_736_906_400)]), "got an array", "iat in an array"),
    ] {
        set.refuse(case(row, name, FULL), undecodable(because), cose(set_iat(raw).bytes()), how);
    }
}

/// Row 18: what is no CBOR at all.
fn ill_formed(set: &mut Set) {
    let good = golden("eddsa-full.cose");
    let raw = |bytes: &[u8]| Draft::full().claims(|claims| *claims.at(IAT) = Item::raw(bytes)).bytes();
    let reserved = "indefinite or reserved length";
    let simple = "a float or simple value";
    for (name, bytes, because, how) in [
        ("reserved-28", raw(&[0x1c]), reserved, "additional information 28"),
        ("reserved-29", raw(&[0x3d]), reserved, "additional information 29"),
        ("reserved-30", raw(&[0x1e]), reserved, "additional information 30"),
        ("reserved-in-bytes", raw(&[0x5c]), reserved, "a byte string with additional information 28"),
        ("break-alone", raw(&[0xff]), simple, "a break that ends nothing"),
        ("simple-below-32-in-two-bytes", raw(&[0xf8, 24]), simple, "simple value 24 in two bytes"),
        ("text-chunk-in-bytes", raw(b"\x5f\x61a\xff"), reserved, "a text chunk in a byte string"),
        ("one-byte", vec![0xd2], "the input ends", "the tag and nothing else"),
        ("array-head-only", vec![0xd2, 0x84], "the input ends", "tag and array head"),
        (
            "cut-in-the-signature",
            good[..good.len() - 1].to_vec(),
            "the input ends",
            "the last byte is missing",
        ),
        ("cut-in-the-payload", good[..200].to_vec(), "the input ends", "cut inside the payload"),
        ("no-bytes", Vec::new(), "empty", "nothing at all"),
        ("zeros", vec![0; 64], "expected a tag", "64 zeros"),
        ("ones", vec![0xff; 64], "float or simple value", "64 times 0xff"),
        (
            "payload-shorter-than-it-says",
            Parts { payload: vec![0xa6, 1], ..Draft::full().sign() }.bytes(),
            "",
            "a payload that ends inside its map, the signature another one's",
        ),
    ] {
        let refused = match name {
            "payload-shorter-than-it-says" => {
                fails(&[("format", "undecodable"), ("signature", "forged")], "the input ends")
            }
            _ => undecodable(because),
        };
        set.refuse(case(18, name, FULL), refused, cose(bytes), how);
    }
}

/// Row 19: ten thousand levels, of every kind, wherever anything is read.
fn nesting(set: &mut Set) {
    const DEEP: usize = 10_000;
    let nested = |byte: u8| Item::raw([vec![byte; DEEP], vec![0]].concat());
    let maps = || Item::raw([&[0xa1, 0].repeat(DEEP / 2)[..], &[0]].concat());
    for (name, draft, because) in [
        ("deep-arrays-as-payload", Draft::full().claims(|claims| *claims = nested(0x81)), "expected a map"),
        ("deep-maps-as-payload", Draft::full().claims(|claims| *claims = maps()), "claim 0 of the claims"),
        ("deep-tags-as-payload", Draft::full().claims(|claims| *claims = nested(0xc1)), "expected a map"),
        ("deep-arrays-as-iat", Draft::full().claims(|claims| *claims.at(IAT) = nested(0x81)), "got an array"),
        (
            "deep-arrays-as-holders",
            Draft::full().licence(|licence| *licence.at(8) = nested(0x81)),
            "expected 3 elements",
        ),
        (
            "deep-arrays-as-field",
            Draft::full().fields(|fields| *fields.at("name") = nested(0x81)),
            "got an array",
        ),
        ("deep-arrays-as-kid", Draft::full().header(|header| *header.at(KID) = nested(0x81)), "got an array"),
        (
            "deep-arrays-as-chain",
            Draft::full().unprotected(|header| header.set(X5CHAIN, nested(0x81))),
            "2 to 4 certificates",
        ),
    ] {
        set.refuse(case(19, name, FULL), undecodable(because), cose(draft.bytes()), "ten thousand levels");
    }
    let tags = [vec![0xd2; DEEP], golden("eddsa-full.cose")].concat();
    set.refuse(
        case(19, "deep-tags", FULL),
        undecodable("expected an array"),
        cose(tags),
        "ten thousand tags around it",
    );
    let json = format!("{{\"credential\": {}{}}}", "[".repeat(DEEP), "]".repeat(DEEP));
    let deep_json = problem(422, "verification_request_refused");
    set.refuse(
        case(19, "deep-json-credential", "qr-text-in-json"),
        deep_json,
        json_body(json),
        "ten thousand brackets where a text belongs",
    );
    set.refuse(
        case(19, "deep-json-unknown-member", "qr-text-in-json"),
        problem(422, "verification_request_refused"),
        json_body(format!("{{\"x\": {}{}}}", "[".repeat(DEEP), "]".repeat(DEEP))),
        "ten thousand brackets in a member that is not known",
    );
    set.refuse(
        case(19, "deep-json", "qr-text-in-json"),
        problem(422, "verification_request_refused"),
        json_body("[".repeat(DEEP)),
        "ten thousand brackets, none closed",
    );
}

/// Row 20: lengths beyond anything that is there reserve nothing.
fn lengths(set: &mut Set) {
    let parts = Draft::full().sign();
    let [protected, unprotected, ..] = parts.elements().map(|element| element.encode());
    let begun = [&[0xd2, 0x84][..], &protected, &unprotected].concat();
    let long = |major: u8, value: u64| [head(major, value), vec![0; 10]].concat();
    let claims = |raw: Vec<u8>| Draft::full().claims(|claims| *claims.at(ISS) = Item::Raw(raw)).bytes();
    let ends = undecodable("the input ends");
    for (name, bytes) in [
        ("payload-of-2-63", [&begun[..], &long(2, 1 << 63)].concat()),
        ("payload-of-2-64-less-one", [&begun[..], &long(2, u64::MAX)].concat()),
        ("payload-of-4-gib", [&begun[..], &long(2, 0xffff_ffff)].concat()),
        ("protected-of-2-62", [&[0xd2, 0x84][..], &long(2, 1 << 62)].concat()),
        ("array-of-4-gib", [&[0xd2][..], &long(4, 0xffff_ffff)].concat()),
        ("unprotected-map-of-2-63", [&[0xd2, 0x84][..], &protected, &long(5, 1 << 63)].concat()),
        ("iss-of-2-63", claims(long(3, 1 << 63))),
        ("iss-of-4-gib", claims(long(3, 0xffff_ffff))),
        ("claims-map-of-2-63", Draft::full().claims(|claims| *claims = Item::Raw(long(5, 1 << 63))).bytes()),
        (
            "holders-of-4-gib",
            Draft::full().licence(|licence| *licence.at(8) = Item::Raw(long(4, 0xffff_ffff))).bytes(),
        ),
    ] {
        let how = "a length far beyond the bytes that follow";
        set.refuse(case(20, name, FULL), ends.clone(), cose(bytes), how);
    }
}

/// Row 21: each claim has one type.
fn wrong_types(set: &mut Set) {
    let licence = |key: i64, value: Item| Draft::full().licence(|licence| licence.set(key, value));
    for (name, draft, because, how) in [
        (
            "number-as-integer",
            licence(3, Item::Int(91_999_999)),
            "expected a text",
            "the number is an integer",
        ),
        ("holders-as-map", licence(8, Item::Map(Vec::new())), "expected an array", "holders are a map"),
        ("fields-as-array", licence(9, Item::Array(Vec::new())), "expected a map", "fields are an array"),
        ("form-as-integer", licence(12, Item::Int(1)), "expected a text", "the form is an integer"),
        (
            "date-as-integer",
            licence(5, Item::Int(20_250_115)),
            "expected a text",
            "the day of issue is an integer",
        ),
        (
            "field-as-array",
            Draft::full().fields(|fields| fields.set("name", Item::Array(vec![]))),
            "got an array",
            "a field is an array",
        ),
        (
            "field-as-true",
            Draft::full().fields(|fields| fields.set("copies", Item::raw([0xf5]))),
            "a float or simple",
            "a field is true",
        ),
        (
            "field-as-float",
            Draft::full().fields(|fields| fields.set("copies", Item::raw([0xf9, 0x40, 0]))),
            "a float",
            "a field is 2.0",
        ),
        (
            "digest-as-text",
            Draft::qr().licence(|licence| licence.set(13, "0".repeat(32).as_str())),
            "expected a byte string",
            "the digest is a text",
        ),
        (
            "idx-negative",
            Draft::full().status(|status| status.set("idx", -1)),
            "a number below zero",
            "the status index is -1",
        ),
        (
            "idx-of-2-32",
            Draft::full().status(|status| status.set("idx", 1_i64 << 32)),
            "status index is not valid",
            "the status index is 2^32",
        ),
        (
            "idx-as-text",
            Draft::full().status(|status| status.set("idx", "1")),
            "got a text",
            "the status index is a text",
        ),
        (
            "status-as-text",
            Draft::full().claims(|claims| claims.set(STATUS, "valid")),
            "expected a map",
            "the status is a text",
        ),
        (
            "iss-as-integer",
            Draft::full().claims(|claims| claims.set(ISS, 11_999_900)),
            "expected a text",
            "iss is an integer",
        ),
        (
            "licence-as-bytes",
            Draft::full().claims(|claims| {
                let inner = claims.at(LICENCE).encode();
                claims.set(LICENCE, Item::Bytes(inner));
            }),
            "expected a map",
            "the licence wrapped into a byte string",
        ),
    ] {
        set.refuse(case(21, name, FULL), undecodable(because), cose(draft.bytes()), how);
    }
    for (name, date) in [
        ("date-not-in-the-calendar", "2025-02-30"),
        ("date-without-zeros", "2025-1-15"),
        ("date-year-zero", "0000-01-01"),
        ("date-of-the-week-calendar", "2025-W03-3"),
        ("date-with-time", "2025-01-15T00:00:00"),
        ("date-with-blank", " 2025-01-15"),
        ("date-in-five-digits", "+12025-01-15"),
        ("date-in-full-width", "２０２５-01-15"),
    ] {
        let draft = licence(5, date.into());
        set.refuse(
            case(21, name, FULL),
            undecodable("issue date is not valid"),
            cose(draft.bytes()),
            "the day of issue is no day",
        );
    }
}

/// Row 21 too: times in seconds, within the calendar, that agree with the dates.
fn wrong_times(set: &mut Set) {
    const TERM: &str = "licence-with-a-last-day";
    let last_day = |expires: Item| {
        Draft::full()
            .licence(|licence| licence.set(7, "2059-12-31"))
            .claims(|claims| claims.set(EXP, expires))
    };
    let end = 2_840_112_000_i64; // 2060-01-01T00:00:00+08:00
    set.twin(
        TERM,
        Accepted::Signed,
        cose(last_day(Item::Int(end)).bytes()),
        "rightly signed, good until 2059-12-31",
    );
    for (name, expires, because) in [
        ("exp-text", "2840112000".into(), "got a text"),
        ("exp-date-text", "2060-01-01".into(), "got a text"),
        ("exp-float", Item::raw([&[0xfb][..], &2_840_112_000_f64.to_be_bytes()].concat()), "a float"),
        ("exp-nan", Item::raw([0xf9, 0x7e, 0]), "a float"),
        ("exp-infinity", Item::raw([0xf9, 0x7c, 0]), "a float"),
        ("exp-null", Item::raw([0xf6]), "simple value"),
        ("exp-milliseconds", Item::Int(end * 1_000), "exp 2840112000000 is not a time in seconds"),
        ("exp-2-64-less-one", Item::Raw(head(0, u64::MAX)), "out of range"),
        ("exp-minus-2-64", Item::Raw(head(1, u64::MAX)), "out of range"),
        ("exp-2-63-less-one", Item::Int(i64::MAX), "is not a time in seconds"),
    ] {
        set.refuse(
            case(21, name, TERM),
            undecodable(because),
            cose(last_day(expires).bytes()),
            "exp is no time in seconds",
        );
    }
    let inconsistent = |because: &str| fails(&[("format", "inconsistent")], because);
    let also_expired = |because: &str| fails(&[("format", "inconsistent"), ("dates", "expired")], because);
    let exp = "exp is not the first second after its last day";
    for (name, draft, refused, how) in [
        ("exp-negative", last_day(Item::Int(-1)), also_expired(exp), "exp is before 1970"),
        ("exp-zero", last_day(Item::Int(0)), also_expired(exp), "exp is 1970"),
        (
            "exp-a-second-late",
            last_day(Item::Int(end + 1)),
            inconsistent(exp),
            "exp is a second after the last day's end",
        ),
        ("exp-in-utc", last_day(Item::Int(end + 8 * 3_600)), inconsistent(exp), "exp is midnight in UTC"),
        (
            "exp-at-the-last-day",
            last_day(Item::Int(end - 86_400)),
            inconsistent(exp),
            "exp is the last day's beginning",
        ),
        (
            "exp-missing",
            Draft::full().licence(|licence| licence.set(7, "2059-12-31")),
            inconsistent(exp),
            "a last day, and no exp",
        ),
        (
            "exp-without-last-day",
            Draft::full().claims(|claims| claims.set(EXP, end)),
            inconsistent(exp),
            "exp, and no last day",
        ),
    ] {
        set.refuse(case(21, name, TERM), refused, cose(draft.bytes()), how);
    }
    let nbf = "nbf is not the first second of its first day";
    let first = 1_736_870_400; // 2025-01-15T00:00:00+08:00
    for (name, not_before, refused) in [
        ("nbf-a-second-early", first - 1, inconsistent(nbf)),
        ("nbf-in-utc", first + 8 * 3_600, inconsistent(nbf)),
        ("nbf-zero", 0, inconsistent(nbf)),
        ("nbf-milliseconds", first * 1_000, undecodable("nbf 1736870400000 is not a time in seconds")),
    ] {
        let draft = Draft::full().claims(|claims| claims.set(NBF, not_before));
        set.refuse(
            case(21, name, FULL),
            refused,
            cose(draft.bytes()),
            "nbf is not the first day's beginning",
        );
    }
    let draft = Draft::full().claims(|claims| claims.set(IAT, 1_736_906_400_000_i64));
    set.refuse(
        case(21, "iat-milliseconds", FULL),
        undecodable("iat 1736906400000 is not a time in seconds"),
        cose(draft.bytes()),
        "iat in milliseconds",
    );
}

/// Row 24: texts are UTF-8 that can be seen, and comes out alike everywhere.
fn texts(set: &mut Set) {
    const NAMED: &str = "licence-with-a-rare-name";
    let named = |name: Item| Draft::full().licence(|licence| licence.at(8).items()[0].items()[0] = name);
    let raw = |bytes: &[u8]| {
        named(Item::raw([head(3, u64::try_from(bytes.len()).unwrap()), bytes.to_vec()].concat()))
    };
    set.twin(
        NAMED,
        Accepted::Signed,
        cose(named("云岭𠮷Å禾公司".into()).bytes()),
        "rightly signed, a holder's name with rare letters",
    );
    for (name, bytes, how) in [
        ("utf-8-cut", &b"\xe4\xba"[..], "a character cut short"),
        ("utf-8-overlong-nul", b"a\xc0\x80b", "NUL in two bytes"),
        ("utf-8-overlong-slash", b"a\xe0\x80\xafb", "a slash in three bytes"),
        ("utf-8-lone-surrogate", b"a\xed\xa0\x80b", "half of a surrogate pair"),
        ("utf-8-surrogate-pair", b"\xed\xa0\x82\xed\xbe\xb7", "CESU-8"),
        ("utf-8-above-10ffff", b"\xf4\x90\x80\x80", "a character beyond Unicode"),
        ("utf-8-stray-continuation", b"a\x80b", "a continuation byte alone"),
        ("gb18030", b"\xd4\xc6\xc1\xeb", "Chinese in GB 18030"),
    ] {
        set.refuse(case(24, name, NAMED), undecodable("is not UTF-8"), cose(raw(bytes).bytes()), how);
    }
    for (name, text, because, how) in [
        ("name-with-nul", "云岭\0青禾", "control character", "U+0000 in a name"),
        ("name-with-line-break", "云岭\n青禾", "control character", "a line break in a name"),
        ("name-with-escape", "云岭\u{1b}[31m", "control character", "a terminal's escape in a name"),
        ("name-turned-round", "云岭\u{202e}司公", "direction control", "U+202E in a name"),
        ("name-isolated", "云岭\u{2066}青禾\u{2069}", "direction control", "U+2066 in a name"),
        ("name-with-zero-width", "云岭\u{200b}青禾", "can be seen", "U+200B in a name"),
        ("name-with-joiner", "云岭\u{200d}青禾", "can be seen", "U+200D in a name"),
        ("name-with-tag-characters", "云岭\u{e0041}", "can be seen", "U+E0041 in a name"),
        ("name-decomposed", "云岭A\u{30a}", "normal form C", "Å in two characters"),
        ("name-of-blanks", " 云岭 ", "white space", "blanks around a name"),
        ("name-empty", "", "at least 1 character", "an empty name"),
        (
            "name-with-many-marks",
            "云e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
            "combining marks",
            "a flood of marks",
        ),
        ("name-noncharacter", "云岭\u{ffff}", "can be seen", "U+FFFF in a name"),
    ] {
        set.refuse(case(24, name, NAMED), undecodable(because), cose(named(text.into()).bytes()), how);
    }
    set.refuse(
        case(24, "body-not-utf-8", "qr-text"),
        problem(400, "not_utf8"),
        credential("text/plain", b"EL1:\xff"),
        "a body of text that is not UTF-8",
    );
    for (name, body, refused) in [
        ("json-not-utf-8", &b"{\"credential\": \"\xff\"}"[..], problem(400, "not_json")),
        ("json-lone-surrogate", br#"{"credential": "\ud800"}"#, problem(400, "not_json")),
        ("json-nul", br#"{"credential": "\u0000"}"#, undecodable("begins with EL1:")),
        ("json-control-character", b"{\"credential\": \"a\x01\"}", problem(400, "not_json")),
        ("json-byte-order-mark", b"\xef\xbb\xbf{\"credential\": \"EL1:0\"}", problem(400, "not_json")),
        ("json-utf-16", b"{\0\"\0c\0", problem(400, "not_json")),
    ] {
        set.refuse(
            case(24, name, "qr-text-in-json"),
            refused,
            json_body(body),
            "JSON that is not UTF-8, or hides something",
        );
    }
}
