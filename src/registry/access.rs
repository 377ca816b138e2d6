//! Who may ask what (docs/ACCESS.md): what the ledger says about roles, credentials and grants, as it is at this moment.
//!
//! What stands here follows from entries of kinds 3, 4 and 12 alone, each taken in the ledger's order by [`Access::take`]: at opening, and
//! whenever this node or another appends one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::access_error::AccessError;
use super::act_error::ActError;
use super::caller::{Caller, KeyName, parse_api_key, secret_matches};
use super::open::Registry;
use crate::access::{
    Basis, Call, Grant, GrantId, GrantState, GrantedFields, GrantedTypes, Role, Roles, Terms,
};
use crate::crypto::Digest;
use crate::ledger::{Credential, CredentialForm, CredentialState, Entry, Event, GrantChange};
use crate::licence::{CreditCode, TypeCode};
use crate::time::UnixTime;

/// Roles, credentials and grants, as the newest entry left them.
#[derive(Default)]
pub(super) struct Access(RwLock<Known>);

#[derive(Default)]
pub(super) struct Known {
    departments: HashMap<CreditCode, Standing>,
    pub(super) credentials: HashMap<KeyName, KnownCredential>,
    pub(super) grants: BTreeMap<GrantId, KnownGrant>,
}

/// What a department may do by itself.
struct Standing {
    roles: Roles,
    /// Types that it issues, by its certificate.
    types: Vec<TypeCode>,
    /// Entered before there were roles.
    is_from_before: bool,
    /// Of its newest entry.
    position: u64,
}

/// A credential that opens something, or did.
#[derive(Clone)]
pub(super) struct KnownCredential {
    pub(super) credential: Credential,
    pub(super) made: UnixTime,
    /// Of its newest entry.
    pub(super) position: u64,
}

/// A grant, and when its newest entry was made.
#[derive(Clone)]
pub(super) struct KnownGrant {
    pub(super) change: GrantChange,
    pub(super) given: UnixTime,
    /// Of that entry.
    pub(super) position: u64,
}

impl Access {
    /// Takes an entry; those that say nothing of access change nothing.
    pub(super) fn take(&self, position: u64, entry: &Entry) {
        let at = entry.at;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // At opening a newer entry may have been read than those that come next.
        if known.position_of(&entry.event).is_some_and(|newest| newest >= position) {
            return;
        }
        match &entry.event {
            Event::Department(department) => {
                let roles = department.roles.as_ref().map(|(roles, _)| *roles);
                let (usual, types) = match department.issuing {
                    Some(_) => (Roles::of_an_issuer(), department.types.clone()),
                    None => (Roles::of_a_verifier(), Vec::new()),
                };
                let standing = Standing {
                    roles: roles.unwrap_or(usual),
                    types,
                    is_from_before: roles.is_none(),
                    position,
                };
                known.departments.insert(department.code, standing);
            }
            Event::Credential(credential) => {
                let name = KeyName(credential.id);
                let made = known.credentials.get(&name).map_or(at, |known| known.made);
                let known_credential = KnownCredential { credential: credential.clone(), made, position };
                known.credentials.insert(name, known_credential);
            }
            Event::Grant(change) => {
                let given = KnownGrant { change: change.clone(), given: at, position };
                known.grants.insert(change.grant.id, given);
            }
            _ => {}
        }
    }

    /// What is known now.
    pub(super) fn known(&self) -> RwLockReadGuard<'_, Known> {
        // Nothing panics while it writes, and what it writes is whole after each line.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Position of what is known of the thing that an entry is about.
    fn position_of(&self, event: &Event) -> Option<u64> {
        match event {
            Event::Department(department) => self.departments.get(&department.code).map(|one| one.position),
            Event::Credential(credential) => {
                self.credentials.get(&KeyName(credential.id)).map(|one| one.position)
            }
            Event::Grant(change) => self.grants.get(&change.grant.id).map(|one| one.position),
            _ => None,
        }
    }

    /// Roles of a department of this installation.
    pub(super) fn roles_of(&self, department: &CreditCode) -> Option<Roles> {
        self.departments.get(department).map(|standing| standing.roles)
    }

    /// Every grant to a department, the implied one of former times among them.
    fn grants_of(&self, department: CreditCode) -> Vec<Grant> {
        let given = self.given_to(department).cloned();
        given.chain(self.implied_grant(department)).collect()
    }

    /// The grant that a department has only because it was entered before there were roles, and none was given to it since.
    pub(super) fn implied_grant(&self, department: CreditCode) -> Option<Grant> {
        let standing = self.departments.get(&department).filter(|standing| standing.is_from_before)?;
        // What is only proposed takes nothing away.
        let none_given = self.given_to(department).all(|grant| grant.state == GrantState::Proposed);
        if none_given { standing.implied(department) } else { None }
    }

