//! Slow, broken and hostile clients over TCP: each is turned away, and the service goes on for everyone else.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::thread::sleep;
use std::time::{Duration, Instant};

use elicense::config::{HttpLimits, StrangerLimits};
use support::city::{City, SAMPLE, Served};
use support::demo::Demo;
use support::http::{Raw, Request};
use support::service::{Start, elicense, run};

/// After which a test gives up on something that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A stranger's question is answered.
#[track_caller]
fn assert_serves(served: &Served) {
    let verdict = served.client().send(&Request::post("/v1/verifications").body("text/plain", "x"));
    assert_eq!(verdict.expect_status(200).json()["status"], "invalid");
}

#[test]
fn three_hundred_half_open_connections_are_dropped_and_keep_nobody_waiting() {
    let served = City::new().serve(HttpLimits { header_read_timeout: ms(3_000), ..HttpLimits::default() });
    let half = b"POST /v1/verifications HTTP/1.1\r\nhost: x\r\ncontent-le";
    let half_open: Vec<Raw> = (0..300).map(|_| Raw::sent(served.address, half)).collect();
    let mut client = served.client();
    for _ in 0..20 {
        client.send(&Request::post("/v1/verifications").body("text/plain", "x")).expect_status(200);
    }
    for mut raw in half_open {
        assert_eq!(raw.responses_to_the_end().iter().map(|answer| answer.status).max().unwrap_or(408), 408);
    }
    assert_serves(&served);
}

#[test]
fn connections_that_say_nothing_and_kept_ones_that_idle_are_dropped() {
    let served = City::new().serve(HttpLimits { header_read_timeout: ms(300), ..HttpLimits::default() });
    assert!(Raw::connect(served.address).at_end());
    let mut kept = Raw::sent(served.address, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(kept.response().unwrap().status, 200);
    assert!(kept.at_end());
}

#[test]
fn a_connection_over_the_cap_waits_for_a_place() {
    let limits = HttpLimits { max_connections: 4, header_read_timeout: ms(1_000), ..HttpLimits::default() };
    let served = City::new().serve(limits);
    let mut held: Vec<Raw> = (0..4).map(|_| Raw::sent(served.address, b"GET")).collect();
    let mut fifth =
        Raw::sent(served.address, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert_eq!(fifth.response().unwrap().status, 200);
    for raw in &mut held {
        assert!(
            raw.responses_to_the_end().is_empty(),
            "the fifth was answered, so some of the four are gone"
        );
    }
    assert_serves(&served);
}

/// With fewer descriptors than connections that someone opens, the store still gets at its files, and who was there
/// before is served on.
#[test]
fn a_flood_of_connections_leaves_the_store_its_files() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let service = Start::demo(&data, place.path()).with_descriptors(220).ready();
    let mut client = service.client();
    let issuer = Demo::read(&data).issuer(&mut client);
    let flood: Vec<Raw> = (0..400).map(|_| Raw::sent(service.address, b"GET / HTTP/1.1\r\nhost: ")).collect();
    for number in 0..50 {
        issuer.issue(&mut client, &format!("order-{number}"), &format!("FLOOD-{number}"));
    }
    client.send(&Request::get("/readyz")).expect_status(200);
    drop(flood);
    // Who comes now waits until those before are dropped, and is served.
    service.client().send(&Request::get("/readyz")).expect_status(200);
    assert!(service.terminate().success());
    let checked = run(elicense().args(["store", "check", "--data"]).arg(&data));
    assert!(checked.status.success());
}

#[test]
fn a_header_that_trickles_is_cut() {
    let served = City::new().serve(HttpLimits { header_read_timeout: ms(500), ..HttpLimits::default() });
    let mut raw = Raw::connect(served.address);
    let start = Instant::now();
    for byte in b"GET /healthz HTTP/1.1\r\nhost: ".iter().chain(std::iter::repeat(&b'x')) {
        if raw.send(&[*byte]).is_err() {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "a header may take for ever");
        sleep(ms(20));
    }
    assert_serves(&served);
}

#[test]
fn a_body_that_trickles_is_cut_in_words() {
    let served = City::new().serve(HttpLimits { body_read_timeout: ms(500), ..HttpLimits::default() });
    for media in ["text/plain", "application/json", "application/cose", "image/png"] {
        let head = format!(
            "POST /v1/verifications HTTP/1.1\r\nhost: x\r\ncontent-type: {media}\r\ncontent-length: 100000\r\n\r\n"
        );
        let mut raw = Raw::sent(served.address, head.as_bytes());
        let start = Instant::now();
        while raw.send(b"x").is_ok() {
            assert!(start.elapsed() < PATIENCE, "a body may take for ever");
            sleep(ms(50));
            if start.elapsed() > ms(700) {
                break;
            }
        }
        let answers = raw.responses_to_the_end();
        assert_eq!(answers[0].status, 408, "{media}");
        assert_eq!(answers[0].json()["code"], "body_timeout");
        assert_eq!(answers.len(), 1);
    }
    assert_serves(&served);
}

/// Without reading a single answer, as many requests as the service will take.
#[test]
fn a_client_that_does_not_read_is_dropped() {
    let served = City::new().serve(HttpLimits { write_timeout: ms(500), ..HttpLimits::default() });
    let batch = "POST /v1/verifications/batch HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n\
                 content-length: 1000000000\r\n\r\n";
    let lines = "{\"credential\": \"x\"}\n".repeat(1_000);
    let pages = "GET /v1/licence-types HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    for (first, again) in [(batch, lines), ("", pages)] {
        let mut raw = Raw::sent(served.address, first.as_bytes());
        let start = Instant::now();
        while raw.send(again.as_bytes()).is_ok() {
            assert!(start.elapsed() < PATIENCE, "a client need never read");
        }
        assert_serves(&served);
    }
}

