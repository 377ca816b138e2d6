//! Change the status of many licences: a row each, a bad one by itself. The same rows again do nothing again.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::act_error::ActError;
use super::caller::Caller;
use super::open::Registry;
use super::status::{Asked, last_change, state};
use crate::crypto::Digest;
use crate::licence::{Identifier, State};
use crate::store::{EventKind, EventRow};
use crate::time::UnixTime;

/// `{"identifier": "…", "to": a state, "reason": "…", "legal_basis"?: "…"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowRequest {
    identifier: String,
    to: State,
    reason: String,
    legal_basis: Option<String>,
}

/// A row that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRow {
    identifier: Identifier,
    asked: Asked,
}

/// The licences that rows have named: each may be named once. Rows are worked on several at a time, and a file that changed a
/// licence and changed it back could not be run again without doing both anew.
#[derive(Debug, Default)]
pub struct NamedOnce(HashSet<[u8; 16]>);

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusRowView {
    /// Which licence.
    pub identifier: Identifier,
    /// Whether something was done.
    pub result: RowResult,
    /// The state it is in now.
    pub status: State,
    /// Since when.
    pub since: UnixTime,
}

/// What became of a row that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowResult {
    /// The status was changed.
    Done,
    /// It was in this state already, by this row or otherwise: nothing was done.
    Already,
}

impl StatusRow {
    /// The most bytes of a row.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Reads a row and checks all of it that needs no ledger.
    pub fn from_json(line: &[u8]) -> Result<Self, ActError> {
        if line.len() > Self::MAX_BYTES {
            return Err(ActError::RowTooLong { max: Self::MAX_BYTES });
        }
        let request: RowRequest = serde_json::from_slice(line).map_err(|error| {
            if error.is_data() { ActError::StatusRow(error) } else { ActError::StatusRowUnreadable(error) }
        })?;
        // What is no identifier is as unknown as one that was never issued.
        let identifier = request.identifier.parse().map_err(|_| ActError::NotFound)?;
        Ok(Self {
            identifier,
            asked: Asked::new(request.to, &request.reason, request.legal_basis.as_deref())?,
        })
    }

    /// The licence it names.
    pub const fn identifier(&self) -> &Identifier {
        &self.identifier
    }
}

impl NamedOnce {
    /// The most licences that rows of one file or request name.
    pub const MAX: usize = 1_000_000;

    /// Takes note of the licence that a row names.
    pub fn note(&mut self, row: &StatusRow) -> Result<(), ActError> {
        if self.0.len() >= Self::MAX {
            return Err(ActError::TooManyRows { max: Self::MAX });
        }
        let digest = Digest::of(row.identifier.as_str().as_bytes());
        let name = digest.as_bytes().first_chunk().copied().unwrap_or_default();
        if self.0.insert(name) { Ok(()) } else { Err(ActError::RowTwice) }
    }
}

impl Registry {
    /// Does what a row asks for, to a licence of the caller's department.
    ///
    /// A licence that is in the state already is left alone. So is one that was changed in just this way before and is in
    /// another state since: whoever runs an old file again does not undo what came after it.
    pub async fn change_status_by_row(
        &self,
        caller: &Caller,
        row: &StatusRow,
        now: UnixTime,
    ) -> Result<StatusRowView, ActError> {
        let StatusRow { identifier, asked } = row;
        let identifier = self.own(caller, identifier.as_str())?;
        let events = self.store.events(&identifier)?;
        let view =
            |result, since| StatusRowView { identifier: identifier.clone(), result, status: asked.to, since };
        if state(&events) == asked.to {
            let since = match last_change(&events) {
                Some(event) => event.at,
                None => self.issued(&identifier)?.0.issued_at,
            };
            return Ok(view(RowResult::Already, since));
        }
        if let Some(event) = done_before(&events, asked) {
            let last = last_change(&events).ok_or(ActError::Internal("a change came and went"))?;
            return Err(ActError::DoneBefore { at: event.at, first: Box::new(self.who(last)?) });
        }
        self.put_into(caller, (&identifier, &events), asked, now).await?;
        Ok(view(RowResult::Done, now))
    }
}

/// An earlier change to the same state with the same words.
fn done_before<'a>(events: &'a [EventRow], asked: &Asked) -> Option<&'a EventRow> {
    events.iter().find(|event| match &event.what {
        EventKind::Status { to, reason, .. } => *to == asked.to && reason == asked.reason.as_str(),
        EventKind::Replaced { .. } => false,
    })
}
