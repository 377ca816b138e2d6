//! Versions of a QR symbol at error-correction levels L and M: sizes, capacities, block structure.

use super::DrawError;

/// How much of a symbol may be lost (ISO/IEC 18004:2015, 7.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// About 7 %: for screens, where nothing is torn or stained and a small symbol is read faster.
    L,
    /// About 15 %: for paper.
    M,
}

/// What one level makes of the forty versions (ISO/IEC 18004:2015, table 9).
struct Table {
    /// Error-correction codewords of each block.
    correction: [usize; 40],
    /// Blocks.
    blocks: [usize; 40],
    /// Characters that version 40 holds in alphanumeric mode.
    most_characters: usize,
}

static LOW: Table = Table {
    correction: [
        7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26,
        28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    blocks: [
        1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16,
        17, 18, 19, 19, 20, 21, 22, 24, 25,
    ],
    most_characters: 4296,
};

static MEDIUM: Table = Table {
    correction: [
        10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28,
        28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    ],
    blocks: [
        1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28,
        29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
    ],
    most_characters: 3391,
};

impl Level {
    const fn table(self) -> &'static Table {
        match self {
            Self::L => &LOW,
            Self::M => &MEDIUM,
        }
    }

    /// The two bits in the format information (ISO/IEC 18004:2015, table 12).
    pub(super) const fn bits(self) -> usize {
        match self {
            Self::L => 0b01,
            Self::M => 0b00,
        }
    }

    /// Characters that version 40 holds in alphanumeric mode.
    pub const fn most_characters(self) -> usize {
        self.table().most_characters
    }
}

/// One of the forty sizes, with what its level makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// 1 to 40.
    pub(super) number: usize,
    /// Its level.
    pub(super) level: Level,
    /// Blocks that the data are cut into.
    pub(super) blocks: usize,
    /// Error-correction codewords of each block.
    pub(super) correction: usize,
}

impl Version {
    /// The smallest version whose alphanumeric mode holds `characters` at this level.
    pub(super) fn smallest_for(characters: usize, level: Level) -> Result<Self, DrawError> {
        let limit = level.most_characters();
        Self::all(level)
            .find(|version| version.holds(characters))
            .ok_or(DrawError::TooLong { length: characters, limit })
    }

    pub(super) fn all(level: Level) -> impl Iterator<Item = Self> {
        let Table { correction, blocks, .. } = level.table();
        blocks.iter().zip(correction).zip(1..).map(move |((&blocks, &correction), number)| Self {
            number,
            level,
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
        characters <= self.level.most_characters()
            && 4 + self.count_bits() + characters / 2 * 11 + characters % 2 * 6 <= self.data_codewords() * 8
    }
}
