//! Issue: draft → checked → signed → appended → answered.

use std::sync::Arc;

use super::act_error::ActError;
use super::caller::Caller;
use super::open::Registry;
use super::permit::Permit;
use super::roster::KnownIssuer;
use super::status_index::StatusIndexError;
use super::views::IssuedView;
use crate::access::Call;
use crate::codec::{Envelope, LicenceClaims, StatusReference, limits};
use crate::crypto::Digest;
use crate::issue::{IssueError, Predecessor, PredecessorError, SignedLicence, Succession};
use crate::ledger::{Entry, Event, IssuedLicence, Replaced};
use crate::licence::{CheckedDraft, CreditCode, Draft, DraftError, Identifier, LicenceType, Replacement};
use crate::store::{AppendError, Conditions, EventKind, Guard, ReadAhead, RequestRow};
use crate::time::UnixTime;

/// Seconds that the clock may be behind the newest entry before nothing is signed any more.
pub(super) const MOST_SECONDS_BEHIND: i64 = 60;
/// How often a licence is signed anew because its place in the status list, or its serial, was taken at the same moment.
const TRIES: usize = 8;

/// What an order is signed for, looked up before signing.
struct Prepared<'a> {
    known: Arc<KnownIssuer>,
    licence_type: &'a LicenceType,
    draft: CheckedDraft,
    successor: Option<Successor>,
    /// Whether the number is to be taken, or is the predecessor's own.
    takes_number: bool,
}

/// How a licence follows the one it replaces.
struct Successor {
    predecessor: Identifier,
    /// The number of the event that ends it.
    sequence: u32,
    purpose: Replacement,
    succession: Succession,
}

/// The rows that must not be there yet, and what it means if one is.
const REQUEST: usize = 0;
const LICENCE: usize = 1;
const STATUS_INDEX: usize = 2;

impl Registry {
    /// Issues a licence for the caller's department. The same key and body give the same licence, however often and even
    /// after a time-out (DESIGN §6, promise 2).
    pub async fn issue(
        &self,
        caller: &Caller,
        idempotency_key: &str,
        body: &[u8],
        now: UnixTime,
    ) -> Result<IssuedView, ActError> {
        let request = Digest::of(body);
        let draft = Draft::from_json(body);
        let (ahead, mut place) = self.look_ahead(caller, idempotency_key, draft.as_ref().ok())?;
        if let Some(row) = ahead.request(caller.department(), idempotency_key)? {
            return self.kept_answer(&row, &request);
        }
        let (permit, prepared) = match self.prepare_for(caller, draft, &ahead, now) {
            Ok(both) => both,
            // The same request may have been done since it was looked for: what stands in its way is then its own licence.
            Err(error) => return self.replay(caller, idempotency_key, &request)?.ok_or(error),
        };
        for _ in 0..TRIES {
            let signed = self.sign(&prepared, place.take(), now)?;
            let issued = IssuedLicence {
                full: signed.full.bare_bytes().to_vec(),
                qr: signed.qr.bare_bytes().to_vec(),
                idempotency_key: idempotency_key.to_owned(),
                request,
                order: caller.order(),
                replaces: prepared.replaced(),
            };
            let entry = Entry { at: now, event: Event::Licence(Box::new(issued)) };
            let guards = self.guards(caller, idempotency_key, &prepared, &signed);
            let conditions = Conditions { guards, admission: permit.for_type(&prepared.licence_type.code()) };
            match self.store.append(&entry, conditions, &*self.random).await {
                Ok(_) => {
                    return Ok(IssuedView::of(&signed.claims.licence, &signed.full, &signed.qr));
                }
                Err(AppendError::Conflict { guard: REQUEST, .. }) => {
                    let replay = self.replay(caller, idempotency_key, &request)?;
                    return replay.ok_or(ActError::Internal("a request row came and went"));
                }
                Err(AppendError::Conflict { guard: STATUS_INDEX, .. }) => {}
                Err(AppendError::Conflict { guard: LICENCE, .. }) if prepared.next_version().is_none() => {}
                Err(AppendError::Conflict { .. }) => return Err(self.what_came_first(&prepared)?),
                Err(error) => return Err(self.not_appended(caller, Call::Issue, error, now)),
            }
        }
        Err(ActError::Append(AppendError::Busy))
    }

    /// The answer that this key was given before, if it was.
    fn replay(&self, caller: &Caller, key: &str, request: &Digest) -> Result<Option<IssuedView>, ActError> {
        let row = self.store.request(caller.department(), key)?;
        row.map(|row| self.kept_answer(&row, request)).transpose()
    }

