//! Whether a caller may make a call that needs a grant (ACCESS.md, *Grants*): one place, which every such act goes through.

use super::access_error::AccessError;
use super::act_error::ActError;
use super::caller::Caller;
use super::ceilings::{Ceiling, Reserved, Rests};
use super::open::Registry;
use crate::access::{Allowance, Call, Grant, GrantId};
use crate::licence::TypeCode;
use crate::store::{Admission, AppendError, Appended, Outcome};
use crate::time::UnixTime;

/// A caller may make a call, once. What it may do it to is for [`Permit::check`] and [`Permit::allowance`] to say. It counts for the
/// day's ceilings as long as it is held, and for good once the act was done.
#[derive(Debug)]
#[must_use]
pub struct Permit {
    call: Call,
    allowance: Option<Allowance>,
    counted: Option<Counted>,
}

/// What a permit counts for, where it counts.
#[derive(Debug)]
struct Counted {
    reserved: Reserved,
    /// The grants that allow the call and leave something.
    grants: Vec<Grant>,
}

/// Whether an act still keeps within the day's ceilings when its entry gets its place: acts of other nodes are all known then.
#[derive(Debug)]
struct WithinCeilings {
    reserved: Reserved,
    rests: Rests,
}

impl Permit {
    /// Refuses a type that none of the grants names (step 8).
    pub fn check(&self, type_code: &TypeCode) -> Result<(), ActError> {
        match &self.allowance {
            Some(allowance) if !allowance.names(type_code) => {
                Err(AccessError::NotGranted { call: self.call }.into())
            }
            _ => Ok(()),
        }
    }

    /// What the grants allow; `None` for the machine, which needs none.
    pub const fn allowance(&self) -> Option<&Allowance> {
        self.allowance.as_ref()
    }

    /// For the entry of an act on a licence of this type: one of the grants that name it has to leave something.
    pub(super) fn for_type(&self, type_code: &TypeCode) -> Option<Box<dyn Admission>> {
        let Counted { reserved, grants } = self.counted.as_ref()?;
        let naming = grants.iter().filter(|grant| grant.terms.types.fields(type_code).is_some());
        let rests = Rests::OnOneOf(naming.map(Ceiling::of).collect());
        Some(Box::new(WithinCeilings { reserved: reserved.clone(), rests }))
    }

    /// For the entry of an act on everything that is allowed: each of the grants has to leave something.
    pub(super) fn for_all(&self) -> Option<Box<dyn Admission>> {
        let Counted { reserved, grants } = self.counted.as_ref()?;
        let rests = Rests::OnEach(grants.iter().map(Ceiling::of).collect());
        Some(Box::new(WithinCeilings { reserved: reserved.clone(), rests }))
    }
}

impl Admission for WithinCeilings {
    fn admits(&self) -> bool {
        self.reserved.still_fits(&self.rests)
    }

    /// The act counts for good once it is in the ledger, or may be.
    fn settle(&self, appended: &Appended) {
        match appended {
            Ok(_) => self.reserved.keep(),
            Err(error) if error.outcome() == Outcome::Unknown => self.reserved.keep(),
            Err(_) => {}
        }
    }
}

impl Registry {
    /// Whether the caller may make this call now (steps 4 and 5), counting it. An administrator on the machine needs no grant to issue
    /// and to change a status: what a certificate allows is his limit. What he looks up he looks up as the department that he acts for.
    pub fn permit(&self, caller: &Caller, call: Call, now: UnixTime) -> Result<Permit, ActError> {
        if needs_none(caller, call) {
            return Ok(Permit { call, allowance: None, counted: None });
        }
        let mut grants = self.applying(caller, call, now)?;
        let all: Vec<&Grant> = grants.iter().collect();
        if caller.is_local() {
            return Ok(Permit { call, allowance: Some(Allowance::of(all)), counted: None });
        }
        self.count_for(&all)?;
        let today = self.not_behind(now).date();
        let reserved = self.followed.ceilings.reserve((caller.department(), call), &all, today);
        let (leaving, reserved) = reserved.map_err(|_| self.ceiling_reached(call, now))?;
        let ids: Vec<GrantId> = leaving.iter().map(|grant| grant.id).collect();
        let allowance = Some(Allowance::of(leaving));
        grants.retain(|grant| ids.contains(&grant.id));
        Ok(Permit { call, allowance, counted: Some(Counted { reserved, grants }) })
    }

    /// As [`Registry::permit`], before anything is read, and without counting it.
    pub fn may_call(&self, caller: &Caller, call: Call, now: UnixTime) -> Result<(), ActError> {
        if needs_none(caller, call) {
            return Ok(());
        }
        let grants = self.applying(caller, call, now)?;
        let grants: Vec<&Grant> = grants.iter().collect();
        if caller.is_local() {
            return Ok(());
        }
        self.count_for(&grants)?;
        let today = self.not_behind(now).date();
        if self.followed.ceilings.leaving(&grants, today).is_empty() {
            return Err(self.ceiling_reached(call, now));
        }
        Ok(())
    }

    /// Before a ceiling counts, whoever set it, what was done today is known.
    fn count_for(&self, grants: &[&Grant]) -> Result<(), ActError> {
        match grants.iter().any(|grant| grant.terms.daily.is_some()) {
            true => Ok(self.followed.ceilings.count_before(&self.store)?),
            false => Ok(()),
        }
    }

    /// Why the entry of an act of this call was not appended. One that the day's ceilings left no room for when it came to its
    /// turn is answered like one that came after them; where another grant still leaves something, it is for the caller to ask
    /// again.
    pub(super) fn not_appended(
        &self,
        caller: &Caller,
        call: Call,
        error: AppendError,
        now: UnixTime,
    ) -> ActError {
        match (&error, self.may_call(caller, call, now)) {
            (AppendError::NotAdmitted, Err(reached)) => reached,
            _ => error.into(),
        }
    }

    fn ceiling_reached(&self, call: Call, now: UnixTime) -> ActError {
        let now = self.not_behind(now);
        let seconds = now.date().end().seconds().saturating_sub(now.seconds());
        AccessError::CeilingReached { call, seconds: u32::try_from(seconds).unwrap_or(u32::MAX) }.into()
    }
}

fn needs_none(caller: &Caller, call: Call) -> bool {
    caller.is_local() && matches!(call, Call::Issue | Call::Status)
}
