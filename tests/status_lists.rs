//! The published status lists, from the running service: what caches are told, readers that are not ours, changes under load.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::codec::deflate::deflate_as_zlib_does;
use elicense::codec::{Envelope, LicenceClaims, StatusReference, limits};
use elicense::pki::{Anchor, TrustStore};
use elicense::status::{LIST_ENTRIES, Seen, StatusList};
use elicense::time::UnixTime;
use elicense::verify::accept_status_list;
use serde_json::{Value, json};
use support::demo::{Demo, Installation, Issued, Issuer};
use support::http::{Client, Request, Response};
use support::{python, tree};

const CWT: &str = "application/statuslist+cwt";
const JWT: &str = "application/statuslist+jwt";

/// Where a licence stands.
fn place(issued: &Issued) -> StatusReference {
    let envelope = Envelope::decode(&STANDARD.decode(&issued.envelope).unwrap(), limits::ENVELOPE).unwrap();
    LicenceClaims::decode(envelope.payload()).unwrap().status
}

fn path_of(uri: &str) -> String {
    uri[uri.find("/v1/").unwrap()..].to_owned()
}

fn fetch(client: &mut Client, uri: &str, accept: &str) -> Response {
    client.send(&Request::get(&path_of(uri)).header("accept", accept))
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    UnixTime::from_seconds(since.try_into().unwrap()).unwrap()
}

fn trust(client: &mut Client) -> TrustStore {
    let bytes = client.send(&Request::get("/v1/trust-list")).expect_status(200).body;
    TrustStore::from_envelope(&bytes, Anchor::FirstUse).unwrap()
}

fn accept(trust: &TrustStore, uri: &str, bytes: &[u8], seen: Option<Seen>) -> StatusList {
    accept_status_list(trust, uri, bytes, seen, now()).unwrap_or_else(|error| panic!("{uri}: {error}")).list
}

fn not_good(list: &StatusList) -> BTreeMap<String, u8> {
    let entries = (0..LIST_ENTRIES).map(|index| (index, list.bits.get(index).unwrap()));
    entries.filter(|(_, value)| *value != 0).map(|(index, value)| (index.to_string(), value)).collect()
}

#[test]
fn caches_are_told_what_they_may_do() {
    let (place, service) = Installation::new();
    let mut client = service.client();
    let issuer = Demo::read(&place.data).issuer(&mut client);
    let uri = self::place(&issuer.issue(&mut client, "a", "LIST-1")).uri;

    let all = client.send(&Request::get("/v1/status-lists")).expect_status(200);
    assert_eq!(header(&all, "access-control-allow-origin"), Some("*"));
    let uris = all.json()["status_lists"].as_array().unwrap().clone();
    assert!(uris.contains(&json!(uri)));
    for uri in &uris {
        fetch(&mut client, uri.as_str().unwrap(), CWT).expect_status(200);
    }

    let mut tags = Vec::new();
    for form in [CWT, JWT] {
        let first = fetch(&mut client, &uri, form).expect_status(200);
        assert_eq!(header(&first, "content-type"), Some(form));
        let known = ["cache-control", "vary", "access-control-allow-origin"].map(|name| header(&first, name));
        assert_eq!(known, [Some("public, max-age=60"), Some("accept"), Some("*")]);
        let tag = header(&first, "etag").unwrap().to_owned();
        assert!(tag.starts_with('"'), "strong: {tag}");
        let again = fetch(&mut client, &uri, form).expect_status(200);
        assert_eq!((&again.body, header(&again, "etag")), (&first.body, Some(tag.as_str())));

        let known = Request::get(&path_of(&uri)).header("accept", form).header("if-none-match", &tag);
        let unchanged = client.send(&known).expect_status(304);
        assert_eq!((unchanged.body.len(), header(&unchanged, "etag")), (0, Some(tag.as_str())));
        assert_eq!(header(&unchanged, "cache-control"), Some("public, max-age=60"));
        tags.push(tag);
    }
    assert_ne!(tags[0], tags[1], "two forms, two representations");
    let other_form = Request::get(&path_of(&uri)).header("accept", JWT).header("if-none-match", &tags[0]);
    client.send(&other_form).expect_status(200);

    assert_eq!(header(&fetch(&mut client, &uri, "*/*"), "content-type"), Some(CWT));
    let refused = fetch(&mut client, &uri, "text/html").expect_status(406);
    assert_eq!(refused.json()["code"], "not_acceptable");
    for unknown in [format!("{uri}0"), uri.replace("-0", "-00"), uri.replace("-0", "-1"), format!("{uri}%FF")]
    {
        let refused = fetch(&mut client, &unknown, CWT).expect_status(404);
        assert_eq!(refused.json()["code"], "status_list_unknown", "{unknown}");
    }
}

