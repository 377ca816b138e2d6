//! What repeats: literals, and copies of what stands up to 32 KiB before.
//!
//! zlib's search at level 9: positions with the same hash of three bytes are chained, the nearest first; the longest of up to
//! [`LONGEST_CHAIN`] is taken, of equally long ones the nearest; and only if the next position has none that is longer.

const WINDOW: usize = 1 << 15;
/// Shortest copy, and longest.
const SHORTEST: usize = 3;
const LONGEST: usize = 258;
/// zlib never looks farther back: its window has to hold what it looks ahead too.
const FARTHEST: usize = WINDOW - LONGEST - SHORTEST - 1;
/// A copy of three bytes from farther away costs more than three literals.
const FARTHEST_SHORTEST: usize = 4_096;
const LONGEST_CHAIN: usize = 4_096;
/// With a copy this long in hand, a longer one is looked for a quarter as hard.
const GOOD: usize = 32;

/// A literal, or a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    Literal(u8),
    Copy { length: u16, distance: u16 },
}

/// A place that something could be copied from.
#[derive(Clone, Copy)]
struct Found {
    at: usize,
    length: usize,
}

const NOTHING: Found = Found { at: 0, length: SHORTEST - 1 };

/// The symbols of some bytes, in order.
pub(super) struct Matcher<'a> {
    bytes: &'a [u8],
    at: usize,
    /// What was found for the position before.
    before: Found,
    /// Whether the byte before is not covered by a symbol yet.
    literal_waits: bool,
    /// Bytes that are covered by the symbols handed out.
    covered: usize,
    chains: Chains,
}

/// Positions by hash; 0 ends a chain, so that the very first position is never found. zlib's is not, either.
struct Chains {
    newest: Vec<u32>,
    before: Vec<u32>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let chains = Chains { newest: vec![0; WINDOW], before: vec![0; WINDOW] };
        Self { bytes, at: 0, before: NOTHING, literal_waits: false, covered: 0, chains }
    }

    /// Bytes that the symbols so far stand for.
    pub(super) const fn covered(&self) -> usize {
        self.covered
    }

    pub(super) fn next(&mut self) -> Option<Symbol> {
        while self.at < self.bytes.len() {
            let newest = self.chains.insert(self.bytes, self.at);
            let found = self.longest(newest);
            let (before, at) = (self.before, self.at);
            if before.length >= SHORTEST && found.length <= before.length {
                return Some(self.copy(before));
            }
            self.before = found;
            self.at += 1;
            if std::mem::replace(&mut self.literal_waits, true) {
                self.covered = at;
                return Some(Symbol::Literal(self.bytes[at - 1]));
            }
        }
        let last = std::mem::take(&mut self.literal_waits).then(|| self.bytes[self.at - 1]);
        self.covered = self.bytes.len();
        last.map(Symbol::Literal)
    }

    /// The copy that was found for the position before; what it covers is chained as well.
    fn copy(&mut self, Found { at, length }: Found) -> Symbol {
        let begin = self.at - 1;
        for position in self.at + 1..begin + length {
            self.chains.insert(self.bytes, position);
        }
        self.at = begin + length;
        self.covered = self.at;
        self.before = NOTHING;
        self.literal_waits = false;
        // Both are bounded by the search, far below 2^16.
        Symbol::Copy { length: length as u16, distance: (begin - at) as u16 }
    }

    fn longest(&self, newest: usize) -> Found {
        let (at, before) = (self.at, self.before.length);
        if newest == 0 || before >= LONGEST || at - newest > FARTHEST {
            return NOTHING;
        }
        let found = self.search(newest);
        // What is no longer than the one before is not taken, so its place is of no interest.
        let too_far = found.length == SHORTEST && at - found.at > FARTHEST_SHORTEST;
        if too_far { NOTHING } else { found }
    }

    fn search(&self, newest: usize) -> Found {
        let (bytes, at) = (self.bytes, self.at);
        let here = &bytes[at..bytes.len().min(at + LONGEST)];
        let mut best = Found { at: 0, length: self.before.length };
        if best.length >= here.len() {
            return Found { at: 0, length: here.len() };
        }
        let mut tries = if best.length >= GOOD { LONGEST_CHAIN / 4 } else { LONGEST_CHAIN };
        let limit = at.saturating_sub(FARTHEST);
        let mut candidate = newest;
        let mut end = [here[best.length - 1], here[best.length]];
        loop {
            // Two bytes tell nearly always that it is no longer than the best one.
            let last = candidate + best.length;
            if bytes[last - 1..=last] == end {
                let length = common(here, &bytes[candidate..]);
                if length > best.length {
                    best = Found { at: candidate, length };
                    if length == here.len() {
                        return best;
                    }
                    end = [here[length - 1], here[length]];
                }
            }
            candidate = self.chains.before[candidate % WINDOW] as usize;
            tries -= 1;
            if candidate <= limit || tries == 0 {
                return best;
            }
        }
    }
}

/// How many bytes two begin with in common.
fn common(one: &[u8], other: &[u8]) -> usize {
    let (ones, _) = one.as_chunks::<8>();
    let (others, _) = other.as_chunks::<8>();
    for (index, (one, other)) in ones.iter().zip(others).enumerate() {
        let different = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if different != 0 {
            return 8 * index + different.trailing_zeros() as usize / 8;
        }
    }
    let whole = 8 * ones.len().min(others.len());
    let rest = one[whole..].iter().zip(&other[whole..]);
    whole + rest.take_while(|(one, other)| one == other).count()
}

impl Chains {
    /// Puts a position in front of its chain, and answers which one was in front of it. The last two positions have none.
    fn insert(&mut self, bytes: &[u8], at: usize) -> usize {
        let Some([a, b, c]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { return 0 };
        let hash = (usize::from(*a) << 10 ^ usize::from(*b) << 5 ^ usize::from(*c)) % WINDOW;
        let newest = self.newest[hash];
        self.before[at % WINDOW] = newest;
        self.newest[hash] = at as u32;
        newest as usize
    }
}