    fn given_to(&self, department: CreditCode) -> impl Iterator<Item = &Grant> {
        let all = self.grants.values().map(|known| &known.change.grant);
        all.filter(move |grant| grant.department == department)
    }
}

impl Standing {
    /// What a department of former times may go on doing: issue its types and change their status.
    fn implied(&self, department: CreditCode) -> Option<Grant> {
        let types: BTreeMap<_, _> = self.types.iter().map(|code| (*code, GrantedFields::All)).collect();
        if types.is_empty() {
            return None;
        }
        let terms = Terms {
            calls: [Call::Issue, Call::Status].into_iter().collect(),
            types: GrantedTypes::Only(types),
            addresses: Vec::new(),
            from: None,
            to: None,
            daily: None,
            basis: Basis::Duty,
        };
        Some(Grant { id: GrantId::from_bytes([0; 8]), department, terms, state: GrantState::InForce })
    }
}

impl KnownCredential {
    /// Whether it opens anything now.
    pub(super) fn is_good(&self, now: UnixTime) -> bool {
        let ends = self.credential.entitlement.as_ref().map(|entitlement| entitlement.expires);
        self.credential.state == CredentialState::Made && ends.is_none_or(|ends| now < ends)
    }

    pub(super) fn form(&self) -> CredentialForm {
        self.credential.entitlement.as_ref().map_or(CredentialForm::Key, |entitlement| entitlement.form)
    }

    /// Its roles, as far as its department has them.
    pub(super) fn roles(&self, department: Roles) -> Roles {
        let own = self.credential.entitlement.as_ref().map(|entitlement| entitlement.roles);
        own.map_or(department, |own| own.and(department))
    }
}

impl Registry {
    /// Whose API key this is. Takes the same time for a wrong secret and an unknown key; unknown, wrong, withdrawn and expired are
    /// one answer.
    pub fn authenticate(&self, presented: &str, now: UnixTime) -> Option<Caller> {
        let (name, secret) = parse_api_key(presented)?;
        let known = self.followed.access.known();
        let found = known.credentials.get(&name).filter(|one| one.form() == CredentialForm::Key);
        let same = secret_matches(secret, found.map(|one| &one.credential.digest));
        let found = found.filter(|one| same && one.is_good(now))?;
        let department = found.credential.department;
        Some(Caller::by_key(department, name, found.roles(known.roles_of(&department)?)))
    }

    /// Whose client certificate has this SHA-256, if it is entered, in force, and of the department that the certificate itself says.
    pub fn authenticate_certificate(
        &self,
        der: &Digest,
        department: CreditCode,
        now: UnixTime,
    ) -> Option<Caller> {
        let name = KeyName(*der.as_bytes().first_chunk()?);
        let known = self.followed.access.known();
        let found = known.credentials.get(&name)?;
        let same = found.credential.digest == *der && found.credential.department == department;
        let good = same && found.form() == CredentialForm::Certificate && found.is_good(now);
        good.then(|| {
            Some(Caller::by_certificate(department, name, found.roles(known.roles_of(&department)?)))
        })?
    }

    /// The roles of a department of this installation, of which a token may give some.
    pub fn roles_of(&self, department: &CreditCode) -> Option<Roles> {
        self.followed.access.known().roles_of(department)
    }

    /// Refuses a caller without the role.
    pub fn require_role(&self, caller: &Caller, role: Role) -> Result<(), ActError> {
        match caller.roles().contains(role) {
            true => Ok(()),
            false => Err(AccessError::RoleRequired { roles: [role].into_iter().collect() }.into()),
        }
    }

    /// The grants of the caller that allow `call` now; refused where none applies (ACCESS.md, *Grants*, step 4).
    pub(super) fn applying(
        &self,
        caller: &Caller,
        call: Call,
        now: UnixTime,
    ) -> Result<Vec<Grant>, ActError> {
        let today = self.not_behind(now);
        let mut grants = self.followed.access.known().grants_of(caller.department());
        grants.retain(|grant| grant.applies(call, caller.source(), today));
        if grants.is_empty() { Err(AccessError::NotGranted { call }.into()) } else { Ok(grants) }
    }

    /// Whether a grant that is not withdrawn has a ceiling.
    pub(super) fn has_ceilings(&self) -> bool {
        let known = self.followed.access.known();
        let mut grants = known.grants.values().map(|known| &known.change.grant);
        grants.any(|grant| grant.terms.daily.is_some() && grant.state != GrantState::Withdrawn)
    }
}
