//! Inclusion and consistency proofs over the Merkle tree: made as RFC 6962 §2.1, checked as RFC 9162 §2.1.
//!
//! Makers take a function from position to leaf hash, so that it is the caller's affair where the leaves lie. They
//! hash every leaf of the tree once; a service that gives many proofs keeps inner nodes of its own.

use super::frontier::{Frontier, node_hash};
use crate::crypto::Digest;

/// A proof that does not prove what it was brought for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no such leaf in a tree of that size.
    #[error("entry {index} is not in a tree of {size} entries")]
    Index {
        /// Position asked about.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// A tree does not become smaller.
    #[error("a tree of {old} entries cannot have grown to {new}")]
    Sizes {
        /// Leaves in the earlier tree.
        old: u64,
        /// Leaves in the later tree.
        new: u64,
    },
    /// The number of hashes does not fit index and size.
    #[error("the proof has {got} hashes, which is not what the tree's size asks for")]
    Length {
        /// Hashes in the proof.
        got: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to root {computed}, expected {expected}")]
    Root {
        /// The root that was to be proved.
        expected: Digest,
        /// Where the hashes lead.
        computed: Digest,
    },
}

/// The audit path of leaf `index` in the tree of the first `size` leaves. `None` where `index` is outside or `leaf`
/// does not know a leaf.
pub fn inclusion_proof(
    mut leaf: impl FnMut(u64) -> Option<Digest>,
    index: u64,
    size: u64,
) -> Option<Vec<Digest>> {
    if index >= size {
        return None;
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range_root(&mut leaf, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(&mut leaf, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// The proof that the tree of the first `old` leaves is the beginning of the tree of the first `new`. Empty where `old`
/// is 0 or equal to `new`; `None` where `old` is larger or `leaf` does not know a leaf.
pub fn consistency_proof(
    mut leaf: impl FnMut(u64) -> Option<Digest>,
    old: u64,
    new: u64,
) -> Option<Vec<Digest>> {
    if old > new {
        return None;
    }
    let (mut start, mut end) = (0, new);
    let mut path = Vec::new();
    while old != 0 && old != end {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range_root(&mut leaf, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(&mut leaf, start, middle)?);
            start = middle;
        }
    }
    // The subtree that ends where the old tree ends is known to the verifier only if it is the whole old tree.
    if start != 0 {
        path.push(range_root(&mut leaf, start, end)?);
    }
    path.reverse();
    Some(path)
}

/// Verifies that the leaf with hash `leaf` is at `index` of the tree of `size` leaves with this `root`
/// (RFC 9162 §2.1.3.2).
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    expect_root(root, inclusion_root(leaf, index, size, path)?)
}

/// The root to which an audit path leads (RFC 9162 §2.1.3.2).
pub fn inclusion_root(leaf: &Digest, index: u64, size: u64, path: &[Digest]) -> Result<Digest, ProofError> {
    let Some(last) = size.checked_sub(1).filter(|last| index <= *last) else {
        return Err(ProofError::Index { index, size });
    };
    let mut walk = Walk { node: index, last };
    let mut root = *leaf;
    for hash in path {
        root = match walk.up() {
            Some(Side::Left) => node_hash(hash, &root),
            Some(Side::Right) => node_hash(&root, hash),
            None => return Err(ProofError::Length { got: path.len() }),
        };
    }
    if walk.last != 0 {
        return Err(ProofError::Length { got: path.len() });
    }
    Ok(root)
}

/// Verifies that the tree of `old.0` leaves with root `old.1` is the beginning of the tree of `new.0` leaves with root
/// `new.1` (RFC 9162 §2.1.4.2).
pub fn verify_consistency(old: (u64, Digest), new: (u64, Digest), path: &[Digest]) -> Result<(), ProofError> {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    let length = ProofError::Length { got: path.len() };
    if old_size > new_size {
        return Err(ProofError::Sizes { old: old_size, new: new_size });
    }
    if old_size == 0 || old_size == new_size {
        let expected = if old_size == 0 { Digest::of(b"") } else { new_root };
        return if path.is_empty() { expect_root(&old_root, expected) } else { Err(length) };
    }
    let (seed, rest) = if old_size.is_power_of_two() {
        (old_root, path)
    } else {
        let (first, rest) = path.split_first().ok_or(length)?;
        (*first, rest)
    };
    let mut walk = Walk { node: old_size - 1, last: new_size - 1 };
    walk.skip(walk.node.trailing_ones());
    let (mut old_walked, mut new_walked) = (seed, seed);
    for hash in rest {
        match walk.up() {
            Some(Side::Left) => {
                old_walked = node_hash(hash, &old_walked);
                new_walked = node_hash(hash, &new_walked);
            }
            Some(Side::Right) => new_walked = node_hash(&new_walked, hash),
            None => return Err(length),
        }
    }
    if walk.last != 0 {
        return Err(length);
    }
    expect_root(&old_root, old_walked)?;
    expect_root(&new_root, new_walked)
}

fn expect_root(expected: &Digest, computed: Digest) -> Result<(), ProofError> {
    if *expected == computed { Ok(()) } else { Err(ProofError::Root { expected: *expected, computed }) }
}

/// Where a proof's walk from a leaf to the root stands: a node's index in its level and the last index there.
struct Walk {
    node: u64,
    last: u64,
}

/// On which side of the walked node the proof's next hash goes.
enum Side {
    Left,
    Right,
}

impl Walk {
    /// One hash up; `None` at the root.
    fn up(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            // A last node without a sibling is lifted until it has one.
            let lift = self.node.trailing_zeros();
            self.skip(if self.node == 0 { 0 } else { lift });
            Side::Left
        } else {
            Side::Right
        };
        self.skip(1);
        Some(side)
    }

    fn skip(&mut self, levels: u32) {
        self.node = self.node.checked_shr(levels).unwrap_or(0);
        self.last = self.last.checked_shr(levels).unwrap_or(0);
    }
}

/// The largest power of two below `size`, which is 2 or more.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

fn range_root(leaf: &mut impl FnMut(u64) -> Option<Digest>, start: u64, end: u64) -> Option<Digest> {
    let mut frontier = Frontier::new();
    for index in start..end {
        frontier.push(leaf(index)?);
    }
    Some(frontier.root())
}

#[cfg(test)]
mod tests {
    use super::super::frontier::tests::{LEAVES, ROOTS, naive_root};
    use super::super::leaf_hash;
    use super::*;
    use proptest::prelude::*;

    fn leaves(size: u64) -> Vec<Digest> {
        (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    fn at(leaves: &[Digest]) -> impl FnMut(u64) -> Option<Digest> + '_ {
        |index| leaves.get(usize::try_from(index).ok()?).copied()
    }

    fn hex(hashes: &[Digest]) -> Vec<String> {
        hashes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn proofs_of_the_certificate_transparency_vectors() {
        let leaves: Vec<Digest> = LEAVES.iter().map(|leaf| leaf_hash(leaf)).collect();
        assert_eq!(
            hex(&inclusion_proof(at(&leaves), 0, 8).unwrap()),
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        );
        assert_eq!(
            hex(&inclusion_proof(at(&leaves), 1, 5).unwrap()),
            [
                ROOTS[1],
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ]
        );
        assert_eq!(
            hex(&consistency_proof(at(&leaves), 2, 5).unwrap()),
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ]
        );
        assert_eq!(consistency_proof(at(&leaves), 6, 8).unwrap().len(), 3);
    }

    #[test]
    fn every_proof_of_every_small_tree_verifies_and_no_other() {
        let leaves = leaves(34);
        for size in 0..=34_u64 {
            let root = naive_root(&leaves[..usize::try_from(size).unwrap()]);
            assert_eq!(inclusion_proof(at(&leaves), size, size), None);
            for index in 0..size {
                let path = inclusion_proof(at(&leaves), index, size).unwrap();
                let leaf = leaves[usize::try_from(index).unwrap()];
                assert_eq!(verify_inclusion(&leaf, index, size, &path, &root), Ok(()));
                for other in (0..size).filter(|other| *other != index) {
                    assert!(verify_inclusion(&leaf, other, size, &path, &root).is_err(), "{index} {other}");
                }
                assert!(verify_inclusion(&root, index, size, &path, &root).is_err() || size == 1);
            }
            for old in 0..=size {
                let old_root = naive_root(&leaves[..usize::try_from(old).unwrap()]);
                let path = consistency_proof(at(&leaves), old, size).unwrap();
                assert_eq!(verify_consistency((old, old_root), (size, root), &path), Ok(()), "{old} {size}");
                let wrong = Digest::of(b"another root");
                assert!(verify_consistency((old, wrong), (size, root), &path).is_err());
                assert!(verify_consistency((old, old_root), (size, wrong), &path).is_err() || old == 0);
            }
        }
    }

    #[test]
    fn impossible_questions_are_refused() {
        let root = Digest::of(b"");
        assert_eq!(verify_inclusion(&root, 0, 0, &[], &root), Err(ProofError::Index { index: 0, size: 0 }));
        assert_eq!(verify_inclusion(&root, 3, 3, &[], &root), Err(ProofError::Index { index: 3, size: 3 }));
        assert_eq!(verify_consistency((2, root), (1, root), &[]), Err(ProofError::Sizes { old: 2, new: 1 }));
        assert_eq!(verify_consistency((3, root), (7, root), &[]), Err(ProofError::Length { got: 0 }));
        assert_eq!(
            verify_inclusion(&root, u64::MAX - 1, u64::MAX, &[root; 70], &root),
            Err(ProofError::Length { got: 70 })
        );
        assert_eq!(consistency_proof(|_| Some(root), 2, 1), None);
        assert_eq!(inclusion_proof(|_| None, 0, 2), None);
    }

    proptest! {
        #[test]
        fn a_changed_proof_is_refused(size in 2_u64..200, pick: prop::sample::Index, bit in 0_usize..256) {
            let leaves = leaves(size);
            let root = naive_root(&leaves);
            let index = u64::try_from(pick.index(leaves.len())).unwrap();
            let leaf = leaves[pick.index(leaves.len())];
            let path = inclusion_proof(at(&leaves), index, size).unwrap();
            let mut longer = path.clone();
            longer.push(root);
            prop_assert!(verify_inclusion(&leaf, index, size, &longer, &root).is_err());
            prop_assert!(verify_inclusion(&leaf, index, size, &path[1..], &root).is_err());
            let mut changed = path.clone();
            let at = pick.index(path.len());
            let mut bytes = *changed[at].as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            changed[at] = Digest::from_bytes(bytes);
            prop_assert!(verify_inclusion(&leaf, index, size, &changed, &root).is_err());
        }

        #[test]
        fn a_changed_consistency_proof_is_refused(new in 2_u64..200, pick: prop::sample::Index, bit in 0_usize..256) {
            let leaves = leaves(new);
            let old = u64::try_from(pick.index(leaves.len() - 1)).unwrap() + 1;
            let before = (old, naive_root(&leaves[..usize::try_from(old).unwrap()]));
            let after = (new, naive_root(&leaves));
            let path = consistency_proof(at(&leaves), old, new).unwrap();
            prop_assert!(verify_consistency(before, after, &path[1..]).is_err());
            let mut changed = path.clone();
            let at = pick.index(path.len());
            let mut bytes = *changed[at].as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            changed[at] = Digest::from_bytes(bytes);
            prop_assert!(verify_consistency(before, after, &changed).is_err());
        }
    }
}
