//! `POST /v1/comparisons`: claims in, a grade out.

use std::sync::Arc;

use axum::extract::{self, Request};
use axum::response::Response;

use super::answer;
use super::department::Department;
use super::licences::{json_body, to_its_end};
use super::problem::Problem;
use super::state::State;
use crate::access::Call;

pub(super) async fn compare(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    request: Request,
) -> Result<Response, Problem> {
    let body = json_body(&state, request).await?;
    state.watch.asked(&caller, Call::Comparison, &body)?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let act = async move { registry.compare(&caller, &body, now).await };
    answer::json(&to_its_end(act).await?)
}
