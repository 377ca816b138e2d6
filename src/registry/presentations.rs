//! Presentations (亮证): on the holder's order, a short-lived signed statement of what he chose to show of a licence.

use serde::Deserialize;

use super::act_error::ActError;
use super::caller::Caller;
use super::open::Registry;
use super::views::PresentationView;
use crate::codec::{HalfDigest, LicenceClaims, PresentationClaims, encode_qr_text, limits};
use crate::crypto::Digest;
use crate::ledger::{Entry, Event, IssuedLicence, PresentationMade, Uses};
use crate::licence::{FieldValue, Fields, HolderNumber, LicenceType, TextError, check_text};
use crate::store::{AppendError, Guard};
use crate::time::UnixTime;
use crate::verify::Status;

/// What `valid_to` says of a licence without an end (FORMAT.md §13).
const LONG_TERM: &str = "长期";
/// The most characters of a reason.
const MOST_REASON: usize = 200;

/// What is to be shown of which licence, to whom, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresentationRequest {
    identifier: String,
    fields: Vec<String>,
    r#for: String,
    reason: String,
    #[serde(default = "usual_seconds")]
    seconds: u32,
    #[serde(default)]
    one_time: bool,
}

const fn usual_seconds() -> u32 {
    PresentationClaims::SECONDS
}

/// What is to be shown cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PresentationError {
    /// Nothing chosen.
    #[error("\"fields\": expected at least one field")]
    NoFields,
    /// A field is chosen twice.
    #[error("\"fields\": {key:?} stands there twice")]
    Twice {
        /// Its key.
        key: String,
    },
    /// No field of the licence's type.
    #[error("\"fields\": {key:?} is no field of this licence")]
    UnknownField {
        /// Up to 40 characters of it.
        key: String,
    },
    /// The licence has no value in this field.
    #[error("\"fields\": this licence says nothing in {key:?}")]
    NoValue {
        /// Its key.
        key: String,
    },
    /// Not 1 to 600 seconds.
    #[error("\"seconds\": expected 1 to {}, got {got}", PresentationClaims::MOST_SECONDS)]
    Seconds {
        /// What was asked for.
        got: u32,
    },
    /// The organisation's name may not stand there.
    #[error("\"for\": {0}")]
    For(TextError),
    /// The reason may not stand in the ledger.
    #[error("\"reason\": {0}")]
    Reason(TextError),
    /// More than a QR holds.
    #[error("\"fields\": together they are more than a QR code holds")]
    TooMuch,
}

impl Registry {
    /// Makes a presentation of a licence: of the caller's department, or on its holder's order through the portal. It is in the ledger, durable, when this returns.
    pub async fn present(
        &self,
        caller: &Caller,
        body: &[u8],
        now: UnixTime,
    ) -> Result<PresentationView, ActError> {
        let request: PresentationRequest = serde_json::from_slice(body).map_err(|error| {
            let is_data = error.is_data();
            if is_data { ActError::PresentationMember(error) } else { ActError::PresentationRequest(error) }
        })?;
        request.check()?;
        let identifier = match caller.acts_for_holders() {
            true => self.known(&request.identifier)?,
            false => self.own(caller, &request.identifier)?,
        };
        let row = self.store.licence(&identifier)?.ok_or(ActError::NotFound)?;
        let (claims, issued) = self.issued_at(row.position)?;
        let licence_type = self.catalogue.get(&identifier.type_code());
        let fields = request.choose(&claims, licence_type)?;
        self.check_clock(now)?;
        let at = self.not_behind(now);
        let verdict = self.judge_kept(&identifier, at);
        let verdict = verdict.ok_or(ActError::Internal("a kept licence cannot be judged"))?;
        if verdict.status != Status::Valid {
            return Err(ActError::NotGood { reason: verdict.first_reason() });
        }
        let holders = claims.licence.holders.iter().map(HolderNumber::of).collect();
        let claims = self.presentation_claims(&request, (&claims, &issued), fields, at)?;
        let envelope = self.presentations.sign(claims.encode());
        let envelope = envelope.map_err(|_| ActError::Internal("the presentation key does not sign"))?;
        let qr = encode_qr_text(&envelope);
        if qr.len() > limits::QR_TEXT || envelope.bare_bytes().len() > limits::QR_ENVELOPE {
            return Err(PresentationError::TooMuch.into());
        }
        let made = PresentationMade {
            identifier,
            envelope: envelope.digest(),
            audience: request.r#for,
            reason: request.reason,
            fields: request.fields,
            seconds: request.seconds,
            uses: if request.one_time { Uses::One } else { Uses::Many },
            order: caller.order(),
            holders,
        };
        let guard = Guard::absent(self.store.keys().presentation(&made.envelope));
        let entry = Entry { at, event: Event::Presentation(made) };
        match self.store.append(&entry, guard.into(), &*self.random).await {
            Ok(_) => {}
            // A key that signs the same bytes the same way, asked twice in a second.
            Err(AppendError::Conflict { .. }) => return Err(ActError::Contended),
            Err(error) => return Err(error.into()),
        }
        Ok(PresentationView { qr, expires: claims.expires })
    }

