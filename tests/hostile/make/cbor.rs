//! Rows 16 to 20: CBOR that is not the one form there is.

use super::super::city::{golden, golden_text};
use super::super::craft::{Draft, IAT, ISS, KID, Parts, X5CHAIN};
use super::super::item::{Item, head, long_head};
use super::super::manifest::Accepted;
use super::{Set, case, cose, fails, json_body, problem, undecodable, values};

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
    values::wrong_types(set);
    values::wrong_times(set);
    values::texts(set);
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
