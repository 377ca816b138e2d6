//! Small changes of seeds: what a fuzzer does first, the same ones in every run.

/// Numbers that lengths, counts and times go wrong at.
const EDGES: [u8; 10] = [0x00, 0x01, 0x17, 0x18, 0x1f, 0x7f, 0x80, 0xfe, 0xff, 0x20];

/// A source of changes.
pub(crate) struct Changes(u64);

impl Changes {
    /// Each target has its own sequence.
    pub(crate) fn new(target: &str) -> Self {
        Self(target.bytes().fold(0x9e37_79b9_7f4a_7c15, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    /// Xorshift (Marsaglia 2003); nothing here has to be hard to guess.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`, or 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap().max(1);
        usize::try_from(self.next() % limit).unwrap()
    }

    /// `seed` after one to four changes, some of which take from `other`.
    pub(crate) fn of(&mut self, seed: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes, other);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len());
        let edge = EDGES[self.below(EDGES.len())];
        let length = 1 + self.below(8);
        let end = (at + length).min(bytes.len());
        match self.below(9) {
            _ if bytes.is_empty() => bytes.extend_from_slice(&other[..self.below(other.len() + 1)]),
            0 | 1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes[at] = edge,
            3 => drop(bytes.drain(at..end)),
            4 => bytes.splice(at..at, std::iter::repeat_n(edge, length)).for_each(drop),
            5 => bytes.truncate(at),
            6 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part).for_each(drop);
            }
            7 => {
                let from = self.below(other.len());
                let to = (from + length).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied()).for_each(drop);
            }
            _ => bytes[at] = u8::try_from(self.below(256)).unwrap(),
        }
    }
}
