//! Walking the ledger from its first byte: every header, checksum, length, position, chain and commit mark.
//!
//! Reads only, so it serves both opening and checking beside a running service. A file is looked at up to the length it
//! had when it was opened; what a running service appends meanwhile is no matter.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::JournalError;
use super::damage::{Damage, Problem};
use super::frame::{Body, FRAME_HEAD, FrameError, FrameHead, Mark, holds_later_mark};
use super::segment::{self, HEADER, Header};
use crate::store::durable::{Act, failed};
use crate::store::engine::{MAX_GROUP_BYTES, MAX_GROUP_ENTRIES, SealedEntry, StoredEntry};
use crate::store::head::Head;

/// A group's bytes in the file stay below this: its sealed bytes, 62 bytes a frame around them, the commit mark.
const MAX_GROUP_ON_DISK: u64 = 9 * 1024 * 1024;

/// What a walk looks for besides damage.
pub struct Wanted<'a> {
    /// Entries known to have been acknowledged: a damaged end before this is never an unfinished group.
    pub acknowledged: u64,
    /// The heads after so many entries are remembered.
    pub heads: &'a [u64],
    /// Is shown each entry of each whole group, in order; `Break` is damage ([`Problem::Content`]).
    pub visit: &'a mut dyn FnMut(&StoredEntry) -> ControlFlow<()>,
}

/// What a walk found.
#[derive(Debug)]
pub struct Walked {
    /// The ledger after the last whole group.
    pub head: Head,
    /// The wanted heads, by count of entries, those that there are.
    pub heads: BTreeMap<u64, Head>,
    /// What lies behind the last whole group and was never acknowledged.
    pub unfinished: Option<Unfinished>,
    pub(super) segments: Vec<WalkedSegment>,
}

impl Walked {
    /// How far each segment's whole groups go, in bytes of its file.
    pub fn lengths(&self) -> Vec<u64> {
        self.segments.iter().map(|segment| segment.last_group.1).collect()
    }
}

/// An unfinished last group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Where, and why it is not a whole group.
    pub damage: Damage,
    /// Byte in the segment's file where the unfinished group begins.
    pub begin: u64,
    /// Bytes from there to the end of the file.
    pub bytes: u64,
}

/// A segment as it was found.
#[derive(Debug)]
pub(super) struct WalkedSegment {
    pub(super) header: Header,
    pub(super) path: PathBuf,
    pub(super) offsets: Vec<u32>,
    /// Where its last whole group begins and ends.
    pub(super) last_group: (u64, u64),
}

/// Walks the segments in `ledger`.
pub fn walk(ledger: &Path, wanted: Wanted<'_>) -> Result<Walked, JournalError> {
    let numbers = segment_numbers(ledger)?;
    let mut walked = Walked {
        head: Head::empty(),
        heads: BTreeMap::new(),
        unfinished: None,
        segments: Vec::with_capacity(numbers.len()),
    };
    if wanted.heads.contains(&0) {
        walked.heads.insert(0, Head::empty());
    }
    let mut walk = Walk { wanted, walked };
    let mut expected = 0;
    for number in &numbers {
        if *number != expected {
            return Err(walk.damage(expected, 0, Problem::Missing).into());
        }
        let place = if Some(number) == numbers.last() { Place::Last } else { Place::Inner };
        walk.segment(ledger, *number, place)?;
        expected = number.saturating_add(1);
    }
    Ok(walk.walked)
}

/// Whether a segment is followed by another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Inner,
    Last,
}

struct Walk<'a> {
    wanted: Wanted<'a>,
    walked: Walked,
}

/// Entries since the last commit mark.
struct Pending {
    begin: u64,
    head: Head,
    heads: Vec<Head>,
    offsets: Vec<u32>,
    entries: Vec<SealedEntry>,
    sealed_bytes: usize,
}

