//! Consents (授权同意): the portal says in the ledger that a holder lets a department see his licences, for a while.

use serde::Serialize;

use super::access_error::AccessError;
use super::act_error::ActError;
use super::caller::Caller;
use super::members::{Members, MembersRefused, Wrong};
use super::open::Registry;
use crate::access::Consented;
use crate::ledger::{ConsentChange, ConsentId, ConsentState, Event};
use crate::licence::{CreditCode, HolderCodeType, HolderNumber, Json, TypeCode, check_text};
use crate::store::{AppendError, StoreError, read_position};
use crate::time::UnixTime;

/// How long a consent may be good.
const MOST_SECONDS: i64 = 30 * 86_400;
/// The most consents in force of one holder to one department.
const MOST: usize = 100;
/// The most characters of a service item's code, as in a purpose.
const MOST_ITEM_CODE: usize = 64;
/// The most consents of one holder to one department, those that ended among them: each question looks through all of them.
const MOST_LOOKED_AT: usize = 10_000;

/// A consent in the shape of the API. Whose it is stands in it nowhere: the portal knows, and nobody else need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConsentView {
    /// Its id.
    pub id: ConsentId,
    /// To which department.
    pub department: CreditCode,
    /// For which types; absent for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<TypeCode>,
    /// For which service item; absent for any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_code: Option<String>,
    /// It is good until the second before.
    pub to: UnixTime,
    /// `given` or `withdrawn`.
    pub state: &'static str,
}

/// What a holder consents to.
struct Asked {
    holder: HolderNumber,
    department: CreditCode,
    types: Vec<TypeCode>,
    item_code: Option<String>,
    to: UnixTime,
}

/// Which consent is withdrawn: an id alone names none, since consents are kept by holder and department.
struct Named {
    holder: HolderNumber,
    department: CreditCode,
}

impl Registry {
    /// Whether the holder's consents cover a type now: to this department, for this service item if he named one.
    pub fn consented(
        &self,
        holder: &HolderNumber,
        department: CreditCode,
        type_code: &TypeCode,
        item_code: Option<&str>,
        now: UnixTime,
    ) -> Result<Consented, ActError> {
        let now = self.not_behind(now);
        let covers = |consent: &ConsentChange| {
            let type_fits = consent.types.is_empty() || consent.types.contains(type_code);
            let item_fits = consent.item_code.as_deref().is_none_or(|named| item_code == Some(named));
            is_in_force(consent, now) && type_fits && item_fits
        };
        Ok(match self.consents_to(holder, department)?.iter().any(|(_, consent)| covers(consent)) {
            true => Consented::Yes,
            false => Consented::No,
        })
    }

    /// Enters a consent. It is in the ledger, durable, when this returns.
    pub async fn give_consent(
        &self,
        caller: &Caller,
        body: &[u8],
        now: UnixTime,
    ) -> Result<ConsentView, ActError> {
        self.check_clock(now)?;
        let now = self.not_behind(now);
        let asked = Asked::read(Members::of(body)?, now, self).map_err(AccessError::Consent)?;
        // Several nodes at the same moment may pass the most by as many as they are: it bounds what is looked through, no more.
        let _one_at_a_time = self.changes.lock().await;
        let others = self.consents_to(&asked.holder, asked.department)?;
        let in_force = others.iter().filter(|(_, other)| is_in_force(other, now)).count();
        if in_force >= MOST || others.len() >= MOST_LOOKED_AT {
            return Err(AccessError::ConsentsFull { max: MOST }.into());
        }
        let id = ConsentId::generate(&*self.random).map_err(|_| ActError::Internal("no random bytes"))?;
        let consent = ConsentChange {
            id,
            holder: asked.holder,
            department: asked.department,
            types: asked.types,
            item_code: asked.item_code,
            until: asked.to,
            state: ConsentState::Given,
            order: caller.order(),
        };
        self.enter_consent(consent, None, now).await
    }

    /// Ends a consent: `{"holder", "department"}` says whose, since an id alone names none.
    pub async fn withdraw_consent(
        &self,
        caller: &Caller,
        id: &str,
        body: &[u8],
        now: UnixTime,
    ) -> Result<ConsentView, ActError> {
        self.check_clock(now)?;
        let now = self.not_behind(now);
        let named = Named::read(Members::of(body)?).map_err(AccessError::Consent)?;
        let id: ConsentId = id.parse().map_err(|_| AccessError::ConsentNotFound)?;
        let found = self.consents_to(&named.holder, named.department)?;
        let found = found.into_iter().find(|(_, consent)| consent.id == id && is_in_force(consent, now));
        let (before, found) = found.ok_or(AccessError::ConsentNotFound)?;
        let ended = ConsentChange { state: ConsentState::Withdrawn, order: caller.order(), ..found };
        match self.enter_consent(ended, Some(before), now).await {
            // A consent changes once: somebody else has ended it at the same moment.
            Err(ActError::Append(AppendError::Conflict { .. })) => Err(AccessError::ConsentNotFound.into()),
            entered => entered,
        }
    }

