//! What each fuzz target does with its input, in one place: `fuzz/fuzz_targets` runs it under libFuzzer, `tests/corpus.rs` over
//! the committed corpus and over mutations of it. A body panics where a promise of the formats is broken.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each target uses one body, and a panic is how it reports"
)]

pub mod certificate;
pub mod checkpoint;
pub mod envelope;
pub mod golden;
pub mod identifier;
pub mod ledger_frames;
pub mod pack;
pub mod qr_text;
pub mod request;
pub mod status_list;
pub mod trust_list;
