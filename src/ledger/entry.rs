//! What the ledger records: the entries, their public and private parts, and the record that commits to both
//! (FORMAT.md §6, STORE.md §2).

use super::consent::ConsentChange;
use super::credential::Credential;
use super::entry_codec::{private_part, read_private_part};
use super::grant::GrantChange;
use super::holder_use::HolderUse;
use super::sd_jwt::IssuedSdJwt;
use super::uses::{PresentationMade, PresentationUsed, ReceiptGiven};
use crate::access::Roles;
use crate::codec::KeyId;
use crate::codec::cbor::{CborError, Reader, Writer};
use crate::crypto::{Digest, Random, RandomError, random_bytes};
use crate::licence::{CreditCode, Identifier, LegalBasis, Reason, Replacement, State, TypeCode};
use crate::time::UnixTime;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The installation was made.
    Installation(Installation),
    /// A certificate was minted.
    Certificate(MintedCertificate),
    /// A department was added, or has changed.
    Department(Department),
    /// An API key or a certificate to log in with was made, or it has changed.
    Credential(Credential),
    /// A trust list was signed: its envelope.
    TrustList(Vec<u8>),
    /// A licence was issued.
    Licence(Box<IssuedLicence>),
    /// The status of a licence was changed.
    Status(StatusChange),
    /// An SD-JWT VC of a licence was issued.
    SdJwt(IssuedSdJwt),
    /// A receipt was given.
    Receipt(ReceiptGiven),
    /// A presentation was made.
    Presentation(PresentationMade),
    /// A presentation that is good for one use was used.
    PresentationUsed(PresentationUsed),
    /// A grant was given, confirmed or withdrawn.
    Grant(GrantChange),
    /// A holder's licences were used.
    Use(HolderUse),
    /// A holder's consent was given or withdrawn.
    Consent(ConsentChange),
}

/// The installation, as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The region it serves.
    pub region: String,
    /// Its public URL.
    pub public_url: String,
    /// The origin line of its checkpoints.
    pub origin: String,
    /// The city's credit code.
    pub city: CreditCode,
}

/// A certificate of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MintedCertificate {
    /// The certificate.
    pub der: Vec<u8>,
    /// Name of the file under `keys/` that holds its key.
    pub key_name: String,
}

/// A department (部门) of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    /// Its credit code.
    pub code: CreditCode,
    /// Its name.
    pub name: String,
    /// The types it may issue; none for one that only verifies.
    pub types: Vec<TypeCode>,
    /// What it signs with; absent for one that only verifies.
    pub issuing: Option<Issuing>,
    /// What its credentials may do, and who said so; absent for one that was entered before there were roles.
    pub roles: Option<(Roles, Order)>,
}

/// What an issuing department signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuing {
    /// Its current certificate.
    pub key_id: KeyId,
    /// Random part of the addresses of its status lists.
    pub status_tag: String,
}

/// A licence with everything that an equal answer to the same request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedLicence {
    /// The full form's envelope, bare.
    pub full: Vec<u8>,
    /// The qr form's envelope, bare.
    pub qr: Vec<u8>,
    /// The idempotency key of the request.
    pub idempotency_key: String,
    /// SHA-256 of the request's body.
    pub request: Digest,
    /// For whom, and at whose word.
    pub order: Order,
    /// The licence it replaces, and where in that licence's own history this stands.
    pub replaces: Option<Replaced>,
}

/// The end of a predecessor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The licence that ends.
    pub identifier: Identifier,
    /// The event's number in its history, from 1.
    pub sequence: u32,
    /// What the newer licence was issued for.
    pub purpose: Replacement,
}

/// Who ordered something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The department it was done for.
    pub department: CreditCode,
    /// The API key's id in hexadecimal, or `local` for an administrator on the machine.
    pub asked_by: String,
}

/// A change of a licence's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// Which licence.
    pub identifier: Identifier,
    /// The state from now on.
    pub to: State,
    /// Why.
    pub reason: Reason,
    /// Under which rule, where that was said.
    pub legal_basis: Option<LegalBasis>,
    /// For whom, and at whose word.
    pub order: Order,
    /// The event's number in the licence's history, from 1.
    pub sequence: u32,
}

/// An event at a time: what one ledger entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was written.
    pub at: UnixTime,
    /// What happened.
    pub event: Event,
}

/// An entry as bytes, not yet sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedEntry {
    /// The kind of FORMAT.md §6.
    pub kind: u8,
    /// What the Merkle tree and every proof is about.
    pub record: Digest,
    /// CBOR `[salt, public part, private salt, private part]`, to be sealed.
    pub plain: Vec<u8>,
}

