//! Sealing what lies on the disk, and index keys that do not tell whom they are about (DESIGN §6, promise 9).

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use zeroize::{Zeroize, Zeroizing};

use super::random::{Random, RandomError, random_bytes};

/// The installation's data key. Everything sealed on the disk hangs from it; it never seals anything itself.
pub struct DataKey(Zeroizing<[u8; 32]>);

/// Sealing or opening failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not sealed under this key with this nonce and this additional data, or changed since.
    #[error("the sealed bytes do not open: changed, moved to another place, or sealed under another key")]
    DoesNotOpen,
    /// Too long for the cipher.
    #[error("the bytes could not be sealed")]
    CannotSeal,
}

impl DataKey {
    /// A new key.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self(Zeroizing::new(random_bytes(random)?)))
    }

    /// Takes the bytes of a key file.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// **The secret in the open**, for a key file of mode 0600 and nothing else.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that seals one segment's entries (STORE.md §1).
    pub fn segment_key(&self, salt: &[u8; 32]) -> SealingKey {
        SealingKey::new(&self.derive(salt, b"elicense segment"))
    }

    /// The key that seals index values (STORE.md §3).
    pub fn index_value_key(&self) -> SealingKey {
        SealingKey::new(&self.derive(&[0; 32], b"elicense index value"))
    }

    /// The key behind index keys (STORE.md §3).
    pub fn index_key(&self) -> IndexKey {
        let secret = self.derive(&[0; 32], b"elicense index");
        IndexKey(hmac::Key::new(hmac::HMAC_SHA256, &*secret))
    }

    fn derive(&self, salt: &[u8; 32], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut out = Zeroizing::new([0; 32]);
        let purpose = [purpose];
        let filled = hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(&*self.0)
            .expand(&purpose, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *out));
        debug_assert!(filled.is_ok(), "32 bytes are what HKDF-SHA-256 expands to at least");
        out
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(secret)")
    }
}

/// AES-256-GCM under one derived key. Nonces are random, so at most 2^32 of them a key: a segment of 256 MiB is far below.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    fn new(bytes: &[u8; 32]) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the only error is a wrong key length, and 32 is right by type"
        )]
        let key = UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Ciphertext with its 16-byte tag behind it.
    pub fn seal(&self, nonce: [u8; 12], additional: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut buffer = Vec::with_capacity(plain.len() + 16);
        buffer.extend_from_slice(plain);
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(additional), &mut buffer)
            .map_err(|_| SealError::CannotSeal)?;
        Ok(buffer)
    }

    /// The plain bytes, if nonce, additional data, key and every bit are the ones it was sealed with.
    pub fn open(&self, nonce: [u8; 12], additional: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut buffer = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        match self.0.open_in_place(nonce, Aad::from(additional), &mut buffer) {
            Ok(plain) => {
                let length = plain.len();
                buffer.truncate(length);
                Ok(buffer)
            }
            Err(_) => {
                buffer.zeroize();
                Err(SealError::DoesNotOpen)
            }
        }
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(secret)")
    }
}

/// Makes index keys: equal for equal parts, and telling nothing about them without this key.
pub struct IndexKey(hmac::Key);

impl IndexKey {
    /// First 16 bytes of HMAC-SHA-256 over the index letter and each part with its length before it.
    pub fn mac(&self, letter: u8, parts: &[&[u8]]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&[letter]);
        for part in parts {
            context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(part);
        }
        let mut short = [0; 16];
        if let Some(first) = context.sign().as_ref().first_chunk::<16>() {
            short = *first;
        }
        short
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_in_its_place() {
        let data = DataKey::from_bytes([7; 32]);
        let key = data.segment_key(&[1; 32]);
        let sealed = key.seal([0; 12], b"place", b"a holder's name").unwrap();
        assert_eq!(key.open([0; 12], b"place", &sealed).unwrap(), b"a holder's name");
        assert_eq!(key.open([0; 12], b"elsewhere", &sealed), Err(SealError::DoesNotOpen));
        assert_eq!(key.open([1; 12], b"place", &sealed), Err(SealError::DoesNotOpen));
        assert_eq!(data.segment_key(&[2; 32]).open([0; 12], b"place", &sealed), Err(SealError::DoesNotOpen));
        assert_eq!(data.index_value_key().open([0; 12], b"place", &sealed), Err(SealError::DoesNotOpen));
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open([0; 12], b"place", &changed), Err(SealError::DoesNotOpen));
        }
    }

    #[test]
    fn parts_cannot_be_cut_another_way() {
        let key = DataKey::from_bytes([7; 32]).index_key();
        assert_eq!(key.mac(b'h', &[b"111", b"42"]), key.mac(b'h', &[b"111", b"42"]));
        assert_ne!(key.mac(b'h', &[b"111", b"42"]), key.mac(b'h', &[b"1114", b"2"]));
        assert_ne!(key.mac(b'h', &[b"111"]), key.mac(b'n', &[b"111"]));
    }

    #[test]
    fn keys_do_not_show_themselves() {
        let data = DataKey::from_bytes([7; 32]);
        let shown = format!("{data:?} {:?} {:?}", data.index_value_key(), data.index_key());
        assert_eq!(shown, "DataKey(secret) SealingKey(secret) IndexKey(secret)");
    }
}