/// ADVERSARY #68: what is no request, or could be read as two, is refused or the connection ended; nothing behind it is
/// answered.
#[test]
fn requests_that_are_none_are_refused_and_nothing_behind_them_is_answered() {
    let served = City::new().serve(HttpLimits { header_read_timeout: ms(1_000), ..HttpLimits::default() });
    let post = |headers: &str, body: &str| {
        format!(
            "POST /v1/verifications HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n{headers}\r\n{body}"
        )
    };
    let get = |headers: &str| format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    let chunked = "transfer-encoding: chunked\r\n";
    let many: String = (0..10_000).map(|number| format!("x{number}: y\r\n")).collect();
    for (what, request) in [
        ("two lengths", post("content-length: 1\r\ncontent-length: 2\r\n", "xy")),
        ("two lengths in one", post("content-length: 1, 2\r\n", "xy")),
        ("a signed length", post("content-length: +1\r\n", "x")),
        ("a negative length", post("content-length: -1\r\n", "x")),
        ("a length in hexadecimal", post("content-length: 0x1\r\n", "x")),
        ("a length beyond counting", post("content-length: 99999999999999999999999\r\n", "x")),
        ("a coding that is not last chunked", post("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n")),
        ("a coding like chunked", post("transfer-encoding: xchunked\r\n", "0\r\n\r\n")),
        ("a coding under HTTP/1.0", post(chunked, "0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0")),
        ("a chunk without a size", post(chunked, "zz\r\nx\r\n0\r\n\r\n")),
        ("a chunk beyond counting", post(chunked, "fffffffffffffffffff\r\nx\r\n0\r\n\r\n")),
        ("a chunk longer than it says", post(chunked, "1\r\nxyz\r\n0\r\n\r\n")),
        (
            "an endless chunk extension",
            post(chunked, &format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(200_000))),
        ),
        ("endless trailers", post(chunked, &format!("1\r\nx\r\n0\r\n{many}\r\n"))),
        ("a header of 100 KiB", get(&format!("x: {}\r\n", "y".repeat(100 * 1024)))),
        ("ten thousand headers", get(&many)),
        ("a path of 100 KiB", get("").replace("/healthz", &format!("/{}", "y".repeat(100 * 1024)))),
        ("a space before the colon", get("content-length : 5\r\n")),
        ("a space in a name", get("a b: c\r\n")),
        ("a folded line", get("a: b\r\n c\r\n")),
        ("NUL in a value", get("a: b\0c\r\n")),
        ("a bare CR in a value", get("a: b\rc\r\n")),
        ("a line without a colon", get("words\r\n")),
        ("no version", "GET /healthz\r\n\r\n".to_owned()),
        ("a version that is none", get("").replace("HTTP/1.1", "HTTP/9.9")),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}".to_owned()),
        ("a method with a space before it", get("").replace("GET", " GET")),
        ("a method of other characters", get("").replace("GET", "G@T<")),
        ("a control character in the path", get("").replace("/healthz", "/healthz\u{1}")),
    ] {
        let request = format!("{request}GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
        let answers = Raw::sent(served.address, request.as_bytes()).responses_to_the_end();
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert!(
            statuses.len() <= 1 && statuses.iter().all(|status| (400..500).contains(status)),
            "{what}: {statuses:?}"
        );
        assert_serves(&served);
    }
}

/// A request with both a length and chunks is read by its chunks, as RFC 9112 §6.1 allows; then the connection ends, so
/// that nothing is answered that a proxy took for its body.
#[test]
fn nothing_is_smuggled_behind_a_body_with_two_lengths() {
    let served = City::new().serve(HttpLimits::default());
    let hidden = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for headers in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "content-length: 60\r\nTransfer-Encoding : chunked\r\n",
        "content-length: 5\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
    ] {
        let request = format!(
            "POST /v1/verifications HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n{headers}\r\n1\r\nx\r\n0\r\n\r\n{hidden}"
        );
        let answers = Raw::sent(served.address, request.as_bytes()).responses_to_the_end();
        assert!(answers.len() <= 1, "{headers}: {} answers", answers.len());
        assert!(answers.iter().all(|answer| answer.header("connection") == Some("close")), "{headers}");
    }
    assert_serves(&served);
}

