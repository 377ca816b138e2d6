//! Why a call was not done, as `application/problem+json` (RFC 9457) with a stable code.

use std::borrow::Cow;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::registry::{ActError, ErrorKind, ProblemView};

/// Why a call was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    problems: Vec<ProblemView>,
    retry_after: Option<u16>,
}

#[derive(Serialize)]
struct ProblemBody<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [ProblemView],
}

impl Problem {
    /// A problem with its stable code and a sentence on what was expected and what came.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), problems: Vec::new(), retry_after: None }
    }

    /// Ours to mend. Says nothing of the cause, which is logged.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the service failed; the cause is in its log",
        )
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
    pub fn retry_after(mut self, seconds: u16) -> Self {
        self.retry_after = Some(seconds);
        self
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

    /// The JSON object.
    pub fn to_json(&self) -> Vec<u8> {
        let body = ProblemBody {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            problems: &self.problems,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.to_json()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Self {
        let code = error.code();
        let refused = |status| {
            let mut problem = Self::new(status, code, error.to_string());
            problem.problems = error.problems();
            problem
        };
        let failed = |status, detail: &'static str| {
            tracing::error!(code, %error, "an act was not done");
            Self::new(status, code, detail)
        };
        match error.kind() {
            ErrorKind::Unreadable => refused(StatusCode::BAD_REQUEST),
            ErrorKind::TooLarge => refused(StatusCode::PAYLOAD_TOO_LARGE),
            ErrorKind::NotFound => refused(StatusCode::NOT_FOUND),
            ErrorKind::Conflict => refused(StatusCode::CONFLICT),
            ErrorKind::Refused => refused(StatusCode::UNPROCESSABLE_ENTITY),
            ErrorKind::Busy => {
                failed(StatusCode::SERVICE_UNAVAILABLE, "too much waits; nothing was done").retry_after(1)
            }
            ErrorKind::Unavailable if code == "outcome_unknown" => failed(
                StatusCode::SERVICE_UNAVAILABLE,
                "it is not known whether this was done; the same request with the same key tells",
            )
            .retry_after(5),
            ErrorKind::Unavailable => {
                failed(StatusCode::SERVICE_UNAVAILABLE, "this cannot be done now; nothing was done")
                    .retry_after(30)
            }
            ErrorKind::Internal => {
                failed(StatusCode::INTERNAL_SERVER_ERROR, "the service failed; the cause is in its log")
            }
        }
    }
}
