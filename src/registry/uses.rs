//! Who used my licences (用证记录): the uses of a holder's licences for him, and those of everybody's for supervisors.

use serde::Serialize;

use super::act_error::ActError;
use super::caller::Caller;
use super::holder_request::{MemberError, Members};
use super::open::Registry;
use super::use_words::{Happened, Named, Story};
use crate::access::{Call, Role};
use crate::codec::{CheckedForm, Envelope, ReceiptClaims, limits};
use crate::ledger::{
    ConsentChange, ConsentState, Entry, Event, HolderUse, Order, PresentationMade, ReceiptGiven, UsedLicence,
};
use crate::licence::{
    ComparisonResult, CreditCode, HolderNumber, Identifier, Json, Purpose, PurposePart, TypeCode,
};
use crate::time::UnixTime;
use crate::verify::{InWords, beside_field_labels};

/// The most uses of one answer.
const MOST: usize = 100;
/// The most entries that are opened for one answer to a supervisor.
const MOST_READ: usize = 1_000;

/// Uses, and where they go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsesView {
    /// At most 100.
    pub uses: Vec<UseView>,
    /// What `before` (a holder's) or `after` (a supervisor's) has to say for the next ones; `null` where there are none.
    pub next: Option<u64>,
}

/// One use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UseView {
    /// Its position in the ledger.
    pub position: u64,
    /// When.
    pub at: UnixTime,
    /// `lookup`, `comparison`, `materials`, `verification`, `presentation` or `consent`.
    pub call: &'static str,
    /// Who saw something, or was to.
    pub organisation: OrganisationView,
    /// Who sat at the window.
    pub operator: Option<String>,
    /// For which service item.
    pub item: Option<String>,
    /// Its code.
    pub item_code: Option<String>,
    /// In which case.
    pub case: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What was seen or compared.
    pub licences: Vec<UsedLicenceView>,
    /// The answer of a comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<u8>,
    /// Id of the receipt.
    pub receipt: Option<String>,
    /// The consent that was given or withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentUseView>,
    /// The same as a sentence.
    pub words: InWords,
    /// For supervisors: whose licences, and which credential asked.
    #[serde(flatten)]
    pub supervised: Option<SupervisedView>,
}

/// An organisation; a presentation has its name alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrganisationView {
    /// Its credit code.
    pub code: Option<CreditCode>,
    /// Its name.
    pub name: String,
}

/// A licence that was seen or compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsedLicenceView {
    /// Its identifier.
    pub identifier: String,
    /// Name of its type.
    pub type_name: String,
    /// Keys of the fields.
    pub fields: Vec<String>,
}

/// A consent that was given or withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConsentUseView {
    /// Its id.
    pub id: String,
    /// `given` or `withdrawn`.
    pub state: &'static str,
    /// For which types; for all where there is none.
    pub types: Vec<TypeCode>,
    /// Good until the second before.
    pub to: UnixTime,
}

/// What a supervisor sees besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SupervisedView {
    /// Whose licences; `null` where the thing that was verified is nobody's in the ledger.
    pub holder: Option<MaskedHolderView>,
    /// The credential.
    pub asked_by: String,
}

/// A holder whose code is covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MaskedHolderView {
    /// The kind of code.
    pub code_type: &'static str,
    /// The code but for its last four characters.
    pub code: String,
}

/// What all kinds of uses come down to.
struct Told<'a> {
    call: &'static str,
    happened: Happened<'a>,
    organisation: OrganisationView,
    purpose: Option<Purpose>,
    licences: Vec<UsedLicence>,
    /// Types where there are no licences.
    types: Vec<TypeCode>,
    receipt: Option<String>,
}

impl Registry {
    /// Answers `{"holder", "before"?}` for the portal: uses of the holder's licences, newest first.
    pub fn uses_of_holder(&self, caller: &Caller, body: &[u8]) -> Result<UsesView, ActError> {
        self.require_role(caller, Role::Portal)?;
        let mut members = Members::read(body, &["holder", "before"])?;
        let holder = members.holder()?.number;
        let before = members.take("before").map(|before| position(&before)).transpose()?;
        let mut positions = self.store.uses_of(&holder, before, MOST + 1)?;
        let more = positions.len() > MOST;
        positions.truncate(MOST);
        let next = positions.last().copied().filter(|_| more);
        let told = positions.iter().map(|position| self.use_at(*position));
        Ok(UsesView { uses: told.collect::<Result<_, _>>()?, next })
    }

