//! A city with a department for each state of a grant, a key for each role of each, and a request for each call that would be done if it
//! were allowed.

use std::cell::Cell;
use std::collections::BTreeMap;

use elicense::access::{Basis, Call, GrantedTypes, Role, Roles, Terms};
use elicense::crypto::Algorithm;
use elicense::http::{Operation, Route, Verb};
use elicense::licence::{Authority, Catalogue, CreditCode, LicenceType};
use elicense::registry::{Caller, DepartmentPlan, Registry};
use elicense::time::{Date, UnixTime};
use serde_json::{Value, json};

use crate::Granted;
use crate::support::city::{City, SAMPLE};
use crate::support::http::Request;

/// One cell of the matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) route: Route,
    pub(crate) role: Option<Role>,
    pub(crate) granted: Granted,
}

/// A department whose grant is in one state.
struct Window {
    code: CreditCode,
    keys: BTreeMap<Role, String>,
    /// A licence that is shown, one whose status is changed, a receipt.
    shown: String,
    changed: String,
    receipt: String,
    qr: String,
}

pub(crate) struct Hall {
    pub(crate) city: City,
    windows: BTreeMap<Granted, Window>,
    asked: Cell<u32>,
}

const CODES: [&str; 5] = [
    "11999900MB000022XP",
    "11999900MB00003341",
    "11999900MB00004497",
    "11999900MB0000553B",
    "11999900MB0000668H",
];
/// A department that nobody asks for: what is done to it changes no cell.
const SPARE: &str = "11999900MB0000772M";
const TYPE: &str = "11100000MB0143028R001";
const UNKNOWN_ID: &str = "00112233445566ff";

impl Hall {
    pub(crate) fn new() -> Self {
        let mut plans: Vec<_> =
            Granted::ALL.iter().zip(CODES).map(|(granted, code)| plan(code, terms(*granted))).collect();
        plans.push(DepartmentPlan { types: Vec::new(), ..plan(SPARE, None) });
        let city = City::of(plans);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let windows = Granted::ALL.iter().zip(CODES);
        let windows = windows.map(|(granted, code)| {
            (*granted, runtime.block_on(window(&city.state.registry, *granted, code)))
        });
        Self { windows: windows.collect(), city, asked: Cell::new(0) }
    }

    pub(crate) fn verify_without_purpose(&self, role: Option<Role>) -> Request {
        let window = &self.windows[&Granted::Allowed];
        let request = Request::post("/v1/verifications").json(&json!({"credential": window.qr}));
        match role {
            Some(role) => request.key(&window.keys[&role]),
            None => request,
        }
    }

    pub(crate) fn request(&self, case: &Case) -> Request {
        let window = &self.windows[&case.granted];
        let path = path(case.route, window);
        let request = match case.route.method {
            Verb::Get => Request::get(&path),
            Verb::Post => Request::post(&path),
        };
        let request = match case.role {
            Some(role) => request.key(&window.keys[&role]),
            None => request,
        };
        self.filled(request, case.route.operation, window)
    }

    fn filled(&self, request: Request, operation: Operation, window: &Window) -> Request {
        self.asked.set(self.asked.get() + 1);
        let number = format!("M-{}", self.asked.get());
        let holder = &sample()["holders"][0];
        let holder = json!({"code": holder["code"], "code_type": holder["code_type"]});
        let change = json!({"to": "withheld", "reason": "complaint under review"});
        match operation {
            Operation::Verify => request.json(&json!({"credential": window.qr, "purpose": purpose()})),
            Operation::VerifyBatch => {
                request.body("application/x-ndjson", json!({"credential": window.qr}).to_string())
            }
            Operation::JudgeOnPage => request.body("application/x-www-form-urlencoded", "credential=x"),
            Operation::Issue => request.header("idempotency-key", &number).json(&draft(&number)),
            Operation::IssueSdJwt => request.json(&json!({})),
            Operation::ChangeStatus => request.json(&change),
            Operation::ChangeMany => {
                let mut row = change;
                row["identifier"] = json!(window.changed);
                request.body("application/x-ndjson", row.to_string())
            }
            Operation::Present => request.json(&json!({"identifier": window.shown, "fields": ["number"],
                "for": "示范市行政审批局", "reason": "租赁合同备案"})),
            Operation::LookUp => request.json(&json!({"holder": holder, "purpose": purpose()})),
            Operation::Compare => request.json(&json!({"holder": holder, "type": TYPE, "purpose": purpose(),
                "claims": {"number": "1"}})),
            Operation::Materials => {
                request.json(&json!({"holder": holder, "item_code": "000199001000", "purpose": purpose()}))
            }
            Operation::UsesOfHolder => request.json(&json!({"holder": holder})),
            Operation::GiveConsent => request
                .json(&json!({"holder": holder, "department": window.code, "to": in_a_day().to_string()})),
            Operation::WithdrawConsent => request.json(&json!({"holder": holder, "department": window.code})),
            Operation::SetRoles => request.json(&json!({"roles": ["verifier"]})),
            Operation::GiveGrant => {
                request.json(&json!({"department": SPARE, "calls": ["lookup"], "types": "*"}))
            }
            Operation::NewKey | Operation::RotateKey | Operation::CertifyDepartment => {
                request.json(&json!({}))
            }
            Operation::CertifyServer => request.json(&json!({"public_key": "", "hosts": ["localhost"]})),
            _ => request,
        }
    }
}

