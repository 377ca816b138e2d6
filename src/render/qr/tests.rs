//! Our symbols against those of another encoder, module by module, and the mask rules against their wording.

use proptest::prelude::*;
use qrcode::canvas::{Canvas as OtherCanvas, MaskPattern};
use qrcode::{Color, EcLevel, bits::Bits, ec};

use super::canvas::Canvas;
use super::mask::{Mask, penalty};
use super::version::{Level, Version};
use super::{DrawError, QrSymbol, codewords};

const LEVELS: [Level; 2] = [Level::L, Level::M];

const fn others_level(level: Level) -> EcLevel {
    match level {
        Level::L => EcLevel::L,
        Level::M => EcLevel::M,
    }
}

const PATTERNS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// Any text of the alphanumeric set up to `longest` characters.
fn alphanumeric(longest: usize) -> impl Strategy<Value = String> {
    let character = prop::sample::select(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".to_vec());
    prop::collection::vec(character, 0..=longest).prop_map(|text| String::from_utf8(text).unwrap())
}

/// The other encoder's modules, row by row, under each mask; `None` where `text` does not fit `version`.
fn others(text: &str, version: usize, level: Level) -> Option<Vec<Vec<bool>>> {
    let level = others_level(level);
    let version = qrcode::Version::Normal(i16::try_from(version).unwrap());
    let mut bits = Bits::new(version);
    bits.push_alphanumeric_data(text.as_bytes()).ok()?;
    bits.push_terminator(level).ok()?;
    let (data, correction) = ec::construct_codewords(&bits.into_bytes(), version, level).unwrap();
    let mut canvas = OtherCanvas::new(version, level);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    let masked = PATTERNS.map(|pattern| {
        let mut canvas = canvas.clone();
        canvas.apply_mask(pattern);
        canvas.into_colors().into_iter().map(|colour| colour == Color::Dark).collect()
    });
    Some(masked.into())
}

fn modules(symbol: &QrSymbol) -> Vec<bool> {
    let size = symbol.size();
    (0..size * size).map(|at| symbol.module(at % size, at / size)).collect()
}

/// Our modules under each mask.
fn ours(text: &str, level: Level) -> Vec<Vec<bool>> {
    let (version, canvas) = QrSymbol::unmasked(text, level).unwrap();
    all_masks().map(|mask| modules(&QrSymbol::masked(version, &canvas, mask).1)).collect()
}

fn all_masks() -> impl Iterator<Item = Mask> {
    std::iter::once(Mask::FIRST).chain(Mask::others())
}

/// The longest text of a version: its capacity by the other encoder's own reckoning.
fn longest(version: usize, level: Level) -> String {
    let fits = |length: usize| others(&"A".repeat(length), version, level).is_some();
    let (mut least, mut beyond) = (1, level.most_characters() + 1);
    while beyond - least > 1 {
        let middle = usize::midpoint(least, beyond);
        if fits(middle) { least = middle } else { beyond = middle }
    }
    "EL1:Z9 $%*+-./".chars().cycle().take(least).collect()
}

#[test]
fn every_version_is_bit_for_bit_the_other_encoders_under_every_mask() {
    for (version, level) in (1..=40).flat_map(|version| LEVELS.map(|level| (version, level))) {
        let text = longest(version, level);
        let symbol = QrSymbol::at_level(&text, level).unwrap();
        assert_eq!(symbol.version(), version, "version for {} characters at {level:?}", text.len());
        assert_eq!(Some(ours(&text, level)), others(&text, version, level), "version {version} at {level:?}");
    }
}

#[test]
fn one_character_more_takes_the_next_version() {
    for (version, level) in (1..40).flat_map(|version| LEVELS.map(|level| (version, level))) {
        let text = longest(version, level) + "A";
        assert_eq!(QrSymbol::at_level(&text, level).unwrap().version(), version + 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_text_is_bit_for_bit_the_other_encoders(text in alphanumeric(1500)) {
        for level in LEVELS {
            let version = QrSymbol::at_level(&text, level).unwrap().version();
            prop_assert_eq!(Some(ours(&text, level)), others(&text, version, level));
            if version > 1 {
                prop_assert_eq!(others(&text, version - 1, level), None, "a smaller version would do");
            }
        }
    }

    #[test]
    fn penalties_are_those_of_the_wording(text in alphanumeric(1000)) {
        let (version, canvas) = QrSymbol::unmasked(&text, Level::M).unwrap();
        for mask in all_masks() {
            let (penalty, symbol) = QrSymbol::masked(version, &canvas, mask);
            prop_assert_eq!(penalty, worded_penalty(&symbol));
        }
    }

    #[test]
    fn the_mask_taken_is_the_first_of_the_least_penalty(text in alphanumeric(1000)) {
        let (version, canvas) = QrSymbol::unmasked(&text, Level::M).unwrap();
        let best = all_masks().min_by_key(|&mask| penalty(&canvas.masked(mask), version.size())).unwrap();
        prop_assert_eq!(QrSymbol::of(&text).unwrap(), QrSymbol::masked(version, &canvas, best).1);
    }
}

#[test]
fn penalties_hold_where_words_meet() {
    // Versions whose sides lie just below and above one and two words.
    for version in [11, 12, 27, 28, 40] {
        let text = longest(version, Level::M);
        let (version, canvas) = QrSymbol::unmasked(&text, Level::M).unwrap();
        for mask in all_masks() {
            let (penalty, symbol) = QrSymbol::masked(version, &canvas, mask);
            assert_eq!(penalty, worded_penalty(&symbol), "version {}", version.number);
        }
    }
}

#[test]
fn penalties_of_plain_squares_are_counted_right() {
    // No data at all under no mask's help: an empty canvas of version 1 differs most from a random one.
    let version = Version::all(Level::M).next().unwrap();
    for codewords in [[0x00; 26], [0xFF; 26], [0x55; 26]] {
        let canvas = Canvas::of(version, &codewords);
        for mask in all_masks() {
            let (penalty, symbol) = QrSymbol::masked(version, &canvas, mask);
            assert_eq!(penalty, worded_penalty(&symbol));
        }
    }
}

/// The four rules of ISO/IEC 18004:2015, table 11, the slow way.
fn worded_penalty(symbol: &QrSymbol) -> u32 {
    let size = symbol.size();
    let row = |y: usize| -> Vec<bool> { (0..size).map(|x| symbol.module(x, y)).collect() };
    let column = |x: usize| -> Vec<bool> { (0..size).map(|y| symbol.module(x, y)).collect() };
    let lines: Vec<Vec<bool>> = (0..size).map(row).chain((0..size).map(column)).collect();
    let runs: usize = lines
        .iter()
        .flat_map(|line| line.chunk_by(|a, b| a == b))
        .map(|run| if run.len() >= 5 { run.len() - 2 } else { 0 })
        .sum();
    let finders: usize = lines.iter().map(|line| worded_finders(line)).sum();
    let block = |x, y| {
        let colour = symbol.module(x, y);
        [(x + 1, y), (x, y + 1), (x + 1, y + 1)].iter().all(|&(x, y)| symbol.module(x, y) == colour)
    };
    let blocks: usize = (0..size - 1).map(|y| (0..size - 1).filter(|&x| block(x, y)).count()).sum();
    let dark = modules(symbol).into_iter().filter(|&dark| dark).count();
    let away = (100 * dark).abs_diff(50 * size * size) / (5 * size * size);
    u32::try_from(runs + 40 * finders + 3 * blocks + 10 * away).unwrap()
}

fn worded_finders(line: &[bool]) -> usize {
    let light = [false; 10];
    let line: Vec<bool> = light.iter().chain(line).chain(&light).copied().collect();
    let pattern = [true, false, true, true, true, false, true];
    (4..line.len() - 11)
        .filter(|&at| line[at..at + 7] == pattern)
        .filter(|&at| line[at - 4..at] == light[..4] || line[at + 7..at + 11] == light[..4])
        .count()
}

#[test]
fn the_longest_text_fits_and_one_more_does_not() {
    for (level, limit) in [(Level::L, 4296), (Level::M, 3391)] {
        let longest = "A".repeat(limit);
        assert_eq!(QrSymbol::at_level(&longest, level).unwrap().version(), 40);
        assert_eq!(
            QrSymbol::at_level(&(longest + "A"), level),
            Err(DrawError::TooLong { length: limit + 1, limit })
        );
    }
}

#[test]
fn characters_outside_the_set_are_named() {
    assert!(QrSymbol::of("EL1:ABC").is_ok());
    for (text, at, got) in
        [("EL1:abc", 4, 'a'), ("カナ", 0, 'カ'), ("EL1:照", 4, '照'), ("A\n", 1, '\n'), ("A\0B", 1, '\0')]
    {
        assert_eq!(QrSymbol::of(text), Err(DrawError::NotAlphanumeric { at, got }));
    }
}

#[test]
fn modules_outside_the_symbol_are_light() {
    let symbol = QrSymbol::of("EL1:").unwrap();
    assert!(symbol.module(0, 0));
    assert!(!symbol.module(21, 0));
    assert!(!symbol.module(0, 21));
    assert!(!symbol.module(usize::MAX, usize::MAX));
}

#[test]
fn codewords_fill_the_symbol_exactly() {
    for version in LEVELS.into_iter().flat_map(Version::all) {
        let values = codewords::alphanumeric("EL1:").unwrap();
        let all = codewords::codewords(&values, version);
        assert_eq!(all.len(), version.data_codewords() + version.blocks * version.correction);
    }
}
