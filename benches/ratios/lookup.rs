//! A licence by its identifier over HTTP, in a small store and in a large one.

use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, SamplingMode};

use crate::city::City;
use crate::client;
use crate::service::{count, send, serve_on};
use crate::table::{Promise, Row};

const GROUP: &str = "GET /v1/licences/{identifier}";
const LARGE: &str = "of a million";
const SMALL: &str = "of ten thousand";

pub(crate) const ROWS: [Row; 1] =
    [Row { group: GROUP, ours: LARGE, beside: SMALL, promise: Promise::AtMost(1.5) }];

/// Licences issued between two that are asked for.
const STEP: usize = 97;

pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(GROUP);
    group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_secs(1));
    for (name, stored) in [(SMALL, 10_000), (LARGE, 1_000_000)] {
        let city = City::new();
        let registry = Arc::new(city.open());
        // A part at a time: what was answered of a million licences would not fit.
        let mut requests = Vec::new();
        for part in (0..stored).step_by(10_000) {
            let issued = city.issue(&registry, part..part + 10_000);
            let headers = format!("Authorization: Bearer {}\r\n", *city.department.api_key);
            requests.extend(
                issued
                    .iter()
                    .step_by(STEP)
                    .map(|one| client::get(&format!("/v1/licences/{}", one.identifier), &headers)),
            );
        }
        println!("{stored} licences are stored");
        let service = serve_on(0, registry);
        client::pin(&[1]);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let sent = requests.iter().cycle().take(count(iterations)).cloned().collect();
                send(service, sent, "200")
            });
        });
        client::pin(&[0, 1]);
    }
    group.finish();
}
