//! Grants (授权): give, confirm, withdraw, list (ACCESS.md, *Grants*). Each change is in the ledger, durable, before it counts.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::access_error::AccessError;
use super::act_error::ActError;
use super::caller::{Caller, KeyName, LOCAL};
use super::members::{Members, MembersRefused, Wrong};
use super::open::Registry;
use crate::access::{
    Basis, Call, Calls, Grant, GrantId, GrantState, GrantedFields, GrantedTypes, Network, Terms, TermsError,
};
use crate::ledger::{Event, GrantChange, Order};
use crate::licence::{CreditCode, Json, TypeCode};
use crate::store::AppendError;
use crate::time::{Date, UnixTime};

/// How often a grant is looked at again because somebody else changed it at the same moment.
pub(super) const TRIES: usize = 8;
/// All types, or all fields of one.
const ALL: &str = "*";

/// A grant in the shape of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrantView {
    /// Its id.
    pub id: GrantId,
    /// To whom.
    pub department: CreditCode,
    /// Which calls.
    pub calls: Calls,
    /// Which types, and which fields of each.
    pub types: GrantedTypes,
    /// From which networks; from any where there is none.
    pub addresses: Vec<Network>,
    /// Its first day.
    pub from: Option<String>,
    /// Its last day.
    pub to: Option<String>,
    /// The most acts of these calls on one day.
    pub daily: Option<u32>,
    /// `duty` or `consent`.
    pub basis: &'static str,
    /// `proposed`, `in_force` or `withdrawn`.
    pub state: &'static str,
    /// When it came into this state.
    pub given: UnixTime,
    /// Who put it there.
    pub given_by: OrderView,
    /// Who proposed it, where another had to confirm it.
    pub proposed_by: Option<OrderView>,
}

/// Who ordered something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderView {
    /// For which department.
    pub department: CreditCode,
    /// By which credential.
    pub asked_by: String,
}

impl Registry {
    /// The grants to a department, or all, in the order of giving.
    pub fn grants(&self, department: Option<&CreditCode>) -> Vec<GrantView> {
        let known = self.followed.access.known();
        let wanted = known.grants.values().filter(|one| match department {
            Some(department) => one.change.grant.department == *department,
            None => true,
        });
        let mut all: Vec<_> = wanted.map(|one| GrantView::of(&one.change, one.given)).collect();
        all.sort_by_key(|one| (one.given, one.id));
        all
    }

    /// Gives a grant; one to issue that comes over the network is proposed.
    pub async fn give_grant(
        &self,
        caller: &Caller,
        body: &[u8],
        now: UnixTime,
    ) -> Result<GrantView, ActError> {
        let (department, terms) = self.read_grant(body, caller).map_err(|error| match error {
            Refused::Members(refused) => AccessError::Grant(refused).into(),
            Refused::Unreadable(error) => *error,
        })?;
        let id = GrantId::generate(&*self.random).map_err(|_| ActError::Internal("no random bytes"))?;
        let state = match needs_four_eyes(&terms, caller) {
            true => GrantState::Proposed,
            false => GrantState::InForce,
        };
        let grant = Grant { id, department, terms, state };
        let change = GrantChange { grant, order: caller.order(), proposed_by: None };
        self.enter_grant(change, None, now).await
    }

    /// Puts a proposed grant in force, at the word of an administrator who did not propose it.
    pub async fn confirm_grant(
        &self,
        caller: &Caller,
        id: &str,
        now: UnixTime,
    ) -> Result<GrantView, ActError> {
        let confirmed = |before: GrantChange| {
            let GrantChange { grant, order: proposed_by, .. } = before;
            if grant.state != GrantState::Proposed {
                return Err(AccessError::GrantState { expected: "proposed", state: grant.state });
            }
            if !caller.is_local() && self.is_same_administrator(&proposed_by, &caller.order()) {
                return Err(AccessError::SameAdministrator);
            }
            let grant = Grant { state: GrantState::InForce, ..grant };
            Ok(GrantChange { grant, order: caller.order(), proposed_by: Some(proposed_by) })
        };
        self.change_grant(id, confirmed, now).await
    }

    /// Withdraws a grant for good, in force or proposed.
    pub async fn withdraw_grant(
        &self,
        caller: &Caller,
        id: &str,
        now: UnixTime,
    ) -> Result<GrantView, ActError> {
        let withdrawn = |before: GrantChange| {
            let GrantChange { grant, proposed_by, .. } = before;
            if grant.state == GrantState::Withdrawn {
                return Err(AccessError::GrantState { expected: "in force or proposed", state: grant.state });
            }
            let grant = Grant { state: GrantState::Withdrawn, ..grant };
            Ok(GrantChange { grant, order: caller.order(), proposed_by })
        };
        self.change_grant(id, withdrawn, now).await
    }

