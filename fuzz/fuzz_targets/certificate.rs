//! The target `certificate`: see `fuzz/bodies/certificate.rs`.
#![no_main]

#[path = "../bodies/mod.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::certificate::run(data));
