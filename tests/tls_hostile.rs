//! Slow, silent and wrong handshakes: each is turned away, and the service goes on for everyone else.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

#[path = "tls/inside.rs"]
mod inside;
mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use elicense::config::HttpLimits;
use inside::Inside;
use support::city::City;

/// The first bytes of a TLS record that announces a handshake of 256 bytes, and no more.
const BEGUN: &[u8] = &[0x16, 0x03, 0x01, 0x01, 0x00, 0x01, 0x00];

#[track_caller]
fn assert_serves(served: &Inside) {
    assert_eq!(served.ask("/healthz", &[]), (200, String::new()));
}

/// Waits until the service has hung up.
#[track_caller]
fn assert_ends(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "the service did not hang up"),
    }
}

#[test]
fn silent_and_half_made_handshakes_are_dropped_and_keep_nobody_waiting() {
    let limits = HttpLimits { header_read_timeout: Duration::from_millis(1_500), ..HttpLimits::default() };
    let served = Inside::serve(&City::new(), limits, None);
    let mut silent: Vec<TcpStream> = (0..150).map(|_| served.connect()).collect();
    let half: Vec<TcpStream> = (0..150).map(|_| served.connect()).collect();
    for mut stream in &half {
        stream.write_all(BEGUN).unwrap();
    }
    for _ in 0..5 {
        assert_serves(&served);
    }
    silent.extend(half);
    for mut stream in silent {
        assert_ends(&mut stream);
    }
    assert_serves(&served);
}

#[test]
fn handshakes_hold_their_place_and_give_it_back() {
    let limits = HttpLimits {
        max_connections: 2,
        header_read_timeout: Duration::from_millis(500),
        ..HttpLimits::default()
    };
    let served = Inside::serve(&City::new(), limits, None);
    let _silent: Vec<TcpStream> = (0..6).map(|_| served.connect()).collect();
    assert_serves(&served);
}

#[test]
fn what_is_no_handshake_is_turned_away() {
    let served = Inside::serve(&City::new(), HttpLimits::default(), None);
    let huge = [&[0x16, 0x03, 0x01, 0xff, 0xff][..], &[1; 70_000]].concat();
    for bytes in [b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".as_slice(), &[0; 64], &[0xff; 64], &huge] {
        let mut stream = served.connect();
        // The service may have hung up before it took them all.
        let _taken = stream.write_all(bytes);
        assert_ends(&mut stream);
    }
    assert_serves(&served);
}

#[test]
fn a_handshake_under_way_does_not_hold_up_the_end() {
    let limits = HttpLimits {
        header_read_timeout: Duration::from_secs(600),
        drain: Duration::from_secs(600),
        ..HttpLimits::default()
    };
    let served = Inside::serve(&City::new(), limits, None);
    let mut begun = served.connect();
    begun.write_all(BEGUN).unwrap();
    assert_serves(&served);
    drop(served);
    assert_ends(&mut begun);
}
