//! Bytes to structures and back: CBOR, envelope, payload, QR text, limits.
