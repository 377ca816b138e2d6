//! The target `qr_text`: see `fuzz/bodies/qr_text.rs`.
#![no_main]

#[path = "../bodies/mod.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::qr_text::run(data));