fn path(route: Route, window: &Window) -> String {
    let operation = route.operation;
    let identifier = if operation == Operation::ChangeStatus { &window.changed } else { &window.shown };
    let id = if operation == Operation::ShowReceipt { window.receipt.as_str() } else { UNKNOWN_ID };
    let code = match operation {
        Operation::ShowType => TYPE,
        Operation::ShowServiceItem => "000199001000",
        _ => SPARE,
    };
    let folder = route.path.replace("{folder}", "x").replace("{file}", "x");
    folder.replace("{identifier}", identifier).replace("{id}", id).replace("{code}", code)
}

/// Every call, of every type, but for what the state of the grant takes away.
fn terms(granted: Granted) -> Option<Terms> {
    let all = Terms {
        calls: Call::ALL.into_iter().collect(),
        types: GrantedTypes::All,
        addresses: Vec::new(),
        from: None,
        to: None,
        daily: None,
        basis: Basis::Duty,
    };
    match granted {
        Granted::Allowed => Some(all),
        Granted::Not => None,
        Granted::Expired => Some(Terms { to: Date::new(2026, 1, 1), ..all }),
        Granted::CeilingReached => Some(Terms { daily: Some(1), ..all }),
        Granted::WrongAddress => Some(Terms { addresses: vec!["10.0.0.0/8".parse().unwrap()], ..all }),
    }
}

fn plan(code: &str, terms: Option<Terms>) -> DepartmentPlan {
    let authority = Authority::new(code.parse().unwrap(), "示范市某局").unwrap();
    let types = Catalogue::shipped().unwrap().iter().map(LicenceType::code).collect();
    let plan = DepartmentPlan::new(authority, types, Algorithm::Es256);
    DepartmentPlan { roles: Some(Roles::all()), grants: terms.into_iter().collect(), ..plan }
}

/// Everything that its requests are about, made on the machine, which needs no grant for it.
async fn window(registry: &Registry, granted: Granted, code: &str) -> Window {
    let code: CreditCode = code.parse().unwrap();
    let mut keys = BTreeMap::new();
    for role in Role::ALL {
        let body = json!({"roles": [role.as_str()]}).to_string();
        let made = registry.new_key(&registry.machine(), code, body.as_bytes(), now()).await.unwrap();
        keys.insert(role, made.api_key);
    }
    let machine = Caller::local(code);
    let mut issued = Vec::new();
    for number in ["SHOWN", "CHANGED"] {
        let body = draft(number).to_string();
        issued.push(registry.issue(&machine, number, body.as_bytes(), now()).await.unwrap());
    }
    if granted == Granted::CeilingReached {
        let issuer = registry.authenticate(&keys[&Role::Issuer], now()).unwrap();
        registry.issue(&issuer, "LAST", draft("LAST").to_string().as_bytes(), now()).await.unwrap();
    }
    let qr = issued[0].qr.clone();
    let presented = elicense::registry::Presented::Text(&qr);
    let members = purpose();
    let members = members.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let purpose = elicense::licence::Purpose::from_members(members).unwrap();
    let receipt = registry.verify_for(&machine, purpose, presented, now()).await.unwrap().receipt.id;
    let (shown, changed) = (issued[0].identifier.clone(), issued[1].identifier.clone());
    Window { code, keys, shown, changed, receipt, qr }
}

fn sample() -> Value {
    serde_json::from_str(SAMPLE).unwrap()
}

fn draft(number: &str) -> Value {
    let mut draft = sample();
    draft["number"] = json!(number);
    draft
}

fn purpose() -> Value {
    json!({"operator": "王小明", "item": "变更登记", "item_code": "000199001000", "case": "2026-1124-0031",
        "reason": "核对变更登记所需的证照"})
}

fn now() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    UnixTime::from_seconds(i64::try_from(since.as_secs()).unwrap()).unwrap()
}

fn in_a_day() -> UnixTime {
    now().plus(86_400)
}
