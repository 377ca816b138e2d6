//! One function a check. Each answers with a finding, whatever the others found.

use super::cache::Signed;
use super::code::Code;
use super::offline::ListEntry;
use super::records::Record;
use super::status_list::is_list_of;
use super::verdict::{Check, Finding, Outcome, Status, StatusAge};
use super::verifier::{Carried, LookedUp};
use crate::codec::{Envelope, KeyId, LicenceClaims, LicenceForm};
use crate::crypto::Digest;
use crate::licence::{CreditCode, Grade, Identifier, State, Version};
use crate::pki::{KnownSigner, Revocation, RevocationReason, TrustStore, Usage};
use crate::time::{Date, UnixTime};

/// Seconds a signer's clock may be ahead of ours (ADVERSARY #51).
pub(super) const CLOCK_SKEW: i64 = 60;

/// Who signed, as far as the trust list knows.
pub(super) enum Signer<'a> {
    Known(&'a KnownSigner),
    Unknown,
}

impl Signer<'_> {
    pub(super) fn fingerprint(&self) -> Option<Digest> {
        match self {
            Self::Known(signer) => Some(signer.certificate().fingerprint()),
            Self::Unknown => None,
        }
    }

    /// Whether a key on its path is revoked as compromised.
    fn is_compromised(&self) -> bool {
        let Self::Known(signer) = self else { return false };
        signer.revocations().iter().any(|revocation| revocation.reason == RevocationReason::Compromised)
    }

    pub(super) fn certificate_is(&self, fingerprint: &Digest) -> bool {
        self.fingerprint().as_ref() == Some(fingerprint)
    }
}

pub(super) fn find_signer(trust: &TrustStore, key_id: KeyId) -> Signer<'_> {
    trust.signer(&key_id).map_or(Signer::Unknown, Signer::Known)
}

/// The licence agrees with itself (FORMAT.md §2).
pub(super) fn format(claims: &LicenceClaims) -> Finding {
    let licence = &claims.licence;
    let disagreement = [
        (claims.not_before != licence.valid_from.start(), "nbf is not the first second of its first day"),
        (claims.expires != licence.valid_to.map(Date::end), "exp is not the first second after its last day"),
        (licence.valid_to.is_some_and(|last| last < licence.valid_from), "it ends before it begins"),
        (claims.issuer != licence.identifier.issuer(), "iss is not the issuer in its identifier"),
        (
            licence.replaces.as_ref().is_some_and(|old| !may_be_replaced(old, &licence.identifier)),
            "it replaces neither an earlier version of itself nor, as a first version, another authority's licence",
        ),
    ]
    .into_iter()
    .find_map(|(wrong, what)| wrong.then(|| what.to_owned()));
    match disagreement {
        None => Finding::pass(Check::Format),
        what => Finding::fail(Check::Format, Code::Inconsistent, what),
    }
}

/// An earlier version of the same licence; or, by a first version, another authority's licence of the same type, taken over.
/// That the other authority let go of it is for the ledger: this one's word does not end the other's licence.
fn may_be_replaced(old: &Identifier, new: &Identifier) -> bool {
    let same_type = old.type_code() == new.type_code();
    match old.issuer() == new.issuer() {
        true => same_type && old.serial() == new.serial() && old.version() < new.version(),
        false => same_type && new.version() == Version::FIRST,
    }
}

/// The issuer is known, was certified for licences when it signed, and is the one the licence names.
pub(super) fn issuer(
    signed: &Signed,
    claims: &LicenceClaims,
    signer: &Signer<'_>,
    looked_up: &LookedUp,
) -> Finding {
    let known = match signer {
        Signer::Known(known) => *known,
        Signer::Unknown => return issuer_is_known(signer, Usage::Licence),
    };
    let fail = |code, detail| Finding::fail(Check::Issuer, code, Some(detail));
    if let Err(error) = known.check_usage(Usage::Licence) {
        return fail(Code::IssuerWrongUse, error.to_string());
    }
    if let Err(error) = known.check_at(claims.issued_at) {
        return fail(Code::IssuerExpired, error.to_string());
    }
    if known.credit_code() != Some(&claims.issuer) {
        return fail(Code::IssuerMismatch, format!("iss is {}, the certificate is another's", claims.issuer));
    }
    let chain = signed.envelope.x5chain();
    if !chain.is_empty() && !known.chain_is(chain) {
        return Finding::fail(Check::Issuer, Code::ChainMismatch, None);
    }
    revocations(claims.issued_at, known.revocations(), &looked_up.map(|record| record.position))
}

