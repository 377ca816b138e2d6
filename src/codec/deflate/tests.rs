use proptest::prelude::*;

use super::*;
use crate::codec::zlib::inflate;

fn check(bytes: &[u8]) -> usize {
    let stream = deflate_as_zlib_does(bytes);
    assert_eq!(inflate(&stream, bytes.len()).as_deref(), Ok(bytes));
    stream.len()
}

/// What Python's zlib answers for these at level 9: the empty stream, a literal, a copy, bytes that do not compress.
#[test]
fn short_streams_are_zlibs() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (bytes, expected) in [
        (&b""[..], "78da030000000001"),
        (b"a", "78da4b040000620062"),
        (b"abcabcabcabcabc", "78da4b4c4a4e4442002df505bf"),
    ] {
        assert_eq!(hex(&deflate_as_zlib_does(bytes)), expected);
    }
}

proptest! {
    #[test]
    fn what_is_deflated_inflates(bytes in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        check(&bytes);
    }

    #[test]
    fn so_does_what_repeats(
        words in proptest::collection::vec(proptest::collection::vec(0..4_u8, 0..40), 1..8),
        order in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let bytes: Vec<u8> = order.iter().flat_map(|pick| words[usize::from(*pick) % words.len()].clone()).collect();
        check(&bytes);
    }
}
