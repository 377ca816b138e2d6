//! What happened to a licence, by whom and why. The index says what and when; the rest is read from the ledger.

use std::fmt;

use serde::Serialize;

use super::act_error::ActError;
use super::open::Registry;
use super::status::state;
use crate::ledger::{Event, IssuedLicence, Order};
use crate::licence::{CreditCode, MinistryOperation, Replacement, State};
use crate::store::{EventKind, EventRow};
use crate::time::UnixTime;

/// One thing that happened to a licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryView {
    /// When.
    pub at: UnixTime,
    /// What it became.
    pub to: &'static str,
    /// Why: the department's words, `issued`, or the licence that replaces it.
    pub reason: String,
    /// The rule it rests on, where that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
    /// By which department.
    pub by: CreditCode,
    /// By which of its API keys: the id, or `local` for an administrator on the machine.
    pub asked_by: String,
    /// The ministries' code of what was done.
    pub operation: MinistryOperation,
    /// What the newer licence was issued for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces_for: Option<Replacement>,
}

/// Whose change came before the one that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CameFirst {
    /// The department.
    pub department: CreditCode,
    /// The id of its API key, or `local`.
    pub asked_by: String,
    /// What the licence became.
    pub to: &'static str,
    /// When.
    pub at: UnixTime,
}

impl fmt::Display for CameFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { department, asked_by, to, at } = self;
        let by = if asked_by == "local" { "an administrator on the machine" } else { "its key" };
        write!(f, "it became {to} at {at} by department {department}, {by}")?;
        if asked_by == "local" { Ok(()) } else { write!(f, " {asked_by}") }
    }
}

impl HistoryView {
    pub(super) fn issued(at: UnixTime, issued: &IssuedLicence) -> Self {
        let replaces_for = issued.replaces.as_ref().map(|replaced| replaced.purpose);
        Self {
            at,
            to: State::Valid.as_str(),
            reason: "issued".to_owned(),
            legal_basis: None,
            by: issued.order.department,
            asked_by: issued.order.asked_by.clone(),
            operation: replaces_for.map_or(MinistryOperation::Issue, Replacement::operation),
            replaces_for,
        }
    }
}

impl Registry {
    /// Everything that has happened to a licence since it was issued, oldest first.
    pub(super) fn happened(&self, events: &[EventRow]) -> Result<Vec<HistoryView>, ActError> {
        let one = |(index, event)| self.happened_once(events.get(..index).unwrap_or_default(), event);
        events.iter().enumerate().map(one).collect()
    }

    fn happened_once(&self, before: &[EventRow], event: &EventRow) -> Result<HistoryView, ActError> {
        let Told { order, legal_basis, replaces_for } = self.told(event)?;
        let (to, reason, operation) = match &event.what {
            EventKind::Status { to, reason, .. } => {
                // A change that a later version of the table would refuse still happened.
                let operation = state(before).transition_to(*to).unwrap_or(MinistryOperation::Other);
                (to.as_str(), reason.clone(), operation)
            }
            EventKind::Replaced { identifier, .. } => {
                ("replaced", format!("replaced by {identifier}"), MinistryOperation::Lapse)
            }
        };
        let Order { department: by, asked_by } = order;
        Ok(HistoryView { at: event.at, to, reason, legal_basis, by, asked_by, operation, replaces_for })
    }

    /// Who did it.
    pub(super) fn who(&self, event: &EventRow) -> Result<CameFirst, ActError> {
        let Order { department, asked_by } = self.told(event)?.order;
        let to = match &event.what {
            EventKind::Status { to, .. } => to.as_str(),
            EventKind::Replaced { .. } => "replaced",
        };
        Ok(CameFirst { department, asked_by, to, at: event.at })
    }

    /// What only the ledger's entry says of an event.
    fn told(&self, event: &EventRow) -> Result<Told, ActError> {
        match self.store.entry(event.position)?.event {
            Event::Status(change) => Ok(Told {
                order: change.order,
                legal_basis: change.legal_basis.map(|basis| basis.as_str().to_owned()),
                replaces_for: None,
            }),
            Event::Licence(issued) => Ok(Told {
                order: issued.order,
                legal_basis: None,
                replaces_for: issued.replaces.map(|replaced| replaced.purpose),
            }),
            _ => Err(ActError::Internal("the index names an entry that changes no licence")),
        }
    }
}

struct Told {
    order: Order,
    legal_basis: Option<String>,
    replaces_for: Option<Replacement>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_first_is_named_with_key_or_as_administrator() {
        let mut first = CameFirst {
            department: "11430000006122244L".parse().unwrap(),
            asked_by: "5f0c7a915f0c7a91".to_owned(),
            to: "withheld",
            at: UnixTime::from_seconds(1_795_449_600).unwrap(),
        };
        let at = first.at;
        assert_eq!(
            first.to_string(),
            format!("it became withheld at {at} by department 11430000006122244L, its key 5f0c7a915f0c7a91")
        );
        first.asked_by = "local".to_owned();
        assert_eq!(
            first.to_string(),
            format!(
                "it became withheld at {at} by department 11430000006122244L, an administrator on the machine"
            )
        );
    }
}
