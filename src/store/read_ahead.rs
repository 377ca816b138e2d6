//! Rows that are read together before they are asked for one by one: over a database each would be a journey of its own.

use std::collections::HashMap;

use super::licence_store::Store;
use super::reader::StoreError;
use super::rows::{RequestRow, read_position};
use crate::licence::{CreditCode, TypeCode};

/// Rows as they were when they were read. Of any other key it says what the store says now.
pub struct ReadAhead<'a> {
    store: &'a Store,
    rows: HashMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Store {
    /// Reads these keys in one journey.
    pub fn read_ahead(&self, keys: Vec<Vec<u8>>) -> Result<ReadAhead<'_>, StoreError> {
        let values = self.values(&keys)?;
        Ok(ReadAhead { store: self, rows: keys.into_iter().zip(values).collect() })
    }
}

impl<'a> ReadAhead<'a> {
    /// Of a store of which nothing was read.
    pub fn nothing(store: &'a Store) -> Self {
        Self { store, rows: HashMap::new() }
    }

    /// As [`Store::request`].
    pub fn request(&self, department: CreditCode, key: &str) -> Result<Option<RequestRow>, StoreError> {
        match self.rows.get(&self.store.keys().request(department, key)) {
            Some(value) => Ok(value.as_deref().map(RequestRow::decode).transpose()?),
            None => self.store.request(department, key),
        }
    }

    /// As [`Store::number`].
    pub fn number(
        &self,
        type_code: TypeCode,
        authority: CreditCode,
        number: &str,
    ) -> Result<Option<u64>, StoreError> {
        match self.rows.get(&self.store.keys().number(type_code, authority, number)) {
            Some(value) => Ok(value.as_deref().map(read_position).transpose()?),
            None => self.store.number(type_code, authority, number),
        }
    }

    /// As [`Store::has`].
    pub fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        match self.rows.get(key) {
            Some(value) => Ok(value.is_some()),
            None => self.store.has(key),
        }
    }
}
