//! How large a symbol is drawn.

use super::DrawError;

const MOST_PIXELS: u8 = 64;
const LEAST_MICROMETRES: u32 = 100;
const MOST_MICROMETRES: u32 = 100_000;

/// The size of one module, on screen and on paper.
///
/// The default is 12 pixels and 0.508 mm, which is exactly 600 dots an inch: a symbol of version 20 is then 53 mm wide
/// with its quiet zone, an office printer draws it without blurring an edge, and it stays readable scaled to 60 %, where
/// an edge then covers a fifth or four fifths of a pixel and never about half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pixels: u8,
    micrometres: u32,
}

impl Style {
    /// A module of `pixels` (1 to 64) along each side, to be printed `micrometres` (100 to 100,000) wide.
    ///
    /// # Errors
    ///
    /// [`DrawError::ModulePixels`], [`DrawError::ModuleMicrometres`].
    pub const fn new(pixels: u8, micrometres: u32) -> Result<Self, DrawError> {
        if pixels < 1 || pixels > MOST_PIXELS {
            return Err(DrawError::ModulePixels { got: pixels, limit: MOST_PIXELS });
        }
        if micrometres < LEAST_MICROMETRES || micrometres > MOST_MICROMETRES {
            return Err(DrawError::ModuleMicrometres {
                got: micrometres,
                least: LEAST_MICROMETRES,
                most: MOST_MICROMETRES,
            });
        }
        Ok(Self { pixels, micrometres })
    }

    /// Pixels along one side of a module.
    pub const fn pixels(self) -> u8 {
        self.pixels
    }

    /// Micrometres along one side of a module in print.
    pub const fn micrometres(self) -> u32 {
        self.micrometres
    }
}

impl Default for Style {
    fn default() -> Self {
        Self { pixels: 12, micrometres: 508 }
    }
}
