//! Entry kind 4: something to log in with, an API key or a client certificate (STORE.md §2). Neither is kept, only a hash.

use super::entry::{EntryError, Order};
use super::entry_codec::{Map, write_roles};
use crate::access::Roles;
use crate::codec::cbor::Writer;
use crate::crypto::Digest;
use crate::licence::CreditCode;
use crate::time::UnixTime;

/// An API key or a client certificate, as it is from this entry on. A later entry with the same id takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The part that may be logged: of a key, random; of a certificate, the first 8 bytes of [`Credential::digest`].
    pub id: [u8; 8],
    /// SHA-256 of the key's secret part, or of the certificate's DER.
    pub digest: Digest,
    /// Whose it is.
    pub department: CreditCode,
    /// Whether it opens anything.
    pub state: CredentialState,
    /// What it opens; absent for a key from before there were roles, which opens what its department may, without an end.
    pub entitlement: Option<Entitlement>,
}

/// Whether a credential opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialState {
    /// It does.
    Made,
    /// It does no more.
    Withdrawn,
}

/// What a credential opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// As far as its department has them, too.
    pub roles: Roles,
    /// It opens nothing from this second on.
    pub expires: UnixTime,
    /// What it is.
    pub form: CredentialForm,
    /// Who had it made, or changed.
    pub order: Order,
}

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialForm {
    /// An API key.
    Key,
    /// A client certificate.
    Certificate,
}

impl CredentialForm {
    /// Its name in the API and the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Certificate => "certificate",
        }
    }
}

impl CredentialState {
    /// Its name in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl Credential {
    pub(super) fn write(&self, map: &mut Writer) {
        map.map(if self.entitlement.is_some() { 9 } else { 4 });
        map.int(1).bytes(&self.id).int(2).bytes(self.digest.as_bytes());
        map.int(3).text(self.department.as_str()).int(4).text(self.state.as_str());
        if let Some(Entitlement { roles, expires, form, order }) = &self.entitlement {
            map.int(5);
            write_roles(*roles, map);
            map.int(6).int(expires.seconds()).int(7).text(form.as_str());
            map.int(8).text(order.department.as_str()).int(9).text(&order.asked_by);
        }
    }

    pub(super) fn read(map: &mut Map<'_>) -> Result<Self, EntryError> {
        Ok(Self {
            id: map.bytes(1)?.try_into().map_err(|_| EntryError::Value { what: "credential id" })?,
            digest: map.digest(2)?,
            department: map.parsed(3, "credit code")?,
            state: map
                .word(4, "state", [CredentialState::Made, CredentialState::Withdrawn], |one| one.as_str())?,
            entitlement: match map.left() {
                0 => None,
                _ => Some(Entitlement {
                    roles: map.roles(5)?,
                    expires: map.time(6)?,
                    form: map.word(7, "form", [CredentialForm::Key, CredentialForm::Certificate], |one| {
                        one.as_str()
                    })?,
                    order: map.order(8)?,
                }),
            },
        })
    }
}
