//! Show a department its own licences.

use std::sync::Arc;

use super::act_error::ActError;
use super::caller::Caller;
use super::history::HistoryView;
use super::open::Registry;
use super::views::{LicenceView, StandingView};
use crate::codec::{Envelope, LicenceClaims, encode_qr_text, limits};
use crate::ledger::{Event, IssuedLicence};
use crate::licence::{Identifier, Standing, StandingFacts};
use crate::store::{EventKind, EventRow, Store};
use crate::time::UnixTime;
use crate::verify::ShownLicence;

impl Registry {
    /// A licence of the caller's department, with its status and history.
    pub fn licence(&self, caller: &Caller, identifier: &str, now: UnixTime) -> Result<LicenceView, ActError> {
        let identifier = self.own(caller, identifier)?;
        let (claims, issued) = self.issued(&identifier)?;
        let events = self.store.events(&identifier)?;
        let facts = facts_of(&claims, &events);
        let replaced_by = events.iter().find_map(|event| match &event.what {
            EventKind::Replaced { identifier, .. } => Some(identifier.to_string()),
            EventKind::Status { .. } => None,
        });
        let (state, ended) = (facts.state, facts.replaced_from.is_some_and(|from| from <= now));
        let mut history = vec![HistoryView::issued(claims.issued_at, &issued)];
        history.extend(self.happened(&events)?);
        Ok(LicenceView {
            licence: ShownLicence::new(Arc::new(claims)),
            status: if ended && !state.is_end() { "replaced" } else { state.as_str() },
            standing: StandingView::of(Standing::of(facts, now)),
            replaces_for: issued.replaces.map(|replaced| replaced.purpose),
            replaced_by,
            history,
        })
    }

    /// The QR text of a licence of the caller's department.
    pub fn qr_text(&self, caller: &Caller, identifier: &str) -> Result<String, ActError> {
        let issued = self.own_licence(caller, identifier)?;
        Ok(encode_qr_text(&decode(&issued.qr)?))
    }

    /// The `.elic` file of a licence of the caller's department: the full form with the path that verifies it.
    pub fn file(&self, caller: &Caller, identifier: &str) -> Result<Vec<u8>, ActError> {
        let full = decode(&self.own_licence(caller, identifier)?.full)?;
        let trust = self.trust();
        let signer = trust.signer(&full.key_id());
        let signer = signer.ok_or(ActError::Internal("a kept licence's signer is not in the trust list"))?;
        let path: Vec<&[u8]> = signer.path_der().collect();
        Ok(full.to_file_bytes(&path))
    }

    /// The identifier, if it is a licence of the caller's department. Garbage, unknown and another's are the same.
    pub(super) fn own(&self, caller: &Caller, identifier: &str) -> Result<Identifier, ActError> {
        let identifier = self.known(identifier)?;
        if identifier.issuer() == caller.department() { Ok(identifier) } else { Err(ActError::NotFound) }
    }

    /// The identifier, if it is a licence of anybody's.
    pub(super) fn known(&self, identifier: &str) -> Result<Identifier, ActError> {
        let identifier: Identifier = identifier.parse().map_err(|_| ActError::NotFound)?;
        match self.store.licence(&identifier)? {
            Some(_) => Ok(identifier),
            None => Err(ActError::NotFound),
        }
    }

    fn own_licence(&self, caller: &Caller, identifier: &str) -> Result<IssuedLicence, ActError> {
        let identifier = self.own(caller, identifier)?;
        Ok(self.issued(&identifier)?.1)
    }

    /// A licence, as it was issued.
    pub(super) fn issued(&self, identifier: &Identifier) -> Result<(LicenceClaims, IssuedLicence), ActError> {
        let row = self.store.licence(identifier)?.ok_or(ActError::NotFound)?;
        self.issued_at(row.position)
    }

    /// The licence whose entry stands at a position.
    pub(super) fn issued_at(&self, position: u64) -> Result<(LicenceClaims, IssuedLicence), ActError> {
        read_issued(&self.store, position)
    }
}

/// What a licence's standing follows from.
pub(super) fn facts_of(claims: &LicenceClaims, events: &[EventRow]) -> StandingFacts {
    let replaced_from = events.iter().find_map(|event| match event.what {
        EventKind::Replaced { from, .. } => Some(from),
        EventKind::Status { .. } => None,
    });
    let (begins, ends) = (claims.not_before, claims.expires);
    StandingFacts { state: super::status::state(events), begins, ends, replaced_from }
}

/// The licence whose entry stands at a position.
pub(super) fn read_issued(store: &Store, position: u64) -> Result<(LicenceClaims, IssuedLicence), ActError> {
    let Event::Licence(issued) = store.entry(position)?.event else {
        return Err(ActError::Internal("the index names an entry that is no licence"));
    };
    let claims = LicenceClaims::decode(decode(&issued.full)?.payload())
        .map_err(|_| ActError::Internal("a kept payload does not decode"))?;
    Ok((claims, *issued))
}

fn decode(bytes: &[u8]) -> Result<Envelope, ActError> {
    Envelope::decode(bytes, limits::ENVELOPE)
        .map_err(|_| ActError::Internal("a kept envelope does not decode"))
}
