//! Hostile pictures, each beside one that is nearly the same and is read.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, LumaA, Rgba, imageops};
use proptest::prelude::*;
use qrcode::bits::Bits;
use qrcode::{Color, EcLevel, QrCode, Version};

use super::{PictureLimits, ReadError, read_qr};
use crate::render::{QrSymbol, Style};

const TEXT: &str = "EL1:ABC %$*+-./:09";
const OTHER: &str = "EL1:ANOTHER LICENCE";
const MARGIN: u32 = 4;

fn read(bytes: &[u8]) -> Result<String, ReadError> {
    read_qr(bytes, &PictureLimits::default())
}

fn drawn(text: &str) -> GrayImage {
    let png = QrSymbol::of(text).unwrap().png(Style::default());
    image::load_from_memory(&png).unwrap().into_luma8()
}

fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    file(picture, ImageFormat::Png)
}

/// A symbol of other content than our drawing makes, at `pixels` a module.
fn foreign(symbol: &QrCode, pixels: u32) -> GrayImage {
    symbol.render::<Luma<u8>>().module_dimensions(pixels, pixels).build()
}

fn with_bits(fill: impl FnOnce(&mut Bits)) -> QrCode {
    let mut bits = Bits::new(Version::Normal(3));
    fill(&mut bits);
    bits.push_terminator(EcLevel::M).unwrap();
    QrCode::with_bits(bits, EcLevel::M).unwrap()
}

/// Two pictures beside each other on white.
fn beside(left: &GrayImage, right: &GrayImage) -> GrayImage {
    let height = left.height().max(right.height());
    let mut both = GrayImage::from_pixel(left.width() + right.width(), height, Luma([255]));
    imageops::replace(&mut both, left, 0, 0);
    imageops::replace(&mut both, right, i64::from(left.width()), 0);
    both
}

/// A PNG file whose header declares this size and whose data are `scanlines`, compressed.
fn declaring(width: u32, height: u32, scanlines: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(scanlines).unwrap();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[1, 0, 0, 0, 0]].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", zlib.finish().unwrap()), (b"IEND", Vec::new())] {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(&data);
        png.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        png.extend(kind);
        png.extend(data);
        png.extend(crc.sum().to_be_bytes());
    }
    png
}

fn too_many_pixels(width: u32, height: u32) -> Result<String, ReadError> {
    let PictureLimits { pixels: most, side, .. } = PictureLimits::default();
    Err(ReadError::TooManyPixels { width, height, most, side })
}

#[test]
fn png_and_jpeg_are_read_and_nothing_else_is() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        assert_eq!(read(&file(drawn(TEXT), format)).as_deref(), Ok(TEXT));
    }
    for other in
        [&b""[..], b"\x89PN", b"\xFF\xD8", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"<svg/>", TEXT.as_bytes()]
    {
        assert_eq!(read(other), Err(ReadError::UnknownFormat), "{other:?}");
    }
}

#[test]
fn a_file_of_one_byte_too_many_is_refused() {
    let picture = png(drawn(TEXT));
    let limits = PictureLimits { bytes: picture.len(), ..PictureLimits::default() };
    assert_eq!(read_qr(&picture, &limits).as_deref(), Ok(TEXT));
    let limits = PictureLimits { bytes: picture.len() - 1, ..limits };
    let refused = ReadError::TooManyBytes { got: picture.len(), limit: picture.len() - 1 };
    assert_eq!(read_qr(&picture, &limits), Err(refused));
}

#[test]
fn a_picture_of_one_pixel_has_no_code_and_one_of_a_pixel_a_module_has() {
    assert_eq!(read(&png(GrayImage::new(1, 1))), Err(ReadError::NoCode));
    let smallest = QrSymbol::of(TEXT).unwrap().png(Style::new(1, 500).unwrap());
    assert_eq!(read(&smallest).as_deref(), Ok(TEXT));
}

#[test]
fn a_picture_of_no_pixels_is_damaged() {
    for (width, height) in [(0, 0), (0, 10), (10, 0)] {
        assert_eq!(read(&declaring(width, height, &[])), Err(ReadError::Damaged));
    }
    assert_eq!(read(&declaring(1, 1, &[0, 0x80])), Err(ReadError::NoCode));
}

