//! Writes CBOR with the shortest heads.

use super::major;

/// Writes items one behind the other. Map keys in order, and as many elements as announced, are the caller's duty.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An unsigned number.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        self.head(major::UINT, value)
    }

    /// A number with a sign.
    pub fn int(&mut self, value: i64) -> &mut Self {
        match u64::try_from(value) {
            Ok(value) => self.head(major::UINT, value),
            Err(_) => self.head(major::NEGATIVE, value.unsigned_abs() - 1),
        }
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.length(major::BYTES, value.len()).raw(value)
    }

    /// A text.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.length(major::TEXT, value.len()).raw(value.as_bytes())
    }

    /// The head of an array of `count` elements.
    pub fn array(&mut self, count: usize) -> &mut Self {
        self.length(major::ARRAY, count)
    }

    /// The head of a map of `count` pairs.
    pub fn map(&mut self, count: usize) -> &mut Self {
        self.length(major::MAP, count)
    }

    /// A tag; the item it marks follows.
    pub fn tag(&mut self, value: u64) -> &mut Self {
        self.head(major::TAG, value)
    }

    /// Bytes that are an encoded item already.
    pub fn raw(&mut self, encoded: &[u8]) -> &mut Self {
        self.0.extend_from_slice(encoded);
        self
    }

    /// How many bytes are written.
    pub fn position(&self) -> usize {
        self.0.len()
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    fn length(&mut self, major: u8, length: usize) -> &mut Self {
        self.head(major, u64::try_from(length).unwrap_or(u64::MAX))
    }

    fn head(&mut self, major: u8, value: u64) -> &mut Self {
        let major = major << 5;
        if let Ok(short @ 0..24) = u8::try_from(value) {
            self.0.push(major | short);
        } else if let Ok(value) = u8::try_from(value) {
            self.0.extend_from_slice(&[major | 24, value]);
        } else if let Ok(value) = u16::try_from(value) {
            self.0.push(major | 25);
            self.0.extend_from_slice(&value.to_be_bytes());
        } else if let Ok(value) = u32::try_from(value) {
            self.0.push(major | 26);
            self.0.extend_from_slice(&value.to_be_bytes());
        } else {
            self.0.push(major | 27);
            self.0.extend_from_slice(&value.to_be_bytes());
        }
        self
    }
}
