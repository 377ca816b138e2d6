//! The QR symbol of a credential's text: alphanumeric mode, error-correction level M on paper and L on screens, the smallest
//! version that fits
//! (ISO/IEC 18004:2015).
//!
//! `codewords` (with `reed_solomon`) makes the bytes, `canvas` places them in `lines`, `mask` chooses the mask. It is
//! written here because issuing draws one symbol a licence and the general crates take ten times as long; the tests
//! hold it bit for bit against one of them.

mod canvas;
mod codewords;
mod lines;
mod mask;
mod reed_solomon;
#[cfg(test)]
mod tests;
mod version;

use canvas::Canvas;
use lines::Lines;
use mask::{Mask, penalty};
pub use version::Level;
use version::Version;

/// Light modules around a symbol (ISO/IEC 18004:2015, 6.3.8).
pub(super) const QUIET_ZONE: usize = 4;

/// Text that no QR symbol of ours can carry, or a style that cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// A character outside the 45 of alphanumeric mode, which are those of base45.
    #[error("the character {got:?} at byte {at} is outside the QR alphanumeric set 0-9 A-Z space $%*+-./:")]
    NotAlphanumeric {
        /// Its offset in bytes.
        at: usize,
        /// The character.
        got: char,
    },
    /// More than version 40 holds at this level.
    #[error("a text of {length} characters is longer than the {limit} that the largest QR symbol holds")]
    TooLong {
        /// Characters of the text.
        length: usize,
        /// Characters that fit.
        limit: usize,
    },
    /// Pixels for a module outside 1 to 64.
    #[error("a module of {got} pixels cannot be drawn: expected 1 to {limit}")]
    ModulePixels {
        /// What was asked for.
        got: u8,
        /// The most.
        limit: u8,
    },
    /// Print size of a module outside 0.1 mm to 100 mm.
    #[error("a module of {got} micrometres cannot be printed: expected {least} to {most}")]
    ModuleMicrometres {
        /// What was asked for.
        got: u32,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
    },
}

/// A finished symbol, without its quiet zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrSymbol {
    version: Version,
    mask: Mask,
    rows: Lines,
}

impl QrSymbol {
    /// The symbol of `text` at level M, as paper needs it. `text` must be of the 45 alphanumeric characters and at most 3,391 of
    /// them.
    ///
    /// # Errors
    ///
    /// [`DrawError::NotAlphanumeric`], [`DrawError::TooLong`].
    pub fn of(text: &str) -> Result<Self, DrawError> {
        Self::at_level(text, Level::M)
    }

    /// As [`QrSymbol::of`], at a level of one's own; at L `text` may have 4,296 characters.
    pub fn at_level(text: &str, level: Level) -> Result<Self, DrawError> {
        let (version, canvas) = Self::unmasked(text, level)?;
        let mut best = Self::masked(version, &canvas, Mask::FIRST);
        for mask in Mask::others() {
            let next = Self::masked(version, &canvas, mask);
            if next.0 < best.0 {
                best = next;
            }
        }
        Ok(best.1)
    }

    /// 1 to 40.
    pub const fn version(&self) -> usize {
        self.version.number
    }

    /// Modules along one side, 21 to 177.
    pub const fn size(&self) -> usize {
        self.version.size()
    }

    /// Whether the module in column `x` and row `y` is dark; everything outside is light.
    pub fn module(&self, x: usize, y: usize) -> bool {
        x < self.size() && y < self.size() && self.rows.is_dark(x, y)
    }

    fn unmasked(text: &str, level: Level) -> Result<(Version, Canvas), DrawError> {
        let values = codewords::alphanumeric(text)?;
        let version = Version::smallest_for(values.len(), level)?;
        Ok((version, Canvas::of(version, &codewords::codewords(&values, version))))
    }

    /// The symbol under one mask, with its penalty.
    fn masked(version: Version, canvas: &Canvas, mask: Mask) -> (u32, Self) {
        let masked = canvas.masked(mask);
        (penalty(&masked, version.size()), Self { version, mask, rows: masked.rows })
    }
}
