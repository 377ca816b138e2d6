//! What was sent: content types, and bodies within their limits.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::problem::Problem;

/// The content types that calls take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    Json,
    Text,
    Cose,
    Ndjson,
    Picture,
}

impl MediaType {
    /// The one content type of a request, its parameters left aside; `None` for none, several, any other, and for a body
    /// under a content coding other than `identity`, which is none.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        if headers
            .get_all(CONTENT_ENCODING)
            .iter()
            .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            return None;
        }
        let mut all = headers.get_all(CONTENT_TYPE).iter();
        let (Some(value), None) = (all.next(), all.next()) else { return None };
        let essence = value.to_str().ok()?.split(';').next()?.trim_ascii();
        let known = [
            ("application/json", Self::Json),
            ("text/plain", Self::Text),
            ("application/cose", Self::Cose),
            ("application/x-ndjson", Self::Ndjson),
            ("application/ndjson", Self::Ndjson),
            ("image/png", Self::Picture),
            ("image/jpeg", Self::Picture),
        ];
        known.iter().find(|(name, _)| essence.eq_ignore_ascii_case(name)).map(|(_, media)| *media)
    }
}

/// The whole body. The common one, which came in one piece, is not copied.
pub(super) async fn read(body: Body, most: usize, patience: Duration) -> Result<Bytes, Problem> {
    refuse_by_length(&body, most)?;
    match tokio::time::timeout(patience, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(most)),
        Ok(Err(_)) => Err(incomplete()),
        Err(_) => Err(late()),
    }
}

/// A body that says itself that it is too long is not even begun.
pub(super) fn refuse_by_length(body: &Body, most: usize) -> Result<(), Problem> {
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(Problem::too_large(most));
    }
    Ok(())
}

pub(super) fn incomplete() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "body_incomplete", "the body ended before its end")
}

pub(super) fn late() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", "the body did not come in time")
}
