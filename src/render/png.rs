//! A symbol as PNG: one bit a pixel, greyscale (W3C PNG, third edition).

use std::io::{self, Write};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::qr::{QUIET_ZONE, QrSymbol};
use super::style::Style;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

impl QrSymbol {
    /// The symbol with its quiet zone as a PNG file, which also says how large it is in print.
    pub fn png(&self, style: Style) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 * 1024);
        out.extend_from_slice(SIGNATURE);
        chunk(&mut out, b"IHDR", &self.header(style));
        chunk(&mut out, b"pHYs", &density(style));
        chunk(&mut out, b"IDAT", &self.scanlines(style).unwrap_or_default());
        chunk(&mut out, b"IEND", &[]);
        out
    }

    /// Width, height, depth 1, greyscale, deflate, the standard filters, not interlaced.
    fn header(&self, style: Style) -> Vec<u8> {
        let side = u32::try_from(self.side(style)).unwrap_or(u32::MAX).to_be_bytes();
        [side.as_slice(), &side, &[1, 0, 0, 0, 0]].concat()
    }

    /// Pixels along one side of the picture, at most 64 × 185.
    fn side(&self, style: Style) -> usize {
        usize::from(style.pixels()) * (self.size() + 2 * QUIET_ZONE)
    }

    /// Every row of pixels behind the filter type *none*, compressed. A row of modules is drawn once and written once
    /// for each of its pixels, which deflate turns into references to the first.
    fn scanlines(&self, style: Style) -> io::Result<Vec<u8>> {
        let mut zlib = ZlibEncoder::new(Vec::with_capacity(16 * 1024), Compression::fast());
        for y in 0..self.size() + 2 * QUIET_ZONE {
            let line = self.scanline(style, y);
            for _ in 0..style.pixels() {
                zlib.write_all(&line)?;
            }
        }
        zlib.finish()
    }

    /// One row of pixels; a set bit is light. `y` counts from the top of the quiet zone.
    fn scanline(&self, style: Style, y: usize) -> Vec<u8> {
        const NO_FILTER: u8 = 0;
        let mut line = Vec::with_capacity(1 + self.side(style).div_ceil(8));
        line.push(NO_FILTER);
        let mut pending = 0_u8;
        let mut held = 0;
        for x in 0..self.size() + 2 * QUIET_ZONE {
            let light = u8::from(!self.module(x.wrapping_sub(QUIET_ZONE), y.wrapping_sub(QUIET_ZONE)));
            for _ in 0..style.pixels() {
                pending = pending << 1 | light;
                held += 1;
                if held == 8 {
                    line.push(pending);
                    held = 0;
                }
            }
        }
        if held > 0 {
            line.push(pending << (8 - held));
        }
        line
    }
}

/// Pixels per metre, both ways.
fn density(style: Style) -> Vec<u8> {
    const METRE: u8 = 1;
    let per_metre = (u32::from(style.pixels()) * 1_000_000 / style.micrometres()).to_be_bytes();
    [per_metre.as_slice(), &per_metre, &[METRE]].concat()
}

/// Length, type, data and the CRC over type and data.
fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    out.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(kind);
    out.extend_from_slice(data);
    out.extend(crc.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "EL1:A PICTURE TO BE DRAWN AT MANY SIZES";

    #[test]
    fn every_pixel_is_its_module() {
        let symbol = QrSymbol::of(TEXT).unwrap();
        for pixels in [1, 2, 3, 5, 7, 8, 9, 12, 13, 64] {
            let png = symbol.png(Style::new(pixels, 500).unwrap());
            let picture = image::load_from_memory(&png).unwrap().into_luma8();
            let side = (symbol.size() + 8) * usize::from(pixels);
            assert_eq!(picture.dimensions(), (u32::try_from(side).unwrap(), u32::try_from(side).unwrap()));
            for (x, y, pixel) in picture.enumerate_pixels() {
                let module =
                    |at: u32| usize::try_from(at / u32::from(pixels)).unwrap().wrapping_sub(QUIET_ZONE);
                assert_eq!(pixel.0 == [0], symbol.module(module(x), module(y)), "{x}, {y} at {pixels}");
            }
        }
    }

    #[test]
    fn the_file_is_one_bit_deep_and_says_its_size_in_print() {
        let png = QrSymbol::of(TEXT).unwrap().png(Style::default());
        let header = png.windows(4).position(|window| window == b"IHDR").unwrap();
        assert_eq!(png[header + 12..header + 14], [1, 0], "bits, greyscale");
        let at = png.windows(4).position(|window| window == b"pHYs").unwrap();
        // 600 dots an inch are 23,622 a metre.
        assert_eq!(png[at + 4..at + 13], [0, 0, 0x5C, 0x46, 0, 0, 0x5C, 0x46, 1]);
    }

    #[test]
    fn the_same_text_gives_the_same_bytes() {
        let draw = || QrSymbol::of(TEXT).unwrap().png(Style::default());
        assert_eq!(draw(), draw());
    }

    #[test]
    fn sizes_that_cannot_be_drawn_are_refused() {
        use crate::render::DrawError;
        assert!(Style::new(1, 100).is_ok());
        assert!(Style::new(64, 100_000).is_ok());
        assert_eq!(Style::new(0, 500), Err(DrawError::ModulePixels { got: 0, limit: 64 }));
        assert_eq!(Style::new(65, 500), Err(DrawError::ModulePixels { got: 65, limit: 64 }));
        for got in [0, 99, 100_001] {
            let refused = DrawError::ModuleMicrometres { got, least: 100, most: 100_000 };
            assert_eq!(Style::new(8, got), Err(refused));
        }
    }
}
