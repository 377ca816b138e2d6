//! What is given to `elicense verify`: a file, a picture, standard input, or the text itself.

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::exit::CliError;
use crate::codec::{QR_PREFIX, without_scanner_line_end};
use crate::render::{PictureLimits, read_qr};
use crate::sdjwt::Challenge;

/// An envelope in base64 is longer than this; a shorter text that names no file is a name mistyped.
const SHORTEST_TEXT: usize = 100;

/// What was presented.
pub(super) enum Presented {
    Text(String),
    /// A text, and what its holder was to prove.
    Challenged(String, Challenge),
    Bytes(Vec<u8>),
}

/// Reads a file, `-` for standard input, or takes a text as it is.
pub(super) fn read(presented: &str) -> Result<Presented, CliError> {
    if presented.starts_with(QR_PREFIX) {
        return Ok(Presented::Text(presented.to_owned()));
    }
    if presented == "-" {
        let bytes = limited(&mut std::io::stdin()).map_err(|error| refused("standard input", &error))?;
        return classify(bytes, "standard input");
    }
    let path = Path::new(presented);
    match std::fs::File::open(path).and_then(|mut file| limited(&mut file)) {
        Ok(bytes) => classify(bytes, presented),
        Err(_) if path.is_dir() => {
            Err(CliError::Data(format!("{presented} is a directory; expected a file, a picture or a text")))
        }
        Err(error) if error.kind() == ErrorKind::NotFound && presented.len() < SHORTEST_TEXT => {
            Err(CliError::Data(format!(
                "{presented}: there is no such file, and it is no QR text ({QR_PREFIX}…), envelope in base64 or SD-JWT VC"
            )))
        }
        // A text can be longer than any file's name.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidFilename) => {
            Ok(Presented::Text(presented.to_owned()))
        }
        Err(error) => Err(refused(presented, &error)),
    }
}

/// At most what the largest picture has, and a byte more, which makes it too large.
fn limited(from: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(PictureLimits::default().bytes).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn classify(bytes: Vec<u8>, name: &str) -> Result<Presented, CliError> {
    if bytes.is_empty() {
        return Err(CliError::Data(format!("{name} is empty")));
    }
    if bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xff\xd8\xff") {
        return read_qr(&bytes, &PictureLimits::default())
            .map(Presented::Text)
            .map_err(|error| CliError::Data(format!("{name}: {error}")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Presented::Text(without_scanner_line_end(&text).to_owned())),
        Err(not_text) => Ok(Presented::Bytes(not_text.into_bytes())),
    }
}

fn refused(name: &str, error: &std::io::Error) -> CliError {
    CliError::Data(format!("{name}: {error}"))
}
