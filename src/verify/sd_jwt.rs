//! The way of an SD-JWT VC through the same checks, and through one of its own: its holder's proof (FORMAT §14).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Map, Value};

use super::checks::{self, Signer, Times};
use super::code::Code;
use super::records::{Record, RecordsUnavailable};
use super::verdict::{Check, Finding, Form, Verdict};
use super::verifier::{LookedUp, Verifier};
use crate::codec::KeyId;
use crate::crypto::Digest;
use crate::licence::TypeCode;
use crate::pki::{KnownSigner, TrustStore, Usage};
use crate::sdjwt::{Challenge, Jws, Presentation, SdJwtClaims, TYP, check_key_binding, unpack, vct_of};
use crate::time::UnixTime;

/// An SD-JWT VC as the API and the pages show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownSdJwt {
    /// Code of the licence type.
    pub r#type: TypeCode,
    /// The type's address.
    pub vct: String,
    /// When it was signed.
    pub issued_at: UnixTime,
    /// From when it is in force.
    pub not_before: UnixTime,
    /// Until when; absent where it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<UnixTime>,
    /// Whether it is bound to a holder's key.
    pub holder_bound: bool,
    /// What was disclosed of the licence, by claim name.
    pub disclosed: Map<String, Value>,
}

/// What came, as far as it can be read before anybody is believed.
struct Received<'a> {
    presentation: Presentation<'a>,
    jws: Jws<'a>,
    key_id: KeyId,
}

impl<'a> Received<'a> {
    fn read(text: &'a str) -> Result<Self, String> {
        let presentation = Presentation::split(text).map_err(|error| error.to_string())?;
        let jws = Jws::decode(presentation.issuer_signed, TYP).map_err(|error| error.to_string())?;
        let key_id = key_id(&jws).ok_or("expected a kid of 8 bytes in base64url")?;
        Ok(Self { presentation, jws, key_id })
    }

    /// What is claimed, with what was disclosed in its place.
    fn claims(&self) -> Result<SdJwtClaims, String> {
        let claims = unpack(self.jws.payload().clone(), &self.presentation.disclosures);
        SdJwtClaims::read(&claims.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
    }

    /// SHA-256 of the issuer-signed JWT: what the ledger has.
    fn digest(&self) -> Digest {
        Digest::of(self.presentation.issuer_signed.as_bytes())
    }
}

impl Verifier<'_> {
    /// Judges an SD-JWT VC, with disclosures and, where `challenge` was made and the credential is bound to a key, its
    /// holder's answer.
    pub fn verify_sd_jwt(&self, text: &str, challenge: Option<&Challenge>, at: UnixTime) -> Verdict {
        let received = match Received::read(text) {
            Ok(received) => received,
            Err(detail) => return self.refuse_sd_jwt(detail, None, at),
        };
        let signer = checks::find_signer(self.trust, received.key_id);
        let signature = signature(&received.jws, &signer);
        let claims = match received.claims() {
            Ok(claims) => claims,
            Err(detail) => return self.refuse_sd_jwt(detail, Some((&signer, signature)), at),
        };
        let looked_up = self.look_up_sd_jwt(&received, &claims);
        let SdJwtClaims { issued_at, not_before, expires, .. } = claims;
        let [status, ledger] = status_and_ledger(&looked_up, &signer, at);
        let mut findings = vec![
            Finding::pass(Check::Format),
            issuer(&received.jws, &claims, &signer, (self.trust, &looked_up)),
            scope(&claims, &signer, self.trust),
            signature,
            checks::dates_of(Times { issued_at, not_before, expires }, at),
            status,
            ledger,
            holder(&received.presentation, &claims, challenge, at),
        ];
        checks::clock(&mut findings, self.newest_seen, at);
        let shown = checks::may_be_shown(&findings).then(|| ShownSdJwt {
            r#type: claims.type_code,
            vct: claims.vct,
            issued_at,
            not_before,
            expires,
            holder_bound: claims.holder_key.is_some(),
            disclosed: claims.disclosed,
        });
        let mut verdict = self.verdict(findings, Some(Form::SdJwt), None, at);
        verdict.freshness.status = checks::status_age(&looked_up, at);
        Verdict { sd_jwt: shown, ..verdict }
    }

    /// What the records say of the issuer-signed JWT: its own entry, and the state of the licence it is of. Without a line, what
    /// is carried along says of its place in a status list.
    fn look_up_sd_jwt(&self, received: &Received<'_>, claims: &SdJwtClaims) -> LookedUp {
        let issuer_signed = received.digest();
        let Some(records) = self.records else {
            return self.carried(&claims.status, &claims.type_code, (received.key_id, issuer_signed));
        };
        match records.look_up_sd_jwt(&issuer_signed) {
            Err(RecordsUnavailable) => LookedUp::Unavailable,
            Ok(None) => LookedUp::Absent,
            Ok(Some(found)) => {
                let same_licence =
                    claims.identifier().is_none_or(|identifier| identifier == found.identifier);
                if same_licence && claims.status == found.status {
                    // Whether it survives a revoked key is a matter of its own place in the ledger.
                    LookedUp::Found(Record { position: found.position, ..found.licence })
                } else {
                    LookedUp::Absent
                }
            }
        }
    }

