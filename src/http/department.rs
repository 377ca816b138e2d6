//! Which department asks: by its key, its client certificate or a token over TCP, by an administrator's word on the local
//! socket.

use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};

use super::admission::Admits;
use super::identity_provider::{IdentityProvider, Unreached};
use super::problem::Problem;
use super::server::Source;
use super::state::{Listener, State};
use super::strangers::Peer;
use super::tls::ClientCertificate;
use super::trace::Trace;
use crate::registry::Caller;

/// Names the department that an administrator acts for.
pub(super) const ACTING_DEPARTMENT: HeaderName = HeaderName::from_static("acting-department");

/// The department that asks. As an extractor it stands before all others, so that nothing is said to strangers.
pub(super) struct Department(pub(super) Caller);

impl FromRequestParts<State> for Department {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.map(Self).ok_or_else(|| Problem::internal("a call that everyone may make asks who makes it"))
    }
}

/// Who asks: over TCP by a credential, from the address of the connection; on the local socket by an administrator's word as well.
pub(super) async fn identify(parts: &Parts, state: &State, admits: Admits) -> Result<Caller, Problem> {
    let headers = &parts.headers;
    let is_local = state.listener == Listener::Local;
    // A key may have been withdrawn on another node.
    if !is_local && !state.registry.is_current() {
        return Err(database_lost());
    }
    let caller = match headers.get(ACTING_DEPARTMENT).filter(|_| is_local) {
        Some(code) => code.to_str().ok().and_then(|code| state.registry.acting(code)),
        None if is_local && !headers.contains_key(AUTHORIZATION) => {
            matches!(admits, Admits::RolesOrMachine(_)).then(|| state.registry.machine())
        }
        None => shown(parts, state).await?,
    };
    let caller = caller.ok_or_else(|| refusal(parts, state))?;
    let caller = match parts.extensions.get::<Source>() {
        Some(Source(address)) => caller.asking_from(*address),
        None => caller,
    };
    if let Some(trace) = parts.extensions.get::<Trace>() {
        trace.asked_by(&caller);
    }
    if !is_local {
        state.watch.called(&caller)?;
    }
    Ok(caller)
}

fn database_lost() -> Problem {
    let detail = "this node does not reach its database, and cannot tell whose credential is still good";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "database_lost", detail).retry_after(1_u32)
}

/// Who the request's own credentials say that asks. A key or token goes before a certificate, which must be of the same
/// department then.
async fn shown(parts: &Parts, state: &State) -> Result<Option<Caller>, Problem> {
    let (registry, now) = (&state.registry, state.now());
    let certificate = parts.extensions.get::<ClientCertificate>();
    if !parts.headers.contains_key(AUTHORIZATION) {
        return Ok(certificate
            .and_then(|shown| registry.authenticate_certificate(&shown.digest, shown.department, now)));
    }
    let Some(bearer) = bearer(&parts.headers) else { return Ok(None) };
    let caller = match &state.identity_provider {
        Some(provider) if IdentityProvider::takes(bearer) => {
            provider.caller(bearer, registry, now).await.map_err(|Unreached| unreached())?
        }
        _ => registry.authenticate(bearer, now),
    };
    match (caller, certificate) {
        (Some(caller), Some(certificate)) if caller.department() != certificate.department => {
            let detail = "the key or token and the client certificate are of two departments";
            Err(Problem::new(StatusCode::UNAUTHORIZED, "credentials_of_two", detail))
        }
        (caller, _) => Ok(caller),
    }
}

/// Nobody can say whether the token is good; keys and certificates are as good as ever.
fn unreached() -> Problem {
    let detail = "the identity provider cannot be reached, so that no token can be judged";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "identity_provider_unavailable", detail).retry_after(30_u32)
}

/// One answer to all who have no good key, and to those who come again and again, to wait.
fn refusal(parts: &Parts, state: &State) -> Problem {
    let Some(peer) = parts.extensions.get::<Peer>() else { return Problem::unauthorized() };
    match state.strangers.refuse(*peer, Instant::now()) {
        Ok(()) => Problem::unauthorized(),
        Err(wait) => {
            let seconds = u16::try_from(wait.as_secs()).unwrap_or(u16::MAX).saturating_add(1);
            let detail = "this address came without a good key too often";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_refusals", detail).retry_after(seconds)
        }
    }
}

/// The key of exactly one `Authorization: Bearer KEY` (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(key)
}

/// Over TCP nobody acts for a department by naming it.
pub(super) fn refuse_acting_over_tcp(headers: &HeaderMap, listener: Listener) -> Option<Problem> {
    (listener == Listener::Tcp && headers.contains_key(ACTING_DEPARTMENT)).then(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "acting_department_over_tcp",
            "the header Acting-Department is for the local socket only",
        )
    })
}
