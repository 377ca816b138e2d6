//! Receipts (核验回执): verify for a purpose, and get a receipt for the case file; get one again.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::act_error::ActError;
use super::caller::Caller;
use super::open::Registry;
use super::verify::Presented;
use super::views::{GivenReceiptView, ReceiptView, ReceiptedVerdict};
use crate::codec::{
    Checked, CheckedFinding, CheckedForm, CheckedVerdict, Envelope, JudgedBy, ReceiptClaims, ReceiptId,
    decode_bytes, decode_text, limits,
};
use crate::crypto::Digest;
use crate::ledger::{Entry, Event, ReceiptGiven};
use crate::licence::{Authority, HolderNumber, Purpose};
use crate::sdjwt::is_sd_jwt;
use crate::store::Guard;
use crate::time::UnixTime;
use crate::verify::{Finding, Form, ShownReceipt, Status, Verdict};

/// A receipt as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptReceipt {
    /// What it says, and its position.
    pub shown: ShownReceipt,
    /// Its envelope.
    pub envelope: Envelope,
}

impl KeptReceipt {
    /// In the shape of the API.
    pub fn view(&self) -> ReceiptView {
        ReceiptView { receipt: self.shown.clone(), envelope: STANDARD.encode(self.envelope.bare_bytes()) }
    }
}

impl Registry {
    /// Judges what was presented, now, and gives the caller's department a receipt that says so, whatever the verdict is. The
    /// receipt is in the ledger, durable, when this returns.
    pub async fn verify_for(
        &self,
        caller: &Caller,
        purpose: Purpose,
        presented: Presented<'_>,
        now: UnixTime,
    ) -> Result<ReceiptedVerdict, ActError> {
        self.check_clock(now)?;
        let verdict = self.verify(presented, Some(caller), now).await;
        if verdict.form == Some(Form::Receipt) {
            return Err(ActError::ReceiptOfReceipt);
        }
        let claims = ReceiptClaims {
            issuer: self.settings.public_url.clone(),
            issued_at: verdict.at,
            id: ReceiptId::generate(&*self.random).map_err(|_| ActError::Internal("no random bytes"))?,
            organisation: self.organisation(caller)?,
            purpose,
            question: None,
            checked: vec![self.checked(&verdict, digest_of(presented))?],
            checkpoint: self.entries_of_checkpoint()?,
        };
        let envelope = self.receipts.sign(claims.encode());
        let envelope = envelope.map_err(|_| ActError::Internal("the receipt key does not sign"))?;
        let holders = self.holders_shown(&verdict)?;
        let given = ReceiptGiven { envelope: envelope.bare_bytes().to_vec(), order: caller.order(), holders };
        let entry = Entry { at: verdict.at, event: Event::Receipt(given) };
        let guard = Guard::absent(self.store.keys().receipt(&claims.id));
        let position = self.store.append(&entry, guard.into(), &*self.random).await?;
        let (id, envelope) = (claims.id.to_string(), STANDARD.encode(envelope.bare_bytes()));
        Ok(ReceiptedVerdict { verdict, receipt: GivenReceiptView { id, envelope, position } })
    }

    /// A receipt, for the department that it was given to, for supervisors, and for an administrator on the machine.
    pub fn receipt(&self, caller: &Caller, id: &str) -> Result<KeptReceipt, ActError> {
        let id: ReceiptId = id.parse().map_err(|_| ActError::ReceiptNotFound)?;
        let (position, given) = self.store.receipt_at(&id)?.ok_or(ActError::ReceiptNotFound)?;
        if !caller.may_read_of(given.order.department) {
            return Err(ActError::ReceiptNotFound);
        }
        let undecodable = ActError::Internal("a kept receipt does not decode");
        let Ok(envelope) = Envelope::decode(&given.envelope, limits::ENVELOPE) else {
            return Err(undecodable);
        };
        let claims = ReceiptClaims::decode(envelope.payload()).map_err(|_| undecodable)?;
        Ok(KeptReceipt { shown: ShownReceipt::new(Arc::new(claims), Some(position)), envelope })
    }

