//! A square of modules as machine words, one bit a module.

#![expect(
    clippy::indexing_slicing,
    reason = "the hot path; every coordinate is below the size of the symbol, which is at most 177"
)]

/// Modules of the largest symbol along one side.
const LARGEST: usize = 177;
/// Words that hold one line of it.
const WORDS: usize = 3;
/// Light lines before and after the symbol, enough for every pattern of the mask rules that may reach into the quiet
/// zone: four before, and ten after the start of the last line.
pub(super) const BEFORE: usize = 4;
const AFTER: usize = 10;

/// The words at one position of every line. A set bit is a dark module; the lowest bit is the first.
pub(super) type Plane = [u64; BEFORE + LARGEST + AFTER];

/// The lines of a symbol, either its rows or its columns, stored plane by plane so that rules about neighbouring
/// lines are plain word operations on neighbouring entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    planes: [Plane; WORDS],
}

impl Lines {
    pub(super) const LIGHT: Self = Self { planes: [[0; BEFORE + LARGEST + AFTER]; WORDS] };

    pub(super) const fn is_dark(&self, at: usize, line: usize) -> bool {
        self.planes[at / 64][BEFORE + line] >> (at % 64) & 1 == 1
    }

    /// Makes a light module dark, if `dark`.
    pub(super) fn add(&mut self, at: usize, line: usize, dark: bool) {
        self.planes[at / 64][BEFORE + line] |= u64::from(dark) << (at % 64);
    }

    /// Gives a module a colour, whatever it was.
    pub(super) fn set(&mut self, at: usize, line: usize, dark: bool) {
        let word = &mut self.planes[at / 64][BEFORE + line];
        *word = *word & !(1 << (at % 64)) | u64::from(dark) << (at % 64);
    }

    /// The planes that a symbol of `size` uses, each with the bits of it that lie inside.
    pub(super) fn planes(&self, size: usize) -> impl Iterator<Item = (&Plane, u64)> {
        self.planes.iter().take(size.div_ceil(64)).enumerate().map(move |(word, plane)| {
            let beyond = (64 * (word + 1)).saturating_sub(size);
            (plane, u64::MAX >> beyond)
        })
    }

    /// The plane after the one at `word`, light past the last.
    pub(super) fn plane_after(&self, word: usize) -> &Plane {
        self.planes.get(word + 1).unwrap_or(&Self::LIGHT.planes[0])
    }

    /// These lines with `pattern(line)` flipped wherever `reserved` is clear.
    pub(super) fn flipped(
        &self,
        size: usize,
        reserved: &Self,
        pattern: impl Fn(usize) -> [u64; WORDS],
    ) -> Self {
        let mut flipped = Self::LIGHT;
        let within: Vec<u64> = self.planes(size).map(|(_, within)| within).collect();
        for line in 0..size {
            let pattern = pattern(line);
            for (word, within) in within.iter().enumerate() {
                flipped.planes[word][BEFORE + line] = self.planes[word][BEFORE + line]
                    ^ (pattern[word] & !reserved.planes[word][BEFORE + line] & within);
            }
        }
        flipped
    }
}
