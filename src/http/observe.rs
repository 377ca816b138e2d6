//! Stands around every call: its id, its time limit, the headers of its answer, its line in the log.
//!
//! The log says request id, method, route, status, duration, and the id of the key that was shown. It never holds
//! identifiers, bodies, keys or addresses. Failures are errors with their cause, what is
//! turned away for want of room is a warning, acts and refusals are `info`; what only looks, verifying above all, is
//! `debug`: it changes nothing, and writing a line costs a good part of what judging a licence does.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{self, MatchedPath, Request};
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, REFERRER_POLICY, TRANSFER_ENCODING,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::department::refuse_acting_over_tcp;
use super::problem::Problem;
use super::proxies::believe_proxies;
use super::state::State;
use super::trace::{RequestId, Trace};

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

pub(super) async fn observe(
    extract::State(state): extract::State<State>,
    mut request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let trace = Trace::start(&*state.random);
    let seen = Seen::of(&request);
    let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
    request.extensions_mut().insert(trace.clone());
    believe_proxies(&mut request, state.registry.trusted_proxies());
    let mut response = match refuse_acting_over_tcp(request.headers(), state.listener) {
        Some(problem) => problem.into_response(),
        None => match tokio::time::timeout(state.limits.request_timeout, next.run(request)).await {
            Ok(response) => response,
            Err(_) => timed_out().into_response(),
        },
    };
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Body::from(problem.to_json(trace.id));
    }
    add_headers(response.headers_mut(), trace.id);
    if is_chunked {
        // Where a length came besides, which hyper keeps to itself, nothing behind this request may be believed to be one
        // (RFC 9112 §6.1).
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let route = seen.route.as_ref().map(MatchedPath::as_str);
    state.watch.answered(route, response.status(), problem.as_ref().map(Problem::code));
    seen.log(&trace, response.status(), problem.as_ref(), start);
    response
}

/// What an answer has not set itself: a page brings its own policy, what is public its own caching.
fn add_headers(headers: &mut HeaderMap, id: RequestId) {
    let defaults = [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
}

fn timed_out() -> Problem {
    let detail = "this took too long; the same request with the same key tells whether it was done";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", detail).retry_after(5_u32)
}

/// What the log may say of a request.
struct Seen {
    method: &'static str,
    route: Option<MatchedPath>,
}

impl Seen {
    /// A method is whatever a client writes; only known ones reach the log.
    fn of(request: &Request) -> Self {
        let method = match *request.method() {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::OPTIONS => "OPTIONS",
            _ => "other",
        };
        Self { method, route: request.extensions().get().cloned() }
    }

    fn log(self, trace: &Trace, status: StatusCode, problem: Option<&Problem>, start: Instant) {
        let Self { method, route } = &self;
        let route = route.as_ref().map_or("none", MatchedPath::as_str);
        let key = trace.caller().map(|caller| caller.asked_by());
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    request_id = %trace.id,
                    method,
                    route,
                    status = status.as_u16(),
                    ms = start.elapsed().as_secs_f64() * 1_000.0,
                    key,
                    code = problem.map(Problem::code),
                    cause = problem.and_then(Problem::cause),
                    "answered"
                )
            };
        }
        let is_act = key.is_some() && *method == "POST";
        match problem {
            Some(problem) if problem.cause().is_some() => line!(error),
            _ if status.is_server_error() => line!(warn),
            _ if status.is_client_error() || is_act => line!(info),
            _ => line!(debug),
        }
    }
}
