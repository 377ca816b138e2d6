//! Every figure that is promised, each beside its limit or a peer in the same run; the table at the end has the ratios.
//!
//! `cargo bench` measures all of it; `cargo bench -- "QR text"` only what the filter names.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "a bench that is wrong fails by panicking"
)]

mod bare;
mod bare_client;
mod city;
mod client;
mod desks;
mod issuing;
mod lookup;
mod nodes;
mod offline;
mod picture;
mod postgres;
mod presentation;
mod service;
mod status_list;
mod table;
mod verdict;

#[path = "../../tests/support/postgres.rs"]
mod cluster;

use std::time::Duration;

use criterion::Criterion;
use mimalloc::MiMalloc;

use table::Row;

/// The program's own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What makes one or more rows of the table. Setting up takes its time, so it is left out where a filter names others.
struct Part {
    rows: &'static [Row],
    measure: fn(&mut Criterion),
}

const PARTS: [Part; 11] = [
    Part { rows: &verdict::ROWS, measure: verdict::measure },
    Part { rows: &offline::ROWS, measure: offline::measure },
    Part { rows: &presentation::ROWS, measure: presentation::measure },
    Part { rows: &status_list::ROWS, measure: status_list::measure },
    Part { rows: &issuing::ROWS, measure: issuing::measure },
    Part { rows: &picture::ROWS, measure: picture::measure },
    Part { rows: &service::VERIFICATIONS, measure: service::verifications },
    Part { rows: &service::ORDERS, measure: service::orders },
    Part { rows: &desks::ROWS, measure: desks::measure },
    Part { rows: &lookup::ROWS, measure: lookup::measure },
    Part { rows: &postgres::ROWS, measure: postgres::measure },
];

fn main() {
    let mut criterion =
        Criterion::default().sample_size(50).measurement_time(Duration::from_secs(4)).configure_from_args();
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let is_wanted = |row: &&Row| {
        filter.as_ref().is_none_or(|filter| row.group.contains(filter) || filter.contains(row.group))
    };
    for part in PARTS.iter().filter(|part| part.rows.iter().any(|row| is_wanted(&row))) {
        (part.measure)(&mut criterion);
    }
    criterion.final_summary();
    table::print(PARTS.iter().flat_map(|part| part.rows).filter(is_wanted));
}
