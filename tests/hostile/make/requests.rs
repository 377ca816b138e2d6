//! Rows 57 and 60 to 62: what departments ask for, and what strangers do.

use serde_json::{Value, json};

use super::super::city::{API_KEYS, golden, read};
use super::super::manifest::{Accepted, Body, Call, Presented};
use super::{Set, case, problem};

pub(super) fn add(set: &mut Set) {
    repeated(set);
    strangers(set);
    others(set);
    members(set);
    changes(set);
}

fn call(method: &str, path: &str, key: &str) -> Call {
    let headers = vec![("authorization".to_owned(), format!("Bearer {key}"))];
    Call { method: method.to_owned(), path: path.to_owned(), headers, body: None }
}

impl Call {
    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn json(mut self, body: &Value) -> Self {
        self.body = Some(Body::of(body.to_string().as_bytes()));
        self.header("content-type", "application/json")
    }
}

/// A draft with a number of its own.
fn draft(number: &str) -> Value {
    let mut draft: Value =
        serde_json::from_slice(&read("fixtures/licences/construction-special-operator-electric.json"))
            .unwrap();
    draft["number"] = json!(number);
    draft
}

fn issue(key: &str, order: &str, body: &Value) -> Call {
    call("POST", "/v1/licences", key).header("idempotency-key", order).json(body)
}

fn asked(calls: impl Into<Vec<Call>>) -> Presented {
    Presented::Requests(calls.into())
}

fn golden_identifier() -> String {
    let payload = super::super::craft::Parts::of(&golden("es256-full.cose")).payload;
    let mut claims = super::super::item::Item::parse(&payload);
    let super::super::item::Item::Text(identifier) = claims.at(-70_001).at(1).clone() else {
        panic!("an identifier is a text")
    };
    identifier
}

/// Row 57: an idempotency key stands for one body.
fn repeated(set: &mut Set) {
    const TWIN: &str = "same-key-same-body";
    let key = API_KEYS.es256;
    let twice =
        |order: &str, second: &Value| asked([issue(key, order, &draft(order)), issue(key, order, second)]);
    set.twin(
        TWIN,
        Accepted::Done,
        twice("order-same", &draft("order-same")),
        "the same request twice: one licence",
    );
    let mut other_name = draft("order-name");
    other_name["holders"][0]["name"] = json!("阿依古丽·买买提");
    for (name, order, second, how) in [
        ("same-key-other-number", "order-number", draft("another number"), "the same key, another number"),
        ("same-key-other-holder", "order-name", other_name, "the same key, another holder"),
        (
            "same-key-no-fields",
            "order-fields",
            json!({"type": "11100000000013338W032", "number": "order-fields"}),
            "the same key, a body that would be refused anyway",
        ),
    ] {
        set.refuse(case(57, name, TWIN), problem(422, "idempotency_key_reused"), twice(order, &second), how);
    }
    let mut spaced = issue(key, "order-spaced", &draft("order-spaced"));
    spaced.body = Some(Body::Text(format!("{} ", draft("order-spaced"))));
    set.refuse(
        case(57, "same-key-other-bytes", TWIN),
        problem(422, "idempotency_key_reused"),
        asked([issue(key, "order-spaced", &draft("order-spaced")), spaced]),
        "the same key, the same JSON with a blank more",
    );
    let plain = || call("POST", "/v1/licences", key).json(&draft("no-key"));
    for (name, call) in [
        ("key-missing", plain()),
        ("key-empty", plain().header("idempotency-key", "")),
        ("key-with-blank", plain().header("idempotency-key", "a b")),
        ("key-of-129", plain().header("idempotency-key", &"k".repeat(129))),
        ("key-twice", plain().header("idempotency-key", "a").header("idempotency-key", "a")),
        ("key-in-the-address", {
            let mut call = plain();
            call.path = "/v1/licences?idempotency-key=a".to_owned();
            call
        }),
    ] {
        set.refuse(
            case(57, name, TWIN),
            problem(400, "idempotency_key_required"),
            asked([call]),
            "no usable idempotency key",
        );
    }
    set.refuse(
        case(57, "number-again-under-another-key", TWIN),
        problem(409, "number_taken"),
        asked([
            issue(key, "order-taken-1", &draft("order-taken")),
            issue(key, "order-taken-2", &draft("order-taken")),
        ]),
        "another key, and the number that the first licence has",
    );
}

