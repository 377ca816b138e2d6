//! Verify a credential here: by this installation's trust list, ledger and statuses.

use super::caller::Caller;
use super::open::Registry;
use crate::codec::{CheckedForm, Envelope, limits};
use crate::ledger::{Entry, Event, IssuedLicence, PresentationUsed};
use crate::licence::Identifier;
use crate::pki::TrustStore;
use crate::sdjwt::Challenge;
use crate::store::{AppendError, Guard};
use crate::time::UnixTime;
use crate::verify::{Check, Code, Finding, Form, Now, Records, ShownReceipt, Verdict, Verifier};

/// What was presented.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'a> {
    /// A QR text, or an envelope in base64.
    Text(&'a str),
    /// An SD-JWT VC and what its holder was to prove.
    Challenged(&'a str, &'a Challenge),
    /// An envelope in either form.
    Bytes(&'a [u8]),
}

impl Registry {
    /// Judges a QR text, or an envelope in base64, now.
    pub async fn verify_text(&self, text: &str, now: UnixTime) -> Verdict {
        self.verify(Presented::Text(text), None, now).await
    }

    /// Judges an SD-JWT VC and its holder's answer to a challenge, now; of any other text nobody can prove to be the holder.
    pub async fn verify_challenged(&self, text: &str, challenge: &Challenge, now: UnixTime) -> Verdict {
        self.verify(Presented::Challenged(text, challenge), None, now).await
    }

    /// Judges an envelope in either form, now.
    pub async fn verify_bytes(&self, bytes: &[u8], now: UnixTime) -> Verdict {
        self.verify(Presented::Bytes(bytes), None, now).await
    }

    /// Judges what was presented, now, for `by` where a key said who asks. Waits for nothing but for this: a presentation that is
    /// good for one use is used by this, and that is in the ledger when the answer is there.
    pub async fn verify(&self, presented: Presented<'_>, by: Option<&Caller>, now: UnixTime) -> Verdict {
        let at = self.not_behind(now);
        let mut verdict = self.judge(presented, at);
        if verdict.form == Some(Form::Presentation) && verdict.reasons() == [Code::UseNotRecorded] {
            self.use_presentation(&mut verdict, by).await;
        }
        if let Some(receipt) = &verdict.receipt {
            verdict.now = self.now_of(receipt, at);
        }
        verdict
    }

    fn judge(&self, presented: Presented<'_>, at: UnixTime) -> Verdict {
        let trust = self.trust();
        let verifier = self.verifier(&trust);
        match presented {
            Presented::Text(text) => verifier.verify_text(text, at),
            Presented::Challenged(text, challenge) => verifier.verify_challenged(text, challenge, at),
            Presented::Bytes(bytes) => verifier.verify_bytes(bytes, at),
        }
    }

    /// By the installation's own trust list ([`Registry::trust`]), for any time, past or future: dates and status are those of that
    /// time. Records no use.
    pub fn verifier<'a>(&'a self, trust: &'a TrustStore) -> Verifier<'a> {
        let verifier = Verifier::new(trust).with_records(&self.store).with_cache(&self.cache);
        verifier.with_catalogue(&self.catalogue)
    }

    /// Records the one use of a presentation. Of several at the same moment one is recorded, and the others come too late.
    async fn use_presentation(&self, verdict: &mut Verdict, by: Option<&Caller>) {
        let Some(presentation) = verdict.presentation.as_ref().map(|shown| shown.envelope()) else {
            return;
        };
        let used = PresentationUsed { presentation, by: by.map(Caller::order) };
        let entry = Entry { at: verdict.at, event: Event::PresentationUsed(used) };
        let guard = Guard::absent(self.store.keys().presentation_used(&presentation));
        match self.store.append(&entry, guard.into(), &*self.random).await {
            Ok(_) => verdict.replace_finding(Finding::pass(Check::Status)),
            Err(AppendError::Conflict { .. }) => {
                verdict.replace_finding(Finding::fail(Check::Status, Code::AlreadyUsed, None));
                verdict.presentation = None;
            }
            // Whether it was recorded is not known, or it was not: the verdict says that it cannot tell.
            Err(_) => verdict.presentation = None,
        }
    }

    /// What is true now of everything that a receipt is about and the ledger has.
    fn now_of(&self, receipt: &ShownReceipt, at: UnixTime) -> Vec<Now> {
        let checked = receipt.claims().checked.iter().enumerate();
        checked
            .filter_map(|(index, checked)| {
                let shown = checked.identifier.clone();
                let identifier = match (&shown, checked.form) {
                    (Some(identifier), _) => identifier.clone(),
                    (None, Some(CheckedForm::Presentation)) => {
                        self.store.presentation(&checked.digest).ok()??.identifier
                    }
                    (None, _) => return None,
                };
                Some(Now::new(index, shown, &self.judge_kept(&identifier, at)?))
            })
            .collect()
    }

    /// The verdict on a licence as the ledger has it.
    pub(super) fn judge_kept(&self, identifier: &Identifier, at: UnixTime) -> Option<Verdict> {
        let row = self.store.licence(identifier).ok()??;
        let (_, issued) = self.issued_at(row.position).ok()?;
        self.judge_issued(&issued, at)
    }

    /// The same of one whose entry was read.
    pub(super) fn judge_issued(&self, issued: &IssuedLicence, at: UnixTime) -> Option<Verdict> {
        let full = Envelope::decode(&issued.full, limits::ENVELOPE).ok()?;
        Some(self.verifier(&self.trust()).verify_bytes(full.bare_bytes(), at))
    }
}
