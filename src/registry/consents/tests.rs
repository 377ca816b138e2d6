//! Consents against a real installation.

use serde_json::{Value, json};

use super::super::tests::{City, now, runtime};
use super::*;

const PORTAL: &str = "11430000006122244L";
const ASKER: &str = "11330105002500287C";
const TYPE: &str = "11100000MB0143028R001";
const OTHER_TYPE: &str = "11100000000013338W011";

fn holder() -> HolderNumber {
    HolderNumber::new("11010519491231002X", HolderCodeType::CitizenNumber).unwrap()
}

fn consent() -> Value {
    json!({"holder": {"code": "11010519491231002X", "code_type": "111"}, "department": ASKER,
        "to": "2026-11-25T10:00:00+08:00"})
}

struct Portal {
    city: City,
    registry: Registry,
}

impl Portal {
    fn new() -> Self {
        let city = City::new();
        Self { registry: city.open(), city }
    }

    fn again(self) -> Self {
        drop(self.registry);
        Self { registry: self.city.open(), city: self.city }
    }

    fn give(&self, body: &Value) -> Result<ConsentView, ActError> {
        let caller = self.registry.acting(PORTAL).unwrap();
        runtime().block_on(self.registry.give_consent(&caller, body.to_string().as_bytes(), now()))
    }

    fn withdraw(&self, id: &str) -> Result<ConsentView, ActError> {
        let body = json!({"holder": consent()["holder"], "department": ASKER}).to_string();
        let caller = self.registry.acting(PORTAL).unwrap();
        runtime().block_on(self.registry.withdraw_consent(&caller, id, body.as_bytes(), now()))
    }

    fn consented(&self, type_code: &str, item: Option<&str>, at: UnixTime) -> bool {
        let (department, type_code) = (ASKER.parse().unwrap(), type_code.parse().unwrap());
        let found = self.registry.consented(&holder(), department, &type_code, item, at).unwrap();
        found == Consented::Yes
    }
}

#[test]
fn a_consent_covers_its_types_and_item_until_its_time_and_nobody_else() {
    let portal = Portal::new();
    assert!(!portal.consented(TYPE, None, now()));
    let mut one = consent();
    one["types"] = json!([TYPE]);
    one["item_code"] = json!("000131001000");
    let given = portal.give(&one).unwrap();
    let portal = portal.again();
    assert!(portal.consented(TYPE, Some("000131001000"), now()));
    assert!(!portal.consented(TYPE, None, now()) && !portal.consented(TYPE, Some("other"), now()));
    assert!(!portal.consented(OTHER_TYPE, Some("000131001000"), now()));
    let end = now().plus(86_400);
    assert!(portal.consented(TYPE, Some("000131001000"), end.plus(-1)));
    assert!(!portal.consented(TYPE, Some("000131001000"), end));
    let department = PORTAL.parse().unwrap();
    let elsewhere = portal.registry.consented(&holder(), department, &TYPE.parse().unwrap(), None, now());
    assert_eq!(elsewhere.unwrap(), Consented::No);

    let all = portal.give(&consent()).unwrap();
    assert!(portal.consented(OTHER_TYPE, None, now()));
    portal.withdraw(&all.id.to_string()).unwrap();
    let portal = portal.again();
    assert!(!portal.consented(OTHER_TYPE, None, now()));
    assert!(portal.consented(TYPE, Some("000131001000"), now()), "the other one stays");
    portal.withdraw(&given.id.to_string()).unwrap();
    assert!(!portal.consented(TYPE, Some("000131001000"), now()));
    for id in [given.id.to_string(), "0123456789abcdef".to_owned(), "..".to_owned()] {
        assert_eq!(portal.withdraw(&id).unwrap_err().code(), "consent_unknown");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_never_with_the_number() {
    let portal = Portal::new();
    for (pointer, value, place) in [
        ("/holder/code", json!("110105194912310021"), "/holder/code"),
        ("/holder/code_type", json!("112"), "/holder/code_type"),
        ("/department", json!("11999900MB0000553B"), "/department"),
        ("/to", json!("2026-11-24T10:00:00+08:00"), "/to"),
        ("/to", json!("2026-12-24T10:00:01+08:00"), "/to"),
        ("/to", json!("tomorrow"), "/to"),
        ("/types", json!([]), "/types"),
        ("/types", json!([TYPE, TYPE]), "/types/1"),
        ("/item_code", json!(""), "/item_code"),
        ("/state", json!("given"), "/state"),
    ] {
        let mut body = consent();
        match body.pointer_mut(pointer) {
            Some(member) => *member = value,
            None => {
                body[pointer.trim_start_matches('/')] = value;
            }
        }
        let refused = portal.give(&body).unwrap_err();
        assert_eq!(refused.code(), "consent_refused");
        assert_eq!(refused.problems().iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), [place]);
        assert!(!refused.to_string().contains("19491231"), "{refused}");
    }
    let mut longest = consent();
    longest["to"] = json!("2026-12-24T10:00:00+08:00");
    assert!(portal.give(&longest).is_ok());
}

#[test]
fn a_hundred_in_force_are_enough() {
    let portal = Portal::new();
    let first = portal.give(&consent()).unwrap();
    for _ in 1..MOST {
        portal.give(&consent()).unwrap();
    }
    assert_eq!(portal.give(&consent()).unwrap_err().code(), "too_many_consents");
    portal.withdraw(&first.id.to_string()).unwrap();
    assert!(portal.give(&consent()).is_ok());
}
