//! One number, one item (一号申请): which of the licences that a service item requires an applicant holds, which are good now, and where
//! to get the others.

use std::collections::BTreeSet;

use serde::Serialize;

use super::act_error::ActError;
use super::caller::Caller;
use super::holder_request::Members;
use super::holder_uses::Asked;
use super::holders::HeldLicence;
use super::open::Registry;
use super::sight::Sight;
use crate::access::Call;
use crate::codec::{Checked, LicenceClaims, Question};
use crate::ledger::UsedLicence;
use crate::licence::{
    Alternative, Condition, CreditCode, Found, Goodness, Held, Missing, Requirement, ServiceItem, TypeCode,
};
use crate::time::UnixTime;
use crate::verify::{Language, Status};

/// What an applicant has of what an item requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MaterialsView {
    /// The item.
    pub item_code: String,
    /// What it is called.
    pub name: String,
    /// Whether nothing is missing.
    pub complete: bool,
    /// Each of its requirements, in their order.
    pub required: Vec<RequiredView>,
    /// The receipt's id.
    pub receipt: String,
}

/// What was found for a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequiredView {
    /// What it is called among the materials.
    pub name: String,
    /// Licences of these types will do.
    pub types: Vec<String>,
    /// Whether the department may hear of any of them.
    pub granted: bool,
    /// Whether the holder has one, good or not.
    pub held: bool,
    /// The verdict on the one that comes nearest.
    pub verdict: Option<&'static str>,
    /// Its identifier.
    pub identifier: Option<String>,
    /// Codes of the checks that it did not pass.
    pub reasons: Vec<&'static str>,
    /// Why it does not do; absent where it does.
    pub missing: Option<MissingView>,
}

/// Why a requirement is not met, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingView {
    /// A word: [`Missing::as_str`].
    pub reason: &'static str,
    /// A sentence for the applicant, in Chinese.
    pub detail: String,
    /// Departments of this installation that issue such a licence.
    pub obtain_from: Vec<ObtainFrom>,
}

/// A department that issues what is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObtainFrom {
    /// Its credit code.
    pub code: CreditCode,
    /// Its name.
    pub name: String,
    /// Which of the types it issues.
    pub types: Vec<String>,
}

/// The types of an item that the caller may hear of, of this holder.
fn shown_types(item: &ServiceItem, sight: &Sight) -> BTreeSet<TypeCode> {
    let types = item.requirements().iter().flat_map(Requirement::types);
    types.filter(|code| sight.fields(*code).is_some()).collect()
}

/// The members of a request.
const MEMBERS: [&str; 3] = ["holder", "item_code", "purpose"];

impl Registry {
    /// What the holder has of what an item requires, now, of the types that the caller's department is granted. The use and its
    /// receipt are in the ledger, durable, when this returns.
    pub async fn materials(
        &self,
        caller: &Caller,
        body: &[u8],
        now: UnixTime,
    ) -> Result<MaterialsView, ActError> {
        let permit = self.admit(caller, Call::Materials, now)?;
        let allowance = permit.allowance().cloned().unwrap_or_default();
        let mut members = Members::read(body, &MEMBERS)?;
        let (holder, purpose) = (members.holder()?, members.purpose()?);
        let item_code = members.required_text("item_code")?;
        let item = item_code.parse().ok().and_then(|code| self.service_items.get(&code));
        let item = item.ok_or(ActError::UnknownItem)?;
        let at = self.not_behind(now);
        let sight = self.sight(caller, &permit, &holder.number, Some(&item_code), now)?;
        let shown = shown_types(item, &sight);
        let wanted = |claims: &LicenceClaims| shown.contains(&claims.licence.identifier.type_code());
        let licences = self.licences_of(&holder, wanted, now)?.licences;
        let found = judged(item, &licences, at);
        let (checked, used) = self.used(item, &found, &licences)?;
        let asked = Asked {
            question: Question::Materials,
            holder: holder.number,
            purpose,
            checked,
            licences: used,
            item_code: Some(item.code().to_string()),
        };
        let receipt = self.record_use(caller, permit, asked, now).await?.to_string();
        let required = item.requirements().iter().zip(found).map(|(requirement, found)| {
            let granted = requirement.types().any(|code| allowance.names(&code));
            self.required_view(requirement, found, &licences, granted)
        });
        let required: Vec<RequiredView> = required.collect();
        Ok(MaterialsView {
            item_code: item.code().to_string(),
            name: item.name().to_owned(),
            complete: required.iter().all(|one| one.missing.is_none()),
            required,
            receipt,
        })
    }

    /// The licences that the answer names, each once, with the keys of the fields that the conditions looked at.
    fn used(
        &self,
        item: &ServiceItem,
        found: &[Found],
        licences: &[HeldLicence],
    ) -> Result<(Vec<Checked>, Vec<UsedLicence>), ActError> {
        let (mut checked, mut used) = (Vec::new(), Vec::new());
        for (place, fields) in looked_at(item, found, licences) {
            let Some(licence) = licences.get(place) else { continue };
            checked.push(self.checked_kept(licence, &fields)?);
            used.push(UsedLicence { identifier: licence.claims.licence.identifier.clone(), fields });
        }
        Ok((checked, used))
    }

