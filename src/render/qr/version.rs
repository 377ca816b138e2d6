//! Versions of a QR symbol at error-correction level M: sizes, capacities, block structure.

use super::DrawError;

/// Error-correction codewords of each block at level M, versions 1 to 40 (ISO/IEC 18004:2015, table 9).
const CORRECTION_PER_BLOCK: [usize; 40] = [
    10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
];

/// Blocks at level M, versions 1 to 40 (ISO/IEC 18004:2015, table 9).
const BLOCKS: [usize; 40] = [
    1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29,
    31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
];

/// Characters that version 40 at level M holds in alphanumeric mode.
pub(super) const MOST_CHARACTERS: usize = 3391;

/// One of the forty sizes, with what level M makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// 1 to 40.
    pub(super) number: usize,
    /// Blocks that the data are cut into.
    pub(super) blocks: usize,
    /// Error-correction codewords of each block.
    pub(super) correction: usize,
}

impl Version {
    /// The smallest version whose alphanumeric mode holds `characters` at level M.
    pub(super) fn smallest_for(characters: usize) -> Result<Self, DrawError> {
        Self::all()
            .find(|version| version.holds(characters))
            .ok_or(DrawError::TooLong { length: characters, limit: MOST_CHARACTERS })
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        BLOCKS.iter().zip(CORRECTION_PER_BLOCK).zip(1..).map(|((&blocks, correction), number)| Self {
            number,
            blocks,
            correction,
        })
    }

    /// Modules along one side, without the quiet zone.
    pub(super) const fn size(self) -> usize {
        17 + 4 * self.number
    }

    /// Data codewords: what is left of the symbol after its error correction.
    pub(super) const fn data_codewords(self) -> usize {
        self.codewords() - self.blocks * self.correction
    }

    /// Bits of the character count in alphanumeric mode (ISO/IEC 18004:2015, table 3).
    pub(super) const fn count_bits(self) -> usize {
        match self.number {
            ..=9 => 9,
            10..=26 => 11,
            _ => 13,
        }
    }

    /// Centre coordinates of the alignment patterns, along either axis (ISO/IEC 18004:2015, annex E).
    pub(super) fn alignment_centres(self) -> impl Iterator<Item = usize> + Clone {
        let count = if self.number == 1 { 0 } else { self.number / 7 + 2 };
        let step = match self.number {
            1 => 0,
            32 => 26, // the one row of the annex that even spacing does not give
            number => (number * 4 + count * 2 + 1) / (count * 2 - 2) * 2,
        };
        let last = self.size() - 7;
        (0..count).map(move |at| if at == 0 { 6 } else { last - (count - 1 - at) * step })
    }

    /// All codewords: the modules that no function pattern takes, in whole bytes.
    const fn codewords(self) -> usize {
        let number = self.number;
        let beside_finders = (16 * number + 128) * number + 64;
        let alignment = match number {
            1 => 0,
            _ => {
                let count = number / 7 + 2;
                (25 * count - 10) * count - 55
            }
        };
        let version_information = if number < 7 { 0 } else { 36 };
        (beside_finders - alignment - version_information) / 8
    }

    const fn holds(self, characters: usize) -> bool {
        characters <= MOST_CHARACTERS
            && 4 + self.count_bits() + characters / 2 * 11 + characters % 2 * 6 <= self.data_codewords() * 8
    }
}
