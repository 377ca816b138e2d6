//! zlib (RFC 1950) with a cap: one stream, nothing behind it, and never more memory than the cap allows.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// A stream that is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZlibError {
    /// Not zlib: another container, a preset dictionary, a bad block or a wrong checksum.
    #[error("the zlib stream is damaged or of another kind")]
    Damaged,
    /// It ends before its checksum.
    #[error("the zlib stream is cut short")]
    Truncated,
    /// It would inflate to more than the cap.
    #[error("the zlib stream inflates to more than {most} bytes")]
    TooLarge {
        /// The cap.
        most: usize,
    },
    /// Bytes behind the checksum, a second stream among them.
    #[error("{count} bytes stand behind the zlib stream")]
    Trailing {
        /// How many.
        count: usize,
    },
}

/// Deflates as small as it gets: what is drawn is drawn once and scanned often.
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    DEFLATER.with_borrow_mut(|compress| deflate_with(compress, bytes))
}

fn deflate_with(compress: &mut Compress, bytes: &[u8]) -> Vec<u8> {
    compress.reset();
    // Deflate's stored blocks bound the growth: 5 bytes a block of 16 KiB, and 6 for the container.
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 1_000 + 64);
    loop {
        let read = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let rest = bytes.get(read..).unwrap_or_default();
        match compress.compress_vec(rest, &mut out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) | Err(_) => return out, // compressing from memory has no error to give
            Ok(_) => out.reserve(bytes.len().max(64)),
        }
    }
}

/// Inflates one stream to at most `most` bytes.
pub fn inflate(stream: &[u8], most: usize) -> Result<Vec<u8>, ZlibError> {
    INFLATER.with_borrow_mut(|decompress| inflate_with(decompress, stream, most))
}

thread_local! {
    /// Kept, since making one costs a good part of what a licence's few hundred bytes take. Reset before each use, they
    /// carry nothing from one stream to the next.
    static DEFLATER: RefCell<Compress> = RefCell::new(Compress::new(Compression::best(), true));
    static INFLATER: RefCell<Decompress> = RefCell::new(Decompress::new(true));
}

fn inflate_with(decompress: &mut Decompress, stream: &[u8], most: usize) -> Result<Vec<u8>, ZlibError> {
    decompress.reset(true);
    // One byte more than the cap tells "exactly at it" from "beyond it".
    let mut out = Vec::with_capacity(stream.len().saturating_mul(3).min(most.saturating_add(1)));
    loop {
        let read = usize::try_from(decompress.total_in()).unwrap_or(usize::MAX);
        let rest = stream.get(read..).unwrap_or_default();
        let status = decompress
            .decompress_vec(rest, &mut out, FlushDecompress::None)
            .map_err(|_| ZlibError::Damaged)?;
        let left = stream.len() - usize::try_from(decompress.total_in()).unwrap_or(stream.len());
        match status {
            _ if out.len() > most => return Err(ZlibError::TooLarge { most }),
            Status::StreamEnd if left == 0 => return Ok(out),
            Status::StreamEnd => return Err(ZlibError::Trailing { count: left }),
            Status::Ok | Status::BufError if out.len() == out.capacity() => {
                out.reserve_exact(out.capacity().max(64).min(most + 1 - out.len()));
            }
            Status::Ok if left > 0 => {}
            Status::Ok | Status::BufError => return Err(ZlibError::Truncated),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bombs_stop_at_the_cap() {
        let bomb = deflate(&vec![0; 8 * 1024 * 1024]);
        assert!(bomb.len() < 10_000);
        assert_eq!(inflate(&bomb, 16_384), Err(ZlibError::TooLarge { most: 16_384 }));
        assert_eq!(inflate(&deflate(&[0; 16_385]), 16_384), Err(ZlibError::TooLarge { most: 16_384 }));
        assert_eq!(inflate(&deflate(&[0; 16_384]), 16_384).unwrap().len(), 16_384);
    }

    #[test]
    fn only_one_whole_stream_is_accepted() {
        let good = deflate(b"electronic certificate, electronic certificate");
        assert!(inflate(&good, 100).is_ok());
        assert_eq!(inflate(&[&good[..], b"\0"].concat(), 100), Err(ZlibError::Trailing { count: 1 }));
        let twice = [&good[..], &good[..]].concat();
        assert_eq!(inflate(&twice, 100), Err(ZlibError::Trailing { count: good.len() }));
        for length in 0..good.len() {
            assert_eq!(inflate(&good[..length], 100), Err(ZlibError::Truncated), "{length} bytes of it");
        }
        let mut wrong_sum = good.clone();
        *wrong_sum.last_mut().unwrap() ^= 1;
        assert_eq!(inflate(&wrong_sum, 100), Err(ZlibError::Damaged));
        let raw = &good[2..good.len() - 4];
        assert_eq!(inflate(raw, 100), Err(ZlibError::Damaged), "raw deflate");
        assert_eq!(
            inflate(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0", 100),
            Err(ZlibError::Damaged),
            "gzip"
        );
        let dictionary = [&b"\x78\xbb\0\0\0\0"[..], &good[2..]].concat();
        assert!(inflate(&dictionary, 100).is_err(), "preset dictionary");
    }

    proptest! {
        #[test]
        fn what_is_deflated_inflates(bytes in proptest::collection::vec(any::<u8>(), 0..3_000)) {
            prop_assert_eq!(inflate(&deflate(&bytes), 3_000).unwrap(), bytes);
        }

        #[test]
        fn no_stream_panics_or_grows(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(out) = inflate(&bytes, 1_000) {
                prop_assert!(out.len() <= 1_000);
            }
        }
    }
}