/// Licences good, suspended and revoked, in two departments' worth of places.
fn mixed(client: &mut Client, issuer: &Issuer) -> (String, BTreeMap<String, u8>) {
    let mut expected = BTreeMap::new();
    let mut uri = None;
    for (number, states) in
        (0..).zip([&["suspended"][..], &[], &["revoked"], &["suspended", "valid"], &["suspended", "revoked"]])
    {
        let issued = issuer.issue(client, &format!("mixed-{number}"), &format!("MIXED-{number}"));
        for state in states {
            issuer.change_status(client, &issued.identifier, state, "a test").expect_status(200);
        }
        let StatusReference { uri: own, index } = place(&issued);
        let value = match states.last() {
            None | Some(&"valid") => 0,
            Some(&"suspended") => 2,
            Some(_) => 1,
        };
        if value != 0 {
            expected.insert(index.to_string(), value);
        }
        assert_eq!(uri.get_or_insert_with(|| own.clone()), &own);
    }
    (uri.unwrap(), expected)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("the test can write");
    path
}

#[test]
fn readers_that_are_not_ours_read_our_lists() {
    let (place, service) = Installation::new();
    let mut client = service.client();
    let issuer = Demo::read(&place.data).issuer(&mut client);
    let demonstration = {
        let uri = self::place(&issuer.issue(&mut client, "first", "FIRST")).uri;
        let trust = trust(&mut client);
        not_good(&accept(&trust, &uri, &fetch(&mut client, &uri, CWT).body, None))
    };
    let (uri, mut expected) = mixed(&mut client, &issuer);
    expected.extend(demonstration);
    // Until the pause after the first signing is over, the first list may be answered.
    let trust = trust(&mut client);
    until(Duration::from_secs(1), || {
        not_good(&accept(&trust, &uri, &fetch(&mut client, &uri, CWT).body, None)) == expected
    });
    let [cwt, jwt] = [CWT, JWT].map(|form| fetch(&mut client, &uri, form).expect_status(200).body);
    let list = accept(&trust, &uri, &jwt, None);
    assert_eq!((not_good(&list), accept(&trust, &uri, &cwt, None)), (expected.clone(), list.clone()));

    let pem = client.send(&Request::get("/v1/trust-list.pem")).expect_status(200).body;
    let folder = &place.folder;
    let [cwt, jwt, pem] = [("list.cwt", cwt), ("list.jwt", jwt), ("trust.pem", pem)]
        .map(|(name, bytes)| write(folder, name, &bytes));
    let said = run(
        Command::new(python()).arg(tree("tests/status_lists/read.py")),
        &json!({ "cwt": cwt, "jwt": jwt, "pem": pem }).to_string(),
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    let claims = json!({
        "sub": uri, "iat": list.issued_at.seconds(), "exp": list.expires.seconds(),
        "ttl": list.ttl, "version": list.version,
    });
    for (form, typ) in [("cwt", CWT), ("jwt", "statuslist+jwt")] {
        let read = &said[form];
        assert_eq!((&read["typ"], &read["claims"]), (&json!(typ), &claims), "{form}");
        assert_eq!((&read["entries"], &read["not_good"]), (&json!(LIST_ENTRIES), &json!(expected)), "{form}");
        assert_eq!(read["again"], true, "{form}: it would write the same bytes");
    }
    assert!(
        tree("tests/status_lists/node_modules/@sd-jwt/jwt-status-list").exists(),
        "no @sd-jwt/jwt-status-list: run scripts/test.sh"
    );
    let node = Command::new("node").arg(tree("tests/status_lists/read.mjs")).args([&jwt, &pem]).output();
    let node = node.expect("node starts (package nodejs; scripts/test.sh installs it)");
    assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
    let read: Value = serde_json::from_slice(&node.stdout).unwrap();
    assert_eq!(read, json!({ "entries": LIST_ENTRIES, "notGood": expected }));
}

/// Runs a program on this input; answers its output.
fn run(command: &mut Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Asks again until it is so. Whoever asked last asked after the time was up, and still it was not so.
fn until(time: Duration, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    loop {
        let last = start.elapsed() >= time;
        if is_so() {
            return;
        }
        assert!(!last, "not after {time:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// While four clients issue as fast as they can, a fifth changes licences: each change is in the list that is asked for a second
/// after it was answered, and no list is older than the one before it.
#[test]
fn a_change_is_published_within_a_second_under_load() {
    let (place, service) = Installation::new();
    let mut client = service.client();
    let issuer = Demo::read(&place.data).issuer(&mut client);
    let trust = trust(&mut client);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for load in 0..4 {
            let (issuer, stop, mut client) = (&issuer, &stop, service.client());
            scope.spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    issuer.issue(
                        &mut client,
                        &format!("load-{load}-{number}"),
                        &format!("L-{load}-{number}"),
                    );
                }
            });
        }
        let _ended = StopAtTheEnd(&stop);
        let mut seen = None;
        for round in 0..3 {
            let issued = issuer.issue(&mut client, &format!("round-{round}"), &format!("ROUND-{round}"));
            let StatusReference { uri, index } = self::place(&issued);
            for (state, expected) in [("suspended", 2), ("valid", 0), ("revoked", 1)] {
                issuer.change_status(&mut client, &issued.identifier, state, "a test").expect_status(200);
                until(Duration::from_secs(1), || {
                    let bytes = fetch(&mut client, &uri, JWT).expect_status(200).body;
                    let list = accept(&trust, &uri, &bytes, seen);
                    seen = Some(list.seen());
                    list.bits.get(index) == Some(expected)
                });
            }
        }
    });
}

