//! `POST /v1/presentations`: on the holder's order, something to show for a minute.

use std::sync::Arc;

use axum::extract::{self, Request};
use axum::http::header::VARY;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use super::accept::preferred;
use super::answer;
use super::department::Department;
use super::licences::{json_body, to_its_end};
use super::problem::Problem;
use super::state::State;
use crate::registry::PresentationView;
use crate::render::{Level, QrSymbol, Style};

/// Until when the presentation is good, where the answer is its picture.
const EXPIRES: HeaderName = HeaderName::from_static("presentation-expires");

const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";

pub(super) async fn present(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    request: Request,
) -> Result<Response, Problem> {
    let form = preferred(request.headers(), &[JSON, SVG, PNG]);
    let body = json_body(&state, request).await?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let made = to_its_end(async move { registry.present(&caller, &body, now).await }).await?;
    let mut response = answer::with_status(in_form(&made, form)?, StatusCode::CREATED);
    let headers = response.headers_mut();
    headers.insert(EXPIRES, HeaderValue::try_from(made.expires.to_string()).map_err(Problem::internal)?);
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

fn in_form(made: &PresentationView, form: &'static str) -> Result<Response, Problem> {
    let symbol = || QrSymbol::at_level(&made.qr, Level::L).map_err(Problem::internal);
    Ok(match form {
        SVG => answer::bytes(SVG, symbol()?.svg(Style::default())),
        PNG => answer::bytes(PNG, symbol()?.png(Style::default())),
        _ => answer::json(made)?,
    })
}