/// Bytes that are not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not deterministic CBOR of the right shape.
    #[error("the entry is not well-formed: {0}")]
    Cbor(#[from] CborError),
    /// A kind that this version does not know.
    #[error("the entry's kind {got} is not known")]
    Kind {
        /// The kind that came.
        got: u64,
    },
    /// A value that is not what its place asks for.
    #[error("the entry's {what} is not valid")]
    Value {
        /// Which value.
        what: &'static str,
    },
    /// The record does not commit to these bytes.
    #[error("the entry does not belong to its record")]
    Record,
}

impl Event {
    /// The kind of a licence.
    pub const LICENCE: u8 = 6;
    /// The kind of a change of status.
    pub const STATUS: u8 = 7;
    /// The kind of an SD-JWT VC.
    pub const SD_JWT: u8 = 11;
    /// The kind of a use.
    pub const USE: u8 = 13;

    /// The kind of FORMAT.md §6.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Installation(_) => 1,
            Self::Certificate(_) => 2,
            Self::Department(_) => 3,
            Self::Credential(_) => 4,
            Self::TrustList(_) => 5,
            Self::Licence(_) => Self::LICENCE,
            Self::Status(_) => Self::STATUS,
            Self::Receipt(_) => 8,
            Self::Presentation(_) => 9,
            Self::PresentationUsed(_) => 10,
            Self::SdJwt(_) => Self::SD_JWT,
            Self::Grant(_) => 12,
            Self::Use(_) => Self::USE,
            Self::Consent(_) => 14,
        }
    }

    /// Digests of what was signed in this event, in the order of FORMAT.md §6.
    fn signed(&self) -> Vec<Digest> {
        match self {
            Self::Certificate(minted) => vec![Digest::of(&minted.der)],
            Self::TrustList(envelope) => vec![Digest::of(envelope)],
            Self::Licence(issued) => vec![Digest::of(&issued.full), Digest::of(&issued.qr)],
            Self::SdJwt(issued) => vec![issued.issuer_signed],
            Self::Receipt(given) => vec![Digest::of(&given.envelope)],
            Self::Presentation(made) => vec![made.envelope],
            Self::Use(used) => vec![Digest::of(&used.receipt)],
            Self::Installation(_)
            | Self::Department(_)
            | Self::Credential(_)
            | Self::Grant(_)
            | Self::Consent(_)
            | Self::Status(_)
            | Self::PresentationUsed(_) => Vec::new(),
        }
    }
}

impl Entry {
    /// Makes the entry's bytes and its record, with new salts.
    pub fn encode(&self, random: &dyn Random) -> Result<EncodedEntry, RandomError> {
        let (salt, private_salt) = (random_bytes::<16>(random)?, random_bytes::<16>(random)?);
        let private = private_part(&self.event);
        let public = self.public_part(&Digest::of_parts(&[&private_salt, &private]));
        let mut writer = Writer::new();
        writer.array(4).bytes(&salt).bytes(&public).bytes(&private_salt).bytes(&private);
        Ok(EncodedEntry {
            kind: self.event.kind(),
            record: Digest::of_parts(&[&salt, &public]),
            plain: writer.finish(),
        })
    }

    /// Reads an entry's bytes and checks that `record` commits to all of them.
    pub fn decode(plain: &[u8], record: &Digest) -> Result<Self, EntryError> {
        let mut reader = Reader::new(plain);
        reader.array_of(4)?;
        let (salt, public) = (reader.bytes()?, reader.bytes()?);
        let (private_salt, private) = (reader.bytes()?, reader.bytes()?);
        reader.finish()?;
        if salt.len() != 16 || private_salt.len() != 16 || Digest::of_parts(&[salt, public]) != *record {
            return Err(EntryError::Record);
        }
        let (kind, at) = read_kind_and_time(public)?;
        let entry = Self { at, event: read_private_part(kind, private)? };
        // The rest of the public part follows from the private one; written again it must be the same bytes.
        match entry.public_part(&Digest::of_parts(&[private_salt, private])) == public {
            true => Ok(entry),
            false => Err(EntryError::Record),
        }
    }

    fn public_part(&self, private: &Digest) -> Vec<u8> {
        let signed = self.event.signed();
        let mut writer = Writer::new();
        writer.array(4).uint(u64::from(self.event.kind())).int(self.at.seconds()).array(signed.len());
        for digest in &signed {
            writer.bytes(digest.as_bytes());
        }
        writer.bytes(private.as_bytes());
        writer.finish()
    }
}

fn read_kind_and_time(public: &[u8]) -> Result<(u64, UnixTime), EntryError> {
    let mut reader = Reader::new(public);
    reader.array_of(4)?;
    let kind = reader.uint()?;
    let at = UnixTime::from_seconds(reader.int()?).ok_or(EntryError::Value { what: "time" })?;
    Ok((kind, at))
}

#[cfg(test)]
mod tests;