    fn required_view(
        &self,
        requirement: &Requirement,
        found: Found,
        licences: &[HeldLicence],
        granted: bool,
    ) -> RequiredView {
        let best = found.best.and_then(|place| licences.get(place));
        let missing = found.missing.map(|reason| {
            let obtain_from = self.issuers_of(requirement);
            let from = places(requirement, &obtain_from);
            let detail = match (reason, best) {
                (Missing::NotHeld, _) if !granted => {
                    format!("本部门未获授权查询{}，请申请人提供{from}", requirement.name())
                }
                (_, None) | (Missing::NotHeld, _) => format!("没有查到{}{from}", requirement.name()),
                (Missing::NotGood, Some(best)) => {
                    let why = best.verdict.first_reason().sentence(Language::Zh);
                    format!("{}现在不能用：{why}{from}", best.claims.licence.type_name)
                }
                (Missing::EndsTooSoon, Some(best)) => ends_too_soon(requirement, best, &from),
                (Missing::ConditionNotMet, Some(best)) => self.condition_not_met(requirement, best, &from),
            };
            MissingView { reason: reason.as_str(), detail, obtain_from }
        });
        RequiredView {
            name: requirement.name().to_owned(),
            types: requirement.types().map(|code| code.to_string()).collect(),
            granted,
            held: best.is_some(),
            verdict: best.map(|best| best.verdict.status.as_str()),
            identifier: best.map(|best| best.claims.licence.identifier.to_string()),
            reasons: best
                .map(|best| best.verdict.reasons())
                .unwrap_or_default()
                .iter()
                .map(|code| code.as_str())
                .collect(),
            missing,
        }
    }

    /// Departments of this installation that issue what will do.
    fn issuers_of(&self, requirement: &Requirement) -> Vec<ObtainFrom> {
        let roster = self.roster();
        let issuing = roster.departments.values().filter(|known| known.issues());
        let mut issuers: Vec<ObtainFrom> = issuing
            .filter_map(|known| {
                let issues = |code: &TypeCode| known.department.types.contains(code);
                let types: Vec<String> =
                    requirement.types().filter(issues).map(|code| code.to_string()).collect();
                let (code, name) = (known.department.code, known.department.name.clone());
                (!types.is_empty()).then_some(ObtainFrom { code, name, types })
            })
            .collect();
        issuers.sort_by_key(|one| one.code);
        issuers
    }

    /// What has to stand on a licence. What stands there instead is for the holder to say.
    fn condition_not_met(&self, requirement: &Requirement, best: &HeldLicence, from: &str) -> String {
        let licence = &best.claims.licence;
        let type_code = licence.identifier.type_code();
        let wrong = alternative_of(requirement, type_code)
            .and_then(|one| one.conditions().iter().find(|condition| !condition.holds(&licence.fields)));
        let known = self.catalogue.get(&type_code);
        let label = |condition: &Condition| {
            let field = known.and_then(|known| known.field(condition.field()));
            field.map_or_else(|| condition.field().to_owned(), |field| field.label().to_owned())
        };
        let wanted = wrong.map(|condition| {
            let texts: Vec<String> = condition.texts().iter().map(|text| format!("“{text}”")).collect();
            format!("，{}须为或含有{}", label(condition), texts.join("或"))
        });
        format!("{}不合要求{}{from}", licence.type_name, wanted.unwrap_or_default())
    }
}

fn ends_too_soon(requirement: &Requirement, best: &HeldLicence, from: &str) -> String {
    let licence = &best.claims.licence;
    let last = licence.valid_to.map(|last| format!("有效期至{last}，")).unwrap_or_default();
    let days = requirement.valid_for_days().unwrap_or_default();
    format!("{}{last}办理时须还有{days}天有效期{from}", licence.type_name)
}

/// Where to go, as the end of a sentence.
fn places(requirement: &Requirement, obtain_from: &[ObtainFrom]) -> String {
    let names: Vec<&str> = obtain_from.iter().map(|one| one.name.as_str()).collect();
    match (names.as_slice(), requirement.elsewhere()) {
        ([], None) => "。".to_owned(),
        ([], Some(elsewhere)) => format!("；请到{elsewhere}办理。"),
        (names, _) => format!("；请到{}办理。", names.join("、")),
    }
}

fn alternative_of(requirement: &Requirement, type_code: TypeCode) -> Option<&Alternative> {
    requirement.any_of().iter().find(|one| one.type_code() == type_code)
}

/// What is found for each requirement among the holder's licences.
fn judged(item: &ServiceItem, licences: &[HeldLicence], at: UnixTime) -> Vec<Found> {
    let held: Vec<Held<'_>> = licences
        .iter()
        .map(|one| Held {
            type_code: one.claims.licence.identifier.type_code(),
            identifier: &one.claims.licence.identifier,
            goodness: match one.verdict.status {
                Status::Valid => Goodness::Good,
                Status::Invalid | Status::Indeterminate => Goodness::NotGood,
            },
            valid_to: one.claims.licence.valid_to,
            fields: &one.claims.licence.fields,
        })
        .collect();
    item.judge(&held, at.date())
}

/// Places of the licences that the answer names, each once, with the keys of the fields that were looked at.
fn looked_at(item: &ServiceItem, found: &[Found], licences: &[HeldLicence]) -> Vec<(usize, Vec<String>)> {
    let mut used: Vec<(usize, Vec<String>)> = Vec::new();
    for (requirement, found) in item.requirements().iter().zip(found) {
        let Some((place, one)) = found.best.and_then(|place| Some((place, licences.get(place)?))) else {
            continue;
        };
        let licence = &one.claims.licence;
        let conditions = alternative_of(requirement, licence.identifier.type_code());
        let keys = conditions.into_iter().flat_map(|one| one.conditions()).map(Condition::field);
        let keys = keys.filter(|key| licence.fields.get(key).is_some()).map(str::to_owned);
        match used.iter_mut().find(|(known, _)| *known == place) {
            Some((_, known)) => known.extend(keys),
            None => used.push((place, keys.collect())),
        }
    }
    for (_, keys) in &mut used {
        // As deterministic CBOR orders keys, each once.
        keys.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        keys.dedup();
    }
    used
}
