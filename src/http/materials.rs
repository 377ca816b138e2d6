//! `POST /v1/materials`: one number, one item.

use std::sync::Arc;

use axum::extract::{self, Request};
use axum::response::Response;

use super::answer;
use super::department::Department;
use super::licences::{json_body, to_its_end};
use super::problem::Problem;
use super::state::State;
use crate::access::Call;

pub(super) async fn ask(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    request: Request,
) -> Result<Response, Problem> {
    let body = json_body(&state, request).await?;
    state.watch.asked(&caller, Call::Materials, &body)?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    answer::json(&to_its_end(async move { registry.materials(&caller, &body, now).await }).await?)
}
