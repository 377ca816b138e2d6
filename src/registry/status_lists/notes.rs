//! What entries are to the lists, noted as they are taken in, so that the lists need not read them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ledger::Event;
use crate::licence::Identifier;

/// Changed licences that are noted, some 10 MB. Of more than that the older half is forgotten: those entries are read once
/// the lists come to them.
const MOST_NOTED: usize = 65_536;

/// Licences that entries have changed, or will.
pub(in crate::registry) struct Notes(Mutex<Noted>);

/// What is noted of the entries from a position on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Noted {
    /// The first entry of which it is known what it is to the lists.
    pub(super) from: u64,
    /// Those that changed a licence, in order. An entry that is not here changed none.
    pub(super) changed: VecDeque<(u64, Identifier)>,
}

/// The licence whose status an entry changes, now or when the one begins that replaces it.
pub(super) fn changed_by(event: &Event) -> Option<&Identifier> {
    match event {
        Event::Status(change) => Some(&change.identifier),
        Event::Licence(issued) => issued.replaces.as_ref().map(|replaced| &replaced.identifier),
        _ => None,
    }
}

impl Notes {
    /// From this entry on.
    pub(in crate::registry) const fn new(from: u64) -> Self {
        Self(Mutex::new(Noted { from, changed: VecDeque::new() }))
    }

    /// Notes an entry. Each is noted once and in order, and before it counts among the visible ones.
    pub(in crate::registry) fn take(&self, position: u64, event: &Event) {
        let Some(identifier) = changed_by(event) else { return };
        let mut noted = self.noted();
        if noted.changed.len() >= MOST_NOTED {
            let last = noted.changed.drain(..MOST_NOTED / 2).next_back();
            noted.from = last.map_or(noted.from, |(position, _)| position.saturating_add(1));
        }
        noted.changed.push_back((position, identifier.clone()));
    }

    /// Takes away what is noted of the entries before `end`.
    pub(super) fn before(&self, end: u64) -> Noted {
        let mut noted = self.noted();
        let later = noted.changed.partition_point(|(position, _)| *position < end);
        let kept = noted.changed.split_off(later);
        let changed = std::mem::replace(&mut noted.changed, kept);
        let from = std::mem::replace(&mut noted.from, end);
        noted.from = noted.from.max(from);
        Noted { from, changed }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Order, StatusChange};
    use crate::licence::{Reason, State};

    fn change() -> Event {
        Event::Status(StatusChange {
            identifier: "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
                .parse()
                .unwrap(),
            to: State::Suspended,
            reason: Reason::new("a test").unwrap(),
            legal_basis: None,
            order: Order { department: "11430000006122244L".parse().unwrap(), asked_by: "local".to_owned() },
            sequence: 1,
        })
    }

    fn positions(noted: &Noted) -> Vec<u64> {
        noted.changed.iter().map(|(position, _)| *position).collect()
    }

    #[test]
    fn what_is_taken_away_is_everything_before_and_nothing_after() {
        let notes = Notes::new(3);
        [4, 6, 9].into_iter().for_each(|position| notes.take(position, &change()));
        notes.take(10, &Event::TrustList(Vec::new()));
        let first = notes.before(9);
        assert_eq!((first.from, positions(&first)), (3, vec![4, 6]));
        let second = notes.before(11);
        assert_eq!((second.from, positions(&second)), (9, vec![9]));
        assert_eq!(notes.before(11), Noted { from: 11, changed: VecDeque::new() });
    }

    #[test]
    fn what_is_forgotten_is_not_taken_for_known() {
        let notes = Notes::new(0);
        let most = u64::try_from(MOST_NOTED).unwrap();
        (0..=most).for_each(|position| notes.take(position, &change()));
        let noted = notes.before(most + 1);
        assert_eq!(noted.from, most / 2);
        assert_eq!(positions(&noted), (most / 2..=most).collect::<Vec<_>>());
    }
}
