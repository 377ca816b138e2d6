//! Placing function patterns, codewords and format information (ISO/IEC 18004:2015, 6.3, 7.7.3, 7.9 and 7.10).

use super::lines::Lines;
use super::mask::Mask;
use super::version::Version;

/// An unmasked symbol without its format information, kept by rows and by columns.
pub(super) struct Canvas {
    version: Version,
    rows: Lines,
    columns: Lines,
    /// Modules of function patterns, version and format information. It is its own transpose.
    reserved: Lines,
}

/// A masked symbol with its format information.
pub(super) struct Masked {
    pub(super) rows: Lines,
    pub(super) columns: Lines,
}

impl Canvas {
    pub(super) fn of(version: Version, codewords: &[u8]) -> Self {
        let mut canvas = Self { version, rows: Lines::LIGHT, columns: Lines::LIGHT, reserved: Lines::LIGHT };
        canvas.draw_timing();
        canvas.draw_finders();
        canvas.draw_alignment();
        canvas.reserve_format();
        canvas.draw_version();
        canvas.place(codewords);
        canvas
    }

    pub(super) fn masked(&self, mask: Mask) -> Masked {
        let size = self.version.size();
        let mut masked = Masked {
            rows: self.rows.flipped(size, &self.reserved, |line| mask.row(line)),
            columns: self.columns.flipped(size, &self.reserved, |line| mask.column(line)),
        };
        masked.draw_format(self.version, mask);
        masked
    }

    fn reserve(&mut self, x: usize, y: usize, dark: bool) {
        self.rows.set(x, y, dark);
        self.columns.set(y, x, dark);
        self.reserved.add(x, y, true);
    }

    fn draw_timing(&mut self) {
        for at in 0..self.version.size() {
            self.reserve(at, 6, at % 2 == 0);
            self.reserve(6, at, at % 2 == 0);
        }
    }

    /// Rings around three corners, the outermost of them the light separator.
    fn draw_finders(&mut self) {
        let last = self.version.size() - 1;
        for x in 0..8_usize {
            for y in 0..8_usize {
                let dark = !matches!(x.abs_diff(3).max(y.abs_diff(3)), 2 | 4);
                self.reserve(x, y, dark);
                self.reserve(last - x, y, dark);
                self.reserve(x, last - y, dark);
            }
        }
    }

    fn draw_alignment(&mut self) {
        let last = self.version.size() - 7;
        let centres = self.version.alignment_centres();
        for x in centres.clone() {
            for y in centres.clone() {
                if !matches!((x, y), (6, 6)) && (x, y) != (6, last) && (x, y) != (last, 6) {
                    self.draw_alignment_at(x, y);
                }
            }
        }
    }

    fn draw_alignment_at(&mut self, x: usize, y: usize) {
        for across in 0..5_usize {
            for down in 0..5_usize {
                let ring = across.abs_diff(2).max(down.abs_diff(2));
                self.reserve(x + across - 2, y + down - 2, ring != 1);
            }
        }
    }

    /// Keeps both copies of the format information free, and draws the one module that is always dark.
    fn reserve_format(&mut self) {
        let size = self.version.size();
        for (x, y) in (0..15).flat_map(|bit| format_positions(size, bit)) {
            self.reserve(x, y, false);
        }
        self.reserve(8, size - 8, true);
    }

    fn draw_version(&mut self) {
        let number = self.version.number;
        if number < 7 {
            return;
        }
        let bits = number << 12 | remainder(number << 12, 0x1F25, 12);
        for bit in 0..18 {
            let (near, far) = (bit / 3, self.version.size() - 11 + bit % 3);
            self.reserve(near, far, bits >> bit & 1 == 1);
            self.reserve(far, near, bits >> bit & 1 == 1);
        }
    }

    /// Two columns at a time from the right, upwards and downwards in turn, past the vertical timing pattern. Modules
    /// left over after the last codeword stay light.
    fn place(&mut self, codewords: &[u8]) {
        let size = self.version.size();
        let mut bits = codewords.iter().flat_map(|&byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
        for pair in 0..size / 2 {
            let right = if pair < (size - 7) / 2 { size - 1 - 2 * pair } else { size - 2 - 2 * pair };
            for step in 0..size {
                let y = if pair % 2 == 0 { size - 1 - step } else { step };
                for x in [right, right - 1] {
                    if !self.reserved.is_dark(x, y) {
                        let dark = bits.next().unwrap_or(false);
                        self.rows.add(x, y, dark);
                        self.columns.add(y, x, dark);
                    }
                }
            }
        }
    }
}

impl Masked {
    /// Level and mask, protected by a BCH code, twice (ISO/IEC 18004:2015, 7.9.1).
    fn draw_format(&mut self, version: Version, mask: Mask) {
        let size = version.size();
        let data = (version.level.bits() << 3 | mask.number()) << 10;
        let bits = (data | remainder(data, 0x537, 10)) ^ 0b101_0100_0001_0010;
        for bit in 0..15 {
            for (x, y) in format_positions(size, bit) {
                self.rows.set(x, y, bits >> bit & 1 == 1);
                self.columns.set(y, x, bits >> bit & 1 == 1);
            }
        }
    }
}

/// Where one bit of the format information stands, least significant first: around the top left finder, and split
/// between the other two.
const fn format_positions(size: usize, bit: usize) -> [(usize, usize); 2] {
    match bit {
        0..=5 => [(8, bit), (size - 1 - bit, 8)],
        6 | 7 => [(8, bit + 1), (size - 1 - bit, 8)],
        8 => [(7, 8), (8, size - 7)],
        _ => [(14 - bit, 8), (8, size - 15 + bit)],
    }
}

/// The remainder of a polynomial over GF(2), as both BCH codes use it.
const fn remainder(mut value: usize, generator: usize, degree: u32) -> usize {
    while value >> degree != 0 {
        value ^= generator << (value.ilog2() - degree);
    }
    value
}
