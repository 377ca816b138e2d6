//! `POST /v1/verifications`: a credential in, a verdict out.

use std::borrow::Cow;

use axum::extract::{self, Request};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tokio::time::Instant;

use super::answer;
use super::body::{self, MediaType};
use super::problem::Problem;
use super::state::State;
use crate::codec::without_scanner_line_end;
use crate::sdjwt::Challenge;
use crate::verify::Verdict;

/// `{"credential": "…"}`: QR text, an envelope in base64, or an SD-JWT VC; for the last, maybe what its holder was to prove:
/// `"audience"` and `"nonce"`. Borrowed from the body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialRequest<'a> {
    #[serde(borrow)]
    credential: Cow<'a, str>,
    audience: Option<String>,
    nonce: Option<String>,
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

    /// The verdict.
    pub(super) fn judge(self, state: &State) -> Result<Verdict, Problem> {
        let now = state.now();
        match (self.audience, self.nonce) {
            (None, None) => Ok(state.registry.verify_text(&self.credential, now)),
            (Some(audience), Some(nonce)) if !audience.is_empty() && !nonce.is_empty() => {
                let challenge = Challenge { audience, nonce };
                Ok(state.registry.verify_challenged(&self.credential, &challenge, now))
            }
            _ => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "verification_request_refused",
                "expected both \"audience\" and \"nonce\", neither empty, or none of them",
            )),
        }
    }
}

pub(super) async fn verify(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Problem> {
    let limits = &state.limits;
    let media = MediaType::of(request.headers());
    let body = request.into_body();
    let verdict = match media {
        Some(MediaType::Json) => {
            let body = body::read(body, limits.body, limits.body_read_timeout).await?;
            CredentialRequest::from_json(&body)?.judge(&state)?
        }
        Some(MediaType::Text) => {
            let body = body::read(body, limits.body, limits.body_read_timeout).await?;
            let text = str::from_utf8(&body)
                .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "not_utf8", "expected UTF-8"))?;
            state.registry.verify_text(without_scanner_line_end(text), state.now())
        }
        Some(MediaType::Cose) => {
            let body = body::read(body, limits.body, limits.body_read_timeout).await?;
            state.registry.verify_bytes(&body, state.now())
        }
        Some(MediaType::Picture) => {
            let deadline = Instant::now() + limits.body_read_timeout;
            let picture = state.pictures.receive(body, limits.picture_body, deadline).await?;
            let text = state.pictures.read(picture).await?;
            state.registry.verify_text(&text, state.now())
        }
        Some(MediaType::Ndjson) | None => {
            return Err(Problem::unsupported(
                "expected application/json, text/plain, application/cose, image/png or image/jpeg, without coding",
            ));
        }
    };
    answer::json(&verdict)
}
