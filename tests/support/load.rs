//! Many clients that issue at once until the service goes away, and the audit of what it acknowledged to them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::demo::{Issued, Issuer, verdict};
use super::http::Client;

/// One request to issue: its idempotency key and the number it asks for; no other request ever asks for the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) key: String,
    pub(crate) number: String,
}

/// What the clients saw.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Answered 201: has to be there for good.
    pub(crate) acknowledged: Vec<(Attempt, Issued)>,
    /// No answer: may be there, whole, or not at all.
    pub(crate) unknown: Vec<Attempt>,
    /// Answered with something else; may be there too, as after an error of the disk.
    pub(crate) refused: Vec<(Attempt, u16)>,
}

/// Clients at work.
pub(crate) struct Load {
    threads: Vec<JoinHandle<Record>>,
    shared: Arc<Shared>,
}

/// What the clients of one load tell and are told.
#[derive(Default)]
struct Shared {
    acknowledged: AtomicUsize,
    power: AtomicU8,
}

/// Values of [`Shared::power`].
const POWER_ON: u8 = 0;
const POWER_FAILING: u8 = 1;
const POWER_OFF: u8 = 2;

impl Load {
    /// Starts the clients; `prefix` makes their keys and numbers unlike those of every other load.
    pub(crate) fn start(address: SocketAddr, issuer: &Issuer, prefix: &str, clients: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let threads = (0..clients)
            .map(|client| {
                let issuer = issuer.clone();
                let prefix = format!("{prefix}-{client}");
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || issue_until_it_ends(address, &issuer, &prefix, &shared))
            })
            .collect();
        Self { threads, shared }
    }

    /// Waits until so many licences are acknowledged; a service that answers none is a failure of its own.
    #[track_caller]
    pub(crate) fn wait_for(&self, acknowledged: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.shared.acknowledged.load(Ordering::Acquire) < acknowledged {
            assert!(Instant::now() < deadline, "not even {acknowledged} licences were issued in a minute");
            assert!(!self.threads.iter().all(JoinHandle::is_finished), "every client gave up early");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Cuts the power by `cut`. An answer that comes while it fails proves nothing, see [`super::disk::Switch::cut`]; an
    /// acknowledgement of what was asked for after that is held against the service as any other.
    pub(crate) fn while_power_fails(&self, cut: impl FnOnce()) {
        self.shared.power.store(POWER_FAILING, Ordering::SeqCst);
        cut();
        self.shared.power.store(POWER_OFF, Ordering::SeqCst);
    }

    /// Once the service is gone: what all of them saw.
    pub(crate) fn finish(self) -> Record {
        let mut all = Record::default();
        for thread in self.threads {
            all.extend(thread.join().expect("a client does not panic"));
        }
        all
    }
}

fn issue_until_it_ends(address: SocketAddr, issuer: &Issuer, prefix: &str, shared: &Shared) -> Record {
    let mut record = Record::default();
    let mut client = Client::new(address);
    for count in 0.. {
        let attempt = Attempt { key: format!("key-{prefix}-{count}"), number: format!("{prefix}-{count}") };
        let asked = shared.power.load(Ordering::SeqCst);
        let answer = issuer.try_issue(&mut client, &attempt.key, &attempt.number);
        let answered = shared.power.load(Ordering::SeqCst);
        match answer {
            Ok(response) if response.status == 201 && answered != POWER_ON && asked != POWER_OFF => {
                record.unknown.push(attempt);
            }
            Ok(response) if response.status == 201 => {
                record.acknowledged.push((attempt, Issued::read(&response)));
                shared.acknowledged.fetch_add(1, Ordering::Release);
            }
            Ok(response) => {
                record.refused.push((attempt, response.status));
                break;
            }
            Err(_) => {
                record.unknown.push(attempt);
                break;
            }
        }
    }
    record
}

impl Record {
    pub(crate) fn extend(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.unknown.extend(other.unknown);
        self.refused.extend(other.refused);
    }

    /// The acknowledged licences that are not there, or not as they were. Asks no more than the identifiers.
    pub(crate) fn lost(&self, client: &mut Client, issuer: &Issuer) -> Vec<String> {
        self.acknowledged.iter().filter_map(|(_, issued)| missing(client, issuer, issued).err()).collect()
    }

    /// Everything that has to hold after a start that followed an end of any kind: acknowledged licences are there, are
    /// valid and are answered again under their keys; what was in doubt is there whole or can be had now under the same
    /// key; afterwards no identifier and no number stands for two licences. All of it is acknowledged from then on.
    pub(crate) fn audit(mut self, client: &mut Client, issuer: &Issuer) -> Result<Self, Vec<String>> {
        let mut complaints = Vec::new();
        for (attempt, issued) in &self.acknowledged {
            complaints.extend(missing(client, issuer, issued).err());
            complaints.extend(not_valid(client, &issued.envelope).err());
            complaints.extend(not_replayed(client, issuer, attempt, issued).err());
        }
        let refused = std::mem::take(&mut self.refused).into_iter().map(|(attempt, _)| attempt);
        let in_doubt: Vec<Attempt> = std::mem::take(&mut self.unknown).into_iter().chain(refused).collect();
        for attempt in in_doubt {
            match settle(client, issuer, &attempt) {
                Ok(issued) => self.acknowledged.push((attempt, issued)),
                Err(complaint) => complaints.push(complaint),
            }
        }
        if let Some((attempt, _)) = self.acknowledged.last() {
            complaints.extend(issued_again(client, issuer, attempt).err());
        }
        complaints.extend(self.doubles());
        if complaints.is_empty() { Ok(self) } else { Err(complaints) }
    }

    fn doubles(&self) -> Vec<String> {
        let (mut identifiers, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        self.acknowledged
            .iter()
            .filter(|(_, issued)| !identifiers.insert(&issued.identifier) | !numbers.insert(&issued.number))
            .map(|(attempt, issued)| format!("{attempt:?}: {} is there twice", issued.identifier))
            .collect()
    }
}

fn missing(client: &mut Client, issuer: &Issuer, issued: &Issued) -> Result<(), String> {
    let response = issuer.licence(client, &issued.identifier);
    if response.status != 200 {
        return Err(format!(
            "{} ({}) was acknowledged and is answered {response}",
            issued.identifier, issued.number
        ));
    }
    let licence = response.json();
    let same = [("identifier", &issued.identifier), ("number", &issued.number), ("version", &issued.version)]
        .iter()
        .all(|(name, value)| licence[name] == ***value);
    let whole =
        ["type", "authority", "holders", "fields", "history"].iter().all(|part| !licence[part].is_null());
    if same && whole && licence["status"] == "valid" {
        return Ok(());
    }
    Err(format!("{} ({}) is there, but is {licence}", issued.identifier, issued.number))
}

fn not_valid(client: &mut Client, envelope: &str) -> Result<(), String> {
    let verdict: Value = verdict(client, envelope);
    if verdict["status"] == "valid" {
        Ok(())
    } else {
        Err(format!("an acknowledged licence is judged {verdict}"))
    }
}

fn not_replayed(
    client: &mut Client,
    issuer: &Issuer,
    attempt: &Attempt,
    issued: &Issued,
) -> Result<(), String> {
    let again = settle(client, issuer, attempt)?;
    if again == *issued {
        return Ok(());
    }
    Err(format!("{attempt:?} was answered {} and is now answered {}", issued.identifier, again.identifier))
}

/// Asks again under the same key, and checks that the licence of the answer is there whole.
fn settle(client: &mut Client, issuer: &Issuer, attempt: &Attempt) -> Result<Issued, String> {
    let response = issuer
        .try_issue(client, &attempt.key, &attempt.number)
        .map_err(|error| format!("{attempt:?} asked again: {error}"))?;
    if response.status != 201 {
        return Err(format!("{attempt:?} asked again is answered {response}"));
    }
    let issued = Issued::read(&response);
    missing(client, issuer, &issued)?;
    not_valid(client, &issued.envelope)?;
    not_valid(client, &issued.qr)?;
    Ok(issued)
}

/// A number that is taken stays taken, whoever asks under whatever key.
fn issued_again(client: &mut Client, issuer: &Issuer, attempt: &Attempt) -> Result<(), String> {
    let key = format!("{}-again", attempt.key);
    match issuer.try_issue(client, &key, &attempt.number) {
        Ok(response) if matches!(response.status, 409 | 422) => Ok(()),
        Ok(response) => {
            Err(format!("the number {} was asked for twice; answered {response}", attempt.number))
        }
        Err(error) => Err(format!("the number {} was asked for twice; {error}", attempt.number)),
    }
}
