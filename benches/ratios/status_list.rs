//! Status lists of a million entries: their size, and what publishing one takes beside zlib-rs and two signatures. And, on
//! paper, what a city of 100 million licences sends a verifier in a day.

use std::fs;
use std::hint::black_box;

use criterion::Criterion;
use elicense::codec::zlib;
use elicense::crypto::SigningKey;
use elicense::pki::{Anchor, TrustStore, Usage};
use elicense::status::{StatusBits, StatusList, StatusSigner};

use crate::city::{City, now};
use crate::table::{Promise, Row};

const OURS: &str = "elicense";
const BARE: &str = "zlib-rs level 9 and two ring signatures";

/// Not valid, in entries of ten thousand.
const SHARES: [(&str, usize); 3] = [
    ("status list of a million, 0.1 % not valid, published", 10),
    ("status list of a million, 1 % not valid, published", 100),
    ("status list of a million, 10 % not valid, published", 1_000),
];

pub(crate) const ROWS: [Row; 3] = [row(0), row(1), row(2)];

const fn row(share: usize) -> Row {
    Row { group: SHARES[share].0, ours: OURS, beside: BARE, promise: Promise::AtMost(4.0) }
}

/// Entries of a list.
const ENTRIES: u32 = 1 << 20;

pub(crate) fn measure(criterion: &mut Criterion) {
    let city = City::new();
    let trust = TrustStore::from_envelope(&city.open().trust_list(), Anchor::FirstUse).unwrap();
    let pem = fs::read_to_string(city.dir.path().join("keys/status-list.pem")).unwrap();
    let key = SigningKey::from_pkcs8_pem(&pem).unwrap();
    let key_id = trust.signers().find(|signer| signer.usage() == Usage::StatusList).unwrap().key_id();
    for (group, share) in SHARES {
        let list = list(entries(share));
        let signer = StatusSigner { key_id, key: &key };
        let publish = || list.sign(&black_box(&list.bits).compress(), signer).unwrap();
        let made = publish();
        println!("{group}: {} bytes as CWT, {} as JWT", made.cwt.len(), made.jwt.len());
        let message = vec![7; 200];
        let mut group = criterion.benchmark_group(group);
        group.sample_size(20);
        group.bench_function(OURS, |bencher| bencher.iter(publish));
        group.bench_function(BARE, |bencher| {
            bencher.iter(|| {
                let stream = zlib::deflate(black_box(list.bits.as_bytes()));
                // Over a digest's worth of bytes: the list itself is hashed once for each form beside it.
                (stream, key.sign(&message).unwrap(), key.sign(&message).unwrap())
            });
        });
        group.finish();
    }
    on_paper();
}

fn list(bits: StatusBits) -> StatusList {
    let uri = "https://licences.example/v1/status-lists/5b0c1f3a9e7d2468-0".to_owned();
    StatusList { uri, issued_at: now(), expires: now().plus(7 * 86_400), ttl: 300, version: 1_000_000, bits }
}

/// So many of ten thousand entries, spread as chance would spread them; three in four out of force for good.
fn entries(share: usize) -> StatusBits {
    let mut bits = StatusBits::all_good();
    let mut state: u64 = 12_345;
    for number in 0..usize::try_from(ENTRIES).unwrap() * share / 10_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = u32::try_from(state >> 33).unwrap() % ENTRIES;
        bits.set(index, if number % 4 == 0 { 2 } else { 1 }).unwrap();
    }
    bits
}

/// 100 million licences, 1 % not valid, one in ten thousand changed in a day; a list is left when 45 % full.
fn on_paper() {
    let (licences, full, changes, polls) = (1e8, 0.45, 1e4, 288.0);
    let lists = (licences / (full * f64::from(ENTRIES))).ceil();
    let size = entries(45).compress().len() as f64;
    let changed = lists * (1.0 - (-changes / polls / lists).exp());
    let megabytes = |bytes: f64| bytes / 1e6;
    println!(
        "a city of 100 million licences: {lists} lists of {size} bytes, 1 % not valid, {changes} changes a day"
    );
    println!("  all lists once a day: {:.1} MB", megabytes(lists * size));
    println!("  asked for every 300 s, unconditionally: {:.0} MB", megabytes(polls * lists * size));
    println!(
        "  asked for every 300 s, conditionally: {:.0} MB and as many 304",
        megabytes(polls * changed * size)
    );
    println!(
        "  a pack brought up to date once a day: {:.2} MB",
        megabytes(changes * 7.0 + lists * 130.0 + 40e3)
    );
}
