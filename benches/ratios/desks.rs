//! Clerks at 64 windows: lookups, questions for materials and verifications in equal parts, beside verifications alone. The first two leave a
//! signed receipt and a durable entry each.

use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use elicense::registry::IssuedView;
use serde_json::{Value, json};

use crate::city::{City, holder_code};
use crate::client::{post, send_timed};
use crate::service::{client_runtime, count, serve_on_all};
use crate::table::{Promise, Row};

const GROUP: &str = "64 clients, requests a second";
const MIXED: &str = "lookups, materials, verifications";
const VERIFICATIONS: &str = "verifications alone";

pub(crate) const ROWS: [Row; 1] =
    [Row { group: GROUP, ours: MIXED, beside: VERIFICATIONS, promise: Promise::Nothing }];

const CLIENTS: usize = 64;
/// Holders, each with one licence.
const HOLDERS: u64 = 20_000;
/// The service item that is asked for: it requires a business licence.
const ITEM: &str = "000199002000";

pub(crate) fn measure(criterion: &mut Criterion) {
    let city = City::new();
    let registry = Arc::new(city.open());
    let issued = city.issue_to_each(&registry, 0..HOLDERS);
    let service = serve_on_all(registry);
    let alone: Vec<_> = issued.iter().map(verification).collect();
    let mixed: Vec<_> = (0..HOLDERS)
        .zip(&issued)
        .map(|(number, one)| match number % 3 {
            0 => asked(&city, number, "/v1/lookups", json!({})),
            1 => asked(&city, number, "/v1/materials", json!({"item_code": ITEM})),
            _ => verification(one),
        })
        .collect();
    let mut group = criterion.benchmark_group(GROUP);
    group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(8));
    for (name, requests) in [(VERIFICATIONS, alone), (MIXED, mixed)] {
        let (mut next, mut took, mut whole) = (requests.iter().cycle(), Vec::new(), Duration::ZERO);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let sent: Vec<_> = next.by_ref().take(count(iterations)).cloned().collect();
                let (time, each) =
                    client_runtime().block_on(send_timed(service, sent.into(), CLIENTS, "200"));
                took.extend(each);
                whole += time;
                time
            });
        });
        took.sort_unstable();
        if let (Some(half), Some(most)) = (took.get(took.len() / 2), took.get(took.len() * 99 / 100)) {
            let a_second = took.len() as f64 / whole.as_secs_f64();
            println!(
                "{name}: {a_second:.0} a second, p50 {half:.2?}, p99 {most:.2?}, of {} requests",
                took.len()
            );
        }
    }
    group.finish();
}

fn verification(one: &IssuedView) -> Vec<u8> {
    let body = json!({"credential": one.qr}).to_string();
    post("/v1/verifications", "Content-Type: application/json\r\n", body.as_bytes())
}

fn asked(city: &City, number: u64, path: &str, mut body: Value) -> Vec<u8> {
    body["holder"] = json!({"code": holder_code(number), "code_type": "099"});
    body["purpose"] = json!({"operator": "王小明", "item": "企业变更登记", "item_code": ITEM,
        "case": format!("2026-{number}"), "reason": "核对申请人营业执照的住所"});
    let headers =
        format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", *city.department.api_key);
    post(path, &headers, body.to_string().as_bytes())
}
