//! Where status and ledger come from: a small boundary, behind which stand the store, and later signed lists.

use crate::codec::{ReceiptId, StatusReference};
use crate::crypto::Digest;
use crate::licence::{Identifier, State};
use crate::time::UnixTime;

/// A source that knows the ledger and the states of licences.
pub trait Records: Send + Sync {
    /// What is recorded of a licence; `None` where there is none with this identifier.
    fn look_up(&self, identifier: &Identifier) -> Result<Option<Record>, RecordsUnavailable>;

    /// What is recorded of an SD-JWT VC, by the digest of its issuer-signed JWT; `None` where none with it was issued. A
    /// source that knows licences only cannot tell.
    fn look_up_sd_jwt(&self, issuer_signed: &Digest) -> Result<Option<SdJwtRecord>, RecordsUnavailable> {
        let _ = issuer_signed;
        Err(RecordsUnavailable)
    }

    /// What is recorded of a receipt. A source without receipts cannot answer.
    fn receipt(&self, _id: &ReceiptId) -> Result<Option<ReceiptRecord>, RecordsUnavailable> {
        Err(RecordsUnavailable)
    }

    /// What is recorded of the presentation whose envelope has this digest. A source without presentations cannot answer.
    fn presentation(&self, _envelope: &Digest) -> Result<Option<PresentationRecord>, RecordsUnavailable> {
        Err(RecordsUnavailable)
    }
}

/// What is recorded of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptRecord {
    /// Position of its ledger entry.
    pub position: u64,
    /// Digest of its envelope.
    pub envelope: Digest,
}

/// What is recorded of a presentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentationRecord {
    /// Position of its ledger entry.
    pub position: u64,
    /// The licence that it shows.
    pub identifier: Identifier,
    /// How often it is still good.
    pub uses_left: UsesLeft,
}

/// How often a presentation is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsesLeft {
    /// As often as its minutes allow.
    Any,
    /// Once: whoever takes it has to record that.
    One,
    /// No more.
    None,
}

/// The source could not answer. That is never an answer about the licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the records cannot be looked up now")]
pub struct RecordsUnavailable;

/// What is recorded of a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Position of its ledger entry.
    pub position: u64,
    /// Digest of the full form's envelope.
    pub full: Digest,
    /// Digest of the qr form's envelope.
    pub qr: Digest,
    /// What has happened to it since, oldest first.
    pub history: Vec<StatusEvent>,
}

/// What is recorded of an SD-JWT VC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdJwtRecord {
    /// Position of its own ledger entry.
    pub position: u64,
    /// The licence it is of.
    pub identifier: Identifier,
    /// That licence's place in its status list.
    pub status: StatusReference,
    /// That licence's record.
    pub licence: Record,
}

/// Something that happened to a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEvent {
    /// When it was recorded.
    pub at: UnixTime,
    /// What.
    pub change: Change,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its authority put it into this state.
    To(State),
    /// A newer licence replaces it, from then on.
    ReplacedBy {
        /// The newer licence.
        identifier: Identifier,
        /// Its first second.
        from: UnixTime,
    },
}

impl Record {
    /// The state its authority had put it into by `at`.
    pub fn state_at(&self, at: UnixTime) -> State {
        let states = self.history.iter().rev().filter(|event| event.at <= at);
        let mut states = states.filter_map(|event| match event.change {
            Change::To(state) => Some(state),
            Change::ReplacedBy { .. } => None,
        });
        states.next().unwrap_or(State::Valid)
    }

    /// The licence that had replaced it by `at`: recorded by then, and in force by then.
    pub fn replaced_at(&self, at: UnixTime) -> Option<&Identifier> {
        self.history.iter().find_map(|event| match &event.change {
            Change::ReplacedBy { identifier, from } if event.at <= at && *from <= at => Some(identifier),
            _ => None,
        })
    }
}
