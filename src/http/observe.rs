//! Stands around every call: its time limit, the headers of its answer, one line in the log.
//!
//! The log says method, route, status and duration. It never holds identifiers, bodies, keys or addresses.

use std::time::Instant;

use axum::extract::{self, MatchedPath, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::department::refuse_acting_over_tcp;
use super::problem::Problem;
use super::state::State;

pub(super) async fn observe(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = match refuse_acting_over_tcp(request.headers(), state.listener) {
        Some(problem) => problem.into_response(),
        None => match tokio::time::timeout(state.limits.request_timeout, next.run(request)).await {
            Ok(response) => response,
            Err(_) => timed_out().into_response(),
        },
    };
    add_headers(response.headers_mut());
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let ms = start.elapsed().as_secs_f64() * 1_000.0;
    tracing::info!(method, route, status = response.status().as_u16(), ms, "answered");
    response
}

/// What an answer has not set itself: a page brings its own policy, what is public its own caching.
fn add_headers(headers: &mut HeaderMap) {
    let defaults = [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

fn timed_out() -> Problem {
    let detail = "this took too long; the same request with the same key tells whether it was done";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", detail).retry_after(5)
}

/// A method is whatever a client writes; only known ones reach the log.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
