//! Bulk pulls (ACCESS.md, *Limits*): one operator of one department who asks for very many different holders within an hour. Nothing
//! is stopped by it; it is said aloud once an hour.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use quick_cache::unsync::Cache;

/// A holder or an operator, as a hash that is another in each process.
pub(super) type Hashed = [u8; 16];

/// Operators that are remembered: each with at most as many holders as raise an alarm.
const OPERATORS: usize = 10_000;
/// All holders that are remembered, of all operators together: 16 bytes each, and what a set takes besides.
const HOLDERS: usize = 1_000_000;
const HOUR: Duration = Duration::from_secs(3_600);

/// Who asked for how many holders.
pub(super) struct BulkPulls {
    most: usize,
    operators: Mutex<Cache<Hashed, Asked>>,
}

/// An operator's holders since the beginning of his hour.
#[derive(Clone)]
struct Asked {
    since: Instant,
    holders: HashSet<Hashed>,
    is_alarmed: bool,
}

impl BulkPulls {
    /// An alarm is raised by the holder that is one more than `most`.
    pub(super) fn new(most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let operators = OPERATORS.min(HOLDERS / most.saturating_add(1).min(HOLDERS)).max(1);
        Self { most: most.min(HOLDERS), operators: Mutex::new(Cache::new(operators)) }
    }

    /// Takes note of a question; says how many holders they are if this is the one that raises the alarm.
    pub(super) fn note(&self, operator: Hashed, holder: Hashed, now: Instant) -> Option<usize> {
        // What it holds is whole after each line.
        let mut operators = self.operators.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Asked { since: now, holders: HashSet::new(), is_alarmed: false };
        let mut asked = operators.remove(&operator).map_or_else(new, |(_, asked)| asked);
        if now.saturating_duration_since(asked.since) >= HOUR {
            asked = new();
        }
        let mut raised = None;
        if !asked.is_alarmed {
            asked.holders.insert(holder);
            if asked.holders.len() > self.most {
                raised = Some(asked.holders.len());
                // Until the hour is over there is nothing more to find out.
                asked = Asked { since: asked.since, holders: HashSet::new(), is_alarmed: true };
            }
        }
        operators.insert(operator, asked);
        raised
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(number: u128) -> Hashed {
        number.to_be_bytes()
    }

    #[test]
    fn the_alarm_is_raised_once_an_hour_by_different_holders_of_one_operator() {
        let pulls = BulkPulls::new(3);
        let start = Instant::now();
        let ask = |operator, holder, seconds| {
            pulls.note(hashed(operator), hashed(holder), start + Duration::from_secs(seconds))
        };
        assert!((0..100).all(|_| ask(1, 1, 0).is_none()), "one holder however often");
        assert_eq!([ask(1, 2, 1), ask(1, 3, 2)], [None, None]);
        assert_eq!([ask(2, 4, 3), ask(2, 5, 3)], [None, None], "another operator");
        assert_eq!(ask(1, 4, 4), Some(4));
        assert!((5..100).all(|holder| ask(1, holder, 5).is_none()), "once is enough");
        assert!((1..4).all(|holder| ask(1, holder, 3_700).is_none()));
        assert_eq!(ask(1, 9, 3_701), Some(4), "again in the next hour");
    }

    #[test]
    fn many_operators_take_bounded_memory() {
        let pulls = BulkPulls::new(200_000);
        for operator in 0..1_000 {
            assert_eq!(pulls.note(hashed(operator), hashed(operator), Instant::now()), None);
        }
        assert!(pulls.operators.lock().unwrap().len() <= 5);
    }
}
