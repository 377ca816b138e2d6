//! What the commands say to a stranger who gets something wrong, and to a machine.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::ffi::OsStr;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use support::demo::{Demo, Installation};
use support::service::{elicense, run};

impl Installation {
    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }
}

fn elicense_says<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Output {
    run(elicense().args(words))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

#[track_caller]
fn assert_says(output: &Output, code: i32, words: &str) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words), "{words:?} is not in: {said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn what_cannot_be_verified_is_told_by_its_name() {
    let (city, service) = Installation::new();
    let (url, qr) = (service.url(), Demo::read(&city.data).licences[0].qr.clone());
    let data = city.data.to_str().expect("UTF-8").to_owned();
    let picture = city.file("bad.png", b"\x89PNG\r\n\x1a\nnope");
    let empty = city.file("empty", b"");
    for by in [["--server", url.as_str()], ["--data", data.as_str()]] {
        let verify = |what: &str| elicense_says(["verify", by[0], by[1], what]);
        assert_says(&verify("mistyped.elic"), 65, "mistyped.elic");
        assert_says(&verify("mistyped"), 65, "no such file");
        assert_says(&verify(&data), 65, "is a directory");
        assert_says(&verify(&picture), 65, "bad.png");
        assert_says(&verify(&empty), 65, "empty");
        assert_says(&verify(&"A".repeat(5_000)), 1, "无效");
        assert_says(&verify(&qr), 0, "有效");
        assert_says(&verify(&qr.replace("EL1:", "EL1:A")), 1, "无效");
    }
    for (server, code, words) in [
        ("nonsense", 64, "http://HOST:PORT"),
        ("https://127.0.0.1", 64, "TLS"),
        ("http://127.0.0.1:1", 70, "no service answers at 127.0.0.1:1"),
        ("http://no-such-host.invalid", 70, "no-such-host.invalid:80"),
    ] {
        assert_says(&elicense_says(["verify", "--server", server, &qr]), code, words);
    }
    assert_says(&elicense_says(["verify", "--trust", "no-such-list", &qr]), 65, "no-such-list");
    assert_says(&elicense_says(["verify", "--trust", &picture, &qr]), 65, "bad.png");
    assert_says(&elicense_says(["verify", &qr]), 64, "--trust");
}

#[test]
fn the_same_words_from_here_and_from_a_service() {
    let (city, service) = Installation::new();
    let qr = Demo::read(&city.data).licences[0].qr.clone();
    let from_service = elicense_says(["verify", "--lang", "en", "--server", &service.url(), &qr]);
    assert!(service.terminate().success());
    let data = city.data.to_str().expect("UTF-8");
    let from_here = elicense_says(["verify", "--lang", "en", "--data", data, &qr]);
    assert_eq!(said(&from_service), said(&from_here));
    assert!(said(&from_here).contains("Valid\n  Format: pass"), "{}", said(&from_here));
}

#[test]
fn a_port_in_use_and_a_store_in_use_name_what_to_do() {
    let (city, service) = Installation::new();
    let address = service.address.to_string();
    let taken = elicense_says([
        OsStr::new("serve"),
        OsStr::new("--listen"),
        address.as_ref(),
        OsStr::new("--data"),
        city.data.as_os_str(),
    ]);
    assert_says(&taken, 70, "is in use");
    assert_says(&taken, 70, "--listen");
    let new = city.folder.join("new");
    let made = elicense_says([
        OsStr::new("demo"),
        OsStr::new("--listen"),
        address.as_ref(),
        OsStr::new("--data"),
        new.as_os_str(),
    ]);
    assert_says(&made, 70, "is in use");
    assert!(!new.exists(), "nothing is made where nothing can be served");
    let nowhere = elicense_says(["serve", "--listen", "127.0.0.1:0", "--data", "/no-such-folder"]);
    assert_says(&nowhere, 65, "elicense init");
}

#[test]
fn a_machine_reads_refusals_by_code() {
    let (city, service) = Installation::new();
    let identifier = Demo::read(&city.data).licences[0].identifier.clone();
    let data = city.data.to_str().expect("UTF-8").to_owned();
    let code = |words: &[&str]| {
        let output = elicense_says([words, &["--json", "--data", &data]].concat());
        let error: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|error| {
            panic!("{error}: {}", said(&output));
        });
        assert!(output.stdout.is_empty());
        (output.status.code(), error["error"]["code"].clone())
    };
    let check = |who: &str| {
        let refused = code(&["status", &identifier, "valid", "--reason", "x"]);
        assert_eq!(refused, (Some(65), json!("transition_not_allowed")), "{who}");
        let refused = code(&["status", &identifier, "suspended", "--reason", ""]);
        assert_eq!(refused, (Some(65), json!("reason_refused")), "{who}");
        assert_eq!(code(&["show", "1.2.3"]), (Some(65), json!("data")), "{who}");
    };
    check("a service");
    assert!(service.terminate().success());
    check("here");
}

#[test]
fn a_reader_that_goes_away_breaks_nothing() {
    for words in [&["types"][..], &["types", "--json"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut child = elicense();
        let child = child.args(words).stdout(writer).stderr(Stdio::piped());
        drop(reader);
        let output = child.spawn().and_then(std::process::Child::wait_with_output).expect("it runs");
        assert_eq!(output.status.code(), Some(70), "{words:?}: {}", said(&output));
        assert!(output.stderr.is_empty(), "{words:?}: {}", said(&output));
    }
}

#[test]
fn help_says_what_exit_codes_mean_and_every_command_has_some() {
    let help = said(&elicense_says(["--help"]));
    for code in ["0 ", "1 ", "2 ", "64", "65", "70", "130"] {
        assert!(help.contains(&format!("\n  {code}")), "{code} is not in the table: {help}");
    }
    for command in ["demo", "init", "serve", "issue", "verify", "status", "show", "qr", "types"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
        assert_says(&elicense_says([command, "--help"]), 0, "Usage: elicense");
    }
    assert_says(&elicense_says(["nonsense"]), 64, "nonsense");
}
