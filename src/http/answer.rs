//! What is sent back when a call was done.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::problem::Problem;

/// A value as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> Result<Response, Problem> {
    // Room for a verdict with its licence.
    let mut body = Vec::with_capacity(2_048);
    serde_json::to_writer(&mut body, value).map_err(Problem::internal)?;
    Ok(bytes("application/json", body))
}

/// Bytes of a content type.
pub(super) fn bytes(content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The same answer with another status.
pub(super) fn with_status(mut response: Response, status: StatusCode) -> Response {
    *response.status_mut() = status;
    response
}

/// The same answer, which is nobody's secret and may be kept as long as it is asked for anew.
pub(super) fn public(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
