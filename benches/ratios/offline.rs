//! Without a line: a verdict by a pack, and opening a pack, each beside the bare primitives.

use std::fs;
use std::hint::black_box;

use criterion::Criterion;
use elicense::codec::{decode_text, zlib};
use elicense::crypto::{Digest, SigningKey};
use elicense::pack::{Contents, Pack, PartKind, SignedPack};
use elicense::pki::{Anchor, Usage};
use elicense::registry::PackRequest;
use elicense::verify::{Status, Verifier};

use crate::bare::Bare;
use crate::city::{City, body, now};
use crate::table::{Promise, Row};

const BY_PACK: &str = "QR text to verdict by a pack";
const OPEN: &str = "pack of a million entries opened";
const OURS: &str = "elicense";
const BARE: &str = "bare ring verify";
const BARE_OPEN: &str = "bare inflate, SHA-256 and ring verify";

pub(crate) const ROWS: [Row; 2] = [
    Row { group: BY_PACK, ours: OURS, beside: BARE, promise: Promise::AtMost(1.10) },
    Row { group: OPEN, ours: OURS, beside: BARE_OPEN, promise: Promise::AtMost(2.0) },
];

/// Entries of a list, and every how many of them one is not valid: 1 %.
const ENTRIES: usize = 1 << 20;
const NOT_VALID: usize = 100;

pub(crate) fn measure(criterion: &mut Criterion) {
    let city = City::new();
    let registry = city.open();
    let caller = registry.authenticate(&city.department.api_key, now()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let issued = runtime.block_on(registry.issue(&caller, "one", &body(), now())).unwrap();
    let made = registry.pack(&PackRequest::default(), now()).unwrap();
    let pack = Pack::open(&made.bytes, Anchor::FirstUse).unwrap();
    let verifier = Verifier::new(pack.trust()).with_offline(&pack);
    assert_eq!(verifier.verify_text(&issued.qr, now()).status, Status::Valid);
    let bare = Bare::of(decode_text(&issued.qr).unwrap().bare_bytes(), pack.trust());

    let at = now();
    let mut group = criterion.benchmark_group(BY_PACK);
    group.bench_function(OURS, |bencher| bencher.iter(|| verifier.verify_text(black_box(&issued.qr), at)));
    group.bench_function(BARE, |bencher| bencher.iter(|| bare.verify()));
    group.finish();

    let full = one_per_cent(&city, &pack);
    let parts = Bare::of(pack_manifest(&full).as_slice(), pack.trust());
    let signatures = pack.trust().list().certificates.len() + 1;
    let stream = zlib::deflate(&entries());
    println!("a pack with a list of {ENTRIES} entries, 1 % not valid, has {} bytes", full.len());
    let mut group = criterion.benchmark_group(OPEN);
    group.bench_function(OURS, |bencher| {
        bencher.iter(|| Pack::open(black_box(&full), Anchor::FirstUse).unwrap().seen());
    });
    group.bench_function(BARE_OPEN, |bencher| {
        bencher.iter(|| {
            let entries = zlib::inflate(black_box(&stream), ENTRIES).unwrap();
            // As many signatures as a pack has: its own, its trust list's, and one a certificate but the root.
            let good = (0..signatures).all(|_| parts.verify());
            (Digest::of(&entries), good)
        });
    });
    group.finish();
}

/// 1 % of the entries, spread as chance would spread them.
fn entries() -> Vec<u8> {
    let mut entries = vec![0_u8; ENTRIES / 4];
    let mut place: usize = 12_345;
    for _ in 0..ENTRIES / NOT_VALID {
        place = place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = place >> 33 & (ENTRIES - 1);
        entries[index / 4] |= 1 << (index % 4 * 2);
    }
    entries
}

/// The city's pack with a full list.
fn one_per_cent(city: &City, pack: &Pack) -> Vec<u8> {
    let pem = fs::read_to_string(city.dir.path().join("keys/pack.pem")).unwrap();
    let key = SigningKey::from_pkcs8_pem(&pem).unwrap();
    let trust = pack.trust();
    let signer = trust.signers().find(|signer| signer.usage() == Usage::Pack).unwrap();
    let list = pack.manifest().of_kind(PartKind::StatusList).next().unwrap();
    let file = elicense::pack::PackFile::decode(&pack.to_bytes()).unwrap();
    let elicense::pack::Part::Whole(trust_list) = &file.parts[0] else { panic!("no trust list") };
    let contents = Contents {
        issued_at: now(),
        version: 1_000_000,
        public_url: trust.public_url(),
        trust_list: (trust_list, trust.issued_at()),
        status_lists: vec![(list.name.clone(), entries())],
        licence_types: b"{\"types\":[]}".to_vec(),
        checkpoint: None,
        survivors: Vec::new(),
        selection: None,
    };
    SignedPack::sign(contents, None, signer.key_id(), &key).unwrap().whole()
}

fn pack_manifest(bytes: &[u8]) -> Vec<u8> {
    elicense::pack::PackFile::decode(bytes).unwrap().manifest.bare_bytes().to_vec()
}