    /// The answer that was given to the request of a row, where this is the same request.
    fn kept_answer(&self, row: &RequestRow, request: &Digest) -> Result<IssuedView, ActError> {
        if row.request != *request {
            return Err(ActError::KeyReused);
        }
        let Event::Licence(issued) = self.store.entry(row.position)?.event else {
            return Err(ActError::Internal("a request row names an entry that is no licence"));
        };
        let decode = |bytes: &[u8]| {
            Envelope::decode(bytes, limits::ENVELOPE)
                .map_err(|_| ActError::Internal("a kept envelope does not decode"))
        };
        let (full, qr) = (decode(&issued.full)?, decode(&issued.qr)?);
        let claims = LicenceClaims::decode(full.payload())
            .map_err(|_| ActError::Internal("a kept payload does not decode"))?;
        Ok(IssuedView::of(&claims.licence, &full, &qr))
    }

    /// Reads together what an order asks of the store before it is signed, and hands out a place in a status list that is
    /// free. What cannot be known yet is looked for when it is needed.
    fn look_ahead(
        &self,
        caller: &Caller,
        key: &str,
        draft: Option<&Draft>,
    ) -> Result<(ReadAhead<'_>, Option<StatusReference>), ActError> {
        let (keys, department, roster) = (self.store.keys(), caller.department(), self.roster());
        let issuer = draft.and_then(|_| roster.issuer(&department).ok());
        let place = issuer.and_then(|known| known.status.any(&*self.random).ok());
        let place_key = place.as_ref().map(|place| keys.status_index(&place.uri, place.index));
        let number = draft.map(|draft| keys.number(draft.type_code(), department, draft.number()));
        let wanted = [Some(keys.request(department, key)), number, place_key.clone()];
        let ahead = self.store.read_ahead(wanted.into_iter().flatten().collect())?;
        let taken = place_key.map(|key| ahead.has(&key)).transpose()?;
        Ok((ahead, place.filter(|_| taken == Some(false))))
    }

    pub(super) fn check_clock(&self, now: UnixTime) -> Result<(), ActError> {
        match self.seconds_behind(now) {
            seconds if seconds > MOST_SECONDS_BEHIND => Err(ActError::ClockBehind { seconds }),
            _ => Ok(()),
        }
    }

    /// What the caller may have signed.
    fn prepare_for(
        &self,
        caller: &Caller,
        draft: Result<Draft, DraftError>,
        ahead: &ReadAhead<'_>,
        now: UnixTime,
    ) -> Result<(Permit, Prepared<'_>), ActError> {
        let permit = self.permit(caller, Call::Issue, now)?;
        self.check_clock(now)?;
        let prepared = self.prepare(caller.department(), draft?, ahead, now)?;
        permit.check(&prepared.licence_type.code())?;
        Ok((permit, prepared))
    }

