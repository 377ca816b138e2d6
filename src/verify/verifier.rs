//! The way of a credential through the checks.

use std::sync::Arc;

use super::cache::{SignatureCache, Signed};
use super::checks::{self, Signer};
use super::code::Code;
use super::offline::{ListEntry, Offline};
use super::records::{Record, Records, RecordsUnavailable};
use super::shown::ShownLicence;
use super::verdict::{Check, Finding, Form, Freshness, Outcome, Status, TrustListAge, Verdict};
use crate::codec::{
    CredentialError, Envelope, KeyId, LicenceClaims, LicenceForm, QR_PREFIX, StatusReference, Typ,
    decode_bytes, decode_text,
};
use crate::crypto::Digest;
use crate::licence::{Catalogue, OfflinePolicy, TypeCode};
use crate::pki::{TrustStore, Usage};
use crate::sdjwt::{Challenge, is_sd_jwt};
use crate::time::UnixTime;

/// Judges credentials by one trust list and, where there is one, one source of records.
#[derive(Clone, Copy)]
pub struct Verifier<'a> {
    pub(super) trust: &'a TrustStore,
    pub(super) records: Option<&'a dyn Records>,
    pub(super) offline: Option<&'a dyn Offline>,
    pub(super) newest_seen: Option<UnixTime>,
    pub(super) catalogue: Option<&'a Catalogue>,
    cache: Option<&'a SignatureCache>,
}

/// What the records say, or that there are none, or that they do not answer.
pub(super) enum LookedUp<R = Record> {
    /// No source was given.
    NoSource,
    /// The source does not answer.
    Unavailable,
    /// No such licence, or one with other signed bytes.
    Absent,
    /// The record of exactly these signed bytes.
    Found(R),
    /// What a pack says.
    Offline(Carried),
}

/// What a pack says of a licence.
#[derive(Clone, Copy)]
pub(super) struct Carried {
    /// Its entry in its status list.
    pub(super) entry: Option<ListEntry>,
    /// How long that is good enough.
    pub(super) policy: OfflinePolicy,
    /// Whether it survived the compromise of its signer's key, if there was one.
    pub(super) survives: bool,
}

impl<R> LookedUp<R> {
    pub(super) fn map<T>(&self, of: impl FnOnce(&R) -> T) -> LookedUp<T> {
        match self {
            Self::NoSource => LookedUp::NoSource,
            Self::Unavailable => LookedUp::Unavailable,
            Self::Absent => LookedUp::Absent,
            Self::Found(record) => LookedUp::Found(of(record)),
            Self::Offline(carried) => LookedUp::Offline(*carried),
        }
    }

    pub(super) const fn found(&self) -> Option<&R> {
        match self {
            Self::Found(record) => Some(record),
            Self::NoSource | Self::Unavailable | Self::Absent | Self::Offline(_) => None,
        }
    }
}

impl<'a> Verifier<'a> {
    /// With a trust list alone the answer can be `invalid` or `indeterminate`, never `valid`.
    pub const fn new(trust: &'a TrustStore) -> Self {
        Self { trust, records: None, offline: None, newest_seen: None, catalogue: None, cache: None }
    }

    /// Looks status and ledger up in `records`.
    #[must_use]
    pub const fn with_records(self, records: &'a dyn Records) -> Self {
        Self { records: Some(records), ..self }
    }

    /// Judges status by what was carried along, where there are no records.
    #[must_use]
    pub const fn with_offline(self, offline: &'a dyn Offline) -> Self {
        Self { offline: Some(offline), ..self }
    }

    /// The newest signed time that this device has seen: a clock that is behind it says nothing about dates and status. For
    /// verdicts for now, by this device's clock.
    #[must_use]
    pub const fn with_newest_seen(self, newest: UnixTime) -> Self {
        Self { newest_seen: Some(newest), ..self }
    }

    /// Names the fields of presentations as `catalogue` does.
    #[must_use]
    pub const fn with_catalogue(self, catalogue: &'a Catalogue) -> Self {
        Self { catalogue: Some(catalogue), ..self }
    }

