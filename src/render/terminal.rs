//! A symbol in a terminal: two rows of modules in each line of half blocks.

use super::qr::{QUIET_ZONE, QrSymbol};

/// Black on white out of the fixed 256-colour cube, which themes leave alone.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

/// What a terminal without colours is assumed to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Light letters on a dark ground: light modules are drawn.
    Dark,
    /// Dark letters on a light ground: dark modules are drawn.
    Light,
}

impl QrSymbol {
    /// The symbol with its quiet zone, dark on light whatever the terminal's own colours are, through ANSI escapes.
    pub fn terminal(&self) -> String {
        let lines = self.half_blocks(Background::Light);
        lines.map(|line| format!("{BLACK_ON_WHITE}{line}{RESET}\n")).collect()
    }

    /// The same without escapes, for files, logs and terminals without colours.
    pub fn terminal_plain(&self, background: Background) -> String {
        self.half_blocks(background).map(|line| line + "\n").collect()
    }

    fn half_blocks(&self, background: Background) -> impl Iterator<Item = String> {
        let side = self.size() + 2 * QUIET_ZONE;
        (0..side).step_by(2).map(move |y| {
            (0..side)
                .map(|x| match (self.inked(x, y, background), self.inked(x, y + 1, background)) {
                    (false, false) => ' ',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (true, true) => '█',
                })
                .collect()
        })
    }

    /// Whether to draw at this place, counted from the corner of the quiet zone.
    fn inked(&self, x: usize, y: usize, background: Background) -> bool {
        let dark = self.module(x.wrapping_sub(QUIET_ZONE), y.wrapping_sub(QUIET_ZONE));
        match background {
            Background::Light => dark,
            Background::Dark => !dark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each half of each character has ink, row by row.
    fn inked(text: &str) -> Vec<Vec<bool>> {
        let row = |line: &str, inked: [char; 2]| line.chars().map(|c| inked.contains(&c)).collect();
        text.lines().flat_map(|line| [row(line, ['▀', '█']), row(line, ['▄', '█'])]).collect()
    }

    /// The symbol in its quiet zone, with the row that fills the last line of text.
    fn expected(symbol: &QrSymbol, background: Background) -> Vec<Vec<bool>> {
        let side = symbol.size() + 2 * QUIET_ZONE;
        let module =
            |x: usize, y: usize| symbol.module(x.wrapping_sub(QUIET_ZONE), y.wrapping_sub(QUIET_ZONE));
        let inked = |x, y| module(x, y) == (background == Background::Light);
        (0..side.next_multiple_of(2)).map(|y| (0..side).map(|x| inked(x, y)).collect()).collect()
    }

    #[test]
    fn plain_text_draws_what_the_ground_lacks() {
        let symbol = QrSymbol::of("EL1:TERMINAL").unwrap();
        for background in [Background::Dark, Background::Light] {
            let text = symbol.terminal_plain(background);
            assert_eq!(inked(&text), expected(&symbol, background));
            assert!(!text.contains('\x1b'));
        }
    }

    #[test]
    fn coloured_text_is_dark_on_light_and_leaves_no_colour_behind() {
        let symbol = QrSymbol::of("EL1:TERMINAL").unwrap();
        let text = symbol.terminal();
        let bare: String = text
            .lines()
            .map(|line| {
                line.strip_prefix(BLACK_ON_WHITE).unwrap().strip_suffix(RESET).unwrap().to_owned() + "\n"
            })
            .collect();
        assert_eq!(inked(&bare), expected(&symbol, Background::Light));
        assert!(!bare.contains('\x1b'));
    }
}
