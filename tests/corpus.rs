//! The fuzz targets' bodies as ordinary tests: over the committed corpus, and over many small changes of it, the same ones
//! every time. `fuzz/README.md` says how to fuzz on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a test's failure"
)]

#[path = "../fuzz/bodies/mod.rs"]
mod bodies;
#[path = "corpus/changes.rs"]
mod changes;
#[path = "golden/city.rs"]
mod city;
#[path = "hostile/manifest.rs"]
#[allow(dead_code, reason = "only its bodies are used here")]
mod manifest;
#[path = "corpus/pack_seeds.rs"]
mod pack_seeds;
#[path = "corpus/seeds.rs"]
mod seeds;

use std::collections::BTreeMap;
use std::path::PathBuf;

use changes::Changes;

/// Inputs of each target besides the corpus itself.
const CHANGED: usize = 20_000;
/// Fewest seeds of a target.
const SEEDS: usize = 30;
/// Longest seed: small ones are changed where it matters.
const LONGEST: usize = 8_192;

/// A target by its name, which is also its corpus's, with its body.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 10] = [
    ("envelope", bodies::envelope::run),
    ("qr_text", bodies::qr_text::run),
    ("ledger_frames", bodies::ledger_frames::run),
    ("trust_list", bodies::trust_list::run),
    ("pack", bodies::pack::run),
    ("certificate", bodies::certificate::run),
    ("identifier", bodies::identifier::run),
    ("checkpoint", bodies::checkpoint::run),
    ("request", bodies::request::run),
    ("status_list", bodies::status_list::run),
];

fn folder(target: &str) -> PathBuf {
    city::tree(&format!("fuzz/corpus/{target}"))
}

/// The committed seeds by name.
fn corpus(target: &str) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder(target)).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

/// Runs a body over every seed, then over changed ones; a panic inside names the input, which is printed as hexadecimal.
fn replay(target: &str) {
    let body = TARGETS.into_iter().find(|(name, _)| *name == target).unwrap().1;
    let corpus = corpus(target);
    assert!(corpus.len() >= SEEDS, "{target} has {} seeds", corpus.len());
    let run = |name: &str, input: &[u8]| {
        let outcome = std::panic::catch_unwind(|| body(input));
        assert!(outcome.is_ok(), "{target}, {name}: {}", hex(input));
    };
    for (name, seed) in &corpus {
        assert!(seed.len() <= LONGEST, "{target}/{name} has {} bytes", seed.len());
        run(name, seed);
    }
    let seeds: Vec<(&String, &Vec<u8>)> = corpus.iter().collect();
    let mut changes = Changes::new(target);
    for number in 0..CHANGED {
        let (name, seed) = seeds[number % seeds.len()];
        let other = seeds[changes.below(seeds.len())].1;
        let input = changes.of(seed, other);
        run(&format!("change {number} of {name}"), &input);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn envelope() {
    replay("envelope");
}

#[test]
fn qr_text() {
    replay("qr_text");
}

#[test]
fn ledger_frames() {
    replay("ledger_frames");
}

#[test]
fn trust_list() {
    replay("trust_list");
}

#[test]
fn pack() {
    replay("pack");
}

#[test]
fn certificate() {
    replay("certificate");
}

#[test]
fn identifier() {
    replay("identifier");
}

#[test]
fn checkpoint() {
    replay("checkpoint");
}

#[test]
fn request() {
    replay("request");
}

#[test]
fn status_list() {
    replay("status_list");
}

/// A corpus without a target is never fuzzed, a target without a corpus never replayed.
#[test]
fn every_target_has_a_corpus_and_a_binary() {
    let names: Vec<&str> = TARGETS.into_iter().map(|(name, _)| name).collect();
    let folders = std::fs::read_dir(city::tree("fuzz/corpus")).unwrap();
    let mut found: Vec<String> =
        folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(found, sorted);
    let manifest = std::fs::read_to_string(city::tree("fuzz/Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        assert!(city::tree(&format!("fuzz/fuzz_targets/{name}.rs")).is_file(), "{name}");
    }
}

/// Writes the corpus anew from `tests/corpus/seeds.rs` and the golden files:
///
/// ```sh
/// cargo test --test corpus -- --ignored make_the_corpus
/// ```
///
/// What a fuzzer found and somebody added by hand stays.
#[test]
#[ignore = "writes into the tree; see above"]
fn make_the_corpus() {
    for (target, seeds) in seeds::all() {
        std::fs::create_dir_all(folder(target)).unwrap();
        for (name, seed) in seeds {
            std::fs::write(folder(target).join(name), seed).unwrap();
        }
    }
}
