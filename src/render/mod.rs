//! QR pictures: draw them, read them.
