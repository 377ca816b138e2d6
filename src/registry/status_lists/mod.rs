//! Publishes the status lists (FORMAT.md §10).
//!
//! `follow` keeps the entries up to date, `notes` spares it reading most of the ledger, `journal` remembers what changed. Here they are signed: when somebody asks, not when something
//! changes, so that a thousand changes a second cost no more than the lists that are read. A change is in what is answered
//! within a second: a list is signed anew as soon as its last signing is [`StatusListTimes::pause`] ago.

mod follow;
mod journal;
mod notes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use follow::{Followed, List};

use super::act_error::ActError;
use super::open::Registry;
use super::own_signer::OwnSigner;
use crate::crypto::Digest;
use crate::licence::CreditCode;
use crate::status::{StatusBits, StatusList, StatusListForm, StatusSigner};
use crate::time::UnixTime;

pub(super) use follow::Prefix;
pub(super) use notes::Notes;

/// How long what is said in a list holds, and how often it is said anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusListTimes {
    /// `ttl`: seconds after which a verifier asks again.
    pub ttl: u32,
    /// Seconds from `iat` to `exp`: how long a verifier may be without a network.
    pub lifetime: u32,
    /// Seconds after which a list that has not changed is signed anew. Until then its bytes stay the same, so that asking again
    /// costs a 304.
    pub renewal: u32,
    /// Shortest time between two signings of one list, however much changes.
    pub pause: Duration,
    /// Seconds that a cache on the way may answer without asking here.
    pub max_age: u32,
}

impl Default for StatusListTimes {
    fn default() -> Self {
        Self {
            ttl: 300,
            lifetime: 7 * 86_400,
            renewal: 3_600,
            pause: Duration::from_millis(500),
            max_age: 60,
        }
    }
}

/// A list as it is handed out.
#[derive(Debug, PartialEq, Eq)]
pub struct Published {
    /// The signed list, in both forms.
    cwt: Representation,
    jwt: Representation,
    /// Its `iat`.
    pub issued_at: UnixTime,
    /// Entries of the ledger it was made from.
    pub version: u64,
    /// Seconds that a cache may answer with it.
    pub max_age: u32,
}

/// One form of a published list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Representation {
    /// The signed bytes.
    pub bytes: Arc<[u8]>,
    /// Names exactly these bytes: 32 hexadecimal digits.
    pub tag: String,
}

/// A list as a pack takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListSnapshot {
    /// Its address.
    pub(super) uri: String,
    /// Whose licences are in it.
    pub(super) authority: CreditCode,
    /// Entries of the ledger it was made from.
    pub(super) version: u64,
    /// The entries.
    pub(super) bits: Arc<StatusBits>,
}

/// The lists of an installation.
pub(super) struct StatusLists {
    times: StatusListTimes,
    signer: OwnSigner,
    /// Built when a list is first asked for.
    followed: Mutex<Option<Followed>>,
    shelves: RwLock<HashMap<String, Arc<Shelf>>>,
}

/// What was last signed of one list. One signs at a time; meanwhile the others answer with what is there.
#[derive(Default)]
struct Shelf {
    current: RwLock<Option<Signed>>,
    turn: Mutex<()>,
}

#[derive(Clone)]
struct Signed {
    published: Arc<Published>,
    /// Of the entries in it.
    generation: u64,
    /// Their compressed form.
    lst: Arc<[u8]>,
    at: Instant,
}

/// A list's entries at one moment.
struct Entries {
    bits: Arc<StatusBits>,
    generation: u64,
    version: u64,
}

impl StatusLists {
    /// Signed by this key.
    pub(super) fn new(signer: OwnSigner) -> Self {
        let (times, followed) = (StatusListTimes::default(), Mutex::new(None));
        Self { times, signer, followed, shelves: RwLock::default() }
    }

    fn shelf(&self, uri: &str) -> Arc<Shelf> {
        let found = self.shelves.read().unwrap_or_else(PoisonError::into_inner).get(uri).cloned();
        found.unwrap_or_else(|| {
            let mut shelves = self.shelves.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(shelves.entry(uri.to_owned()).or_default())
        })
    }

    /// Whether what was signed may still be answered with, where it would now be dated `date`. Where other nodes sign too, it must
    /// say no less than they would: neither its version nor its time may be behind (FORMAT.md §10), whichever node is asked.
    fn is_good(&self, signed: &Signed, entries: &Entries, (date, tick): (Option<UnixTime>, Instant)) -> bool {
        let age = tick.saturating_duration_since(signed.at);
        let published = &signed.published;
        age < self.times.pause
            || match date {
                Some(date) => published.version >= entries.version && published.issued_at >= date,
                None => {
                    let renewal = Duration::from_secs(self.times.renewal.into());
                    signed.generation == entries.generation && age < renewal
                }
            }
    }

    fn sign(
        &self,
        uri: &str,
        entries: Entries,
        before: Option<&Signed>,
        (now, tick): (UnixTime, Instant),
    ) -> Result<Signed, ActError> {
        let StatusListTimes { ttl, lifetime, max_age, .. } = self.times;
        let Entries { bits, generation, version } = entries;
        let same = before.filter(|before| before.generation == generation);
        let lst = same.map_or_else(|| bits.compress().into(), |same| Arc::clone(&same.lst));
        // Never behind what was signed before, though the clock may be, a little.
        let issued_at = before.map_or(now, |before| now.max(before.published.issued_at));
        let expires = issued_at.plus(lifetime.into());
        let bits = Arc::unwrap_or_clone(bits);
        let list = StatusList { uri: uri.to_owned(), issued_at, expires, ttl, version, bits };
        let (key_id, key) = self.signer.identity();
        let signer = StatusSigner { key_id, key };
        let signed =
            list.sign(&lst, signer).map_err(|_| ActError::Internal("the status key does not sign"))?;
        let (cwt, jwt) = (Representation::new(signed.cwt), Representation::new(signed.jwt));
        let published = Arc::new(Published { cwt, jwt, issued_at, version, max_age });
        Ok(Signed { published, generation, lst, at: tick })
    }
}