impl Walk<'_> {
    fn segment(&mut self, ledger: &Path, number: u32, place: Place) -> Result<(), JournalError> {
        let path = segment::path(ledger, number);
        let mut frames = Frames::open(&path)?;
        let header = self.header(number, &mut frames)?;
        let begin = frames.offset;
        let mut found = WalkedSegment { header, path, offsets: Vec::new(), last_group: (begin, begin) };
        let mut pending = Pending::new(begin, self.walked.head.clone());
        while frames.left() > 0 {
            let at = frames.offset;
            let problem = match frames.next()? {
                Ok(Body::Entry(position, entry)) => pending.take(&self.wanted, at, position, entry),
                Ok(Body::Mark(mark)) => match self.commit(&mut found, &mut pending, mark, frames.offset)? {
                    Ok(()) => {
                        pending = Pending::new(frames.offset, self.walked.head.clone());
                        Ok(())
                    }
                    Err(problem) => Err(problem),
                },
                Err(error) => Err(Problem::Frame(error)),
            };
            if let Err(problem) = problem {
                let damage =
                    Damage { segment: number, offset: at, position: pending.head.entries(), problem };
                self.end(place, damage, &pending, &mut frames)?;
                break;
            }
        }
        if self.walked.unfinished.is_none() && !pending.offsets.is_empty() {
            let position = pending.head.entries();
            let damage =
                Damage { segment: number, offset: frames.offset, position, problem: Problem::Unfinished };
            self.end(place, damage, &pending, &mut frames)?;
        }
        self.walked.segments.push(found);
        Ok(())
    }

    fn header(&self, number: u32, frames: &mut Frames) -> Result<Header, JournalError> {
        let head = &self.walked.head;
        let header = frames.header()?.map_err(|e| self.damage(number, 0, Problem::Header(e)))?;
        let problem = if header.number != number {
            Problem::SegmentNumber { found: header.number }
        } else if header.first != head.entries() {
            Problem::SegmentFirst { found: header.first }
        } else if header.chain != head.chain() {
            Problem::SegmentChain { expected: head.chain(), found: header.chain }
        } else {
            return Ok(header);
        };
        Err(self.damage(number, 0, problem).into())
    }

    /// Takes over the pending entries if `mark` is theirs. The outer error is final, the inner one may be an unfinished
    /// group.
    fn commit(
        &mut self,
        found: &mut WalkedSegment,
        pending: &mut Pending,
        mark: Mark,
        end: u64,
    ) -> Result<Result<(), Problem>, JournalError> {
        let first = self.walked.head.entries();
        let expected = pending.head.entries() - first;
        if mark.first != first || u64::from(mark.count) != expected || expected == 0 {
            return Ok(Err(Problem::MarkRange { first: mark.first, count: mark.count, expected }));
        }
        if mark.chain != pending.head.chain() {
            return Ok(Err(Problem::MarkChain { expected: pending.head.chain(), found: mark.chain }));
        }
        let entries = std::mem::take(&mut pending.entries);
        for ((position, entry), offset) in (first..).zip(entries).zip(&pending.offsets) {
            let stored = StoredEntry { position, salt: found.header.salt, entry };
            if (self.wanted.visit)(&stored).is_break() {
                let problem = Problem::Content;
                let segment = found.header.number;
                return Err(Damage { segment, offset: u64::from(*offset), position, problem }.into());
            }
        }
        for head in &pending.heads {
            self.walked.heads.insert(head.entries(), head.clone());
        }
        found.offsets.extend_from_slice(&pending.offsets);
        found.last_group = (pending.begin, end);
        self.walked.head = pending.head.clone();
        Ok(Ok(()))
    }

    /// Judges a group that is not whole: never acknowledged, or damage (STORE.md §4.3).
    fn end(
        &mut self,
        place: Place,
        damage: Damage,
        pending: &Pending,
        frames: &mut Frames,
    ) -> Result<(), JournalError> {
        let first = self.walked.head.entries();
        let bytes = frames.length - pending.begin;
        if place == Place::Inner || first < self.wanted.acknowledged || bytes > MAX_GROUP_ON_DISK {
            return Err(damage.into());
        }
        if holds_later_mark(&frames.rest_from(pending.begin)?, first) {
            return Err(damage.into());
        }
        self.walked.unfinished = Some(Unfinished { damage, begin: pending.begin, bytes });
        Ok(())
    }

    fn damage(&self, segment: u32, offset: u64, problem: Problem) -> Damage {
        Damage { segment, offset, position: self.walked.head.entries(), problem }
    }
}

