//! Bytes as the body of an issue request: read or refused, checked against its type or refused, never anything else.

use std::sync::LazyLock;

use elicense::licence::{Catalogue, Draft};

use super::golden;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::shipped().unwrap());

/// One input.
pub fn run(data: &[u8]) {
    let Ok(draft) = Draft::from_json(data) else { return };
    let Some(licence_type) = CATALOGUE.get(&draft.type_code()) else { return };
    let _ = draft.check(licence_type, golden::judged().date());
}
