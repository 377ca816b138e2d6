//! Entries, Merkle tree, checkpoints.
