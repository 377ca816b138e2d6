//! Packs (离线包): what an offline verifier needs, in one signed file (FORMAT.md §11).
//!
//! `manifest` is what is signed: a line for each part, with its digest. `file` is the manifest with the parts behind it,
//! whole or as an update. `believed` is a file that is believed; `make` writes one.

mod believed;
mod error;
mod file;
mod make;
mod manifest;
#[cfg(test)]
mod tests;

pub use believed::{Pack, SeenPack};
pub use error::PackError;
pub use file::{PackFile, Part};
pub use make::{Contents, Held, SignedPack, SurvivorSet};
pub use manifest::{Line, Manifest, PartKind, Selection};
