//! Why a call was not done, as `application/problem+json` (RFC 9457) with a stable code.

use std::borrow::Cow;
use std::fmt::Display;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::trace::RequestId;
use crate::registry::{ActError, CameFirst, ErrorKind, ProblemView};

/// Why a call was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    problems: Vec<ProblemView>,
    came_first: Option<CameFirst>,
    retry_after: Option<u32>,
    cause: Option<String>,
}

#[derive(Serialize)]
struct ProblemBody<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    request_id: RequestId,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [ProblemView],
    #[serde(skip_serializing_if = "Option::is_none")]
    came_first: Option<&'a CameFirst>,
}

impl Problem {
    /// A problem with its stable code and a sentence on what was expected and what came.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            problems: Vec::new(),
            came_first: None,
            retry_after: None,
            cause: None,
        }
    }

    /// Ours to mend. The answer says nothing of the cause, which is logged beside the request's id.
    pub fn internal(cause: impl Display) -> Self {
        let detail = "the service failed; the cause is in its log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).caused_by(cause)
    }

    /// More bytes than are read.
    pub fn too_large(most: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("expected at most {most} bytes"))
    }

    /// A content type that the call does not take.
    pub fn unsupported(expected: &'static str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type_unsupported", expected)
    }

    /// No key, a wrong one, a withdrawn one: the answer is the same.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "expected one header \"Authorization: Bearer …\" with a key that is in force",
        )
    }

    /// With the seconds after which to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: impl Into<u32>) -> Self {
        self.retry_after = Some(seconds.into());
        self
    }

    /// With what only the log says.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// What only the log says.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The seconds after which to try again.
    pub const fn seconds_to_wait(&self) -> Option<u32> {
        self.retry_after
    }

    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// What was expected and what came.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The JSON object, in the answer to the request of this id.
    pub(super) fn to_json(&self, request_id: RequestId) -> Vec<u8> {
        let body = ProblemBody {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            request_id,
            problems: &self.problems,
            came_first: self.came_first.as_ref(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// An answer without a body yet, and the problem among its extensions: `observe`, around every call, knows the request's
/// id and writes the body.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Self {
        let code = error.code();
        let refused = |status| {
            let mut problem = Self::new(status, code, error.to_string());
            problem.problems = error.problems();
            problem.came_first = error.came_first().cloned();
            problem
        };
        let failed = |status, detail: &'static str| Self::new(status, code, detail).caused_by(&error);
        match error.kind() {
            ErrorKind::Unreadable => refused(StatusCode::BAD_REQUEST),
            ErrorKind::TooLarge => refused(StatusCode::PAYLOAD_TOO_LARGE),
            ErrorKind::Forbidden => refused(StatusCode::FORBIDDEN),
            ErrorKind::NotFound => refused(StatusCode::NOT_FOUND),
            ErrorKind::Conflict => refused(StatusCode::CONFLICT),
            ErrorKind::Refused => refused(StatusCode::UNPROCESSABLE_ENTITY),
            ErrorKind::TooOften => {
                refused(StatusCode::TOO_MANY_REQUESTS).retry_after(error.seconds_to_wait().unwrap_or(1))
            }
            ErrorKind::Busy => {
                failed(StatusCode::SERVICE_UNAVAILABLE, "too much waits; nothing was done").retry_after(1_u32)
            }
            ErrorKind::Unavailable if code == "outcome_unknown" => failed(
                StatusCode::SERVICE_UNAVAILABLE,
                "it is not known whether this was done; the same request with the same key tells",
            )
            .retry_after(5_u32),
            ErrorKind::Unavailable => {
                failed(StatusCode::SERVICE_UNAVAILABLE, "this cannot be done now; nothing was done")
                    .retry_after(30_u32)
            }
            ErrorKind::Internal => {
                failed(StatusCode::INTERNAL_SERVER_ERROR, "the service failed; the cause is in its log")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemRandom;
    use crate::http::trace::Trace;

    /// ADVERSARY #70: what failed inside is for the log.
    #[test]
    fn a_cause_is_for_the_log_and_not_for_the_answer() {
        let id = Trace::start(&SystemRandom).id;
        let problem = Problem::internal("/var/lib/ledger: permission denied");
        assert_eq!(problem.cause(), Some("/var/lib/ledger: permission denied"));
        let answer: serde_json::Value = serde_json::from_slice(&problem.to_json(id)).unwrap();
        assert_eq!(answer["detail"], "the service failed; the cause is in its log");
        assert_eq!(answer["request_id"], id.to_string());
        assert!(!answer.to_string().contains("ledger"));
        for error in
            [ActError::Internal("a request row came and went"), ActError::ClockBehind { seconds: 99 }]
        {
            let cause = error.to_string();
            let problem = Problem::from(error);
            assert!(problem.status().is_server_error());
            assert_eq!(problem.cause(), Some(cause.as_str()));
            assert!(!problem.detail().contains(&cause));
        }
    }

    #[test]
    fn a_refusal_says_what_was_expected_and_has_no_cause() {
        let problem = Problem::from(ActError::KeyReused);
        assert_eq!((problem.status().as_u16(), problem.code()), (422, "idempotency_key_reused"));
        assert_eq!(
            (problem.detail(), problem.cause()),
            ("this idempotency key was used for another request", None)
        );
    }
}