/// Row 60: API keys.
fn strangers(set: &mut Set) {
    const TWIN: &str = "own-licence";
    let path = format!("/v1/licences/{}", golden_identifier());
    let key = API_KEYS.es256;
    set.twin(TWIN, Accepted::Done, asked([call("GET", &path, key)]), "a department looks at its own licence");
    let other = API_KEYS.eddsa;
    let (id, secret) = (&key[..21], &other[21..]);
    for (name, presented, how) in [
        ("key-cut", key[..key.len() - 1].to_owned(), "the last digit is missing"),
        ("key-prefix", key[..40].to_owned(), "the first forty characters"),
        ("key-id-alone", key[..20].to_owned(), "the id without the secret"),
        ("key-with-a-digit-more", format!("{key}0"), "a digit more"),
        ("key-in-capitals", key.to_uppercase(), "in capitals"),
        ("key-with-blank-before", format!(" {key}"), "two blanks behind the scheme"),
        ("key-with-quotes", format!("\"{key}\""), "in quotes"),
        ("key-with-comma", format!("{key},{other}"), "two keys in one"),
        ("key-of-two-halves", format!("{id}{secret}"), "one department's id, another's secret"),
        ("key-secret-zeros", format!("{id}{}", "0".repeat(64)), "the right id, a secret of zeros"),
        ("key-withdrawn", API_KEYS.withdrawn.to_owned(), "a key that was withdrawn"),
        (
            "key-as-hash",
            format!("{id}{}", elicense::crypto::Digest::of(&key.as_bytes()[21..])),
            "the hash that is kept",
        ),
        ("key-empty-bearer", String::new(), "no key behind the scheme"),
        ("key-star", "*".to_owned(), "a star"),
    ] {
        set.refuse(
            case(60, name, TWIN),
            problem(401, "unauthorized"),
            asked([call("GET", &path, &presented)]),
            how,
        );
    }
    let bare = || Call { method: "GET".to_owned(), path: path.clone(), headers: Vec::new(), body: None };
    for (name, call, how) in [
        ("key-absent", bare(), "no key"),
        (
            "key-in-the-query",
            Call { path: format!("{path}?api_key={key}"), ..bare() },
            "the key in the address",
        ),
        (
            "key-in-a-cookie",
            bare().header("cookie", &format!("authorization=Bearer {key}")),
            "the key in a cookie",
        ),
        ("key-in-another-header", bare().header("x-api-key", key), "the key in X-Api-Key"),
        ("key-as-basic", bare().header("authorization", &format!("Basic {key}")), "another scheme"),
        ("key-without-scheme", bare().header("authorization", key), "no scheme"),
        (
            "key-header-twice",
            bare()
                .header("authorization", &format!("Bearer {key}"))
                .header("authorization", &format!("Bearer {key}")),
            "the header twice",
        ),
    ] {
        set.refuse(case(60, name, TWIN), problem(401, "unauthorized"), asked([call]), how);
    }
    set.refuse(
        case(60, "acting-over-tcp", TWIN),
        problem(400, "acting_department_over_tcp"),
        asked([bare().header("acting-department", super::super::city::ES256)]),
        "a department named in a header, as only the local socket allows",
    );
}

