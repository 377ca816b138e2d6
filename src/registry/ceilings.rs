//! Daily ceilings (ACCESS.md, *Grants*): how many acts each department has done today, in memory, as the ledger has it.
//!
//! An act is counted before it is begun and given back where it came to nothing, so that calls side by side cannot pass a ceiling.
//! What other nodes do is counted when this node sees it; so whether an act fits is asked once more when its entry gets its place,
//! since this node has then seen everything before it. Before a grant with a ceiling is first used, the day so far is counted from
//! the ledger's end. What an administrator does on the machine itself is not counted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::caller::LOCAL;
use crate::access::{Call, Calls, Grant};
use crate::ledger::{Entry, Event, Order};
use crate::licence::CreditCode;
use crate::store::{Store, StoreError};
use crate::time::{Date, UnixTime};

/// The kinds of entries that [`act`] counts.
const COUNTED: [u8; 4] = [Event::LICENCE, Event::STATUS, Event::SD_JWT, Event::USE];
/// Entries are not quite in the order of their times: an act may wait for its turn, and a clock may be a little behind.
const OUT_OF_ORDER: i64 = 600;
/// Entries that are read at once; the first of them is opened whatever it is, to see its time.
const RUN: u64 = 256;

/// Acts of today.
#[derive(Clone, Debug)]
pub(super) struct Ceilings(Arc<Mutex<Counted>>);

#[derive(Debug)]
struct Counted {
    day: Option<Date>,
    acts: HashMap<(CreditCode, Call), u64>,
    /// Entries before this one are counted only once [`Ceilings::count_before`] did.
    opened_at: u64,
    is_complete: bool,
}

/// One act that is counted, by its permit and by its entry while that is on its way. When the last of them is dropped it is given
/// back, unless [`Reserved::keep`] said that it was done.
#[derive(Clone, Debug)]
#[must_use]
pub(super) struct Reserved(Arc<Reservation>);

#[derive(Debug)]
struct Reservation {
    ceilings: Ceilings,
    key: (CreditCode, Call),
    day: Date,
    /// Kept or given back.
    is_settled: AtomicBool,
}

/// What a grant allows on one day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ceiling {
    department: CreditCode,
    calls: Calls,
    daily: Option<u32>,
}

/// The grants that an act rests on, which left something when it was begun.
#[derive(Debug)]
pub(super) enum Rests {
    /// One that still does will do.
    OnOneOf(Vec<Ceiling>),
    /// Every one still has to.
    OnEach(Vec<Ceiling>),
}

impl Ceiling {
    /// A grant's.
    pub(super) const fn of(grant: &Grant) -> Self {
        Self { department: grant.department, calls: grant.terms.calls, daily: grant.terms.daily }
    }
}

/// No grant that applies leaves anything today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NothingLeft;

impl Ceilings {
    /// For a ledger of so many entries, none of which is counted yet.
    pub(super) fn new(opened_at: u64) -> Self {
        let counted = Counted { day: None, acts: HashMap::new(), opened_at, is_complete: false };
        Self(Arc::new(Mutex::new(counted)))
    }

