//! The target `ledger_frames`: see `fuzz/bodies/ledger_frames.rs`.
#![no_main]

#[path = "../bodies/mod.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::ledger_frames::run(data));
