//! Three nodes over a primary with a synchronous standby, and everything that can go wrong between them: nothing acknowledged is
//! lost or doubled, and it goes on within seconds of the fault's end.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::time::Instant;

use support::machines::{Lan, in_own_network};
use support::patroni;

#[test]
fn the_database_alone_outlives_its_primary() {
    in_own_network("the_database_alone_outlives_its_primary", || {
        let mut lan = Lan::start(&patroni::MACHINES);
        patroni::set_up(&lan);
        let (leader, standby) = patroni::wait_for_pair(&lan);
        let began = Instant::now();
        lan.machine_mut(&leader).power_off();
        assert_eq!(patroni::wait_for_leader(&lan, |name| name != leader), standby);
        println!("promoted after {:.1} s", began.elapsed().as_secs_f32());
        lan.machine_mut(&leader).power_on();
        patroni::start_again(&lan, &leader);
        assert_eq!(patroni::wait_for_pair(&lan), (standby, leader));
        println!("a pair again after {:.1} s", began.elapsed().as_secs_f32());
    });
}
