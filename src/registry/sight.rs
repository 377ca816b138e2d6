//! What a caller may see of one holder: its grants together with the holder's consents (ACCESS.md, *Grants* and *Consent*).

use std::collections::BTreeSet;

use super::act_error::ActError;
use super::caller::Caller;
use super::open::Registry;
use super::permit::Permit;
use crate::access::{Allowance, Call, Consented, GrantedFields, Role};
use crate::licence::{HolderNumber, LicenceType, TypeCode};
use crate::time::UnixTime;

/// What may be seen of one holder's licences.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    allowance: Allowance,
    consented: BTreeSet<TypeCode>,
}

impl Sight {
    /// The fields of a type that may be seen; `None` where not even that there is such a licence may be said.
    pub(super) fn fields(&self, type_code: TypeCode) -> Option<GrantedFields> {
        let consented = if self.consented.contains(&type_code) { Consented::Yes } else { Consented::No };
        self.allowance.fields(&type_code, consented)
    }
}

impl Registry {
    /// A verifier makes one of its calls now; refused without the role, and where no grant applies or leaves anything today.
    pub fn admit(&self, caller: &Caller, call: Call, now: UnixTime) -> Result<Permit, ActError> {
        self.require_role(caller, Role::Verifier)?;
        self.permit(caller, call, now)
    }

    /// The same together with what this holder consents to, for a service item if one is asked for.
    pub(super) fn sight(
        &self,
        caller: &Caller,
        permit: &Permit,
        holder: &HolderNumber,
        item_code: Option<&str>,
        now: UnixTime,
    ) -> Result<Sight, ActError> {
        let allowance = permit.allowance().cloned().unwrap_or_default();
        let mut consented = BTreeSet::new();
        if allowance.needs_consents() {
            let types = self.catalogue.iter().map(LicenceType::code);
            for type_code in types.filter(|code| allowance.names(code)) {
                if self.consented(holder, caller.department(), &type_code, item_code, now)? == Consented::Yes
                {
                    consented.insert(type_code);
                }
            }
        }
        Ok(Sight { allowance, consented })
    }
}
