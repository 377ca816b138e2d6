//! The receipt that a clerk prints: made a PDF by Debian's Chromium, drawn as paper would show it, and its QR read back.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::demo::{Demo, Installation, verdict};
use support::http::Request;
use support::tree;

/// Set it to have the pictures in `docs/images` written anew from this run.
const WRITE_PICTURES: &str = "ELICENSE_WRITE_PICTURES";

/// An ordinary purpose, which makes one page, and one with every part as long as it may be, which may take a second.
fn purposes() -> [(&'static str, usize, Value); 2] {
    let ordinary = json!({
        "operator": "王小明", "item": "食品经营许可（新办）", "item_code": "000131001000",
        "case": "2026-1124-0007", "reason": "核对申请人营业执照的经营范围与住所",
    });
    let varied = |most: usize| {
        "核对申请人所持证照的有效性及经营范围是否一致，".chars().cycle().take(most).collect::<String>()
    };
    let longest = json!({
        "operator": varied(50), "item": varied(100), "item_code": "0".repeat(64), "case": "9".repeat(64),
        "reason": varied(200),
    });
    [("ordinary", 1, ordinary), ("longest", 2, longest)]
}

#[test]
fn the_printed_receipts_code_reads_back_and_verifies() {
    let (installation, service) = Installation::new();
    let demo = Demo::read(&installation.data);
    let mut client = service.client();
    for (name, most_pages, purpose) in purposes() {
        let body = json!({"credential": demo.licences[0].qr, "purpose": purpose});
        let key = &demo.departments[1].api_key;
        let answer =
            client.send(&Request::post("/v1/verifications").key(key).json(&body)).expect_status(200).json();
        let id = answer["receipt"]["id"].as_str().expect("an id").to_owned();
        let path = format!("/v1/receipts/{id}");
        let page =
            client.send(&Request::get(&path).key(key).header("accept", "text/html")).expect_status(200);
        let pdf = print(&installation.folder, name, &page.text());
        let pages = drawn(&pdf);
        assert!((1..=most_pages).contains(&pages.len()), "{name}: {} pages", pages.len());
        let text = read_back(&pages[0]);
        let told = verdict(&mut client, &text);
        assert_eq!((&told["status"], &told["form"]), (&json!("valid"), &json!("receipt")), "{name}: {told}");
        assert_eq!(told["receipt"]["id"], json!(id));
        assert_eq!(told["receipt"]["purpose"], purpose);
        assert_eq!(told["receipt"]["checked"][0]["status"], "valid");
        assert_eq!(told["now"][0]["status"], "valid");
    }
}

fn print(folder: &Path, name: &str, html: &str) -> PathBuf {
    let (page, pdf) = (folder.join(format!("{name}.html")), folder.join(format!("{name}.pdf")));
    std::fs::write(&page, html).expect("the page can be written");
    let pictures = match std::env::var_os(WRITE_PICTURES) {
        Some(_) if name == "ordinary" => tree("docs/images"),
        _ => Path::new(env!("CARGO_TARGET_TMPDIR")).join("images"),
    };
    std::fs::create_dir_all(&pictures).expect("a folder for pictures");
    let picture = if name == "ordinary" { "receipt-page.png" } else { "receipt-page-longest.png" };
    let mut command = Command::new("node");
    command.arg("receipt.mjs").current_dir(tree("tests/page"));
    command
        .env("CHROMIUM", support::chromium())
        .env("PAGE", &page)
        .env("PDF", &pdf)
        .env("PICTURE", pictures.join(picture));
    done(&mut command, "node (package nodejs; scripts/test.sh installs it)");
    pdf
}

/// The pages as an office printer's 150 dots an inch would show them.
fn drawn(pdf: &Path) -> Vec<PathBuf> {
    let prefix = pdf.with_extension("");
    let mut command = Command::new("pdftoppm");
    command.args(["-r", "150", "-png"]).arg(pdf).arg(&prefix);
    done(&mut command, "pdftoppm (package poppler-utils; scripts/test.sh installs it)");
    let stem = format!("{}-", prefix.file_name().expect("a name").to_string_lossy());
    let folder = std::fs::read_dir(pdf.parent().expect("a folder")).expect("its entries can be read");
    let mut pages: Vec<PathBuf> = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(&stem) && name.ends_with(".png")
        })
        .collect();
    pages.sort();
    pages
}

fn read_back(page: &Path) -> String {
    let mut command = Command::new("zbarimg");
    command.args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]).arg(page);
    let text = done(&mut command, "zbarimg (package zbar-tools; scripts/test.sh installs it)");
    text.trim_end_matches('\n').to_owned()
}

fn done(command: &mut Command, what: &str) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{what}: {error}"));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{what}: {told}{}", String::from_utf8_lossy(&output.stderr));
    told
}
