//! The service over TCP, beside bare ones that do the same primitives and nothing else.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, SamplingMode};
use elicense::codec::decode_text;
use elicense::config::{AccessLimits, HttpLimits};
use elicense::crypto::SystemRandom;
use elicense::http::{State, serve};
use elicense::pki::{Anchor, TrustStore};
use elicense::registry::{IssuedView, Registry};
use ring::rand::SystemRandom as RingRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::bare::Bare;
use crate::city::{City, numbered_body};
use crate::client::{self, send_all};
use crate::table::{Promise, Row};

const VERIFY: &str = "POST /v1/verifications, one core";
const ISSUE: &str = "POST /v1/licences, 64 clients";
const OURS: &str = "elicense";
const BARE_ROUTE: &str = "bare axum route, base64 and ring verify";
const BARE_LOOP: &str = "bare loop, two ring signatures, append, sync a group of 64";

pub(crate) const VERIFICATIONS: [Row; 1] =
    [Row { group: VERIFY, ours: OURS, beside: BARE_ROUTE, promise: Promise::AtLeast(0.85) }];
pub(crate) const ORDERS: [Row; 1] =
    [Row { group: ISSUE, ours: OURS, beside: BARE_LOOP, promise: Promise::AtLeast(0.6) }];

/// Credentials of which none is presented twice: enough to fill the memory of signatures, and then for all samples.
const DISTINCT: u64 = 130_000;
/// More than the service remembers.
const REMEMBERED: usize = 66_000;
const CONNECTIONS: usize = 16;
const ISSUING_CLIENTS: usize = 64;

/// Orders that share a sync in the bare loop.
const GROUP_OF: u64 = 64;
/// Bytes of each form without its signature.
const FULL_FORM: usize = 905;
const QR_FORM: usize = 572;

/// A runtime for the client, on this thread.
pub(crate) fn client_runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// One client with one key asks for all: the limits by credential and holder are the demonstration's, which do not bind.
fn state(registry: Arc<Registry>) -> State {
    let state = State::new(registry, HttpLimits::default(), Arc::new(SystemRandom));
    state.under(&AccessLimits::of_the_demonstration())
}

/// Serves on `core`, on a thread of its own, until the process ends.
pub(crate) fn serve_on(core: usize, registry: Arc<Registry>) -> SocketAddr {
    on_core(core, move |tcp| async move {
        serve(tcp, None, state(registry), std::future::pending()).await.unwrap();
    })
}

fn on_core<F: Future<Output = ()>>(
    core: usize,
    run: impl FnOnce(TcpListener) -> F + Send + 'static,
) -> SocketAddr {
    let (send, receive) = std::sync::mpsc::channel();
    let named = thread::Builder::new().name("service".to_owned());
    let serve = move || {
        client::pin(&[core]);
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(tcp.local_addr().unwrap()).unwrap();
            run(tcp).await;
        });
    };
    named.spawn(serve).unwrap();
    receive.recv().unwrap()
}

/// Serves as the program does, on every core, until the process ends.
pub(crate) fn serve_on_all(registry: Arc<Registry>) -> SocketAddr {
    let (send, receive) = std::sync::mpsc::channel();
    thread::spawn(move || {
        Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
            let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(tcp.local_addr().unwrap()).unwrap();
            serve(tcp, None, state(registry), std::future::pending()).await.unwrap();
        });
    });
    receive.recv().unwrap()
}

/// The least that a service can do for the same answer: base64 of signature and message, one check.
pub(crate) fn bare_route(core: usize, key: Vec<u8>) -> SocketAddr {
    on_core(core, move |tcp| async move {
        let verify = move |body: Bytes| {
            let key = key.clone();
            async move {
                let decoded = STANDARD.decode(&body).unwrap();
                let (signature, message) = decoded.split_at(64);
                match UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(message, signature) {
                    Ok(()) => (StatusCode::OK, "{\"status\":\"valid\"}"),
                    Err(_) => (StatusCode::OK, "{\"status\":\"invalid\"}"),
                }
            }
        };
        axum::serve(tcp, Router::new().route("/verify", post(verify))).await.unwrap();
    })
}

