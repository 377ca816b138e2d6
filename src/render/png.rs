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
