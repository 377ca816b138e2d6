//! QR pictures: draw them, read them. And the printed receipt.
//!
//! `qr` makes a symbol out of a credential's text; `png`, `svg` and `terminal` draw it at a `style`; `read` finds the
//! text in a picture that someone sends.

mod png;
mod qr;
mod read;
mod receipt_page;
mod style;
mod svg;
mod terminal;

pub use qr::{DrawError, Level, QrSymbol};
pub use read::{PictureLimits, ReadError, read_qr};
pub use receipt_page::{RECEIPT_STYLE, ReceiptDocument, ReceiptPageError};
pub use style::Style;
pub use terminal::Background;
