//! `POST /v1/holders/uses` for the portal, `GET /v1/uses` for supervisors: who used whose licences.

use axum::extract::{self, RawQuery, Request};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer;
use super::department::Department;
use super::licences::json_body;
use super::problem::Problem;
use super::state::State;
use crate::licence::CreditCode;

pub(super) async fn of_holder(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    request: Request,
) -> Result<Response, Problem> {
    let body = json_body(&state, request).await?;
    answer::json(&state.registry.uses_of_holder(&caller, &body)?)
}

pub(super) async fn of_all(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (after, department) = read_query(query.as_deref().unwrap_or_default())?;
    answer::json(&state.registry.uses_after(&caller, after, department)?)
}

/// `after=POSITION` and `department=CODE`, each once at most.
fn read_query(query: &str) -> Result<(Option<u64>, Option<CreditCode>), Problem> {
    let (mut after, mut department) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let good = match key {
            "after" if after.is_none() => value.parse().map(|position| after = Some(position)).is_ok(),
            "department" if department.is_none() => value.parse().map(|code| department = Some(code)).is_ok(),
            _ => false,
        };
        if !good {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "lookup_refused",
                "expected after=POSITION and department=CODE in the query, each once at most",
            ));
        }
    }
    Ok((after, department))
}