impl Shelf {
    fn current(&self) -> Option<Signed> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Representation {
    fn new(bytes: Vec<u8>) -> Self {
        let tag = Digest::of(&bytes).to_string().chars().take(32).collect();
        Self { bytes: bytes.into(), tag }
    }
}

impl Published {
    /// One of its forms.
    pub const fn form(&self, form: StatusListForm) -> &Representation {
        match form {
            StatusListForm::Cwt => &self.cwt,
            StatusListForm::Jwt => &self.jwt,
        }
    }
}

impl Registry {
    /// Makes the lists from the ledger, or has them catch up with it, so that the next who asks need not wait for it.
    pub fn prepare_status_lists(&self, now: UnixTime) -> Result<(), ActError> {
        self.follow(now, |_| Ok(()))
    }

    /// The addresses of all lists.
    pub fn status_list_uris(&self, now: UnixTime) -> Result<Vec<String>, ActError> {
        self.follow(now, |followed| {
            followed.discover(&self.store)?;
            Ok(followed.lists().keys().cloned().collect())
        })
    }

    /// The list whose address ends in `id`, signed; `None` where there is none. Takes as long as compressing a list does, where it
    /// has to be signed anew: up to half a second. `tick` is the moment by a clock that is never set.
    pub fn status_list(
        &self,
        id: &str,
        now: UnixTime,
        tick: Instant,
    ) -> Result<Option<Arc<Published>>, ActError> {
        let (lists, uri) = (&self.status_lists, self.settings.status_list_uri(id));
        let Some(entries) = self.entries_of(&uri, now)? else { return Ok(None) };
        let shelf = lists.shelf(&uri);
        let before = shelf.current();
        let date = self.shared_date(now, lists.times.renewal);
        if let Some(signed) = &before
            && lists.is_good(signed, &entries, (date, tick))
        {
            return Ok(Some(Arc::clone(&signed.published)));
        }
        let _turn = match (shelf.turn.try_lock(), before) {
            (Ok(turn), _) => turn,
            (Err(TryLockError::WouldBlock), Some(signed)) => return Ok(Some(signed.published)),
            (Err(_), _) => shelf.turn.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let before = shelf.current();
        // Somebody who came later than this request has been here: what he signed has all that it asks for.
        if let Some(signed) = before.as_ref().filter(|signed| signed.at >= tick) {
            return Ok(Some(Arc::clone(&signed.published)));
        }
        self.check_clock(now)?;
        let date = date.unwrap_or_else(|| self.not_behind(now));
        let signed = lists.sign(&uri, entries, before.as_ref(), (date, tick))?;
        let published = Arc::clone(&signed.published);
        *shelf.current.write().unwrap_or_else(PoisonError::into_inner) = Some(signed);
        Ok(Some(published))
    }

    /// Every list as it is now.
    pub(super) fn list_snapshots(&self, now: UnixTime) -> Result<Vec<ListSnapshot>, ActError> {
        self.follow(now, |followed| {
            followed.discover(&self.store)?;
            let version = followed.version();
            let snapshot = |(uri, list): (&String, &List)| ListSnapshot {
                uri: uri.clone(),
                authority: list.authority,
                version,
                bits: Arc::clone(&list.bits),
            };
            Ok(followed.lists().iter().map(snapshot).collect())
        })
    }

    /// Ascending, the indexes of the list at `uri` whose value may be another than in a snapshot of this version, taken at
    /// `since`. `None` where that is not known: the list is unknown, or too much has happened.
    pub(super) fn changed_since(
        &self,
        uri: &str,
        version: u64,
        since: UnixTime,
        now: UnixTime,
    ) -> Result<Option<Vec<u32>>, ActError> {
        self.follow(now, |followed| {
            Ok(followed.lists().get(uri).and_then(|list| list.journal.since(version, since)))
        })
    }

    /// Asks the lists, once they have everything that is in the ledger and has begun.
    fn follow<T>(
        &self,
        now: UnixTime,
        ask: impl FnOnce(&mut Followed) -> Result<T, ActError>,
    ) -> Result<T, ActError> {
        let (lists, now) = (&self.status_lists, self.not_behind(now));
        let mut followed = lists.followed.lock().unwrap_or_else(PoisonError::into_inner);
        // Every entry before this end has been noted, and the roster has it.
        let end = self.store.visible_entries();
        let prefixes = self.roster().prefixes(lists.signer.identity().0);
        let followed = match &mut *followed {
            Some(followed) => {
                followed.serve(prefixes);
                followed
            }
            none => none.insert(Followed::build(&self.store, prefixes, now)?),
        };
        followed.catch_up(&self.store, (self.followed.notes.before(end), end), now)?;
        ask(followed)
    }

    fn entries_of(&self, uri: &str, now: UnixTime) -> Result<Option<Entries>, ActError> {
        self.follow(now, |followed| {
            if !followed.lists().contains_key(uri) {
                followed.discover(&self.store)?;
            }
            let version = followed.version();
            Ok(followed.lists().get(uri).map(|list| Entries {
                bits: Arc::clone(&list.bits),
                generation: list.generation,
                version,
            }))
        })
    }
}

#[cfg(test)]
mod tests;
