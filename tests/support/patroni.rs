//! The database of `docs/OPERATIONS.md` on machines of a test: two of them under Patroni, etcd on the nodes.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::machines::{Lan, Machine};
use super::manual::{follow, follow_only};
use super::tail;

/// Every machine of the page, in the order of their addresses.
pub(crate) const MACHINES: [&str; 6] = ["db1", "db2", "node1", "node2", "node3", "proxy"];
pub(crate) const DATABASES: [&str; 2] = ["db1", "db2"];
pub(crate) const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// Longest that the two may take to be a pair again, or to agree on who leads; generous, for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// The role that takes writes.
const LEADER: &str = "leader";
/// The role of who has everything that was acknowledged, and may take the leader's place.
const STANDBY: &str = "sync_standby";

/// Sets the database up as the page says, up to the empty database.
pub(crate) fn set_up(lan: &Lan) {
    for title in [
        "Start etcd",
        "See that etcd agrees",
        "Certificates and passwords",
        "Settings of Patroni",
        "Start the databases",
        "See who leads",
        "Role and database",
    ] {
        let began = Instant::now();
        follow(lan, title);
        println!("{title}: {:.1} s", began.elapsed().as_secs_f32());
    }
}

/// Starts Patroni, and the server under it, on a machine that has nothing of them running.
pub(crate) fn start_again(lan: &Lan, name: &str) {
    follow_only(lan, "Start the databases", name);
}

/// Who takes writes, once somebody does.
#[track_caller]
pub(crate) fn wait_for_leader(lan: &Lan, wanted: impl Fn(&str) -> bool) -> String {
    wait(lan, "a leader", || with_role(lan, LEADER).filter(|name| wanted(name)))
}

/// Both names, the leader's first, once the other is its synchronous standby.
#[track_caller]
pub(crate) fn wait_for_pair(lan: &Lan) -> (String, String) {
    wait(lan, "a leader and its standby", || Some((with_role(lan, LEADER)?, with_role(lan, STANDBY)?)))
}

#[track_caller]
fn wait<T>(lan: &Lan, what: &str, found: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        if Instant::now() > deadline {
            for name in DATABASES {
                let log = lan.machine(name).try_run("cat /var/log/patroni.log").stdout;
                eprintln!("--- {name}:\n{}", tail(&String::from_utf8_lossy(&log), 30));
            }
            panic!("there is not {what} within {} s: {:?}", PATIENCE.as_secs(), members(lan));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn with_role(lan: &Lan, role: &str) -> Option<String> {
    let (name, _, _) = members(lan)
        .into_iter()
        .find(|(_, its, state)| its == role && matches!(state.as_str(), "running" | "streaming"))?;
    Some(name)
}

/// Name, role and state of each, as the first of them says that answers.
fn members(lan: &Lan) -> Vec<(String, String, String)> {
    let heard = DATABASES.iter().find_map(|name| ask(lan.machine(name)));
    let listed = heard.as_ref().and_then(|heard| heard["members"].as_array()).into_iter().flatten();
    let text = |member: &Value, part: &str| member[part].as_str().unwrap_or_default().to_owned();
    listed.map(|member| (text(member, "name"), text(member, "role"), text(member, "state"))).collect()
}

fn ask(machine: &Machine) -> Option<Value> {
    let answer = Command::new("curl")
        .args(["--silent", "--noproxy", "*", "--max-time", "1"])
        .arg(format!("http://{}:8008/cluster", machine.address))
        .output()
        .expect("curl starts (scripts/test.sh installs it)");
    serde_json::from_slice(&answer.stdout).ok()
}

/// What the superuser gets for `sql` on one of the machines: a line a row, columns parted by `|`.
#[track_caller]
pub(crate) fn sql(lan: &Lan, machine: &str, sql: &str) -> String {
    lan.machine(machine).run(&format!("{PSQL} <<'END'\n{sql}\nEND")).trim_end().to_owned()
}

/// The superuser at the database, on its own machine; statements come on the input.
pub(crate) const PSQL: &str =
    "runuser -u postgres -- psql -X -q -A -t -v ON_ERROR_STOP=1 -h /run/postgresql -d elicense";
