//! The verify page, installed: in Debian's Chromium, with the network cut and the service killed, it says the same as the
//! library.
//!
//! `files` is what the service hands out for it. `both` gives credentials, trust lists and packs to both; `cut` is a village's day: install, cut, verify, update, verify.
//! `tests/page/judge.mjs` and `tests/page/installed.mjs` are what they have the browser do.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod both;
mod browser;
#[path = "../golden/city.rs"]
mod city;
mod cut;
mod files;
#[path = "../hostile/manifest.rs"]
#[allow(dead_code, reason = "the hostile tests write the fixtures as well")]
mod manifest;
mod packs;
mod statements;
#[path = "../support/mod.rs"]
mod support;
