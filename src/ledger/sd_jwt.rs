//! Entry kind 11: an SD-JWT VC of a licence was issued (STORE.md §2). Its text is nowhere kept.

use super::entry::{EntryError, Order};
use super::entry_codec::Map;
use crate::codec::cbor::Writer;
use crate::crypto::Digest;
use crate::licence::Identifier;

/// An SD-JWT VC that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedSdJwt {
    /// The licence it is of.
    pub identifier: Identifier,
    /// SHA-256 of the issuer-signed JWT.
    pub issuer_signed: Digest,
    /// Thumbprint (RFC 7638) of the holder's key, if it is bound to one.
    pub holder_key: Option<Digest>,
    /// For whom, and at whose word.
    pub order: Order,
}

impl IssuedSdJwt {
    pub(super) fn write(&self, map: &mut Writer) {
        map.map(if self.holder_key.is_some() { 5 } else { 4 });
        map.int(1).text(self.identifier.as_str()).int(2).bytes(self.issuer_signed.as_bytes());
        map.int(3).text(self.order.department.as_str()).int(4).text(&self.order.asked_by);
        if let Some(key) = &self.holder_key {
            map.int(5).bytes(key.as_bytes());
        }
    }

    pub(super) fn read(map: &mut Map<'_>) -> Result<Self, EntryError> {
        Ok(Self {
            identifier: map.parsed(1, "identifier")?,
            issuer_signed: map.digest(2)?,
            order: Order { department: map.parsed(3, "credit code")?, asked_by: map.text(4)?.to_owned() },
            holder_key: match map.left() {
                0 => None,
                _ => Some(map.digest(5)?),
            },
        })
    }
}
