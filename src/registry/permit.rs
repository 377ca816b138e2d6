//! Whether a caller may make a call that needs a grant (ACCESS.md, *Grants*): one place, which every such act goes through.

use super::access_error::AccessError;
use super::act_error::ActError;
use super::caller::Caller;
use super::ceilings::Reserved;
use super::open::Registry;
use crate::access::{Allowance, Call, Grant};
use crate::licence::TypeCode;
use crate::store::{AppendError, Appended, Outcome};
use crate::time::UnixTime;

/// A caller may make a call, once. What it may do it to is for [`Permit::check`] and [`Permit::allowance`] to say. It counts for the
/// day's ceilings as long as it is held, and for good once the act was done.
#[derive(Debug)]
#[must_use]
pub struct Permit {
    call: Call,
    allowance: Option<Allowance>,
    reserved: Option<Reserved>,
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

    /// The act was done: it counts for good.
    pub(super) fn used(self) {
        if let Some(reserved) = self.reserved {
            reserved.keep();
        }
    }

    /// The act's entry was not appended. One that may be in the ledger all the same counts as if it were.
    pub(super) fn failed(self, error: &AppendError) {
        match error.outcome() {
            Outcome::NotWritten => {}
            Outcome::Unknown => self.used(),
        }
    }

    /// What became of the act's entry.
    pub(super) fn appended(self, appended: &Appended) {
        match appended {
            Ok(_) => self.used(),
            Err(error) => self.failed(error),
        }
    }
}

impl Registry {
    /// Whether the caller may make this call now (steps 4 and 5), counting it. An administrator on the machine needs no grant to issue
    /// and to change a status: what a certificate allows is his limit. What he looks up he looks up as the department that he acts for.
    pub fn permit(&self, caller: &Caller, call: Call, now: UnixTime) -> Result<Permit, ActError> {
        if needs_none(caller, call) {
            return Ok(Permit { call, allowance: None, reserved: None });
        }
        let grants = self.applying(caller, call, now)?;
        let grants: Vec<&Grant> = grants.iter().collect();
        if caller.is_local() {
            return Ok(Permit { call, allowance: Some(Allowance::of(grants)), reserved: None });
        }
        let today = self.not_behind(now).date();
        let reserved = self.followed.ceilings.reserve((caller.department(), call), &grants, today);
        let (leaving, reserved) = reserved.map_err(|_| self.ceiling_reached(call, now))?;
        Ok(Permit { call, allowance: Some(Allowance::of(leaving)), reserved: Some(reserved) })
    }

    /// As [`Registry::permit`], before anything is read, and without counting it.
    pub fn may_call(&self, caller: &Caller, call: Call, now: UnixTime) -> Result<(), ActError> {
        if needs_none(caller, call) {
            return Ok(());
        }
        let grants = self.applying(caller, call, now)?;
        let grants: Vec<&Grant> = grants.iter().collect();
        let today = self.not_behind(now).date();
        if !caller.is_local() && self.followed.ceilings.leaving(&grants, today).is_empty() {
            return Err(self.ceiling_reached(call, now));
        }
        Ok(())
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
