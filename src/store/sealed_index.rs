//! Index values as they lie on the disk: nonce (12) ‖ AES-256-GCM, additional data the key (STORE.md §3). Above this the
//! rows are plain, below it an engine sees bytes that tell nothing.

use std::fmt;
use std::sync::Arc;

use super::engine::{Direction, Engine, EngineError, KeyRange, Row};
use crate::crypto::{DataKey, Random, RandomError, SealError, SealingKey};

/// Seals and opens index values.
pub struct SealedIndex {
    key: SealingKey,
    random: Arc<dyn Random>,
}

/// A row could not be sealed, read or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The value does not open.
    #[error("an index value is refused: {0}")]
    Sealed(#[from] SealError),
    /// No nonce.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl SealedIndex {
    /// Under the key that the data key gives for index values.
    pub fn new(data_key: &DataKey, random: Arc<dyn Random>) -> Self {
        Self { key: data_key.index_value_key(), random }
    }

    /// Plain rows as the engine keeps them. The source of randomness is asked once for all of them.
    pub fn seal(&self, rows: Vec<Row>) -> Result<Vec<Row>, RowError> {
        let mut nonces = vec![[0; 12]; rows.len()];
        self.random.fill(nonces.as_flattened_mut())?;
        let seal = |(row, nonce): (Row, [u8; 12])| {
            let sealed = self.key.seal(nonce, &row.key, &row.value)?;
            Ok(Row { key: row.key, value: [&nonce[..], &sealed].concat() })
        };
        rows.into_iter().zip(nonces).map(seal).collect()
    }

    /// The plain value that the engine keeps as `value` under `key`.
    pub fn open(&self, key: &[u8], value: &[u8]) -> Result<Vec<u8>, RowError> {
        let (nonce, sealed) = value.split_first_chunk::<12>().ok_or(SealError::DoesNotOpen)?;
        Ok(self.key.open(*nonce, key, sealed)?)
    }

    /// The plain value of `key`.
    pub fn get(&self, engine: &dyn Engine, key: &[u8]) -> Result<Option<Vec<u8>>, RowError> {
        engine.get(key)?.map(|value| self.open(key, &value)).transpose()
    }

    /// As [`Engine::scan`], plain.
    pub fn scan(
        &self,
        engine: &dyn Engine,
        range: &KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, RowError> {
        let rows = engine.scan(range, direction, limit)?;
        rows.into_iter()
            .map(|row| Ok(Row { value: self.open(&row.key, &row.value)?, key: row.key }))
            .collect()
    }
}

impl fmt::Debug for SealedIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedIndex(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemRandom;

    #[test]
    fn a_value_opens_under_its_key_only() {
        let index = SealedIndex::new(&DataKey::from_bytes([7; 32]), Arc::new(SystemRandom));
        let row = Row { key: b"l1".to_vec(), value: b"a licence".to_vec() };
        let two = index.seal(vec![row.clone(), row]).unwrap();
        let [sealed, again] = &two[..] else { panic!("two in, {} out", two.len()) };
        assert_ne!(sealed.value, again.value, "the same value twice does not look the same");
        assert_eq!(index.open(b"l1", &sealed.value).unwrap(), b"a licence");
        let refused = Err(RowError::Sealed(SealError::DoesNotOpen));
        assert_eq!(index.open(b"l2", &sealed.value), refused);
        assert_eq!(index.open(b"l1", &sealed.value[..11]), refused);
        for bit in 0..sealed.value.len() * 8 {
            let mut changed = sealed.value.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(index.open(b"l1", &changed), refused);
        }
    }
}
