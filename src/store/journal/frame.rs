//! Frames: length, checksum, body (STORE.md §1). A body is an entry or a group's commit mark.

use crate::crypto::Digest;
use crate::store::engine::SealedEntry;

/// Length and checksum before each body.
pub(super) const FRAME_HEAD: usize = 8;
/// Longest body.
pub(super) const MAX_BODY: usize = 4 * 1024 * 1024;
/// Bytes of an entry's body before the sealed bytes.
const ENTRY_HEAD: usize = 54;
/// A commit mark's body.
const MARK_BODY: usize = 45;
/// Shortest sealed entry: the cipher's tag over nothing.
const MIN_SEALED: usize = 16;

/// What a frame holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// An entry and its position.
    Entry(u64, SealedEntry),
    /// The end of a group.
    Mark(Mark),
}

/// A commit mark: the group before it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Position of the group's first entry.
    pub first: u64,
    /// Entries in the group.
    pub count: u32,
    /// Hash chain after the group's last entry.
    pub chain: Digest,
}

/// Bytes that are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The file ends inside the frame.
    #[error("the frame takes {needed} bytes, the file has {left} more")]
    Cut {
        /// Bytes that the frame takes, as far as known.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// The length is none that a frame has.
    #[error("a frame's body has 1 to {MAX_BODY} bytes, the length says {found}")]
    Length {
        /// What the length says.
        found: u32,
    },
    /// Checksum and bytes do not belong together.
    #[error("checksum expected {expected:08x}, found {found:08x}")]
    Checksum {
        /// The checksum in the frame.
        expected: u32,
        /// The checksum of the bytes that are there.
        found: u32,
    },
    /// The body begins with neither `E` nor `C`.
    #[error("a body begins with 45 or 43, found {found:02x}")]
    Letter {
        /// The first byte.
        found: u8,
    },
    /// The body's length does not fit its letter.
    #[error("a body {letter:?} is not {found} bytes long")]
    BodyLength {
        /// `E` or `C`.
        letter: char,
        /// Its length.
        found: usize,
    },
}

/// The length and checksum in a frame's first eight bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameHead {
    length: [u8; 4],
    checksum: u32,
}

impl FrameHead {
    pub(super) fn read(bytes: [u8; FRAME_HEAD]) -> Self {
        let [a, b, c, d, e, f, g, h] = bytes;
        Self { length: [a, b, c, d], checksum: u32::from_be_bytes([e, f, g, h]) }
    }

    /// Length of the body, if a body may have it.
    pub(super) fn body_length(self) -> Result<usize, FrameError> {
        let found = u32::from_be_bytes(self.length);
        usize::try_from(found)
            .ok()
            .filter(|length| (1..=MAX_BODY).contains(length))
            .ok_or(FrameError::Length { found })
    }

    /// The body, if the checksum is its own.
    pub(super) fn body(self, body: &[u8]) -> Result<Body, FrameError> {
        let found = checksum(self.length, body);
        if found != self.checksum {
            return Err(FrameError::Checksum { expected: self.checksum, found });
        }
        decode_body(body)
    }
}

/// Decodes the frame that `bytes` begin with, and says how many of them it takes.
pub fn decode_frame(bytes: &[u8]) -> Result<(Body, usize), FrameError> {
    let Some((head, rest)) = bytes.split_first_chunk::<FRAME_HEAD>() else {
        return Err(FrameError::Cut { needed: FRAME_HEAD, left: bytes.len() });
    };
    let head = FrameHead::read(*head);
    let length = head.body_length()?;
    let Some(body) = rest.get(..length) else {
        return Err(FrameError::Cut { needed: FRAME_HEAD + length, left: bytes.len() });
    };
    Ok((head.body(body)?, FRAME_HEAD + length))
}

/// Writes an entry's frame behind `out`.
pub(super) fn encode_entry(out: &mut Vec<u8>, position: u64, entry: &SealedEntry) {
    encode(
        out,
        &[b"E", &position.to_be_bytes(), &[entry.kind], entry.record.as_bytes(), &entry.nonce, &entry.sealed],
    );
}

/// Writes a commit mark's frame behind `out`.
pub(super) fn encode_mark(out: &mut Vec<u8>, mark: &Mark) {
    encode(out, &[b"C", &mark.first.to_be_bytes(), &mark.count.to_be_bytes(), mark.chain.as_bytes()]);
}

/// Whether a commit mark of a group that begins past `first` lies anywhere in `bytes`, at whatever offset: proof that
/// what stands before it is not the last group.
pub(super) fn holds_later_mark(bytes: &[u8], first: u64) -> bool {
    let length = u32::try_from(MARK_BODY).unwrap_or(u32::MAX).to_be_bytes();
    bytes.windows(FRAME_HEAD + MARK_BODY).any(|window| {
        window.starts_with(&length)
            && matches!(decode_frame(window), Ok((Body::Mark(mark), _)) if mark.first > first)
    })
}