/// Ends the load also where a round fails.
struct StopAtTheEnd<'a>(&'a AtomicBool);

impl Drop for StopAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the same places say before and after the service was killed and started again.
#[test]
fn a_restart_publishes_what_was_published() {
    let (place, service) = Installation::new();
    let mut client = service.client();
    let issuer = Demo::read(&place.data).issuer(&mut client);
    let (uri, expected) = mixed(&mut client, &issuer);
    let trust = trust(&mut client);
    let before = accept(&trust, &uri, &fetch(&mut client, &uri, CWT).body, None);
    assert!(expected.iter().all(|entry| not_good(&before).contains_key(entry.0)));
    drop(service);
    let service = place.serve();
    let mut client = service.client();
    let after = accept(&trust, &uri, &fetch(&mut client, &uri, CWT).body, Some(before.seen()));
    assert_eq!((&after.bits, after.version), (&before.bits, before.version));
}

/// Streams of every kind against the zlib that Python comes with.
#[test]
fn our_encoder_writes_zlibs_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    let mut keep = |name: &str, bytes: &[u8]| {
        write(folder.path(), &format!("{name}.z"), &deflate_as_zlib_does(bytes));
        paths.push(write(folder.path(), name, bytes));
    };
    let mut numbers = Numbers(1);
    for one_in in [u64::MAX, 10_000, 1_000, 100, 20, 3] {
        let mut list = elicense::status::StatusBits::all_good();
        for index in 0..LIST_ENTRIES {
            if numbers.next() % one_in == 1 {
                list.set(index, if numbers.next() % 2 == 0 { 1 } else { 2 }).unwrap();
            }
        }
        keep(&format!("list-{one_in}"), list.as_bytes());
    }
    let noise: Vec<u8> = (0..200_000).map(|_| numbers.byte()).collect();
    let skewed: Vec<u8> =
        (0..150_000).map(|_| (numbers.byte() & numbers.byte() & numbers.byte()) % 97).collect();
    // Frequencies that grow like this want codes longer than 15 bits.
    let grown: Vec<u8> = (0..24).flat_map(|byte: u8| vec![byte; 1 << (byte / 2)]).collect();
    let shuffled: Vec<u8> = (0..grown.len()).map(|at| grown[(at * 7_919) % grown.len()]).collect();
    let source = std::fs::read(tree("src/codec/deflate/block.rs")).unwrap();
    let repeated = [&noise[..40_000], &source, &vec![0; 70_000], &noise[..33_000], &source].concat();
    for (name, bytes) in [
        ("noise", &noise),
        ("skewed", &skewed),
        ("shuffled", &shuffled),
        ("source", &source),
        ("repeated", &repeated),
    ] {
        keep(name, bytes);
    }
    for length in 0..120_usize {
        let letters = 1 + length as u64 % 5;
        let bytes: Vec<u8> = (0..length * length / 3).map(|_| (numbers.next() % letters) as u8).collect();
        keep(&format!("short-{length}"), &bytes);
    }
    let mut command = Command::new(python());
    command.arg(tree("tests/status_lists/zlib_bytes.py")).args(&paths);
    assert_eq!(run(&mut command, ""), "", "zlib makes other bytes of these");
}

/// Numbers that look random and are the same every time (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}
