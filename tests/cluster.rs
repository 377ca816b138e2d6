//! Three nodes over a primary with a synchronous standby, set up as `docs/OPERATIONS.md` says, and everything that can go wrong between
//! them: nothing acknowledged is lost or doubled, no request takes longer than its deadline, and all is well soon after a fault's end.
//!
//! `ELICENSE_CLUSTER_ROUNDS=20 cargo test --test cluster -- --nocapture` has every fault twenty times.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

#[path = "cluster/audit.rs"]
mod audit;
#[path = "cluster/clients.rs"]
mod clients;
#[path = "cluster/faults.rs"]
mod faults;
#[path = "cluster/nodes.rs"]
mod nodes;
mod support;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use audit::Books;
use clients::{Clients, Seen};
use nodes::Node;
use support::demo::Issuer;
use support::load::Attempt;
use support::machines::{Lan, Loss, Way, in_own_network};
use support::patroni;
use support::seed::Seeded;

/// How often there is every fault.
fn rounds() -> u32 {
    std::env::var("ELICENSE_CLUSTER_ROUNDS")
        .map_or(1, |rounds| rounds.parse().expect("ELICENSE_CLUSTER_ROUNDS is a number"))
}

/// One network at a time: each has six machines.
fn alone(test: &str, body: fn()) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    in_own_network(test, body);
}

/// A fault that takes a database's machine away: which, and when the fault had ended.
type Gone = fn(&mut Lan) -> (String, Instant);

/// The nodes, their clients and what was acknowledged to these.
struct City {
    lan: Lan,
    nodes: Vec<Node>,
    issuer: Issuer,
    books: Books,
    seed: Seeded,
    /// Faults so far.
    faults: usize,
}

impl City {
    fn set_up() -> Self {
        let seed = Seeded::announced();
        let lan = Lan::start(&patroni::MACHINES);
        patroni::set_up(&lan);
        let (nodes, issuer) = nodes::set_up(&lan);
        Self { lan, nodes, issuer, books: Books::default(), seed, faults: 0 }
    }

    /// Clients issue before, during and after a fault, which says when it had ended; then everything is looked at.
    #[track_caller]
    fn suffers(&mut self, what: &str, fault: impl FnOnce(&mut Lan, &[Node], &mut Seeded) -> Instant) {
        let clients = Clients::start(&self.nodes, &self.issuer, &format!("f{}", self.faults));
        clients.wait_for_more(5);
        let began = Instant::now();
        let ended = fault(&mut self.lan, &self.nodes, &mut self.seed);
        let well = nodes::assert_well(&self.lan, &self.nodes, &self.issuer, ended);
        clients.wait_for_more(5);
        let seen = clients.finish();
        self.faults += 1;
        println!(
            "{what}: {:.1} s, well {:.1} s after; {} acknowledged, slowest answer {:.1} s, {:?}",
            ended.duration_since(began).as_secs_f32(),
            well.as_secs_f32(),
            seen.acknowledged.len(),
            seen.slowest.as_secs_f32(),
            seen.answers
        );
        let mut complaints = self.books.audit(&self.nodes, &self.issuer, seen);
        let leader = patroni::wait_for_leader(&self.lan, |_| true);
        complaints.extend(self.books.count(&self.lan, &leader, self.faults * self.nodes.len()));
        complaints.extend(audit::ledger(&self.lan, &self.nodes));
        if !complaints.is_empty() {
            for node in &self.nodes {
                println!("{}", nodes::log(&self.lan, node));
            }
            panic!("{what}: {} complaints:\n{}", complaints.len(), complaints.join("\n"));
        }
    }
}

impl City {
    /// The audit finds what is not there: without this its silence would say nothing.
    fn misses_what_never_was(&mut self) {
        let mut client = self.nodes[0].client();
        let mut issued = self.issuer.issue(&mut client, "never", "never");
        let attempt = || Attempt { key: "never".to_owned(), number: "never".to_owned() };
        let seen = |issued| Seen { acknowledged: vec![(attempt(), issued)], ..Seen::default() };
        let mut books = Books::default();
        assert_eq!(books.audit(&self.nodes, &self.issuer, seen(issued.clone())), [""; 0]);
        let twice = books.audit(&self.nodes, &self.issuer, seen(issued.clone()));
        assert!(twice.iter().any(|complaint| complaint.contains("twice")), "{twice:?}");
        issued.identifier.push('0');
        let lost = books.audit(&self.nodes, &self.issuer, seen(issued));
        assert!(lost.len() >= self.nodes.len(), "{lost:?}");
    }
}

