//! A department's licences: issue, show, draw, hand out, change.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{self, FromRequestParts, Path, Request};
use axum::http::header::{CONTENT_DISPOSITION, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use super::answer;
use super::body::{self, MediaType};
use super::department::Department;
use super::problem::Problem;
use super::state::State;
use crate::access::Call;
use crate::registry::{ActError, Caller};
use crate::render::{QrSymbol, Style};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_IDEMPOTENCY_KEY: usize = 128;

/// The identifier in the path, whatever it holds: what is none is as unknown as one that was never issued.
pub(super) struct Named(String);

impl FromRequestParts<State> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(identifier)| Self(identifier)).map_err(|_| ActError::NotFound.into())
    }
}

pub(super) async fn issue(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    request: Request,
) -> Result<Response, Problem> {
    let (key, body) = match issue_request(&state, request).await {
        Ok(read) => read,
        // Whoever may not issue hears that first.
        Err(problem) => {
            state.registry.may_call(&caller, Call::Issue, state.now())?;
            return Err(problem);
        }
    };
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let issued = to_its_end(async move { registry.issue(&caller, &key, &body, now).await }).await?;
    let mut response = answer::with_status(answer::json(&issued)?, StatusCode::CREATED);
    if let Ok(location) = HeaderValue::try_from(format!("/v1/licences/{}", issued.identifier)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

async fn issue_request(state: &State, request: Request) -> Result<(String, Bytes), Problem> {
    let key = idempotency_key(request.headers())?.to_owned();
    Ok((key, json_body(state, request).await?))
}

pub(super) async fn change_status(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    Named(identifier): Named,
    request: Request,
) -> Result<Response, Problem> {
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let change = async move { registry.change_status(&caller, &identifier, &body, now).await };
    answer::json(&to_its_end(change).await?)
}

pub(super) async fn issue_sd_jwt(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    Named(identifier): Named,
    request: Request,
) -> Result<Response, Problem> {
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let act = async move { registry.issue_sd_jwt(&caller, &identifier, &body, now).await };
    Ok(answer::with_status(answer::json(&to_its_end(act).await?)?, StatusCode::CREATED))
}

pub(super) async fn show(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    Named(identifier): Named,
) -> Result<Response, Problem> {
    answer::json(&state.registry.licence(&caller, &identifier, state.now())?)
}

pub(super) async fn qr_png(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    Named(identifier): Named,
) -> Result<Response, Problem> {
    let symbol = symbol(&state, &caller, &identifier)?;
    Ok(answer::bytes("image/png", symbol.png(Style::default())))
}

pub(super) async fn qr_svg(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    Named(identifier): Named,
) -> Result<Response, Problem> {
    let symbol = symbol(&state, &caller, &identifier)?;
    Ok(answer::bytes("image/svg+xml", symbol.svg(Style::default())))
}

pub(super) async fn file(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    Named(identifier): Named,
) -> Result<Response, Problem> {
    let mut response = answer::bytes("application/cose", state.registry.file(&caller, &identifier)?);
    // The store knows it, so it is an identifier: letters, digits, dots.
    if let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename=\"{identifier}.elic\"")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

fn symbol(state: &State, caller: &Caller, identifier: &str) -> Result<QrSymbol, Problem> {
    let text = state.registry.qr_text(caller, identifier)?;
    QrSymbol::of(&text).map_err(Problem::internal)
}

/// What was begun is done to its end, also when the client hangs up: it is noted, and its answer is there for a replay.
pub(super) async fn to_its_end<T: Send + 'static>(
    act: impl Future<Output = Result<T, ActError>> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::spawn(act).await.map_err(Problem::internal)?;
    Ok(done?)
}

pub(super) async fn json_body(state: &State, request: Request) -> Result<Bytes, Problem> {
    if MediaType::of(request.headers()) != Some(MediaType::Json) {
        return Err(Problem::unsupported("expected application/json, without coding"));
    }
    body::read(request.into_body(), state.limits.body, state.limits.body_read_timeout).await
}

/// Exactly one key of 1 to 128 visible ASCII characters.
fn idempotency_key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut all = headers.get_all(IDEMPOTENCY_KEY).iter();
    let key = match (all.next(), all.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    };
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) && visible {
        return Ok(key);
    }
    Err(Problem::new(
        StatusCode::BAD_REQUEST,
        "idempotency_key_required",
        "expected one header Idempotency-Key of 1 to 128 visible ASCII characters",
    ))
}
