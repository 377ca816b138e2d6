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