pub(crate) fn verifications(criterion: &mut Criterion) {
    let city = City::new();
    let issued = city.issue(&Arc::new(city.open()), 0..DISTINCT);
    // Opened anew, so that nothing is still being written; and its index is in memory, as a running service's is.
    let registry = Arc::new(city.open());
    for one in &issued {
        assert!(registry.store().licence(&one.identifier.parse().unwrap()).unwrap().is_some());
    }
    let trust = TrustStore::from_envelope(&registry.trust_list(), Anchor::FirstUse).unwrap();
    let bare: Vec<Bare> = issued
        .iter()
        .take(10_000)
        .map(|one| Bare::of(decode_text(&one.qr).unwrap().bare_bytes(), &trust))
        .collect();
    let body = |one: &Bare| STANDARD.encode([&*one.signature, &*one.message].concat());
    let posts: Vec<_> = bare.iter().map(|one| client::post("/verify", "", body(one).as_bytes())).collect();
    let (service, route) = (serve_on(0, registry), bare_route(0, bare[0].key.clone()));

    client::pin(&[1]);
    // A service that has been up for a while: what it remembers is full, and none of it is what comes now.
    let mut fresh = posts_of(&issued);
    send(service, fresh.split_off(fresh.len() - REMEMBERED), "200");
    let fresh = RefCell::new(fresh);
    let mut group = criterion.benchmark_group(VERIFY);
    group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_secs(1));
    group.bench_function(OURS, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut left = fresh.borrow_mut();
            let at = left.len().checked_sub(count(iterations)).unwrap();
            send(service, left.split_off(at), "200")
        });
    });
    group.bench_function(BARE_ROUTE, |bencher| {
        bencher.iter_custom(|iterations| {
            let requests = posts.iter().cycle().take(count(iterations)).cloned().collect();
            send(route, requests, "200")
        });
    });
    group.finish();
    client::pin(&[0, 1]);
}

/// Durable orders: as many at once as there are clients, the service on every core.
pub(crate) fn orders(criterion: &mut Criterion) {
    let city = City::new();
    let registry = Arc::new(city.open());
    let address = serve_on_all(registry);
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &RingRandom::new()).unwrap();
    let key =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &RingRandom::new()).unwrap();
    let mut group = criterion.benchmark_group(ISSUE);
    group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(8));
    let mut number = 0;
    group.bench_function(OURS, |bencher| {
        bencher.iter_custom(|iterations| {
            let numbers = number..number + iterations;
            number += iterations;
            let requests = numbers.map(|number| order(&city, number)).collect();
            client_runtime().block_on(send_all(address, requests, ISSUING_CLIENTS, "201"))
        });
    });
    group.bench_function(BARE_LOOP, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut file = tempfile::NamedTempFile::new_in(city.dir.path()).unwrap();
            let start = Instant::now();
            for group in 0..iterations.div_ceil(GROUP_OF) {
                let orders = GROUP_OF.min(iterations - group * GROUP_OF);
                append_bare(file.as_file_mut(), &key, orders);
            }
            start.elapsed()
        });
    });
    group.finish();
}

fn posts_of(issued: &[IssuedView]) -> Vec<Vec<u8>> {
    let post = |one: &IssuedView| {
        let body = format!("{{\"credential\":\"{}\"}}", one.qr);
        client::post("/v1/verifications", "Content-Type: application/json\r\n", body.as_bytes())
    };
    issued.iter().map(post).collect()
}

fn order(city: &City, number: u64) -> Vec<u8> {
    let headers = format!(
        "Authorization: Bearer {}\r\nIdempotency-Key: order-{number}\r\nContent-Type: application/json\r\n",
        *city.department.api_key
    );
    client::post("/v1/licences", &headers, &numbered_body(number))
}

/// Signs both forms of each order, appends them and syncs once.
fn append_bare(file: &mut File, key: &EcdsaKeyPair, orders: u64) {
    let mut group = Vec::new();
    for _ in 0..orders {
        for form in [[0x5a; FULL_FORM].as_slice(), &[0x5a; QR_FORM]] {
            group.extend_from_slice(form);
            group.extend_from_slice(key.sign(&RingRandom::new(), form).unwrap().as_ref());
        }
    }
    file.write_all(&group).unwrap();
    file.sync_data().unwrap();
}

/// Of iterations.
pub(crate) fn count(iterations: u64) -> usize {
    usize::try_from(iterations).unwrap()
}

/// Sends them all from this thread.
pub(crate) fn send(address: SocketAddr, requests: Vec<Vec<u8>>, status: &'static str) -> Duration {
    client_runtime().block_on(send_all(address, requests.into(), CONNECTIONS, status))
}
