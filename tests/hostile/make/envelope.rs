//! Rows 1 to 7, 9, 10 and 12: envelope, algorithm, key id, type.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::crypto::to_be_signed;
use elicense::pki::Usage;
use ring::hmac;

use super::super::city::{EDDSA, ES256, department, department_key, golden, trust};
use super::super::craft::{ALG, Draft, KID, Parts, TYP};
use super::super::item::Item;
use super::super::manifest::{Accepted, Refused};
use super::uses::{PRESENTATION, RECEIPT};
use super::{Set, case, cose, fails, issuers, undecodable, uses};

const FULL: &str = "eddsa-full";
const FILE: &str = "eddsa-file";
const LONG_TERM: &str = "signed-long-term";

pub(super) fn add(set: &mut Set) {
    set.twin(FULL, Accepted::Valid, cose(golden("eddsa-full.cose")), "the golden EdDSA licence, bare");
    set.twin(FILE, Accepted::Valid, cose(golden("eddsa-full.elic")), "the same with its chain");
    set.twin(
        LONG_TERM,
        Accepted::Signed,
        cose(Draft::full().licence(|licence| licence.set(3, "91999999XX00010112")).bytes()),
        "another number, rightly signed: what the public key of a department makes of it",
    );
    algorithms(set);
    placements(set);
    keys_of_another_kind(set);
    key_ids(set);
    issuers::offered_keys(set);
    critical_headers(set);
    types(set);
    uses::add(set);
    issuers::wrong_signers(set);
    issuers::scopes(set);
    shapes(set);
}

/// Row 1 and 2: no signature, or one that anybody can make.
fn algorithms(set: &mut Set) {
    let header = |alg: Item| Draft::full().header(|header| header.set(ALG, alg)).sign();
    let no_number = undecodable("expected a number of zero or more…got a text");
    for (name, alg, refused) in [
        ("alg-none-as-number", Item::Int(0), undecodable("algorithm 0 is not allowed")),
        ("alg-none-as-text", "none".into(), no_number.clone()),
        ("alg-none-capital", "None".into(), no_number.clone()),
        ("alg-none-mixed-case", "nOnE".into(), no_number),
    ] {
        let how = "alg says that nothing was signed; the signature is empty";
        set.refuse(case(1, name, FULL), refused, cose(header(alg).signature([]).bytes()), how);
    }
    set.refuse(
        case(1, "signature-empty", FULL),
        undecodable("expected a signature of 64 bytes, got 0"),
        cose(Draft::full().sign().signature([]).bytes()),
        "the right alg, the signature empty",
    );
    let trust = trust();
    let public = department(&trust, EDDSA).key().as_bytes().to_vec();
    let der = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", public.as_slice()].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
    let mac = |algorithm, secret: &[u8], parts: &Parts| {
        let secret = hmac::Key::new(algorithm, secret);
        hmac::sign(&secret, &to_be_signed(&parts.protected, &parts.payload)).as_ref().to_vec()
    };
    for (name, alg, algorithm, secret) in [
        ("hs256-raw-public-key", 5, hmac::HMAC_SHA256, public.as_slice()),
        ("hs256-public-key-der", 5, hmac::HMAC_SHA256, der.as_slice()),
        ("hs256-public-key-pem", 5, hmac::HMAC_SHA256, pem.as_bytes()),
        ("hs512-public-key-der", 7, hmac::HMAC_SHA512, der.as_slice()),
    ] {
        let parts = header(Item::Int(alg));
        let signature = mac(algorithm, secret, &parts);
        let refused = undecodable(&format!("algorithm {alg} is not allowed"));
        let how = "an HMAC under the issuer's public key, which everybody has";
        set.refuse(case(2, name, FULL), refused, cose(parts.signature(signature).bytes()), how);
    }
    let parts = Draft::full().sign();
    let signature = mac(hmac::HMAC_SHA512, &public, &parts);
    set.refuse(
        case(2, "hmac-under-eddsa", FULL),
        fails(&[("signature", "forged")], ""),
        cose(parts.signature(signature).bytes()),
        "alg says EdDSA, the 64 bytes are an HMAC-SHA512 under the public key",
    );
}

