//! What the index rows mean (STORE.md §3): encoded here once, above every engine.
//!
//! [`RowKeys::rows_of`] is a pure function of an entry and its position. Appending, catching up and rebuilding all call it,
//! so an index made anew is the index that was there.

use super::engine::{KeyRange, Row};
use crate::codec::cbor::{CborError, Reader, Writer};
use crate::codec::{Envelope, EnvelopeError, LicenceClaims, PayloadError, ReceiptClaims, ReceiptId, limits};
use crate::crypto::{DataKey, Digest, IndexKey};
use crate::ledger::{Entry, Event, IssuedLicence, StatusChange};
use crate::licence::{CreditCode, HolderNumber, Identifier, State, TypeCode};
use crate::time::UnixTime;

/// Makes index keys. Holders, numbers and identifiers go in as HMACs only.
#[derive(Debug)]
pub struct RowKeys(IndexKey);

/// What an `l` row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LicenceRow {
    /// Position of the entry.
    pub position: u64,
    /// Digest of the full form.
    pub full: Digest,
    /// Digest of the qr form.
    pub qr: Digest,
}

/// What an `s` row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// When.
    pub at: UnixTime,
    /// What.
    pub what: EventKind,
    /// Position of the entry.
    pub position: u64,
}

/// What happened to a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Its status was changed.
    Status {
        /// To what.
        to: State,
        /// Why.
        reason: String,
        /// By which department.
        by: CreditCode,
    },
    /// A newer licence replaces it.
    Replaced {
        /// The newer one.
        identifier: Identifier,
        /// Its first second.
        from: UnixTime,
    },
}

/// What a `k` row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Position of the entry that the request made.
    pub position: u64,
    /// SHA-256 of its body.
    pub request: Digest,
}

