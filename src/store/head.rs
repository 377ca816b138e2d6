//! The ledger in a few hundred bytes: how many entries, the hash chain and the Merkle tree's edge after the last.

use super::engine::SealedEntry;
use crate::crypto::Digest;
use crate::ledger::{Frontier, leaf_hash};

/// Where the ledger stands after some entry. Two ledgers with equal heads hold the same sealed entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    chain: Digest,
    frontier: Frontier,
}

impl Head {
    /// Before the first entry: chain of 32 zero bytes, empty tree.
    pub const fn empty() -> Self {
        Self { chain: Digest::from_bytes([0; 32]), frontier: Frontier::new() }
    }

    /// Entries so far; also the position of the next one.
    pub const fn entries(&self) -> u64 {
        self.frontier.size()
    }

    /// Hash chain over the sealed entries (STORE.md §1).
    pub const fn chain(&self) -> Digest {
        self.chain
    }

    /// Merkle root over the records.
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }

    /// Goes on by one entry.
    pub fn advance(&mut self, entry: &SealedEntry) {
        self.chain = Digest::of_parts(&[
            self.chain.as_bytes(),
            &self.entries().to_be_bytes(),
            &[entry.kind],
            entry.record.as_bytes(),
            &entry.nonce,
            &entry.sealed,
        ]);
        self.frontier.push(leaf_hash(entry.record.as_bytes()));
    }

    /// The stored form (STORE.md §3, `!applied`): entries (8) ‖ chain (32) ‖ frontier (32 each).
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.entries().to_be_bytes()[..], self.chain.as_bytes(), &self.frontier.to_bytes()].concat()
    }

    /// Reads [`Head::to_bytes`]; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (entries, rest) = bytes.split_first_chunk::<8>()?;
        let (chain, frontier) = rest.split_first_chunk::<32>()?;
        let frontier = Frontier::from_bytes(u64::from_be_bytes(*entries), frontier)?;
        Some(Self { chain: Digest::from_bytes(*chain), frontier })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u8) -> SealedEntry {
        SealedEntry { kind: 6, record: Digest::of(&[n]), nonce: [n; 12], sealed: vec![n; 20] }
    }

    #[test]
    fn chain_is_the_one_of_the_page() {
        let mut head = Head::empty();
        head.advance(&entry(1));
        let body = [&[0; 8][..], &[6], Digest::of(&[1]).as_bytes(), &[1; 12], &[1; 20]].concat();
        assert_eq!(head.chain(), Digest::of(&[&[0; 32][..], &body].concat()));
        assert_eq!(head.root(), leaf_hash(Digest::of(&[1]).as_bytes()));
    }

    #[test]
    fn stored_form_reads_back() {
        let mut head = Head::empty();
        for n in 0..11 {
            let bytes = head.to_bytes();
            assert_eq!(Head::from_bytes(&bytes), Some(head.clone()));
            assert_eq!(Head::from_bytes(&bytes[1..]), None);
            head.advance(&entry(n));
        }
    }

    #[test]
    fn every_part_of_an_entry_counts() {
        let chain = |entry: &SealedEntry| {
            let mut head = Head::empty();
            head.advance(entry);
            head.chain()
        };
        let good = chain(&entry(1));
        assert_ne!(good, chain(&SealedEntry { kind: 7, ..entry(1) }));
        assert_ne!(good, chain(&SealedEntry { record: Digest::of(b""), ..entry(1) }));
        assert_ne!(good, chain(&SealedEntry { nonce: [0; 12], ..entry(1) }));
        assert_ne!(good, chain(&SealedEntry { sealed: vec![1; 21], ..entry(1) }));
    }
}