    async fn enter_consent(
        &self,
        consent: ConsentChange,
        before: Option<u64>,
        now: UnixTime,
    ) -> Result<ConsentView, ActError> {
        let view = ConsentView::of(&consent);
        self.enter_access(Event::Consent(consent), before, now).await?;
        Ok(view)
    }

    /// Every consent of a holder to a department, each as its newest entry left it, and that entry's position.
    fn consents_to(
        &self,
        holder: &HolderNumber,
        department: CreditCode,
    ) -> Result<Vec<(u64, ConsentChange)>, ActError> {
        let rows = self.store.rows(&self.store.keys().consents(holder, department), MOST_LOOKED_AT)?;
        let read = |value: &[u8]| {
            let position = read_position(value).map_err(StoreError::from)?;
            match self.store.entry(position)?.event {
                Event::Consent(consent) => Ok((position, consent)),
                _ => Err(ActError::Internal("a consent's row names an entry that is none")),
            }
        };
        rows.iter().map(|row| read(&row.value)).collect()
    }
}

fn is_in_force(consent: &ConsentChange, now: UnixTime) -> bool {
    consent.state == ConsentState::Given && now < consent.until
}

impl ConsentView {
    fn of(consent: &ConsentChange) -> Self {
        Self {
            id: consent.id,
            department: consent.department,
            types: consent.types.clone(),
            item_code: consent.item_code.clone(),
            to: consent.until,
            state: consent.state.as_str(),
        }
    }
}

impl Asked {
    fn read(mut members: Members, now: UnixTime, registry: &Registry) -> Result<Self, MembersRefused> {
        let mut wrong = Wrong::default();
        let holder = members.required("holder", &mut wrong);
        let holder = holder.and_then(|(path, value)| read_holder(&path, value, &mut wrong));
        let department = read_department(&mut members, &mut wrong);
        if let Some(code) = department.filter(|code| !registry.roster().departments.contains_key(code)) {
            wrong.add("/department", "department_unknown", format_args!("{code} is no department here"));
        }
        let mut types = Vec::new();
        if let Some((path, value)) = members.optional("types") {
            let items = wrong.items(&path, value).unwrap_or_default();
            if items.is_empty() {
                wrong.add(&path, "empty", "expected at least one type, or no such member for all");
            }
            for (path, item) in items {
                match wrong.parsed::<TypeCode>(&path, "type_code", &item) {
                    Some(code) if registry.catalogue.get(&code).is_none() => {
                        wrong.add(&path, "type_unknown", format_args!("type {code} is not in the catalogue"));
                    }
                    Some(code) if types.contains(&code) => {
                        wrong.add(&path, "twice", format_args!("type {code} stands there twice"));
                    }
                    Some(code) => types.push(code),
                    None => {}
                }
            }
        }
        let item_code = members.optional("item_code");
        let item_code = item_code.and_then(|(path, value)| wrong.parsed::<String>(&path, "text", &value));
        if let Some(Err(error)) = item_code.as_ref().map(|code| check_text(code, MOST_ITEM_CODE)) {
            wrong.add("/item_code", "text", error);
        }
        let to = members.required("to", &mut wrong);
        let to: Option<UnixTime> = to.and_then(|(path, value)| wrong.parsed(&path, "time", &value));
        if to.is_some_and(|to| to <= now || to > now.plus(MOST_SECONDS)) {
            wrong.add("/to", "time", "expected a time to come, at most 30 days from now");
        }
        members.finish(&mut wrong);
        let read = holder.zip(department).zip(to);
        wrong.or(read.map(|((holder, department), to)| Self { holder, department, types, item_code, to }))
    }
}

impl Named {
    fn read(mut members: Members) -> Result<Self, MembersRefused> {
        let mut wrong = Wrong::default();
        let holder = members.required("holder", &mut wrong);
        let holder = holder.and_then(|(path, value)| read_holder(&path, value, &mut wrong));
        let department = read_department(&mut members, &mut wrong);
        members.finish(&mut wrong);
        wrong.or(holder.zip(department).map(|(holder, department)| Self { holder, department }))
    }
}

fn read_department(members: &mut Members, wrong: &mut Wrong) -> Option<CreditCode> {
    let (path, value) = members.required("department", wrong)?;
    wrong.parsed(&path, "credit_code", &value)
}

/// `{"code", "code_type"}`, by the rules of holders. What is wrong with a code is said without it.
fn read_holder(path: &str, value: Json, wrong: &mut Wrong) -> Option<HolderNumber> {
    let mut members = wrong.object(path, value)?;
    let code = members.required("code", wrong);
    let code = code.and_then(|(path, value)| wrong.parsed::<String>(&path, "holder_code", &value));
    let code_type = members.required("code_type", wrong);
    let code_type: Option<HolderCodeType> =
        code_type.and_then(|(path, value)| wrong.parsed(&path, "code_type", &value));
    // The holder's name may come along, as in a lookup; a consent is by the number.
    let _ = members.optional("name");
    members.finish(wrong);
    let (code, code_type) = code.zip(code_type)?;
    let number = HolderNumber::new(&code, code_type);
    let refused = |_| wrong.add(&format!("{path}/code"), "holder_code", "expected a code of its code type");
    number.map_err(refused).ok()
}

#[cfg(test)]
mod tests;