#[test]
fn pictures_of_one_colour_or_one_line_have_no_code() {
    for (width, height) in [(1, 300), (300, 1), (2, 2), (40, 40), (41, 300), (500, 500)] {
        for shade in [0, 128, 255] {
            let picture = GrayImage::from_pixel(width, height, Luma([shade]));
            assert_eq!(read(&png(picture)), Err(ReadError::NoCode), "{width} by {height}");
        }
    }
}

#[test]
fn a_large_picture_within_the_limits_is_read() {
    let text = "EL1:".to_owned() + &"LICENCE 0".repeat(150);
    let large = QrSymbol::of(&text).unwrap().png(Style::new(40, 500).unwrap());
    assert_eq!(read(&large), Ok(text));
}

#[test]
fn more_pixels_than_the_limits_are_refused_unseen() {
    assert_eq!(read(&declaring(20_000, 20_000, &[])), too_many_pixels(20_000, 20_000));
    assert_eq!(read(&declaring(10_001, 1, &[])), too_many_pixels(10_001, 1));
    assert_eq!(read(&declaring(1, 10_001, &[])), too_many_pixels(1, 10_001));
    assert_eq!(read(&declaring(8_000, 5_001, &[])), too_many_pixels(8_000, 5_001));
    assert_eq!(read(&declaring(u32::MAX, u32::MAX, &[])), too_many_pixels(u32::MAX, u32::MAX));
}

#[test]
fn a_jpeg_of_more_pixels_than_the_limits_is_refused() {
    let picture = file(drawn(TEXT), ImageFormat::Jpeg);
    let side = drawn(TEXT).width();
    let limits = PictureLimits { pixels: u64::from(side) * u64::from(side), ..PictureLimits::default() };
    assert_eq!(read_qr(&picture, &limits).as_deref(), Ok(TEXT));
    let limits = PictureLimits { pixels: limits.pixels - 1, ..limits };
    assert!(matches!(read_qr(&picture, &limits), Err(ReadError::TooManyPixels { .. })));
}

#[test]
fn a_bomb_is_refused_whether_it_says_its_size_or_hides_it() {
    let zeros = vec![0; 30_000_000];
    let bomb = declaring(15_000, 15_000, &zeros);
    assert!(bomb.len() < 200_000);
    assert_eq!(read(&bomb), too_many_pixels(15_000, 15_000));
    // Ten thousand times the data that its size asks for: the rest is never unpacked into memory.
    assert!(matches!(read(&declaring(50, 50, &zeros)), Err(ReadError::NoCode | ReadError::Damaged)));
    assert_eq!(read(&declaring(50, 50, &zeros[..50 * 8])), Err(ReadError::NoCode));
}

#[test]
fn a_picture_that_takes_too_much_memory_is_refused() {
    let deep = DynamicImage::from(drawn(TEXT)).into_rgba16();
    let got = u64::from(deep.width()) * u64::from(deep.height()) * 8;
    let limits = PictureLimits { decoded_bytes: got, ..PictureLimits::default() };
    assert_eq!(read_qr(&png(deep.clone()), &limits).as_deref(), Ok(TEXT));
    let limits = PictureLimits { decoded_bytes: got - 1, ..limits };
    assert_eq!(read_qr(&png(deep), &limits), Err(ReadError::TooManyDecodedBytes { got, limit: got - 1 }));
}

#[test]
fn a_truncated_png_is_damaged_wherever_it_ends() {
    let whole = QrSymbol::of(TEXT).unwrap().png(Style::default());
    // The last 12 bytes are the end chunk, without which the picture is complete all the same.
    for length in 8..whole.len() - 16 {
        assert_eq!(read(&whole[..length]), Err(ReadError::Damaged), "{length} of {} bytes", whole.len());
    }
    assert_eq!(read(&whole).as_deref(), Ok(TEXT));
}

#[test]
fn a_truncated_jpeg_gives_no_wrong_text() {
    let whole = file(drawn(TEXT), ImageFormat::Jpeg);
    for length in (3..whole.len()).step_by(97) {
        let read = read(&whole[..length]);
        assert!(
            matches!(&read, Err(ReadError::Damaged | ReadError::NoCode)) || read.as_deref() == Ok(TEXT),
            "{length} of {} bytes: {read:?}",
            whole.len()
        );
    }
    assert_eq!(read(&whole[..whole.len() / 3]), Err(ReadError::NoCode));
}

#[test]
fn a_changed_byte_of_a_png_is_damage_and_never_other_text() {
    let whole = QrSymbol::of(TEXT).unwrap().png(Style::default());
    for at in 8..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        if let Ok(text) = read(&changed) {
            assert_eq!(text, TEXT, "byte {at}");
        }
    }
}

