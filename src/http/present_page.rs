//! The page for showing a licence (亮证): its script asks `/v1/presentations`, counts down, and asks again in time.

use askama::Template;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::Response;

use super::answer;
use super::page::language;
use super::problem::Problem;
use crate::verify::Language;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("present_page/present.css");
const SCRIPT: &str = include_str!("present_page/present.js");

#[derive(Template)]
#[template(path = "present.html")]
struct PresentPage {
    html_lang: &'static str,
    other_lang: &'static str,
    text: fn(&'static str, &'static str) -> &'static str,
}

/// `GET /present`.
pub(super) async fn show(request: Request) -> Result<Response, Problem> {
    let page = match language(request.uri(), request.headers()) {
        Language::Zh => PresentPage { html_lang: "zh-CN", other_lang: "en", text: |zh, _| zh },
        Language::En => PresentPage { html_lang: "en", other_lang: "zh", text: |_, en| en },
    };
    let html = page.render().map_err(Problem::internal)?;
    Ok(guarded(answer::bytes("text/html; charset=utf-8", html)))
}

/// The page's style sheet.
pub(super) async fn style() -> Response {
    guarded(answer::public(answer::bytes("text/css; charset=utf-8", STYLE)))
}

/// The page's script.
pub(super) async fn script() -> Response {
    guarded(answer::public(answer::bytes("text/javascript; charset=utf-8", SCRIPT)))
}

fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
