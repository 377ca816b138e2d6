//! `GET /v1/service-items`: what can be applied for, and which licences it takes.

use axum::extract::rejection::PathRejection;
use axum::extract::{self, Path};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::answer;
use super::problem::Problem;
use super::state::State;
use crate::licence::ServiceItem;

#[derive(Serialize)]
struct ItemsView<'a> {
    items: Vec<&'a ServiceItem>,
}

pub(super) async fn list(extract::State(state): extract::State<State>) -> Result<Response, Problem> {
    answer::json(&ItemsView { items: state.registry.service_items().iter().collect() }).map(answer::public)
}

pub(super) async fn show(
    extract::State(state): extract::State<State>,
    code: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    // What is no code, or not even text, is as unknown as a code that nobody uses.
    let code = code.ok().and_then(|Path(code)| code.parse().ok());
    let item = code.and_then(|code| state.registry.service_items().get(&code)).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "item_unknown", "the catalogue has no such service item")
    })?;
    answer::json(item).map(answer::public)
}