fn encode(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes(); // the engine's limits keep it below MAX_BODY
    let sum = parts.iter().fold(crc32c::crc32c(&length), |sum, part| crc32c::crc32c_append(sum, part));
    out.extend_from_slice(&length);
    out.extend_from_slice(&sum.to_be_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

fn checksum(length: [u8; 4], body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length), body)
}

fn decode_body(body: &[u8]) -> Result<Body, FrameError> {
    match body.first() {
        Some(b'E') => decode_entry(body).ok_or(FrameError::BodyLength { letter: 'E', found: body.len() }),
        Some(b'C') => decode_mark(body).ok_or(FrameError::BodyLength { letter: 'C', found: body.len() }),
        Some(other) => Err(FrameError::Letter { found: *other }),
        None => Err(FrameError::Length { found: 0 }),
    }
}

fn decode_entry(body: &[u8]) -> Option<Body> {
    if body.len() < ENTRY_HEAD + MIN_SEALED {
        return None;
    }
    let (position, rest) = body.get(1..)?.split_first_chunk::<8>()?;
    let (kind, rest) = rest.split_first()?;
    let (record, rest) = rest.split_first_chunk::<32>()?;
    let (nonce, sealed) = rest.split_first_chunk::<12>()?;
    let record = Digest::from_bytes(*record);
    let entry = SealedEntry { kind: *kind, record, nonce: *nonce, sealed: sealed.to_vec() };
    Some(Body::Entry(u64::from_be_bytes(*position), entry))
}

fn decode_mark(body: &[u8]) -> Option<Body> {
    if body.len() != MARK_BODY {
        return None;
    }
    let (first, rest) = body.get(1..)?.split_first_chunk::<8>()?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let chain = Digest::from_slice(rest)?;
    Some(Body::Mark(Mark { first: u64::from_be_bytes(*first), count: u32::from_be_bytes(*count), chain }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(sealed: Vec<u8>) -> SealedEntry {
        SealedEntry { kind: 6, record: Digest::of(b"record"), nonce: [9; 12], sealed }
    }

    fn framed(body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&mut out, &[body]);
        out
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let mut bytes = Vec::new();
        encode_entry(&mut bytes, 7, &entry(vec![1; 40]));
        assert_eq!(decode_frame(&bytes).unwrap(), (Body::Entry(7, entry(vec![1; 40])), bytes.len()));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_frame(&changed).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn hostile_frames() {
        let mark = [&b"C"[..], &[0; 44]].concat();
        assert!(decode_frame(&framed(&mark)).is_ok());
        assert_eq!(decode_frame(&[0; 8]), Err(FrameError::Length { found: 0 }));
        assert_eq!(decode_frame(&[0xFF; 80]), Err(FrameError::Length { found: u32::MAX }));
        assert_eq!(decode_frame(&[0; 7]), Err(FrameError::Cut { needed: 8, left: 7 }));
        assert_eq!(decode_frame(&framed(&mark)[..52]), Err(FrameError::Cut { needed: 53, left: 52 }));
        assert_eq!(decode_frame(&framed(b"X")), Err(FrameError::Letter { found: b'X' }));
        let longer = [&mark[..], &[0]].concat();
        assert_eq!(decode_frame(&framed(&longer)), Err(FrameError::BodyLength { letter: 'C', found: 46 }));
        let short = [&b"E"[..], &[0; 68]].concat();
        assert_eq!(decode_frame(&framed(&short)), Err(FrameError::BodyLength { letter: 'E', found: 69 }));
    }

    #[test]
    fn a_later_mark_is_found_wherever_it_lies() {
        let mut bytes = vec![0; 13];
        encode_mark(&mut bytes, &Mark { first: 9, count: 2, chain: Digest::of(b"") });
        bytes.push(0);
        assert!(holds_later_mark(&bytes, 8));
        assert!(!holds_later_mark(&bytes, 9));
        bytes[20] ^= 1;
        assert!(!holds_later_mark(&bytes, 8));
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(position: u64, sealed in prop::collection::vec(any::<u8>(), 16..300)) {
            let mut bytes = Vec::new();
            encode_entry(&mut bytes, position, &entry(sealed.clone()));
            prop_assert_eq!(decode_frame(&bytes), Ok((Body::Entry(position, entry(sealed)), bytes.len())));
        }

        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_frame(&bytes);
            let _ = decode_frame(&framed(&bytes));
        }
    }
}