/// An entry or a row that does not hold what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowContentError {
    /// Not the CBOR that was written.
    #[error("an index row is not well-formed: {0}")]
    Cbor(#[from] CborError),
    /// A value out of its range.
    #[error("an index row's {what} is not valid")]
    Value {
        /// Which.
        what: &'static str,
    },
    /// An entry whose envelope cannot be read.
    #[error("an envelope in the ledger cannot be read: {0}")]
    Envelope(#[from] EnvelopeError),
    /// An entry whose payload cannot be read.
    #[error("an envelope in the ledger cannot be read: {0}")]
    Payload(#[from] PayloadError),
}

impl RowKeys {
    /// Under the index key of this data key.
    pub fn new(data_key: &DataKey) -> Self {
        Self(data_key.index_key())
    }

    /// `i`: the installation.
    pub fn installation() -> Vec<u8> {
        b"i".to_vec()
    }

    /// `t`: the latest trust list.
    pub fn trust_list() -> Vec<u8> {
        b"t".to_vec()
    }

    /// `c`: every certificate, in the order of minting.
    pub fn certificates() -> KeyRange {
        KeyRange::prefix(b"c")
    }

    /// `d`: every department, by credit code.
    pub fn departments() -> KeyRange {
        KeyRange::prefix(b"d")
    }

    /// `a`: every credential, by its id.
    pub fn credentials() -> KeyRange {
        KeyRange::prefix(b"a")
    }

    /// `g`: every grant, by its id.
    pub fn grants() -> KeyRange {
        KeyRange::prefix(b"g")
    }

    /// `o`: uses of a holder's licences, oldest first.
    pub fn uses_of(&self, holder: &HolderNumber) -> KeyRange {
        KeyRange::prefix(&self.number_prefix(b'o', holder))
    }

    /// `o`: the same, those before a position only.
    pub fn uses_before(&self, holder: &HolderNumber, position: u64) -> KeyRange {
        let prefix = self.number_prefix(b'o', holder);
        KeyRange::prefix(&prefix).before(&with_number(prefix, &position.to_be_bytes()))
    }

    /// `v`: uses of anybody's licences from a position on, in the ledger's order.
    pub fn uses_from(position: u64) -> KeyRange {
        let mut range = KeyRange::prefix(b"v");
        range.from = with_number(b"v".to_vec(), &position.to_be_bytes());
        range
    }

    /// `q`: a holder's consents to a department.
    pub fn consents(&self, holder: &HolderNumber, department: CreditCode) -> KeyRange {
        KeyRange::prefix(&self.consents_prefix(holder, department))
    }

    fn consents_prefix(&self, holder: &HolderNumber, department: CreditCode) -> Vec<u8> {
        let (code_type, code) = (holder.code_type().code(), holder.code());
        self.hashed(b'q', &[code_type.as_bytes(), code.as_bytes(), department.as_str().as_bytes()])
    }

    /// `l`: a licence.
    pub fn licence(&self, identifier: &Identifier) -> Vec<u8> {
        self.hashed(b'l', &[identifier.as_str().as_bytes()])
    }

    /// `s`: everything that happened to a licence, oldest first.
    pub fn events(&self, identifier: &Identifier) -> KeyRange {
        KeyRange::prefix(&self.hashed(b's', &[identifier.as_str().as_bytes()]))
    }

    /// What the keys of a licence's events begin with, for one of them.
    pub(super) fn events_prefix(key: &[u8]) -> Option<&[u8]> {
        let end = key.len().checked_sub(SEQUENCE)?;
        key.get(..end).filter(|prefix| prefix.first() == Some(&b's'))
    }

    /// `s`: everything that happened to any licence; each one's stand together, oldest first.
    pub fn all_events() -> KeyRange {
        KeyRange::prefix(b"s")
    }

    /// `s`: the event with this number in a licence's history, from 1.
    pub fn event(&self, identifier: &Identifier, sequence: u32) -> Vec<u8> {
        with_number(self.hashed(b's', &[identifier.as_str().as_bytes()]), &sequence.to_be_bytes())
    }

    /// `n`: a number, within its type and authority.
    pub fn number(&self, type_code: TypeCode, authority: CreditCode, number: &str) -> Vec<u8> {
        self.hashed(b'n', &[type_code.as_str().as_bytes(), authority.as_str().as_bytes(), number.as_bytes()])
    }

    /// `h`: a holder's licences, oldest first.
    pub fn licences_of(&self, holder: &HolderNumber) -> KeyRange {
        KeyRange::prefix(&self.number_prefix(b'h', holder))
    }

    /// `y`: an authority's licences of a type, oldest first.
    pub fn licences_by(&self, type_code: TypeCode, authority: CreditCode) -> KeyRange {
        KeyRange::prefix(&type_prefix(type_code, authority))
    }

    /// `k`: a department's request with this idempotency key.
    pub fn request(&self, department: CreditCode, idempotency_key: &str) -> Vec<u8> {
        self.hashed(b'k', &[department.as_str().as_bytes(), idempotency_key.as_bytes()])
    }

    /// `x`: an index of a status list that is taken.
    pub fn status_index(&self, uri: &str, index: u32) -> Vec<u8> {
        with_number(self.hashed(b'x', &[uri.as_bytes()]), &index.to_be_bytes())
    }

    /// `x`: the indexes of a status list that are taken.
    pub fn status_indexes(&self, uri: &str) -> KeyRange {
        KeyRange::prefix(&self.hashed(b'x', &[uri.as_bytes()]))
    }

    /// `j`: the entry of an SD-JWT VC, by the digest of its issuer-signed JWT.
    pub fn sd_jwt(&self, issuer_signed: &Digest) -> Vec<u8> {
        self.hashed(b'j', &[issuer_signed.as_bytes()])
    }

    /// `r`: a receipt.
    pub fn receipt(&self, id: &ReceiptId) -> Vec<u8> {
        self.hashed(b'r', &[id.as_bytes()])
    }

    /// `p`: a presentation, by the digest of its envelope.
    pub fn presentation(&self, envelope: &Digest) -> Vec<u8> {
        self.hashed(b'p', &[envelope.as_bytes()])
    }

    /// `u`: that a presentation was used.
    pub fn presentation_used(&self, envelope: &Digest) -> Vec<u8> {
        self.hashed(b'u', &[envelope.as_bytes()])
    }

    /// The row with the position of the newest entry about the same thing, where a later entry takes the place of an earlier
    /// one: what is looked at before such an entry is made, and guarded when it is appended.
    pub fn newest(&self, event: &Event) -> Option<Vec<u8>> {
        Some(match event {
            Event::Department(department) => with_number(b"d".to_vec(), department.code.as_str().as_bytes()),
            Event::Credential(credential) => with_number(b"a".to_vec(), &credential.id),
            Event::TrustList(_) => Self::trust_list(),
            Event::Grant(change) => with_number(b"g".to_vec(), change.grant.id.as_bytes()),
            Event::Consent(change) => {
                with_number(self.consents_prefix(&change.holder, change.department), change.id.as_bytes())
            }
            _ => return None,
        })
    }

    /// Every row that an entry writes.
    pub fn rows_of(&self, position: u64, entry: &Entry) -> Result<Vec<Row>, RowContentError> {
        let at_position = |key| Row { key, value: position.to_be_bytes().to_vec() };
        Ok(match &entry.event {
            Event::Installation(_) => vec![at_position(Self::installation())],
            Event::Certificate(_) => vec![at_position(with_number(b"c".to_vec(), &position.to_be_bytes()))],
            Event::Department(_) | Event::Credential(_) | Event::TrustList(_) | Event::Grant(_) => {
                self.newest(&entry.event).map(at_position).into_iter().collect()
            }
            Event::Licence(issued) => self.rows_of_licence(position, entry.at, issued)?,
            Event::Status(change) => vec![self.row_of_status(position, entry.at, change)],
            Event::SdJwt(issued) => vec![at_position(self.sd_jwt(&issued.issuer_signed))],
            Event::Receipt(given) => {
                let envelope = Envelope::decode(&given.envelope, limits::ENVELOPE)?;
                let receipt = at_position(self.receipt(&ReceiptClaims::decode(envelope.payload())?.id));
                let mut rows = vec![receipt, Self::use_at(position)];
                rows.extend(given.holders.iter().map(|holder| self.use_of(holder, position)));
                rows
            }
            Event::Presentation(made) => {
                let mut rows = vec![at_position(self.presentation(&made.envelope))];
                rows.extend(made.holders.iter().map(|holder| self.use_of(holder, position)));
                rows
            }
            Event::PresentationUsed(used) => vec![at_position(self.presentation_used(&used.presentation))],
            Event::Use(used) => {
                let envelope = Envelope::decode(&used.receipt, limits::ENVELOPE)?;
                let receipt = at_position(self.receipt(&ReceiptClaims::decode(envelope.payload())?.id));
                vec![receipt, Self::use_at(position), self.use_of(&used.holder, position)]
            }
            Event::Consent(change) => {
                let consent = self.newest(&entry.event).map(at_position);
                consent.into_iter().chain([self.use_of(&change.holder, position)]).collect()
            }
        })
    }

    fn rows_of_licence(
        &self,
        position: u64,
        at: UnixTime,
        issued: &IssuedLicence,
    ) -> Result<Vec<Row>, RowContentError> {
        let full = Envelope::decode(&issued.full, limits::ENVELOPE)?;
        let claims = LicenceClaims::decode(full.payload())?;
        let (licence, place) = (&claims.licence, position.to_be_bytes());
        let identifier = &licence.identifier;
        let row = LicenceRow { position, full: Digest::of(&issued.full), qr: Digest::of(&issued.qr) };
        let request = RequestRow { position, request: issued.request };
        let number = self.number(identifier.type_code(), identifier.issuer(), &licence.number);
        let by_type = with_number(type_prefix(identifier.type_code(), identifier.issuer()), &place);
        let mut rows = vec![
            Row { key: self.licence(identifier), value: row.encode() },
            Row {
                key: self.request(issued.order.department, &issued.idempotency_key),
                value: request.encode(),
            },
            Row { key: number, value: place.to_vec() },
            Row { key: by_type, value: Vec::new() },
            Row { key: self.status_index(&claims.status.uri, claims.status.index), value: Vec::new() },
        ];
        rows.extend(licence.holders.iter().map(|holder| {
            let key = with_number(self.number_prefix(b'h', &HolderNumber::of(holder)), &place);
            Row { key, value: Vec::new() }
        }));
        if let Some(replaced) = &issued.replaces {
            let what = EventKind::Replaced { identifier: identifier.clone(), from: claims.not_before };
            let value = EventRow { at, what, position }.encode();
            rows.push(Row { key: self.event(&replaced.identifier, replaced.sequence), value });
        }
        Ok(rows)
    }

    fn row_of_status(&self, position: u64, at: UnixTime, change: &StatusChange) -> Row {
        let (reason, by) = (change.reason.as_str().to_owned(), change.order.department);
        let what = EventKind::Status { to: change.to, reason, by };
        let value = EventRow { at, what, position }.encode();
        Row { key: self.event(&change.identifier, change.sequence), value }
    }

    fn use_at(position: u64) -> Row {
        Row { key: with_number(b"v".to_vec(), &position.to_be_bytes()), value: Vec::new() }
    }

    fn use_of(&self, holder: &HolderNumber, position: u64) -> Row {
        let key = with_number(self.number_prefix(b'o', holder), &position.to_be_bytes());
        Row { key, value: Vec::new() }
    }

    fn number_prefix(&self, letter: u8, holder: &HolderNumber) -> Vec<u8> {
        self.hashed(letter, &[holder.code_type().code().as_bytes(), holder.code().as_bytes()])
    }

    fn hashed(&self, letter: u8, parts: &[&[u8]]) -> Vec<u8> {
        with_number(vec![letter], &self.0.mac(letter, parts))
    }
}

fn type_prefix(type_code: TypeCode, authority: CreditCode) -> Vec<u8> {
    [b"y", type_code.as_str().as_bytes(), authority.as_str().as_bytes()].concat()
}

/// Bytes at the end of an event's key that number it.
const SEQUENCE: usize = 4;

fn with_number(mut key: Vec<u8>, number: &[u8]) -> Vec<u8> {
    key.extend_from_slice(number);
    key
}

/// The position that a row's value or the end of its key says.
pub fn read_position(bytes: &[u8]) -> Result<u64, RowContentError> {
    let last = bytes.last_chunk::<8>().ok_or(RowContentError::Value { what: "position" })?;
    Ok(u64::from_be_bytes(*last))
}

impl LicenceRow {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.array(3).uint(self.position).bytes(self.full.as_bytes()).bytes(self.qr.as_bytes());
        out.finish()
    }

    /// Reads a row's value.
    pub fn decode(value: &[u8]) -> Result<Self, RowContentError> {
        let mut reader = Reader::new(value);
        reader.array_of(3)?;
        let row = Self { position: reader.uint()?, full: digest(&mut reader)?, qr: digest(&mut reader)? };
        reader.finish()?;
        Ok(row)
    }
}

impl RequestRow {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.array(2).uint(self.position).bytes(self.request.as_bytes());
        out.finish()
    }

    /// Reads a row's value.
    pub fn decode(value: &[u8]) -> Result<Self, RowContentError> {
        let mut reader = Reader::new(value);
        reader.array_of(2)?;
        let row = Self { position: reader.uint()?, request: digest(&mut reader)? };
        reader.finish()?;
        Ok(row)
    }
}

