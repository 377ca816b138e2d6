//! The three nodes: set up as `docs/OPERATIONS.md` says, and served without TLS and without limits, for the clients of the test.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::city::SAMPLE;
use super::support::demo::Issuer;
use super::support::http::{Client, Request};
use super::support::machines::Lan;
use super::support::manual::follow;
use super::support::patroni::NODES;
use super::support::tail;

/// Longest that a node may take to be well again after the end of a fault.
const RECOVERY: Duration = Duration::from_secs(5);
/// Longest that a node may take to start; generous, for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// One key may ask as often as it likes.
const NO_LIMITS: &str = r#"
cd /var/lib/elicense
jq '.limits = {calls_per_second: 20000, burst: 40000, holder_per_hour: 100000000, holder_burst: 1000000, alarm_holders_per_hour: 200}' \
  settings.json > settings.new
chown elicense: settings.new
mv settings.new settings.json
"#;

const SERVE: &str = r#"
set -a; . /etc/elicense/environment
unset ELICENSE_TLS_CERT ELICENSE_TLS_KEY
ELICENSE_LISTEN=0.0.0.0:8080
cd /var/lib/elicense
runuser -u elicense -- elicense serve --without-tls >> /var/log/elicense.log 2>&1 &
"#;

/// A node as its clients see it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
}

impl Node {
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address).with_patience(Duration::from_secs(20))
    }

    pub(crate) fn start(&self, lan: &Lan) {
        lan.machine(self.name).run(SERVE);
    }

    /// SIGKILL to the service; the machine goes on.
    pub(crate) fn kill(&self, lan: &Lan) {
        lan.machine(self.name).run("kill -KILL $(pidof elicense)\nwhile pidof elicense; do :; done");
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.client().try_send(&Request::get("/readyz")).is_ok_and(|answer| answer.status == 200)
    }

    /// The last checkpoint that this node signed or saw: origin, entries, root.
    pub(crate) fn checkpoint(&self) -> Vec<String> {
        let note = self.client().send(&Request::get("/v1/ledger/checkpoint")).expect_status(200).text();
        note.lines().take(3).map(str::to_owned).collect()
    }
}

/// The database is there. Makes the installation and its copies, and starts the nodes.
pub(crate) fn set_up(lan: &Lan) -> (Vec<Node>, Issuer) {
    for title in ["A user and the database's address", "The tables and the installation"] {
        let began = Instant::now();
        follow(lan, title);
        println!("{title}: {:.1} s", began.elapsed().as_secs_f32());
    }
    lan.machine("node1").run(NO_LIMITS);
    follow(lan, "Copies for the other nodes");
    let nodes: Vec<Node> =
        NODES.iter().map(|name| Node { name, address: (lan.machine(name).address, 8080).into() }).collect();
    for node in &nodes {
        node.start(lan);
    }
    for node in &nodes {
        wait_until_ready(lan, node);
    }
    let made = lan.machine("node1").run("cat /etc/elicense/made.json");
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let api_key = made["departments"][0]["api_key"].as_str().expect("an API key");
    (nodes, Issuer::new(api_key, serde_json::from_str(SAMPLE).expect("JSON")))
}

#[track_caller]
pub(crate) fn wait_until_ready(lan: &Lan, node: &Node) {
    let deadline = Instant::now() + PATIENCE;
    while !node.is_ready() {
        assert!(Instant::now() < deadline, "{} is not ready: {}", node.name, log(lan, node));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Every node is ready and issues, soon after a fault that ended just then; says after how long.
#[track_caller]
pub(crate) fn assert_well(lan: &Lan, nodes: &[Node], issuer: &Issuer, ended: Instant) -> Duration {
    static ASKED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let asked = ASKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let taken: Vec<(Duration, String)> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            nodes.iter().map(|node| scope.spawn(move || until_well(node, issuer, asked, ended))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a client does not panic")).collect()
    });
    for (node, (taken, last)) in nodes.iter().zip(&taken) {
        assert!(
            *taken <= RECOVERY,
            "{} was well {:.1} s after the fault's end; last: {last}\n{}",
            node.name,
            taken.as_secs_f32(),
            log(lan, node)
        );
    }
    taken.into_iter().map(|(taken, _)| taken).max().unwrap_or_default()
}

/// How long it took, and the last answer that was none of a well node.
fn until_well(node: &Node, issuer: &Issuer, asked: u32, ended: Instant) -> (Duration, String) {
    let mut last = String::new();
    let key = format!("well-{}-{asked}", node.name);
    while ended.elapsed() < PATIENCE {
        let mut client = node.client();
        match issuer.try_issue(&mut client, &key, &key) {
            Ok(answer) if answer.status == 201 && node.is_ready() => break,
            Ok(answer) => last = answer.to_string(),
            Err(error) => last = error.to_string(),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    (ended.elapsed(), last)
}

pub(crate) fn log(lan: &Lan, node: &Node) -> String {
    // Without what went well.
    let log = lan.machine(node.name).try_run("grep -v '\"INFO\"' /var/log/elicense.log").stdout;
    format!("--- {} said at the end:\n{}\n---", node.name, tail(&String::from_utf8_lossy(&log), 25))
}
