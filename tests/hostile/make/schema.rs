//! Row 25: the schema is closed, and a licence agrees with itself.

use super::super::city::golden;
use super::super::craft::{Draft, EXP, IAT, ISS, LICENCE, NBF, Parts, STATUS};
use super::super::item::Item;
use super::super::manifest::Accepted;
use super::issuers::with_check;
use super::{Set, case, cose, fails, undecodable};

const FULL: &str = "envelope";
const QR: &str = "qr-envelope";

pub(super) fn add(set: &mut Set) {
    set.twin(
        QR,
        Accepted::Valid,
        cose(golden("eddsa-qr.cose")),
        "the golden EdDSA licence's qr form in bytes",
    );
    unknown(set);
    missing(set);
    wrong_counts(set);
    forms(set);
    limits(set);
    identifiers(set);
    replaced(set);
}

fn unknown(set: &mut Set) {
    let claims = |key: i64, value: Item| Draft::full().claims(|claims| claims.set(key, value));
    for (name, draft, because) in [
        ("claim-sub", claims(2, "someone".into()), "claim 2 of the claims is not known"),
        ("claim-aud", claims(3, "someone".into()), "claim 3 of the claims is not known"),
        ("claim-cti", claims(7, Item::bytes([1])), "claim 7 of the claims is not known"),
        ("claim-0", claims(0, 0.into()), "claim 0 of the claims is not known"),
        (
            "claim-of-a-trust-list",
            claims(-70_002, Item::Map(vec![])),
            "claim -70002 of the claims is not known",
        ),
        (
            "claim-with-text-key",
            Draft::full().claims(|claims| claims.set("admin", Item::raw([0xf5]))),
            "got a text",
        ),
        ("licence-key-0", Draft::full().licence(|licence| licence.set(0, 0)), "claim 0 of the licence"),
        ("licence-key-14", Draft::full().licence(|licence| licence.set(14, "x")), "claim 14 of the licence"),
        (
            "licence-key-negative",
            Draft::full().licence(|licence| licence.set(-1, "x")),
            "claim -1 of the licence",
        ),
        (
            "status-extra-list",
            Draft::full().claims(|claims| claims.at(STATUS).set("identifier_list", Item::Map(vec![]))),
            "status is not valid",
        ),
        ("status-extra-member", Draft::full().status(|status| status.set("ttl", 1)), "status is not valid"),
    ] {
        set.refuse(
            case(25, name, FULL),
            undecodable(because),
            cose(draft.bytes()),
            "rightly signed, with something more in it",
        );
    }
}

fn missing(set: &mut Set) {
    for (name, claim) in [("iss", ISS), ("nbf", NBF), ("iat", IAT), ("status", STATUS), ("licence", LICENCE)]
    {
        set.refuse(
            case(25, &format!("without-{name}"), FULL),
            undecodable(&format!("claim {claim} of the claims is missing")),
            cose(Draft::full().claims(|claims| claims.remove(claim)).bytes()),
            "rightly signed, without a claim that must be there",
        );
    }
    for (name, key) in [
        ("identifier", 1),
        ("type-name", 2),
        ("number", 3),
        ("authority-name", 4),
        ("issue-date", 5),
        ("valid-from", 6),
        ("holders", 8),
        ("fields", 9),
        ("form", 12),
    ] {
        set.refuse(
            case(25, &format!("without-{name}"), FULL),
            undecodable(&format!("claim {key} of the licence is missing")),
            cose(Draft::full().licence(|licence| licence.remove(key)).bytes()),
            "rightly signed, without a key that must be there",
        );
    }
    for (name, member) in [("idx", "idx"), ("uri", "uri")] {
        set.refuse(
            case(25, &format!("without-{name}"), FULL),
            undecodable("status is not valid"),
            cose(Draft::full().status(|status| status.remove(member)).bytes()),
            "rightly signed, without a part of its status",
        );
    }
}

