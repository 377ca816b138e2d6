//! Issue a licence once more, as an SD-JWT VC for its holder's wallet.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::act_error::ActError;
use super::caller::Caller;
use super::open::Registry;
use crate::access::Call;
use crate::codec::LicenceClaims;
use crate::ledger::{Entry, Event, IssuedSdJwt};
use crate::licence::Identifier;
use crate::pki::Usage;
use crate::sdjwt::{self, HolderKey, SdJwt, SdJwtSigner, SdJwtTerms};
use crate::store::{Conditions, Guard};
use crate::time::{Date, UnixTime};
use crate::verify::Records as _;

/// `{}` or `{"holder_key": JWK}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SdJwtRequest {
    holder_key: Option<Value>,
}

/// The answer. It is given once: the text is nowhere kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SdJwtView {
    /// Issuer-signed JWT and every disclosure.
    pub sd_jwt: String,
    /// The licence type's address.
    pub vct: String,
    /// The first second after its last day; absent for a long-term licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<UnixTime>,
}

impl Registry {
    /// Issues an SD-JWT VC of a licence of the caller's department that has not ended. Each call makes another one.
    pub async fn issue_sd_jwt(
        &self,
        caller: &Caller,
        identifier: &str,
        body: &[u8],
        now: UnixTime,
    ) -> Result<SdJwtView, ActError> {
        let permit = self.permit(caller, Call::Issue, now)?;
        let identifier = self.own(caller, identifier)?;
        permit.check(&identifier.type_code())?;
        let request: SdJwtRequest = serde_json::from_slice(body).map_err(ActError::sd_jwt_request)?;
        let holder_key = request.holder_key.as_ref().map(HolderKey::from_jwk).transpose()?;
        self.check_clock(now)?;
        let claims = self.claims_in_force(&identifier, now)?;
        let made = self.sign_sd_jwt(caller, &claims, holder_key.as_ref(), now)?;
        let guards = vec![Guard::absent(self.store.keys().sd_jwt(&made.digest))];
        let conditions = Conditions { guards, admission: permit.for_type(&identifier.type_code()) };
        let issued = IssuedSdJwt {
            identifier,
            issuer_signed: made.digest,
            holder_key: holder_key.as_ref().map(HolderKey::thumbprint),
            order: caller.order(),
        };
        let entry = Entry { at: now, event: Event::SdJwt(issued) };
        let appended = self.store.append(&entry, conditions, &*self.random).await;
        appended.map_err(|error| self.not_appended(caller, Call::Issue, error, now))?;
        let SdJwt { text, vct, expires, .. } = made;
        Ok(SdJwtView { sd_jwt: text, vct, expires })
    }

    /// What a licence says that has not ended: neither replaced, nor revoked, nor past its last day. A suspended one may be
    /// good again, and its SD-JWT VC with it.
    fn claims_in_force(&self, identifier: &Identifier, now: UnixTime) -> Result<LicenceClaims, ActError> {
        let record =
            self.store.look_up(identifier).map_err(|_| ActError::Internal("a licence's record is gone"))?;
        let record = record.ok_or(ActError::NotFound)?;
        let (claims, _) = self.issued_at(record.position)?;
        let past = claims.licence.valid_to.map(Date::end).is_some_and(|end| end <= now);
        if past || record.replaced_at(now).is_some() || record.state_at(now).is_end() {
            return Err(ActError::LicenceEnded);
        }
        Ok(claims)
    }

    fn sign_sd_jwt(
        &self,
        caller: &Caller,
        claims: &LicenceClaims,
        holder_key: Option<&HolderKey>,
        now: UnixTime,
    ) -> Result<SdJwt, ActError> {
        let roster = self.roster();
        let issuer = &roster.issuer(&caller.department())?.issuer;
        issuer.check_scope(claims.licence.identifier.type_code())?;
        let certified = roster.trust.signer(&issuer.key_id);
        let certified = certified.filter(|signer| signer.check_usage(Usage::SdJwt).is_ok());
        let path: Vec<&[u8]> = certified.ok_or(ActError::SdJwtNotCertified)?.path_der().collect();
        let chain = path.split_last().map_or(&[][..], |(_, below_the_root)| below_the_root);
        let terms = SdJwtTerms { public_url: self.public_url(), at: now, status: &claims.status, holder_key };
        let signer = SdJwtSigner { key: &issuer.key, key_id: issuer.key_id, chain };
        Ok(sdjwt::issue(&claims.licence, &terms, signer, &*self.random)?)
    }
}
