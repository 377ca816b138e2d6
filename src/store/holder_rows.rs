//! What the index says about holders: their licences, and who used them (STORE.md §3, rows `h`, `o` and `v`).

use super::engine::Row;
use super::licence_store::Store;
use super::reader::StoreError;
use super::rows::{RowKeys, read_position};
use crate::licence::HolderNumber;

impl Store {
    /// Positions of a holder's licences, oldest first.
    pub fn licences_of(&self, holder: &HolderNumber) -> Result<Vec<u64>, StoreError> {
        positions(&self.rows(&self.keys().licences_of(holder), usize::MAX)?)
    }

    /// Positions of the uses of a holder's licences that stand before `before`, newest first, at most `limit`.
    pub fn uses_of(
        &self,
        holder: &HolderNumber,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let keys = self.keys();
        let range = before.map_or_else(|| keys.uses_of(holder), |before| keys.uses_before(holder, before));
        positions(&self.last_rows(&range, limit)?)
    }

    /// Positions of uses of anybody's licences from a position on, oldest first, at most `limit`.
    pub fn uses_from(&self, position: u64, limit: usize) -> Result<Vec<u64>, StoreError> {
        positions(&self.rows(&RowKeys::uses_from(position), limit)?)
    }
}

/// What the keys end with.
fn positions(rows: &[Row]) -> Result<Vec<u64>, StoreError> {
    Ok(rows.iter().map(|row| read_position(&row.key)).collect::<Result<_, _>>()?)
}