/// The installation's own signer is known, was certified for this when it signed, and its key was not revoked.
pub(super) fn own_signer(
    signed: &Signed,
    issued_at: UnixTime,
    signer: &Signer<'_>,
    position: &LookedUp<u64>,
) -> Finding {
    let known = match signer {
        Signer::Known(known) => *known,
        Signer::Unknown => return Finding::fail(Check::Issuer, Code::IssuerUnknown, None),
    };
    if let Err(error) = known.check_usage(Usage::from(signed.envelope.typ())) {
        return Finding::fail(Check::Issuer, Code::IssuerWrongUse, Some(error.to_string()));
    }
    if let Err(error) = known.check_at(issued_at) {
        return Finding::fail(Check::Issuer, Code::IssuerExpired, Some(error.to_string()));
    }
    let chain = signed.envelope.x5chain();
    if !chain.is_empty() && !known.chain_is(chain) {
        return Finding::fail(Check::Issuer, Code::ChainMismatch, None);
    }
    revocations(issued_at, known.revocations(), position)
}

/// A licence has to survive every revocation on its issuer's path; the ledger decides, where there is one (DESIGN §4).
/// One that it surely does not survive outweighs one that nobody can tell, wherever on the path they are.
pub(super) fn revocations(
    issued_at: UnixTime,
    revocations: &[Revocation],
    position: &LookedUp<u64>,
) -> Finding {
    let survives = |revocation: &Revocation| match (position, revocation.reason) {
        (LookedUp::Found(position), _) => Some(*position < revocation.position),
        (LookedUp::Absent, _) => Some(false),
        (_, RevocationReason::Superseded) => Some(issued_at < revocation.at),
        (LookedUp::Offline(Carried { survives: true, .. }), RevocationReason::Compromised) => Some(true),
        // Whoever stole the key chose `iat`: without the ledger nobody can tell.
        (_, RevocationReason::Compromised) => None,
    };
    let found = |answer| revocations.iter().any(|revocation| survives(revocation) == answer);
    if found(Some(false)) {
        Finding::fail(Check::Issuer, Code::IssuerRevoked, None)
    } else if found(None) {
        Finding::unknown(Check::Issuer, Code::IssuerRevoked)
    } else {
        Finding::pass(Check::Issuer)
    }
}

/// As much of the issuer check as needs nothing from the payload.
pub(super) fn issuer_is_known(signer: &Signer<'_>, usage: Usage) -> Finding {
    match signer {
        Signer::Known(known) => match known.check_usage(usage) {
            Ok(()) => Finding::unknown(Check::Issuer, Code::NotChecked),
            Err(error) => Finding::fail(Check::Issuer, Code::IssuerWrongUse, Some(error.to_string())),
        },
        Signer::Unknown => Finding::fail(Check::Issuer, Code::IssuerUnknown, None),
    }
}

/// The issuer may issue this type, and its status stands where the trust list says.
pub(super) fn scope(claims: &LicenceClaims, signer: &Signer<'_>, trust: &TrustStore) -> Finding {
    let Signer::Known(known) = signer else { return Finding::unknown(Check::Scope, Code::NotChecked) };
    let type_code = claims.licence.identifier.type_code();
    if !known.scope_allows(&type_code) {
        let detail = format!("type {type_code} is not in the issuer's certificate");
        return Finding::fail(Check::Scope, Code::IssuerNotAuthorised, Some(detail));
    }
    status_list(&claims.issuer, &claims.status.uri, trust)
}