/// Row 3: what decides must be signed.
fn placements(set: &mut Set) {
    let moved = |label: i64| {
        let mut draft = Draft::full();
        let value = draft.protected.at(label).clone();
        draft.protected.remove(label);
        draft.unprotected(|header| header.set(label, value))
    };
    let twice = |label: i64, value: Item| Draft::full().unprotected(|header| header.set(label, value));
    for (name, label) in [("alg-unprotected", ALG), ("typ-unprotected", TYP)] {
        set.refuse(
            case(3, name, FULL),
            undecodable(&format!("header {label} is missing from the protected header")),
            cose(moved(label).bytes()),
            "the header stands outside what is signed, and only there",
        );
    }
    for (name, value) in [("alg-in-both-headers", -8), ("alg-differs-between-headers", -7)] {
        set.refuse(
            case(3, name, FULL),
            undecodable("header 1 is not allowed in the unprotected header"),
            cose(twice(ALG, Item::Int(value)).bytes()),
            "alg stands in both headers",
        );
    }
    set.refuse(
        case(3, "alg-missing", FULL),
        undecodable("header 1 is missing from the protected header"),
        cose(Draft::full().header(|header| header.remove(ALG)).bytes()),
        "no alg at all",
    );
    set.refuse(
        case(3, "protected-header-empty", FULL),
        undecodable("header 1 is missing from the protected header"),
        cose(Draft::full().header(|header| *header = Item::Map(Vec::new())).bytes()),
        "the protected header is an empty map",
    );
    set.refuse(
        case(3, "protected-header-no-bytes", FULL),
        undecodable("the envelope is not well-formed"),
        cose(Draft::full().header(|header| *header = Item::raw([])).bytes()),
        "the protected header is an empty byte string, which COSE allows and we do not",
    );
}

/// Row 4: alg and key must be of one kind.
fn keys_of_another_kind(set: &mut Set) {
    for (name, alg) in [
        ("alg-es384", -35),
        ("alg-rs256", -257),
        ("alg-ps256", -37),
        ("alg-esp256-of-rfc-9864", -9),
        ("alg-ed25519-of-rfc-9864", -19),
        ("alg-ed448-of-rfc-9864", -53),
        ("alg-es256k", -47),
        ("alg-sm2-before-its-time", -70_501),
    ] {
        set.refuse(
            case(4, name, FULL),
            undecodable(&format!("algorithm {alg} is not allowed")),
            cose(Draft::full().header(|header| header.set(ALG, alg)).bytes()),
            "alg names another algorithm; signed with the department's Ed25519 key all the same",
        );
    }
    set.refuse(
        case(4, "es256-for-an-ed25519-key", FULL),
        fails(&[("signature", "forged")], ""),
        cose(Draft::full().header(|header| header.set(ALG, -7)).bytes()),
        "alg says ES256, key id and signature are the Ed25519 department's",
    );
    set.twin(
        "es256-full",
        Accepted::Valid,
        cose(golden("es256-full.cose")),
        "the golden ES256 licence, bare",
    );
    let es256 = || Draft::of("es256-full.cose", department_key(ES256));
    set.refuse(
        case(4, "eddsa-for-a-p-256-key", "es256-full"),
        fails(&[("signature", "forged")], ""),
        cose(es256().header(|header| header.set(ALG, -8)).bytes()),
        "alg says EdDSA, key id and signature are the P-256 department's",
    );
}

/// Rows 5 and 6: the key id is eight bytes, looked up as they are.
fn key_ids(set: &mut Set) {
    let with = |kid: &[u8]| Draft::full().header(|header| header.set(KID, Item::bytes(kid)));
    set.refuse(
        case(5, "kid-missing", FULL),
        undecodable("header 4 is missing from the protected header"),
        cose(Draft::full().header(|header| header.remove(KID)).bytes()),
        "no kid at all",
    );
    let mut draft = Draft::full();
    let right = draft.protected.at(KID).clone();
    draft.protected.set(KID, Item::bytes([0xee; 8]));
    set.refuse(
        case(5, "kid-right-only-unprotected", FULL),
        undecodable("header 4 is not allowed in the unprotected header"),
        cose(draft.unprotected(|header| header.set(KID, right.clone())).bytes()),
        "the protected kid is nobody's, the unprotected one is right",
    );
    set.refuse(
        case(5, "kid-as-text", FULL),
        undecodable("expected a byte string…got a text"),
        cose(Draft::full().header(|header| header.set(KID, "25eb5d30")).bytes()),
        "kid is a text",
    );
    let Item::Bytes(right) = right else { panic!("kid is bytes") };
    for (name, kid) in [
        ("kid-empty", &[][..]),
        ("kid-too-short", &right[..7]),
        ("kid-too-long", &[right.as_slice(), &[0]].concat()),
    ] {
        set.refuse(
            case(5, name, FULL),
            undecodable(&format!("expected a key id of 8 bytes, got {}", kid.len())),
            cose(with(kid).bytes()),
            "kid has another length than eight",
        );
    }
    let reversed: Vec<u8> = right.iter().rev().copied().collect();
    for (row, name, kid, how) in [
        (5, "kid-unknown", &[0xee; 8][..], "kid is nobody's"),
        (5, "kid-zeros", &[0; 8], "kid is eight zeros"),
        (5, "kid-reversed", &reversed, "the right kid, its bytes turned round"),
        (6, "kid-path", b"../../..", "kid is a path"),
        (6, "kid-sql", b"'or'1'='", "kid is SQL"),
        (6, "kid-nul-inside", b"a\0\0\0\0\0\0b", "kid has NULs in it"),
        (6, "kid-not-utf-8", b"\xff\xfe\xc0\x80\xed\xa0\x80\xff", "kid is not UTF-8"),
    ] {
        set.refuse(
            case(row, name, FULL),
            fails(&[("issuer", "issuer_unknown")], ""),
            cose(with(kid).bytes()),
            how,
        );
    }
    for (name, kid, because) in [
        ("kid-long-path", b"../../../../etc/passwd".to_vec(), "expected a key id of 8 bytes, got 22"),
        ("kid-60-000-bytes", vec![b'k'; 60_000], "expected a key id of 8 bytes, got 60000"),
        ("kid-64-kib", vec![b'k'; 65_536], "expected an envelope of at most 65536 bytes"),
    ] {
        set.refuse(case(6, name, FULL), undecodable(because), cose(with(&kid).bytes()), "kid is no kid");
    }
}