fn wrong_counts(set: &mut Set) {
    let licences = || Item::Array(vec![Draft::full().claims, Draft::full().claims]);
    let payload = |item: Item| Draft::full().claims(|claims| *claims = item).bytes();
    let twice = [Draft::full().claims.encode(), Draft::full().claims.encode()].concat();
    for (name, bytes, because, how) in [
        ("payload-empty", payload(Item::raw([])), "the payload is empty", "no payload"),
        ("payload-an-empty-map", payload(Item::Map(vec![])), "claim 1 of the claims is missing", "no claims"),
        ("payload-two-licences", payload(licences()), "expected a map", "two licences in an array"),
        (
            "payload-licence-twice",
            payload(Item::Raw(twice)),
            "stand behind the end",
            "two payloads, one behind the other",
        ),
        ("payload-json", payload(Item::raw(*b"{\"iss\": \"11999900MB000022XP\"}")), "expected a map", "JSON"),
        (
            "payload-byte-behind",
            payload(Item::raw([Draft::full().claims.encode(), vec![0]].concat())),
            "stand behind the end",
            "a byte behind the claims",
        ),
    ] {
        set.refuse(case(25, name, FULL), undecodable(because), cose(bytes), how);
    }
    let holder = |draft: Draft| draft.claims.clone().at(LICENCE).at(8).items()[0].clone();
    let one = holder(Draft::full());
    let holders =
        |holders: Vec<Item>| Draft::full().licence(|licence| licence.set(8, Item::Array(holders))).bytes();
    let mut short = one.clone();
    short.items().pop();
    let mut long = one.clone();
    long.items().push("x".into());
    set.twin(
        "fifty-holders",
        Accepted::Signed,
        cose(holders(vec![one.clone(); 50])),
        "rightly signed, fifty holders",
    );
    for (name, list, because) in [
        ("no-holder", vec![], "number of holders"),
        ("fifty-one-holders", vec![one; 51], "number of holders"),
        ("holder-without-code-type", vec![short], "expected 3 elements"),
        ("holder-with-four-elements", vec![long], "expected 3 elements"),
    ] {
        set.refuse(
            case(25, name, "fifty-holders"),
            undecodable(because),
            cose(holders(list)),
            "holders of another number or shape",
        );
    }
}

fn forms(set: &mut Set) {
    let digest = || Item::bytes([7; 32]);
    let together = "only the qr form";
    for (name, draft, because) in [
        ("full-with-digest", Draft::full().licence(|licence| licence.set(13, digest())), together),
        ("qr-without-digest", Draft::qr().licence(|licence| licence.remove(13)), together),
        ("form-unknown", Draft::full().licence(|licence| licence.set(12, "both")), together),
        ("form-in-capitals", Draft::full().licence(|licence| licence.set(12, "FULL")), together),
        (
            "digest-of-31-bytes",
            Draft::qr().licence(|licence| licence.set(13, Item::bytes([7; 31]))),
            "digest of the full form",
        ),
        (
            "digest-of-33-bytes",
            Draft::qr().licence(|licence| licence.set(13, Item::bytes([7; 33]))),
            "digest of the full form",
        ),
        (
            "digest-in-hexadecimal",
            Draft::qr().licence(|licence| {
                licence.set(
                    13,
                    Item::bytes(*b"0707070707070707070707070707070707070707070707070707070707070707"),
                )
            }),
            "digest of the full form",
        ),
    ] {
        set.refuse(
            case(25, name, QR),
            undecodable(because),
            cose(draft.bytes()),
            "form and digest do not go together",
        );
    }
}

