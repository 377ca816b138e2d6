//! `docs/verify.py`, written from FORMAT.md alone, agrees with what the library signs, and refuses what was changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a test's failure"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use elicense::crypto::{Algorithm, SystemRandom};
use elicense::licence::{Authority, Catalogue, LicenceType};
use elicense::pki::{Anchor, TrustStore};
use elicense::registry::{DepartmentPlan, Plan, Registry, make_installation};
use elicense::store::IndexPolicy;
use elicense::time::UnixTime;

const SAMPLE: &[u8] = include_bytes!("../fixtures/licences/business-licence-benchmark.json");

fn now() -> UnixTime {
    "2026-11-24T10:00:00+08:00".parse().unwrap()
}

/// A licence in both forms, and the trust list that verifies it.
struct Issued {
    dir: tempfile::TempDir,
    file: Vec<u8>,
    qr: String,
    root: String,
}

fn issue(algorithm: Algorithm) -> Issued {
    let authority = |code: &str, name| Authority::new(code.parse().unwrap(), name).unwrap();
    let plan = Plan {
        region: "示范市".to_owned(),
        city: authority("11110000000021135M", "示范市人民政府"),
        area_code: None,
        public_url: "http://127.0.0.1:8080".to_owned(),
        departments: vec![DepartmentPlan {
            authority: authority("11430000006122244L", "示范市市场监督管理局"),
            types: Catalogue::shipped().unwrap().iter().map(LicenceType::code).collect(),
            algorithm,
        }],
        checkpoint: None,
        keys: None,
    };
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("installation");
    std::fs::create_dir(&home).unwrap();
    let made = make_installation(&home, &plan, Arc::new(SystemRandom), now()).unwrap();
    let opened = Registry::open(&home, "a test".to_owned(), IndexPolicy::CatchUp, Arc::new(SystemRandom));
    let registry = opened.unwrap().0;
    let caller = registry.authenticate(&made.departments[0].api_key).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let issued = runtime.block_on(registry.issue(&caller, "1", SAMPLE, now())).unwrap();
    let trust = registry.trust_list();
    std::fs::write(dir.path().join("trust"), &trust).unwrap();
    let root = TrustStore::from_envelope(&trust, Anchor::FirstUse).unwrap().root_fingerprint();
    let root = root.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let file = registry.file(&caller, &issued.identifier).unwrap();
    Issued { file, qr: issued.qr, root, dir }
}

fn python() -> PathBuf {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("ELICENSE_PYTHON")
        .map_or_else(|| tree.join("target/venv/bin/python"), PathBuf::from);
    assert!(python.exists(), "no Python environment at {}: run scripts/test.sh", python.display());
    python
}

impl Issued {
    fn run(&self, credential: &str, root: &str, at: UnixTime) -> Output {
        Command::new(python())
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify.py"))
            .arg("--trust")
            .arg(self.dir.path().join("trust"))
            .args(["--root", root, "--at", &at.seconds().to_string(), credential])
            .output()
            .unwrap()
    }

    #[track_caller]
    fn expect(&self, credential: &str, at: UnixTime, exit: i32, words: &str) {
        let output = self.run(credential, &self.root, at);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains(words), "expected {words} in {text}");
    }

    #[track_caller]
    fn expect_file(&self, bytes: &[u8], exit: i32, words: &str) {
        let path = self.dir.path().join("presented.elic");
        std::fs::write(&path, bytes).unwrap();
        self.expect(path.to_str().unwrap(), now(), exit, words);
    }
}

fn check(algorithm: Algorithm) {
    let issued = issue(algorithm);
    issued.expect_file(&issued.file, 2, r#""status": "indeterminate""#);
    issued.expect(&issued.qr, now(), 2, r#""ledger": "ledger_unknown""#);

    let mut last_signature_bit = issued.file.clone();
    *last_signature_bit.last_mut().unwrap() ^= 1;
    issued.expect_file(&last_signature_bit, 1, r#""signature": "forged""#);

    let number = b"91999999XX00010111";
    let at = issued.file.windows(number.len()).position(|window| window == number).unwrap();
    let mut another_number = issued.file.clone();
    another_number[at + 17] = b'2';
    issued.expect_file(&another_number, 1, r#""signature": "forged""#);

    let trailing_byte = [issued.file.as_slice(), &[0]].concat();
    issued.expect_file(&trailing_byte, 1, r#""format": "undecodable""#);

    let lower_case_text = issued.qr.to_lowercase().replace("el1:", "EL1:");
    issued.expect(&lower_case_text, now(), 1, r#""format": "undecodable""#);

    let before_it_was_signed = now().plus(-86_400);
    issued.expect(&issued.qr, before_it_was_signed, 1, r#""dates": "signed_in_future""#);

    let another_root = issued.run(&issued.qr, &"00".repeat(32), now());
    assert_eq!(another_root.status.code(), Some(1), "a trust list of another root");
    assert!(another_root.stdout.is_empty(), "nothing is judged by a list that is not believed");
}

#[test]
fn an_es256_licence_verifies_and_its_changed_copies_do_not() {
    check(Algorithm::Es256);
}

#[test]
fn an_eddsa_licence_verifies_and_its_changed_copies_do_not() {
    check(Algorithm::EdDsa);
}
