//! Every call × every role × every state of a grant, with what is answered: the tables here are docs/ACCESS.md's and the router's.
//!
//! ADVERSARY #55: nothing is signed without an order that was allowed. Whatever is refused here leaves no entry in the ledger.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

#[path = "access_matrix/requests.rs"]
mod requests;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use elicense::access::{Call, Role};
use elicense::config::HttpLimits;
use elicense::http::{Admits, Operation, ROUTES, Route, Verb};
use requests::{Case, Hall};
use support::city::City;

/// What the department's only grant, of every call, is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Granted {
    Allowed,
    Not,
    Expired,
    CeilingReached,
    WrongAddress,
}

impl Granted {
    pub(crate) const ALL: [Self; 5] =
        [Self::Allowed, Self::Not, Self::Expired, Self::CeilingReached, Self::WrongAddress];

    /// How it is refused.
    const fn refusal(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Allowed => None,
            Self::Not | Self::Expired | Self::WrongAddress => Some((403, "not_granted")),
            Self::CeilingReached => Some((429, "ceiling_reached")),
        }
    }
}

use Role::{Administrator, Issuer, Officer, Portal, Supervisor, Verifier};

/// A call's line: the roles of which one lets in, the grant, and what is answered then: a status and, of a problem, the code.
type Line = (Operation, &'static [Role], Option<Call>, u16, &'static str);

const DEPARTMENT: &[Role] = &[Issuer, Officer, Verifier];
const EVERYONE: &[Role] = &[];

/// What the calls answer that are not for everyone.
const TABLE: &[Line] = &[
    (Operation::Verify, &[Verifier], None, 200, ""),
    (Operation::Issue, &[Issuer], Some(Call::Issue), 201, ""),
    (Operation::ShowLicence, DEPARTMENT, None, 200, ""),
    (Operation::LicenceQrPng, DEPARTMENT, None, 200, ""),
    (Operation::LicenceQrSvg, DEPARTMENT, None, 200, ""),
    (Operation::LicenceFile, DEPARTMENT, None, 200, ""),
    (Operation::ChangeStatus, &[Officer], Some(Call::Status), 200, ""),
    (Operation::IssueSdJwt, &[Issuer], Some(Call::Issue), 201, ""),
    (Operation::ChangeMany, &[Officer], Some(Call::Status), 200, ""),
    (Operation::ShowReceipt, &[Issuer, Officer, Verifier, Supervisor], None, 200, ""),
    (Operation::Present, &[Issuer, Portal], None, 201, ""),
    (Operation::LookUp, &[Verifier], Some(Call::Lookup), 200, ""),
    (Operation::Compare, &[Verifier], Some(Call::Comparison), 200, ""),
    (Operation::Materials, &[Verifier], Some(Call::Materials), 200, ""),
    (Operation::UsesOfHolder, &[Portal], None, 200, ""),
    (Operation::GiveConsent, &[Portal], None, 201, ""),
    (Operation::WithdrawConsent, &[Portal], None, 404, "consent_unknown"),
    (Operation::UsesOfAll, &[Supervisor], None, 200, ""),
    (Operation::ListDepartments, &[Administrator, Supervisor], None, 200, ""),
    (Operation::SetRoles, &[Administrator], None, 200, ""),
    (Operation::NewKey, &[Administrator], None, 201, ""),
    (Operation::CertifyDepartment, &[Administrator], None, 422, "certificate_request_refused"),
    (Operation::RotateKey, &[Administrator], None, 404, "not_found"),
    (Operation::WithdrawKey, &[Administrator], None, 404, "not_found"),
    (Operation::ListGrants, &[Administrator, Supervisor], None, 200, ""),
    (Operation::GiveGrant, &[Administrator], None, 201, ""),
    (Operation::ConfirmGrant, &[Administrator], None, 404, "grant_unknown"),
    (Operation::WithdrawGrant, &[Administrator], None, 404, "grant_unknown"),
    (Operation::Metrics, &[Administrator, Supervisor], None, 200, ""),
    // On the machine itself only: no role is enough.
    (Operation::CertifyServer, EVERYONE, None, 201, ""),
];

fn line(operation: Operation) -> Option<&'static Line> {
    TABLE.iter().find(|line| line.0 == operation)
}

/// What a key with this role alone gets, or nobody without a key.
fn expected(operation: Operation, role: Option<Role>, granted: Granted) -> Option<(u16, &'static str)> {
    let (_, roles, call, status, code) = line(operation)?;
    let Some(role) = role else { return Some((401, "unauthorized")) };
    if !roles.contains(&role) {
        return Some((403, "role_required"));
    }
    Some(call.and_then(|_| granted.refusal()).unwrap_or((*status, code)))
}