    /// Remembers good signatures in `cache`.
    #[must_use]
    pub const fn with_cache(self, cache: &'a SignatureCache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// Judges a QR text, an envelope in base64, or an SD-JWT VC of which no proof by its holder is asked.
    pub fn verify_text(&self, text: &str, at: UnixTime) -> Verdict {
        if !text.starts_with(QR_PREFIX) && is_sd_jwt(text) {
            return self.verify_sd_jwt(text, None, at);
        }
        self.verify_presented(text.as_bytes(), at, |bytes| {
            decode_text(std::str::from_utf8(bytes).unwrap_or_default())
        })
    }

    /// As [`Verifier::verify_text`], but of an SD-JWT VC that is bound to a key the holder's answer to `challenge` is asked.
    pub fn verify_challenged(&self, text: &str, challenge: &Challenge, at: UnixTime) -> Verdict {
        if !text.starts_with(QR_PREFIX) && is_sd_jwt(text) {
            return self.verify_sd_jwt(text, Some(challenge), at);
        }
        self.verify_text(text, at)
    }

    /// Judges an envelope in either form.
    pub fn verify_bytes(&self, bytes: &[u8], at: UnixTime) -> Verdict {
        self.verify_presented(bytes, at, decode_bytes)
    }

    fn verify_presented(
        &self,
        presented: &[u8],
        at: UnixTime,
        decode: impl FnOnce(&[u8]) -> Result<Envelope, CredentialError>,
    ) -> Verdict {
        let remembered = self.cache.map(|cache| (cache, Digest::of(presented)));
        if let Some(signed) = remembered.and_then(|(cache, digest)| cache.get(&digest)) {
            let signer = checks::find_signer(self.trust, signed.envelope.key_id());
            if signer.certificate_is(&signed.certificate) {
                return self.judge(&signed, &signer, Finding::pass(Check::Signature), at);
            }
        }
        let envelope = match decode(presented) {
            Ok(envelope) if matches!(envelope.typ(), Typ::Licence | Typ::Presentation | Typ::Receipt) => {
                envelope
            }
            Ok(envelope) => {
                return self.refuse(Code::WrongType, Some(envelope.typ().as_str().to_owned()), at);
            }
            Err(error) => return self.refuse(Code::Undecodable, Some(error.to_string()), at),
        };
        let signer = checks::find_signer(self.trust, envelope.key_id());
        let signature = checks::signature(&envelope, &signer);
        let certificate = signer.fingerprint().unwrap_or_else(|| Digest::from_bytes([0; 32]));
        let signed = Signed { digest: envelope.digest(), envelope, certificate };
        if let (Some((cache, digest)), Outcome::Pass) = (remembered, signature.result) {
            // A copy is as small as can be; what was decoded into has room to spare and goes back at once.
            cache.insert(digest, Arc::new(signed.clone()));
        }
        self.judge(&signed, &signer, signature, at)
    }

    fn judge(&self, signed: &Signed, signer: &Signer<'_>, signature: Finding, at: UnixTime) -> Verdict {
        match signed.envelope.typ() {
            Typ::Receipt => self.judge_receipt(signed, signer, signature, at),
            Typ::Presentation => self.judge_presentation(signed, signer, signature, at),
            _ => self.judge_licence(signed, signer, signature, at),
        }
    }

    fn judge_licence(
        &self,
        signed: &Signed,
        signer: &Signer<'_>,
        signature: Finding,
        at: UnixTime,
    ) -> Verdict {
        let claims = match LicenceClaims::decode(signed.envelope.payload()) {
            Ok(claims) => claims,
            Err(error) => {
                return self.refuse_payload((signed, signer), signature, error.to_string(), at);
            }
        };
        let looked_up = self.look_up(signed, &claims);
        let mut findings = vec![
            checks::format(&claims),
            checks::issuer(signed, &claims, signer, &looked_up),
            checks::scope(&claims, signer, self.trust),
            signature,
            checks::dates(&claims, at),
            checks::status(&looked_up, at),
            checks::ledger(&looked_up, signer),
        ];
        checks::clock(&mut findings, self.newest_seen, at);
        let form = match claims.form {
            LicenceForm::Full => Form::Full,
            LicenceForm::Qr { .. } => Form::Qr,
        };
        let shown = checks::may_be_shown(&findings).then(|| ShownLicence::new(Arc::new(claims)));
        let mut verdict = self.verdict(findings, Some(form), shown, at);
        verdict.freshness.status = checks::status_age(&looked_up, at);
        verdict
    }

    fn look_up(&self, signed: &Signed, claims: &LicenceClaims) -> LookedUp {
        let Some(records) = self.records else {
            let type_code = claims.licence.identifier.type_code();
            let envelope = (signed.envelope.key_id(), signed.digest);
            return self.carried(&claims.status, &type_code, envelope);
        };
        match records.look_up(&claims.licence.identifier) {
            Err(RecordsUnavailable) => LookedUp::Unavailable,
            Ok(Some(record)) if checks::is_of_these_bytes(&record, signed, claims) => LookedUp::Found(record),
            Ok(_) => LookedUp::Absent,
        }
    }

    /// What is carried along says of a status, and of what was signed under this key id with this digest.
    pub(super) fn carried<R>(
        &self,
        status: &StatusReference,
        type_code: &TypeCode,
        (signer, digest): (KeyId, Digest),
    ) -> LookedUp<R> {
        self.offline.map_or(LookedUp::NoSource, |offline| {
            LookedUp::Offline(Carried {
                entry: offline.entry(status),
                policy: offline.policy(type_code),
                survives: offline.survives(&signer, &digest),
            })
        })
    }

    /// As [`Verifier::carried`], for what has no status.
    pub(super) fn carried_along<R>(&self) -> LookedUp<R> {
        let nothing = Carried { entry: None, policy: OfflinePolicy::default(), survives: false };
        self.offline.map_or(LookedUp::NoSource, |_| LookedUp::Offline(nothing))
    }

    /// Nothing of it could be read as a licence.
    fn refuse(&self, code: Code, detail: Option<String>, at: UnixTime) -> Verdict {
        let findings = Check::ALL.map(|check| match check {
            Check::Format => Finding::fail(check, code, detail.clone()),
            _ => Finding::unknown(check, Code::NotChecked),
        });
        self.verdict(findings.to_vec(), None, None, at)
    }

    /// The envelope could be read, its payload could not: issuer and signature still have their say.
    pub(super) fn refuse_payload(
        &self,
        (signed, signer): (&Signed, &Signer<'_>),
        signature: Finding,
        detail: String,
        at: UnixTime,
    ) -> Verdict {
        let findings = Check::ALL.map(|check| match check {
            Check::Format => Finding::fail(check, Code::Undecodable, Some(detail.clone())),
            Check::Issuer => checks::issuer_is_known(signer, Usage::from(signed.envelope.typ())),
            Check::Signature => signature.clone(),
            _ => Finding::unknown(check, Code::NotChecked),
        });
        self.verdict(findings.to_vec(), None, None, at)
    }

    pub(super) fn verdict(
        &self,
        findings: Vec<Finding>,
        form: Option<Form>,
        licence: Option<ShownLicence>,
        at: UnixTime,
    ) -> Verdict {
        let trust_list = TrustListAge { version: self.trust.version(), signed: self.trust.issued_at() };
        Verdict {
            status: Status::of(&findings),
            grade: checks::grade(&findings),
            findings,
            at,
            form,
            licence,
            receipt: None,
            now: Vec::new(),
            presentation: None,
            sd_jwt: None,
            freshness: Freshness {
                trust_list,
                looked_up: self.records.map(|_| at),
                status: None,
                pack: self.offline.filter(|_| self.records.is_none()).map(Offline::made),
            },
        }
    }
}
