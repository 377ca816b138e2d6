//! `GET /v1/receipts/{id}`: a receipt again, as envelope, as JSON, or as the page that a clerk prints.

use std::sync::LazyLock;

use axum::extract::{self, FromRequestParts, Path};
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::accept::preferred;
use super::answer;
use super::department::Department;
use super::problem::Problem;
use super::state::State;
use crate::crypto::Digest;
use crate::registry::{ActError, KeptReceipt};
use crate::render::{RECEIPT_STYLE, ReceiptDocument};

const JSON: &str = "application/json";
const COSE: &str = "application/cose";
const HTML: &str = "text/html";

/// The page's own style sheet stands in it; nothing else is let in.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Digest::of(RECEIPT_STYLE.as_bytes()).as_bytes());
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});

/// The id in the path, whatever it holds: what is none is as unknown as one that was never given.
pub(super) struct ReceiptName(String);

impl FromRequestParts<State> for ReceiptName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| ActError::ReceiptNotFound.into())
    }
}

pub(super) async fn show(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    ReceiptName(id): ReceiptName,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kept = state.registry.receipt(&caller, &id)?;
    let mut response = match preferred(&headers, &[JSON, COSE, HTML]) {
        COSE => file(&kept),
        HTML => page(&state, &kept)?,
        _ => answer::json(&kept.view())?,
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

fn file(kept: &KeptReceipt) -> Response {
    let mut response = answer::bytes(COSE, kept.envelope.bare_bytes().to_vec());
    let name = format!("attachment; filename=\"receipt-{}.elic\"", kept.shown.claims().id);
    if let Ok(disposition) = HeaderValue::try_from(name) {
        response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

fn page(state: &State, kept: &KeptReceipt) -> Result<Response, Problem> {
    let catalogue = state.registry.catalogue();
    let document = ReceiptDocument { shown: &kept.shown, envelope: &kept.envelope, catalogue };
    let mut response = answer::bytes("text/html; charset=utf-8", document.html().map_err(Problem::internal)?);
    let headers = response.headers_mut();
    headers
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::try_from(POLICY.as_str()).map_err(Problem::internal)?);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}
