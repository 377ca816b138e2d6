//! QR pictures: draw them, read them.
//!
//! `qr` makes a symbol out of a credential's text; `png`, `svg` and `terminal` draw it at a `style`; `read` finds the
//! text in a picture that someone sends.

mod png;
mod qr;
mod read;
mod style;
mod svg;
mod terminal;

pub use qr::{DrawError, QrSymbol};
pub use read::{PictureLimits, ReadError, read_qr};
pub use style::Style;
pub use terminal::Background;