#[test]
fn two_credentials_in_one_picture_are_ambiguous() {
    let both = beside(&drawn(TEXT), &drawn(OTHER));
    assert_eq!(read(&png(both)), Err(ReadError::SeveralCodes { found: 2 }));
    let twice = beside(&drawn(TEXT), &drawn(TEXT));
    assert_eq!(read(&png(twice)).as_deref(), Ok(TEXT));
}

#[test]
fn the_credential_is_taken_out_of_several_codes() {
    let link = foreign(&QrCode::new(b"https://example.org/").unwrap(), 8);
    let other_link = foreign(&QrCode::new(b"https://example.net/").unwrap(), 8);
    assert_eq!(read(&png(beside(&link, &drawn(TEXT)))).as_deref(), Ok(TEXT));
    assert_eq!(read(&png(beside(&drawn(TEXT), &link))).as_deref(), Ok(TEXT));
    assert_eq!(read(&png(beside(&link, &other_link))), Err(ReadError::SeveralCodes { found: 2 }));
    assert_eq!(read(&png(link)).as_deref(), Ok("https://example.org/"));
}

#[test]
fn an_inverted_symbol_is_read() {
    let mut inverted = drawn(TEXT);
    imageops::invert(&mut inverted);
    assert_eq!(read(&png(inverted)).as_deref(), Ok(TEXT));
}

#[test]
fn a_symbol_on_transparent_ground_is_read() {
    let picture = drawn(TEXT);
    let mut transparent = image::ImageBuffer::new(picture.width(), picture.height());
    for (to, from) in transparent.pixels_mut().zip(picture.pixels()) {
        *to = LumaA([0_u8, 255 - from.0[0]]);
    }
    assert_eq!(read(&png(DynamicImage::ImageLumaA8(transparent))).as_deref(), Ok(TEXT));
    let unseen = image::RgbaImage::from_pixel(300, 300, Rgba([0, 0, 0, 0]));
    assert_eq!(read(&png(unseen)), Err(ReadError::NoCode));
}

#[test]
fn turned_and_mirrored_symbols_are_read() {
    let picture = drawn(TEXT);
    for turned in [
        imageops::rotate90(&picture),
        imageops::rotate180(&picture),
        imageops::rotate270(&picture),
        imageops::flip_horizontal(&picture),
    ] {
        assert_eq!(read(&png(turned)).as_deref(), Ok(TEXT));
    }
}

#[test]
fn content_that_is_not_plain_text_is_refused() {
    let kanji = with_bits(|bits| bits.push_kanji_data(b"\x93\x5f\xe4\xaa").unwrap());
    let latin = with_bits(|bits| bits.push_byte_data(b"EL1:\xe9").unwrap());
    let chinese = with_bits(|bits| bits.push_byte_data("EL1:照".as_bytes()).unwrap());
    let mixed = with_bits(|bits| {
        bits.push_alphanumeric_data(b"EL1:").unwrap();
        bits.push_kanji_data(b"\x93\x5f").unwrap();
    });
    let other_alphabet = with_bits(|bits| {
        bits.push_eci_designator(9).unwrap();
        bits.push_byte_data(b"EL1:\xe1").unwrap();
    });
    let unknown_alphabet = with_bits(|bits| {
        bits.push_eci_designator(899).unwrap();
        bits.push_byte_data(b"\x00\x01\x02\xfe").unwrap();
    });
    let empty = with_bits(|_| ());
    for symbol in [kanji, latin, chinese, mixed, other_alphabet, unknown_alphabet, empty] {
        assert_eq!(read(&png(foreign(&symbol, 8))), Err(ReadError::NotText));
    }
}

#[test]
fn plain_text_is_read_in_whatever_mode_it_was_written() {
    let bytes = with_bits(|bits| bits.push_byte_data(TEXT.as_bytes()).unwrap());
    let declared = with_bits(|bits| {
        bits.push_eci_designator(26).unwrap();
        bits.push_byte_data(TEXT.as_bytes()).unwrap();
    });
    let cut = with_bits(|bits| bits.push_optimal_data(b"EL1:ABC %$*+-./:09").unwrap());
    for symbol in [bytes, declared, cut] {
        assert_eq!(read(&png(foreign(&symbol, 8))).as_deref(), Ok(TEXT));
    }
}

