//! The eight masks and the four rules that choose between them (ISO/IEC 18004:2015, 7.8), scored on whole words.

#![expect(
    clippy::indexing_slicing,
    reason = "tables indexed by a mask's number and a line modulo its period"
)]

use super::canvas::Masked;
use super::lines::{BEFORE, Lines};

/// All masks repeat after this many rows or columns, or a divisor of it.
const PERIOD: usize = 12;

static ROWS: [[[u64; 3]; PERIOD]; 8] = patterns(Axis::Rows);
static COLUMNS: [[[u64; 3]; PERIOD]; 8] = patterns(Axis::Columns);

/// One of the eight masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mask(usize);

impl Mask {
    /// The first of them.
    pub(super) const FIRST: Self = Self(0);

    /// All but the first.
    pub(super) fn others() -> impl Iterator<Item = Self> {
        (1..8).map(Self)
    }

    /// 0 to 7, as in the format information.
    pub(super) const fn number(self) -> usize {
        self.0
    }

    pub(super) const fn row(self, y: usize) -> [u64; 3] {
        ROWS[self.0][y % PERIOD]
    }

    pub(super) const fn column(self, x: usize) -> [u64; 3] {
        COLUMNS[self.0][x % PERIOD]
    }
}

/// How hard a symbol would be to read; the mask with the least is taken (ISO/IEC 18004:2015, 7.8.3.1).
pub(super) fn penalty(symbol: &Masked, size: usize) -> u32 {
    along(&symbol.rows, size)
        + along(&symbol.columns, size)
        + blocks(&symbol.rows, size)
        + balance(&symbol.rows, size)
}

/// Rules 1 and 3 across the lines.
fn along(lines: &Lines, size: usize) -> u32 {
    lines.planes(size).map(|(plane, within)| runs(plane, size, within) + finders(plane, size)).sum()
}

/// Rule 1: a run of five modules or more costs 3, and 1 for each beyond five. That is one for each five alike, and
/// two more for each first of them.
fn runs(plane: &[u64], size: usize, within: u64) -> u32 {
    let mut before = 0;
    let mut cost = 0;
    for &[a, b, c, d, e] in plane[BEFORE..BEFORE + size].array_windows() {
        let alike = (a & b & c & d & e) | (!(a | b | c | d | e) & within);
        cost += alike.count_ones() + 2 * (alike & !before).count_ones();
        before = alike;
    }
    cost
}

/// Rule 3: 40 for each dark-light-dark-dark-dark-light-dark with four light modules before or after it, where the
/// quiet zone counts as light.
fn finders(plane: &[u64], size: usize) -> u32 {
    let found: u32 = plane[..size + 14]
        .array_windows()
        .map(|&[b4, b3, b2, b1, p1, p2, p3, p4, p5, p6, p7, a1, a2, a3, a4]| {
            let pattern = p1 & !p2 & p3 & p4 & p5 & !p6 & p7;
            (pattern & (!(b4 | b3 | b2 | b1) | !(a1 | a2 | a3 | a4))).count_ones()
        })
        .sum();
    40 * found
}

/// Rule 2: 3 for each two by two of one colour.
fn blocks(rows: &Lines, size: usize) -> u32 {
    let mut found = 0;
    for (word, (plane, within)) in rows.planes(size).enumerate() {
        let carried = rows.plane_after(word);
        // The last column begins no block.
        let starts = if within == u64::MAX && size > 64 * (word + 1) { within } else { within >> 1 };
        for (&[a, b], &[a_next, b_next]) in
            plane[BEFORE..BEFORE + size].array_windows().zip(carried[BEFORE..BEFORE + size].array_windows())
        {
            let (a_right, b_right) = (a >> 1 | a_next << 63, b >> 1 | b_next << 63);
            let alike = (a & b & a_right & b_right) | !(a | b | a_right | b_right);
            found += (alike & starts).count_ones();
        }
    }
    3 * found
}

/// Rule 4: 10 for each whole 5 % that the share of dark modules is away from a half.
fn balance(rows: &Lines, size: usize) -> u32 {
    let dark: u32 = rows.planes(size).flat_map(|(plane, _)| plane).map(|word| word.count_ones()).sum();
    let light: u32 = rows.planes(size).map(|(_, within)| within.count_ones()).sum::<u32>().pow(2) - dark;
    (10 * dark).abs_diff(10 * light) / (dark + light) * 10
}

#[derive(Clone, Copy)]
enum Axis {
    Rows,
    Columns,
}

/// The words of each mask, for lines along `axis`.
const fn patterns(axis: Axis) -> [[[u64; 3]; PERIOD]; 8] {
    let mut patterns = [[[0; 3]; PERIOD]; 8];
    let mut mask = 0;
    while mask < 8 {
        let mut line = 0;
        while line < PERIOD {
            let mut at = 0;
            while at < 192 {
                let flips = match axis {
                    Axis::Rows => flips(mask, at, line),
                    Axis::Columns => flips(mask, line, at),
                };
                if flips {
                    patterns[mask][line][at / 64] |= 1 << (at % 64);
                }
                at += 1;
            }
            line += 1;
        }
        mask += 1;
    }
    patterns
}

/// ISO/IEC 18004:2015, table 10, whose i is the row and j the column.
const fn flips(mask: usize, j: usize, i: usize) -> bool {
    match mask {
        0 => (i + j).is_multiple_of(2),
        1 => i.is_multiple_of(2),
        2 => j.is_multiple_of(3),
        3 => (i + j).is_multiple_of(3),
        4 => (i / 2 + j / 3).is_multiple_of(2),
        5 => i * j % 2 + i * j % 3 == 0,
        6 => (i * j % 2 + i * j % 3).is_multiple_of(2),
        _ => ((i + j) % 2 + i * j % 3).is_multiple_of(2),
    }
}
