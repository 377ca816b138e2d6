//! Judging a presentation: that the installation made it for the holder, that its minutes are not over, and that the licence
//! behind it is good.

use std::sync::Arc;

use super::cache::Signed;
use super::checks::{self, CLOCK_SKEW, Signer};
use super::code::Code;
use super::records::{PresentationRecord, Record, RecordsUnavailable, UsesLeft};
use super::shown_presentation::ShownPresentation;
use super::verdict::{Check, Finding, Form, Outcome, Verdict};
use super::verifier::{LookedUp, Verifier};
use crate::codec::{PresentationClaims, StatusReference};
use crate::time::UnixTime;

/// A presentation's record, and that of the licence it shows.
struct Recorded {
    presentation: PresentationRecord,
    /// `None` where the licence cannot be looked up.
    licence: Option<Record>,
}

impl Verifier<'_> {
    pub(super) fn judge_presentation(
        &self,
        signed: &Signed,
        signer: &Signer<'_>,
        signature: Finding,
        at: UnixTime,
    ) -> Verdict {
        let claims = match PresentationClaims::decode(signed.envelope.payload()) {
            Ok(claims) => claims,
            Err(error) => return self.refuse_payload((signed, signer), signature, error.to_string(), at),
        };
        let recorded = self.recorded_presentation(signed, &claims);
        let position = recorded.map(|recorded| recorded.presentation.position);
        let mut findings = vec![
            Finding::pass(Check::Format),
            self.presentation_issuer(
                &claims,
                checks::own_signer(signed, claims.issued_at, signer, &position),
            ),
            self.presentation_scope(&claims),
            signature,
            presentation_dates(&claims, at),
            presentation_status(&recorded, at),
            checks::ledger(&recorded, signer),
        ];
        checks::clock(&mut findings, self.newest_seen, at);
        let none_failed = findings.iter().all(|finding| finding.result != Outcome::Fail);
        // What a holder showed for a minute is not shown after it, nor twice where once was ordered.
        let shown = (none_failed && checks::may_be_shown(&findings)).then(|| {
            let issuer = self.trust.authority(&claims.issuer).map(|authority| authority.name.clone());
            let shown = ShownPresentation::new(Arc::new(claims), issuer.unwrap_or_default(), signed.digest);
            Box::new(shown.named_by(self.catalogue))
        });
        let mut verdict = self.verdict(findings, Some(Form::Presentation), None, at);
        verdict.freshness.status = checks::status_age(&recorded, at);
        Verdict { presentation: shown, ..verdict }
    }

    fn recorded_presentation(&self, signed: &Signed, claims: &PresentationClaims) -> LookedUp<Recorded> {
        let Some(records) = self.records else { return self.carried_for(signed, claims) };
        match records.presentation(&signed.digest) {
            Err(RecordsUnavailable) => LookedUp::Unavailable,
            Ok(None) => LookedUp::Absent,
            Ok(Some(presentation)) => {
                let licence = records.look_up(&presentation.identifier).ok().flatten();
                LookedUp::Found(Recorded { presentation, licence })
            }
        }
    }

    /// What is carried along says of the licence's place in its issuer's lists.
    fn carried_for(&self, signed: &Signed, claims: &PresentationClaims) -> LookedUp<Recorded> {
        let prefix = self.trust.authority(&claims.issuer).map(|authority| authority.status_uri.as_str());
        let uri = format!("{}{}", prefix.unwrap_or_default(), claims.status_list);
        let status = StatusReference { uri, index: claims.status_index };
        self.carried(&status, &claims.type_code, (signed.envelope.key_id(), signed.digest))
    }

    /// Besides its signer, the issuer of the licence has to be known.
    fn presentation_issuer(&self, claims: &PresentationClaims, signer: Finding) -> Finding {
        if signer.result == Outcome::Pass && self.trust.authority(&claims.issuer).is_none() {
            let detail = format!("{} is no authority of the trust list", claims.issuer);
            return Finding::fail(Check::Issuer, Code::IssuerUnknown, Some(detail));
        }
        signer
    }

    /// The issuer may issue this type, by any certificate of its own that was not revoked. Retired ones count: licences outlive
    /// the certificates that they were signed under.
    fn presentation_scope(&self, claims: &PresentationClaims) -> Finding {
        let mut own = self.trust.signers().filter(|signer| signer.credit_code() == Some(&claims.issuer));
        if own.any(|signer| signer.revocations().is_empty() && signer.scope_allows(&claims.type_code)) {
            return Finding::pass(Check::Scope);
        }
        let detail = format!("type {} is in no certificate of {}", claims.type_code, claims.issuer);
        Finding::fail(Check::Scope, Code::IssuerNotAuthorised, Some(detail))
    }
}

/// Its minutes are not over; a clock may be a minute behind.
fn presentation_dates(claims: &PresentationClaims, at: UnixTime) -> Finding {
    if claims.issued_at > at.plus(CLOCK_SKEW) {
        let detail = format!("good from {}, judged for {at}", claims.issued_at);
        return Finding::fail(Check::Dates, Code::NotYetValid, Some(detail));
    }
    if at >= claims.expires {
        let detail = format!("good until {}, judged for {at}", claims.expires);
        return Finding::fail(Check::Dates, Code::PresentationExpired, Some(detail));
    }
    Finding::pass(Check::Dates)
}

/// The licence behind it is good, and it has a use left. One that is good for a single use passes only where that use was
/// recorded, which is not done here.
fn presentation_status(recorded: &LookedUp<Recorded>, at: UnixTime) -> Finding {
    let unknown = Finding::unknown(Check::Status, Code::StatusUnknown);
    let Recorded { presentation, licence } = match recorded {
        LookedUp::Found(recorded) => recorded,
        // Whether a single use was made, only the ledger knows; without a line its minutes have to do.
        LookedUp::Offline(carried) => return checks::carried_status(carried, at),
        LookedUp::NoSource | LookedUp::Unavailable | LookedUp::Absent => return unknown,
    };
    let Some(licence) = licence else { return unknown };
    match (checks::status_of(licence, at), presentation.uses_left) {
        (finding, _) if finding.result != Outcome::Pass => finding,
        (finding, UsesLeft::Any) => finding,
        (_, UsesLeft::One) => Finding::unknown(Check::Status, Code::UseNotRecorded),
        (_, UsesLeft::None) => Finding::fail(Check::Status, Code::AlreadyUsed, None),
    }
}
