//! The trust list and the departments, as the ledger has them at this moment, and which departments' keys this node has.
//!
//! Made at opening, and anew with each trust list and each department that is entered, by whichever node. Whoever works with it
//! keeps the one he began with to the end of his work.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::act_error::ActError;
use super::certifier::department_key;
use super::key_files::KeyFiles;
use super::open::RegistryOpenError;
use super::status_index::StatusIndexes;
use super::status_lists::Prefix;
use crate::codec::KeyId;
use crate::issue::Issuer;
use crate::ledger::{Department, Event};
use crate::licence::{AreaCode, Authority, CreditCode};
use crate::pki::{Anchor, Certificate, TrustError, TrustStore};

/// Trust list and departments at one moment.
#[derive(Clone)]
pub(super) struct Roster {
    pub(super) trust: Arc<TrustStore>,
    /// Its envelope.
    pub(super) trust_list: Arc<[u8]>,
    /// Position of its entry.
    pub(super) trust_list_at: u64,
    pub(super) departments: HashMap<CreditCode, KnownDepartment>,
    /// A newer trust list, which this node does not believe.
    refused: Option<TrustError>,
}

/// A department and what it can do here.
#[derive(Clone)]
pub(super) struct KnownDepartment {
    pub(super) department: Department,
    /// Position of its newest entry.
    pub(super) at: u64,
    issuing: Issuing,
}

#[derive(Clone)]
enum Issuing {
    /// It only verifies.
    No,
    /// Its key is here.
    Here(Arc<KnownIssuer>),
    /// It issues, and its key is not among the keys of this node, or is not the one that it is certified for.
    KeyElsewhere,
}

/// What a department issues with.
pub(super) struct KnownIssuer {
    pub(super) issuer: Issuer,
    pub(super) status: StatusIndexes,
}

/// The roster as it is now, and what a new one is made with.
pub(super) struct Rosters {
    tools: Tools,
    now: RwLock<Arc<Roster>>,
}

/// What departments are made known with.
pub(super) struct Tools {
    /// Keys of this node.
    pub(super) keys: KeyFiles,
    /// Where the installation is.
    pub(super) area_code: Option<AreaCode>,
}

impl Roster {
    /// With this trust list, whose entry is at a position, and no department.
    pub(super) fn new(trust: TrustStore, trust_list: Vec<u8>, trust_list_at: u64) -> Self {
        let (trust, trust_list) = (Arc::new(trust), trust_list.into());
        Self { trust, trust_list, trust_list_at, departments: HashMap::new(), refused: None }
    }

    /// A department of this installation that issues, with its key.
    pub(super) fn issuer(&self, code: &CreditCode) -> Result<&Arc<KnownIssuer>, ActError> {
        match self.departments.get(code).map(|known| &known.issuing) {
            Some(Issuing::Here(issuer)) => Ok(issuer),
            Some(Issuing::KeyElsewhere) => Err(ActError::KeyNotHere { department: *code }),
            Some(Issuing::No) | None => Err(ActError::NotAnIssuer),
        }
    }

    /// Departments that issue, and whose key is not here, by credit code.
    pub(super) fn without_key(&self) -> Vec<CreditCode> {
        let elsewhere = |known: &&KnownDepartment| matches!(known.issuing, Issuing::KeyElsewhere);
        let all = self.departments.values().filter(elsewhere);
        let mut codes: Vec<_> = all.map(|known| known.department.code).collect();
        codes.sort_unstable();
        codes
    }

    /// Why the newest trust list is not believed, if it is not.
    pub(super) const fn refused(&self) -> Option<&TrustError> {
        self.refused.as_ref()
    }

    /// The newest certificate of this kind that is neither retired nor revoked.
    pub(super) fn in_force(&self, is: impl Fn(&Certificate) -> bool) -> Option<&Certificate> {
        let entries = self.trust.list().certificates.iter().rev();
        let mut good = entries.filter(|entry| entry.retired.is_none() && entry.revocation.is_none());
        good.find(|entry| is(&entry.certificate)).map(|entry| &*entry.certificate)
    }