const REPLACED: &str = "replaced";

impl EventRow {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.array(5).int(self.at.seconds());
        match &self.what {
            EventKind::Status { to, reason, by } => out.text(to.as_str()).text(reason).text(by.as_str()),
            EventKind::Replaced { identifier, from } => {
                out.text(REPLACED).text(identifier.as_str()).int(from.seconds())
            }
        };
        out.uint(self.position);
        out.finish()
    }

    /// Reads a row's value.
    pub fn decode(value: &[u8]) -> Result<Self, RowContentError> {
        let wrong = |what| RowContentError::Value { what };
        let mut reader = Reader::new(value);
        reader.array_of(5)?;
        let at = time(&mut reader)?;
        let what = match reader.text()? {
            REPLACED => {
                let identifier = reader.text()?.parse().map_err(|_| wrong("identifier"))?;
                EventKind::Replaced { identifier, from: time(&mut reader)? }
            }
            word => EventKind::Status {
                to: State::of_word(word).ok_or(wrong("state"))?,
                reason: reader.text()?.to_owned(),
                by: reader.text()?.parse().map_err(|_| wrong("credit code"))?,
            },
        };
        let position = reader.uint()?;
        reader.finish()?;
        Ok(Self { at, what, position })
    }
}

fn digest(reader: &mut Reader<'_>) -> Result<Digest, RowContentError> {
    Digest::from_slice(reader.bytes()?).ok_or(RowContentError::Value { what: "digest" })
}

fn time(reader: &mut Reader<'_>) -> Result<UnixTime, RowContentError> {
    UnixTime::from_seconds(reader.int()?).ok_or(RowContentError::Value { what: "time" })
}
