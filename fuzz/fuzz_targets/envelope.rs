//! The target `envelope`: see `fuzz/bodies/envelope.rs`.
#![no_main]

#[path = "../bodies/mod.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::envelope::run(data));
