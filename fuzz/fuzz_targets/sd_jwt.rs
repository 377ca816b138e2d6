//! The target `sd_jwt`: see `fuzz/bodies/sd_jwt.rs`.
#![no_main]

#[path = "../bodies/mod.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::sd_jwt::run(data));
