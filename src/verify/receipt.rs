//! Judging a receipt: that it is genuine. What it says was true then is shown; what is true now is asked elsewhere.

use std::sync::Arc;

use super::cache::Signed;
use super::checks::{self, CLOCK_SKEW, Signer};
use super::code::Code;
use super::records::{ReceiptRecord, RecordsUnavailable};
use super::shown_receipt::ShownReceipt;
use super::verdict::{Check, Finding, Form, Verdict};
use super::verifier::{LookedUp, Verifier};
use crate::codec::ReceiptClaims;
use crate::pki::Usage;
use crate::time::UnixTime;

impl Verifier<'_> {
    pub(super) fn judge_receipt(
        &self,
        signed: &Signed,
        signer: &Signer<'_>,
        signature: Finding,
        at: UnixTime,
    ) -> Verdict {
        let claims = match ReceiptClaims::decode(signed.envelope.payload()) {
            Ok(claims) => claims,
            Err(error) => return self.refuse_payload((signed, signer), signature, error.to_string(), at),
        };
        let recorded = self.recorded_receipt(signed, &claims);
        let mut findings = vec![
            // `iss` is an address for people: an installation may move, and its receipts stay.
            Finding::pass(Check::Format),
            checks::own_signer(signed, claims.issued_at, signer, &recorded.map(|record| record.position)),
            receipt_scope(signer),
            signature,
            receipt_dates(&claims, at),
            Finding::not_applicable(Check::Status),
            checks::ledger(&recorded, signer),
        ];
        checks::clock(&mut findings, self.newest_seen, at);
        let shown = checks::may_be_shown(&findings).then(|| {
            let position = recorded.found().map(|record| record.position);
            Box::new(ShownReceipt::new(Arc::new(claims), position))
        });
        Verdict { receipt: shown, ..self.verdict(findings, Some(Form::Receipt), None, at) }
    }

    /// Whether the ledger has exactly these bytes under this id. The one place that asks.
    fn recorded_receipt(&self, signed: &Signed, claims: &ReceiptClaims) -> LookedUp<ReceiptRecord> {
        let Some(records) = self.records else { return self.carried_along() };
        match records.receipt(&claims.id) {
            Err(RecordsUnavailable) => LookedUp::Unavailable,
            Ok(Some(record)) if record.envelope == signed.digest => LookedUp::Found(record),
            Ok(_) => LookedUp::Absent,
        }
    }
}

/// Only a receipt key signs receipts.
fn receipt_scope(signer: &Signer<'_>) -> Finding {
    match signer {
        Signer::Known(known) if known.check_usage(Usage::Receipt).is_ok() => Finding::pass(Check::Scope),
        Signer::Known(_) => Finding::fail(Check::Scope, Code::IssuerNotAuthorised, None),
        Signer::Unknown => Finding::unknown(Check::Scope, Code::NotChecked),
    }
}

/// A receipt stays true for ever; only one from the future is none.
fn receipt_dates(claims: &ReceiptClaims, at: UnixTime) -> Finding {
    if claims.issued_at > at.plus(CLOCK_SKEW) {
        let detail = format!("signed at {}, judged for {at}", claims.issued_at);
        return Finding::fail(Check::Dates, Code::SignedInFuture, Some(detail));
    }
    Finding::pass(Check::Dates)
}
