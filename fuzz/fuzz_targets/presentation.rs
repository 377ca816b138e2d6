//! The target `presentation`: see `fuzz/bodies/presentation.rs`.
#![no_main]

#[path = "../bodies/mod.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::presentation::run(data));
