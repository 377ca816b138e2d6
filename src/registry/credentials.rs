//! Credentials and roles (ACCESS.md, *Who asks*): made, rotated, withdrawn, listed while the service runs. Each change is in the ledger,
//! durable, before it counts; a key's secret part is in one answer and nowhere else.

use serde::{Deserialize, Serialize};

use super::access::KnownCredential;
use super::access_error::AccessError;
use super::act_error::ActError;
use super::caller::{Caller, KeyName, NewApiKey};
use super::grants::{GrantView, OrderView, TRIES};
use super::open::Registry;
use crate::access::{Grant, GrantId, Role, Roles};
use crate::crypto::Digest;
use crate::ledger::{
    Credential, CredentialForm, CredentialState, Department, Entitlement, Entry, Event, GrantChange, Order,
};
use crate::licence::CreditCode;
use crate::store::{AppendError, Guard};
use crate::time::UnixTime;

const DAY: i64 = 86_400;
/// How long a credential opens anything, unless told otherwise, and at most.
const USUAL_SECONDS: i64 = 365 * DAY;
const MOST_SECONDS: i64 = 3 * 366 * DAY;
/// How long the old key is good beside the new one, unless told otherwise, and at most.
const USUAL_OVERLAP: i64 = 7 * DAY;
const MOST_OVERLAP: i64 = 30 * DAY;

/// A department with what it may do and by which credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DepartmentAccessView {
    /// Its credit code.
    pub code: CreditCode,
    /// Its name.
    pub name: String,
    /// The types it may issue.
    pub types: Vec<String>,
    /// Its roles.
    pub roles: Roles,
    /// Its credentials, those that open nothing any more among them, in the order of making.
    pub credentials: Vec<CredentialView>,
    /// Its grants.
    pub grants: Vec<GrantView>,
}

/// A credential; never its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CredentialView {
    /// The part that may be logged.
    pub id: String,
    /// `key` or `certificate`.
    pub form: &'static str,
    /// Its roles.
    pub roles: Roles,
    /// When it was made.
    pub made: UnixTime,
    /// It opens nothing from this second on; `null` for one from before there were roles.
    pub expires: Option<UnixTime>,
    /// `good`, `expired` or `withdrawn`.
    pub state: &'static str,
    /// Who had it made, or changed last.
    pub by: Option<OrderView>,
}

/// A key that was just made, **in the open**.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct NewKeyView {
    /// Whose it is.
    pub department: CreditCode,
    /// The part that may be logged.
    pub id: String,
    /// The whole key.
    pub api_key: String,
    /// Its roles.
    pub roles: Roles,
    /// It opens nothing from this second on.
    pub expires: UnixTime,
    /// The key whose place it takes, and the second from which that opens nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated: Option<RotatedView>,
}

/// Without the secret.
impl std::fmt::Debug for NewKeyView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewKeyView({} of {}, secret)", self.id, self.department)
    }
}

/// A key that another takes the place of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RotatedView {
    /// The part that may be logged.
    pub id: String,
    /// It opens nothing from this second on.
    pub expires: UnixTime,
}

/// A request for a credential, or for roles, that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// Not what was expected.
    #[error("expected {expected}: {source}")]
    Json {
        /// The members.
        expected: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A word that is no role, or one twice.
    #[error("\"roles\": expected different roles, got {got:?}")]
    Roles {
        /// Up to 40 characters of it.
        got: String,
    },
    /// Roles that the department has not.
    #[error("\"roles\": this department has {has} only")]
    NotTheDepartments {
        /// What it has.
        has: Roles,
    },
    /// No role at all.
    #[error("\"roles\": expected at least one that the department has")]
    NoRoles,
    /// It would end before it begins, or too late.
    #[error("\"expires\": expected a time after now and at most {MOST_SECONDS} seconds ahead")]
    Expires,
    /// Too long an overlap.
    #[error("\"overlap\": expected at most {MOST_OVERLAP} seconds, got {got}")]
    Overlap {
        /// What was asked for.
        got: u32,
    },
    /// Only keys are rotated; a certificate is made for another key.
    #[error("a certificate is not rotated: have another made, and withdraw this one")]
    Certificate,
}