/// The status stands in a list that the trust list gives this authority.
pub(super) fn status_list(issuer: &CreditCode, uri: &str, trust: &TrustStore) -> Finding {
    match trust.authority(issuer).is_some_and(|authority| is_list_of(authority, uri)) {
        true => Finding::pass(Check::Scope),
        false => Finding::fail(Check::Scope, Code::StatusListForeign, None),
    }
}

/// The issuer's key signed exactly these bytes.
pub(super) fn signature(envelope: &Envelope, signer: &Signer<'_>) -> Finding {
    let Signer::Known(known) = signer else { return Finding::unknown(Check::Signature, Code::NotChecked) };
    match envelope.verify(known.key()) {
        Ok(()) => Finding::pass(Check::Signature),
        Err(error) => Finding::fail(Check::Signature, Code::Forged, Some(error.to_string())),
    }
}

/// When something was signed and from when to when it is in force.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) issued_at: UnixTime,
    pub(super) not_before: UnixTime,
    pub(super) expires: Option<UnixTime>,
}

/// The licence is in force at `at`.
pub(super) fn dates(claims: &LicenceClaims, at: UnixTime) -> Finding {
    let LicenceClaims { issued_at, not_before, expires, .. } = *claims;
    dates_of(Times { issued_at, not_before, expires }, at)
}

/// It is in force at `at`.
pub(super) fn dates_of(times: Times, at: UnixTime) -> Finding {
    let fail = |code, detail| Finding::fail(Check::Dates, code, Some(detail));
    match times.expires {
        _ if times.issued_at > at.plus(CLOCK_SKEW) => {
            fail(Code::SignedInFuture, format!("signed at {}, judged for {at}", times.issued_at))
        }
        _ if at < times.not_before => {
            fail(Code::NotYetValid, format!("in force from {}, judged for {at}", times.not_before))
        }
        Some(expires) if at >= expires => fail(Code::Expired, format!("ended at {expires}, judged for {at}")),
        _ => Finding::pass(Check::Dates),
    }
}

/// The licence is in force by its authority's word, and no newer one has begun.
pub(super) fn status(looked_up: &LookedUp, at: UnixTime) -> Finding {
    match looked_up {
        LookedUp::Found(record) => status_of(record, at),
        LookedUp::Offline(carried) => carried_status(carried, at),
        LookedUp::NoSource | LookedUp::Unavailable | LookedUp::Absent => {
            Finding::unknown(Check::Status, Code::StatusUnknown)
        }
    }
}

/// What a licence's record says of its state at `at`.
pub(super) fn status_of(record: &Record, at: UnixTime) -> Finding {
    let fail = |code, detail| Finding::fail(Check::Status, code, detail);
    let newer = record.replaced_at(at).map(|newer| format!("replaced by {newer}"));
    match (record.state_at(at), newer) {
        (State::Revoked, _) => fail(Code::Revoked, None),
        (State::Cancelled, _) => fail(Code::Cancelled, None),
        (State::Withdrawn, _) => fail(Code::Withdrawn, None),
        (State::IssuedInError, _) => fail(Code::IssuedInError, None),
        (_, newer @ Some(_)) => fail(Code::Replaced, newer),
        (State::TransferredOut, None) => fail(Code::TransferredOut, None),
        (State::Suspended, None) => fail(Code::Suspended, None),
        (
            kind @ (State::Withheld | State::ReportedLost | State::InInspection | State::BeingChanged),
            None,
        ) => Finding::suspended(kind),
        (State::Valid, None) => Finding::pass(Check::Status),
    }
}

