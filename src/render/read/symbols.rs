//! QR symbols in a grey picture, through the crate `rxing`.
//!
//! Its parts are called one by one rather than through its readers, which try every combination of what might be a
//! finder pattern: a picture full of those would keep them busy for minutes. The crate `rqrr` has the same weakness and
//! no way around it, so that it reads our pictures in the tests only.

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::GrayImage;
use rxing::common::{BitMatrix, DetectorRXingResult, HybridBinarizer};
use rxing::qrcode::cpp_port::{decoder, detector};
use rxing::{BinaryBitmap, Luma8Source};

/// Triples of finder patterns that are tried, most plausible first. A clean picture of one symbol needs one; a photograph
/// of a busy page some dozens.
const MOST_TRIES: usize = 128;

/// From this side on, modules of less than two pixels are not looked for: the time to find the finder patterns grows
/// with the square of their number, and so with the fourth power of what fits beside each other.
const LARGE_SIDE: u32 = 600;

/// What a symbol in the picture holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    /// Plain ASCII text.
    Text(String),
    /// Anything else.
    NotText,
    /// One of several symbols that make one message.
    PartOfSeries {
        /// Its place, from 1.
        part: usize,
        /// How many there are.
        of: usize,
    },
}

/// Which way round the symbol is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    DarkOnLight,
    LightOnDark,
}

/// The different symbols that can be read in `picture`.
pub(super) fn find(picture: &GrayImage, tone: Tone) -> Vec<Symbol> {
    // The crate says of some of its functions that they may panic; a picture must not take its worker down.
    catch_unwind(AssertUnwindSafe(|| try_find(picture, tone).unwrap_or_default())).unwrap_or_default()
}

fn try_find(picture: &GrayImage, tone: Tone) -> rxing::common::Result<Vec<Symbol>> {
    let luma = Luma8Source::new_with_slice(picture.as_raw(), picture.width(), picture.height())?;
    let bitmap = BinaryBitmap::new(HybridBinarizer::new(luma));
    let mut black = bitmap.get_black_matrix().clone();
    if tone == Tone::LightOnDark {
        black.flip_self();
    }
    Ok(symbols_in(&black))
}

fn symbols_in(black: &BitMatrix) -> Vec<Symbol> {
    const EVERY_THIRD_ROW: bool = true;
    let smallest = if black.width().max(black.height()) < LARGE_SIDE { 0 } else { 2 };
    let mut patterns = detector::FindFinderPatterns(black, EVERY_THIRD_ROW, smallest);
    let mut used = Vec::new();
    let mut symbols = Vec::new();
    let mut tries = 0;
    for set in detector::GenerateFinderPatternSets(&mut patterns) {
        let corners = [set.bl, set.tl, set.tr];
        if corners.iter().any(|corner| used.contains(corner)) {
            continue;
        }
        if tries == MOST_TRIES {
            break;
        }
        tries += 1;
        let Ok(sampled) = detector::SampleQR(black, &set) else { continue };
        if let Some(symbol) = decode(sampled.getBits()) {
            used.extend(corners);
            if !symbols.contains(&symbol) {
                symbols.push(symbol);
            }
        }
    }
    symbols
}

fn decode(modules: &BitMatrix) -> Option<Symbol> {
    let decoded = decoder::Decode(modules).ok()?;
    let series = decoded.structuredAppend();
    let place = usize::try_from(series.index).ok().zip(usize::try_from(series.count).ok());
    Some(match (place, decoded.error()) {
        (Some((index, of)), _) => Symbol::PartOfSeries { part: index + 1, of },
        (None, Some(_)) => Symbol::NotText,
        (None, None) => match decoded.text() {
            text if text.is_ascii() && !text.is_empty() => Symbol::Text(text),
            _ => Symbol::NotText,
        },
    })
}