    fn prepare(
        &self,
        department: CreditCode,
        draft: Draft,
        ahead: &ReadAhead<'_>,
        now: UnixTime,
    ) -> Result<Prepared<'_>, ActError> {
        let known = Arc::clone(self.roster().issuer(&department)?);
        let type_code = draft.type_code();
        let licence_type = self.catalogue.get(&type_code).ok_or(ActError::UnknownType(type_code))?;
        known.issuer.check_scope(type_code)?;
        let replaces = draft.replaces().cloned().map(|old| (old, draft.replaces_for()));
        let draft = draft.check(licence_type, now.date())?;
        let successor =
            replaces.map(|(old, purpose)| self.successor(department, old, purpose)).transpose()?;
        let takes_number = self.number_is_free(department, &draft, successor.as_ref(), ahead)?;
        Ok(Prepared { known, licence_type, draft, successor, takes_number })
    }

    /// How the department goes on from the licence to be replaced.
    fn successor(
        &self,
        department: CreditCode,
        identifier: Identifier,
        purpose: Replacement,
    ) -> Result<Successor, ActError> {
        let is_transfer = purpose == Replacement::TransferIn;
        // Another department's licence is as unknown here as one that was never issued, but for taking it over.
        let theirs = identifier.issuer() != department && !is_transfer;
        if theirs || self.store.licence(&identifier)?.is_none() {
            return Err(ActError::NotFound);
        }
        let events = self.store.events(&identifier)?;
        let newer = events.iter().find_map(|event| match &event.what {
            EventKind::Replaced { identifier, .. } => Some((event, identifier.clone())),
            EventKind::Status { .. } => None,
        });
        let predecessor = Predecessor {
            identifier,
            state: super::status::state(&events),
            replaced_by: newer.as_ref().map(|(_, identifier)| identifier.clone()),
        };
        let succession = match predecessor.succession(department, purpose) {
            Ok(succession) => succession,
            Err(source) => {
                let event = match source {
                    PredecessorError::Replaced { .. } => newer.map(|(event, _)| event),
                    PredecessorError::OwnTransfer => None,
                    _ => super::status::last_change(&events),
                };
                let first = event.map(|event| self.who(event)).transpose()?.map(Box::new);
                return Err(ActError::Predecessor { source, first });
            }
        };
        let sequence = super::status::next_sequence(&events)?;
        Ok(Successor { predecessor: predecessor.identifier, sequence, purpose, succession })
    }

    /// Whether the number has to be taken; refused where another licence has it that this one does not replace.
    fn number_is_free(
        &self,
        department: CreditCode,
        draft: &CheckedDraft,
        successor: Option<&Successor>,
        ahead: &ReadAhead<'_>,
    ) -> Result<bool, ActError> {
        let Some(position) = ahead.number(draft.type_code(), department, draft.number())? else {
            return Ok(true);
        };
        let by = self.identifier_at(position)?;
        let same_licence = successor.and_then(Successor::next_version);
        let same_licence = same_licence.is_some_and(|next| next.serial() == by.serial());
        if same_licence {
            Ok(false)
        } else {
            Err(ActError::NumberTaken { number: draft.number().to_owned(), by })
        }
    }

    fn identifier_at(&self, position: u64) -> Result<Identifier, ActError> {
        let (claims, _) = self.issued_at(position)?;
        Ok(claims.licence.identifier)
    }

    /// With its status at `place`, or where one is found.
    fn sign(
        &self,
        prepared: &Prepared<'_>,
        place: Option<StatusReference>,
        now: UnixTime,
    ) -> Result<SignedLicence, ActError> {
        let Prepared { known, licence_type, draft, .. } = prepared;
        let issuer = &known.issuer;
        let identifier = match prepared.next_version() {
            Some(next) => next.clone(),
            None => issuer.new_identifier(licence_type.code(), &*self.random)?,
        };
        let found = || known.status.free(&self.store, &*self.random);
        let status = place.map_or_else(found, Ok).map_err(|error| match error {
            StatusIndexError::Store(error) => ActError::from(error),
            StatusIndexError::Random(error) => IssueError::from(error).into(),
        })?;
        Ok(issuer.sign(draft.clone(), licence_type, identifier, status, now)?)
    }

    fn guards(
        &self,
        caller: &Caller,
        key: &str,
        prepared: &Prepared<'_>,
        signed: &SignedLicence,
    ) -> Vec<Guard> {
        let (keys, licence) = (self.store.keys(), &signed.claims.licence);
        let status = &signed.claims.status;
        let mut absent = vec![
            keys.request(caller.department(), key),
            keys.licence(&licence.identifier),
            keys.status_index(&status.uri, status.index),
        ];
        if prepared.takes_number {
            absent.push(keys.number(licence.identifier.type_code(), caller.department(), &licence.number));
        }
        if let Some(replaced) = prepared.replaced() {
            absent.push(keys.event(&replaced.identifier, replaced.sequence));
        }
        absent.into_iter().map(Guard::absent).collect()
    }

    /// Somebody took the number, or replaced or changed the predecessor, between looking and appending.
    fn what_came_first(&self, prepared: &Prepared<'_>) -> Result<ActError, ActError> {
        let department = prepared.known.issuer.authority.code();
        if let Some(Successor { predecessor, sequence, purpose, .. }) = &prepared.successor {
            self.successor(department, predecessor.clone(), *purpose)?;
            let events = self.store.events(predecessor)?;
            if u32::try_from(events.len()).is_ok_and(|events| events >= *sequence) {
                return Ok(ActError::Raced { first: self.came_first(&events, *sequence)? });
            }
        }
        let now = ReadAhead::nothing(&self.store);
        self.number_is_free(department, &prepared.draft, prepared.successor.as_ref(), &now)?;
        Ok(ActError::Contended)
    }
}

impl Successor {
    fn next_version(&self) -> Option<&Identifier> {
        match &self.succession {
            Succession::NextVersion(identifier) => Some(identifier),
            Succession::NewSerial => None,
        }
    }
}

impl Prepared<'_> {
    /// The licence's identifier, where it is no new one.
    fn next_version(&self) -> Option<&Identifier> {
        self.successor.as_ref().and_then(Successor::next_version)
    }

    fn replaced(&self) -> Option<Replaced> {
        let Successor { predecessor, sequence, purpose, .. } = self.successor.as_ref()?;
        Some(Replaced { identifier: predecessor.clone(), sequence: *sequence, purpose: *purpose })
    }
}
