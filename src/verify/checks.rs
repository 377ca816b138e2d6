//! One function a check. Each answers with a finding, whatever the others found.

use super::cache::Signed;
use super::code::Code;
use super::records::Record;
use super::verdict::{Check, Finding, Outcome, Status};
use super::verifier::LookedUp;
use crate::codec::{Envelope, KeyId, LicenceClaims, LicenceForm};
use crate::crypto::Digest;
use crate::licence::{Identifier, State, Version};
use crate::pki::{KnownSigner, Revocation, RevocationReason, TrustStore, Usage};
use crate::time::{Date, UnixTime};

/// Seconds a signer's clock may be ahead of ours (ADVERSARY #51).
const CLOCK_SKEW: i64 = 60;

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
        Signer::Unknown => return issuer_is_known(signer),
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
    revocations(claims, known.revocations(), looked_up)
}

/// A licence has to survive every revocation on its issuer's path; the ledger decides, where there is one (DESIGN §4).
/// One that it surely does not survive outweighs one that nobody can tell, wherever on the path they are.
fn revocations(claims: &LicenceClaims, revocations: &[Revocation], looked_up: &LookedUp) -> Finding {
    let survives = |revocation: &Revocation| match (looked_up, revocation.reason) {
        (LookedUp::Found(record), _) => Some(record.position < revocation.position),
        (LookedUp::Absent, _) => Some(false),
        (LookedUp::NoSource | LookedUp::Unavailable, RevocationReason::Superseded) => {
            Some(claims.issued_at < revocation.at)
        }
        // Whoever stole the key chose `iat`: without the ledger nobody can tell.
        (LookedUp::NoSource | LookedUp::Unavailable, RevocationReason::Compromised) => None,
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
pub(super) const fn issuer_is_known(signer: &Signer<'_>) -> Finding {
    match signer {
        Signer::Known(_) => Finding::unknown(Check::Issuer, Code::NotChecked),
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
    let list = trust.authority(&claims.issuer).and_then(|authority| {
        let number = claims.status.uri.strip_prefix(&authority.status_uri)?;
        // The one way to write it: no sign, no zeros before it.
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = digits && (number == "0" || !number.starts_with('0'));
        (canonical && number.parse::<u32>().is_ok()).then_some(())
    });
    match list {
        Some(()) => Finding::pass(Check::Scope),
        None => Finding::fail(Check::Scope, Code::StatusListForeign, None),
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

/// The licence is in force at `at`.
pub(super) fn dates(claims: &LicenceClaims, at: UnixTime) -> Finding {
    let fail = |code, detail| Finding::fail(Check::Dates, code, Some(detail));
    match claims.expires {
        _ if claims.issued_at > at.plus(CLOCK_SKEW) => {
            fail(Code::SignedInFuture, format!("signed at {}, judged for {at}", claims.issued_at))
        }
        _ if at < claims.not_before => {
            fail(Code::NotYetValid, format!("in force from {}, judged for {at}", claims.not_before))
        }
        Some(expires) if at >= expires => fail(Code::Expired, format!("ended at {expires}, judged for {at}")),
        _ => Finding::pass(Check::Dates),
    }
}

/// The licence is in force by its authority's word, and no newer one has begun.
pub(super) fn status(looked_up: &LookedUp, at: UnixTime) -> Finding {
    let LookedUp::Found(record) = looked_up else {
        return Finding::unknown(Check::Status, Code::StatusUnknown);
    };
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

/// The ledger has exactly these signed bytes.
pub(super) const fn ledger(looked_up: &LookedUp) -> Finding {
    match looked_up {
        LookedUp::Found(_) => Finding::pass(Check::Ledger),
        LookedUp::Absent => Finding::fail(Check::Ledger, Code::NotInLedger, None),
        LookedUp::NoSource | LookedUp::Unavailable => Finding::unknown(Check::Ledger, Code::LedgerUnknown),
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
        Check::Ledger => finding.result != Outcome::Fail,
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
