//! A picture that someone sends, to the text of the credential in it.
//!
//! `grey` turns bytes into brightness within [`PictureLimits`]; `symbols` finds and decodes QR symbols in it. Every
//! picture is hostile: sizes are checked before anything is allocated, and the search has a budget.

mod grey;
mod symbols;
#[cfg(test)]
mod tests;

use image::GrayImage;

use symbols::{Symbol, Tone};

/// What the text of a credential begins with (`docs/FORMAT.md`).
const CREDENTIAL: &str = "EL1:";

/// How much of a picture is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLimits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Pixels along either side.
    pub side: u32,
    /// Pixels in all.
    pub pixels: u64,
    /// Bytes of the decoded picture, before it is turned to grey.
    pub decoded_bytes: u64,
}

impl Default for PictureLimits {
    /// 8 MiB, a side of 10,000, 40 megapixels (above the photographs that phones take), 128 MiB decoded.
    fn default() -> Self {
        Self { bytes: 8 << 20, side: 10_000, pixels: 40_000_000, decoded_bytes: 128 << 20 }
    }
}

/// Why a picture gave no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Begins neither as PNG nor as JPEG does.
    #[error("the file is neither a PNG nor a JPEG picture")]
    UnknownFormat,
    /// The file is too large to look at.
    #[error("the picture has {got} bytes: at most {limit} are read")]
    TooManyBytes {
        /// Bytes of the file.
        got: usize,
        /// Bytes that are read.
        limit: usize,
    },
    /// The picture says that it is too large to decode.
    #[error(
        "the picture is {width} by {height} pixels: at most {most} in all and {side} along a side are read"
    )]
    TooManyPixels {
        /// Columns it declares.
        width: u32,
        /// Rows it declares.
        height: u32,
        /// Pixels that are read.
        most: u64,
        /// Pixels that are read along either side.
        side: u32,
    },
    /// The picture would take too much memory.
    #[error("the picture takes {got} bytes once decoded: at most {limit} are read")]
    TooManyDecodedBytes {
        /// Bytes it would take.
        got: u64,
        /// Bytes that are read.
        limit: u64,
    },
    /// Truncated, or not what its format allows.
    #[error("the picture is damaged or incomplete")]
    Damaged,
    /// Nothing that could be read as a QR code.
    #[error("no readable QR code was found in the picture")]
    NoCode,
    /// Different codes, and no single credential among them.
    #[error("the picture shows {found} different codes: expected one")]
    SeveralCodes {
        /// How many.
        found: usize,
    },
    /// A code whose content is not plain ASCII text.
    #[error("the QR code in the picture does not hold plain text")]
    NotText,
    /// A code that is one of a series (structured append), which credentials never are.
    #[error("the QR code in the picture is part {part} of {of}: expected a code that is complete by itself")]
    PartOfSeries {
        /// Its place, from 1.
        part: usize,
        /// How many there are.
        of: usize,
    },
}

/// The text of the QR code in a PNG or JPEG picture. Of several codes, the one that is a credential.
///
/// Light codes on dark ground and transparent pictures are read too. Work and memory are bounded by `limits`.
///
/// # Errors
///
/// Each reason is its own [`ReadError`].
pub fn read_qr(bytes: &[u8], limits: &PictureLimits) -> Result<String, ReadError> {
    let picture = grey::decode(bytes, limits)?;
    for working in grey::working_copies(&picture) {
        let symbols = search(&working);
        if !symbols.is_empty() {
            return choose(&symbols);
        }
    }
    Err(ReadError::NoCode)
}

/// Dark on light first, as nearly every code is.
fn search(picture: &GrayImage) -> Vec<Symbol> {
    let symbols = symbols::find(picture, Tone::DarkOnLight);
    if symbols.is_empty() { symbols::find(picture, Tone::LightOnDark) } else { symbols }
}

/// The one credential, or else the one code.
fn choose(symbols: &[Symbol]) -> Result<String, ReadError> {
    let is_credential =
        |symbol: &&Symbol| matches!(symbol, Symbol::Text(text) if text.starts_with(CREDENTIAL));
    let mut credentials = symbols.iter().filter(is_credential);
    let chosen = match (credentials.next(), credentials.count(), symbols) {
        (Some(only), 0, _) | (None, _, [only]) => only,
        (Some(_), others, _) => return Err(ReadError::SeveralCodes { found: others + 1 }),
        (None, _, several) => return Err(ReadError::SeveralCodes { found: several.len() }),
    };
    match chosen {
        Symbol::Text(text) => Ok(text.clone()),
        Symbol::NotText => Err(ReadError::NotText),
        &Symbol::PartOfSeries { part, of } => Err(ReadError::PartOfSeries { part, of }),
    }
}
