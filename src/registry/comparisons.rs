//! Compare (信息验证, GB/T 36906): what an applicant says against what his licence says. The answer is a grade.

use serde::Serialize;

use super::act_error::ActError;
use super::caller::Caller;
use super::holder_request::{MemberError, Members};
use super::holder_uses::Asked;
use super::holders::HeldLicence;
use super::lookups::type_code;
use super::open::Registry;
use super::sight::Sight;
use crate::access::{Call, GrantedFields};
use crate::codec::Question;
use crate::ledger::UsedLicence;
use crate::licence::{AskedHolder, Claims, ComparisonResult, PurposePart, TypeCode};
use crate::time::UnixTime;

/// The answer to a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparisonView {
    /// The graded answer of GB/T 36906, 0 to 6.
    pub result: u8,
    /// Id of the receipt.
    pub receipt: String,
}

/// What is compared with which licences.
struct Comparison {
    type_code: TypeCode,
    number: Option<String>,
    claims: Claims,
}

/// The answer, with the licence that it is about and the keys that were compared; none where there is no such licence.
struct Best {
    result: ComparisonResult,
    of: Option<(HeldLicence, Vec<String>)>,
}

impl Registry {
    /// Answers `{"holder", "type", "number"?, "claims", "purpose"}`. The use is in the ledger, durable, when this returns.
    pub async fn compare(
        &self,
        caller: &Caller,
        body: &[u8],
        now: UnixTime,
    ) -> Result<ComparisonView, ActError> {
        let permit = self.admit(caller, Call::Comparison, now)?;
        let mut members = Members::read(body, &["holder", "type", "number", "claims", "purpose"])?;
        let (holder, purpose) = (members.holder()?, members.purpose()?);
        let claims = members.take("claims").ok_or(MemberError::Missing { member: "claims" })?;
        let comparison = Comparison {
            type_code: type_code(&members.required_text("type")?)?,
            number: members.text("number")?.map(|number| number.trim().to_owned()),
            claims: Claims::from_json(&claims)?,
        };
        self.check_clock(now)?;
        let item_code = Some(purpose.part(PurposePart::ItemCode));
        let sight = self.sight(caller, &permit, &holder.number, item_code, now)?;
        let Best { result, of } = self.best(&holder, &comparison, &sight, now)?;
        // Whoever is told that something does not agree is told nothing else, not even by the receipt.
        let (mut checked, mut licences) = (Vec::new(), Vec::new());
        if let Some((held, fields)) = of {
            if result.agrees() {
                checked.push(self.checked_kept(&held, &fields)?);
            }
            let identifier = held.claims.licence.identifier.clone();
            licences.push(UsedLicence { identifier, fields });
        }
        let question = Question::Comparison(result);
        let asked = Asked { question, holder: holder.number, purpose, checked, licences, item_code: None };
        let receipt = self.record_use(caller, permit, asked, now).await?.to_string();
        Ok(ComparisonView { result: result.code(), receipt })
    }

    /// The answer for the licence that agrees best, and the newest of those.
    fn best(
        &self,
        holder: &AskedHolder,
        comparison: &Comparison,
        sight: &Sight,
        now: UnixTime,
    ) -> Result<Best, ActError> {
        let Comparison { type_code, number, claims } = comparison;
        let none = Best { result: ComparisonResult::NoSuchLicence, of: None };
        let Some(granted) = sight.fields(*type_code) else {
            return Ok(none);
        };
        let licence_type = self.catalogue.get(type_code);
        let mut best: Option<(ComparisonResult, HeldLicence)> = None;
        for held in self.held_by(holder)? {
            let held = held?;
            let licence = &held.claims.licence;
            let is_meant = number.as_ref().is_none_or(|number| *number == licence.number);
            if licence.identifier.type_code() != *type_code || !is_meant {
                continue;
            }
            let agreement =
                claims.compare(licence, licence_type, &holder.number, |key| granted.contains(key));
            // What agrees less than the best so far need not be judged.
            let bound = ComparisonResult::of(agreement, 0);
            if best.as_ref().is_some_and(|(best, _)| *best <= bound) {
                continue;
            }
            let held = self.judge_held(held, now)?;
            let result = ComparisonResult::of(agreement, held.verdict.grade);
            if best.as_ref().is_none_or(|(best, _)| result < *best) {
                best = Some((result, held));
            }
        }
        let Some((result, held)) = best else { return Ok(none) };
        let fields = compared(claims, &held, &granted);
        Ok(Best { result, of: Some((held, fields)) })
    }
}

fn compared(claims: &Claims, held: &HeldLicence, granted: &GrantedFields) -> Vec<String> {
    claims.comparable(&held.claims.licence, |key| granted.contains(key))
}
