//! Suspend, resume, revoke.

use serde::Deserialize;

use super::act_error::ActError;
use super::caller::Caller;
use super::open::Registry;
use super::status_lists::Noted;
use super::views::LicenceView;
use crate::ledger::{Entry, Event, StatusChange};
use crate::licence::{Reason, State};
use crate::store::{AppendError, EventKind, EventRow};
use crate::time::UnixTime;

/// `{"to": "suspended" / "valid" / "revoked", "reason": "…"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusRequest {
    to: State,
    reason: String,
}

impl Registry {
    /// Changes the status of a licence of the caller's department.
    pub async fn change_status(
        &self,
        caller: &Caller,
        identifier: &str,
        body: &[u8],
        now: UnixTime,
    ) -> Result<LicenceView, ActError> {
        let identifier = self.own(caller, identifier)?;
        let request: StatusRequest = serde_json::from_slice(body).map_err(|error| {
            if error.is_data() { ActError::StatusMember(error) } else { ActError::StatusRequest(error) }
        })?;
        let reason = Reason::new(&request.reason)?;
        self.check_clock(now)?;
        let events = self.store.events(&identifier)?;
        state(&events).transition_to(request.to)?;
        let sequence = next_sequence(&events)?;
        let guard = self.store.keys().event(&identifier, sequence);
        let change = StatusChange {
            identifier: identifier.clone(),
            to: request.to,
            reason,
            legal_basis: None,
            order: caller.order(),
            sequence,
        };
        let entry = Entry { at: now, event: Event::Status(change) };
        match self.store.append(&entry, vec![guard], &*self.random).await {
            Ok(position) => {
                self.note_entry(now);
                self.note_for_lists(position, Noted::Changed(identifier.clone()), now);
                self.licence(caller, identifier.as_str(), now)
            }
            // The other one's change stands. Whether this one would still be allowed is for whoever asked to see.
            Err(AppendError::Conflict { .. }) => {
                state(&self.store.events(&identifier)?).transition_to(request.to)?;
                Err(ActError::Raced)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The state that a licence's history leaves it in.
pub(super) fn state(events: &[EventRow]) -> State {
    let last = events.iter().rev().find_map(|event| match event.what {
        EventKind::Status { to, .. } => Some(to),
        EventKind::Replaced { .. } => None,
    });
    last.unwrap_or(State::Valid)
}

/// The number of the next event in a history, from 1.
pub(super) fn next_sequence(events: &[EventRow]) -> Result<u32, ActError> {
    u32::try_from(events.len() + 1).map_err(|_| ActError::Internal("more events than a history can number"))
}