/// Row 61: another department's licence is as unknown as none.
fn others(set: &mut Set) {
    let (own, other, third) = (API_KEYS.es256, API_KEYS.eddsa, API_KEYS.verifies_only);
    let identifier = golden_identifier();
    let not_found = || problem(404, "not_found");
    for (name, end) in [("shown", ""), ("png", "/qr.png"), ("svg", "/qr.svg"), ("file", "/file")] {
        let path = format!("/v1/licences/{identifier}{end}");
        let twin = format!("own-{name}");
        set.twin(&twin, Accepted::Done, asked([call("GET", &path, own)]), "its own department asks");
        set.refuse(
            case(61, &format!("other-{name}"), &twin),
            not_found(),
            asked([call("GET", &path, other)]),
            "another department that issues asks",
        );
        set.refuse(
            case(61, &format!("third-{name}"), &twin),
            not_found(),
            asked([call("GET", &path, third)]),
            "a department that only verifies asks",
        );
        set.refuse(
            case(61, &format!("unknown-{name}"), &twin),
            not_found(),
            asked([call("GET", &format!("/v1/licences/{}{end}", identifier.replace(".001.", ".002.")), own)]),
            "a version that does not exist: the same answer",
        );
    }
    let revoke = |path: &str, key: &str| {
        call("POST", &format!("{path}/status"), key).json(&json!({"to": "revoked", "reason": "一份测试"}))
    };
    const OWN_STATUS: &str = "own-status";
    let made = |order: &str| issue(own, order, &draft(order));
    set.twin(
        OWN_STATUS,
        Accepted::Done,
        asked([made("status-own"), revoke("/v1/licences/{identifier}", own)]),
        "its own department revokes a licence",
    );
    for (name, key, path) in [
        ("other-revokes", other, "/v1/licences/{identifier}".to_owned()),
        ("third-revokes", third, "/v1/licences/{identifier}".to_owned()),
        ("other-revokes-in-lower-case", other, format!("/v1/licences/{}", identifier.to_lowercase())),
        ("other-revokes-what-is-escaped", other, format!("/v1/licences/{}", identifier.replace('.', "%2E"))),
    ] {
        set.refuse(
            case(61, name, OWN_STATUS),
            // A department that only verifies is no officer, of its own licences neither.
            if key == third { problem(403, "role_required") } else { not_found() },
            asked([made(&format!("status-{name}")), revoke(&path, key)]),
            "another department revokes it",
        );
    }
    replacing(set, &identifier);
}

/// Row 61 in a body: nobody replaces another department's licence.
fn replacing(set: &mut Set, golden: &str) {
    const TWIN: &str = "own-replaced";
    let own = API_KEYS.es256;
    let replacing = |number: &str, old: &str| {
        let mut body = draft(number);
        body["replaces"] = json!(old);
        body
    };
    set.twin(
        TWIN,
        Accepted::Done,
        asked([
            issue(own, "replaced-1", &draft("replaced")),
            issue(own, "replaced-2", &replacing("replaced", "{identifier}")),
        ]),
        "its own department replaces a licence",
    );
    let mut business: Value =
        serde_json::from_slice(&read("fixtures/licences/business-licence-individual.json")).unwrap();
    business["number"] = json!("replaces-theirs");
    business["replaces"] = json!(golden.replace("11100000000013338W032", "11100000MB0143028R001"));
    set.refuse(
        case(61, "replaces-another-departments", TWIN),
        problem(422, "draft_refused"),
        asked([issue(API_KEYS.eddsa, "replaces-theirs", &business)]),
        "a licence that replaces another department's, its identifier bent to one's own type",
    );
    let theirs = super::issuers::with_check(
        "1.2.156.3005.2.11100000000013338W032.11999900MB000022XP.ABCDEFGHIJKLMNOPQRSTUVWXY.001",
    );
    let mut taking = replacing("takes-over-nothing", &theirs);
    taking["replaces_for"] = json!("transfer_in");
    set.refuse(
        case(61, "takes-over-what-is-not-there", TWIN),
        problem(404, "not_found"),
        asked([issue(own, "takes-over-nothing", &taking)]),
        "a licence that takes over one which another department might have",
    );
    let mut taking = replacing("takes-over-its-own", "{identifier}");
    taking["replaces_for"] = json!("transfer_in");
    set.refuse(
        case(61, "takes-over-its-own", TWIN),
        problem(409, "not_replaceable"),
        asked([issue(own, "taken-over", &draft("taken-over")), issue(own, "takes-over-own", &taking)]),
        "a licence that takes over one's own",
    );
    set.refuse(
        case(61, "replaces-what-is-not-there", TWIN),
        problem(404, "not_found"),
        asked([issue(own, "replaces-nothing", &replacing("replaces-nothing", &theirs))]),
        "a licence that replaces one which another department might have",
    );
}

