//! zlib streams with the very bytes that zlib itself writes at level 9.
//!
//! The draft of the Token Status List shows its lists as zlib compresses them, and whoever has zlib can make the bytes of a list of
//! ours again. [`super::zlib::deflate`] is faster and about as good, but chooses other matches. So this is zlib's method, in three
//! steps: `matches` finds what repeats, `tree` makes Huffman codes, `block` writes one block after the other.

#![expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tables of fixed size, indexed by what the loops around bound; checked access took a third of the time"
)]

mod bits;
mod block;
mod matches;
mod tree;

use block::Block;

/// CMF and FLG of RFC 1950: deflate, window of 32 KiB, slowest method.
const HEADER: [u8; 2] = [0x78, 0xda];

/// One zlib stream of all of `bytes`.
pub fn deflate_as_zlib_does(bytes: &[u8]) -> Vec<u8> {
    let mut out = bits::BitWriter::new(HEADER.to_vec());
    let mut block = Block::new();
    let mut matcher = matches::Matcher::new(bytes);
    let mut begin = 0;
    while let Some(symbol) = matcher.next() {
        block.push(symbol);
        if block.is_full() {
            block.write(&bytes[begin..matcher.covered()], &mut out);
            begin = matcher.covered();
        }
    }
    block.write_last(&bytes[begin..], &mut out);
    let mut out = out.finish();
    out.extend_from_slice(&adler32(bytes).to_be_bytes());
    out
}

/// The checksum of RFC 1950 §8.2.
fn adler32(bytes: &[u8]) -> u32 {
    const BASE: u32 = 65_521;
    // Longest run whose sums stay below 2^32.
    const RUN: usize = 5_552;
    let (a, b) = bytes.chunks(RUN).fold((1, 0), |(a, b), run| {
        let (a, b) = run.iter().fold((a, b), |(a, b), byte| (a + u32::from(*byte), b + a + u32::from(*byte)));
        (a % BASE, b % BASE)
    });
    b << 16 | a
}

#[cfg(test)]
mod tests;
