//! Text as somebody scans or pastes it: what decodes is the one text of its bytes, within the limits.

use elicense::codec::{
    QR_PREFIX, base45, decode_text, encode_qr_text, limits, without_scanner_line_end, zlib,
};
use elicense::verify::Verifier;

use super::golden;

/// One input. What is not UTF-8 never gets here: the service refuses it before.
pub fn run(data: &[u8]) {
    check_layers(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let scanned = without_scanner_line_end(text);
    assert!(text.starts_with(scanned) && text.len() - scanned.len() <= 2);
    let verdict = Verifier::new(&golden::TRUST).verify_text(text, golden::judged());
    let Ok(envelope) = decode_text(text) else {
        return golden::assert_only_golden(&verdict, &[]);
    };
    golden::assert_only_golden(&verdict, envelope.bare_bytes());
    if let Some(digits) = text.strip_prefix(QR_PREFIX) {
        assert!(text.len() <= limits::QR_TEXT && envelope.x5chain().is_empty());
        let stream = base45::decode(digits.as_bytes()).unwrap();
        let bytes = zlib::inflate(&stream, limits::QR_ENVELOPE).unwrap();
        assert_eq!(bytes, envelope.bare_bytes().to_vec());
    }
    assert_eq!(decode_text(&encode_qr_text(&envelope)).unwrap().digest(), envelope.digest());
}

/// Base45 and zlib by themselves, over any bytes.
fn check_layers(data: &[u8]) {
    if let Ok(bytes) = base45::decode(data) {
        assert_eq!(base45::encode(&bytes).as_bytes(), data, "base45 in another text than its own");
    }
    if let Ok(bytes) = zlib::inflate(data, limits::QR_ENVELOPE) {
        assert!(bytes.len() <= limits::QR_ENVELOPE);
        assert_eq!(zlib::inflate(&zlib::deflate(&bytes), limits::QR_ENVELOPE).unwrap(), bytes);
    }
}
