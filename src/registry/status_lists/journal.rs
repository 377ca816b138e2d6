//! Which entries of a list changed when: what an update of a pack is made from.

use crate::time::UnixTime;

/// Changes of each kind that are remembered. An update of more would be as long as the list itself.
const KEPT: usize = 1 << 14;

/// The changes of one list, oldest first.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// By ledger entries: the entry's position, the index.
    by_entry: Vec<(u64, u32)>,
    /// By the clock, where a newer licence begins: its first second, the index.
    by_time: Vec<(UnixTime, u32)>,
    /// What came before these is not known any more.
    known_from: u64,
    known_since: Option<UnixTime>,
}

impl Journal {
    /// The entry at `position` concerns `index`. Positions may come in any order while a list is built.
    pub(super) fn changed(&mut self, position: u64, index: u32) {
        self.by_entry.push((position, index));
        if let Some((last, _)) = forget(&mut self.by_entry) {
            self.known_from = self.known_from.max(last.saturating_add(1));
        }
    }

    /// At `from`, `index` changed without an entry.
    pub(super) fn began(&mut self, from: UnixTime, index: u32) {
        self.by_time.push((from, index));
        if let Some((last, _)) = forget(&mut self.by_time) {
            self.known_since = self.known_since.max(Some(last));
        }
    }

    /// Ascending, the indexes of every change that a list of this version and time may not have; `None` where that is
    /// not known any more.
    pub(super) fn since(&self, version: u64, time: UnixTime) -> Option<Vec<u32>> {
        if version < self.known_from || self.known_since.is_some_and(|known| time < known) {
            return None;
        }
        let by_entry = self.by_entry.iter().filter(|(position, _)| *position >= version);
        let by_time = self.by_time.iter().filter(|(from, _)| *from > time);
        let mut indexes: Vec<u32> =
            by_entry.map(|(_, index)| *index).chain(by_time.map(|(_, index)| *index)).collect();
        indexes.sort_unstable();
        indexes.dedup();
        Some(indexes)
    }
}

/// Forgets the older half once there are twice as many as are kept. Answers the last that was forgotten.
fn forget<T: Ord + Copy>(changes: &mut Vec<T>) -> Option<T> {
    if changes.len() < 2 * KEPT {
        return None;
    }
    changes.sort_unstable();
    changes.drain(..changes.len() - KEPT).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(seconds).unwrap()
    }

    #[test]
    fn a_version_is_told_what_it_does_not_have() {
        let mut journal = Journal::default();
        for (position, index) in [(7, 70), (3, 30), (9, 70)] {
            journal.changed(position, index);
        }
        journal.began(at(1_000), 5);
        assert_eq!(journal.since(0, at(0)), Some(vec![5, 30, 70]));
        assert_eq!(journal.since(4, at(1_000)), Some(vec![70]));
        assert_eq!(journal.since(9, at(999)), Some(vec![5, 70]));
        assert_eq!(journal.since(10, at(1_000)), Some(vec![]));
    }

    #[test]
    fn what_is_forgotten_is_unknown_and_not_unchanged() {
        let mut journal = Journal::default();
        let many = u32::try_from(2 * KEPT).unwrap();
        for index in 0..many {
            journal.changed(u64::from(index), index);
            journal.began(at(i64::from(index)), index);
        }
        let kept = u64::from(many / 2);
        let time = i64::from(many / 2);
        assert_eq!(journal.since(kept - 1, at(i64::MAX / 1_000_000_000)), None);
        assert_eq!(journal.since(u64::from(many), at(time - 2)), None);
        let known = journal.since(kept, at(time - 1)).unwrap();
        assert_eq!(known.len(), KEPT);
        assert_eq!(known.first(), Some(&(many / 2)));
    }
}