impl CredentialError {
    /// Whether what came is no JSON.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self, Self::Json { source, .. } if !source.is_data())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RolesRequest {
    roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRequest {
    roles: Option<Vec<String>>,
    expires: Option<UnixTime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotateRequest {
    overlap: Option<u32>,
}

impl Registry {
    /// Every department with its roles, credentials and grants, by credit code.
    pub fn access_of_departments(&self, now: UnixTime) -> Vec<DepartmentAccessView> {
        let (mut all, now) = (Vec::new(), self.not_behind(now));
        for department in self.departments() {
            let known = self.followed.access.known();
            let roles = known.roles_of(&department.code).unwrap_or(Roles::NONE);
            let own = known.credentials.values().filter(|one| one.credential.department == department.code);
            let mut credentials: Vec<_> = own.map(|one| CredentialView::of(one, roles, now)).collect();
            drop(known);
            credentials.sort_by(|one, other| (one.made, &one.id).cmp(&(other.made, &other.id)));
            let (code, name, types) = (department.code, department.name, department.types);
            let grants = self.grants(Some(&code));
            all.push(DepartmentAccessView { code, name, types, roles, credentials, grants });
        }
        all
    }

    /// Gives a department other roles. Its credentials lose with it what it loses.
    pub async fn set_roles(
        &self,
        caller: &Caller,
        code: CreditCode,
        body: &[u8],
        now: UnixTime,
    ) -> Result<DepartmentAccessView, ActError> {
        let RolesRequest { roles } = read(body, "{\"roles\": […]}")?;
        let roles = distinct(&roles)?;
        self.write_out_implied_grant(caller, code, now).await?;
        self.enter_roles(caller, (code, roles), now).await?;
        let all = self.access_of_departments(now);
        all.into_iter().find(|one| one.code == code).ok_or(ActError::NotFound)
    }

    /// Looks at the department again where somebody else changed it at the same moment, here or on another node.
    async fn enter_roles(
        &self,
        caller: &Caller,
        (code, roles): (CreditCode, Roles),
        now: UnixTime,
    ) -> Result<(), ActError> {
        for _ in 0..TRIES {
            let known = self.roster().departments.get(&code).cloned();
            let known = known.ok_or(AccessError::DepartmentUnknown { code })?;
            let department = Department { roles: Some((roles, caller.order())), ..known.department };
            match self.enter_access(Event::Department(department), Some(known.at), now).await {
                Err(ActError::Append(AppendError::Conflict { .. })) => {}
                entered => return entered,
            }
        }
        Err(AppendError::Busy.into())
    }

    /// A department from before there were roles goes on with the grant that it had by that alone: once it has roles, it stands there.
    async fn write_out_implied_grant(
        &self,
        caller: &Caller,
        code: CreditCode,
        now: UnixTime,
    ) -> Result<(), ActError> {
        let Some(implied) = self.followed.access.known().implied_grant(code) else { return Ok(()) };
        let grant = Grant { id: id_of_implied(code), ..implied };
        let change = GrantChange { grant, order: caller.order(), proposed_by: None };
        match self.enter_access(Event::Grant(change), None, now).await {
            // Somebody else has just written it out.
            Err(ActError::Append(AppendError::Conflict { .. })) => Ok(()),
            entered => entered,
        }
    }

    /// Makes one more API key for a department.
    pub async fn new_key(
        &self,
        caller: &Caller,
        code: CreditCode,
        body: &[u8],
        now: UnixTime,
    ) -> Result<NewKeyView, ActError> {
        let KeyRequest { roles, expires } = read(body, "{\"roles\"?: […], \"expires\"?: a time}")?;
        let own = self.roles_of(&code).ok_or(AccessError::DepartmentUnknown { code })?;
        let roles = match roles {
            Some(words) => distinct(&words)?,
            None => own,
        };
        if !roles.are_within(own) {
            return Err(CredentialError::NotTheDepartments { has: own }.into());
        }
        if roles.is_empty() {
            return Err(CredentialError::NoRoles.into());
        }
        let at = self.not_behind(now);
        let expires = expires.unwrap_or_else(|| at.plus(USUAL_SECONDS));
        if expires <= at || expires > at.plus(MOST_SECONDS) {
            return Err(CredentialError::Expires.into());
        }
        self.make_key(code, (roles, expires), caller.order(), now).await
    }

    /// Makes a key of the same roles and the same length of life, and lets the old one end a while later.
    pub async fn rotate_key(
        &self,
        caller: &Caller,
        id: &str,
        body: &[u8],
        now: UnixTime,
    ) -> Result<NewKeyView, ActError> {
        let RotateRequest { overlap } = read(body, "{\"overlap\"?: seconds}")?;
        let overlap = overlap.map_or(USUAL_OVERLAP, i64::from);
        if overlap > MOST_OVERLAP {
            return Err(CredentialError::Overlap { got: u32::try_from(overlap).unwrap_or(u32::MAX) }.into());
        }
        let _one_at_a_time = self.changes.lock().await;
        for _ in 0..TRIES {
            match self.rotate_as_it_is(caller, (id, overlap), now).await {
                // Another node changed it at the same moment.
                Err(ActError::Append(AppendError::Conflict { .. })) => {}
                rotated => return rotated,
            }
        }
        Err(AppendError::Busy.into())
    }

    async fn rotate_as_it_is(
        &self,
        caller: &Caller,
        (id, overlap): (&str, i64),
        now: UnixTime,
    ) -> Result<NewKeyView, ActError> {
        let (at, old) = (self.not_behind(now), self.credential_named(id)?);
        if old.form() == CredentialForm::Certificate {
            return Err(CredentialError::Certificate.into());
        }
        if !old.is_good(at) {
            return Err(AccessError::CredentialNotFound.into());
        }
        let code = old.credential.department;
        let own = self.roles_of(&code).ok_or(AccessError::DepartmentUnknown { code })?;
        let lifetime =
            old.credential.entitlement.as_ref().map(|one| one.expires.seconds() - old.made.seconds());
        let lifetime = lifetime.unwrap_or(USUAL_SECONDS).clamp(DAY, MOST_SECONDS);
        let roles = old.roles(own);
        let made = self.make_key(code, (roles, at.plus(lifetime)), caller.order(), now).await?;
        let before = old.credential.entitlement.as_ref().map(|one| one.expires);
        let expires = before.map_or(at.plus(overlap), |before| before.min(at.plus(overlap)));
        let entitlement = Entitlement { roles, expires, form: CredentialForm::Key, order: caller.order() };
        let ending = Credential { entitlement: Some(entitlement), ..old.credential };
        let id = KeyName(ending.id).to_string();
        let ended = self.enter_access(Event::Credential(ending), Some(old.position), now).await;
        if let Err(ActError::Append(AppendError::Conflict { .. })) = ended {
            // Nobody was told of the key that was made.
            self.withdraw_credential(caller, &made.id, now).await?;
        }
        ended.map(|()| NewKeyView { rotated: Some(RotatedView { id, expires }), ..made })
    }

    /// Withdraws a key or a certificate for good.
    pub async fn withdraw_credential(
        &self,
        caller: &Caller,
        id: &str,
        now: UnixTime,
    ) -> Result<CredentialView, ActError> {
        for _ in 0..TRIES {
            match self.withdraw_as_it_is(caller, id, now).await {
                // Somebody else changed it at the same moment, here or on another node.
                Err(ActError::Append(AppendError::Conflict { .. })) => {}
                withdrawn => return withdrawn,
            }
        }
        Err(AppendError::Busy.into())
    }

    async fn withdraw_as_it_is(
        &self,
        caller: &Caller,
        id: &str,
        now: UnixTime,
    ) -> Result<CredentialView, ActError> {
        let old = self.credential_named(id)?;
        if old.credential.state == CredentialState::Withdrawn {
            return Err(AccessError::CredentialNotFound.into());
        }
        let own = self.roles_of(&old.credential.department).unwrap_or(Roles::NONE);
        let entitlement = match &old.credential.entitlement {
            Some(one) => Entitlement { order: caller.order(), ..one.clone() },
            None => Entitlement {
                roles: own,
                expires: self.not_behind(now),
                form: CredentialForm::Key,
                order: caller.order(),
            },
        };
        let state = CredentialState::Withdrawn;
        let credential = Credential { state, entitlement: Some(entitlement), ..old.credential };
        let before = Some(old.position);
        let view = CredentialView::of(&KnownCredential { credential: credential.clone(), ..old }, own, now);
        self.enter_access(Event::Credential(credential), before, now).await?;
        Ok(view)
    }

    async fn make_key(
        &self,
        department: CreditCode,
        (roles, expires): (Roles, UnixTime),
        order: Order,
        now: UnixTime,
    ) -> Result<NewKeyView, ActError> {
        let key = NewApiKey::generate(&*self.random).map_err(|_| ActError::Internal("no random bytes"))?;
        let credential = Credential {
            id: key.name.0,
            digest: key.secret,
            department,
            state: CredentialState::Made,
            entitlement: Some(Entitlement { roles, expires, form: CredentialForm::Key, order }),
        };
        self.enter_access(Event::Credential(credential), None, now).await?;
        let (id, api_key) = (key.name.to_string(), key.text.to_string());
        Ok(NewKeyView { department, id, api_key, roles, expires, rotated: None })
    }

    /// By the part that may be logged, with or without what stands before it.
    fn credential_named(&self, id: &str) -> Result<KnownCredential, ActError> {
        let digits = id.strip_prefix("elk_").or_else(|| id.strip_prefix("cert:")).unwrap_or(id);
        let lower_hex = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let number =
            (digits.len() == 16 && lower_hex).then(|| u64::from_str_radix(digits, 16).ok()).flatten();
        let name = KeyName(number.ok_or(AccessError::CredentialNotFound)?.to_be_bytes());
        self.followed
            .access
            .known()
            .credentials
            .get(&name)
            .cloned()
            .ok_or(AccessError::CredentialNotFound.into())
    }

    /// Durable first, then what everybody is held to. It takes the place of the entry at the position `before` and of no other;
    /// `None`: there is none yet.
    pub(super) async fn enter_access(
        &self,
        event: Event,
        before: Option<u64>,
        now: UnixTime,
    ) -> Result<(), ActError> {
        self.check_clock(now)?;
        let key = self.store.keys().newest(&event);
        let key = key.ok_or(ActError::Internal("an entry of this kind says nothing of access"))?;
        let entry = Entry { at: self.not_behind(now), event };
        self.store.append(&entry, Guard::seen(key, before).into(), &*self.random).await?;
        Ok(())
    }
}

/// The same whoever writes it out, so that it is written out once.
fn id_of_implied(department: CreditCode) -> GrantId {
    let digest = Digest::of_parts(&[b"elicense implied grant", department.as_str().as_bytes()]);
    GrantId::from_bytes(digest.as_bytes().first_chunk().copied().unwrap_or_default())
}

impl CredentialView {
    fn of(known: &KnownCredential, department: Roles, now: UnixTime) -> Self {
        let entitlement = known.credential.entitlement.as_ref();
        Self {
            id: KeyName(known.credential.id).to_string(),
            form: known.form().as_str(),
            roles: known.roles(department),
            made: known.made,
            expires: entitlement.map(|one| one.expires),
            state: match known.credential.state {
                CredentialState::Withdrawn => "withdrawn",
                CredentialState::Made if known.is_good(now) => "good",
                CredentialState::Made => "expired",
            },
            by: entitlement.map(|one| OrderView {
                department: one.order.department,
                asked_by: one.order.asked_by.clone(),
            }),
        }
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8], expected: &'static str) -> Result<T, ActError> {
    serde_json::from_slice(body).map_err(|source| CredentialError::Json { expected, source }.into())
}

fn distinct(words: &[String]) -> Result<Roles, CredentialError> {
    let mut roles = Roles::NONE;
    for word in words {
        let wrong = || CredentialError::Roles { got: word.chars().take(40).collect() };
        let role: Role = word.parse().map_err(|_| wrong())?;
        if roles.contains(role) {
            return Err(wrong());
        }
        roles = roles.iter().chain([role]).collect();
    }
    Ok(roles)
}

#[cfg(test)]
mod tests;
