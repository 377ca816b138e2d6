//! The draft's own vectors, byte for byte, and what holds for every list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;

/// A list of 2^20 entries that are 0 but for these, and its `lst`: section "Test vectors for Status List encoding".
struct Vector {
    width: EntryBits,
    entries: &'static [(u32, u8)],
    lst: &'static str,
}

const VECTORS: [Vector; 3] = [
    Vector {
        width: EntryBits::One,
        entries: &[
            (0, 0b1),
            (1993, 0b1),
            (25460, 0b1),
            (159495, 0b1),
            (495669, 0b1),
            (554353, 0b1),
            (645645, 0b1),
            (723232, 0b1),
            (854545, 0b1),
            (934534, 0b1),
            (1000345, 0b1),
        ],
        lst: "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAAA7KpLAAAAAAAAAAAAAAAAAAAA\
    AJsLCQAAAAAAAAAAADjelAAAAAAAAAAAKjDMAQAAAACAZC8L2AEb",
    },
    Vector {
        width: EntryBits::Two,
        entries: &[
            (0, 0b01),
            (1993, 0b10),
            (25460, 0b01),
            (159495, 0b11),
            (495669, 0b01),
            (554353, 0b01),
            (645645, 0b10),
            (723232, 0b01),
            (854545, 0b01),
            (934534, 0b10),
            (1000345, 0b11),
        ],
        lst: "eNrt2zENACEQAEEuoaBABP5VIO01fCjIHTMStt9ovGVIAAAAAABAbiEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEB5\
    WwIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAID0ugQAAAAAAAAAAAAAAAAAQG12SgAAAAAAAAAAAAAAAAAAAAAAAAAAAOCSIQEAAAAAAAAAAAAAAAAAAAAAAAD8ExIA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwJEuAQAAAAAAAAAAAAAAAAAAAAAAAMB9SwIAAAAAAAAAAAAAAAAAAACoYUoA\
    AAAAAAAAAAAAAEBqH81gAQw",
    },
    Vector {
        width: EntryBits::Four,
        entries: &[
            (0, 0b0001),
            (1993, 0b0010),
            (35460, 0b0011),
            (459495, 0b0100),
            (595669, 0b0101),
            (754353, 0b0110),
            (845645, 0b0111),
            (923232, 0b1000),
            (924445, 0b1001),
            (934534, 0b1010),
            (1004534, 0b1011),
            (1000345, 0b1100),
            (1030203, 0b1101),
            (1030204, 0b1110),
            (1030205, 0b1111),
        ],
        lst: "eNrt0EENgDAQADAIHwImkIIEJEwCUpCEBBQRHOy35Li1EjoOQGabAgAAAAAAAAAAAAAAAAAAACC1SQEAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABADrsCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADoxaEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIIoCgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAACArpwKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGhqVkAzlwIAAAAAiGVRAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAABx3AoAgLpVAQAAAAAAAAAAAAAAwM89rwMAAAAAAAAAAAjsA9xMBMA",
    },
];

fn zeros(width: EntryBits) -> StatusBits {
    StatusBits::from_bytes(width, vec![0; usize::from(width.count()) << 17])
}

#[test]
fn the_drafts_vectors_encode_and_decode_byte_for_byte() {
    for Vector { width, entries, lst } in VECTORS {
        let mut bits = zeros(width);
        assert_eq!(bits.entries(), 1 << 20);
        for (index, value) in entries {
            assert_eq!(bits.set(*index, *value), Ok(Change::Made));
        }
        assert_eq!(URL_SAFE_NO_PAD.encode(bits.compress()), lst, "{width:?}");
        let compressed = URL_SAFE_NO_PAD.decode(lst).unwrap();
        assert_eq!(StatusBits::decompress(width, &compressed, bits.as_bytes().len()), Ok(bits));
    }
}

/// Section 4.1 and 4.2: twelve and sixteen entries written out.
#[test]
fn the_drafts_short_examples_read_as_it_says() {
    for (width, bytes, entries, lst) in [
        (
            EntryBits::One,
            vec![0xb9, 0xa3],
            &[1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1][..],
            "eNrbuRgAAhcBXQ",
        ),
        (EntryBits::Two, vec![0xc9, 0x44, 0xf9], &[1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3], "eNo76fITAAPfAgc"),
    ] {
        let bits = StatusBits::from_bytes(width, bytes);
        let read: Vec<_> = (0..).map_while(|index| bits.get(index)).collect();
        assert_eq!(read, entries);
        assert_eq!(URL_SAFE_NO_PAD.encode(bits.compress()), lst);
        assert_eq!(StatusBits::decompress(width, &bits.compress(), bits.as_bytes().len()), Ok(bits));
    }
}

#[test]
fn only_the_exact_size_is_a_list() {
    let full = StatusBits::all_good();
    assert_eq!((full.entries(), full.as_bytes().len()), (u64::from(LIST_ENTRIES), LIST_BYTES));
    let of = |bytes| StatusBits::from_bytes(EntryBits::Two, vec![0; bytes]).compress();
    let read = |lst: &[u8]| StatusBits::decompress(EntryBits::Two, lst, LIST_BYTES);
    assert_eq!(read(&of(LIST_BYTES)), Ok(full));
    let short = BitsError::Length { expected: LIST_BYTES, got: LIST_BYTES - 1 };
    assert_eq!(read(&of(LIST_BYTES - 1)), Err(short));
    let bomb = BitsError::Zlib(ZlibError::TooLarge { most: LIST_BYTES });
    assert_eq!(read(&of(LIST_BYTES + 1)), Err(bomb));
    assert_eq!(read(&of(64 << 20)), Err(bomb));
}

#[test]
fn no_index_and_no_value_is_out_of_range() {
    let mut bits = StatusBits::all_good();
    assert_eq!(bits.get(LIST_ENTRIES - 1), Some(0));
    assert_eq!(bits.get(LIST_ENTRIES), None);
    assert_eq!(bits.get(u32::MAX), None);
    let entries = u64::from(LIST_ENTRIES);
    assert_eq!(bits.set(LIST_ENTRIES, 1), Err(BitsError::Index { entries, got: LIST_ENTRIES }));
    assert_eq!(bits.set(0, 4), Err(BitsError::Value { most: 3, got: 4 }));
    assert_eq!(bits, StatusBits::all_good());
    for count in [0, 3, 5, 16, u64::MAX] {
        assert_eq!(EntryBits::from_count(count), None);
    }
}

fn widths() -> impl Strategy<Value = EntryBits> {
    proptest::sample::select(EntryBits::ALL.to_vec())
}

proptest! {
    /// Against the plainest of models: one byte an entry.
    #[test]
    fn what_is_set_is_got_and_nothing_else_moves(
        width in widths(),
        sets in proptest::collection::vec((0..64_u32, any::<u8>()), 0..100),
    ) {
        let mut bits = StatusBits::from_bytes(width, vec![0; 8 * usize::from(width.count())]);
        let mut model = [0; 64];
        for (index, value) in sets {
            let value = value & width.largest();
            let place = &mut model[usize::try_from(index).unwrap()];
            let expected = if *place == value { Change::None } else { Change::Made };
            prop_assert_eq!(bits.set(index, value), Ok(expected));
            *place = value;
        }
        let read: Vec<u8> = (0..).map_while(|index| bits.get(index)).collect();
        prop_assert_eq!(&read, &model);
        prop_assert_eq!(StatusBits::decompress(width, &bits.compress(), bits.as_bytes().len()), Ok(bits));
    }

    #[test]
    fn no_bytes_panic(width in widths(), lst in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = StatusBits::decompress(width, &lst, 1_000);
    }
}