    /// For supervisors: uses behind a position in the ledger's order, of one department if it is named.
    pub fn uses_after(
        &self,
        caller: &Caller,
        after: Option<u64>,
        department: Option<CreditCode>,
    ) -> Result<UsesView, ActError> {
        self.require_role(caller, Role::Supervisor)?;
        let from = after.map_or(0, |after| after.saturating_add(1));
        let mut positions = self.store.uses_from(from, MOST_READ + 1)?;
        let more = positions.len() > MOST_READ;
        positions.truncate(MOST_READ);
        let (mut uses, mut last) = (Vec::new(), None);
        for position in positions {
            if uses.len() == MOST {
                return Ok(UsesView { uses, next: last });
            }
            last = Some(position);
            let entry = self.store.entry(position)?;
            let Some((order, holder)) = asked_by(&entry.event) else { continue };
            if department.is_none_or(|wanted| wanted == order.department) {
                let holder = holder.map(masked);
                let supervised = Some(SupervisedView { holder, asked_by: order.asked_by.clone() });
                uses.push(UseView { supervised, ..self.use_in(position, &entry)? });
            }
        }
        Ok(UsesView { uses, next: last.filter(|_| more) })
    }

    fn use_at(&self, position: u64) -> Result<UseView, ActError> {
        self.use_in(position, &self.store.entry(position)?)
    }

    fn use_in(&self, position: u64, entry: &Entry) -> Result<UseView, ActError> {
        let (told, consent, result) = match &entry.event {
            Event::Receipt(given) => (self.verification(given)?, None, None),
            Event::Use(used) => (use_of(used)?, None, used.result),
            Event::Presentation(made) => (presentation(made), None, None),
            Event::Consent(change) => (self.consent(change), Some(consent_view(change)), None),
            _ => return Err(ActError::Internal("the index names an entry that is no use")),
        };
        let Told { call, happened, organisation, purpose, licences, types, receipt } = told;
        let types = self.type_names(licences.iter().map(|one| one.identifier.type_code()).chain(types));
        let fields = self.field_labels(&licences);
        let story = Story {
            at: entry.at,
            happened,
            organisation: &organisation.name,
            purpose: purpose.as_ref(),
            types: &types,
            fields: &fields,
        };
        let words = story.words();
        let part = |part| purpose.as_ref().map(|purpose| purpose.part(part).to_owned());
        let (reason, item_code) = match happened {
            Happened::Presentation { reason } => (Some(reason.to_owned()), None),
            Happened::Consent { item_code, .. } => (None, item_code.map(str::to_owned)),
            _ => (part(PurposePart::Reason), part(PurposePart::ItemCode)),
        };
        Ok(UseView {
            position,
            at: entry.at,
            call,
            operator: part(PurposePart::Operator),
            item: part(PurposePart::Item),
            item_code,
            case: part(PurposePart::Case),
            reason,
            licences: licences.into_iter().map(|one| self.licence_view(one)).collect(),
            result,
            receipt,
            consent,
            words,
            organisation,
            supervised: None,
        })
    }