/// Row 9: nothing is critical here, and whoever says so is refused.
fn critical_headers(set: &mut Set) {
    for (name, listed) in [
        ("crit-empty", vec![]),
        ("crit-unknown", vec![99.into()]),
        ("crit-duplicate", vec![Item::Int(TYP), Item::Int(TYP)]),
        ("crit-of-a-known-header", vec![Item::Int(TYP)]),
    ] {
        set.refuse(
            case(9, name, FULL),
            undecodable("header 2 is not allowed in the protected header"),
            cose(Draft::full().header(|header| header.set(2, Item::Array(listed))).bytes()),
            "rightly signed, with crit in the protected header",
        );
    }
    set.refuse(
        case(9, "crit-unprotected", FULL),
        undecodable("header 2 is not allowed in the unprotected header"),
        cose(Draft::full().unprotected(|header| header.set(2, Item::Array(vec![99.into()]))).bytes()),
        "crit where it may not even stand by COSE's own rules",
    );
}

/// Row 10: one kind of thing never passes as another.
fn types(set: &mut Set) {
    let with = |typ: Item| cose(Draft::full().header(|header| header.set(TYP, typ)).bytes());
    for (name, typ) in [("typ-presentation", PRESENTATION), ("typ-receipt", RECEIPT)] {
        let how = "a licence's payload under another typ, signed by the department";
        let fails = fails(&[("format", "undecodable"), ("issuer", "issuer_wrong_use")], "claim 5");
        set.refuse(case(10, name, FULL), fails, with(typ.into()), how);
    }
    for (name, typ) in [
        ("typ-trust-list", "application/elicense-trust-list+cwt"),
        ("typ-pack", "application/elicense-pack+cwt"),
        ("typ-status-list", "application/statuslist+cwt"),
    ] {
        let how = "a licence's payload under another typ, signed by the department";
        set.refuse(case(10, name, FULL), fails(&[("format", "wrong_type")], typ), with(typ.into()), how);
    }
    for (name, typ, because) in [
        ("typ-cwt", "application/cwt".into(), "the type \"application/cwt\" is not known"),
        ("typ-access-token", "at+jwt".into(), "the type \"at+jwt\" is not known"),
        ("typ-upper-case", "APPLICATION/ELICENSE-LICENCE+CWT".into(), "is not known"),
        ("typ-without-application", "elicense-licence+cwt".into(), "is not known"),
        ("typ-as-content-format", Item::Int(61), "expected a text…got a number"),
        ("typ-empty", "".into(), "the type \"\" is not known"),
    ] {
        let how = "a licence's payload under a typ that is none of ours, signed by the department";
        set.refuse(case(10, name, FULL), undecodable(because), with(typ), how);
    }
    set.refuse(
        case(10, "typ-missing", FULL),
        undecodable("header 16 is missing from the protected header"),
        cose(Draft::full().header(|header| header.remove(TYP)).bytes()),
        "no typ at all",
    );
    set.refuse(
        case(10, "trust-list-as-licence", FULL),
        fails(&[("format", "wrong_type")], "trust-list"),
        cose(golden("trust-list.cose")),
        "the golden trust list itself",
    );
    let draft = Draft::full().header(|header| header.set(TYP, RECEIPT));
    let receipts = issuers::signer_draft(draft, &trust(), Usage::Receipt, "receipt");
    set.refuse(
        case(10, "receipt-by-its-own-signer", FULL),
        undecodable("claim 5"),
        cose(receipts.bytes()),
        "a licence's payload as a receipt, rightly signed by the receipt signer",
    );
    for (name, bytes) in [
        ("certificate-as-licence", Draft::full().path().remove(0)),
        ("jwt-as-bytes", b"eyJhbGciOiJub25lIn0.e30.".to_vec()),
    ] {
        set.refuse(
            case(10, name, FULL),
            undecodable("the envelope is not well-formed"),
            cose(bytes),
            "another signed thing altogether",
        );
    }
}

