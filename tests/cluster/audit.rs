//! What has to hold after every fault, whatever it was.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use super::clients::Seen;
use super::nodes::Node;
use super::support::demo::{Issued, Issuer};
use super::support::http::{Client, Request};
use super::support::load::Attempt;
use super::support::machines::Lan;
use super::support::patroni;

/// Reads the whole ledger and the index through a node's own directory, and compares its checkpoint.
const CHECK: &str = r"
set -a; . /etc/elicense/environment
runuser -u elicense -- elicense store check
";

/// How a check ends whose connection took more than the second that a command gives it: on a loaded machine this happens.
const NO_CONNECTION: &str = "connecting to the database";
const TRIES: u32 = 5;

/// Longest that the nodes' checkpoints may differ once nobody issues.
const AGREEMENT: Duration = Duration::from_secs(10);

/// Everything that was acknowledged since the beginning.
#[derive(Default)]
pub(crate) struct Books {
    identifiers: BTreeSet<String>,
    numbers: BTreeSet<String>,
}

impl Books {
    /// What the clients saw in a round is so on every node, and is there once.
    pub(crate) fn audit(&mut self, nodes: &[Node], issuer: &Issuer, seen: Seen) -> Vec<String> {
        let Seen { mut acknowledged, open, mut complaints, .. } = seen;
        for (attempt, node) in open.into_iter().zip(nodes.iter().cycle()) {
            match settle(&mut node.client(), issuer, &attempt) {
                Ok(issued) => acknowledged.push((attempt, issued)),
                Err(complaint) => complaints.push(complaint),
            }
        }
        let on_nodes: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                nodes.iter().map(|node| scope.spawn(|| missing_on(node, issuer, &acknowledged))).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("an auditor does not panic")).collect()
        });
        complaints.extend(on_nodes);
        for (attempt, issued) in acknowledged {
            if !self.identifiers.insert(issued.identifier) | !self.numbers.insert(issued.number) {
                complaints.push(format!("{attempt:?} is there twice"));
            }
        }
        complaints
    }

    /// The database has these licences and no other, but for `others` that were issued beside.
    pub(crate) fn count(&self, lan: &Lan, leader: &str, others: usize) -> Option<String> {
        let counted = patroni::sql(lan, leader, "SELECT count(*) FROM elicense_entry WHERE kind = 6");
        let wanted = self.identifiers.len() + others;
        (counted != wanted.to_string())
            .then(|| format!("{wanted} licences were acknowledged, the ledger has {counted}"))
    }
}

/// Asks again under the same key.
fn settle(client: &mut Client, issuer: &Issuer, attempt: &Attempt) -> Result<Issued, String> {
    match issuer.try_issue(client, &attempt.key, &attempt.number) {
        Ok(response) if response.status == 201 => Ok(Issued::read(&response)),
        Ok(response) => Err(format!("{attempt:?} asked again is answered {response}")),
        Err(error) => Err(format!("{attempt:?} asked again: {error}")),
    }
}

fn missing_on(node: &Node, issuer: &Issuer, acknowledged: &[(Attempt, Issued)]) -> Vec<String> {
    let mut client = node.client();
    let mut complaints = Vec::new();
    for (count, (attempt, issued)) in acknowledged.iter().enumerate() {
        let licence = issuer.licence(&mut client, &issued.identifier);
        let same = licence.status == 200 && {
            let licence = licence.json();
            licence["number"] == *issued.number
                && licence["version"] == *issued.version
                && licence["status"] == "valid"
        };
        if !same {
            complaints.push(format!("{} says of {attempt:?}, {}: {licence}", node.name, issued.identifier));
        }
        let asked = Request::post("/v1/verifications").key(&issuer.api_key);
        let verdict = client.send(&asked.json(&json!({ "credential": issued.qr })));
        if verdict.status != 200 || verdict.json()["status"] != "valid" {
            complaints.push(format!("{} judges {attempt:?}: {verdict}", node.name));
        }
        if count % 8 == 0 {
            match settle(&mut client, issuer, attempt) {
                Ok(again) if again == *issued => {}
                Ok(again) => complaints.push(format!(
                    "{attempt:?} was answered {}, and by {} {}",
                    issued.identifier, node.name, again.identifier
                )),
                Err(complaint) => complaints.push(format!("{}: {complaint}", node.name)),
            }
        }
    }
    complaints
}

/// The ledger is whole, by each node's own checkpoint, and the nodes end at the same one.
pub(crate) fn ledger(lan: &Lan, nodes: &[Node]) -> Vec<String> {
    let mut complaints = Vec::new();
    for node in nodes {
        complaints.extend(check(lan, node).err().map(|said| format!("{}: store check: {said}", node.name)));
    }
    let deadline = Instant::now() + AGREEMENT;
    loop {
        let checkpoints: Vec<Vec<String>> = nodes.iter().map(Node::checkpoint).collect();
        if checkpoints.windows(2).all(|pair| pair[0] == pair[1]) {
            return complaints;
        }
        if Instant::now() > deadline {
            complaints.push(format!("the nodes' checkpoints differ: {checkpoints:?}"));
            return complaints;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn check(lan: &Lan, node: &Node) -> Result<(), String> {
    let mut said = String::new();
    for _ in 0..TRIES {
        let checked = lan.machine(node.name).try_run(CHECK);
        if checked.status.success() {
            return Ok(());
        }
        said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
        if !said.contains(NO_CONNECTION) {
            break;
        }
    }
    Err(said)
}