fn limits(set: &mut Set) {
    let number = |length: usize| Draft::full().licence(|licence| licence.set(3, "9".repeat(length).as_str()));
    let field =
        |length: usize| Draft::full().fields(|fields| fields.set("scope", "农".repeat(length).as_str()));
    let name = |length: usize| {
        Draft::full()
            .licence(|licence| licence.at(8).items()[0].items()[0] = "农".repeat(length).as_str().into())
    };
    let authority =
        |length: usize| Draft::full().licence(|licence| licence.set(4, "局".repeat(length).as_str()));
    let many = |count: usize| {
        Draft::full().fields(|fields| {
            *fields = Item::Map(Vec::new());
            (0..count).for_each(|index| fields.set(format!("f{index:03}").as_str(), 1));
        })
    };
    let too_many = |most: usize| format!("at most {most} characters");
    for (what, at_limit, beyond, because) in [
        ("number-of-64", number(64), number(65), too_many(64)),
        ("field-of-2000", field(2_000), field(2_001), too_many(2_000)),
        ("holder-name-of-200", name(200), name(201), too_many(200)),
        ("authority-name-of-200", authority(200), authority(201), too_many(200)),
        ("fields-100", many(100), many(101), "number of fields".to_owned()),
    ] {
        set.twin(what, Accepted::Signed, cose(at_limit.bytes()), "rightly signed, exactly at the limit");
        let how = "rightly signed, one more than the limit";
        set.refuse(
            case(25, &format!("{what}-and-one"), what),
            undecodable(&because),
            cose(beyond.bytes()),
            how,
        );
    }
    for (name, key) in [
        ("field-key-with-blank", "a b"),
        ("field-key-in-capitals", "Name"),
        ("field-key-with-markup", "<b>"),
        ("field-key-beginning-with-digit", "1a"),
        ("field-key-empty", ""),
        ("field-key-of-41", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("field-key-chinese", "名称"),
    ] {
        let draft = Draft::full().fields(|fields| fields.set(key, "x"));
        set.refuse(
            case(25, name, FULL),
            undecodable("field key is not valid"),
            cose(draft.bytes()),
            "a field's key is none",
        );
    }
    for (name, area) in [
        ("area-code-of-five", "99990"),
        ("area-code-with-letters", "99990A"),
        ("area-code-of-seven", "9999000"),
    ] {
        let draft = Draft::full().licence(|licence| licence.set(11, area));
        set.refuse(
            case(25, name, FULL),
            undecodable("area code is not valid"),
            cose(draft.bytes()),
            "no area code",
        );
    }
    set.refuse(
        case(25, "uri-with-blank", FULL),
        undecodable("status list uri is not valid"),
        cose(Draft::full().status(|status| status.set("uri", "https://licences.example/ 0")).bytes()),
        "the status list's address has a blank",
    );
    let parts = Parts { payload: vec![0xa0; 65_000], ..Draft::full().sign() };
    set.refuse(
        case(25, "payload-of-65-000-maps", FULL),
        fails(&[("format", "undecodable"), ("signature", "forged")], "stand behind the end"),
        cose(parts.bytes()),
        "65,000 empty maps under another's signature",
    );
}

/// Identifiers and codes by their own rules.
fn identifiers(set: &mut Set) {
    const TYPE_AND_ISSUER: &str = "1.2.156.3005.2.11100000MB0143028R001.11999900MB000022XP";
    let good = with_check(&format!("{TYPE_AND_ISSUER}.ABCDEFGHIJKLMNOPQRSTUVWXY.001"));
    let identifier = |text: &str| Draft::full().licence(|licence| licence.set(1, text));
    set.twin(
        "another-serial",
        Accepted::Signed,
        cose(identifier(&good).bytes()),
        "rightly signed, another serial",
    );
    let (body, check) = good.split_at(good.len() - 1);
    let wrong_check = format!("{body}{}", if check == "0" { '1' } else { '0' });
    let code = good.replace("11999900MB000022XP", "11999900MB000022X0");
    for (name, text, because) in [
        ("identifier-check-wrong", wrong_check, "check character"),
        ("identifier-without-check", good[..good.len() - 2].to_owned(), "identifier"),
        ("identifier-other-root", good.replace("3005", "3006"), "expected the identifier to begin with"),
        ("identifier-lower-case", good.to_lowercase(), "identifier"),
        ("identifier-version-0", good.replace(".001.", ".000."), "version"),
        ("identifier-version-of-two", good.replace(".001.", ".01."), "version"),
        ("identifier-credit-code-wrong", code, "issuer part"),
        ("identifier-empty", String::new(), "identifier"),
        ("identifier-very-long", "1.".repeat(2_000), "identifier of at most"),
        ("identifier-blank-behind", format!("{good} "), "identifier"),
    ] {
        set.refuse(
            case(25, name, "another-serial"),
            undecodable(because),
            cose(identifier(&text).bytes()),
            "the identifier is none",
        );
    }
    for (name, code, code_type, because) in [
        ("holder-credit-code-wrong", "91999999XX00010112", "001", "holder code of type 001"),
        ("holder-citizen-number-wrong", "999999188709090266", "111", "holder code of type 111"),
        ("holder-code-type-unknown", "91999999XX00010111", "999x", "holder code type"),
    ] {
        let draft = Draft::full().licence(|licence| {
            let holder = licence.at(8).items()[0].items();
            (holder[1], holder[2]) = (code.into(), code_type.into());
        });
        set.refuse(
            case(25, name, FULL),
            undecodable(because),
            cose(draft.bytes()),
            "a holder's code breaks its own rule",
        );
    }
    set.refuse(
        case(25, "iss-check-wrong", FULL),
        undecodable("iss is not valid"),
        cose(Draft::full().claims(|claims| claims.set(ISS, "11999900MB000022XQ")).bytes()),
        "iss is no credit code",
    );
    let draft = Draft::full()
        .licence(|licence| licence.set(7, "2025-01-14"))
        .claims(|claims| claims.set(EXP, 1_736_870_400));
    set.refuse(
        case(25, "ends-before-it-begins", FULL),
        fails(&[("format", "inconsistent"), ("dates", "expired")], "it ends before it begins"),
        cose(draft.bytes()),
        "its last day is before its first",
    );
}

/// What a licence replaces is an earlier version of itself, or another authority's that it takes over (FORMAT.md §2).
fn replaced(set: &mut Set) {
    const SECOND: &str = "second-version";
    let types = ["11100000MB0143028R001", "11100000000013338W032"];
    let issuers = ["11999900MB000022XP", "11999900MB00003341"];
    let serials = ["ABCDEFGHIJKLMNOPQRSTUVWXY", "ZZZZZZZZZZZZZZZZZZZZZZZZZ"];
    let identifier = |licence_type: usize, issuer: usize, serial: usize, version: &str| {
        let (licence_type, issuer, serial) = (types[licence_type], issuers[issuer], serials[serial]);
        with_check(&format!("1.2.156.3005.2.{licence_type}.{issuer}.{serial}.{version}"))
    };
    let replacing = |old: &str| {
        Draft::full().licence(|licence| {
            licence.set(1, identifier(0, 0, 0, "002").as_str());
            licence.set(10, old);
        })
    };
    let first = identifier(0, 0, 0, "001");
    set.twin(
        SECOND,
        Accepted::Signed,
        cose(replacing(&first).bytes()),
        "rightly signed, version 002 that replaces 001",
    );
    let taking_over = |old: &str| {
        Draft::full().licence(|licence| {
            licence.set(1, identifier(0, 0, 0, "001").as_str());
            licence.set(10, old);
        })
    };
    const TAKEN: &str = "taken-over";
    set.twin(
        TAKEN,
        Accepted::Signed,
        cose(taking_over(&identifier(0, 1, 1, "007")).bytes()),
        "rightly signed, version 001 that takes over another department's licence",
    );
    let inconsistent = fails(&[("format", "inconsistent")], "replaces");
    for (name, old, how) in [
        ("takes-over-another-type", identifier(1, 1, 1, "001"), "it takes over a licence of another type"),
        ("takes-over-its-own", identifier(0, 0, 1, "001"), "it takes over another licence of its own issuer"),
    ] {
        set.refuse(case(25, name, TAKEN), inconsistent.clone(), cose(taking_over(&old).bytes()), how);
    }
    for (name, old, how) in [
        ("replaces-itself", identifier(0, 0, 0, "002"), "it replaces itself"),
        ("replaces-a-later-version", identifier(0, 0, 0, "003"), "it replaces version 003"),
        ("replaces-another-type", identifier(1, 0, 0, "001"), "it replaces a licence of another type"),
        (
            "replaces-another-departments",
            identifier(0, 1, 0, "001"),
            "it, version 002, replaces another department's licence",
        ),
        (
            "replaces-another-serial",
            identifier(0, 0, 1, "001"),
            "it replaces another licence of its own type",
        ),
    ] {
        set.refuse(case(25, name, SECOND), inconsistent.clone(), cose(replacing(&old).bytes()), how);
    }
    let (name, how) = ("replaces-no-identifier", "what it replaces is no identifier");
    set.refuse(
        case(25, name, SECOND),
        undecodable("identifier is not valid"),
        cose(replacing("001").bytes()),
        how,
    );
}
