//! `/v1/departments` and `/v1/keys`: roles and credentials, for administrators.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{self, Path, Request};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::answer;
use super::department::Department;
use super::licences::{json_body, to_its_end};
use super::problem::Problem;
use super::state::State;
use crate::licence::CreditCode;
use crate::registry::{AccessError, ActError, DepartmentAccessView};

#[derive(Serialize)]
struct DepartmentsView {
    departments: Vec<DepartmentAccessView>,
}

pub(super) async fn list(
    extract::State(state): extract::State<State>,
    Department(_): Department,
) -> Result<Response, Problem> {
    answer::json(&DepartmentsView { departments: state.registry.access_of_departments(state.now()) })
}

pub(super) async fn set_roles(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    code: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let code = named(code);
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let done = to_its_end(async move { registry.set_roles(&caller, code?, &body, now).await });
    answer::json(&done.await?)
}

pub(super) async fn new_key(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    code: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let code = named(code);
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let made = to_its_end(async move { registry.new_key(&caller, code?, &body, now).await });
    Ok(answer::with_status(answer::json(&made.await?)?, StatusCode::CREATED))
}

pub(super) async fn rotate_key(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| ActError::from(AccessError::CredentialNotFound))?;
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let made = to_its_end(async move { registry.rotate_key(&caller, &id, &body, now).await });
    Ok(answer::with_status(answer::json(&made.await?)?, StatusCode::CREATED))
}

pub(super) async fn withdraw_key(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| ActError::from(AccessError::CredentialNotFound))?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    answer::json(&to_its_end(async move { registry.withdraw_credential(&caller, &id, now).await }).await?)
}

/// What is no code is as unknown as one that nobody has.
fn named(code: Result<Path<String>, PathRejection>) -> Result<CreditCode, ActError> {
    code.ok().and_then(|Path(code)| code.parse().ok()).ok_or(ActError::NotFound)
}
