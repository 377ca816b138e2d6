//! Text to codewords: one alphanumeric segment, cut into blocks, each with its Reed-Solomon remainder, interleaved
//! (ISO/IEC 18004:2015, 7.4 to 7.6).

use super::DrawError;
use super::reed_solomon::Divisor;
use super::version::Version;

/// The 45 characters of alphanumeric mode in the order of their values (ISO/IEC 18004:2015, table 5).
const CHARACTERS: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// Value of each byte in alphanumeric mode; [`NO_VALUE`] for bytes outside it.
const VALUES: [u8; 256] = values();
const NO_VALUE: u8 = u8::MAX;

/// The values of `text`, or where it leaves the alphanumeric set.
pub(super) fn alphanumeric(text: &str) -> Result<Vec<u8>, DrawError> {
    let values: Vec<u8> = text.bytes().map(value_of).collect();
    match text.char_indices().find(|&(at, _)| values.get(at) == Some(&NO_VALUE)) {
        Some((at, got)) => Err(DrawError::NotAlphanumeric { at, got }),
        None => Ok(values),
    }
}

/// Every codeword of the symbol in the order it is placed. `values` must fit `version`.
pub(super) fn codewords(values: &[u8], version: Version) -> Vec<u8> {
    let data = segment(values, version);
    let short = data.len() / version.blocks;
    let (short_part, long_part) = data.split_at(short * (version.blocks - data.len() % version.blocks));
    let blocks: Vec<&[u8]> = short_part.chunks(short).chain(long_part.chunks(short + 1)).collect();
    let divisor = Divisor::of_degree(version.correction);
    let remainders: Vec<_> = blocks.iter().map(|block| divisor.remainder(block)).collect();

    let mut out = Vec::with_capacity(data.len() + version.blocks * version.correction);
    for at in 0..=short {
        out.extend(blocks.iter().filter_map(|block| block.get(at)));
    }
    for at in 0..version.correction {
        out.extend(remainders.iter().filter_map(|remainder| remainder.get(at)));
    }
    out
}

/// Mode, count, pairs of characters, terminator and padding: exactly the version's data codewords.
fn segment(values: &[u8], version: Version) -> Vec<u8> {
    const ALPHANUMERIC: usize = 0b0010;
    let room = version.data_codewords();
    let mut bits = BitWriter { bytes: Vec::with_capacity(room + 8), pending: 0, held: 0 };
    bits.push(ALPHANUMERIC, 4);
    bits.push(values.len(), version.count_bits());
    let (pairs, rest) = values.as_chunks::<2>();
    for &[first, second] in pairs {
        bits.push(usize::from(first) * 45 + usize::from(second), 11);
    }
    for &last in rest {
        bits.push(usize::from(last), 6);
    }
    let mut bytes = bits.terminated(room);
    bytes.extend([0xEC, 0x11].into_iter().cycle().take(room - bytes.len()));
    bytes
}

/// Most significant bit first.
struct BitWriter {
    bytes: Vec<u8>,
    pending: usize,
    held: usize,
}

impl BitWriter {
    fn push(&mut self, value: usize, bits: usize) {
        self.pending = (self.pending << bits) | value;
        self.held += bits;
        while self.held >= 8 {
            self.held -= 8;
            let [.., low] = (self.pending >> self.held).to_be_bytes();
            self.bytes.push(low);
        }
    }

    /// Four zero bits, or as many as there is room for, then zeros to the end of the byte.
    fn terminated(mut self, room: usize) -> Vec<u8> {
        let left = room * 8 - self.bytes.len() * 8 - self.held;
        self.push(0, left.min(4));
        self.push(0, (8 - self.held) % 8);
        self.bytes
    }
}

#[expect(clippy::indexing_slicing, reason = "a table of 256 entries indexed by a byte")]
fn value_of(byte: u8) -> u8 {
    VALUES[usize::from(byte)]
}

#[expect(clippy::indexing_slicing, clippy::as_conversions, reason = "runs when compiling; `at` is below 45")]
const fn values() -> [u8; 256] {
    let mut table = [NO_VALUE; 256];
    let mut at = 0;
    while at < CHARACTERS.len() {
        table[CHARACTERS[at] as usize] = at as u8;
        at += 1;
    }
    table
}