    /// Those of `grants` that leave something for their calls today.
    pub(super) fn leaving<'a>(&self, grants: &[&'a Grant], today: Date) -> Vec<&'a Grant> {
        let mut counted = self.counted();
        counted.turn(today);
        grants.iter().copied().filter(|grant| counted.leaves(grant)).collect()
    }

    /// Counts one act, if one of `grants` leaves something for it; and says which do.
    pub(super) fn reserve<'a>(
        &self,
        (department, call): (CreditCode, Call),
        grants: &[&'a Grant],
        today: Date,
    ) -> Result<(Vec<&'a Grant>, Reserved), NothingLeft> {
        let mut counted = self.counted();
        let day = counted.turn(today);
        let leaving: Vec<_> = grants.iter().copied().filter(|grant| counted.leaves(grant)).collect();
        if leaving.is_empty() {
            return Err(NothingLeft);
        }
        let key = (department, call);
        *counted.acts.entry(key).or_default() += 1;
        let is_settled = AtomicBool::new(false);
        let reservation = Reservation { ceilings: self.clone(), key, day, is_settled };
        Ok((leaving, Reserved(Arc::new(reservation))))
    }

    /// Counts an act that another node has done.
    pub(super) fn take(&self, entry: &Entry) {
        let Some(key) = act(&entry.event) else { return };
        let mut counted = self.counted();
        let day = counted.turn(entry.at.date());
        if day == entry.at.date() {
            *counted.acts.entry(key).or_default() += 1;
        }
    }

    /// Counts what was done, on the day of the ledger's newest entry, before the installation was opened. Once is enough.
    pub(super) fn count_before(&self, store: &Store) -> Result<(), StoreError> {
        let opened_at = match &*self.counted() {
            counted if counted.is_complete => return Ok(()),
            counted => counted.opened_at,
        };
        let Some((day, acts)) = acts_before(store, opened_at)? else { return Ok(()) };
        let mut counted = self.counted();
        if counted.is_complete {
            return Ok(());
        }
        counted.is_complete = true;
        counted.turn(day);
        if counted.day == Some(day) {
            for (key, number) in acts {
                *counted.acts.entry(key).or_default() += number;
            }
        }
        Ok(())
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        // Nothing panics while it is held, and the counts are whole after each line.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, key: &(CreditCode, Call), day: Date) {
        let mut counted = self.counted();
        if counted.day == Some(day)
            && let Some(acts) = counted.acts.get_mut(key)
        {
            *acts = acts.saturating_sub(1);
        }
    }
}

impl Counted {
    /// Begins a new day; an old one does not come back.
    fn turn(&mut self, today: Date) -> Date {
        match self.day {
            Some(day) if day >= today => day,
            _ => {
                self.acts.clear();
                self.day = Some(today);
                today
            }
        }
    }

    fn leaves(&self, grant: &Grant) -> bool {
        grant
            .terms
            .daily
            .is_none_or(|daily| self.done(grant.department, grant.terms.calls) < u64::from(daily))
    }

    /// Whether a ceiling is not passed, what is under way counted.
    fn holds(&self, ceiling: &Ceiling) -> bool {
        let Ceiling { department, calls, daily } = *ceiling;
        daily.is_none_or(|daily| self.done(department, calls) <= u64::from(daily))
    }

    fn done(&self, department: CreditCode, calls: Calls) -> u64 {
        calls.iter().filter_map(|call| self.acts.get(&(department, call))).sum()
    }
}

impl Reserved {
    /// The act was done, or may have been.
    pub(super) fn keep(&self) {
        self.0.is_settled.store(true, Ordering::Relaxed);
    }

    /// Whether the act still fits, all acts of other nodes so far being counted. If not it is given back, to leave room for the
    /// next one under way.
    pub(super) fn still_fits(&self, rests: &Rests) -> bool {
        let fits = {
            let counted = self.0.ceilings.counted();
            // Of a day that is over nothing is counted any more.
            counted.day != Some(self.0.day)
                || match rests {
                    Rests::OnOneOf(ceilings) => ceilings.iter().any(|one| counted.holds(one)),
                    Rests::OnEach(ceilings) => ceilings.iter().all(|one| counted.holds(one)),
                }
        };
        if !fits {
            self.0.give_back();
        }
        fits
    }
}

