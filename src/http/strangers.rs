//! How often an address without a good key is told so, before it is told to wait.
//!
//! Keys cannot be guessed; what is bounded is the noise that trying makes. So a good key is good from any address at any
//! time: behind a proxy all clients have one address, and one of them must not lock out the others.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use quick_cache::unsync::Cache;

use crate::config::StrangerLimits;

/// Where a request over TCP comes from. A proxy's word on it is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer(IpAddr);

/// Who is told to wait together: all that one client has at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Neighbourhood(IpAddr);

impl Peer {
    pub(super) const fn of(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// An IPv6 address stands for its network of 64 bits.
    fn neighbourhood(self) -> Neighbourhood {
        Neighbourhood(match self.0 {
            // Loopback is one address, not a network.
            IpAddr::V6(address) if !address.is_loopback() => {
                Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()
            }
            address => address,
        })
    }
}

/// Remembers, for each address that had no good key, when its allowance is whole again.
pub struct Strangers {
    limits: StrangerLimits,
    whole_at: Mutex<Cache<Neighbourhood, Instant>>,
}

impl Strangers {
    pub(super) fn new(limits: StrangerLimits) -> Self {
        Self { limits, whole_at: Mutex::new(Cache::new(limits.addresses)) }
    }

    /// Takes one refusal off the address's allowance; where none is left, how long until there is one.
    pub(super) fn refuse(&self, peer: Peer, now: Instant) -> Result<(), Duration> {
        let times = if peer.0.is_loopback() { self.limits.loopback_times } else { 1 };
        let neighbours = peer.neighbourhood();
        let interval = self.limits.interval / times.max(1);
        let allowance = self.limits.interval.saturating_mul(self.limits.burst);
        // The table holds nothing that a panic elsewhere could have left half done.
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let before = whole_at.get(&neighbours).map_or(now, |at| (*at).max(now));
        let after = before + interval;
        let owed = after.saturating_duration_since(now);
        if owed > allowance {
            return Err(owed - allowance);
        }
        whole_at.insert(neighbours, after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: StrangerLimits =
        StrangerLimits { burst: 3, interval: Duration::from_secs(10), loopback_times: 5, addresses: 100 };

    fn peer(address: &str) -> Peer {
        Peer::of(address.parse().unwrap())
    }

    #[test]
    fn an_allowance_runs_out_and_comes_back() {
        let strangers = Strangers::new(LIMITS);
        let (one, start) = (peer("192.0.2.1"), Instant::now());
        for _ in 0..3 {
            assert_eq!(strangers.refuse(one, start), Ok(()));
        }
        assert_eq!(strangers.refuse(one, start), Err(Duration::from_secs(10)));
        let later = start + Duration::from_secs(4);
        assert_eq!(strangers.refuse(one, later), Err(Duration::from_secs(6)));
        assert_eq!(strangers.refuse(peer("192.0.2.2"), later), Ok(()));
        let whole = start + Duration::from_secs(10);
        assert_eq!(strangers.refuse(one, whole), Ok(()));
        assert_eq!(strangers.refuse(one, whole), Err(Duration::from_secs(10)));
        let much_later = start + Duration::from_secs(1_000);
        let allowed = (0..9).filter(|_| strangers.refuse(one, much_later).is_ok()).count();
        assert_eq!(allowed, 3, "an allowance does not grow beyond itself");
    }

    #[test]
    fn this_machine_has_more_and_not_everything() {
        let strangers = Strangers::new(LIMITS);
        let now = Instant::now();
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.2"] {
            let allowed = (0..99).filter(|_| strangers.refuse(peer(address), now).is_ok()).count();
            assert_eq!(allowed, 15, "{address}");
        }
    }

    #[test]
    fn one_client_is_one_however_it_writes_its_address() {
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
        let neighbourhood = |address| peer(address).neighbourhood();
        assert_eq!(neighbourhood("2001:db8:0:1::1"), neighbourhood("2001:db8:0:1:ffff::2"));
        assert_ne!(neighbourhood("2001:db8:0:1::1"), neighbourhood("2001:db8:0:2::1"));
    }

    #[test]
    fn many_addresses_do_not_grow_the_table() {
        let strangers = Strangers::new(LIMITS);
        for address in 0..10_000_u32 {
            let peer = Peer::of(std::net::Ipv4Addr::from_bits(0x0a00_0000 + address).into());
            assert_eq!(strangers.refuse(peer, Instant::now()), Ok(()));
        }
        assert!(strangers.whole_at.lock().unwrap().len() <= 100);
    }
}
