//! Bytes of a PNG or JPEG file to brightness.

use std::cmp::Ordering;
use std::io::Cursor;

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, Limits, imageops};

use super::{PictureLimits, ReadError};

/// The longest side at first, and if nothing was found. A photograph of a symbol rarely needs the second; the search
/// takes time in proportion to the pixels.
const WORKING_SIDES: [u32; 2] = [1600, 2400];

/// A picture with a smaller side is enlarged if nothing was found: modules of one or two pixels are hard to tell apart.
const SMALL_SIDE: u32 = 500;

/// The picture in grey, on white where it is transparent.
pub(super) fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<GrayImage, ReadError> {
    if bytes.len() > limits.bytes {
        return Err(ReadError::TooManyBytes { got: bytes.len(), limit: limits.bytes });
    }
    let format = format_of(bytes)?;
    if let Some((width, height)) = png_size(bytes).filter(|_| format == ImageFormat::Png) {
        check_size(width, height, limits)?;
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(within(limits));
    let decoder = reader.into_decoder().map_err(|_| ReadError::Damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, limits)?;
    let got = decoder.total_bytes();
    if got > limits.decoded_bytes {
        return Err(ReadError::TooManyDecodedBytes { got, limit: limits.decoded_bytes });
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(|_| ReadError::Damaged)?;
    Ok(if picture.color().has_alpha() { on_white(&picture) } else { picture.into_luma8() })
}

/// The picture as it is searched first, and after that: reduced less, or enlarged.
pub(super) fn working_copies(picture: &GrayImage) -> impl Iterator<Item = GrayImage> {
    let longest = picture.width().max(picture.height());
    let [first, second] = WORKING_SIDES;
    let then = match longest {
        ..SMALL_SIDE => Some(longest.saturating_mul(3)),
        _ if longest > first => Some(second.min(longest)),
        _ => None,
    };
    [Some(longest.min(first)), then].into_iter().flatten().map(move |side| scaled(picture, longest, side))
}

/// Scaled so that what was `longest` becomes `side`.
fn scaled(picture: &GrayImage, longest: u32, side: u32) -> GrayImage {
    let of = |length: u32| {
        let length = u64::from(length) * u64::from(side) / u64::from(longest.max(1));
        u32::try_from(length).unwrap_or(u32::MAX).max(1)
    };
    let (width, height) = (of(picture.width()), of(picture.height()));
    match side.cmp(&longest) {
        Ordering::Less => imageops::thumbnail(picture, width, height),
        Ordering::Equal => picture.clone(),
        Ordering::Greater => imageops::resize(picture, width, height, FilterType::Triangle),
    }
}

fn format_of(bytes: &[u8]) -> Result<ImageFormat, ReadError> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(ImageFormat::Png),
        [0xFF, 0xD8, 0xFF, ..] => Ok(ImageFormat::Jpeg),
        _ => Err(ReadError::UnknownFormat),
    }
}

/// Width and height out of the header chunk, which stands at a fixed place, before a decoder sizes its buffers by them.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let (width, rest) = bytes.get(16..)?.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

fn check_size(width: u32, height: u32, limits: &PictureLimits) -> Result<(), ReadError> {
    let pixels = u64::from(width) * u64::from(height);
    if width > limits.side || height > limits.side || pixels > limits.pixels {
        return Err(ReadError::TooManyPixels { width, height, most: limits.pixels, side: limits.side });
    }
    Ok(())
}

/// The same limits for the decoder's own buffers.
fn within(limits: &PictureLimits) -> Limits {
    let mut within = Limits::default();
    within.max_alloc = Some(limits.decoded_bytes);
    within
}

fn on_white(picture: &DynamicImage) -> GrayImage {
    let picture = picture.to_luma_alpha8();
    let mut grey = GrayImage::new(picture.width(), picture.height());
    for (to, from) in grey.pixels_mut().zip(picture.pixels()) {
        let [luma, alpha] = from.0.map(u32::from);
        let blended = (luma * alpha + 255 * (255 - alpha)) / 255;
        to.0 = [u8::try_from(blended).unwrap_or(u8::MAX)];
    }
    grey
}