#[test]
fn strange_but_whole_requests_are_answered_for_what_they_are() {
    let served = City::new().serve(HttpLimits::default());
    for (line, status) in [
        ("FROBNICATE /healthz", 405),
        ("get /healthz", 405),
        ("TRACE /healthz", 405),
        ("OPTIONS /healthz", 405),
        ("OPTIONS *", 404),
        ("CONNECT x:443", 404),
        ("HEAD /healthz", 200),
        ("HEAD /v1/verifications", 405),
        ("HEAD /v1/licences/x", 401),
        ("GET //healthz", 404),
        ("GET /healthz/", 404),
        ("GET /%68ealthz", 404),
        ("GET /HEALTHZ", 404),
        ("GET /healthz%00", 404),
        ("GET /../healthz", 404),
        ("GET /%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET /v1/licences/a%2Fb", 401),
        ("GET /v1/licence-types/%ff%fe", 404),
        ("GET /healthz?%00=%ff&&&=", 200),
        ("GET http://elsewhere.example/healthz", 200),
    ] {
        let request = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let mut raw = Raw::sent(served.address, request.as_bytes());
        let answer = if line.starts_with("HEAD") { raw.head() } else { raw.response() };
        let answer = answer.unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(answer.status, status, "{line}: {answer}");
        assert!(answer.header("request-id").is_some(), "{line}");
        assert!(raw.at_end(), "{line}: more than the answer");
    }
}

/// Who asks first whether to send a body is told, and is told no where the answer is no already.
#[test]
fn expectations_are_met_or_refused() {
    let served = City::new().serve(HttpLimits::default());
    let post = |media: &str, length: usize| {
        format!(
            "POST /v1/verifications HTTP/1.1\r\nhost: x\r\ncontent-type: {media}\r\nexpect: 100-continue\r\n\
             content-length: {length}\r\n\r\n"
        )
    };
    let mut raw = Raw::sent(served.address, post("text/plain", 1).as_bytes());
    assert_eq!(raw.head().unwrap().status, 100);
    raw.send(b"x").unwrap();
    assert_eq!(raw.response().unwrap().status, 200);
    for (media, length, status) in
        [("text/plain", 1 << 30, 413), ("image/png", 1 << 30, 413), ("text/html", 1, 415)]
    {
        let answers = Raw::sent(served.address, post(media, length).as_bytes()).responses_to_the_end();
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [status], "{media}");
    }
}

#[test]
fn many_requests_in_one_go_are_answered_in_order() {
    let served = City::new().serve(HttpLimits::default());
    let one = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    let pair = one("/healthz") + &one("/nowhere");
    let mut raw = Raw::sent(served.address, pair.repeat(50).as_bytes());
    for _ in 0..50 {
        assert_eq!(raw.response().unwrap().status, 200);
        assert_eq!(raw.response().unwrap().status, 404);
    }
}

#[test]
fn a_client_that_hangs_up_in_the_middle_harms_nobody() {
    let city = City::new();
    let served = city.serve(HttpLimits::default());
    let whole = format!(
        "POST /v1/licences HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{SAMPLE}",
        city.issuer,
        SAMPLE.len()
    );
    for end in (0..whole.len()).step_by(97) {
        drop(Raw::sent(served.address, &whole.as_bytes()[..end]));
    }
    assert_serves(&served);
    assert_eq!(Raw::sent(served.address, whole.as_bytes()).response().unwrap().status, 201);
}

/// ADVERSARY #60, #67: who has no key may say so a while.
#[test]
fn an_address_without_a_good_key_is_told_to_wait_and_good_keys_are_not() {
    let city = City::new();
    let strangers =
        StrangerLimits { burst: 5, interval: Duration::from_secs(600), loopback_times: 1, addresses: 100 };
    let served = city.serve(HttpLimits { strangers, ..HttpLimits::default() });
    let mut client = served.client();
    let wrong = format!("{}0", city.issuer);
    for number in 0..5 {
        let request = Request::get("/v1/licences/x");
        let request = if number % 2 == 0 { request.key(&wrong) } else { request };
        client.send(&request).expect_status(401);
    }
    for request in [Request::get("/v1/licences/x").key(&wrong), Request::post("/v1/licences")] {
        // Another connection is the same address.
        let answer = served.client().send(&request).expect_status(429);
        assert_eq!(answer.json()["code"], "too_many_refusals");
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=601).contains(&seconds), "{seconds}");
    }
    client.send(&Request::get("/v1/licences/x").key(&city.issuer)).expect_status(404);
    assert_serves(&served);
}
