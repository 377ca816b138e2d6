//! QR pictures: draw them, read them.
//!
//! `qr` makes a symbol out of a credential's text; `png`, `svg` and `terminal` draw it at a `style`; `read` finds the
//! text in a picture that someone sends.

mod png;
mod qr;
mod style;
mod svg;
mod terminal;

pub use qr::{DrawError, QrSymbol};
pub use style::Style;
pub use terminal::Background;