#[test]
fn every_call_of_every_role_under_every_grant_is_answered_as_the_table_says() {
    let hall = Hall::new();
    let served = hall.city.serve(HttpLimits::default());
    let mut client = served.client();
    let (mut cells, mut refused) = (0, 0);
    for route in ROUTES {
        let mut to_everyone = BTreeSet::new();
        for granted in Granted::ALL {
            for role in [None].into_iter().chain(Role::ALL.map(Some)) {
                let case = Case { route: *route, role, granted };
                let before = entries(&hall.city);
                let answer = client.send(&hall.request(&case));
                let problem = answer.header("content-type") == Some("application/problem+json");
                let code =
                    if problem { answer.json()["code"].as_str().unwrap().to_owned() } else { String::new() };
                cells += 1;
                let Some((status, expected_code)) = expected(route.operation, role, granted) else {
                    to_everyone.insert((answer.status, code));
                    continue;
                };
                assert_eq!((answer.status, code.as_str()), (status, expected_code), "{case:?}: {answer}");
                if matches!(status, 401 | 403 | 429) {
                    refused += 1;
                    assert_eq!(entries(&hall.city), before, "{case:?} left an entry");
                }
            }
        }
        if line(route.operation).is_none() {
            assert_eq!(
                to_everyone.len(),
                1,
                "{} is answered one way to everyone: {to_everyone:?}",
                route.path
            );
        }
    }
    assert_eq!(cells, ROUTES.len() * 5 * 7);
    assert!(refused > TABLE.len() * 5 * 4, "{refused}");
}

/// What is refused beside it: a verification without a purpose is for everyone, whatever is shown with it.
#[test]
fn without_a_purpose_verifying_is_for_everyone() {
    let hall = Hall::new();
    let served = hall.city.serve(HttpLimits::default());
    for role in [None].into_iter().chain(Role::ALL.map(Some)) {
        served.client().send(&hall.verify_without_purpose(role)).expect_status(200);
    }
}

fn entries(city: &City) -> u64 {
    city.state.registry.store().entries().unwrap()
}

fn verb(route: &Route) -> &'static str {
    match route.method {
        Verb::Get => "GET",
        Verb::Post => "POST",
    }
}

#[test]
fn the_table_is_the_routers() {
    for route in ROUTES {
        let (roles, call) = match route.operation.admits() {
            Admits::Everyone => {
                assert!(line(route.operation).is_none(), "{} is for everyone", route.path);
                continue;
            }
            Admits::EveryoneAndMoreFor(roles) | Admits::Roles(roles) | Admits::RolesOrMachine(roles) => {
                (roles, None)
            }
            Admits::Granted(roles, call) => (roles, Some(call)),
        };
        let known = line(route.operation).unwrap_or_else(|| panic!("{} has no line", route.path));
        let set = |roles: &[Role]| roles.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!((set(known.1), known.2), (set(roles), call), "{}", route.path);
    }
    let of_routes = TABLE.iter().filter(|line| ROUTES.iter().any(|route| route.operation == line.0)).count();
    assert_eq!(of_routes, TABLE.len());
}

#[test]
fn the_table_is_the_pages() {
    let page = std::fs::read_to_string(support::tree("docs/ACCESS.md")).unwrap();
    let mut listed = BTreeMap::new();
    for row in rows(&page, "Which call needs what") {
        let [call, roles, grant] = row.as_slice() else { panic!("{row:?}") };
        let roles: BTreeSet<String> = match roles.starts_with("none") {
            true => BTreeSet::new(),
            false => roles.split(", ").map(str::to_owned).collect(),
        };
        let grant = (grant != "–").then(|| grant.clone());
        assert!(listed.insert(call.trim_matches('`').to_owned(), (roles, grant)).is_none(), "{call} twice");
    }
    let of_table = TABLE.iter().map(|(operation, roles, call, ..)| {
        let route = ROUTES.iter().find(|route| route.operation == *operation).unwrap();
        let roles = roles.iter().map(ToString::to_string).collect();
        (format!("{} {}", verb(route), route.path), (roles, call.map(|call| call.to_string())))
    });
    assert_eq!(listed, of_table.collect());
    let roles = rows(&page, "Roles").into_iter().map(|row| row[0].trim_matches('`').to_owned());
    assert_eq!(roles.collect::<BTreeSet<_>>(), Role::ALL.iter().map(ToString::to_string).collect());
    let calls = rows(&page, "Grants").into_iter().map(|row| row[0].trim_matches('`').to_owned());
    assert_eq!(calls.collect::<BTreeSet<_>>(), Call::ALL.iter().map(ToString::to_string).collect());
}

/// The rows of the first table under a heading.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    page.lines()
        .skip_while(|line| *line != format!("## {heading}"))
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}
