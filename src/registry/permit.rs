//! Whether a caller may make a call that needs a grant (ACCESS.md, *Grants*): one place, which every such act goes through.

use super::act_error::ActError;
use super::caller::Caller;
use super::open::Registry;
use crate::access::{Allowance, Call};
use crate::licence::TypeCode;
use crate::time::UnixTime;

/// A caller may make a call. What it may do it to is for [`Permit::check`] and [`Permit::allowance`] to say.
#[derive(Clone, Debug)]
pub struct Permit {
    call: Call,
    allowance: Option<Allowance>,
}

impl Permit {
    /// Refuses a type that none of the grants names (step 8).
    pub fn check(&self, type_code: &TypeCode) -> Result<(), ActError> {
        match &self.allowance {
            Some(allowance) if !allowance.names(type_code) => Err(ActError::NotGranted { call: self.call }),
            _ => Ok(()),
        }
    }

    /// What the grants allow; `None` for the machine, which needs none.
    pub const fn allowance(&self) -> Option<&Allowance> {
        self.allowance.as_ref()
    }
}

impl Registry {
    /// Whether the caller may make this call now (steps 4 and 5). An administrator on the machine needs no grant to issue and to
    /// change a status: what a certificate allows is his limit. What he looks up he looks up as the department that he acts for.
    pub fn permit(&self, caller: &Caller, call: Call, now: UnixTime) -> Result<Permit, ActError> {
        let needs_none = caller.is_local() && matches!(call, Call::Issue | Call::Status);
        let allowance = if needs_none { None } else { Some(self.allowance(caller, call, now)?) };
        Ok(Permit { call, allowance })
    }
}
