//! `POST /v1/verifications/batch`: line for line in order, while lines still come, in bounded memory.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use elicense::config::HttpLimits;
use elicense::http::{Listener, build};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::city::{City, SAMPLE, answer, post};
use tower::ServiceExt;

const BATCH: &str = "/v1/verifications/batch";

/// What a line's answer comes down to: the verdict's status, or the problem's code.
fn told(line: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    let word = answer.get("code").unwrap_or(&answer["status"]);
    word.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn all_told(body: &[u8]) -> Vec<String> {
    let lines = body.strip_suffix(b"\n").expect("the last line ends");
    lines.split(|byte| *byte == b'\n').map(told).collect()
}

/// Lines of five kinds in an order without a pattern, and what each has to be answered.
fn mixed(count: usize, qr: &str) -> (String, Vec<&'static str>) {
    let kinds = [
        (json!({"credential": qr}).to_string(), "valid"),
        (json!({"credential": "garbage"}).to_string(), "invalid"),
        ("{\"credential\": ".to_owned(), "not_json"),
        (json!({"credential": "x", "also": 1}).to_string(), "verification_request_refused"),
        (String::new(), "not_json"),
    ];
    let mut seed = 1_u32;
    let mut lines = String::new();
    let mut expected = Vec::new();
    for _ in 0..count {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (line, word) = &kinds[usize::try_from(seed >> 16).unwrap() % kinds.len()];
        lines.push_str(line);
        lines.push('\n');
        expected.push(*word);
    }
    (lines, expected)
}

fn in_pieces(lines: String, size: usize) -> Body {
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        lines.into_bytes().chunks(size).map(|piece| Ok(piece.to_vec())).collect();
    Body::from_stream(stream::iter(pieces))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_thousand_lines_are_answered_in_order_and_the_bad_ones_alone_are_refused() {
    let city = City::new();
    let issued = city.issue("1", SAMPLE).await.expect(201).json();
    let (lines, expected) = mixed(12_000, issued["qr"].as_str().unwrap());
    let body = in_pieces(lines, 4_999);
    let answer = city.send(post(BATCH, "application/x-ndjson", body)).await.expect(200);
    assert_eq!(all_told(&answer.body), expected);
}

#[tokio::test]
async fn a_batch_of_nothing_is_answered_with_nothing() {
    let city = City::new();
    let answer = city.send(post(BATCH, "application/x-ndjson", "")).await.expect(200);
    assert!(answer.body.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_lines_are_taken_than_are_read() {
    const LINES: usize = 100_000;
    let city = City::new();
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let lines = stream::iter(0..LINES).map(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::io::Error>("{\"credential\": \"x\"}\n")
    });
    let request = post(BATCH, "application/x-ndjson", Body::from_stream(lines));
    let response = build(city.state.clone(), Listener::Tcp).oneshot(request).await.unwrap();
    let mut body = response.into_body();
    let mut answered = 0;
    let mut pieces = 0;
    while let Some(piece) = body.frame().await {
        answered += piece.unwrap().into_data().unwrap().iter().filter(|byte| **byte == b'\n').count();
        let ahead = taken.load(Ordering::SeqCst) - answered;
        assert!(ahead <= 64, "{ahead} lines are taken and not answered");
        pieces += 1;
        if pieces == 100 {
            // A client that stops reading: whatever goes on behind has come to rest after this.
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(taken.load(Ordering::SeqCst) - answered <= 64);
        }
    }
    assert_eq!(answered, LINES);
}

#[test]
fn a_line_is_answered_while_the_next_has_not_been_sent() {
    let city = City::new();
    let served = city.serve(HttpLimits::default());
    let mut stream = TcpStream::connect(served.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = "POST /v1/verifications/batch HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-ndjson\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut next = |wanted: &str| {
        let mut line = String::new();
        while !line.starts_with('{') {
            line.clear();
            assert_ne!(answers.read_line(&mut line).unwrap(), 0, "the answer ended early");
        }
        assert_eq!(told(line.trim().as_bytes()), wanted);
    };
    for (line, wanted) in [("{\"credential\": \"x\"}\n", "invalid"), ("nothing\n", "not_json")] {
        stream.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).unwrap();
        next(wanted);
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    answers.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"));
}

/// Lines that come one at a time, `pause` apart, for ever.
fn dripping(pause: Duration) -> Body {
    Body::from_stream(stream::unfold((), move |()| async move {
        tokio::time::sleep(pause).await;
        Some((Ok::<_, std::io::Error>("{\"credential\": \"x\"}\n"), ()))
    }))
}

#[tokio::test]
async fn a_batch_that_stalls_or_never_ends_is_cut_in_words() {
    let city = City::new();
    let second = Duration::from_secs(1);
    let short = Duration::from_millis(100);
    for (limits, pause, at_least) in [
        (HttpLimits { body_read_timeout: short, ..HttpLimits::default() }, second * 60, 1),
        (HttpLimits { batch_timeout: second, ..HttpLimits::default() }, short, 2),
    ] {
        let router = build(city.limited(limits), Listener::Tcp);
        let request = post(BATCH, "application/x-ndjson", dripping(pause));
        let told = all_told(&answer(router, request).await.expect(200).body);
        let (last, before) = told.split_last().unwrap();
        assert_eq!(last, "body_timeout");
        assert!(told.len() >= at_least, "{told:?}");
        assert!(before.iter().all(|word| word == "invalid"), "{told:?}");
    }
}

#[tokio::test]
async fn a_line_too_long_and_a_body_that_breaks_off_are_told_in_their_place() {
    let city = City::new();
    let limits = HttpLimits { batch_line: 64, ..HttpLimits::default() };
    let long = format!("{{\"credential\": \"{}\"}}", "x".repeat(500));
    let good = "{\"credential\": \"x\"}";
    let broken = stream::iter([
        Ok(format!("{good}\n{long}\n{good}\n")),
        Ok(long.clone()),
        Ok(long),
        Ok(format!("\n{good}\n")),
        Err(std::io::Error::other("gone")),
    ]);
    let request = post(BATCH, "application/x-ndjson", Body::from_stream(broken));
    let answer = answer(build(city.limited(limits), Listener::Tcp), request).await.expect(200);
    let expected = ["invalid", "too_large", "invalid", "too_large", "invalid", "body_incomplete"];
    assert_eq!(all_told(&answer.body), expected);
}
