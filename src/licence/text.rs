//! What a text on a licence may be made of: names, numbers, field values, reasons.
//!
//! One rule for all, so that what is signed looks on every screen as the authority meant it, and two texts that look
//! the same are the same: Unicode normal form C, nothing invisible, nothing that turns the direction of writing.

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::is_nfc;

/// Why a text may not stand on a licence. Positions count characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No character at all.
    #[error("expected at least 1 character, got none")]
    Empty,
    /// More characters than allowed.
    #[error("expected at most {max} characters, got {got}")]
    TooLong {
        /// The most allowed.
        max: usize,
        /// How many came.
        got: usize,
    },
    /// White space at the beginning or end.
    #[error("expected no white space at the beginning or end")]
    Untrimmed,
    /// A control character, among them tab and line break.
    #[error("expected no control character, got U+{code_point:04X} at position {position}")]
    Control {
        /// Where.
        position: usize,
        /// Which.
        code_point: u32,
    },
    /// A character that changes the direction of what follows.
    #[error("expected no direction control, got U+{code_point:04X} at position {position}")]
    Direction {
        /// Where.
        position: usize,
        /// Which.
        code_point: u32,
    },
    /// A character that cannot be seen: zero width, filler, variation selector, tag, unusual space, no character.
    #[error("expected only characters that can be seen, got U+{code_point:04X} at position {position}")]
    Invisible {
        /// Where.
        position: usize,
        /// Which.
        code_point: u32,
    },
    /// A combining mark with nothing to combine with, or too many on one character.
    #[error("expected at most {max} combining marks on a character, got more at position {position}", max = MAX_MARKS)]
    CombiningMarks {
        /// Where the first one too many stands.
        position: usize,
    },
    /// Not in Unicode normal form C.
    #[error("expected Unicode normal form C")]
    NotNormalised,
}

/// The most combining marks in a row; living scripts need no more than four.
const MAX_MARKS: usize = 4;

/// Passes for 1 to `max` characters (code points) that may stand on a licence.
pub fn check_text(text: &str, max: usize) -> Result<(), TextError> {
    check_length(text, max)?;
    if is_plain(text) {
        return Ok(());
    }
    text.chars().enumerate().try_for_each(|(index, character)| check_character(index + 1, character))?;
    check_marks(text)?;
    if text.trim() != text {
        return Err(TextError::Untrimmed);
    }
    if !is_nfc(text) {
        return Err(TextError::NotNormalised);
    }
    Ok(())
}

/// Whether a text has only characters that no rule below has anything to say about, wherever they stand: U+0021 to U+007E,
/// U+4E00 to U+9FFF, U+3001 to U+3011, U+FF01 to U+FF5E. That is most of what is ever written, and so most texts are done
/// after one pass; over their bytes, since every text of every licence goes through here.
fn is_plain(text: &str) -> bool {
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [b'!'..=b'~', rest @ ..]
            | [0xE5..=0xE9, _, _, rest @ ..]
            | [0xE4, 0xB8..=0xBF, _, rest @ ..]
            | [0xE3, 0x80, 0x81..=0x91, rest @ ..]
            | [0xEF, 0xBC, 0x81..=0xBF, rest @ ..]
            | [0xEF, 0xBD, 0x80..=0x9E, rest @ ..] => rest,
            rest => return rest.is_empty(),
        }
    }
}

fn check_length(text: &str, max: usize) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    // A character takes a byte at least: most texts need no counting.
    if text.len() <= max {
        return Ok(());
    }
    match text.chars().count() {
        got if got > max => Err(TextError::TooLong { max, got }),
        _ => Ok(()),
    }
}

fn check_character(position: usize, character: char) -> Result<(), TextError> {
    let code_point = u32::from(character);
    match character {
        _ if character.is_control() => Err(TextError::Control { position, code_point }),
        '\u{2028}' | '\u{2029}' => Err(TextError::Control { position, code_point }),
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            Err(TextError::Direction { position, code_point })
        }
        _ if is_invisible(character) => Err(TextError::Invisible { position, code_point }),
        _ => Ok(()),
    }
}

/// Default-ignorable code points, blanks that are no white space, spaces other than U+0020 and the ideographic one,
/// and code points that are no characters.
fn is_invisible(character: char) -> bool {
    let ignorable = matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFC}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}');
    let unusual_space = character.is_whitespace() && !matches!(character, ' ' | '\u{3000}');
    let no_character =
        matches!(character, '\u{FDD0}'..='\u{FDEF}') || u32::from(character) & 0xFFFE == 0xFFFE;
    ignorable || unusual_space || no_character
}

