//! `/v1/consents`: what the portal says on a holder's behalf.

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
use crate::registry::{AccessError, ActError};

pub(super) async fn give(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    request: Request,
) -> Result<Response, Problem> {
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let given = to_its_end(async move { registry.give_consent(&caller, &body, now).await }).await?;
    Ok(answer::with_status(answer::json(&given)?, StatusCode::CREATED))
}

pub(super) async fn withdraw(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| ActError::from(AccessError::ConsentNotFound))?;
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    answer::json(&to_its_end(async move { registry.withdraw_consent(&caller, &id, &body, now).await }).await?)
}
