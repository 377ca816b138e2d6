//! A city with a window that may look, one that may not, a portal and a supervisor, served by the real binary.

use std::path::PathBuf;
use std::sync::Arc;

use elicense::access::{Basis, Call, GrantedFields, GrantedTypes, Role, Terms};
use elicense::crypto::{Algorithm, SystemRandom};
use elicense::licence::{Authority, Catalogue, LicenceType};
use elicense::registry::{DepartmentPlan, Making, Plan};
use elicense::time::UnixTime;
use serde_json::{Value, json};

use super::city::SAMPLE;
use super::http::{Client, Request, Response};
use super::keeping;
use super::service::{Service, Start};

pub(crate) const BUSINESS: &str = "11100000MB0143028R001";
pub(crate) const ESTATE: &str = "11100000MB03271699001";
pub(crate) const ISSUER: &str = "11430000006122244L";
pub(crate) const WINDOW: &str = "11330105002500287C";

/// The installation and its keys. Its first department issues everything.
pub(crate) struct Hall {
    _place: tempfile::TempDir,
    logs: tempfile::TempDir,
    pub(crate) data: PathBuf,
    pub(crate) issuer: String,
    /// May look up and compare business licences: scope and capital.
    pub(crate) window: String,
    /// A verifier without any grant.
    pub(crate) ungranted: String,
    pub(crate) portal: String,
    pub(crate) supervisor: String,
}

impl Hall {
    /// Made in a directory of its own.
    pub(crate) fn new() -> Self {
        Self::at(tempfile::tempdir().expect("a temporary directory"), "data")
    }

    /// Made in a folder under a directory.
    pub(crate) fn at(place: tempfile::TempDir, folder: &str) -> Self {
        let data = place.path().join(folder);
        let making = Making::begin(&data, keeping::at(&data)).expect("a place for an installation");
        let made = making.make_all(&plan(), Arc::new(SystemRandom), now()).expect("an installation");
        let keys: Vec<String> = made.departments.iter().map(|one| one.api_key.to_string()).collect();
        let [issuer, window, ungranted, portal, supervisor] = keys.try_into().expect("five departments");
        let logs = tempfile::tempdir().expect("a temporary directory");
        Self { _place: place, logs, data, issuer, window, ungranted, portal, supervisor }
    }

    pub(crate) fn serve(&self) -> Service {
        Start::serve(&self.data, self.logs.path()).ready()
    }

    /// Issues a business licence to a company, changed from the sample; answers its identifier.
    #[track_caller]
    pub(crate) fn issue(
        &self,
        client: &mut Client,
        holder: &Value,
        change: impl FnOnce(&mut Value),
    ) -> Value {
        let mut body: Value = serde_json::from_str(SAMPLE).expect("the sample is JSON");
        body["holders"] = json!([holder]);
        change(&mut body);
        let key = format!("{}-{}", body["number"], body["replaces"]);
        let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
        let request = Request::post("/v1/licences").key(&self.issuer).header("idempotency-key", &key);
        client.send(&request.json(&body)).expect_status(201).json()["identifier"].clone()
    }

    pub(crate) fn change_status(&self, client: &mut Client, identifier: &Value, to: &str) {
        let path = format!("/v1/licences/{}/status", identifier.as_str().expect("an identifier"));
        let body = json!({"to": to, "reason": "complaint under review"});
        client.send(&Request::post(&path).key(&self.issuer).json(&body)).expect_status(200);
    }

    pub(crate) fn ask(&self, client: &mut Client, path: &str, body: &Value) -> Response {
        client.send(&Request::post(path).key(&self.window).json(body))
    }

    #[track_caller]
    pub(crate) fn uses(&self, client: &mut Client, holder: &Value) -> Vec<Value> {
        let request = Request::post("/v1/holders/uses").key(&self.portal).json(&json!({"holder": holder}));
        let answer = client.send(&request).expect_status(200).json();
        answer["uses"].as_array().expect("uses").clone()
    }
}

/// A person who cannot be: the region 999999 is nobody's.
pub(crate) fn person(serial: u32) -> Value {
    let digits = format!("99999919851104{serial:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check =
        ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][usize::try_from(sum % 11).expect("small")];
    json!({"code": format!("{digits}{check}"), "code_type": "111", "name": "赵示范"})
}

pub(crate) fn purpose() -> Value {
    json!({
        "operator": "王小明",
        "item": "企业变更登记",
        "item_code": "000131001000",
        "case": "2026-1124-0007",
        "reason": "核对住所与经营范围",
    })
}

/// The real service goes by the real clock, and keys end after a year.
fn now() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
    UnixTime::from_seconds(i64::try_from(since.as_secs()).expect("a time")).expect("a time")
}

fn plan() -> Plan {
    let authority = |code: &str, name| Authority::new(code.parse().expect("a code"), name).expect("a name");
    let only = |role| [role].into_iter().collect();
    let department = |code: &str, name, role| DepartmentPlan {
        roles: Some(only(role)),
        ..DepartmentPlan::new(authority(code, name), Vec::new(), Algorithm::Es256)
    };
    let fields = |keys: &[&str]| GrantedFields::Only(keys.iter().map(|key| (*key).to_owned()).collect());
    let terms = |types: Vec<(&str, GrantedFields)>, basis| Terms {
        calls: [Call::Lookup, Call::Comparison, Call::Materials].into_iter().collect(),
        types: GrantedTypes::Only(
            types.into_iter().map(|(code, fields)| (code.parse().expect("a type"), fields)).collect(),
        ),
        addresses: Vec::new(),
        from: None,
        to: None,
        daily: None,
        basis,
    };
    let window = DepartmentPlan {
        grants: vec![
            terms(vec![(BUSINESS, fields(&["scope", "copies"]))], Basis::Duty),
            terms(vec![(ESTATE, fields(&["location"]))], Basis::Consent),
        ],
        ..department(WINDOW, "示范市政务服务中心", Role::Verifier)
    };
    let catalogue = Catalogue::shipped().expect("the catalogue");
    let types = catalogue.iter().map(LicenceType::code).collect();
    Plan {
        region: "示范市".to_owned(),
        city: authority("11110000000021135M", "示范市人民政府"),
        area_code: None,
        public_url: "http://127.0.0.1:8080".to_owned(),
        departments: vec![
            DepartmentPlan::new(authority(ISSUER, "示范市市场监督管理局"), types, Algorithm::Es256),
            window,
            department("12110000400777687U", "示范市供热办公室", Role::Verifier),
            department("11220000013544541J", "示范市政务服务门户", Role::Portal),
            department("11370800MB28559184", "示范市电子监察中心", Role::Supervisor),
        ],
        checkpoint: None,
        keys: None,
    }
}
