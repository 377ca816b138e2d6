//! `POST /v1/departments/{code}/certificates` and `POST /v1/server-certificates`: certificates of TLS for public keys. No private
//! key is ever sent.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{self, Path, Request};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer;
use super::department::Department;
use super::licences::{json_body, to_its_end};
use super::problem::Problem;
use super::state::State;
use crate::licence::CreditCode;
use crate::registry::ActError;

pub(super) async fn for_department(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    code: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let code: Option<CreditCode> = code.ok().and_then(|Path(code)| code.parse().ok());
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let made = to_its_end(async move {
        // What is no code is as unknown as one that nobody has.
        let code = code.ok_or(ActError::NotFound)?;
        registry.certify_tls_client(&caller, code, &body, now).await
    });
    let view = answer::json(&made.await?)?;
    Ok(answer::with_status(view, StatusCode::CREATED))
}

pub(super) async fn for_server(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Problem> {
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let made = to_its_end(async move { registry.certify_tls_server(&body, now).await });
    let view = answer::json(&made.await?)?;
    Ok(answer::with_status(view, StatusCode::CREATED))
}
