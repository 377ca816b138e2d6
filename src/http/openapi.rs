//! `GET /openapi.json`: what every call takes and answers, as OpenAPI 3.1.
//!
//! The description is written by hand; `tests/http_openapi.rs` holds it to the table of routes and to real answers.

use axum::response::Response;

use super::answer;

const DESCRIPTION: &str = include_str!("openapi.json");

pub(super) async fn describe() -> Response {
    answer::public(answer::bytes("application/json", DESCRIPTION))
}