    /// Changes a grant as `change` says of what it is; looked at again where somebody else changed it at the same moment, here or on
    /// another node.
    async fn change_grant(
        &self,
        id: &str,
        change: impl Fn(GrantChange) -> Result<GrantChange, AccessError> + Sync,
        now: UnixTime,
    ) -> Result<GrantView, ActError> {
        let id: GrantId = id.parse().map_err(|_| AccessError::GrantNotFound)?;
        for _ in 0..TRIES {
            let known = self.followed.access.known().grants.get(&id).cloned();
            let known = known.ok_or(AccessError::GrantNotFound)?;
            match self.enter_grant(change(known.change)?, Some(known.position), now).await {
                Err(ActError::Append(AppendError::Conflict { .. })) => {}
                entered => return entered,
            }
        }
        Err(AppendError::Busy.into())
    }

    /// Durable first, then what everybody is held to.
    async fn enter_grant(
        &self,
        change: GrantChange,
        before: Option<u64>,
        now: UnixTime,
    ) -> Result<GrantView, ActError> {
        let view = GrantView::of(&change, self.not_behind(now));
        self.enter_access(Event::Grant(change), before, now).await?;
        Ok(view)
    }

    /// Whether two orders may come from one person: the same credential, or ones of which an administrator made one with the other,
    /// or both. What was made on the machine itself begins a line of its own.
    fn is_same_administrator(&self, one: &Order, other: &Order) -> bool {
        match (self.first_of_line(&one.asked_by), self.first_of_line(&other.asked_by)) {
            (Some(one), Some(other)) => one == other,
            // A line that cannot be followed to its beginning is nobody's proof.
            _ => true,
        }
    }

    /// The credential from which this one comes.
    fn first_of_line(&self, asked_by: &str) -> Option<String> {
        let known = self.followed.access.known();
        let mut passed = HashSet::new();
        let mut current = asked_by.to_owned();
        loop {
            let name = current.strip_prefix("cert:").unwrap_or(&current);
            let name = (name.len() == 16).then(|| u64::from_str_radix(name, 16).ok()).flatten();
            let found = name.and_then(|name| known.credentials.get(&KeyName(name.to_be_bytes())));
            let maker = found.and_then(|found| found.credential.entitlement.as_ref());
            let maker = maker.map(|entitlement| entitlement.order.asked_by.clone());
            match maker {
                Some(maker) if maker != LOCAL => {
                    if !passed.insert(std::mem::replace(&mut current, maker)) {
                        return None;
                    }
                }
                // Made on the machine, from before there were roles, or a person whom the identity provider knows.
                _ => return Some(current),
            }
        }
    }

    fn read_grant(&self, body: &[u8], caller: &Caller) -> Result<(CreditCode, Terms), Refused> {
        let mut members = Members::of(body).map_err(|error| Refused::Unreadable(Box::new(error)))?;
        let mut wrong = Wrong::default();
        let department = members.required("department", &mut wrong);
        let department: Option<CreditCode> =
            department.and_then(|(path, value)| wrong.parsed(&path, "credit_code", &value));
        if let Some(code) = department.filter(|code| !self.roster().departments.contains_key(code)) {
            wrong.add("/department", "department_unknown", format_args!("{code} is no department here"));
        }
        let terms = self.read_terms(&mut members, &mut wrong);
        members.finish(&mut wrong);
        if let Some(terms) = &terms {
            check_terms(terms, caller, &mut wrong);
        }
        wrong.or(department.zip(terms)).map_err(Refused::Members)
    }

    fn read_terms(&self, members: &mut Members, wrong: &mut Wrong) -> Option<Terms> {
        let calls = members.required("calls", wrong);
        let calls = calls.and_then(|(path, value)| read_calls(&path, value, wrong));
        let types = members.required("types", wrong);
        let types = types.and_then(|(path, value)| self.read_types(&path, value, wrong));
        let mut addresses = Vec::new();
        if let Some((path, value)) = members.optional("addresses") {
            for (path, item) in wrong.items(&path, value).unwrap_or_default() {
                addresses.extend(wrong.parsed::<Network>(&path, "network", &item));
            }
        }
        let mut date = |key: &str, wrong: &mut Wrong| {
            let (path, value) = members.optional(key)?;
            wrong.parsed::<Date>(&path, "date", &value)
        };
        let (from, to) = (date("from", wrong), date("to", wrong));
        let daily = members.optional("daily").and_then(|(path, value)| wrong.number(&path, &value));
        let basis = members.optional("basis").map_or(Some(Basis::Duty), |(path, value)| {
            let word = wrong.parsed::<String>(&path, "basis", &value)?;
            let basis = Basis::of_word(&word);
            if basis.is_none() {
                wrong.add(&path, "basis", "expected \"duty\" or \"consent\"");
            }
            basis
        });
        let ((calls, types), basis) = calls.zip(types).zip(basis)?;
        Some(Terms { calls, types, addresses, from, to, daily, basis })
    }

