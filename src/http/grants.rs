//! `/v1/grants`: give, confirm, withdraw, list.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{self, Path, Request};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;

use super::answer;
use super::department::Department;
use super::licences::{json_body, to_its_end};
use super::problem::Problem;
use super::state::State;
use crate::licence::CreditCode;
use crate::registry::{AccessError, ActError, GrantView};

#[derive(Serialize)]
struct GrantsView {
    grants: Vec<GrantView>,
}

pub(super) async fn list(
    extract::State(state): extract::State<State>,
    Department(_): Department,
    uri: Uri,
) -> Result<Response, Problem> {
    let department = asked_department(uri.query())?;
    answer::json(&GrantsView { grants: state.registry.grants(department.as_ref()) })
}

pub(super) async fn give(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    request: Request,
) -> Result<Response, Problem> {
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let given = to_its_end(async move { registry.give_grant(&caller, &body, now).await }).await?;
    Ok(answer::with_status(answer::json(&given)?, StatusCode::CREATED))
}

pub(super) async fn confirm(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| ActError::from(AccessError::GrantNotFound))?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    answer::json(&to_its_end(async move { registry.confirm_grant(&caller, &id, now).await }).await?)
}

pub(super) async fn withdraw(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| ActError::from(AccessError::GrantNotFound))?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    answer::json(&to_its_end(async move { registry.withdraw_grant(&caller, &id, now).await }).await?)
}

/// `department=CODE`, or nothing.
fn asked_department(query: Option<&str>) -> Result<Option<CreditCode>, Problem> {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Ok(None) };
    let code = query.strip_prefix("department=").and_then(|code| code.parse().ok());
    code.map(Some).ok_or_else(|| {
        let detail = "expected no query, or department= and a credit code";
        Problem::new(StatusCode::BAD_REQUEST, "query_refused", detail)
    })
}