/// What a carried status list says: good as of then, graded by its age. What is out of force for good stays so.
pub(super) fn carried_status(carried: &Carried, at: UnixTime) -> Finding {
    let Some(ListEntry { value, as_of }) = carried.entry else {
        return Finding::unknown(Check::Status, Code::StatusUnknown);
    };
    let told = Some(format!("as of {as_of}"));
    let graded = |outcome, code| Finding {
        check: Check::Status,
        result: outcome,
        code,
        state: None,
        detail: told.clone(),
    };
    match (value, carried.policy.grade(age(at, as_of))) {
        (1, _) => graded(Outcome::Fail, Code::OutOfForce),
        (0 | 2, Grade::TooOld) => graded(Outcome::Unknown, Code::StatusTooOld),
        (2, _) => graded(Outcome::Fail, Code::Suspended),
        (0, Grade::Fresh) => graded(Outcome::Pass, Code::Ok),
        (0, Grade::Stale) => graded(Outcome::Pass, Code::StatusStale),
        _ => Finding::unknown(Check::Status, Code::StatusUnknown),
    }
}

/// How old a carried entry was.
pub(super) fn status_age<R>(looked_up: &LookedUp<R>, at: UnixTime) -> Option<StatusAge> {
    let LookedUp::Offline(Carried { entry: Some(entry), policy, .. }) = looked_up else { return None };
    Some(StatusAge { as_of: entry.as_of, grade: policy.grade(age(at, entry.as_of)) })
}

/// Seconds from then to now; nothing is younger than new.
fn age(at: UnixTime, then: UnixTime) -> i64 {
    at.seconds().saturating_sub(then.seconds()).max(0)
}

/// By a clock that is behind a signed time nothing can be said that has to do with time.
pub(super) fn clock(findings: &mut [Finding], newest_seen: Option<UnixTime>, at: UnixTime) {
    let Some(newest) = newest_seen.filter(|newest| at.plus(CLOCK_SKEW) < *newest) else { return };
    let of_time = |finding: &&mut Finding| matches!(finding.check, Check::Dates | Check::Status);
    for finding in findings.iter_mut().filter(of_time) {
        // What had ended by then has ended; what has not begun by then may have.
        if finding.result == Outcome::Pass || matches!(finding.code, Code::SignedInFuture | Code::NotYetValid)
        {
            let detail = Some(format!("the clock says {at}, a signed time of {newest} was seen"));
            *finding = Finding { detail, ..Finding::unknown(finding.check, Code::ClockBehind) };
        }
    }
}

/// The ledger has exactly these signed bytes.
pub(super) fn ledger<R>(looked_up: &LookedUp<R>, signer: &Signer<'_>) -> Finding {
    match looked_up {
        LookedUp::Found(_) => Finding::pass(Check::Ledger),
        LookedUp::Absent => Finding::fail(Check::Ledger, Code::NotInLedger, None),
        LookedUp::NoSource | LookedUp::Unavailable => Finding::unknown(Check::Ledger, Code::LedgerUnknown),
        LookedUp::Offline(carried) if carried.survives || !signer.is_compromised() => {
            Finding::pass_because(Check::Ledger, Code::NotNeededOffline, None)
        }
        LookedUp::Offline(_) => Finding::unknown(Check::Ledger, Code::LedgerUnknown),
    }
}

/// Whether a record is about exactly what was signed, in the form that came.
pub(super) fn is_of_these_bytes(record: &Record, signed: &Signed, claims: &LicenceClaims) -> bool {
    match claims.form {
        LicenceForm::Full => record.full == signed.digest,
        LicenceForm::Qr { full } => record.qr == signed.digest && record.full == full,
    }
}

/// A licence is shown where its issuer signed it and the ledger does not disown it; a forged one tells nothing.
pub(super) fn may_be_shown(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| match finding.check {
        Check::Format | Check::Issuer | Check::Scope | Check::Signature => finding.result == Outcome::Pass,
        Check::Ledger | Check::Holder => finding.result != Outcome::Fail,
        Check::Dates | Check::Status => true,
    })
}

/// The graded answer of GB/T 36906: that of the gravest failure; 4 where something could not be checked.
pub(super) fn grade(findings: &[Finding]) -> u8 {
    let failed = findings.iter().filter(|finding| finding.result == Outcome::Fail);
    match Status::of(findings) {
        Status::Valid => 0,
        Status::Indeterminate => 4,
        Status::Invalid => failed.map(|finding| finding.code.grade()).max().unwrap_or(4),
    }
}
