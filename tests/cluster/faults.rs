//! What is done to the three nodes and their database. Each fault says when it had ended.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::nodes::{Node, wait_until_ready};
use super::support::machines::{Lan, Loss, Machine, Way};
use super::support::manual::follow;
use super::support::patroni::{self, PSQL};
use super::support::seed::Seeded;

/// Takes every connection that the server has, and each that becomes free, until its input ends.
const TAKE_CONNECTIONS: &str = r#"
import select, sys
import psycopg
taken = []
def take():
    taken.append(psycopg.connect('host=/run/postgresql user=postgres dbname=elicense', autocommit=True))
def take_all():
    try:
        while True:
            take()
    except psycopg.OperationalError:
        pass
take_all()
while not select.select([sys.stdin], [], [], 0.02)[0]:
    # Who loses his session now may find another for a moment, and then none.
    taken[0].execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'elicense'")
    take_all()
"#;

/// Ends every session of the nodes.
const END_SESSIONS: &str =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'elicense'";

/// Some statements and some commits fail as they do where transactions get into each other's way.
const FAIL_AT_RANDOM: &str = "
CREATE FUNCTION in_the_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF random() < 0.2 THEN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END IF;
  IF random() < 0.1 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF;
  RETURN NEW; END $$;
CREATE TRIGGER statements BEFORE INSERT ON elicense_entry FOR EACH ROW EXECUTE FUNCTION in_the_way();
CREATE CONSTRAINT TRIGGER commits AFTER INSERT ON elicense_entry DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION in_the_way();";
const FAIL_NO_MORE: &str = "
SET lock_timeout = '20s';
DROP TRIGGER statements ON elicense_entry; DROP TRIGGER commits ON elicense_entry; DROP FUNCTION in_the_way();";

/// A node's service is killed, and is started again.
pub(crate) fn node_killed(lan: &Lan, node: &Node) -> Instant {
    node.kill(lan);
    std::thread::sleep(Duration::from_millis(500));
    node.start(lan);
    wait_until_ready(lan, node);
    Instant::now()
}

/// Every process on the primary's machine is killed; ends when the standby is promoted. The machine comes back later.
pub(crate) fn primary_killed(lan: &Lan) -> (String, Instant) {
    let (leader, standby) = patroni::wait_for_pair(lan);
    lan.machine(&leader).kill_everything();
    assert_eq!(patroni::wait_for_leader(lan, |name| name != leader), standby);
    (leader, Instant::now())
}

/// The primary's machine loses its power: nobody is told, connections are half open.
pub(crate) fn primary_without_power(lan: &mut Lan) -> (String, Instant) {
    let (leader, standby) = patroni::wait_for_pair(lan);
    lan.machine_mut(&leader).power_off();
    assert_eq!(patroni::wait_for_leader(lan, |name| name != leader), standby);
    let ended = Instant::now();
    lan.machine_mut(&leader).power_on();
    (leader, ended)
}

/// The primary hears nobody and nobody hears it, but it lives, until the standby is promoted.
pub(crate) fn primary_alone(lan: &Lan) -> (String, Instant) {
    let (leader, standby) = patroni::wait_for_pair(lan);
    let others: Vec<&Machine> =
        patroni::MACHINES.iter().filter(|name| **name != leader).map(|name| lan.machine(name)).collect();
    lan.machine(&leader).cut(&others, Way::Both, Loss::Silent);
    let ended = promoted_meanwhile(lan, &standby);
    lan.machine(&leader).mend();
    (leader, ended)
}

/// As the standby's own machine tells: the primary that is alone still says that it leads.
fn promoted_meanwhile(lan: &Lan, standby: &str) -> Instant {
    let deadline = Instant::now() + Duration::from_secs(120);
    let asked = format!("{PSQL} -c 'SELECT pg_is_in_recovery()'");
    while String::from_utf8_lossy(&lan.machine(standby).try_run(&asked).stdout).trim() != "f" {
        assert!(Instant::now() < deadline, "{standby} is not promoted");
        std::thread::sleep(Duration::from_millis(100));
    }
    Instant::now()
}

