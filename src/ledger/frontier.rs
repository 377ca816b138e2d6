//! The growing edge of an RFC 6962 Merkle tree: enough to append and to know the root, in 64 hashes at most.

use crate::crypto::Digest;

/// Hash of a leaf: SHA-256(00 ‖ data) (RFC 6962 §2.1). The ledger's leaf data are the 32 bytes of a record.
pub fn leaf_hash(data: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], data])
}

/// Hash of an inner node: SHA-256(01 ‖ left ‖ right) (RFC 6962 §2.1).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The roots of the perfect subtrees a tree of `size` leaves falls into, largest first: one for each 1 bit of `size`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

impl Frontier {
    /// The tree of no leaves.
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// Leaves so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash ([`leaf_hash`]).
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        // Each trailing 1 bit of the size is a perfect subtree that the new leaf completes to one twice as large.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Merkle tree hash of all leaves (RFC 6962 §2.1); SHA-256 of nothing for the empty tree.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let Some(smallest) = peaks.next() else {
            return Digest::of(b"");
        };
        peaks.fold(*smallest, |right, left| node_hash(left, &right))
    }

    /// The stored form: the peaks, 32 bytes each. The size is stored by whoever stores this.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.peaks.iter().flat_map(|peak| *peak.as_bytes()).collect()
    }

    /// Reads [`Frontier::to_bytes`] of a tree of `size` leaves; `None` where the length does not fit the size.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (peaks, rest) = bytes.as_chunks::<32>();
        let count = usize::try_from(size.count_ones()).ok()?;
        (rest.is_empty() && peaks.len() == count)
            .then(|| Self { size, peaks: peaks.iter().copied().map(Digest::from_bytes).collect() })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 6962 §2.1 word for word, to compare with.
    pub(crate) fn naive_root(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::of(b""),
            [leaf] => *leaf,
            _ => {
                let split = (leaves.len().next_power_of_two() / 2).max(1);
                let (left, right) = leaves.split_at(split);
                node_hash(&naive_root(left), &naive_root(right))
            }
        }
    }

    /// The eight leaves and roots that the Certificate Transparency implementations are tested with.
    pub(crate) const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    pub(crate) const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_of_the_certificate_transparency_vectors() {
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root().to_string(), ROOTS[0]);
        for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            frontier.push(leaf_hash(leaf));
            assert_eq!(frontier.root().to_string(), *root);
        }
    }

    #[test]
    fn stored_form_must_fit_the_size() {
        let mut frontier = Frontier::new();
        for leaf in LEAVES.iter().take(7) {
            frontier.push(leaf_hash(leaf));
        }
        let bytes = frontier.to_bytes();
        assert_eq!(Frontier::from_bytes(7, &bytes), Some(frontier));
        assert_eq!(Frontier::from_bytes(6, &bytes), None);
        assert_eq!(Frontier::from_bytes(7, &bytes[1..]), None);
        assert_eq!(Frontier::from_bytes(0, &[]), Some(Frontier::new()));
    }

    proptest! {
        #[test]
        fn equals_the_definition_at_every_size(size in 0_u32..300) {
            let leaves: Vec<Digest> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
            let mut frontier = Frontier::new();
            for (n, leaf) in leaves.iter().enumerate() {
                frontier.push(*leaf);
                prop_assert_eq!(frontier.root(), naive_root(&leaves[..=n]));
                prop_assert_eq!(Frontier::from_bytes(frontier.size(), &frontier.to_bytes()), Some(frontier.clone()));
            }
        }
    }
}