fn check_marks(text: &str) -> Result<(), TextError> {
    // The mark limit is reached at the start, where there is nothing to combine with.
    let mut marks = MAX_MARKS;
    for (index, character) in text.chars().enumerate() {
        marks = if is_combining_mark(character) { marks + 1 } else { 0 };
        if marks > MAX_MARKS {
            return Err(TextError::CombiningMarks { position: index + 1 });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    #[test]
    fn names_that_people_and_companies_have_pass() {
        for name in [
            "张三",
            "㐆𠮷",
            "买买提·吐尔逊·阿不都热合曼",
            "JEAN-PIERRE D'ARC",
            "Nguyễn Thị Ánh",
            "（甲）市场监督管理局",
            "某某　公司",
            "བཀྲ་ཤིས་",
            "〇",
            "x",
        ] {
            assert_eq!(check_text(name, 200), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_named_with_its_place() {
        let invisible = |position, code_point| Err(TextError::Invisible { position, code_point });
        assert_eq!(check_text("张\u{200B}三", 200), invisible(2, 0x200B));
        assert_eq!(check_text("张三\u{FEFF}", 200), invisible(3, 0xFEFF));
        assert_eq!(check_text("葛\u{E0100}城", 200), invisible(2, 0xE0100));
        assert_eq!(check_text("a\u{A0}b", 200), invisible(2, 0xA0));
        assert_eq!(check_text("\u{FFFF}", 200), invisible(1, 0xFFFF));
        assert_eq!(check_text("\u{3164}", 200), invisible(1, 0x3164));
        assert_eq!(check_text("\u{2800}", 200), invisible(1, 0x2800));
    }

    #[test]
    fn direction_controls_and_control_characters_are_refused() {
        for code_point in [0x61C, 0x200E, 0x200F, 0x202A, 0x202E, 0x2066, 0x2069] {
            let text = format!("a{}", char::from_u32(code_point).unwrap());
            assert_eq!(check_text(&text, 200), Err(TextError::Direction { position: 2, code_point }));
        }
        for code_point in [0, 9, 10, 13, 0x1F, 0x7F, 0x85, 0x2028, 0x2029] {
            let text = format!("a{}b", char::from_u32(code_point).unwrap());
            assert_eq!(check_text(&text, 200), Err(TextError::Control { position: 2, code_point }));
        }
    }

    #[test]
    fn look_alike_twins_are_refused() {
        assert_eq!(check_text("Café", 200), Ok(()));
        assert_eq!(check_text("Cafe\u{301}", 200), Err(TextError::NotNormalised));
        assert_eq!(check_text("\u{F900}", 200), Err(TextError::NotNormalised));
        assert_eq!(check_text(" 张三", 200), Err(TextError::Untrimmed));
        assert_eq!(check_text("张三\u{3000}", 200), Err(TextError::Untrimmed));
        assert_eq!(check_text(" ", 200), Err(TextError::Untrimmed));
    }

    #[test]
    fn combining_floods_are_refused() {
        let flood = |marks| check_text(&format!("x{}", "\u{32A}".repeat(marks)), 200);
        assert_eq!(flood(4), Ok(()));
        assert_eq!(flood(5), Err(TextError::CombiningMarks { position: 6 }));
        assert_eq!(check_text("\u{32A}x", 200), Err(TextError::CombiningMarks { position: 1 }));
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert_eq!(check_text("", 5), Err(TextError::Empty));
        assert_eq!(check_text(&"证".repeat(200), 200), Ok(()));
        assert_eq!(check_text(&"𠮷".repeat(201), 200), Err(TextError::TooLong { max: 200, got: 201 }));
        assert_eq!(check_text("abcdef", 5), Err(TextError::TooLong { max: 5, got: 6 }));
    }

    #[test]
    fn plain_characters_are_those_of_the_four_ranges_and_break_no_rule() {
        for character in '\0'..=char::MAX {
            let in_a_range = matches!(character,
                '!'..='~' | '\u{4E00}'..='\u{9FFF}' | '\u{3001}'..='\u{3011}' | '\u{FF01}'..='\u{FF5E}');
            assert_eq!(is_plain(&character.to_string()), in_a_range, "{character:?}");
            if in_a_range {
                assert_eq!(check_character(1, character), Ok(()));
                assert!(is_nfc(&character.to_string()) && !is_combining_mark(character));
                assert!(!character.is_whitespace());
            }
        }
        assert!(is_plain("证A照（1）、") && !is_plain("证 照") && !is_plain("证é"));
    }

    proptest! {
        #[test]
        fn what_passes_is_normal_trimmed_and_short(text in any::<String>()) {
            if check_text(&text, 20).is_ok() {
                prop_assert_eq!(text.nfc().collect::<String>(), text.clone());
                prop_assert_eq!(text.trim(), text.as_str());
                prop_assert!((1..=20).contains(&text.chars().count()));
                prop_assert!(!text.chars().any(char::is_control));
            }
        }
    }
}