    /// Holders of the licence that was shown, as the ledger has it: nothing that is not in it makes an entry about anybody.
    fn holders_shown(&self, verdict: &Verdict) -> Result<Vec<HolderNumber>, ActError> {
        let by_itself = verdict.licence.as_ref().map(|shown| shown.licence().identifier.clone());
        let identifier = match (by_itself, &verdict.presentation) {
            (Some(identifier), _) => Some(identifier),
            (None, Some(shown)) => {
                self.store.presentation_at(&shown.envelope())?.map(|(_, made)| made.identifier)
            }
            (None, None) => None,
        };
        let Some(identifier) = identifier else { return Ok(Vec::new()) };
        match self.issued(&identifier) {
            Ok((claims, _)) => Ok(claims.licence.holders.iter().map(HolderNumber::of).collect()),
            Err(ActError::NotFound) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn organisation(&self, caller: &Caller) -> Result<Authority, ActError> {
        let roster = self.roster();
        let known = roster.departments.get(&caller.department());
        let known = known.ok_or(ActError::Internal("a key's department is not known"))?;
        Authority::new(caller.department(), &known.department.name)
            .map_err(|_| ActError::Internal("a department's name may not stand in a receipt"))
    }

    /// Entries in the last checkpoint: its second line (FORMAT.md §6).
    pub(super) fn entries_of_checkpoint(&self) -> Result<u64, ActError> {
        let checkpoint = self.store.checkpoint();
        let entries = checkpoint.lines().nth(1).and_then(|line| line.parse().ok());
        entries.ok_or(ActError::Internal("the last checkpoint has no size"))
    }

    /// What a receipt says of a verdict: keys of fields, never their values, and no holder.
    pub(super) fn checked(&self, verdict: &Verdict, digest: Digest) -> Result<Checked, ActError> {
        let licence = verdict.licence.as_ref().map(|shown| shown.licence());
        let position = licence.map(|licence| self.store.licence(&licence.identifier)).transpose()?.flatten();
        let type_name = verdict.presentation.as_ref().map(|shown| shown.type_name());
        let shown_keys = verdict
            .presentation
            .as_ref()
            .map(|shown| shown.fields().iter().map(|field| field.key.clone()).collect());
        let trust_list = verdict.freshness.trust_list;
        Ok(Checked {
            digest,
            verdict: match verdict.status {
                Status::Valid => CheckedVerdict::Valid,
                Status::Invalid => CheckedVerdict::Invalid,
                Status::Indeterminate => CheckedVerdict::Indeterminate,
            },
            grade: verdict.grade,
            findings: verdict.findings.iter().map(finding).collect(),
            at: verdict.at,
            judged_by: JudgedBy {
                trust_list: trust_list.version,
                trust_list_signed: trust_list.signed,
                looked_up: verdict.freshness.looked_up,
            },
            form: verdict.form.and_then(form),
            identifier: licence.map(|licence| licence.identifier.clone()),
            type_name: licence.map(|licence| licence.type_name.as_str()).or(type_name).map(str::to_owned),
            fields: licence
                .map(|licence| licence.fields.iter().map(|(key, _)| key.to_owned()).collect())
                .or(shown_keys),
            position: position.map(|row| row.position),
        })
    }
}

fn finding(finding: &Finding) -> CheckedFinding {
    CheckedFinding {
        check: finding.check.as_str().to_owned(),
        result: finding.result.as_str().to_owned(),
        code: finding.code.as_str().to_owned(),
    }
}

const fn form(form: Form) -> Option<CheckedForm> {
    match form {
        Form::Full => Some(CheckedForm::Full),
        Form::Qr => Some(CheckedForm::Qr),
        Form::Presentation => Some(CheckedForm::Presentation),
        Form::SdJwt => Some(CheckedForm::SdJwt),
        Form::Receipt => None,
    }
}

/// What names the thing that was presented: its envelope's digest, or that of what came where there is no envelope in it.
fn digest_of(presented: Presented<'_>) -> Digest {
    let (decoded, bytes) = match presented {
        Presented::Text(text) | Presented::Challenged(text, _) if is_sd_jwt(text) => {
            // What names it in the ledger: the issuer-signed JWT, before the first `~`.
            return Digest::of(text.split('~').next().unwrap_or(text).as_bytes());
        }
        Presented::Text(text) | Presented::Challenged(text, _) => (decode_text(text), text.as_bytes()),
        Presented::Bytes(bytes) => (decode_bytes(bytes), bytes),
    };
    decoded.map_or_else(|_| Digest::of(bytes), |envelope| envelope.digest())
}
