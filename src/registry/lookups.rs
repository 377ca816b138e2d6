//! Look up by holder (按持证主体查询): one number in, the licences that the department may know of out.

use serde::Serialize;

use super::act_error::ActError;
use super::caller::Caller;
use super::holder_request::{MemberError, Members};
use super::holder_uses::{Asked, room_for};
use super::holders::{HeldLicence, HeldLicences};
use super::open::Registry;
use crate::access::{Call, GrantedFields};
use crate::codec::Question;
use crate::ledger::UsedLicence;
use crate::licence::{Fields, PurposePart, TypeCode};
use crate::time::{Date, UnixTime};
use crate::verify::{Code, Status};

/// The answer to a look-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LookupView {
    /// What the department may see, newest first.
    pub licences: Vec<FoundLicenceView>,
    /// Whether there are others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// Id of the receipt.
    pub receipt: String,
}

/// A licence that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundLicenceView {
    /// Its identifier.
    pub identifier: String,
    /// Its type.
    pub r#type: TypeCode,
    /// Name of the type.
    pub type_name: String,
    /// Its number.
    pub number: String,
    /// How it stands now: a state's word, or `not_yet_in_force`, `expired`, `replaced`.
    pub state: &'static str,
    /// The verdict on it now.
    pub verdict: Status,
    /// The checks that it did not pass.
    pub reasons: Vec<Code>,
    /// Its first day.
    pub valid_from: Date,
    /// Its last day; `null` for a long-term one.
    pub valid_to: Option<Date>,
    /// The fields that are granted.
    pub fields: Fields,
    /// `false` where a newer version has taken its place.
    pub current: bool,
}

impl FoundLicenceView {
    fn of(held: &HeldLicence, granted: &GrantedFields) -> Self {
        let licence = &held.claims.licence;
        Self {
            identifier: licence.identifier.to_string(),
            r#type: licence.identifier.type_code(),
            type_name: licence.type_name.clone(),
            number: licence.number.clone(),
            state: held.standing.as_str(),
            verdict: held.verdict.status,
            reasons: held.verdict.reasons(),
            valid_from: licence.valid_from,
            valid_to: licence.valid_to,
            fields: licence.fields.iter().filter(|(key, _)| granted.contains(key)).collect(),
            current: held.current,
        }
    }

    fn keys(&self) -> Vec<String> {
        self.fields.iter().map(|(key, _)| key.to_owned()).collect()
    }
}

impl Registry {
    /// Answers `{"holder", "type"?, "purpose"}`. The use is in the ledger, durable, when this returns, also where nothing was found.
    pub async fn look_up(&self, caller: &Caller, body: &[u8], now: UnixTime) -> Result<LookupView, ActError> {
        let permit = self.admit(caller, Call::Lookup, now)?;
        let mut members = Members::read(body, &["holder", "type", "purpose"])?;
        let (holder, purpose) = (members.holder()?, members.purpose()?);
        let wanted = members.text("type")?.map(|text| type_code(&text)).transpose()?;
        self.check_clock(now)?;
        let item_code = Some(purpose.part(PurposePart::ItemCode));
        let sight = self.sight(caller, &permit, &holder.number, item_code, now)?;
        let HeldLicences { mut licences, mut more } = self.licences_of(
            &holder,
            |claims| {
                let type_code = claims.licence.identifier.type_code();
                wanted.is_none_or(|wanted| wanted == type_code) && sight.fields(type_code).is_some()
            },
            now,
        )?;
        let (mut found, mut checked) = (Vec::new(), Vec::new());
        for held in &licences {
            let type_code = held.claims.licence.identifier.type_code();
            let granted = sight.fields(type_code).ok_or(ActError::Internal("what is granted changed"))?;
            let view = FoundLicenceView::of(held, &granted);
            checked.push(self.checked_kept(held, &view.keys())?);
            found.push(view);
        }
        // Nothing is shown that the receipt does not tell of.
        let room = room_for(&checked);
        more |= room < licences.len();
        licences.truncate(room);
        checked.truncate(room);
        found.truncate(room);
        let shown = licences.iter().zip(&found);
        let shown = shown.map(|(held, view)| UsedLicence {
            identifier: held.claims.licence.identifier.clone(),
            fields: view.keys(),
        });
        let asked = Asked {
            question: Question::Lookup,
            licences: shown.collect(),
            holder: holder.number,
            purpose,
            checked,
            item_code: None,
        };
        let receipt = self.record_use(caller, permit, asked, now).await?.to_string();
        Ok(LookupView { licences: found, more, receipt })
    }
}

/// The member `type` of a request. One that no catalogue has is one of which nobody has a licence.
pub(super) fn type_code(text: &str) -> Result<TypeCode, ActError> {
    let expected = "a licence type's code: a credit code and three digits";
    text.parse().map_err(|_| MemberError::Value { member: "type", expected }.into())
}
