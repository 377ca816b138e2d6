//! Every limit of the formats in one place (FORMAT.md §7).

/// Characters of a QR text: what the largest QR symbol holds in alphanumeric mode at its lowest error correction
/// (ISO/IEC 18004, version 40-L).
pub const QR_TEXT: usize = 4_296;
/// Bytes that a QR text may inflate to. The largest sample's envelope is under 1,500; a bomb stops here.
pub const QR_ENVELOPE: usize = 16 * 1024;
/// Bytes of a licence's envelope in the file form, certificates included.
pub const ENVELOPE: usize = 64 * 1024;
/// Bytes of a trust list's envelope: 1,000 certificates of 4,000 bytes; most have under 1,000.
pub const TRUST_LIST: usize = 4 * 1024 * 1024;
/// Bytes of a status list in either form: 2^20 entries that do not compress are 256 KiB, in the JWT form 16/9 of that.
pub const STATUS_LIST: usize = 512 * 1024;
/// Bytes of one certificate's DER; a department's 200 type codes take 4,600 of them.
pub const CERTIFICATE: usize = 8_192;
/// Certificates in `x5chain`.
pub const CHAIN: usize = 4;
/// CBOR arrays, maps and tags inside one another.
pub const NESTING: usize = 16;