    /// It could not be read; issuer and signature have their say where it got that far.
    fn refuse_sd_jwt(&self, detail: String, signed: Option<(&Signer<'_>, Finding)>, at: UnixTime) -> Verdict {
        let (issuer, signature) = match signed {
            Some((signer, signature)) => (checks::issuer_is_known(signer, Usage::SdJwt), signature),
            None => (not_checked(Check::Issuer), not_checked(Check::Signature)),
        };
        let findings = vec![
            Finding::fail(Check::Format, Code::SdJwtInvalid, Some(detail)),
            issuer,
            not_checked(Check::Scope),
            signature,
            not_checked(Check::Dates),
            not_checked(Check::Status),
            not_checked(Check::Ledger),
            not_checked(Check::Holder),
        ];
        self.verdict(findings, Some(Form::SdJwt), None, at)
    }
}

const fn not_checked(check: Check) -> Finding {
    Finding::unknown(check, Code::NotChecked)
}

fn key_id(jws: &Jws<'_>) -> Option<KeyId> {
    let bytes = URL_SAFE_NO_PAD.decode(jws.header().get("kid")?.as_str()?).ok()?;
    bytes.try_into().ok().map(KeyId::from_bytes)
}

fn signature(jws: &Jws<'_>, signer: &Signer<'_>) -> Finding {
    let Signer::Known(known) = signer else { return not_checked(Check::Signature) };
    match jws.verify(known.key()) {
        Ok(()) => Finding::pass(Check::Signature),
        Err(error) => Finding::fail(Check::Signature, Code::Forged, Some(error.to_string())),
    }
}

/// The issuer is known, was certified for SD-JWT VC when it signed, is the one that is named, and what came as its
/// certificates is what the trust list has.
fn issuer(
    jws: &Jws<'_>,
    claims: &SdJwtClaims,
    signer: &Signer<'_>,
    (trust, looked_up): (&TrustStore, &LookedUp),
) -> Finding {
    let known = match signer {
        Signer::Known(known) => *known,
        Signer::Unknown => return checks::issuer_is_known(signer, Usage::SdJwt),
    };
    let fail = |code, detail| Finding::fail(Check::Issuer, code, Some(detail));
    if let Err(error) = known.check_usage(Usage::SdJwt) {
        return fail(Code::IssuerWrongUse, error.to_string());
    }
    if let Err(error) = known.check_at(claims.issued_at) {
        return fail(Code::IssuerExpired, error.to_string());
    }
    if claims.issuer_url != trust.public_url() {
        return fail(Code::IssuerMismatch, format!("expected iss {}, got another", trust.public_url()));
    }
    if claims.authority_code().is_some_and(|code| known.credit_code() != Some(&code)) {
        return fail(Code::IssuerMismatch, "the authority disclosed is not the signer's".to_owned());
    }
    if !chain_is_known(jws, known) {
        return fail(
            Code::ChainMismatch,
            "expected x5c to be the signer's certificate, then its city's".to_owned(),
        );
    }
    checks::revocations(claims.issued_at, known.revocations(), &looked_up.map(|record| record.position))
}

/// `x5c` has the path without its root (RFC 7515 §4.1.6), byte for byte; it is compared and never believed.
fn chain_is_known(jws: &Jws<'_>, known: &KnownSigner) -> bool {
    let Some(chain) = jws.header().get("x5c").and_then(Value::as_array) else { return false };
    let path: Vec<&[u8]> = known.path_der().collect();
    let below_the_root = path.split_last().map_or(&[][..], |(_, below)| below);
    let decoded = chain.iter().map(|one| STANDARD.decode(one.as_str().unwrap_or_default()).ok());
    decoded.eq(below_the_root.iter().map(|der| Some(der.to_vec())))
}

/// The issuer may issue the type that `vct` names, and the status stands where the trust list says.
fn scope(claims: &SdJwtClaims, signer: &Signer<'_>, trust: &TrustStore) -> Finding {
    let code = match signer {
        Signer::Known(known) if known.scope_allows(&claims.type_code) => known.credit_code(),
        Signer::Known(_) => None,
        Signer::Unknown => return not_checked(Check::Scope),
    };
    let expected = vct_of(trust.public_url(), claims.type_code);
    match code {
        None => {
            let detail = format!("type {} is not in the issuer's certificate", claims.type_code);
            Finding::fail(Check::Scope, Code::IssuerNotAuthorised, Some(detail))
        }
        Some(_) if claims.vct != expected => {
            let detail = format!("expected vct {expected}, got another address");
            Finding::fail(Check::Scope, Code::IssuerNotAuthorised, Some(detail))
        }
        Some(code) => checks::status_list(code, &claims.status.uri, trust),
    }
}

/// The two checks that need a source, from what it said.
fn status_and_ledger(looked_up: &LookedUp, signer: &Signer<'_>, at: UnixTime) -> [Finding; 2] {
    [checks::status(looked_up, at), checks::ledger(looked_up, signer)]
}

/// Whoever shows it holds the key it is bound to. Required where it is bound and the verifier made a challenge; a proof that
/// came unasked must be good all the same.
fn holder(
    presentation: &Presentation<'_>,
    claims: &SdJwtClaims,
    challenge: Option<&Challenge>,
    at: UnixTime,
) -> Finding {
    let pass = |code| Finding { code, ..Finding::pass(Check::Holder) };
    let fail = |code, detail| Finding::fail(Check::Holder, code, detail);
    match (&claims.holder_key, presentation.key_binding) {
        (None, None) => pass(Code::HolderNotBound),
        (None, Some(_)) => {
            let detail = "there is a key-binding JWT, and no key in cnf".to_owned();
            fail(Code::HolderProofInvalid, Some(detail))
        }
        (Some(_), None) if challenge.is_some() => fail(Code::HolderProofMissing, None),
        (Some(_), None) => pass(Code::HolderProofNotAsked),
        (Some(key), Some(proof)) => match check_key_binding(presentation, proof, key, challenge, at) {
            Err(error) => fail(Code::HolderProofInvalid, Some(error.to_string())),
            Ok(()) if challenge.is_some() => pass(Code::Ok),
            Ok(()) => pass(Code::HolderProofNotAsked),
        },
    }
}
