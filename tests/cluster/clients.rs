//! Clients that issue all the time through all nodes, as a careful department does: an order that had no answer is given again, at the
//! next node, under the same idempotency key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::nodes::Node;
use super::support::demo::{Issued, Issuer};
use super::support::http::Response;
use super::support::load::Attempt;

/// Clients for each node.
const CLIENTS: usize = 2;
/// Every request is answered within 5 s, whatever has failed; the rest is for a loaded machine.
const DEADLINE: Duration = Duration::from_secs(6);
/// Between an answer that was none and the next try.
const PAUSE: Duration = Duration::from_millis(50);

/// Between an answer and the next order: what is acknowledged is all looked up afterwards.
const PACE: Duration = Duration::from_millis(100);

/// What clients saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) acknowledged: Vec<(Attempt, Issued)>,
    /// Had no answer by the end.
    pub(crate) open: Vec<Attempt>,
    pub(crate) complaints: Vec<String>,
    pub(crate) slowest: Duration,
    /// How often which answer came.
    pub(crate) answers: BTreeMap<String, usize>,
}

/// Clients at work.
pub(crate) struct Clients {
    threads: Vec<JoinHandle<Seen>>,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
}

impl Clients {
    /// Starts them; `prefix` makes their keys and numbers unlike all others.
    pub(crate) fn start(nodes: &[Node], issuer: &Issuer, prefix: &str) -> Self {
        let (stop, acknowledged) = (Arc::default(), Arc::default());
        let threads = (0..CLIENTS * nodes.len())
            .map(|number| {
                let mut client = Careful {
                    nodes: nodes.to_vec(),
                    at: number,
                    issuer: issuer.clone(),
                    seen: Seen::default(),
                    acknowledged: Arc::clone(&acknowledged),
                };
                let (stop, prefix) = (Arc::clone(&stop), format!("{prefix}-{number}"));
                std::thread::spawn(move || {
                    client.issue_until(&stop, &prefix);
                    client.seen
                })
            })
            .collect();
        Self { threads, stop, acknowledged }
    }

    /// Waits until so many more licences are acknowledged.
    #[track_caller]
    pub(crate) fn wait_for_more(&self, licences: usize) {
        let wanted = self.acknowledged.load(Ordering::Acquire) + licences;
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.acknowledged.load(Ordering::Acquire) < wanted {
            assert!(Instant::now() < deadline, "not even {licences} licences were issued in a minute");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn finish(self) -> Seen {
        self.stop.store(true, Ordering::Release);
        let mut all = Seen::default();
        for thread in self.threads {
            all.extend(thread.join().expect("a client does not panic"));
        }
        all
    }
}

impl Seen {
    fn extend(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.open.extend(other.open);
        self.complaints.extend(other.complaints);
        self.slowest = self.slowest.max(other.slowest);
        for (answer, times) in other.answers {
            *self.answers.entry(answer).or_default() += times;
        }
    }
}

struct Careful {
    nodes: Vec<Node>,
    at: usize,
    issuer: Issuer,
    seen: Seen,
    acknowledged: Arc<AtomicUsize>,
}

impl Careful {
    fn issue_until(&mut self, stop: &AtomicBool, prefix: &str) {
        for count in 0.. {
            let attempt = Attempt { key: format!("{prefix}-{count}"), number: format!("{prefix}-{count}") };
            let issued = loop {
                if stop.load(Ordering::Acquire) {
                    self.seen.open.push(attempt);
                    return;
                }
                match self.ask(&attempt) {
                    Some(issued) => break issued,
                    None => std::thread::sleep(PAUSE),
                }
                self.at += 1;
            };
            self.acknowledged.fetch_add(1, Ordering::Release);
            if count % 4 == 0 {
                self.ask_again(&attempt, &issued);
            }
            self.seen.acknowledged.push((attempt, issued));
            std::thread::sleep(PACE);
        }
    }

    /// At another node, which may not have taken part when the licence was issued.
    fn ask_again(&mut self, attempt: &Attempt, issued: &Issued) {
        self.at += 1;
        let again = self.ask(attempt);
        self.at -= 1;
        if let Some(again) = again.filter(|again| again != issued) {
            self.seen.complaints.push(format!(
                "{attempt:?} was answered {} and then {}",
                issued.identifier, again.identifier
            ));
        }
    }

    fn ask(&mut self, attempt: &Attempt) -> Option<Issued> {
        let node = self.nodes[self.at % self.nodes.len()].clone();
        let began = Instant::now();
        let answer = self.issuer.try_issue(&mut node.client(), &attempt.key, &attempt.number);
        let taken = began.elapsed();
        self.seen.slowest = self.seen.slowest.max(taken);
        let said = answer.as_ref().map_or_else(|error| format!("{:?}", error.kind()), said);
        if taken > DEADLINE {
            self.seen.complaints.push(format!("{} took {:.1} s: {said}", node.name, taken.as_secs_f32()));
        }
        *self.seen.answers.entry(said).or_default() += 1;
        match answer {
            Ok(response) if response.status == 201 => Some(Issued::read(&response)),
            Ok(response) if response.status != 503 => {
                self.seen
                    .complaints
                    .push(format!("{attempt:?} was answered by {} with {response}", node.name));
                None
            }
            _ => None,
        }
    }
}

/// The status, and the code of a problem.
fn said(response: &Response) -> String {
    if response.status < 400 {
        return response.status.to_string();
    }
    let problem: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    format!("{} {}", response.status, problem["code"].as_str().unwrap_or("without a code"))
}
