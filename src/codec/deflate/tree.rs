//! Huffman codes of limited length, made as zlib makes them: which of two equally frequent symbols gets the shorter code decides the
//! bytes, so the order of its heap is kept exactly.

/// Leaves and inner nodes of the largest tree, and the unused place 0 of the heap.
const HEAP: usize = 2 * 286 + 1;

/// The lengths of the codes of an alphabet.
pub(super) struct Tree {
    /// Bits of each symbol's code; 0 where it has none.
    pub(super) lengths: Vec<u8>,
    /// The last symbol that has a code.
    pub(super) last: usize,
}

/// Symbols ordered by how often they come; those already joined stand at the end, the last joined first.
struct Heap<'a> {
    frequencies: &'a mut [u32],
    depths: Vec<u8>,
    nodes: Vec<usize>,
    length: usize,
    joined: usize,
}

impl Tree {
    /// Codes of at most `most` bits for symbols that come this often. There are two codes at least.
    pub(super) fn new(counts: &[u16], most: u8) -> Self {
        let symbols = counts.len();
        let mut frequencies: Vec<u32> = counts.iter().map(|count| u32::from(*count)).collect();
        frequencies.resize(2 * symbols, 0);
        let mut heap = Heap {
            frequencies: &mut frequencies,
            depths: vec![0; 2 * symbols],
            nodes: vec![0; HEAP],
            length: 0,
            joined: HEAP,
        };
        let mut last = None;
        for (symbol, _) in counts.iter().enumerate().filter(|(_, count)| **count != 0) {
            heap.add(symbol);
            last = Some(symbol);
        }
        // A decoder may want two codes of each kind: symbols that never come fill up.
        while heap.length < 2 {
            let symbol = match last {
                None => 0,
                Some(last @ 0..2) => last + 1,
                Some(_) => 0,
            };
            heap.frequencies[symbol] = 1;
            heap.add(symbol);
            last = last.max(Some(symbol));
        }
        let last = last.unwrap_or(0);
        let parents = heap.join(symbols);
        let (nodes, joined) = (heap.nodes, heap.joined);
        let lengths = limited(&nodes[joined..], &parents, last, most);
        Self { lengths: lengths[..symbols].to_vec(), last }
    }

    /// The codes, to be written from their lowest bit on (RFC 1951 §3.2.2).
    pub(super) fn codes(&self) -> Vec<u32> {
        codes(&self.lengths)
    }
}

/// The codes that follow from lengths.
pub(super) fn codes(lengths: &[u8]) -> Vec<u32> {
    let mut next = [0_u32; 17];
    for length in 1..16 {
        let shorter = lengths.iter().filter(|one| usize::from(**one) == length).count() as u32;
        next[length + 1] = (next[length] + shorter) << 1;
    }
    let code = |length: &u8| match u32::from(*length) {
        0 => 0,
        bits => {
            let next = &mut next[usize::from(*length)];
            *next += 1;
            (*next - 1).reverse_bits() >> (32 - bits)
        }
    };
    lengths.iter().map(code).collect()
}

impl Heap<'_> {
    fn add(&mut self, symbol: usize) {
        self.length += 1;
        self.nodes[self.length] = symbol;
    }

    /// Joins the two rarest nodes until one is left. Answers the parent of each node.
    fn join(&mut self, symbols: usize) -> Vec<usize> {
        let mut parents = vec![0; 2 * symbols];
        for place in (1..=self.length / 2).rev() {
            self.sink(place);
        }
        let mut inner = symbols;
        loop {
            let rarest = self.nodes[1];
            self.nodes[1] = self.nodes[self.length];
            self.length -= 1;
            self.sink(1);
            let next = self.nodes[1];
            self.put_aside(rarest);
            self.put_aside(next);
            self.frequencies[inner] = self.frequencies[rarest] + self.frequencies[next];
            self.depths[inner] = self.depths[rarest].max(self.depths[next]) + 1;
            parents[rarest] = inner;
            parents[next] = inner;
            self.nodes[1] = inner;
            inner += 1;
            self.sink(1);
            if self.length < 2 {
                self.put_aside(self.nodes[1]);
                return parents;
            }
        }
    }

    fn put_aside(&mut self, node: usize) {
        self.joined -= 1;
        self.nodes[self.joined] = node;
    }

    fn sink(&mut self, mut place: usize) {
        let node = self.nodes[place];
        let mut below = 2 * place;
        while below <= self.length {
            if below < self.length && self.is_rarer(self.nodes[below + 1], self.nodes[below]) {
                below += 1;
            }
            if self.is_rarer(node, self.nodes[below]) {
                break;
            }
            self.nodes[place] = self.nodes[below];
            place = below;
            below *= 2;
        }
        self.nodes[place] = node;
    }

    fn is_rarer(&self, one: usize, other: usize) -> bool {
        (self.frequencies[one], self.depths[one]) <= (self.frequencies[other], self.depths[other])
    }
}

/// The length of each node's code, `nodes` being from the root down. Codes that would be too long are cut, and as many shorter
/// ones made longer as that takes.
fn limited(nodes: &[usize], parents: &[usize], last: usize, most: u8) -> Vec<u8> {
    let mut lengths = vec![0; parents.len()];
    let mut of_length = [0_usize; 16];
    let mut too_long = 0;
    for &node in &nodes[1..] {
        let deep = lengths[parents[node]] + 1;
        too_long += usize::from(deep > most);
        lengths[node] = deep.min(most);
        if node <= last {
            of_length[usize::from(lengths[node])] += 1;
        }
    }
    if too_long == 0 {
        return lengths;
    }
    let longest = usize::from(most);
    let mut left = too_long as i64;
    while left > 0 {
        let length = (1..longest).rev().find(|length| of_length[*length] > 0).unwrap_or(1);
        of_length[length] -= 1;
        of_length[length + 1] += 2;
        of_length[longest] -= 1;
        left -= 2;
    }
    // From the rarest on.
    let mut leaves = nodes.iter().rev().filter(|node| **node <= last);
    for length in (1..=most).rev() {
        for node in leaves.by_ref().take(of_length[usize::from(length)]) {
            lengths[*node] = length;
        }
    }
    lengths
}
