//! Damage: bytes of the ledger that are not what was written, named to the entry.

use super::frame::FrameError;
use super::segment::HeaderError;
use crate::crypto::Digest;

/// The first bad place of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ledger segment {segment:08x} is damaged at byte {offset}, entry {position}: {problem}")]
pub struct Damage {
    /// Segment number.
    pub segment: u32,
    /// Byte in the segment's file where the bad frame begins (0: the header).
    pub offset: u64,
    /// Position of the entry that should be read or begun there.
    pub position: u64,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at a bad place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A segment's file is not there though a later one is.
    #[error("the file is missing")]
    Missing,
    /// The header cannot be read.
    #[error(transparent)]
    Header(HeaderError),
    /// The header is another segment's.
    #[error("the header says segment {found:08x}")]
    SegmentNumber {
        /// The number in the header.
        found: u32,
    },
    /// The header does not begin where the segment before it ends.
    #[error("the header says it begins with entry {found}")]
    SegmentFirst {
        /// The position in the header.
        found: u64,
    },
    /// The header's chain is not the one at the end of the segment before it.
    #[error("hash chain expected {expected}, the header says {found}")]
    SegmentChain {
        /// The chain after the segment before.
        expected: Digest,
        /// The chain in the header.
        found: Digest,
    },
    /// The frame cannot be read.
    #[error(transparent)]
    Frame(FrameError),
    /// The entry is another's.
    #[error("the entry says position {found}")]
    Position {
        /// The position in the entry.
        found: u64,
    },
    /// A commit mark where an entry should be.
    #[error("a commit mark stands where the entry should be")]
    MarkInPlaceOfEntry,
    /// The commit mark is of another group.
    #[error("the commit mark says {count} entries from {first}, there are {expected}")]
    MarkRange {
        /// First position in the mark.
        first: u64,
        /// Count in the mark.
        count: u32,
        /// Entries since the last mark.
        expected: u64,
    },
    /// The commit mark's chain is not that of the entries before it.
    #[error("hash chain expected {expected}, the commit mark says {found}")]
    MarkChain {
        /// The chain of the entries that are there.
        expected: Digest,
        /// The chain in the mark.
        found: Digest,
    },
    /// The file ends before the group's commit mark.
    #[error("the file ends before the group's commit mark")]
    Unfinished,
    /// More entries or bytes without a commit mark than a group may have.
    #[error("a group without an end")]
    EndlessGroup,
    /// The reader of the entries refused this one.
    #[error("the entry's content is not what was written")]
    Content,
}