    fn presentation_claims(
        &self,
        request: &PresentationRequest,
        (licence, issued): (&LicenceClaims, &IssuedLicence),
        fields: Fields,
        at: UnixTime,
    ) -> Result<PresentationClaims, ActError> {
        let trust = self.trust();
        let authority = trust.authority(&licence.issuer);
        let list = authority.and_then(|known| licence.status.uri.strip_prefix(&known.status_uri));
        let list = list.and_then(|number| number.parse().ok());
        // It ends with the licence, should that be sooner.
        let expires = at.plus(i64::from(request.seconds));
        Ok(PresentationClaims {
            issuer: licence.issuer,
            expires: licence.expires.map_or(expires, |end| end.min(expires)),
            issued_at: at,
            type_code: licence.licence.identifier.type_code(),
            licence: HalfDigest::of(&Digest::of(&issued.full)),
            status_list: list
                .ok_or(ActError::Internal("a kept licence's status list is not its issuer's"))?,
            status_index: licence.status.index,
            audience: request.r#for.clone(),
            reason: HalfDigest::of(&Digest::of(request.reason.as_bytes())),
            fields,
        })
    }
}

impl PresentationRequest {
    /// What needs no licence to be seen.
    fn check(&self) -> Result<(), PresentationError> {
        if !(1..=PresentationClaims::MOST_SECONDS).contains(&self.seconds) {
            return Err(PresentationError::Seconds { got: self.seconds });
        }
        check_text(&self.r#for, PresentationClaims::MOST_AUDIENCE).map_err(PresentationError::For)?;
        check_text(&self.reason, MOST_REASON).map_err(PresentationError::Reason)?;
        if self.fields.is_empty() {
            return Err(PresentationError::NoFields);
        }
        let mut seen = std::collections::HashSet::new();
        match self.fields.iter().find(|key| !seen.insert(key.as_str())) {
            Some(key) => Err(PresentationError::Twice { key: key.chars().take(40).collect() }),
            None => Ok(()),
        }
    }

    /// The values of what was chosen.
    fn choose(
        &self,
        claims: &LicenceClaims,
        licence_type: Option<&LicenceType>,
    ) -> Result<Fields, PresentationError> {
        let licence = &claims.licence;
        let holder = licence.holders.first();
        let (from, to) = (licence.valid_from.to_string(), licence.valid_to.map(|date| date.to_string()));
        let value = |key: &str| match key {
            "holder_name" => holder.map(|holder| FieldValue::Text(holder.name())),
            "holder_code" => holder.map(|holder| FieldValue::Text(holder.code())),
            "number" => Some(FieldValue::Text(&licence.number)),
            "valid_from" => Some(FieldValue::Text(&from)),
            "valid_to" => Some(FieldValue::Text(to.as_deref().unwrap_or(LONG_TERM))),
            key => licence.fields.get(key),
        };
        let known = |key: &str| {
            licence_type.is_some_and(|known| known.fields().iter().any(|field| field.key() == key))
        };
        let mut chosen = Vec::with_capacity(self.fields.len());
        for key in &self.fields {
            let Some(value) = value(key) else {
                let known = known(key);
                let key = key.chars().take(40).collect();
                return Err(match known {
                    true => PresentationError::NoValue { key },
                    false => PresentationError::UnknownField { key },
                });
            };
            chosen.push((key.as_str(), value));
        }
        // As deterministic CBOR orders them.
        chosen.sort_by_key(|(key, _)| (key.len(), *key));
        Ok(chosen.into_iter().collect())
    }
}
