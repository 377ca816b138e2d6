//! What the registry keeps in memory and follows from the ledger: each entry is taken in once and in order, whichever node
//! appended it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::access::Access;
use super::ceilings::Ceilings;
use super::roster::Rosters;
use super::status_lists::Notes;
use crate::ledger::Entry;
use crate::store::{By, Follower};
use crate::time::UnixTime;

/// What follows from the ledger.
pub(super) struct Followed {
    /// Roles, credentials and grants.
    pub(super) access: Access,
    /// Acts of today.
    pub(super) ceilings: Ceilings,
    /// Trust list and departments.
    pub(super) rosters: Rosters,
    /// What the status lists have not come to yet.
    pub(super) notes: Notes,
    /// Seconds of the newest entry: the clock must not go behind it (ADVERSARY #51).
    newest: AtomicI64,
}

impl Followed {
    /// As the ledger is now, whose newest entry is of second `newest`.
    pub(super) fn new(
        (access, ceilings, rosters, notes): (Access, Ceilings, Rosters, Notes),
        newest: i64,
    ) -> Arc<Self> {
        Arc::new(Self { access, ceilings, rosters, notes, newest: AtomicI64::new(newest) })
    }

    /// `now`, or the time of the newest entry where the clock has gone behind it: what was suspended a moment ago must not
    /// be good again because a clock was set back.
    pub(super) fn not_behind(&self, now: UnixTime) -> UnixTime {
        UnixTime::from_seconds(self.newest.load(Ordering::Relaxed)).map_or(now, |newest| now.max(newest))
    }

    /// How many seconds the clock is behind the newest entry.
    pub(super) fn seconds_behind(&self, now: UnixTime) -> i64 {
        self.newest.load(Ordering::Relaxed).saturating_sub(now.seconds())
    }
}

impl Follower for Followed {
    fn take(&self, position: u64, entry: &Entry, by: By) {
        self.newest.fetch_max(entry.at.seconds(), Ordering::Relaxed);
        self.rosters.take(position, &entry.event);
        self.access.take(position, entry);
        self.notes.take(position, &entry.event);
        // What this node does is counted before it is begun.
        if by == By::Another {
            self.ceilings.take(entry);
        }
    }
}