    fn read_types(&self, path: &str, value: Json, wrong: &mut Wrong) -> Option<GrantedTypes> {
        if value == Json::Text(ALL.to_owned()) {
            return Some(GrantedTypes::All);
        }
        let mut types = BTreeMap::new();
        for (path, item) in wrong.items(path, value)? {
            let Some(mut members) = wrong.object(&path, item) else { continue };
            let code = members.required("type", wrong);
            let code: Option<TypeCode> =
                code.and_then(|(path, value)| wrong.parsed(&path, "type_code", &value));
            let fields = members.required("fields", wrong);
            let fields = fields.and_then(|(path, value)| self.read_fields(&path, value, code, wrong));
            members.finish(wrong);
            match code {
                Some(code) if self.catalogue.get(&code).is_none() => {
                    let detail = format_args!("type {code} is not in the catalogue");
                    wrong.add(&format!("{path}/type"), "type_unknown", detail);
                    types.insert(code, GrantedFields::All);
                }
                Some(code) if types.contains_key(&code) => {
                    let detail = format_args!("type {code} stands there twice");
                    wrong.add(&format!("{path}/type"), "twice", detail);
                }
                Some(code) => {
                    types.insert(code, fields.unwrap_or(GrantedFields::Only(BTreeSet::new())));
                }
                None => {}
            }
        }
        Some(GrantedTypes::Only(types))
    }

    fn read_fields(
        &self,
        path: &str,
        value: Json,
        code: Option<TypeCode>,
        wrong: &mut Wrong,
    ) -> Option<GrantedFields> {
        if value == Json::Text(ALL.to_owned()) {
            return Some(GrantedFields::All);
        }
        let licence_type = code.and_then(|code| self.catalogue.get(&code));
        let mut keys = BTreeSet::new();
        for (path, item) in wrong.items(path, value)? {
            let Some(key) = wrong.parsed::<String>(&path, "field", &item) else { continue };
            match licence_type {
                Some(known) if known.field(&key).is_none() => {
                    let key: String = key.chars().take(40).collect();
                    wrong.add(&path, "field_unknown", format_args!("{key:?} is no field of this type"));
                }
                _ if keys.contains(&key) => {
                    wrong.add(&path, "twice", format_args!("{key:?} stands there twice"));
                }
                _ => {
                    keys.insert(key);
                }
            }
        }
        Some(GrantedFields::Only(keys))
    }
}

/// Why a request for a grant was not taken.
enum Refused {
    Unreadable(Box<ActError>),
    Members(MembersRefused),
}

fn read_calls(path: &str, value: Json, wrong: &mut Wrong) -> Option<Calls> {
    let items = wrong.items(path, value)?;
    let is_empty = items.is_empty();
    let mut calls: Vec<Call> = Vec::new();
    for (path, item) in items {
        match wrong.parsed::<Call>(&path, "call", &item) {
            Some(call) if calls.contains(&call) => {
                wrong.add(&path, "twice", format_args!("\"{call}\" stands there twice"));
            }
            call => calls.extend(call),
        }
    }
    // Where none could be read, that has been said.
    (is_empty || !calls.is_empty()).then(|| calls.into_iter().collect())
}

/// Four eyes stand before a new issuer, except on the machine itself.
fn needs_four_eyes(terms: &Terms, caller: &Caller) -> bool {
    terms.calls.contains(Call::Issue) && !caller.is_local()
}

/// What holds between members, and for who gives it.
fn check_terms(terms: &Terms, caller: &Caller, wrong: &mut Wrong) {
    if let Err(error) = terms.check() {
        let (path, code) = match error {
            TermsError::NoCalls => ("/calls", "empty"),
            TermsError::NoTypes => ("/types", "empty"),
            TermsError::Addresses { .. } => ("/addresses", "too_many"),
            TermsError::Days { .. } => ("/to", "ends_before_it_begins"),
        };
        wrong.add(path, code, error);
    }
    if needs_four_eyes(terms, caller) && terms.daily.is_none() {
        wrong.add("/daily", "missing", "expected the most licences a day, for a grant to issue");
    }
    let issues_or_changes = terms.calls.contains(Call::Issue) || terms.calls.contains(Call::Status);
    if terms.basis == Basis::Consent && issues_or_changes {
        let detail = "issuing and status changes are by duty: no holder's consent is asked for them";
        wrong.add("/basis", "basis", detail);
    }
}

impl GrantView {
    fn of(change: &GrantChange, given: UnixTime) -> Self {
        let GrantChange { grant, order, proposed_by } = change;
        let Terms { calls, types, addresses, from, to, daily, basis } = grant.terms.clone();
        Self {
            id: grant.id,
            department: grant.department,
            calls,
            types,
            addresses,
            from: from.map(|date| date.to_string()),
            to: to.map(|date| date.to_string()),
            daily,
            basis: basis.as_str(),
            state: grant.state.as_str(),
            given,
            given_by: OrderView::of(order),
            proposed_by: proposed_by.as_ref().map(OrderView::of),
        }
    }
}

impl OrderView {
    fn of(order: &Order) -> Self {
        Self { department: order.department, asked_by: order.asked_by.clone() }
    }
}

#[cfg(test)]
mod tests;