/// Row 12: COSE_Sign1 with tag 18, attached payload, nothing else.
fn shapes(set: &mut Set) {
    let parts = || Draft::full().sign();
    let tagged = |tag: u64, item: Item| Item::Tag(tag, Box::new(item)).encode();
    let not_expected = |what: &str| undecodable(what);
    for (name, bytes, refused, how) in [
        ("untagged", parts().array().encode(), not_expected("expected a tag…got an array"), "no tag"),
        ("tag-cose-sign", tagged(98, parts().array()), not_expected("got tag 98"), "the tag of COSE_Sign"),
        ("tag-cose-mac0", tagged(17, parts().array()), not_expected("got tag 17"), "the tag of COSE_Mac0"),
        (
            "tagged-twice",
            tagged(18, Item::Tag(18, Box::new(parts().array()))),
            not_expected("expected an array…got a tag"),
            "tag 18 around tag 18",
        ),
        (
            "tag-cwt-outside",
            tagged(61, Item::Tag(18, Box::new(parts().array()))),
            not_expected("got tag 61"),
            "the CWT tag around it",
        ),
        (
            "tag-self-described",
            tagged(55_799, Item::Tag(18, Box::new(parts().array()))),
            not_expected("got tag 55799"),
            "the self-described CBOR tag around it",
        ),
        (
            "payload-detached-null",
            tagged(
                18,
                Item::Array({
                    let mut elements = parts().elements();
                    elements[2] = Item::raw([0xf6]);
                    elements.to_vec()
                }),
            ),
            not_expected("a float or simple value"),
            "the payload is null: detached",
        ),
        (
            "three-elements",
            tagged(18, Item::Array(parts().elements()[..3].to_vec())),
            not_expected("expected 4"),
            "no signature element",
        ),
        (
            "five-elements",
            tagged(18, Item::Array([&parts().elements()[..], &[Item::bytes([])]].concat())),
            not_expected("expected 4"),
            "an element behind the signature",
        ),
        (
            "cose-sign-structure",
            tagged(18, {
                let [protected, unprotected, payload, signature] = parts().elements();
                let signatures = Item::Array(vec![protected.clone(), unprotected.clone(), signature]);
                Item::Array(vec![protected, unprotected, payload, Item::Array(vec![signatures])])
            }),
            not_expected("expected a byte string…got an array"),
            "the structure of COSE_Sign under the tag of COSE_Sign1",
        ),
        (
            "protected-header-as-map",
            tagged(
                18,
                Item::Array({
                    let mut elements = parts().elements();
                    elements[0] = Item::raw(parts().protected);
                    elements.to_vec()
                }),
            ),
            not_expected("expected a byte string…got a map"),
            "the protected header not wrapped into a byte string",
        ),
    ] {
        set.refuse(case(12, name, FULL), refused, cose(bytes), how);
    }
    structures(set);
}

/// Row 12: what is signed is `Signature1`, no external data, protected header, payload.
fn structures(set: &mut Set) {
    let forged: Refused = fails(&[("signature", "forged")], "");
    let parts = Draft::full().sign();
    let [protected, _, payload, _] = parts.elements();
    let text = |context: &str| Item::Text(context.to_owned());
    let empty = Item::bytes([]);
    for (name, structure, how) in [
        (
            "external-data",
            vec![text("Signature1"), protected.clone(), Item::bytes(*b"elicense"), payload.clone()],
            "external data was signed with it",
        ),
        (
            "context-signature",
            vec![text("Signature"), protected.clone(), Item::bytes([]), empty.clone(), payload.clone()],
            "signed as COSE_Sign signs",
        ),
        (
            "context-countersignature",
            vec![text("CounterSignature"), protected.clone(), empty.clone(), payload.clone()],
            "signed as a countersignature",
        ),
        ("payload-alone", vec![], "only the payload was signed"),
    ] {
        let signed =
            if structure.is_empty() { parts.payload.clone() } else { Item::Array(structure).encode() };
        let signature = department_key(EDDSA).sign(&signed).unwrap();
        let changed = parts.clone().signature(signature);
        set.refuse(case(12, name, FULL), forged.clone(), cose(changed.bytes()), how);
    }
}