/// A machine of the database comes back, and is the standby. Patroni may run there still.
pub(crate) fn comes_back(lan: &Lan, machine: &str) -> Instant {
    if !lan.machine(machine).try_run("curl -s -o /dev/null http://localhost:8008/liveness").status.success() {
        patroni::start_again(lan, machine);
    }
    let (_, standby) = patroni::wait_for_pair(lan);
    assert_eq!(standby, machine);
    Instant::now()
}

/// The standby is killed; ends when the primary has given it up.
pub(crate) fn standby_killed(lan: &Lan) -> (String, Instant) {
    let (leader, standby) = patroni::wait_for_pair(lan);
    lan.machine(&standby).kill_everything();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !patroni::sql(lan, &leader, "SHOW synchronous_standby_names").is_empty() {
        assert!(Instant::now() < deadline, "{leader} still waits for {standby}");
        std::thread::sleep(Duration::from_millis(100));
    }
    (standby, Instant::now())
}

/// As the page says.
pub(crate) fn switched_over(lan: &Lan) -> Instant {
    let (leader, standby) = patroni::wait_for_pair(lan);
    follow(lan, "Change who leads");
    assert_eq!(patroni::wait_for_leader(lan, |name| name != leader), standby);
    Instant::now()
}

/// Only the server is killed: Patroni starts it again, or gives the lead to the other.
pub(crate) fn postmaster_killed(lan: &Lan) -> Instant {
    let (leader, _) = patroni::wait_for_pair(lan);
    lan.machine(&leader).run("kill -KILL $(head -n 1 /var/lib/postgresql/elicense/postmaster.pid)");
    // Until Patroni has noticed.
    std::thread::sleep(Duration::from_secs(3));
    patroni::wait_for_pair(lan);
    Instant::now()
}

/// The line between a node and both databases is cut for a while.
pub(crate) fn node_cut_off(lan: &Lan, node: &Node, (way, loss): (Way, Loss), seconds: Duration) -> Instant {
    let databases: Vec<&Machine> = patroni::DATABASES.iter().map(|name| lan.machine(name)).collect();
    let machine = lan.machine(node.name);
    machine.cut(&databases, way, loss);
    std::thread::sleep(seconds);
    machine.mend();
    Instant::now()
}

/// The nodes' sessions are ended, and there is no connection left for them to come back with.
pub(crate) fn no_connections_left(lan: &Lan) -> Instant {
    let (leader, _) = patroni::wait_for_pair(lan);
    let mut taker = lan
        .machine(&leader)
        .command("runuser")
        .args(["-u", "postgres", "--", "/opt/patroni/bin/python", "-c", TAKE_CONNECTIONS])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("nsenter starts");
    std::thread::sleep(Duration::from_secs(4));
    drop(taker.stdin.take());
    taker.wait().expect("a child ends");
    Instant::now()
}

/// The nodes' sessions are ended again and again.
pub(crate) fn sessions_ended(lan: &Lan) -> Instant {
    let (leader, _) = patroni::wait_for_pair(lan);
    let script = format!(
        "{PSQL} <<'END' > /dev/null || true\nSET statement_timeout = 0;\n{END_SESSIONS}\n\\watch 0.2\nEND"
    );
    lan.machine(&leader).run(&script.replace("runuser", "timeout 3 runuser"));
    Instant::now()
}

/// Statements and commits fail at random for a while.
pub(crate) fn transactions_in_the_way(lan: &Lan) -> Instant {
    let (leader, _) = patroni::wait_for_pair(lan);
    patroni::sql(lan, &leader, FAIL_AT_RANDOM);
    std::thread::sleep(Duration::from_secs(3));
    patroni::sql(lan, &leader, FAIL_NO_MORE);
    Instant::now()
}

/// Another session has the ledger's row for longer than a request may take.
pub(crate) fn lock_held(lan: &Lan, seed: &mut Seeded) -> Instant {
    let (leader, _) = patroni::wait_for_pair(lan);
    let seconds = seed.between(4, 8);
    let held = format!(
        "BEGIN; SELECT id FROM elicense_ledger WHERE id = 1 FOR UPDATE; SELECT pg_sleep({seconds}); ROLLBACK;"
    );
    patroni::sql(lan, &leader, &held);
    Instant::now()
}
