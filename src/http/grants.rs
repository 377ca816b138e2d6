//! `/v1/grants`: give, confirm, withdraw, list.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{self, FromRequestParts, Path, Request};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;

use super::answer;
use super::department::{ACTING_DEPARTMENT, Department};
use super::licences::{json_body, to_its_end};
use super::problem::Problem;
use super::state::{Listener, State};
use crate::access::Role;
use crate::licence::CreditCode;
use crate::registry::{ActError, Caller, GrantView};

/// Who manages: by a credential, or on the local socket an administrator for nobody in particular.
pub(super) struct Manager(pub(super) Caller);

impl FromRequestParts<State> for Manager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let names_nobody =
            !parts.headers.contains_key(ACTING_DEPARTMENT) && !parts.headers.contains_key(AUTHORIZATION);
        if state.listener == Listener::Local && names_nobody {
            return Ok(Self(state.registry.machine()));
        }
        let Department(caller) = Department::from_request_parts(parts, state).await?;
        Ok(Self(caller))
    }
}

#[derive(Serialize)]
struct GrantsView {
    grants: Vec<GrantView>,
}

pub(super) async fn list(
    extract::State(state): extract::State<State>,
    Manager(caller): Manager,
    uri: Uri,
) -> Result<Response, Problem> {
    let role = if caller.roles().contains(Role::Supervisor) { Role::Supervisor } else { Role::Administrator };
    state.registry.require_role(&caller, role)?;
    let department = asked_department(uri.query())?;
    answer::json(&GrantsView { grants: state.registry.grants(department.as_ref()) })
}

pub(super) async fn give(
    extract::State(state): extract::State<State>,
    Manager(caller): Manager,
    request: Request,
) -> Result<Response, Problem> {
    state.registry.require_role(&caller, Role::Administrator)?;
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let given = to_its_end(async move { registry.give_grant(&caller, &body, now).await }).await?;
    Ok(answer::with_status(answer::json(&given)?, StatusCode::CREATED))
}

pub(super) async fn confirm(
    extract::State(state): extract::State<State>,
    Manager(caller): Manager,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    state.registry.require_role(&caller, Role::Administrator)?;
    let Path(id) = id.map_err(|_| ActError::GrantNotFound)?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    answer::json(&to_its_end(async move { registry.confirm_grant(&caller, &id, now).await }).await?)
}

pub(super) async fn withdraw(
    extract::State(state): extract::State<State>,
    Manager(caller): Manager,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    state.registry.require_role(&caller, Role::Administrator)?;
    let Path(id) = id.map_err(|_| ActError::GrantNotFound)?;
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
