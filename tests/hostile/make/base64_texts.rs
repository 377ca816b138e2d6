//! Row 23, and requests that are none: base64 is RFC 4648 §4, padded, canonical.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

use super::super::city::golden;
use super::super::craft::Draft;
use super::super::manifest::Accepted;
use super::{Set, case, in_json, json_body, problem, undecodable};

const BASE64: &str = "base64-in-json";

/// Row 23: base64 is RFC 4648 §4, padded, canonical.
pub(super) fn base64_variants(set: &mut Set) {
    let envelope = golden("eddsa-full.cose");
    // One byte or two left over make padding, and bits in the last digit that say nothing.
    assert_ne!(envelope.len() % 3, 1, "the last digit but one carries two bits of padding below");
    let text = STANDARD.encode(&envelope);
    let padded = Draft::full().licence(|licence| licence.set(3, "91999999XX000101")).bytes();
    let padded_text = STANDARD.encode(&padded);
    assert!(padded_text.ends_with('='), "{} bytes", padded.len());
    set.twin(
        "base64-with-padding",
        Accepted::Signed,
        in_json(&padded_text),
        "a rightly signed envelope whose base64 needs padding",
    );
    let digits = padded_text.trim_end_matches('=');
    let last = digits.chars().next_back().unwrap();
    let next = char::from_u32(u32::from(last) + 1).unwrap();
    let stray = format!("{}{next}{}", &digits[..digits.len() - 1], &padded_text[digits.len()..]);
    assert!(text.contains('+') || text.contains('/'), "a text that both alphabets write alike shows nothing");
    let unknown = undecodable("begins with EL1:, or an envelope in base64");
    for (name, changed, twin, how) in [
        ("padding-missing", STANDARD_NO_PAD.encode(&padded), "base64-with-padding", "no padding"),
        ("padding-doubled", format!("{padded_text}="), "base64-with-padding", "one = too many"),
        ("stray-bits", stray, "base64-with-padding", "the last digit's unused bits are not zero"),
        ("url-alphabet", URL_SAFE.encode(&envelope), BASE64, "the alphabet of RFC 4648 §5"),
        ("line-break-inside-base64", format!("{}\n{}", &text[..64], &text[64..]), BASE64, "wrapped at 64"),
        ("blank-behind-base64", format!("{text} "), BASE64, "a blank behind it"),
        ("data-url", format!("data:application/cose;base64,{text}"), BASE64, "a data URL"),
        (
            "hexadecimal",
            envelope.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "g",
            BASE64,
            "hex",
        ),
        ("pem", format!("-----BEGIN COSE-----\n{text}\n-----END COSE-----"), BASE64, "PEM lines around it"),
    ] {
        set.refuse(case(23, name, twin), unknown.clone(), in_json(&changed), how);
    }
    let twice = STANDARD.encode(text.as_bytes());
    set.refuse(
        case(23, "base64-of-base64", BASE64),
        undecodable("not well-formed"),
        in_json(&twice),
        "base64 of the base64",
    );
    for (name, body, code, status) in [
        ("credential-a-number", "{\"credential\": 1}".to_owned(), "verification_request_refused", 422),
        (
            "credential-an-array",
            format!("{{\"credential\": [\"{text}\"]}}"),
            "verification_request_refused",
            422,
        ),
        ("credential-missing", "{}".to_owned(), "verification_request_refused", 422),
        (
            "unknown-member",
            format!("{{\"credential\": \"{text}\", \"trusted\": true}}"),
            "verification_request_refused",
            422,
        ),
        ("json-text-alone", format!("\"{text}\""), "verification_request_refused", 422),
        ("json-cut", format!("{{\"credential\": \"{text}"), "not_json", 400),
        (
            "json-twice",
            format!("{{\"credential\": \"{text}\"}}{{\"credential\": \"{text}\"}}"),
            "not_json",
            400,
        ),
    ] {
        set.refuse(case(25, name, BASE64), problem(status, code), json_body(body), "a request that is none");
    }
}
