//! `POST /v1/verifications`: a credential in, a verdict out; with a purpose, a receipt beside it.

use std::borrow::Cow;

use axum::extract::{self, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use tokio::time::Instant;

use super::admission::admitted;
use super::answer;
use super::body::{self, MediaType};
use super::problem::Problem;
use super::router::Operation;
use super::state::State;
use crate::codec::without_scanner_line_end;
use crate::licence::{Json, Purpose, PurposeError};
use crate::registry::{ActError, Presented};
use crate::sdjwt::Challenge;

/// `{"credential": "…", "purpose": {…}?}`: QR text, an envelope in base64, or an SD-JWT VC; for the last, maybe what its holder was
/// to prove: `"audience"` and `"nonce"`. Borrowed from the body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialRequest<'a> {
    #[serde(borrow)]
    pub(super) credential: Cow<'a, str>,
    audience: Option<String>,
    nonce: Option<String>,
    #[serde(default)]
    pub(super) purpose: Option<Json>,
}

impl<'a> CredentialRequest<'a> {
    pub(super) fn from_json(bytes: &'a [u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes).map_err(|error| {
            let (status, code) = if error.is_data() {
                (StatusCode::UNPROCESSABLE_ENTITY, "verification_request_refused")
            } else {
                (StatusCode::BAD_REQUEST, "not_json")
            };
            Problem::new(status, code, format!("expected {{\"credential\": \"…\"}}: {error}"))
        })
    }

    /// What the holder of an SD-JWT VC was to prove.
    pub(super) fn challenge(&self) -> Result<Option<Challenge>, Problem> {
        match (&self.audience, &self.nonce) {
            (None, None) => Ok(None),
            (Some(audience), Some(nonce)) if !audience.is_empty() && !nonce.is_empty() => {
                Ok(Some(Challenge { audience: audience.clone(), nonce: nonce.clone() }))
            }
            _ => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "verification_request_refused",
                "expected both \"audience\" and \"nonce\", neither empty, or none of them",
            )),
        }
    }

    /// What was presented.
    pub(super) fn presented<'b>(&'b self, challenge: Option<&'b Challenge>) -> Presented<'b> {
        match challenge {
            None => Presented::Text(&self.credential),
            Some(challenge) => Presented::Challenged(&self.credential, challenge),
        }
    }
}

pub(super) async fn verify(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Problem> {
    let limits = &state.limits;
    let media = MediaType::of(request.headers());
    let (parts, body) = request.into_parts();
    let verdict = match media {
        Some(MediaType::Json) => {
            let body = body::read(body, limits.body, limits.body_read_timeout).await?;
            let request = CredentialRequest::from_json(&body)?;
            let challenge = request.challenge()?;
            let presented = request.presented(challenge.as_ref());
            if let Some(purpose) = &request.purpose {
                return verify_for(&state, &parts, purpose, presented).await;
            }
            state.registry.verify(presented, None, state.now()).await
        }
        Some(MediaType::Text) => {
            let body = body::read(body, limits.body, limits.body_read_timeout).await?;
            let text = str::from_utf8(&body)
                .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "not_utf8", "expected UTF-8"))?;
            state.registry.verify_text(without_scanner_line_end(text), state.now()).await
        }
        Some(MediaType::Cose) => {
            let body = body::read(body, limits.body, limits.body_read_timeout).await?;
            state.registry.verify_bytes(&body, state.now()).await
        }
        Some(MediaType::Picture) => {
            let deadline = Instant::now() + limits.body_read_timeout;
            let picture = state.pictures.receive(body, limits.picture_body, deadline).await?;
            let text = state.pictures.read(picture).await?;
            state.registry.verify_text(&text, state.now()).await
        }
        Some(MediaType::Ndjson) | None => {
            return Err(Problem::unsupported(
                "expected application/json, text/plain, application/cose, image/png or image/jpeg, without coding",
            ));
        }
    };
    answer::json(&verdict)
}

/// With a purpose a department gets a receipt beside the verdict; a stranger gets neither.
async fn verify_for(
    state: &State,
    parts: &Parts,
    purpose: &Json,
    presented: Presented<'_>,
) -> Result<Response, Problem> {
    let caller = admitted(parts, state, Operation::Verify).await?;
    let purpose = Purpose::from_json(purpose).map_err(|error| match error {
        PurposeError::NotAnObject { .. } => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Problem::new(status, "verification_request_refused", error.to_string())
        }
        error => ActError::Purpose(error).into(),
    })?;
    answer::json(&state.registry.verify_for(&caller, purpose, presented, state.now()).await?)
}
