//! CBOR in the one form that is allowed here (RFC 8949 §4.2.1): what [`Reader`] accepts, [`Writer`] would write again.
//!
//! Out of scope: floating point, simple values, bignums, indefinite lengths. Our formats have none of them, so all are
//! refused by name.

mod error;
mod reader;
mod writer;

pub use error::CborError;
pub use reader::{Kind, MapKeys, Reader};
pub use writer::Writer;

/// Major types (RFC 8949 §3.1).
mod major {
    pub(super) const UINT: u8 = 0;
    pub(super) const NEGATIVE: u8 = 1;
    pub(super) const BYTES: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const ARRAY: u8 = 4;
    pub(super) const MAP: u8 = 5;
    pub(super) const TAG: u8 = 6;
}
