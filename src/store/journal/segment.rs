//! A segment file: its header, its name, and reading an entry from it (STORE.md §1).

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use super::damage::{Damage, Problem};
use super::frame::{Body, FRAME_HEAD, FrameHead, decode_frame};
use crate::crypto::Digest;
use crate::store::durable::{Act, failed};
use crate::store::engine::{EngineError, Salt, StoredEntry};

/// Length of a segment's header.
pub(super) const HEADER: usize = 96;
const MAGIC: &[u8; 8] = b"ELICSEG1";

/// How much is read at once when one entry is asked for: most entries are shorter.
const READ_AHEAD: usize = 4096;

/// What a segment's first 96 bytes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: u32,
    pub(super) first: u64,
    pub(super) salt: Salt,
    pub(super) chain: Digest,
}

/// Bytes that are not a segment's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Shorter than a header.
    #[error("a segment begins with {HEADER} bytes of header, the file has {found}")]
    Cut {
        /// The file's length.
        found: usize,
    },
    /// Not a segment of this format.
    #[error("a segment begins with ELICSEG1")]
    Magic,
    /// Checksum and header do not belong together.
    #[error("header checksum expected {expected:08x}, found {found:08x}")]
    Checksum {
        /// The checksum in the header.
        expected: u32,
        /// The checksum of the bytes that are there.
        found: u32,
    },
    /// Bytes that are zero in this format are not.
    #[error("the header's reserved bytes are not zero")]
    Reserved,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.first.to_be_bytes());
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(self.chain.as_bytes());
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&crc32c::crc32c(&out).to_be_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let cut = HeaderError::Cut { found: bytes.len() };
        let bytes = bytes.first_chunk::<HEADER>().ok_or(cut)?;
        let (covered, sum) = bytes.split_last_chunk::<4>().ok_or(cut)?;
        let (magic, rest) = covered.split_first_chunk::<8>().ok_or(cut)?;
        if magic != MAGIC {
            return Err(HeaderError::Magic);
        }
        let (expected, found) = (u32::from_be_bytes(*sum), crc32c::crc32c(covered));
        if expected != found {
            return Err(HeaderError::Checksum { expected, found });
        }
        let (number, rest) = rest.split_first_chunk::<4>().ok_or(cut)?;
        let (first, rest) = rest.split_first_chunk::<8>().ok_or(cut)?;
        let (salt, rest) = rest.split_first_chunk::<32>().ok_or(cut)?;
        let (chain, reserved) = rest.split_first_chunk::<32>().ok_or(cut)?;
        if reserved != [0; 8] {
            return Err(HeaderError::Reserved);
        }
        Ok(Self {
            number: u32::from_be_bytes(*number),
            first: u64::from_be_bytes(*first),
            salt: *salt,
            chain: Digest::from_bytes(*chain),
        })
    }
}

/// `ledger/00000000.seg`
pub(super) fn path(ledger: &Path, number: u32) -> PathBuf {
    ledger.join(format!("{number:08x}.seg"))
}

/// The number in a segment's file name; `None` for other files.
pub(super) fn number_of(name: &str) -> Option<u32> {
    let number = u32::from_str_radix(name.strip_suffix(".seg")?, 16).ok()?;
    (format!("{number:08x}.seg") == name).then_some(number)
}

/// A segment that is open for reading.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) header: Header,
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Where each entry's frame begins; a segment stays far below 4 GiB.
    offsets: RwLock<Vec<u32>>,
}

impl Segment {
    pub(super) const fn new(header: Header, path: PathBuf, file: File, offsets: Vec<u32>) -> Self {
        Self { header, path, file, offsets: RwLock::new(offsets) }
    }

    /// Makes the entries at `offsets` readable.
    pub(super) fn publish(&self, offsets: &[u32]) {
        self.offsets.write().unwrap_or_else(PoisonError::into_inner).extend_from_slice(offsets);
    }

    /// The entry at `position`; `None` where it is not in this segment.
    pub(super) fn read(&self, position: u64) -> Result<Option<StoredEntry>, EngineError> {
        let Some(offset) = self.offset_of(position) else {
            return Ok(None);
        };
        let bytes = self.read_frame(offset)?;
        let problem = match decode_frame(&bytes) {
            Ok((Body::Entry(found, entry), _)) if found == position => {
                return Ok(Some(StoredEntry { position, salt: self.header.salt, entry }));
            }
            Ok((Body::Entry(found, _), _)) => Problem::Position { found },
            Ok((Body::Mark(_), _)) => Problem::MarkInPlaceOfEntry,
            Err(error) => Problem::Frame(error),
        };
        Err(Damage { segment: self.header.number, offset: u64::from(offset), position, problem }.into())
    }

    fn offset_of(&self, position: u64) -> Option<u32> {
        let index = usize::try_from(position.checked_sub(self.header.first)?).ok()?;
        self.offsets.read().unwrap_or_else(PoisonError::into_inner).get(index).copied()
    }

    /// The frame's bytes and perhaps some behind it; fewer where the file ends.
    fn read_frame(&self, offset: u32) -> Result<Vec<u8>, EngineError> {
        let mut bytes = vec![0; READ_AHEAD];
        let got = self.fill(&mut bytes, offset)?;
        bytes.truncate(got);
        let Some(head) = bytes.first_chunk::<FRAME_HEAD>() else {
            return Ok(bytes);
        };
        let needed = FRAME_HEAD + FrameHead::read(*head).body_length().unwrap_or(0);
        if needed > bytes.len() {
            bytes = vec![0; needed];
            let got = self.fill(&mut bytes, offset)?;
            bytes.truncate(got);
        }
        Ok(bytes)
    }

    fn fill(&self, bytes: &mut [u8], offset: u32) -> Result<usize, EngineError> {
        let mut got = 0;
        while let Some(rest) = bytes.get_mut(got..).filter(|rest| !rest.is_empty()) {
            let at = u64::from(offset) + u64::try_from(got).unwrap_or(u64::MAX);
            match self.file.read_at(rest, at) {
                Ok(0) => break,
                Ok(more) => got += more,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(EngineError::Read(failed(Act::Read, &self.path)(error))),
            }
        }
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header { number: 0x1f, first: 77, salt: [5; 32], chain: Digest::of(b"chain") }
    }

    #[test]
    fn header_reads_back_and_every_changed_bit_is_noticed() {
        let bytes = header().encode();
        assert_eq!(bytes.len(), HEADER);
        assert_eq!(Header::decode(&bytes), Ok(header()));
        assert_eq!(Header::decode(&bytes[..95]), Err(HeaderError::Cut { found: 95 }));
        for bit in 0..HEADER * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&changed).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn reserved_bytes_are_zero() {
        let mut bytes = header().encode();
        bytes[91] = 1;
        let sum = crc32c::crc32c(&bytes[..92]).to_be_bytes();
        bytes[92..].copy_from_slice(&sum);
        assert_eq!(Header::decode(&bytes), Err(HeaderError::Reserved));
    }

    #[test]
    fn names() {
        assert_eq!(path(Path::new("l"), 0x1f), Path::new("l/0000001f.seg"));
        assert_eq!(number_of("0000001f.seg"), Some(0x1f));
        for other in ["1f.seg", "0000001F.seg", "+000001f.seg", "0000001f.seg.new", "aside-0.bin", ""] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }
}
