//! The entries of a list: 1, 2, 4 or 8 bits each, the first in the lowest bits of the first byte
//! (draft-ietf-oauth-status-list, section 4.1), and their compressed form.

use crate::codec::deflate::deflate_as_zlib_does;
use crate::codec::zlib::{ZlibError, inflate};

/// Entries of each of our lists, always all of them: its size tells nothing (FORMAT.md §10).
pub const LIST_ENTRIES: u32 = 1 << 20;
/// Bytes of the entries of each of our lists.
pub const LIST_BYTES: usize = 1 << 18;

/// Bits that an entry takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryBits {
    /// 0 or 1.
    One,
    /// 0 to 3: what our lists have.
    Two,
    /// 0 to 15.
    Four,
    /// 0 to 255.
    Eight,
}

/// The entries of a status list.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusBits {
    width: EntryBits,
    bytes: Vec<u8>,
}

/// Entries that cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BitsError {
    /// Past the end.
    #[error("expected an index below {entries}, got {got}")]
    Index {
        /// Entries in the list.
        entries: u64,
        /// The index that came.
        got: u32,
    },
    /// A value that an entry cannot hold.
    #[error("expected a value of at most {most}, got {got}")]
    Value {
        /// The largest.
        most: u8,
        /// The value that came.
        got: u8,
    },
    /// Not one zlib stream of at most the expected size.
    #[error(transparent)]
    Zlib(#[from] ZlibError),
    /// Another number of bytes than a list has.
    #[error("expected entries in {expected} bytes, got {got}")]
    Length {
        /// Bytes of a list.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
}

impl EntryBits {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::One, Self::Two, Self::Four, Self::Eight];

    /// The number in the claim `bits`.
    pub const fn count(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    /// `None` for every number but 1, 2, 4 and 8.
    pub fn from_count(count: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|bits| u64::from(bits.count()) == count)
    }

    /// The largest value of an entry.
    pub const fn largest(self) -> u8 {
        u8::MAX >> (8 - self.count())
    }

    const fn entries_a_byte(self) -> u32 {
        match self {
            Self::One => 8,
            Self::Two => 4,
            Self::Four => 2,
            Self::Eight => 1,
        }
    }
}

impl StatusBits {
    /// One of our lists with every entry 0: good.
    pub fn all_good() -> Self {
        Self { width: EntryBits::Two, bytes: vec![0; LIST_BYTES] }
    }

    /// The entries in `bytes`, `width` bits each.
    pub const fn from_bytes(width: EntryBits, bytes: Vec<u8>) -> Self {
        Self { width, bytes }
    }

    /// Bits that an entry takes.
    pub const fn width(&self) -> EntryBits {
        self.width
    }

    /// How many entries there are.
    pub fn entries(&self) -> u64 {
        let bytes = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        bytes.saturating_mul(u64::from(self.width.entries_a_byte()))
    }

    /// All bytes, not compressed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The entry at `index`; `None` past the end.
    pub fn get(&self, index: u32) -> Option<u8> {
        let (byte, shift) = self.place(index);
        self.bytes.get(byte).map(|byte| byte >> shift & self.width.largest())
    }

    /// Sets the entry at `index`. Answers whether that changed it.
    pub fn set(&mut self, index: u32, value: u8) -> Result<Change, BitsError> {
        let (most, entries) = (self.width.largest(), self.entries());
        if value > most {
            return Err(BitsError::Value { most, got: value });
        }
        let (byte, shift) = self.place(index);
        let byte = self.bytes.get_mut(byte).ok_or(BitsError::Index { entries, got: index })?;
        let new = *byte & !(most << shift) | value << shift;
        let change = if *byte == new { Change::None } else { Change::Made };
        *byte = new;
        Ok(change)
    }

    /// The claim `lst`: one zlib stream, the bytes that zlib makes at level 9.
    pub fn compress(&self) -> Vec<u8> {
        deflate_as_zlib_does(&self.bytes)
    }

    /// Reads a claim `lst` that has to hold exactly `expected` bytes. Never takes more memory than that.
    pub fn decompress(width: EntryBits, lst: &[u8], expected: usize) -> Result<Self, BitsError> {
        let bytes = inflate(lst, expected)?;
        match bytes.len() {
            got if got == expected => Ok(Self { width, bytes }),
            got => Err(BitsError::Length { expected, got }),
        }
    }

    /// The byte that holds an entry, and by how much it is shifted there.
    fn place(&self, index: u32) -> (usize, u32) {
        let each = self.width.entries_a_byte();
        let byte = usize::try_from(index / each).unwrap_or(usize::MAX);
        (byte, index % each * u32::from(self.width.count()))
    }
}

/// Whether an entry has another value than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has.
    Made,
    /// It had this value already.
    None,
}

impl std::fmt::Debug for StatusBits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StatusBits({} entries of {} bits)", self.entries(), self.width.count())
    }
}

#[cfg(test)]
mod tests;
