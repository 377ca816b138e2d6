//! Algorithms, digests, keys, sealing, and the one to-be-signed function.