impl Reservation {
    fn give_back(&self) {
        if !self.is_settled.swap(true, Ordering::Relaxed) {
            self.ceilings.give_back(&self.key, self.day);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.give_back();
    }
}

type Acts = HashMap<(CreditCode, Call), u64>;

/// Acts on the day of the newest entry before `end`.
fn acts_before(store: &Store, end: u64) -> Result<Option<(Date, Acts)>, StoreError> {
    let Some(last) = end.checked_sub(1) else { return Ok(None) };
    let day = store.entry(last)?.at.date();
    let (mut acts, mut end) = (Acts::new(), end);
    while end > 0 {
        let begin = end.saturating_sub(RUN);
        let first = count_run(store, (begin, end), (day, &mut acts))?;
        if first < day.start().plus(-OUT_OF_ORDER) {
            break;
        }
        end = begin;
    }
    Ok(Some((day, acts)))
}

/// Counts the acts of a day in a run of entries. Answers the time of the first of them.
fn count_run(
    store: &Store,
    (begin, end): (u64, u64),
    (day, acts): (Date, &mut Acts),
) -> Result<UnixTime, StoreError> {
    let (mut next, mut first) = (begin, None);
    while next < end {
        let limit = usize::try_from(end - next).unwrap_or(usize::MAX);
        let run = store.entries_from(next, limit)?;
        if run.is_empty() {
            return Err(StoreError::Absent { position: next });
        }
        for stored in &run {
            next = stored.position.saturating_add(1);
            if first.is_some() && !COUNTED.contains(&stored.entry.kind) {
                continue;
            }
            let Entry { at, event } = store.opened(stored)?;
            first = first.or(Some(at));
            if let Some(key) = act(&event).filter(|_| is_on(day, at)) {
                *acts.entry(key).or_default() += 1;
            }
        }
    }
    first.ok_or(StoreError::Absent { position: begin })
}

fn is_on(day: Date, at: UnixTime) -> bool {
    day.start() <= at && at < day.end()
}

/// Whose act an entry is, and of which call.
fn act(event: &Event) -> Option<(CreditCode, Call)> {
    let (Order { department, asked_by }, call) = match event {
        Event::Licence(issued) => (&issued.order, Call::Issue),
        Event::SdJwt(issued) => (&issued.order, Call::Issue),
        Event::Status(change) => (&change.order, Call::Status),
        Event::Use(used) => (&used.order, used.call),
        _ => return None,
    };
    (asked_by != LOCAL).then_some((*department, call))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::access::{Basis, GrantId, GrantState, GrantedTypes, Terms};
    use crate::crypto::Digest;
    use crate::ledger::IssuedSdJwt;

    const CODE: &str = "11100000000013338W";

    fn grant(calls: &[Call], daily: Option<u32>) -> Grant {
        let terms = Terms {
            calls: calls.iter().copied().collect(),
            types: GrantedTypes::All,
            addresses: Vec::new(),
            from: None,
            to: None,
            daily,
            basis: Basis::Duty,
        };
        let department = CODE.parse().unwrap();
        Grant { id: GrantId::from_bytes([1; 8]), department, terms, state: GrantState::InForce }
    }

    fn key(call: Call) -> (CreditCode, Call) {
        (CODE.parse().unwrap(), call)
    }

    fn today() -> Date {
        Date::new(2026, 11, 24).unwrap()
    }

    /// ADVERSARY #56: 64 calls side by side, some of which come to nothing.
    #[test]
    fn calls_side_by_side_cannot_pass_a_ceiling() {
        let ceilings = Ceilings::new(0);
        let one = grant(&[Call::Issue, Call::Status], Some(100));
        let done = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for thread in 0..64_u32 {
                let (ceilings, one, done) = (&ceilings, &one, &done);
                scope.spawn(move || {
                    let call = if thread % 2 == 0 { Call::Issue } else { Call::Status };
                    for turn in 0..50 {
                        let Ok((_, reserved)) = ceilings.reserve(key(call), &[one], today()) else {
                            continue;
                        };
                        std::thread::yield_now();
                        if (turn + thread) % 3 == 0 {
                            drop(reserved);
                        } else {
                            done.fetch_add(1, Ordering::Relaxed);
                            reserved.keep();
                        }
                    }
                });
            }
        });
        assert_eq!(done.load(Ordering::Relaxed), 100);
        assert_eq!(ceilings.reserve(key(Call::Issue), &[&one], today()).unwrap_err(), NothingLeft);
        let tomorrow = today().plus(0, 0, 1).unwrap();
        assert!(ceilings.reserve(key(Call::Issue), &[&one], tomorrow).is_ok());
        assert!(
            ceilings.reserve(key(Call::Issue), &[&one], today()).is_ok(),
            "the old day does not come back"
        );
    }

    #[test]
    fn a_grant_counts_its_own_calls_whichever_grant_allowed_them() {
        let ceilings = Ceilings::new(0);
        let (narrow, wide) = (grant(&[Call::Lookup], Some(1)), grant(&[Call::Lookup], None));
        let (leaving, reserved) = ceilings.reserve(key(Call::Lookup), &[&narrow, &wide], today()).unwrap();
        assert_eq!(leaving.len(), 2);
        reserved.keep();
        assert_eq!(ceilings.leaving(&[&narrow, &wide], today()), [&wide]);
        assert!(ceilings.reserve(key(Call::Lookup), &[&narrow], today()).is_err());
        assert!(ceilings.reserve(key(Call::Status), &[&grant(&[Call::Status], Some(0))], today()).is_err());
    }

    /// An act of another node, as its entry says.
    fn of_another(at: UnixTime) -> Entry {
        let order = Order { department: CODE.parse().unwrap(), asked_by: "elk_0011223344556677".to_owned() };
        let issued = IssuedSdJwt {
            identifier: "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
                .parse()
                .unwrap(),
            issuer_signed: Digest::of(b""),
            holder_key: None,
            order,
        };
        Entry { at, event: Event::SdJwt(issued) }
    }

    #[test]
    fn what_others_did_meanwhile_leaves_room_for_those_that_come_first_and_no_more() {
        let ceilings = Ceilings::new(0);
        let one = grant(&[Call::Issue], Some(4));
        let begin = || ceilings.reserve(key(Call::Issue), &[&one], today()).unwrap().1;
        let under_way: Vec<_> = (0..4).map(|_| begin()).collect();
        (0..3).for_each(|_| ceilings.take(&of_another(today().start())));
        ceilings.take(&of_another(today().start().plus(-1)));
        let rests = Rests::OnEach(vec![Ceiling::of(&one)]);
        let fit: Vec<_> = under_way.iter().map(|reserved| reserved.still_fits(&rests)).collect();
        assert_eq!(fit.iter().filter(|fits| **fits).count(), 1, "{fit:?}");
        drop(under_way);
        assert!(begin().still_fits(&rests), "what was given back is given back once");
    }

    #[test]
    fn an_act_rests_on_one_grant_that_names_its_type_or_on_all_that_were_shown_together() {
        let ceilings = Ceilings::new(0);
        let (narrow, wide) = (grant(&[Call::Issue], Some(1)), grant(&[Call::Issue], None));
        let begin = || ceilings.reserve(key(Call::Issue), &[&narrow, &wide], today()).unwrap().1;
        let [narrow_one, wide_one] = [&narrow, &wide].map(Ceiling::of);
        ceilings.take(&of_another(today().start()));
        assert!(begin().still_fits(&Rests::OnOneOf(vec![narrow_one, wide_one])));
        assert!(!begin().still_fits(&Rests::OnOneOf(vec![narrow_one])));
        assert!(!begin().still_fits(&Rests::OnEach(vec![narrow_one, wide_one])));
    }

    proptest! {
        /// Whatever is begun, given back and done in whatever order: never more is done than the ceiling allows.
        #[test]
        fn never_more_than_the_ceiling(daily in 0_u32..20, acts in prop::collection::vec(0_u8..3, 0..200)) {
            let ceilings = Ceilings::new(0);
            let one = grant(&[Call::Lookup, Call::Materials], Some(daily));
            let (mut open, mut done) = (Vec::new(), 0_u32);
            for act in acts {
                let call = if act == 0 { Call::Lookup } else { Call::Materials };
                if let Ok((_, reserved)) = ceilings.reserve(key(call), &[&one], today()) {
                    open.push(reserved);
                }
                if act == 2 && !open.is_empty() {
                    open.remove(0).keep();
                    done += 1;
                } else if act == 1 {
                    open.pop();
                }
                prop_assert!(done + u32::try_from(open.len()).unwrap() <= daily);
            }
        }
    }
}
