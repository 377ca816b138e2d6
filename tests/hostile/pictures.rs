//! Row 26: pictures, drawn anew in each run.

use std::io::{Cursor, Write as _};

use elicense::render::{QrSymbol, Style};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, imageops};
use qrcode::bits::Bits;
use qrcode::{Color, EcLevel, QrCode, Version};

use super::city::{golden, golden_text};
use super::craft::qr_text;

/// A picture that is read, and whose credential is valid.
pub(crate) struct Good {
    pub(crate) name: &'static str,
    pub(crate) how: &'static str,
}

/// A picture that is refused, or whose credential is.
pub(crate) struct Hostile {
    pub(crate) name: &'static str,
    pub(crate) twin: &'static str,
    pub(crate) outcome: Outcome,
    pub(crate) how: &'static str,
}

pub(crate) enum Outcome {
    Problem(u16, &'static str),
    Undecodable,
    Forged,
}

pub(crate) const TWINS: &[Good] = &[
    Good { name: "picture", how: "the golden EdDSA licence's QR code as a PNG" },
    Good { name: "picture-jpeg", how: "the same as a JPEG" },
    Good { name: "picture-inverted", how: "light on dark" },
    Good { name: "picture-with-an-address", how: "the QR code beside another that holds an address" },
    Good { name: "picture-in-bytes", how: "the text in a byte segment" },
    Good { name: "picture-twice", how: "the same QR code twice" },
];

const fn refused(name: &'static str, twin: &'static str, code: &'static str, how: &'static str) -> Hostile {
    Hostile { name, twin, outcome: Outcome::Problem(422, code), how }
}

const fn too_large(name: &'static str, how: &'static str) -> Hostile {
    Hostile { name, twin: "picture", outcome: Outcome::Problem(413, "picture_too_many_pixels"), how }
}

pub(crate) const HOSTILE: &[Hostile] = &[
    refused("one-pixel", "picture", "picture_without_code", "one pixel"),
    refused("blank-picture", "picture", "picture_without_code", "white, nothing on it"),
    too_large("20000-by-20000", "a header that says 20,000 by 20,000"),
    too_large("2-32-by-2-32", "a header that says 2^32 - 1 by 2^32 - 1"),
    too_large("one-row-too-long", "a header that says 10,001 by 1"),
    too_large("png-bomb", "15,000 by 15,000 pixels of one colour in under 200 kB"),
    refused("png-hiding-a-bomb", "picture", "picture_without_code", "50 by 50 pixels before 30 MB of data"),
    Hostile {
        name: "picture-of-nine-megabytes",
        twin: "picture",
        outcome: Outcome::Problem(413, "too_large"),
        how: "a body over its limit",
    },
    refused("png-cut", "picture", "picture_damaged", "the first half of the PNG"),
    refused("png-checksum-wrong", "picture", "picture_damaged", "a bit of the PNG's header chunk changed"),
    refused("jpeg-cut", "picture-jpeg", "picture_without_code", "the first third of the JPEG"),
    refused("no-pixels", "picture", "picture_damaged", "a header that says 0 by 0"),
    refused("gif", "picture", "picture_format_unknown", "a GIF"),
    refused("svg", "picture", "picture_format_unknown", "the QR code as SVG"),
    refused("text-as-picture", "picture", "picture_format_unknown", "the QR text itself under image/png"),
    refused("two-licences", "picture-twice", "picture_with_several_codes", "two licences in one picture"),
    refused(
        "two-addresses",
        "picture-with-an-address",
        "picture_with_several_codes",
        "two addresses and no licence",
    ),
    refused("kanji-segment", "picture-in-bytes", "picture_code_not_text", "a kanji segment"),
    refused("latin-1", "picture-in-bytes", "picture_code_not_text", "bytes that are not ASCII"),
    refused("other-alphabet", "picture-in-bytes", "picture_code_not_text", "an ECI of another alphabet"),
    refused("unknown-alphabet", "picture-in-bytes", "picture_code_not_text", "an ECI that nobody knows"),
    refused("part-of-a-series", "picture-in-bytes", "picture_code_part_of_series", "the first of two, alone"),
    refused(
        "series-turned-round",
        "picture-twice",
        "picture_with_several_codes",
        "the second of two before the first",
    ),
    refused("stained", "picture", "picture_without_code", "a quarter of the symbol is missing"),
    Hostile {
        name: "address-in-a-picture",
        twin: "picture-with-an-address",
        outcome: Outcome::Undecodable,
        how: "a QR code that holds an address",
    },
    Hostile {
        name: "empty-licence-in-a-picture",
        twin: "picture",
        outcome: Outcome::Undecodable,
        how: "a QR code that holds EL1: and nothing else",
    },
    Hostile {
        name: "forged-in-a-picture",
        twin: "picture",
        outcome: Outcome::Forged,
        how: "another company's name, drawn anew",
    },
    Hostile {
        name: "forged-in-an-inverted-picture",
        twin: "picture-inverted",
        outcome: Outcome::Forged,
        how: "the same, light on dark",
    },
];

/// The content type and bytes of a picture.
pub(crate) fn draw(name: &str) -> (&'static str, Vec<u8>) {
    let text = golden_text("eddsa-qr.txt");
    let licence = || drawn(&text);
    let small = |bits: fn(&mut Bits)| png(foreign(&with_bits(bits), 8));
    let bytes = match name {
        "picture" => QrSymbol::of(&text).unwrap().png(Style::default()),
        "picture-jpeg" => return ("image/jpeg", file(licence(), ImageFormat::Jpeg)),
        "jpeg-cut" => {
            let whole = file(licence(), ImageFormat::Jpeg);
            return ("image/jpeg", whole[..whole.len() / 3].to_vec());
        }
        "picture-inverted" => png(inverted(licence())),
        "picture-with-an-address" => png(beside(&address("https://licences.example/"), &licence())),
        "picture-in-bytes" => png(foreign(&QrCode::new(text.as_bytes()).unwrap(), 6)),
        "picture-twice" => png(beside(&licence(), &licence())),
        "one-pixel" => png(GrayImage::new(1, 1)),
        "blank-picture" => png(GrayImage::from_pixel(400, 400, Luma([255]))),
        "20000-by-20000" => declaring(20_000, 20_000, &[]),
        "2-32-by-2-32" => declaring(u32::MAX, u32::MAX, &[]),
        "one-row-too-long" => declaring(10_001, 1, &[]),
        "png-bomb" => declaring(15_000, 15_000, &vec![0; 30_000_000]),
        "png-hiding-a-bomb" => declaring(50, 50, &vec![0; 30_000_000]),
        "picture-of-nine-megabytes" => [b"\x89PNG\r\n\x1a\n".to_vec(), vec![0; 9 << 20]].concat(),
        "png-cut" => {
            let whole = png(licence());
            whole[..whole.len() / 2].to_vec()
        }
        "png-checksum-wrong" => {
            let mut whole = png(licence());
            whole[19] ^= 1;
            whole
        }
        "no-pixels" => declaring(0, 0, &[]),
        "gif" => b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(),
        "svg" => QrSymbol::of(&text).unwrap().svg(Style::default()).into_bytes(),
        "text-as-picture" => text.clone().into_bytes(),
        "two-licences" => png(beside(&licence(), &drawn(&golden_text("es256-qr.txt")))),
        "two-addresses" => {
            png(beside(&address("https://licences.example/"), &address("https://evil.example/")))
        }
        "kanji-segment" => small(|bits| bits.push_kanji_data(b"\x93\x5f\xe4\xaa").unwrap()),
        "latin-1" => small(|bits| bits.push_byte_data(b"EL1:\xe9").unwrap()),
        "other-alphabet" => small(|bits| {
            bits.push_eci_designator(9).unwrap();
            bits.push_byte_data(b"EL1:\xe1").unwrap();
        }),
        "unknown-alphabet" => small(|bits| {
            bits.push_eci_designator(899).unwrap();
            bits.push_byte_data(b"\x00\x01\x02\xfe").unwrap();
        }),
        "part-of-a-series" => png(part_of_series(1, 2)),
        "series-turned-round" => png(beside(&part_of_series(2, 2), &part_of_series(1, 2))),
        "stained" => png(stained(licence())),
        "address-in-a-picture" => png(address("https://licences.example/")),
        "empty-licence-in-a-picture" => png(drawn("EL1:")),
        "forged-in-a-picture" => png(drawn(&forged())),
        "forged-in-an-inverted-picture" => png(inverted(drawn(&forged()))),
        _ => panic!("no picture is called {name}"),
    };
    ("image/png", bytes)
}

/// The golden licence under another company's name.
fn forged() -> String {
    let mut envelope = golden("eddsa-qr.cose");
    let at = envelope.windows(12).position(|window| window == "云岭青禾".as_bytes()).unwrap();
    envelope[at..at + 12].copy_from_slice("云岭青木".as_bytes());
    qr_text(&envelope)
}

fn drawn(text: &str) -> GrayImage {
    let png = QrSymbol::of(text).unwrap().png(Style::default());
    image::load_from_memory(&png).unwrap().into_luma8()
}

fn address(text: &str) -> GrayImage {
    foreign(&QrCode::new(text.as_bytes()).unwrap(), 8)
}

fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    file(picture, ImageFormat::Png)
}

fn inverted(mut picture: GrayImage) -> GrayImage {
    imageops::invert(&mut picture);
    picture
}

fn stained(mut picture: GrayImage) -> GrayImage {
    let (from, to) = (picture.width() / 4, picture.width() * 3 / 4);
    for x in from..to {
        for y in from..to {
            picture.put_pixel(x, y, Luma([255]));
        }
    }
    picture
}

/// A symbol of other content than our drawing makes, at `pixels` a module.
fn foreign(symbol: &QrCode, pixels: u32) -> GrayImage {
    symbol.render::<Luma<u8>>().module_dimensions(pixels, pixels).build()
}

fn with_bits(fill: fn(&mut Bits)) -> QrCode {
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

/// A symbol that says it is part `part` of `of` (structured append).
fn part_of_series(part: u8, of: u8) -> GrayImage {
    const TEXT: &str = "EL1:ABC %$*+-./:09";
    const MARGIN: u32 = 4;
    // Four bits of mode, place and last place, eight of parity, then a byte segment, which is out of step by four bits.
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
