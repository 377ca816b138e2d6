//! What the tests of the running service share: the real binary as a process, a plain HTTP client, issuing.

#![allow(dead_code, reason = "every test binary compiles this and uses its own part of it")]

pub(crate) mod city;
pub(crate) mod demo;
pub(crate) mod disk;
pub(crate) mod hall;
pub(crate) mod http;
pub(crate) mod keeping;
pub(crate) mod load;
pub(crate) mod machines;
pub(crate) mod manual;
pub(crate) mod patroni;
pub(crate) mod postgres;
pub(crate) mod seed;
pub(crate) mod service;

use std::path::{Path, PathBuf};

/// A file of the tree, by its path from the top.
pub(crate) fn tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Python with the packages that the tests need, as `scripts/test.sh` made it.
pub(crate) fn python() -> PathBuf {
    let python =
        std::env::var_os("ELICENSE_PYTHON").map_or_else(|| tree("target/venv/bin/python"), PathBuf::from);
    assert!(python.exists(), "there is no Python environment at {}: run scripts/test.sh", python.display());
    python
}

/// The end of a text, for messages of failure.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Debian's Chromium.
pub(crate) fn chromium() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromium"))
        .find(|candidate| candidate.exists())
        .expect("chromium is on the PATH (package chromium; scripts/test.sh installs it)")
}
