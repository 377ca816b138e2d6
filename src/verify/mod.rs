//! Bytes + trust + standing + time → verdict. No I/O, no clock.
