//! Uses of a holder's licences: the receipt for whoever asked, and the entry that tells the holder of it, in one.

use super::act_error::ActError;
use super::caller::Caller;
use super::holders::HeldLicence;
use super::open::Registry;
use super::permit::Permit;
use crate::access::Call;
use crate::codec::{Checked, Question, ReceiptClaims, ReceiptId};
use crate::ledger::{Entry, Event, HolderUse, UsedLicence};
use crate::licence::{HolderNumber, Purpose};
use crate::store::{Conditions, Guard};
use crate::time::UnixTime;

/// What was asked about a holder's licences, and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Which question.
    pub(super) question: Question,
    /// Whose licences.
    pub(super) holder: HolderNumber,
    /// What for.
    pub(super) purpose: Purpose,
    /// What the receipt says of each licence.
    pub(super) checked: Vec<Checked>,
    /// What the holder is told was shown or compared.
    pub(super) licences: Vec<UsedLicence>,
    /// The service item whose materials were asked for.
    pub(super) item_code: Option<String>,
}

/// What of a receipt's 64 KiB the things checked may take; the rest is for the purpose and the signature.
const MOST_BYTES: usize = 56 * 1024;

impl Registry {
    /// Signs the receipt and records the use. Both are in the ledger, durable, when this returns.
    pub(super) async fn record_use(
        &self,
        caller: &Caller,
        permit: Permit,
        asked: Asked,
        now: UnixTime,
    ) -> Result<ReceiptId, ActError> {
        self.check_clock(now)?;
        let at = self.not_behind(now);
        let Asked { question, holder, purpose, checked, licences, item_code } = asked;
        let claims = ReceiptClaims {
            issuer: self.settings.public_url.clone(),
            issued_at: at,
            id: ReceiptId::generate(&*self.random).map_err(|_| ActError::Internal("no random bytes"))?,
            organisation: self.organisation(caller)?,
            purpose,
            question: Some(question),
            checked,
            checkpoint: self.entries_of_checkpoint()?,
        };
        let envelope = self.receipts.sign(claims.encode());
        let envelope = envelope.map_err(|_| ActError::Internal("the receipt key does not sign"))?;
        let used = HolderUse {
            receipt: envelope.bare_bytes().to_vec(),
            order: caller.order(),
            call: call_of(question),
            holder,
            licences,
            item_code,
            result: question.result().map(|result| result.code()),
        };
        let entry = Entry { at, event: Event::Use(used) };
        let guards = vec![Guard::absent(self.store.keys().receipt(&claims.id))];
        // What is shown rests on everything that was allowed together.
        let conditions = Conditions { guards, admission: permit.for_all() };
        let appended = self.store.append(&entry, conditions, &*self.random).await;
        appended.map_err(|error| self.not_appended(caller, call_of(question), error, now))?;
        Ok(claims.id)
    }

    /// What a receipt says of a licence of which these fields were shown.
    pub(super) fn checked_kept(&self, held: &HeldLicence, fields: &[String]) -> Result<Checked, ActError> {
        let fields = Some(fields.to_vec());
        Ok(Checked { form: None, fields, ..self.checked(&held.verdict, held.digest)? })
    }
}

/// How many of these a receipt has room for.
pub(super) fn room_for(checked: &[Checked]) -> usize {
    let mut bytes = 0;
    checked
        .iter()
        .take_while(|one| {
            bytes += one.encoded_len();
            bytes <= MOST_BYTES
        })
        .count()
}

const fn call_of(question: Question) -> Call {
    match question {
        Question::Lookup => Call::Lookup,
        Question::Comparison(_) => Call::Comparison,
        Question::Materials => Call::Materials,
    }
}
