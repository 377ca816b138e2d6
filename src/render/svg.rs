//! A symbol as SVG: one path, one unit a module, sized in millimetres.

use std::fmt::Write;

use super::qr::{QUIET_ZONE, QrSymbol};
use super::style::Style;

impl QrSymbol {
    /// The symbol with its quiet zone as a stand-alone SVG document without scripts, styles or references.
    pub fn svg(&self, style: Style) -> String {
        let side = self.size() + 2 * QUIET_ZONE;
        let millimetres = millimetres(side, style);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{millimetres}mm\" height=\"{millimetres}mm\" \
             viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>\n",
            path = self.path()
        )
    }

    /// A rectangle of height one for each run of dark modules.
    fn path(&self) -> String {
        let mut path = String::with_capacity(self.size() * self.size() * 3);
        for y in 0..self.size() {
            let mut x = 0;
            while x < self.size() {
                let length = (x..self.size()).take_while(|&x| self.module(x, y)).count();
                if length > 0 {
                    let (left, top) = (x + QUIET_ZONE, y + QUIET_ZONE);
                    // Writing to a `String` cannot fail.
                    let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
                }
                x += length.max(1);
            }
        }
        path
    }
}

/// A length in millimetres with three decimals, never through floating point.
fn millimetres(modules: usize, style: Style) -> String {
    let micrometres = u64::from(style.micrometres()) * u64::try_from(modules).unwrap_or(u64::MAX);
    format!("{}.{:03}", micrometres / 1000, micrometres % 1000)
}