/// Row 62: a client sets nothing that is the service's to set.
fn members(set: &mut Set) {
    const TWIN: &str = "nothing-but-what-is-asked";
    let key = API_KEYS.es256;
    set.twin(
        TWIN,
        Accepted::Done,
        asked([issue(key, "plain-draft", &draft("plain-draft"))]),
        "a draft and nothing else",
    );
    for (member, value) in [
        ("status", json!("valid")),
        ("issuer", json!("11999900MB000022XP")),
        ("iss", json!("11999900MB000022XP")),
        ("authority", json!({"code": "11999900MB000022XP", "name": "示范市市场监督管理局"})),
        ("serial", json!("AAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("identifier", json!(golden_identifier())),
        ("version", json!("002")),
        ("iat", json!(0)),
        ("kid", json!("0000000000000000")),
        ("area_code", json!("110000")),
        ("department", json!("11999900MB000022XP")),
        ("__proto__", json!({"status": "valid"})),
    ] {
        let name = format!("draft-with-{member}");
        let mut body = draft(&name);
        body[member] = value;
        set.refuse(
            case(62, &name, TWIN),
            problem(422, "draft_refused"),
            asked([issue(key, &name, &body)]),
            "a member that is not the client's",
        );
    }
    let nested = |name: &str, change: fn(&mut Value)| {
        let mut body = draft(name);
        change(&mut body);
        asked([issue(key, name, &body)])
    };
    for (name, present) in [
        ("holder-verified", nested("holder-verified", |body| body["holders"][0]["verified"] = json!(true))),
        ("field-unknown", nested("field-unknown", |body| body["fields"]["admin"] = json!("yes"))),
        (
            "field-of-another-type",
            nested("field-of-another-type", |body| body["fields"]["capital"] = json!("伍佰万元")),
        ),
    ] {
        set.refuse(
            case(62, name, TWIN),
            problem(422, "draft_refused"),
            present,
            "a member inside that is not known",
        );
    }
    let twice = draft("type-twice").to_string().replacen('{', "{\"type\": \"11100000MB0143028R001\", ", 1);
    let mut call = issue(key, "type-twice", &draft("type-twice"));
    call.body = Some(Body::Text(twice));
    set.refuse(
        case(62, "type-twice", TWIN),
        problem(400, "duplicate_key"),
        asked([call]),
        "the type twice, the allowed one last",
    );
    let mut other_type = draft("type-of-another");
    other_type["type"] = json!("11100000MB0143028R001");
    set.refuse(
        case(62, "type-of-another", TWIN),
        problem(422, "type_not_authorised"),
        asked([issue(key, "type-of-another", &other_type)]),
        "a type that the department is not certified for",
    );
    let by_none = issue(API_KEYS.verifies_only, "no-issuer", &draft("no-issuer"));
    set.refuse(
        case(62, "no-issuer", TWIN),
        problem(403, "role_required"),
        asked([by_none]),
        "by a department that only verifies",
    );
}

/// Row 62 for a status request, and states that do not follow one another.
fn changes(set: &mut Set) {
    const TWIN: &str = "suspended-and-resumed";
    let key = API_KEYS.es256;
    let change = |body: Value| call("POST", "/v1/licences/{identifier}/status", key).json(&body);
    let to = |state: &str| change(json!({"to": state, "reason": "一份测试"}));
    let made = |order: &str| issue(key, order, &draft(order));
    set.twin(
        TWIN,
        Accepted::Done,
        asked([made("resumed"), to("suspended"), to("valid")]),
        "suspended, then resumed",
    );
    for (name, body) in [
        ("status-with-time", json!({"to": "revoked", "reason": "一份测试", "at": "2020-01-01T00:00:00Z"})),
        ("status-by-another", json!({"to": "revoked", "reason": "一份测试", "by": "11999900MB000022XP"})),
        ("status-without-reason", json!({"to": "revoked"})),
        ("status-replaced", json!({"to": "replaced", "reason": "一份测试"})),
        ("status-unknown", json!({"to": "VALID", "reason": "一份测试"})),
    ] {
        let present = asked([made(name), change(body)]);
        set.refuse(
            case(62, name, TWIN),
            problem(422, "status_request_refused"),
            present,
            "a status request that is none",
        );
    }
    let escape = change(json!({"to": "revoked", "reason": "\u{202e}"}));
    let present = asked([made("status-reason-turned"), escape]);
    set.refuse(
        case(62, "status-reason-turned", TWIN),
        problem(422, "reason_refused"),
        present,
        "a reason that cannot be shown",
    );
    let basis = change(json!({"to": "revoked", "reason": "一份测试", "legal_basis": "第一条\u{202e}"}));
    let present = asked([made("status-basis-turned"), basis]);
    set.refuse(
        case(62, "status-basis-turned", TWIN),
        problem(422, "legal_basis_refused"),
        present,
        "a legal basis that cannot be shown",
    );
    let present = asked([made("status-unrevoked"), to("revoked"), to("valid")]);
    set.refuse(
        case(62, "status-unrevoked", TWIN),
        problem(409, "transition_not_allowed"),
        present,
        "revoked, then valid again",
    );
}
