//! Every picture we draw is read by two readers that are not ours, each alone: as drawn, rotated by 7°, as JPEG of
//! quality 40, and scaled to 60 %.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use elicense::render::{PictureLimits, QrSymbol, Style, read_qr};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use rxing::BarcodeFormat;

/// Up to the longest text that version 25 holds.
const LENGTHS: [usize; 9] = [20, 90, 250, 480, 700, 970, 1150, 1300, 1451];

type Treatment = (&'static str, fn(&GrayImage) -> GrayImage);

/// What happens to a picture between a printer and a reader.
const TREATMENTS: [Treatment; 4] = [
    ("as drawn", GrayImage::clone),
    ("rotated by 7°", rotated),
    ("JPEG of quality 40", through_jpeg),
    ("scaled to 60 %", scaled),
];

/// Two of them at once. The crate `rqrr` is not asked to read these: it extends the perspective of one finder pattern
/// over the whole symbol, so that an edge misjudged by one pixel makes it miss a large symbol.
const DOUBLE_TREATMENTS: [Treatment; 3] = [
    ("scaled to 60 %, JPEG of quality 40", |picture| through_jpeg(&scaled(picture))),
    ("rotated by 7°, JPEG of quality 40", |picture| through_jpeg(&rotated(picture))),
    ("rotated by 7°, scaled to 60 %", |picture| scaled(&rotated(picture))),
];

#[test]
fn rxing_alone_reads_every_picture() {
    assert_all_read("rxing", by_rxing, &TREATMENTS);
    assert_all_read("rxing", by_rxing, &DOUBLE_TREATMENTS);
}

#[test]
fn rqrr_alone_reads_every_picture() {
    assert_all_read("rqrr", by_rqrr, &TREATMENTS);
}

#[test]
fn our_reader_reads_every_picture() {
    assert_all_read("read_qr", by_ours, &TREATMENTS);
    assert_all_read("read_qr", by_ours, &DOUBLE_TREATMENTS);
}

#[test]
fn the_reader_of_this_test_does_not_read_an_empty_picture() {
    let white = GrayImage::from_pixel(500, 500, Luma([255]));
    assert_eq!(by_rxing(&white), None);
    assert_eq!(by_rqrr(&white), None);
}

fn assert_all_read(reader: &str, read: fn(&GrayImage) -> Option<String>, treatments: &[Treatment]) {
    let mut unread = Vec::new();
    for length in LENGTHS {
        let text = text_of(length);
        let symbol = QrSymbol::of(&text).unwrap();
        assert!(symbol.version() <= 25);
        let picture = image::load_from_memory(&symbol.png(Style::default())).unwrap().into_luma8();
        for (name, treat) in treatments {
            if read(&treat(&picture)).as_ref() != Some(&text) {
                unread.push(format!("{length} characters, version {}, {name}", symbol.version()));
            }
        }
    }
    assert!(unread.is_empty(), "{reader} does not read:\n{}", unread.join("\n"));
}

/// As random as compressed data looks in base45, and the same every time.
fn text_of(length: usize) -> String {
    let mut state = 0x2545_F491_4F6C_DD1D_u64 ^ u64::try_from(length).unwrap();
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let characters = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
        char::from(characters[usize::try_from(state >> 33).unwrap() % characters.len()])
    };
    "EL1:".chars().chain(std::iter::from_fn(|| Some(next()))).take(length).collect()
}

fn by_ours(picture: &GrayImage) -> Option<String> {
    read_qr(&png(picture), &PictureLimits::default()).ok()
}

fn by_rxing(picture: &GrayImage) -> Option<String> {
    let (width, height) = picture.dimensions();
    let format = Some(BarcodeFormat::QR_CODE);
    let found = rxing::helpers::detect_in_luma(picture.as_raw().clone(), width, height, format).ok()?;
    Some(found.getText().to_owned())
}

fn by_rqrr(picture: &GrayImage) -> Option<String> {
    let side = |length: u32| usize::try_from(length).unwrap();
    let at = |x: usize, y: usize| picture.as_raw()[y * side(picture.width()) + x];
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(side(picture.width()), side(picture.height()), at);
    prepared.detect_grids().into_iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}

fn png(picture: &GrayImage) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner()
}

fn through_jpeg(picture: &GrayImage) -> GrayImage {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 40).encode_image(picture).unwrap();
    image::load_from_memory(&file).unwrap().into_luma8()
}

fn scaled(picture: &GrayImage) -> GrayImage {
    let sixty_percent = |length: u32| length * 3 / 5;
    imageops::resize(
        picture,
        sixty_percent(picture.width()),
        sixty_percent(picture.height()),
        FilterType::Triangle,
    )
}

/// Turned by 7° about its centre with bilinear sampling, on white.
fn rotated(picture: &GrayImage) -> GrayImage {
    let (sine, cosine) = 7_f64.to_radians().sin_cos();
    let side = f64::from(picture.width());
    let grown = side * (sine + cosine);
    GrayImage::from_fn(whole(grown.ceil()), whole(grown.ceil()), |x, y| {
        let (x, y) = (f64::from(x) + 0.5 - grown / 2.0, f64::from(y) + 0.5 - grown / 2.0);
        let (x, y) = (x * cosine + y * sine + side / 2.0 - 0.5, y * cosine - x * sine + side / 2.0 - 0.5);
        Luma([bilinear(picture, x, y)])
    })
}

fn bilinear(picture: &GrayImage, x: f64, y: f64) -> u8 {
    let (left, top) = (x.floor(), y.floor());
    let at = |x: f64, y: f64| {
        let inside =
            x >= 0.0 && y >= 0.0 && x < f64::from(picture.width()) && y < f64::from(picture.height());
        if inside { f64::from(picture.get_pixel(whole(x), whole(y)).0[0]) } else { 255.0 }
    };
    let (right_share, bottom_share) = (x - left, y - top);
    let upper = at(left, top) * (1.0 - right_share) + at(left + 1.0, top) * right_share;
    let lower = at(left, top + 1.0) * (1.0 - right_share) + at(left + 1.0, top + 1.0) * right_share;
    u8::try_from(whole((upper * (1.0 - bottom_share) + lower * bottom_share).round())).unwrap()
}

/// A small non-negative float that is a whole number.
#[expect(clippy::as_conversions, reason = "there is no other way from a float to an integer")]
fn whole(value: f64) -> u32 {
    value as u32
}