/// A symbol that says it is part `part` of `of`, and holds [`TEXT`].
fn part_of_series(part: u8, of: u8) -> GrayImage {
    // Four bits of mode, place and last place, eight of parity; a byte segment in eight-bit steps from there is out of
    // step by four bits, which the mode of the segment makes up for.
    let mut bytes = vec![0b0011 << 4 | (part - 1), (of - 1) << 4 | 0xA, 0x5 << 4 | 0b0100];
    bytes.push(u8::try_from(TEXT.len()).unwrap());
    bytes.extend(TEXT.bytes());
    bytes.extend([0, 0xEC, 0x11].into_iter().cycle().take(44 - bytes.len()));
    let version = Version::Normal(3);
    let (data, correction) = qrcode::ec::construct_codewords(&bytes, version, EcLevel::M).unwrap();
    let mut canvas = qrcode::canvas::Canvas::new(version, EcLevel::M);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    let colours = canvas.apply_best_mask().into_colors();
    let side = 29;
    let small = GrayImage::from_fn(side + 2 * MARGIN, side + 2 * MARGIN, |x, y| {
        let inside = (MARGIN..MARGIN + side).contains(&x) && (MARGIN..MARGIN + side).contains(&y);
        let at = || usize::try_from((y - MARGIN) * side + x - MARGIN).unwrap();
        Luma([if inside && colours[at()] == Color::Dark { 0 } else { 255 }])
    });
    imageops::resize(&small, small.width() * 8, small.height() * 8, imageops::FilterType::Nearest)
}

#[test]
fn a_part_of_a_series_is_refused() {
    assert_eq!(read(&png(part_of_series(1, 2))), Err(ReadError::PartOfSeries { part: 1, of: 2 }));
    assert_eq!(read(&png(part_of_series(2, 3))), Err(ReadError::PartOfSeries { part: 2, of: 3 }));
    let both = beside(&part_of_series(2, 2), &part_of_series(1, 2));
    assert_eq!(read(&png(both)), Err(ReadError::SeveralCodes { found: 2 }));
    let whole = with_bits(|bits| bits.push_byte_data(TEXT.as_bytes()).unwrap());
    assert_eq!(read(&png(foreign(&whole, 8))).as_deref(), Ok(TEXT));
}

#[test]
fn a_stained_symbol_is_read_until_too_much_is_gone() {
    let stained = |side: u32| {
        let mut picture = drawn(&"EL1:STAINED ".repeat(20));
        let from = picture.width() / 2;
        for x in from..from + side {
            for y in from..from + side {
                picture.put_pixel(x, y, Luma([255]));
            }
        }
        read(&png(picture))
    };
    assert_eq!(stained(60), Ok("EL1:STAINED ".repeat(20)));
    assert_eq!(stained(300), Err(ReadError::NoCode));
}

/// A finder pattern is seven modules wide; each has a place of nine.
fn is_dark_in_finder(x: u32, y: u32) -> bool {
    x < 7 && y < 7 && x.abs_diff(3).max(y.abs_diff(3)) != 2
}

#[test]
fn a_page_full_of_finder_patterns_is_given_up() {
    for pixels in [2, 5] {
        let picture = GrayImage::from_fn(2400, 2400, |x, y| {
            Luma([if is_dark_in_finder(x / pixels % 9, y / pixels % 9) { 0 } else { 255 }])
        });
        assert_eq!(read(&png(picture)), Err(ReadError::NoCode));
    }
}

#[test]
fn some_finder_patterns_beside_a_symbol_do_no_harm() {
    let stray = GrayImage::from_fn(12 * 9 * 2, 12 * 9 * 3, |x, y| {
        Luma([if is_dark_in_finder(x / 12 % 9, y / 12 % 9) { 0 } else { 255 }])
    });
    assert_eq!(read(&png(beside(&drawn(TEXT), &stray))).as_deref(), Ok(TEXT));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_drawn_is_read(text in "EL1:[0-9A-Z $%*+./:-]{0,600}", pixels in 2_u8..=12) {
        let picture = QrSymbol::of(&text).unwrap().png(Style::new(pixels, 500).unwrap());
        prop_assert_eq!(read(&picture), Ok(text));
    }

    #[test]
    fn bytes_after_the_signature_never_panic(
        jpeg in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let signature: &[u8] = if jpeg { b"\xFF\xD8\xFF" } else { b"\x89PNG\r\n\x1a\n" };
        prop_assert!(read(&[signature, &bytes].concat()).is_err());
    }
}
