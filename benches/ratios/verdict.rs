//! A credential to its verdict, beside the bare primitive over the same message. The chain is known, status and ledger
//! come from memory.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::Criterion;
use elicense::codec::{LicenceClaims, decode_bytes, decode_text};
use elicense::crypto::Digest;
use elicense::licence::Identifier;
use elicense::pki::{Anchor, TrustStore};
use elicense::verify::{Record, Records, RecordsUnavailable, SignatureCache, Status, Verifier};

use crate::bare::Bare;
use crate::city::{City, body, now};
use crate::table::{Promise, Row};

const QR: &str = "QR text to verdict";
const FILE: &str = "envelope bytes to verdict";
const AGAIN: &str = "the same QR text again";
const OURS: &str = "elicense";
const BARE: &str = "bare ring verify";

pub(crate) const ROWS: [Row; 3] = [
    Row { group: QR, ours: OURS, beside: BARE, promise: Promise::AtMost(1.10) },
    Row { group: FILE, ours: OURS, beside: BARE, promise: Promise::AtMost(1.05) },
    Row { group: AGAIN, ours: OURS, beside: BARE, promise: Promise::AtMost(0.12) },
];

struct InMemory(HashMap<Identifier, Record>);

impl Records for InMemory {
    fn look_up(&self, identifier: &Identifier) -> Result<Option<Record>, RecordsUnavailable> {
        Ok(self.0.get(identifier).cloned())
    }
}

pub(crate) fn measure(criterion: &mut Criterion) {
    let city = City::new();
    let registry = city.open();
    let caller = registry.authenticate(&city.department.api_key, now()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let issued = runtime.block_on(registry.issue(&caller, "one", &body(), now())).unwrap();
    let trust = TrustStore::from_envelope(&registry.trust_list(), Anchor::FirstUse).unwrap();
    let qr = issued.qr.clone();
    let full =
        decode_bytes(&registry.file(&caller, &issued.identifier).unwrap()).unwrap().bare_bytes().to_vec();
    let in_qr = decode_text(&qr).unwrap().bare_bytes().to_vec();
    println!("{} characters of QR text, {} and {} bytes of envelope", qr.len(), in_qr.len(), full.len());

    let records = InMemory(HashMap::from([(
        issued.identifier.parse().unwrap(),
        Record { position: 1, full: Digest::of(&full), qr: Digest::of(&in_qr), history: Vec::new() },
    )]));
    let (cache, at) = (SignatureCache::new(1_000), now());
    let plain = Verifier::new(&trust).with_records(&records);
    let remembering = plain.with_cache(&cache);
    for verdict in
        [plain.verify_text(&qr, at), plain.verify_bytes(&full, at), remembering.verify_text(&qr, at)]
    {
        assert_eq!(verdict.status, Status::Valid, "{verdict:?}");
    }
    let (bare_qr, bare_full) = (Bare::of(&in_qr, &trust), Bare::of(&full, &trust));
    assert!(bare_qr.verify() && bare_full.verify());

    let mut group = criterion.benchmark_group(QR);
    group.bench_function(OURS, |bencher| bencher.iter(|| plain.verify_text(black_box(&qr), at)));
    group.bench_function(BARE, |bencher| bencher.iter(|| bare_qr.verify()));
    group.bench_function("no signature", |bencher| {
        bencher.iter(|| {
            let envelope = decode_text(black_box(&qr)).unwrap();
            (LicenceClaims::decode(envelope.payload()), envelope.digest())
        });
    });
    group.finish();
    let mut group = criterion.benchmark_group(FILE);
    group.bench_function(OURS, |bencher| bencher.iter(|| plain.verify_bytes(black_box(&full), at)));
    group.bench_function(BARE, |bencher| bencher.iter(|| bare_full.verify()));
    group.finish();
    let mut group = criterion.benchmark_group(AGAIN);
    group.bench_function(OURS, |bencher| bencher.iter(|| remembering.verify_text(black_box(&qr), at)));
    group.bench_function(BARE, |bencher| bencher.iter(|| bare_qr.verify()));
    group.finish();
}
