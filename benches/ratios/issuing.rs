//! A draft to both signed envelopes, in memory, beside the two bare signatures over the same messages.

use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use elicense::codec::{KeyId, StatusReference};
use elicense::crypto::{Algorithm, SigningKey, SystemRandom};
use elicense::issue::{Issuer, SignedLicence};
use elicense::licence::{Authority, Catalogue, Draft};
use ring::rand::SystemRandom as RingRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use crate::city::{BUREAU, body, now};
use crate::table::{Promise, Row};

const GROUP: &str = "draft to both envelopes";
const OURS: &str = "elicense";
const BARE: &str = "the two bare ring signatures";

pub(crate) const ROWS: [Row; 1] =
    [Row { group: GROUP, ours: OURS, beside: BARE, promise: Promise::AtMost(1.5) }];

/// The body as it came, read, checked against its type, given an identifier and signed in both forms.
fn issue(issuer: &Issuer, catalogue: &Catalogue, body: &[u8]) -> SignedLicence {
    let draft = Draft::from_json(body).unwrap();
    let licence_type = catalogue.get(&draft.type_code()).unwrap();
    let checked = draft.check(licence_type, now().date()).unwrap();
    let identifier = issuer.new_identifier(licence_type.code(), &SystemRandom).unwrap();
    let status = StatusReference { uri: "https://licences.example/v1/status-lists/x-0".to_owned(), index: 7 };
    issuer.sign(checked, licence_type, identifier, status, now()).unwrap()
}

pub(crate) fn measure(criterion: &mut Criterion) {
    let (catalogue, body) = (Catalogue::shipped().unwrap(), body());
    let key = Arc::new(SigningKey::generate(Algorithm::Es256).unwrap());
    let random = RingRandom::new();
    let bare = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.pkcs8_der(), &random).unwrap();
    let issuer = Issuer {
        authority: Authority::new(BUREAU.parse().unwrap(), "示范市市场监督管理局").unwrap(),
        area_code: None,
        scope: catalogue.iter().map(elicense::licence::LicenceType::code).collect(),
        key_id: KeyId::from_bytes([7; 8]),
        key,
    };
    let signed = issue(&issuer, &catalogue, &body);
    // As long as what is signed, which is all that matters to the primitive.
    let messages = [signed.full.bare_bytes().to_vec(), signed.qr.bare_bytes().to_vec()];
    let mut group = criterion.benchmark_group(GROUP);
    group.bench_function(OURS, |bencher| bencher.iter(|| issue(&issuer, &catalogue, black_box(&body))));
    group.bench_function(BARE, |bencher| {
        bencher.iter(|| messages.each_ref().map(|message| bare.sign(&random, black_box(message)).unwrap()));
    });
    group.finish();
}