    /// Departments that issue and the addresses of their status lists, as far as `signer` signs them.
    pub(super) fn prefixes(&self, signer: KeyId) -> Vec<Prefix> {
        let issuing = self.departments.values().filter(|known| known.issues());
        let listed = issuing.filter_map(|known| self.trust.authority(&known.department.code));
        let ours = listed.filter(|authority| authority.status_signer == signer);
        let prefix = |authority: &crate::pki::Authority| Prefix {
            authority: authority.credit_code,
            prefix: authority.status_uri.clone(),
        };
        ours.map(prefix).collect()
    }

    /// Takes in a department whose key has to be here.
    pub(super) fn enter(
        &mut self,
        (at, department): (u64, Department),
        tools: &Tools,
    ) -> Result<(), RegistryOpenError> {
        let issuing = self.issuing(&department, tools)?;
        self.departments.insert(department.code, KnownDepartment { department, at, issuing });
        Ok(())
    }

    /// Takes in a department of which another node may have the key.
    pub(super) fn enter_from_anywhere(&mut self, (at, department): (u64, Department), tools: &Tools) {
        let issuing = self.issuing(&department, tools).unwrap_or(Issuing::KeyElsewhere);
        self.departments.insert(department.code, KnownDepartment { department, at, issuing });
    }

    fn issuing(&self, department: &Department, tools: &Tools) -> Result<Issuing, RegistryOpenError> {
        let Some(issuing) = &department.issuing else { return Ok(Issuing::No) };
        let code = department.code;
        let key = tools.keys.read(&department_key(code))?;
        let certified = self.trust.signer(&issuing.key_id).map(|signer| signer.key());
        let prefix = self.trust.authority(&code).map(|authority| authority.status_uri.clone());
        let (true, Some(prefix)) = (certified == Some(&key.verifying_key()), prefix) else {
            return Err(RegistryOpenError::OtherKey { department: code });
        };
        let issuer = Issuer {
            authority: Authority::new(code, &department.name)?,
            area_code: tools.area_code,
            scope: department.types.clone(),
            key_id: issuing.key_id,
            key: Arc::new(key),
        };
        Ok(Issuing::Here(Arc::new(KnownIssuer { issuer, status: StatusIndexes::new(prefix) })))
    }

    /// The same departments under a newer trust list. One that is not believed changes nothing but that it is told.
    fn under(&self, envelope: &[u8], at: u64, tools: &Tools) -> Self {
        let anchor = Anchor::Pinned(self.trust.root_fingerprint());
        let trust = TrustStore::from_envelope(envelope, anchor)
            .and_then(|trust| trust.check_not_older(self.trust.version()).map(|()| trust));
        let mut new = match trust {
            Ok(trust) => Self::new(trust, envelope.to_vec(), at),
            Err(error) => return Self { refused: Some(error), ..self.clone() },
        };
        for known in self.departments.values() {
            new.enter_from_anywhere((known.at, known.department.clone()), tools);
        }
        new
    }
}

impl KnownDepartment {
    /// Whether it issues, here or elsewhere.
    pub(super) const fn issues(&self) -> bool {
        !matches!(self.issuing, Issuing::No)
    }

    /// What it issues with, if it does so here.
    #[cfg(test)]
    pub(super) const fn here(&self) -> Option<&Arc<KnownIssuer>> {
        match &self.issuing {
            Issuing::Here(issuer) => Some(issuer),
            Issuing::No | Issuing::KeyElsewhere => None,
        }
    }
}

impl Rosters {
    /// Begins with what the ledger had at opening.
    pub(super) fn new(roster: Roster, tools: Tools) -> Self {
        Self { tools, now: RwLock::new(Arc::new(roster)) }
    }

    /// As the ledger is now.
    pub(super) fn now(&self) -> Arc<Roster> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes in an entry. What was in the roster at opening already is not put back.
    pub(super) fn take(&self, position: u64, event: &Event) {
        let before = self.now();
        let new = match event {
            Event::TrustList(envelope) if position > before.trust_list_at => {
                before.under(envelope, position, &self.tools)
            }
            Event::Department(department) => {
                let known = before.departments.get(&department.code);
                if known.is_some_and(|known| known.at >= position) {
                    return;
                }
                let mut new = Roster::clone(&before);
                new.enter_from_anywhere((position, department.clone()), &self.tools);
                new
            }
            _ => return,
        };
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
    }
}
