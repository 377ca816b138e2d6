//! Departments of an installation that is there already: added, given API keys, relieved of them.
//!
//! Each of these acts takes the registry, and closes it when it is done. Over a database that nodes share, the others see the
//! change when they take in its entries; the key of a new department has to be brought to them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::certifier::{CertifiedKey, Certifier, CertifyError, department_key, hex, scope};
use super::check::{CheckError, walk_entries};
use super::key_files::{KeyFilesError, name};
use super::open::Registry;
use super::plan::DepartmentPlan;
use super::views::{DepartmentView, MadeDepartment};
use crate::access::Roles;
use crate::crypto::Random;
use crate::ledger::{CredentialForm, CredentialState, Event, Issuing};
use crate::licence::{CreditCode, TextError, TypeCode};
use crate::pki::{self, Certificate, CertificateEntry, ScopeError, TrustList, Usage};
use crate::store::{AppendError, StoreAt, WitnessError};
use crate::time::UnixTime;

/// A department could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum DepartmentError {
    /// It is there already.
    #[error("{code} is a department of this installation already")]
    Exists {
        /// Its code.
        code: CreditCode,
    },
    /// It is not there.
    #[error("{code} is no department of this installation")]
    Unknown {
        /// The code.
        code: CreditCode,
    },
    /// It has no certificate to be replaced.
    #[error("{code} issues no licences and has no certificate")]
    IssuesNothing {
        /// Its code.
        code: CreditCode,
    },
    /// A type that is not in the catalogue.
    #[error("type {type_code} is not in the catalogue")]
    UnknownType {
        /// The type.
        type_code: TypeCode,
    },
    /// The clock is behind the newest ledger entry: nothing is signed.
    #[error("the clock is {seconds} s behind the newest ledger entry; nothing is signed until it is right")]
    ClockBehind {
        /// By how much.
        seconds: i64,
    },
    /// A key file's certificate is not in the trust list.
    #[error("the trust list has no certificate of key {key_name} that is in force")]
    OtherKey {
        /// Name of the key file.
        key_name: &'static str,
    },
    /// The department's name.
    #[error("a department's name may not stand on a licence: {0}")]
    Name(#[from] TextError),
    /// Its scope.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// A key file.
    #[error(transparent)]
    Keys(#[from] KeyFilesError),
    /// Certificates, trust list and their entries.
    #[error(transparent)]
    Certify(#[from] CertifyError),
    /// An entry.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The last checkpoint.
    #[error(transparent)]
    Witness(#[from] WitnessError),
}

/// How often a trust list is made anew because another node entered one at the same moment.
const TRIES: usize = 8;

impl Registry {
    /// Adds a department and gives it its first API key. One that issues gets a key, a certificate and a place in a new
    /// version of the trust list, in this order, and is entered last: interrupted, it is added again, with the same key.
    pub fn add_department(
        self,
        plan: &DepartmentPlan,
        now: UnixTime,
    ) -> Result<MadeDepartment, DepartmentError> {
        let code = plan.authority.code();
        self.check_departments_clock(now)?;
        if self.roster().departments.contains_key(&code) {
            return Err(DepartmentError::Exists { code });
        }
        if let Some(&type_code) = plan.types.iter().find(|code| self.catalogue.get(code).is_none()) {
            return Err(DepartmentError::UnknownType { type_code });
        }
        let certifier = self.certifier(now);
        let issuing = match plan.types.as_slice() {
            [] => None,
            _ => Some(self.certify(&certifier, plan)?),
        };
        match certifier.enter(plan, issuing, None) {
            Err(AppendError::Conflict { .. }) => return Err(DepartmentError::Exists { code }),
            entered => entered?,
        }
        for terms in &plan.grants {
            certifier.grant(code, terms)?;
        }
        let made = certifier.api_key(&plan.authority, plan.roles.unwrap_or(Roles::NONE))?;
        self.close()?;
        Ok(made)
    }

    pub(super) fn check_departments_clock(&self, now: UnixTime) -> Result<(), DepartmentError> {
        match self.seconds_behind(now) {
            seconds if seconds > super::issue::MOST_SECONDS_BEHIND => {
                Err(DepartmentError::ClockBehind { seconds })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn certifier(&self, now: UnixTime) -> Certifier<'_> {
        let Self { settings, keys, store, random, .. } = self;
        // Behind the newest entry by less than a minute it may be; the ledger's times never go back for that.
        let city = settings.city;
        Certifier {
            region: &settings.region,
            city,
            keys,
            store,
            random: &**random,
            now: self.not_behind(now),
        }
    }

    /// Certifies a department and says so in a new version of the trust list, unless an addition that was interrupted has
    /// done so.
    fn certify(&self, certifier: &Certifier<'_>, plan: &DepartmentPlan) -> Result<Issuing, DepartmentError> {
        if let Some(done) = self.certified_before(plan)? {
            return Ok(done);
        }
        let city = self.certified_key(name::CITY, Certificate::is_authority)?;
        let list_signer =
            self.certified_key(name::TRUST_LIST, |one| one.usage() == Some(Usage::TrustList))?;
        let roster = self.roster();
        let status_signer = roster.in_force(|one| one.usage() == Some(Usage::StatusList));
        let status_signer = status_signer.ok_or(DepartmentError::OtherKey { key_name: "status-list" })?;
        let certified = certifier.department(city.issuer(), plan)?;
        let status_tag = certifier.status_tag().map_err(CertifyError::from)?;
        let key_id = certified.certificate.key_id();
        let authority = pki::Authority {
            credit_code: plan.authority.code(),
            name: plan.authority.name().to_owned(),
            status_uri: self.settings.status_uri(&status_tag),
            status_signer: status_signer.key_id(),
        };
        let certificate = Arc::new(certified.certificate);
        self.next_trust_list(certifier, &list_signer, |list| {
            let certificate = Arc::clone(&certificate);
            list.certificates.push(CertificateEntry { certificate, retired: None, revocation: None });
            list.authorities.retain(|one| one.credit_code != authority.credit_code);
            list.authorities.push(authority.clone());
            list.authorities.sort_by_key(|one| one.credit_code);
        })?;
        Ok(Issuing { key_id, status_tag })
    }

    /// Signs the next version of the trust list, with what `change` makes of it. Where another node entered one at the same
    /// moment, its is changed.
    pub(super) fn next_trust_list(
        &self,
        certifier: &Certifier<'_>,
        signer: &CertifiedKey,
        change: impl Fn(&mut TrustList),
    ) -> Result<(), DepartmentError> {
        for _ in 0..TRIES {
            let roster = self.roster();
            let mut list = roster.trust.list().clone();
            list.issued_at = certifier.now.max(list.issued_at);
            list.version += 1;
            change(&mut list);
            match certifier.trust_list(&list, signer, Some(roster.trust_list_at)) {
                Err(CertifyError::Append(AppendError::Conflict { .. })) => {}
                other => return Ok(other?),
            }
        }
        Err(AppendError::Busy.into())
    }

    /// What an interrupted addition of the same department has put into the trust list.
    fn certified_before(&self, plan: &DepartmentPlan) -> Result<Option<Issuing>, DepartmentError> {
        let code = plan.authority.code();
        let roster = self.roster();
        let Some(listed) = roster.trust.authority(&code).filter(|one| one.name == plan.authority.name())
        else {
            return Ok(None);
        };
        let key = self.keys.read(&department_key(code))?.verifying_key();
        let scope = scope(plan)?;
        let same = |one: &Certificate| one.scope() == Some(&scope) && *one.key() == key;
        let certificate = roster.in_force(same);
        let tag = self.settings.status_tag(&listed.status_uri);
        Ok(certificate
            .zip(tag)
            .map(|(certificate, tag)| Issuing { key_id: certificate.key_id(), status_tag: tag.to_owned() }))
    }

    /// A key file with its certificate.
    pub(super) fn certified_key(
        &self,
        key_name: &'static str,
        is: fn(&Certificate) -> bool,
    ) -> Result<CertifiedKey, DepartmentError> {
        let key = self.keys.read(key_name)?;
        let public = key.verifying_key();
        let roster = self.roster();
        let certificate = roster.in_force(|one| is(one) && *one.key() == public);
        let certificate = certificate.ok_or(DepartmentError::OtherKey { key_name })?.clone();
        Ok(CertifiedKey { certificate, key })
    }
}

/// A department with its API keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedDepartment {
    /// The department.
    #[serde(flatten)]
    pub department: DepartmentView,
    /// Its roles.
    pub roles: Roles,
    /// Its credentials that are not withdrawn, in the order of making.
    pub api_keys: Vec<ListedApiKey>,
}

/// A credential that is not withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedApiKey {
    /// The part that may be logged: 16 hexadecimal digits.
    pub id: String,
    /// `key` or `certificate`.
    pub form: &'static str,
    /// When it was made.
    pub made: UnixTime,
    /// It opens nothing from this second on.
    pub expires: Option<UnixTime>,
}

/// The departments of the installation in `dir`, by credit code, from its ledger alone: also beside a running service.
pub fn list_departments(
    dir: &Path,
    at: &StoreAt,
    random: Arc<dyn Random>,
) -> Result<Vec<ListedDepartment>, CheckError> {
    let mut departments = BTreeMap::new();
    let mut keys: Vec<(CreditCode, ListedApiKey)> = Vec::new();
    walk_entries(dir, at, random, &|kind| kind == DEPARTMENT || kind == API_KEY, &mut |_, entry| {
        match entry.event {
            Event::Department(one) => {
                let usual =
                    if one.issuing.is_some() { Roles::of_an_issuer() } else { Roles::of_a_verifier() };
                let roles = one.roles.as_ref().map_or(usual, |(roles, _)| *roles);
                departments.insert(one.code, (DepartmentView::of(&one), roles));
            }
            Event::Credential(key) => {
                let id = hex(&key.id);
                let before = keys.iter().position(|(_, known)| known.id == id);
                let made = before.map_or(entry.at, |place| keys.remove(place).1.made);
                if key.state == CredentialState::Made {
                    let entitlement = key.entitlement.as_ref();
                    let form = entitlement.map_or(CredentialForm::Key, |one| one.form).as_str();
                    let expires = entitlement.map(|one| one.expires);
                    keys.push((key.department, ListedApiKey { id, form, made, expires }));
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    let keys_of = |code: CreditCode| {
        let own = keys.iter().filter(|(department, _)| *department == code);
        own.map(|(_, key)| key.clone()).collect()
    };
    let listed = departments.into_values().map(|(department, roles)| ListedDepartment {
        api_keys: keys_of(department.code),
        roles,
        department,
    });
    Ok(listed.collect())
}

/// Kinds of FORMAT.md §6.
const DEPARTMENT: u8 = 3;
const API_KEY: u8 = 4;

#[cfg(test)]
mod tests {
    use super::super::tests::{City, now};
    use super::*;
    use crate::crypto::Algorithm;
    use crate::licence::Authority;

    const CODE: &str = "11999900MB0000553B";

    fn plan(name: &str, algorithm: Algorithm) -> DepartmentPlan {
        let authority = Authority::new(CODE.parse().unwrap(), name).unwrap();
        DepartmentPlan::new(authority, vec!["11100000MB0143028R001".parse().unwrap()], algorithm)
    }

    /// An addition that ends when the trust list is signed and the department not yet entered.
    fn interrupted(city: &City, plan: &DepartmentPlan) -> Issuing {
        let registry = city.open();
        let issuing = registry.certify(&registry.certifier(now()), plan).unwrap();
        registry.close().unwrap();
        issuing
    }

    #[test]
    fn an_interrupted_addition_goes_on_with_its_key_and_certificate() {
        let city = City::new();
        let plan = plan("数据局", Algorithm::EdDsa);
        let issuing = interrupted(&city, &plan);
        city.open().add_department(&plan, now().plus(60)).unwrap();
        let registry = city.open();
        assert_eq!(registry.trust().version(), 2, "the list was not signed again");
        let known = registry.roster().departments[&CODE.parse().unwrap()].clone();
        assert_eq!(known.department.issuing, Some(issuing));
    }

    #[test]
    fn added_again_under_another_name_it_gets_another_certificate_of_the_same_key() {
        let city = City::new();
        let first = interrupted(&city, &plan("数据局", Algorithm::EdDsa));
        let other = city.open().add_department(&plan("大数据局", Algorithm::Es256), now().plus(60));
        assert!(matches!(other, Err(DepartmentError::Certify(CertifyError::Keys(_)))), "{other:?}");
        city.open().add_department(&plan("大数据局", Algorithm::EdDsa), now().plus(60)).unwrap();
        let registry = city.open();
        assert_eq!(registry.trust().version(), 3);
        let code: CreditCode = CODE.parse().unwrap();
        let issuing = registry.roster().departments[&code].department.issuing.clone().unwrap();
        assert_ne!(issuing.key_id, first.key_id);
        assert_eq!(registry.trust().authority(&code).unwrap().name, "大数据局");
    }

    #[test]
    fn years_later_its_certificate_ends_with_the_citys() {
        let city = City::new();
        let later = now().plus(20 * 31_556_952);
        city.open().add_department(&plan("数据局", Algorithm::Es256), later).unwrap();
        let registry = city.open();
        let issuing =
            registry.roster().departments[&CODE.parse().unwrap()].department.issuing.clone().unwrap();
        let roster = registry.roster();
        let certificate = roster.trust.signer(&issuing.key_id).unwrap().certificate();
        let city = roster.in_force(Certificate::is_authority).unwrap();
        assert_eq!(certificate.validity().not_after, city.validity().not_after);
    }

    #[test]
    fn a_clock_that_is_behind_changes_nothing() {
        let city = City::new();
        let behind = now().plus(-600);
        let refused = city.open().add_department(&plan("数据局", Algorithm::Es256), behind);
        assert!(matches!(refused, Err(DepartmentError::ClockBehind { seconds: 600 })), "{refused:?}");
    }
}
