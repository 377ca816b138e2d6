//! The target `trust_list`: see `fuzz/bodies/trust_list.rs`.
#![no_main]

#[path = "../bodies/mod.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::trust_list::run(data));
