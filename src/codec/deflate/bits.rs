//! Bits behind one another, the first in the lowest bit of the first byte (RFC 1951 §3.1.1).

pub(super) struct BitWriter {
    out: Vec<u8>,
    /// Bits that do not fill a byte yet.
    waiting: u64,
    count: u32,
}

impl BitWriter {
    /// Behind these bytes.
    pub(super) const fn new(out: Vec<u8>) -> Self {
        Self { out, waiting: 0, count: 0 }
    }

    /// The lowest `count` bits of `value`, which has no others.
    pub(super) fn write(&mut self, value: u32, count: u32) {
        self.waiting |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= 8 {
            let [byte, ..] = self.waiting.to_le_bytes();
            self.out.push(byte);
            self.waiting >>= 8;
            self.count -= 8;
        }
    }

    /// Zeros up to the next byte, and then these bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.align();
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.out
    }

    fn align(&mut self) {
        if self.count > 0 {
            self.write(0, 8 - self.count);
        }
    }
}