    /// What a receipt about a credential in hand says. A presentation's licence is found by the presentation.
    fn verification(&self, given: &ReceiptGiven) -> Result<Told<'static>, ActError> {
        let claims = claims_of(&given.envelope)?;
        let mut licences = Vec::new();
        for checked in &claims.checked {
            let identifier: Option<Identifier> = match (&checked.identifier, checked.form) {
                (Some(identifier), _) => Some(identifier.clone()),
                (None, Some(CheckedForm::Presentation)) => {
                    self.store.presentation_at(&checked.digest)?.map(|(_, made)| made.identifier)
                }
                (None, _) => None,
            };
            let fields = checked.fields.clone().unwrap_or_default();
            licences.extend(identifier.map(|identifier| UsedLicence { identifier, fields }));
        }
        Ok(Told::by_receipt("verification", Happened::Verification, claims, licences))
    }

    fn consent<'a>(&self, change: &'a ConsentChange) -> Told<'a> {
        let happened = match change.state {
            ConsentState::Given => {
                Happened::Consent { until: change.until, item_code: change.item_code.as_deref() }
            }
            ConsentState::Withdrawn => Happened::ConsentWithdrawn,
        };
        let known = self.departments().into_iter().find(|one| one.code == change.department);
        let name = known.map_or_else(|| change.department.to_string(), |known| known.name);
        Told {
            call: "consent",
            happened,
            organisation: OrganisationView { code: Some(change.department), name },
            purpose: None,
            licences: Vec::new(),
            types: change.types.clone(),
            receipt: None,
        }
    }

    fn licence_view(&self, used: UsedLicence) -> UsedLicenceView {
        let UsedLicence { identifier, fields } = used;
        let type_name = self.type_name(identifier.type_code()).zh;
        UsedLicenceView { identifier: identifier.to_string(), type_name, fields }
    }

    fn type_name(&self, type_code: TypeCode) -> Named {
        let code = type_code.to_string();
        let (zh, en) =
            self.catalogue.get(&type_code).map_or((code.as_str(), code.as_str()), |one| one.names());
        Named { zh: zh.to_owned(), en: en.to_owned() }
    }

    /// Each once.
    fn type_names(&self, types: impl Iterator<Item = TypeCode>) -> Vec<Named> {
        let mut names = Vec::new();
        types.map(|one| self.type_name(one)).for_each(|name| {
            if !names.contains(&name) {
                names.push(name);
            }
        });
        names
    }

    /// Each once.
    fn field_labels(&self, licences: &[UsedLicence]) -> Vec<Named> {
        let mut labels = Vec::new();
        for UsedLicence { identifier, fields } in licences {
            let licence_type = self.catalogue.get(&identifier.type_code());
            for key in fields {
                let field = licence_type.and_then(|known| known.field(key));
                let of_field = field.map(|field| (field.label(), field.label_en()));
                let (zh, en) = beside_field_labels(key).or(of_field).unwrap_or((key, key));
                let label = Named { zh: zh.to_owned(), en: en.to_owned() };
                if !labels.contains(&label) {
                    labels.push(label);
                }
            }
        }
        labels
    }
}

impl Told<'static> {
    fn by_receipt(
        call: &'static str,
        happened: Happened<'static>,
        claims: ReceiptClaims,
        licences: Vec<UsedLicence>,
    ) -> Self {
        let (code, name) = (claims.organisation.code(), claims.organisation.name().to_owned());
        Self {
            call,
            happened,
            organisation: OrganisationView { code: Some(code), name },
            purpose: Some(claims.purpose),
            licences,
            types: Vec::new(),
            receipt: Some(claims.id.to_string()),
        }
    }
}

fn use_of(used: &HolderUse) -> Result<Told<'static>, ActError> {
    let result = used.result.and_then(ComparisonResult::of_code);
    let happened = match (used.call, result) {
        (Call::Materials, _) => Happened::Materials,
        (_, Some(result)) => Happened::Comparison(result),
        (_, None) => Happened::Lookup,
    };
    let claims = claims_of(&used.receipt)?;
    Ok(Told::by_receipt(used.call.as_str(), happened, claims, used.licences.clone()))
}

fn presentation(made: &PresentationMade) -> Told<'_> {
    let shown = UsedLicence { identifier: made.identifier.clone(), fields: made.fields.clone() };
    Told {
        call: "presentation",
        happened: Happened::Presentation { reason: &made.reason },
        organisation: OrganisationView { code: None, name: made.audience.clone() },
        purpose: None,
        licences: vec![shown],
        types: Vec::new(),
        receipt: None,
    }
}

fn consent_view(change: &ConsentChange) -> ConsentUseView {
    ConsentUseView {
        id: change.id.to_string(),
        state: change.state.as_str(),
        types: change.types.clone(),
        to: change.until,
    }
}

/// Who asked, and about whom, in an entry that supervisors see.
fn asked_by(event: &Event) -> Option<(&Order, Option<&HolderNumber>)> {
    match event {
        Event::Receipt(given) => Some((&given.order, given.holders.first())),
        Event::Use(used) => Some((&used.order, Some(&used.holder))),
        _ => None,
    }
}

fn masked(holder: &HolderNumber) -> MaskedHolderView {
    MaskedHolderView { code_type: holder.code_type().code(), code: holder.last_four() }
}

fn claims_of(receipt: &[u8]) -> Result<ReceiptClaims, ActError> {
    let undecodable = ActError::Internal("a kept receipt does not decode");
    let Ok(envelope) = Envelope::decode(receipt, limits::ENVELOPE) else { return Err(undecodable) };
    ReceiptClaims::decode(envelope.payload()).map_err(|_| undecodable)
}

/// The member `before` of a request.
fn position(json: &Json) -> Result<u64, ActError> {
    let (member, expected) = ("before", "a position: an integer that is not negative");
    match json {
        Json::Integer(position) => {
            u64::try_from(*position).map_err(|_| MemberError::Value { member, expected }.into())
        }
        other => Err(MemberError::Kind { member, expected, got: other.kind() }.into()),
    }
}
