//! How often: per credential, and per holder and department, in bounded memory.
//!
//! Where more keys come than are remembered, those that were quiet longest are forgotten, which is to their advantage: nobody is refused
//! because of others.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use quick_cache::unsync::Cache;

/// So many in a period, and so many at once after a pause.
pub(super) struct Limit<K: Hash + Eq + Clone, C: Clock = MonotonicClock> {
    limiter: RateLimiter<K, Remembered<K>, C, NoOpMiddleware<<C as Clock>::Instant>>,
    clock: C,
}

/// When each key's allowance is whole again.
struct Remembered<K>(Mutex<Cache<K, Nanos>>);

impl<K: Hash + Eq + Clone> StateStore for Remembered<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // What it holds is whole after each line.
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, whole_at) = measure(remembered.get(key).copied())?;
        remembered.insert(key.clone(), whole_at);
        Ok(answer)
    }
}

impl<K: Hash + Eq + Clone> Limit<K> {
    /// `number` in `period`, `burst` at once, for at most `keys` that are remembered.
    pub(super) fn new(number: NonZeroU32, period: Duration, burst: NonZeroU32, keys: usize) -> Self {
        Self::by_clock((number, period), burst, keys, MonotonicClock)
    }
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Limit<K, C> {
    fn by_clock((number, period): (NonZeroU32, Duration), burst: NonZeroU32, keys: usize, clock: C) -> Self {
        // More often than every nanosecond is as often as one likes.
        let every = (period / number.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(every).unwrap_or(Quota::per_second(number)).allow_burst(burst);
        let remembered = Remembered(Mutex::new(Cache::new(keys)));
        Self { limiter: RateLimiter::new(quota, remembered, clock.clone()), clock }
    }

    /// Takes one; where there is none left, how many whole seconds until there is.
    pub(super) fn take(&self, key: &K) -> Result<(), u32> {
        self.limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
            seconds.saturating_add(u32::from(wait.subsec_nanos() > 0)).max(1_u32)
        })
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    fn limit(clock: &FakeRelativeClock, keys: usize) -> Limit<u32, FakeRelativeClock> {
        Limit::by_clock((number(60), Duration::from_secs(3_600)), number(3), keys, clock.clone())
    }

    #[test]
    fn an_allowance_runs_out_and_comes_back_one_by_one() {
        let clock = FakeRelativeClock::default();
        let limit = limit(&clock, 100);
        assert_eq!([(); 4].map(|()| limit.take(&1)), [Ok(()), Ok(()), Ok(()), Err(60)]);
        assert_eq!(limit.take(&2), Ok(()), "another's allowance is another");
        clock.advance(Duration::from_secs(59));
        assert_eq!(limit.take(&1), Err(1));
        clock.advance(Duration::from_secs(1));
        assert_eq!((limit.take(&1), limit.take(&1)), (Ok(()), Err(60)));
        clock.advance(Duration::from_secs(100_000));
        assert_eq!([(); 4].map(|()| limit.take(&1).is_ok()), [true, true, true, false]);
    }

    #[test]
    fn many_keys_neither_grow_the_memory_nor_lock_anybody_out() {
        let clock = FakeRelativeClock::default();
        let limit = limit(&clock, 100);
        for key in 0..10_000 {
            assert_eq!(limit.take(&key), Ok(()));
        }
        let remembered = limit.limiter.into_state_store();
        assert!(remembered.0.lock().unwrap().len() <= 100);
    }

    #[test]
    fn one_who_keeps_coming_is_remembered_among_many() {
        let clock = FakeRelativeClock::default();
        let limit = limit(&clock, 100);
        let allowed: usize = (0..2_000)
            .map(|key| {
                let _other = limit.take(&(key + 10));
                usize::from(limit.take(&1).is_ok())
            })
            .sum();
        assert_eq!(allowed, 3);
    }
}