#[test]
fn nothing_is_lost_when_nodes_and_sessions_fail() {
    alone("nothing_is_lost_when_nodes_and_sessions_fail", || {
        let mut city = City::set_up();
        for _ in 0..rounds() {
            for node in 0..3 {
                city.suffers("a node is killed", |lan, nodes, _| faults::node_killed(lan, &nodes[node]));
            }
            city.suffers("sessions are ended", |lan, _, _| faults::sessions_ended(lan));
            city.suffers("transactions fail", |lan, _, _| faults::transactions_in_the_way(lan));
            city.suffers("the ledger is locked", |lan, _, seed| faults::lock_held(lan, seed));
            city.suffers("no connection is left", |lan, _, _| faults::no_connections_left(lan));
            city.suffers("the server is killed", |lan, _, _| faults::postmaster_killed(lan));
        }
        city.misses_what_never_was();
    });
}

#[test]
fn nothing_is_lost_when_the_line_is_cut() {
    alone("nothing_is_lost_when_the_line_is_cut", || {
        let mut city = City::set_up();
        for _ in 0..rounds() {
            for cut in [Way::Both, Way::In, Way::Out]
                .into_iter()
                .flat_map(|way| [(way, Loss::Silent), (way, Loss::Refused)])
            {
                city.suffers(&format!("{cut:?}"), |lan, nodes, seed| {
                    let node = &nodes[usize::try_from(seed.between(0, 3)).expect("small")];
                    let seconds = seed.millis(1_000, if rounds() > 1 { 10_000 } else { 4_000 });
                    faults::node_cut_off(lan, node, cut, seconds)
                });
            }
        }
    });
}

#[test]
fn nothing_is_lost_when_the_primary_fails() {
    alone("nothing_is_lost_when_the_primary_fails", || {
        let mut city = City::set_up();
        for _ in 0..rounds() {
            city.suffers("planned switch-over", |lan, _, _| faults::switched_over(lan));
            let faults: [(&str, Gone); 5] = [
                ("the primary is killed", |lan| faults::primary_killed(lan)),
                ("the primary has no power", faults::primary_without_power),
                ("the primary is cut off", |lan| faults::primary_alone(lan)),
                ("the standby is killed", |lan| faults::standby_killed(lan)),
                ("the standby has no power", faults::standby_without_power),
            ];
            for (what, fault) in faults {
                let mut gone = String::new();
                city.suffers(what, |lan, _, _| {
                    let (machine, ended) = fault(lan);
                    gone = machine;
                    ended
                });
                city.suffers("it comes back", |lan, _, _| faults::comes_back(lan, &gone));
            }
        }
    });
}

/// The machines that the other tests cut off are cut off: without this their silence would say nothing.
#[test]
fn a_line_that_is_cut_loses_what_it_says() {
    alone("a_line_that_is_cut_loses_what_it_says", || {
        let lan = Lan::start(&["here", "there"]);
        let (here, there) = (lan.machine("here"), lan.machine("there"));
        there.run("/opt/patroni/bin/python -m http.server 80 > /var/log/http.log 2>&1 &");
        // 0: heard; 7: refused; 28: nothing came in time.
        let asked = || here.try_run("curl -s -m 1 -o /dev/null http://there/").status.code();
        while asked() != Some(0) {
            std::thread::sleep(Duration::from_millis(50));
        }
        for (way, loss, heard) in [
            (Way::Both, Loss::Silent, 28),
            (Way::In, Loss::Silent, 28),
            (Way::Out, Loss::Silent, 28),
            (Way::Both, Loss::Refused, 7),
            (Way::Out, Loss::Refused, 7),
            // What comes back is refused to whoever sent it, and never gets here.
            (Way::In, Loss::Refused, 28),
        ] {
            here.cut(&[there], way, loss);
            assert_eq!(asked(), Some(heard), "{way:?}, {loss:?}");
            here.mend();
            assert_eq!(asked(), Some(0), "mended after {way:?}, {loss:?}");
        }
    });
}

/// Machines keep their disks, lose their processes, and are gone with the test.
#[test]
fn a_machine_without_power_keeps_its_disk_only() {
    alone("a_machine_without_power_keeps_its_disk_only", || {
        let mut lan = Lan::start(&["one", "two"]);
        lan.machine("one").run("echo kept > /etc/kept; sleep 1000 > /dev/null 2>&1 &");
        assert_eq!(lan.machine("two").run("cat /etc/kept 2> /dev/null || hostname"), "two\n");
        assert_eq!(lan.machine("two").run("ssh one cat /etc/kept"), "kept\n");
        lan.machine_mut("one").power_off();
        lan.machine_mut("one").power_on();
        assert_eq!(lan.machine("one").run("pidof sleep || cat /etc/kept"), "kept\n");
        lan.machine("one").run("sleep 1000 > /dev/null 2>&1 &");
        lan.machine("one").kill_everything();
        assert_eq!(lan.machine("one").run("pidof sleep || hostname"), "one\n");
        assert!(
            !std::path::Path::new("/etc/kept").exists(),
            "a machine writes on the disk of the test's own"
        );
    });
}
