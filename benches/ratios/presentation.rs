//! Presentations: made and verified, each beside the bare primitive.

use std::hint::black_box;

use criterion::Criterion;
use elicense::codec::decode_text;
use elicense::pki::{Anchor, TrustStore};
use elicense::verify::Status;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use crate::bare::Bare;
use crate::city::{City, body, now};
use crate::table::{Promise, Row};

const MAKE: &str = "presentation made, durable";
const VERIFY: &str = "presentation QR to verdict";
const OURS: &str = "elicense";
const BARE_MAKE: &str = "bare ring signature and a sync of one record";
const BARE_VERIFY: &str = "bare ring verify";

pub(crate) const ROWS: [Row; 2] = [
    Row { group: MAKE, ours: OURS, beside: BARE_MAKE, promise: Promise::AtMost(3.0) },
    Row { group: VERIFY, ours: OURS, beside: BARE_VERIFY, promise: Promise::AtMost(1.3) },
];

pub(crate) fn measure(criterion: &mut Criterion) {
    let city = City::new();
    let registry = city.open();
    let caller = registry.authenticate(&city.department.api_key, now()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let issued = runtime.block_on(registry.issue(&caller, "one", &body(), now())).unwrap();
    let order = format!(
        "{{\"identifier\": \"{}\", \"fields\": [\"holder_name\", \"number\", \"valid_to\"], \"for\": \"示范市政务服务中心\", \"reason\": \"办理企业变更\", \"seconds\": 600}}",
        issued.identifier
    );
    let order = order.replace(", \"valid_to\"", "");
    let present = || runtime.block_on(registry.present(&caller, order.as_bytes(), now())).unwrap();
    let made = present();
    println!("{} characters of QR text", made.qr.len());

    let file = std::fs::File::create(city.dir.path().join("bare")).unwrap();
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
    let mut group = criterion.benchmark_group(MAKE);
    group.bench_function(OURS, |bencher| bencher.iter(present));
    group.bench_function(BARE_MAKE, |bencher| {
        bencher.iter(|| {
            let signature = key.sign(&random, black_box(&[7; 400])).unwrap();
            std::io::Write::write_all(&mut &file, &[[7_u8; 600].as_slice(), signature.as_ref()].concat())
                .unwrap();
            file.sync_data().unwrap();
        });
    });
    group.finish();

    let trust = TrustStore::from_envelope(&registry.trust_list(), Anchor::FirstUse).unwrap();
    let bare = Bare::of(decode_text(&made.qr).unwrap().bare_bytes(), &trust);
    let verifier = elicense::verify::Verifier::new(&trust).with_records(registry.store());
    assert_eq!(verifier.verify_text(&made.qr, now()).status, Status::Valid);
    let at = now();
    let mut group = criterion.benchmark_group(VERIFY);
    group.bench_function(OURS, |bencher| bencher.iter(|| verifier.verify_text(black_box(&made.qr), at)));
    group.bench_function(BARE_VERIFY, |bencher| bencher.iter(|| bare.verify()));
    group.finish();
}
