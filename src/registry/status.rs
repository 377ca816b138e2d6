//! Change the status of a licence: suspend, resume, end.

use serde::Deserialize;

use super::act_error::ActError;
use super::caller::Caller;
use super::history::CameFirst;
use super::open::Registry;
use super::views::LicenceView;
use crate::access::Call;
use crate::ledger::{Entry, Event, StatusChange};
use crate::licence::{Identifier, LegalBasis, Reason, State};
use crate::store::{AppendError, Conditions, EventKind, EventRow, Guard};
use crate::time::UnixTime;

/// `{"to": a state, "reason": "…", "legal_basis"?: "…"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusRequest {
    to: State,
    reason: String,
    legal_basis: Option<String>,
}

/// What a status is to become, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) to: State,
    pub(super) reason: Reason,
    pub(super) legal_basis: Option<LegalBasis>,
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
        let asked = Asked::from_json(body)?;
        let events = self.store.events(&identifier)?;
        self.put_into(caller, (&identifier, &events), &asked, now).await?;
        self.licence(caller, identifier.as_str(), now)
    }

    /// Puts a licence whose history is `events` into another state.
    pub(super) async fn put_into(
        &self,
        caller: &Caller,
        (identifier, events): (&Identifier, &[EventRow]),
        asked: &Asked,
        now: UnixTime,
    ) -> Result<(), ActError> {
        let permit = self.permit(caller, Call::Status, now)?;
        permit.check(&identifier.type_code())?;
        self.check_clock(now)?;
        self.may_become((identifier, events), asked.to, now)?;
        let sequence = next_sequence(events)?;
        let guards = vec![Guard::absent(self.store.keys().event(identifier, sequence))];
        let conditions = Conditions { guards, admission: permit.for_type(&identifier.type_code()) };
        let change = StatusChange {
            identifier: identifier.clone(),
            to: asked.to,
            reason: asked.reason.clone(),
            legal_basis: asked.legal_basis.clone(),
            order: caller.order(),
            sequence,
        };
        let entry = Entry { at: now, event: Event::Status(change) };
        match self.store.append(&entry, conditions, &*self.random).await {
            Ok(_) => Ok(()),
            // The other one's change stands. Whether this one would still be allowed is for whoever asked to see.
            Err(AppendError::Conflict { .. }) => {
                let events = self.store.events(identifier)?;
                self.may_become((identifier, &events), asked.to, now)?;
                Err(ActError::Raced { first: self.came_first(&events, sequence)? })
            }
            Err(error) => Err(self.not_appended(caller, Call::Status, error, now)),
        }
    }

    /// That the table allows it, and that no newer licence stands against it.
    fn may_become(
        &self,
        (identifier, events): (&Identifier, &[EventRow]),
        to: State,
        now: UnixTime,
    ) -> Result<(), ActError> {
        let last = last_change(events);
        let from = state(events);
        if let Err(source) = from.transition_to(to) {
            let first = last.map(|event| self.who(event)).transpose()?.map(Box::new);
            return Err(ActError::Transition { source, first });
        }
        let newer = events.iter().find_map(|event| match &event.what {
            EventKind::Replaced { identifier, from } => Some((event, identifier, *from)),
            EventKind::Status { .. } => None,
        });
        match newer {
            // A licence that a newer one has taken the place of can still be ended, and nothing else. One that another
            // authority has taken over stays with that one.
            Some((event, by, begins))
                if !to.is_end() && (begins <= now || by.issuer() != identifier.issuer()) =>
            {
                Err(ActError::AlreadyReplaced { by: by.clone(), first: Box::new(self.who(event)?) })
            }
            _ => Ok(()),
        }
    }

    /// Who made the event of this number in a history.
    pub(super) fn came_first(&self, events: &[EventRow], sequence: u32) -> Result<Box<CameFirst>, ActError> {
        let index = usize::try_from(sequence).ok().and_then(|number| number.checked_sub(1));
        let event = index.and_then(|index| events.get(index));
        let event = event.ok_or(ActError::Internal("an event row came and went"))?;
        Ok(Box::new(self.who(event)?))
    }
}

impl Asked {
    fn from_json(body: &[u8]) -> Result<Self, ActError> {
        let request: StatusRequest = serde_json::from_slice(body).map_err(|error| {
            if error.is_data() { ActError::StatusMember(error) } else { ActError::StatusRequest(error) }
        })?;
        Self::new(request.to, &request.reason, request.legal_basis.as_deref())
    }

    pub(super) fn new(to: State, reason: &str, legal_basis: Option<&str>) -> Result<Self, ActError> {
        let reason = Reason::new(reason).map_err(ActError::Reason)?;
        let legal_basis = legal_basis.map(LegalBasis::new).transpose().map_err(ActError::LegalBasis)?;
        Ok(Self { to, reason, legal_basis })
    }
}

/// The state that a licence's history leaves it in.
pub(super) fn state(events: &[EventRow]) -> State {
    match last_change(events).map(|event| &event.what) {
        Some(EventKind::Status { to, .. }) => *to,
        _ => State::Valid,
    }
}

/// The last change of its status in a licence's history.
pub(super) fn last_change(events: &[EventRow]) -> Option<&EventRow> {
    events.iter().rev().find(|event| matches!(event.what, EventKind::Status { .. }))
}

/// The number of the next event in a history, from 1.
pub(super) fn next_sequence(events: &[EventRow]) -> Result<u32, ActError> {
    u32::try_from(events.len() + 1).map_err(|_| ActError::Internal("more events than a history can number"))
}
