//! Why bytes are not the CBOR that was expected.

use super::Kind;

/// A fault at a byte offset of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// The input ends inside an item, or a length says more than is there.
    #[error("the input ends at byte {at}: an item needs {needed} bytes more than are there")]
    Truncated {
        /// Offset of the item's head or body.
        at: usize,
        /// How many bytes are missing, as far as the head tells.
        needed: u64,
    },
    /// Another kind of item was expected here.
    #[error("expected {expected} at byte {at}, got {got}")]
    Unexpected {
        /// Offset of the item.
        at: usize,
        /// What the format has here.
        expected: Kind,
        /// What came.
        got: Kind,
    },
    /// A length or number written longer than needed (RFC 8949 §4.2.1).
    #[error("the number at byte {at} is not in its shortest form")]
    NotShortest {
        /// Offset of the item.
        at: usize,
    },
    /// Reserved additional information 28 to 30, or an indefinite length.
    #[error("the item at byte {at} has an indefinite or reserved length")]
    Indefinite {
        /// Offset of the item.
        at: usize,
    },
    /// Map keys out of order.
    #[error("the map key at byte {at} is not in order")]
    KeyOrder {
        /// Offset of the key.
        at: usize,
    },
    /// The same map key twice.
    #[error("the map key at byte {at} stands there twice")]
    DuplicateKey {
        /// Offset of the second one.
        at: usize,
    },
    /// A number that does not fit into 64 bits with a sign.
    #[error("the number at byte {at} is out of range")]
    Range {
        /// Offset of the item.
        at: usize,
    },
    /// A text that is not UTF-8.
    #[error("the text at byte {at} is not UTF-8")]
    NotUtf8 {
        /// Offset of the item.
        at: usize,
    },
    /// More arrays, maps and tags inside one another than [`super::super::limits::NESTING`].
    #[error("the item at byte {at} is nested too deeply")]
    TooDeep {
        /// Offset of the item.
        at: usize,
    },
    /// An array or map with another number of elements than the format has.
    #[error("expected {expected} elements at byte {at}, got {got}")]
    Count {
        /// Offset of the array or map.
        at: usize,
        /// Elements it should have.
        expected: usize,
        /// Elements it says it has.
        got: usize,
    },
    /// Bytes behind the last item.
    #[error("{count} bytes stand behind the end, from byte {at}")]
    Trailing {
        /// Offset of the first.
        at: usize,
        /// How many.
        count: usize,
    },
}
