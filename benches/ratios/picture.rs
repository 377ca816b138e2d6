//! QR text to PNG bytes: ours beside the crates `qrcode` and `image`, at the same module size. Promised: at most 1/8 of
//! their time.

use std::hint::black_box;

use criterion::Criterion;
use elicense::render::{PictureLimits, QrSymbol, Style, read_qr};
use image::{ImageFormat, Luma};
use qrcode::{EcLevel, QrCode};

use crate::table::{Promise, Row};

/// Characters of the text of a business licence of about 15 fields: version 20.
const LENGTH: usize = 970;

const GROUP: &str = "QR text to PNG bytes";
const OURS: &str = "elicense";
const OTHERS: &str = "qrcode + image";

pub(crate) const ROWS: [Row; 1] =
    [Row { group: GROUP, ours: OURS, beside: OTHERS, promise: Promise::AtMost(0.125) }];

fn ours(text: &str) -> Vec<u8> {
    QrSymbol::of(text).unwrap().png(Style::default())
}

fn others(text: &str) -> Vec<u8> {
    let symbol = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
    let pixels = u32::from(Style::default().pixels());
    let picture = symbol.render::<Luma<u8>>().module_dimensions(pixels, pixels).build();
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// As random as compressed data looks in base45, and the same every time.
fn text() -> String {
    let characters = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let random = (0..LENGTH as u64).map(|at| {
        let mixed =
            (at + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        char::from(characters[(mixed >> 40) as usize % characters.len()])
    });
    "EL1:".chars().chain(random).take(LENGTH).collect()
}

pub(crate) fn measure(criterion: &mut Criterion) {
    let text = text();
    for picture in [ours(&text), others(&text)] {
        assert_eq!(read_qr(&picture, &PictureLimits::default()).as_ref(), Ok(&text));
        println!("a PNG file of {} bytes", picture.len());
    }
    let mut group = criterion.benchmark_group(GROUP);
    group.bench_function(OURS, |bencher| bencher.iter(|| ours(black_box(&text))));
    group.bench_function(OTHERS, |bencher| bencher.iter(|| others(black_box(&text))));
    group.bench_function("elicense, the symbol alone", |bencher| {
        bencher.iter(|| QrSymbol::of(black_box(&text)));
    });
    group.finish();
}
