//! Rows 21 and 24: values that are not what their place asks for.

use super::super::craft::{Draft, EXP, IAT, ISS, LICENCE, NBF, STATUS};
use super::super::item::{Item, head};
use super::super::manifest::Accepted;
use super::{Set, case, cose, credential, fails, json_body, problem, undecodable};

const FULL: &str = "envelope";

/// Row 21: each claim has one type.
pub(super) fn wrong_types(set: &mut Set) {
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
pub(super) fn wrong_times(set: &mut Set) {
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
pub(super) fn texts(set: &mut Set) {
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
