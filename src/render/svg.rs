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

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules that a path of `M{x} {y}h{length}v1h-{length}z` covers, by coordinates of the picture.
    fn covered(path: &str) -> Vec<(usize, usize)> {
        let run = |run: &str| {
            let (start, rest) = run.split_once('h').unwrap();
            let (x, y) = start.split_once(' ').unwrap();
            let (length, back) = rest.split_once("v1h-").unwrap();
            assert_eq!(length, back.trim_end_matches('z'));
            let (x, y, length): (usize, usize, usize) =
                (x.parse().unwrap(), y.parse().unwrap(), length.parse().unwrap());
            (x..x + length).map(move |x| (x, y))
        };
        path.split('M').skip(1).flat_map(run).collect()
    }

    #[test]
    fn the_path_covers_the_dark_modules_once_each() {
        let symbol = QrSymbol::of("EL1:A PICTURE TO BE DRAWN").unwrap();
        let svg = symbol.svg(Style::default());
        let path = svg.rsplit_once(" d=\"").unwrap().1.split_once('"').unwrap().0;
        let side = symbol.size() + 2 * QUIET_ZONE;
        let dark: Vec<_> = (0..side * side)
            .map(|at| (at % side, at / side))
            .filter(|&(x, y)| symbol.module(x.wrapping_sub(QUIET_ZONE), y.wrapping_sub(QUIET_ZONE)))
            .collect();
        assert_eq!(covered(path), dark);
    }

    #[test]
    fn it_is_sized_for_print_and_carries_nothing_active() {
        let svg = QrSymbol::of("EL1:").unwrap().svg(Style::new(8, 500).unwrap());
        assert!(svg.starts_with(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"14.500mm\" height=\"14.500mm\" viewBox=\"0 0 29 29\" \
             shape-rendering=\"crispEdges\">"
        ));
        assert!(svg.ends_with("</svg>\n"));
        for active in ["script", "href", "style", "<!", "<?", "url("] {
            assert!(!svg.contains(active), "{active}");
        }
    }
}
