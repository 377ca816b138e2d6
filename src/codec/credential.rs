//! The door: everything that is presented for verification comes in here and leaves as an envelope or an error.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::base45::{self, Base45Error};
use super::envelope::{Envelope, EnvelopeError};
use super::limits;
use super::zlib::{self, ZlibError};

/// What a QR text begins with.
pub const QR_PREFIX: &str = "EL1:";

/// Text or bytes that hold no envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Nothing came.
    #[error("the credential is empty")]
    Empty,
    /// More characters than any QR holds, or than an envelope in base64 has.
    #[error("expected at most {most} characters, got {got}")]
    TooLong {
        /// The limit for this kind of text.
        most: usize,
        /// Characters that came.
        got: usize,
    },
    /// Neither `EL1:` nor base64.
    #[error("expected a text that begins with EL1:, or an envelope in base64")]
    UnknownText,
    /// `EL1:` and then something that is not base45.
    #[error("behind EL1: {0}")]
    Base45(#[from] Base45Error),
    /// The base45 holds no zlib stream of ours.
    #[error("{0}")]
    Zlib(#[from] ZlibError),
    /// There are bytes, but not an envelope.
    #[error("{0}")]
    Envelope(#[from] EnvelopeError),
    /// A QR carries the bare form only (FORMAT.md §1).
    #[error("the unprotected header of a QR's envelope must be empty")]
    ChainInQr,
}

/// A credential in text: QR text, or an envelope in base64 (RFC 4648 §4, padded). Nothing is trimmed.
pub fn decode_text(text: &str) -> Result<Envelope, CredentialError> {
    if text.is_empty() {
        return Err(CredentialError::Empty);
    }
    match text.strip_prefix(QR_PREFIX) {
        Some(digits) => decode_qr_text(text, digits),
        None => decode_base64(text),
    }
}

/// A credential in bytes: an envelope in either form.
pub fn decode_bytes(bytes: &[u8]) -> Result<Envelope, CredentialError> {
    if bytes.is_empty() {
        return Err(CredentialError::Empty);
    }
    Ok(Envelope::decode(bytes, limits::ENVELOPE)?)
}

/// The QR text of an envelope.
pub fn encode_qr_text(envelope: &Envelope) -> String {
    let digits = base45::encode(&zlib::deflate(envelope.bare_bytes()));
    [QR_PREFIX, &digits].concat()
}

/// Takes off the one line end that scanners add behind what they read: CR, LF or CRLF. For text bodies, forms and standard
/// input; inside JSON nothing is taken off.
pub fn without_scanner_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

fn decode_qr_text(text: &str, digits: &str) -> Result<Envelope, CredentialError> {
    if text.len() > limits::QR_TEXT {
        return Err(CredentialError::TooLong { most: limits::QR_TEXT, got: text.len() });
    }
    let bytes = zlib::inflate(&base45::decode(digits.as_bytes())?, limits::QR_ENVELOPE)?;
    let envelope = Envelope::decode_received(bytes, limits::QR_ENVELOPE)?;
    if envelope.x5chain().is_empty() { Ok(envelope) } else { Err(CredentialError::ChainInQr) }
}

fn decode_base64(text: &str) -> Result<Envelope, CredentialError> {
    let most = limits::ENVELOPE.div_ceil(3) * 4;
    if text.len() > most {
        return Err(CredentialError::TooLong { most, got: text.len() });
    }
    let bytes = STANDARD.decode(text).map_err(|_| CredentialError::UnknownText)?;
    Ok(Envelope::decode_received(bytes, limits::ENVELOPE)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::envelope::{KeyId, Typ, sign_envelope};
    use super::*;
    use crate::crypto::{Algorithm, SigningKey};

    fn envelope() -> Envelope {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        sign_envelope(Typ::Licence, KeyId::from_bytes([1; 8]), vec![0xa0; 300], &key).unwrap()
    }

    #[test]
    fn a_credential_comes_back_from_each_of_its_shapes() {
        let envelope = envelope();
        let qr = encode_qr_text(&envelope);
        assert!(qr.starts_with("EL1:"));
        assert_eq!(decode_text(&qr).unwrap(), envelope);
        assert_eq!(decode_text(&STANDARD.encode(envelope.bare_bytes())).unwrap(), envelope);
        assert_eq!(decode_bytes(envelope.bare_bytes()).unwrap(), envelope);
    }

    #[test]
    fn nothing_may_stand_around_it() {
        let qr = encode_qr_text(&envelope());
        for changed in [
            format!(" {qr}"),
            format!("{qr} "),
            format!("{qr}\n"),
            format!("\u{feff}{qr}"),
            qr.to_lowercase(),
            qr.replace("EL1:", "EL2:"),
            qr.replace("EL1:", "EL1:EL1:"),
            format!("{qr}{qr}"),
            format!("https://example.org/?c={qr}"),
            "EL1:".to_owned(),
        ] {
            assert!(decode_text(&changed).is_err(), "{changed:?}");
        }
        assert_eq!(decode_text(""), Err(CredentialError::Empty));
        assert_eq!(decode_bytes(b""), Err(CredentialError::Empty));
        let long = format!("EL1:{}", "0".repeat(4_296));
        assert_eq!(decode_text(&long), Err(CredentialError::TooLong { most: 4_296, got: 4_300 }));
    }

    #[test]
    fn base64_is_padded_and_canonical() {
        let text = STANDARD.encode(envelope().bare_bytes());
        assert!(text.ends_with('='), "a length that needs padding");
        for changed in [
            text.trim_end_matches('=').to_owned(),
            format!("{text}="),
            text.replace('+', "-"),
            format!("{text}\n"),
        ] {
            if changed != text {
                assert_eq!(decode_text(&changed), Err(CredentialError::UnknownText));
            }
        }
    }

    #[test]
    fn scanners_add_one_line_end() {
        for (text, expected) in [
            ("EL1:0", "EL1:0"),
            ("EL1:0\r", "EL1:0"),
            ("EL1:0\n", "EL1:0"),
            ("EL1:0\r\n", "EL1:0"),
            ("EL1:0\n\n", "EL1:0\n"),
            ("EL1:0 ", "EL1:0 "),
        ] {
            assert_eq!(without_scanner_line_end(text), expected);
        }
    }

    #[test]
    fn a_chain_in_a_qr_is_refused() {
        let file = envelope().to_file_bytes(&[b"leaf", b"root"]);
        let text = format!("EL1:{}", base45::encode(&zlib::deflate(&file)));
        assert_eq!(decode_text(&text), Err(CredentialError::ChainInQr));
        assert!(decode_bytes(&file).is_ok(), "its twin in a file");
    }

    proptest! {
        #[test]
        fn any_payload_comes_back_from_its_text(payload in prop::collection::vec(any::<u8>(), 1..1_500)) {
            let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
            let envelope = sign_envelope(Typ::Licence, KeyId::from_bytes([1; 8]), payload, &key).unwrap();
            let qr = encode_qr_text(&envelope);
            prop_assert_eq!(decode_text(&qr), Ok(envelope.clone()));
            prop_assert_eq!(decode_text(&STANDARD.encode(envelope.bare_bytes())), Ok(envelope));
            for end in ["", "\n", "\r", "\r\n"] {
                let scanned = format!("{qr}{end}");
                prop_assert_eq!(without_scanner_line_end(&scanned), qr.as_str());
            }
        }

        #[test]
        fn any_text_is_a_credential_or_an_error(text in "(EL1:)?[0-9A-Za-z $%*+./:=\\PC-]{0,80}") {
            let _ = decode_text(&text);
            let _ = decode_bytes(text.as_bytes());
        }
    }
}
