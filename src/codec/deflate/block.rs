//! Blocks: up to [`FULL`] symbols each, written in whichever of the three ways takes the fewest bits (RFC 1951 §3.2).

use super::bits::BitWriter;
use super::matches::Symbol;
use super::tree::{Tree, codes};

/// Symbols after which zlib, at its default memory level, begins a new block.
const FULL: usize = (1 << 14) - 1;
const END: usize = 256;
const LITERALS: usize = 286;
const DISTANCES: usize = 30;
const LENGTHS: usize = 19;

/// First length, or distance, of each code, and how many extra bits follow it.
const LENGTH_CODES: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
const DISTANCE_CODES: [(u16, u8); DISTANCES] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12_289, 12),
    (16_385, 13),
    (24_577, 13),
];
/// The order in which the lengths of the codes for lengths are written.
const LENGTH_ORDER: [usize; LENGTHS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// Extra bits of the codes for lengths: a repetition's count.
const REPEAT_BITS: [(u8, u8); LENGTHS] = {
    let mut bits = [(0, 0); LENGTHS];
    bits[16] = (3, 2);
    bits[17] = (3, 3);
    bits[18] = (11, 7);
    bits
};

/// The symbols of a block, and how often each comes.
pub(super) struct Block {
    symbols: Vec<Symbol>,
    literals: [u16; LITERALS],
    distances: [u16; DISTANCES],
}

/// Codes of one block, ready to write.
struct Codes {
    literals: (Vec<u8>, Vec<u32>),
    distances: (Vec<u8>, Vec<u32>),
}

/// The lengths of both alphabets' codes, with repetitions: code for a length, repetition where it has one.
struct Lengths {
    runs: Vec<(usize, u8)>,
    tree: Tree,
    /// How many of [`LENGTH_ORDER`] are written.
    written: usize,
}

impl Block {
    pub(super) fn new() -> Self {
        let mut block =
            Self { symbols: Vec::with_capacity(FULL), literals: [0; LITERALS], distances: [0; DISTANCES] };
        block.clear();
        block
    }

    pub(super) fn push(&mut self, symbol: Symbol) {
        match symbol {
            Symbol::Literal(byte) => self.literals[usize::from(byte)] += 1,
            Symbol::Copy { length, distance } => {
                self.literals[END + 1 + code_of(&LENGTH_CODES, length)] += 1;
                self.distances[code_of(&DISTANCE_CODES, distance)] += 1;
            }
        }
        self.symbols.push(symbol);
    }

    pub(super) const fn is_full(&self) -> bool {
        self.symbols.len() == FULL
    }

    /// Writes the block, which stands for `bytes`, and begins the next.
    pub(super) fn write(&mut self, bytes: &[u8], out: &mut BitWriter) {
        self.write_as(0, bytes, out);
        self.clear();
    }

    /// Writes the block behind which none follows.
    pub(super) fn write_last(&self, bytes: &[u8], out: &mut BitWriter) {
        self.write_as(1, bytes, out);
    }

    fn clear(&mut self) {
        self.symbols.clear();
        self.literals = [0; LITERALS];
        self.literals[END] = 1;
        self.distances = [0; DISTANCES];
    }

    fn write_as(&self, last: u32, bytes: &[u8], out: &mut BitWriter) {
        let literals = Tree::new(&self.literals, 15);
        let distances = Tree::new(&self.distances, 15);
        let lengths = Lengths::of(&literals, &distances);
        let own = 3 + lengths.cost() + self.cost(&literals.lengths, &distances.lengths);
        let (fixed_literals, fixed_distances) = fixed();
        let fixed = 3 + self.cost(&fixed_literals, &fixed_distances);
        // In whole bytes, as zlib compares them.
        let (own, fixed) = (own.div_ceil(8), fixed.div_ceil(8));
        let size = u16::try_from(bytes.len());
        match size {
            Ok(size) if bytes.len() + 4 <= own.min(fixed) => {
                out.write(last, 3);
                out.bytes(&size.to_le_bytes());
                out.bytes(&(!size).to_le_bytes());
                out.bytes(bytes);
            }
            _ if fixed <= own => {
                out.write(0b010 | last, 3);
                self.write_symbols(&Codes::new(fixed_literals, fixed_distances), out);
            }
            _ => {
                out.write(0b100 | last, 3);
                lengths.write(literals.last, distances.last, out);
                self.write_symbols(&Codes::new(literals.lengths, distances.lengths), out);
            }
        }
    }

    /// Bits of all symbols and the end, under codes of these lengths.
    fn cost(&self, literals: &[u8], distances: &[u8]) -> usize {
        let sum = |counts: &[u16], lengths: &[u8], extra: &dyn Fn(usize) -> u8| -> usize {
            let each = counts.iter().zip(lengths).enumerate();
            each.map(|(symbol, (count, length))| usize::from(*count) * usize::from(length + extra(symbol)))
                .sum()
        };
        let length_bits = |symbol: usize| match symbol.checked_sub(END + 1) {
            Some(code) => LENGTH_CODES[code].1,
            None => 0,
        };
        sum(&self.literals, literals, &length_bits)
            + sum(&self.distances, distances, &|code| DISTANCE_CODES[code].1)
    }

    fn write_symbols(&self, codes: &Codes, out: &mut BitWriter) {
        for symbol in &self.symbols {
            match *symbol {
                Symbol::Literal(byte) => write_code(&codes.literals, usize::from(byte), out),
                Symbol::Copy { length, distance } => {
                    let code = code_of(&LENGTH_CODES, length);
                    write_code(&codes.literals, END + 1 + code, out);
                    write_extra(LENGTH_CODES[code], length, out);
                    let code = code_of(&DISTANCE_CODES, distance);
                    write_code(&codes.distances, code, out);
                    write_extra(DISTANCE_CODES[code], distance, out);
                }
            }
        }
        write_code(&codes.literals, END, out);
    }
}

impl Codes {
    fn new(literals: Vec<u8>, distances: Vec<u8>) -> Self {
        let with_codes = |lengths: Vec<u8>| {
            let codes = codes(&lengths);
            (lengths, codes)
        };
        Self { literals: with_codes(literals), distances: with_codes(distances) }
    }
}

/// The code that stands for a length or a distance: the last that begins at or before it.
fn code_of(codes: &[(u16, u8)], value: u16) -> usize {
    codes.partition_point(|(first, _)| *first <= value) - 1
}

fn write_code((lengths, codes): &(Vec<u8>, Vec<u32>), symbol: usize, out: &mut BitWriter) {
    out.write(codes[symbol], u32::from(lengths[symbol]));
}

fn write_extra((first, bits): (u16, u8), value: u16, out: &mut BitWriter) {
    out.write(u32::from(value - first), u32::from(bits));
}

/// The fixed codes' lengths (RFC 1951 §3.2.6); all 288, since the codes depend on it.
fn fixed() -> (Vec<u8>, Vec<u8>) {
    let of = |symbol| match symbol {
        0..144 => 8,
        144..256 => 9,
        256..280 => 7,
        _ => 8,
    };
    ((0..288).map(of).collect(), vec![5; DISTANCES])
}

impl Lengths {
    fn of(literals: &Tree, distances: &Tree) -> Self {
        let mut runs = Vec::new();
        for tree in [literals, distances] {
            runs_of(&tree.lengths[..=tree.last], &mut runs);
        }
        let mut counts = [0; LENGTHS];
        for (code, _) in &runs {
            counts[*code] += 1;
        }
        let tree = Tree::new(&counts, 7);
        let last = LENGTH_ORDER.iter().rposition(|code| tree.lengths[*code] != 0);
        Self { runs, tree, written: last.map_or(4, |last| (last + 1).max(4)) }
    }

    fn cost(&self) -> usize {
        let runs = self.runs.iter();
        let each = runs.map(|(code, _)| usize::from(self.tree.lengths[*code] + REPEAT_BITS[*code].1));
        5 + 5 + 4 + 3 * self.written + each.sum::<usize>()
    }

    fn write(&self, last_literal: usize, last_distance: usize, out: &mut BitWriter) {
        out.write((last_literal - 256) as u32, 5);
        out.write(last_distance as u32, 5);
        out.write((self.written - 4) as u32, 4);
        for code in &LENGTH_ORDER[..self.written] {
            out.write(u32::from(self.tree.lengths[*code]), 3);
        }
        let codes = self.tree.codes();
        for (code, repeated) in &self.runs {
            out.write(codes[*code], u32::from(self.tree.lengths[*code]));
            let (first, bits) = REPEAT_BITS[*code];
            out.write(u32::from(repeated - first), u32::from(bits));
        }
    }
}

/// Lengths with their repetitions: 16 repeats the one before 3 to 6 times, 17 and 18 write 3 to 10 and 11 to 138 zeros.
fn runs_of(lengths: &[u8], runs: &mut Vec<(usize, u8)>) {
    for run in lengths.chunk_by(|one, next| one == next) {
        let length = usize::from(run[0]);
        let mut left = run.len();
        if length != 0 {
            // zlib says a length once before it repeats it: the first of up to 7 is said.
            runs.push((length, 0));
            left -= 1;
        }
        while left > 0 {
            let (code, count) = match (length, left) {
                (0, 11..) => (18, left.min(138)),
                (0, 3..) => (17, left),
                (1.., 3..) => (16, left.min(6)),
                _ => (length, 1),
            };
            let repeated = if count > 1 { count } else { 0 };
            runs.push((code, repeated as u8)); // at most 138
            left -= count;
        }
    }
}
