//! Randomness that a failing run can be repeated with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// SplitMix64: small, and the same from the same seed everywhere.
pub(crate) struct Seeded(u64);

impl Seeded {
    /// From `ELICENSE_SEED`, else from the clock; printed, so that a failure's output says how to repeat it.
    pub(crate) fn announced() -> Self {
        let seed = match std::env::var("ELICENSE_SEED") {
            Ok(seed) => seed.parse().expect("ELICENSE_SEED is a number"),
            Err(_) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
                u64::from(now.subsec_nanos()) << 20 ^ now.as_secs()
            }
        };
        println!("repeat this run with ELICENSE_SEED={seed}");
        Self(seed)
    }

    /// An independent sequence, for a thread of its own.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly from `from` to `to`, the end left out.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from)
    }

    pub(crate) fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.between(from, to))
    }
}