impl Pending {
    const fn new(begin: u64, head: Head) -> Self {
        Self { begin, head, heads: Vec::new(), offsets: Vec::new(), entries: Vec::new(), sealed_bytes: 0 }
    }

    fn take(
        &mut self,
        wanted: &Wanted<'_>,
        at: u64,
        position: u64,
        entry: SealedEntry,
    ) -> Result<(), Problem> {
        if position != self.head.entries() {
            return Err(Problem::Position { found: position });
        }
        let bytes = self.sealed_bytes.saturating_add(entry.sealed.len());
        let full =
            self.entries.len() >= MAX_GROUP_ENTRIES || (bytes > MAX_GROUP_BYTES && !self.entries.is_empty());
        let Some(offset) = u32::try_from(at).ok().filter(|_| !full) else {
            return Err(Problem::EndlessGroup);
        };
        self.head.advance(&entry);
        if wanted.heads.contains(&self.head.entries()) {
            self.heads.push(self.head.clone());
        }
        self.offsets.push(offset);
        self.entries.push(entry);
        self.sealed_bytes = bytes;
        Ok(())
    }
}

/// A segment's file as a stream of frames.
struct Frames {
    path: PathBuf,
    file: BufReader<File>,
    length: u64,
    offset: u64,
    body: Vec<u8>,
}

impl Frames {
    fn open(path: &Path) -> Result<Self, JournalError> {
        let file = File::open(path).map_err(failed(Act::Open, path))?;
        let length = file.metadata().map_err(failed(Act::Read, path))?.len();
        let file = BufReader::with_capacity(1 << 20, file);
        Ok(Self { path: path.to_owned(), file, length, offset: 0, body: Vec::new() })
    }

    const fn left(&self) -> u64 {
        self.length.saturating_sub(self.offset)
    }

    fn header(&mut self) -> Result<Result<Header, segment::HeaderError>, JournalError> {
        let mut bytes = vec![0; HEADER.min(usize::try_from(self.length).unwrap_or(HEADER))];
        self.file.read_exact(&mut bytes).map_err(failed(Act::Read, &self.path))?;
        self.offset += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(Header::decode(&bytes))
    }

    /// The next frame. The outer error is the system's, the inner one says that these bytes are no frame.
    fn next(&mut self) -> Result<Result<Body, FrameError>, JournalError> {
        let left = usize::try_from(self.left()).unwrap_or(usize::MAX);
        if left < FRAME_HEAD {
            return Ok(Err(FrameError::Cut { needed: FRAME_HEAD, left }));
        }
        let mut head = [0; FRAME_HEAD];
        self.file.read_exact(&mut head).map_err(failed(Act::Read, &self.path))?;
        let head = FrameHead::read(head);
        let length = match head.body_length() {
            Ok(length) if FRAME_HEAD + length > left => {
                return Ok(Err(FrameError::Cut { needed: FRAME_HEAD + length, left }));
            }
            Ok(length) => length,
            Err(error) => return Ok(Err(error)),
        };
        self.body.resize(length, 0);
        self.file.read_exact(&mut self.body).map_err(failed(Act::Read, &self.path))?;
        self.offset += u64::try_from(FRAME_HEAD + length).unwrap_or(0);
        Ok(head.body(&self.body))
    }

    /// The bytes from `begin` to the end; only called for what is at most a group.
    fn rest_from(&mut self, begin: u64) -> Result<Vec<u8>, JournalError> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(begin)).map_err(failed(Act::Read, &self.path))?;
        let left = self.length - begin;
        (&mut self.file).take(left).read_to_end(&mut bytes).map_err(failed(Act::Read, &self.path))?;
        Ok(bytes)
    }
}

/// The numbers of the segments that there are, ascending. No directory is an empty ledger.
fn segment_numbers(ledger: &Path) -> Result<Vec<u32>, JournalError> {
    let listing = match fs::read_dir(ledger) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.map_err(failed(Act::List, ledger))?,
    };
    let mut numbers = Vec::new();
    for file in listing {
        let name = file.map_err(failed(Act::List, ledger))?.file_name();
        numbers.extend(name.to_str().and_then(segment::number_of));
    }
    numbers.sort_unstable();
    Ok(numbers)
}
