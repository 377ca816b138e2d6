//! The verify page: a form, and the verdict on what was sent with it. It needs no script and works in every browser; where
//! there is script, `app` makes it one that can be installed and judges without a line.

mod app;
mod form;
mod used;
mod words;

use askama::Template;
use axum::extract::{self, Request};
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;

use self::words::{Judged, problem_in_words};
use super::answer;
use super::problem::Problem;
use super::state::State;
use super::trace::{RequestId, Trace};
use crate::codec::{limits, without_scanner_line_end};
use crate::verify::Language;

pub(super) use self::app::{App, decoder, icon, module, service_worker, web_manifest, words_json};

const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'; \
                      manifest-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("page/verify.css");

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage<'a> {
    lang: &'static str,
    html_lang: &'static str,
    other_lang: &'static str,
    text: fn(&'static str, &'static str) -> &'static str,
    most: usize,
    host: &'a str,
    /// None on the page that an installed app opens with: it was made for nobody's request.
    request_id: Option<RequestId>,
    at: String,
    /// Where the operator's decoder of pictures is; empty where there is none.
    decoder: &'static str,
    problem: Option<String>,
    judged: Option<Judged>,
}

/// `GET /`.
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Problem> {
    Reader::of(&request).page(&state, None, None)
}

/// `POST /`: the same page, with the verdict above the form.
pub(super) async fn judge(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Problem> {
    let reader = Reader::of(&request);
    match form::presented(&state, request).await {
        Ok(text) => {
            let verdict = state.registry.verify_text(without_scanner_line_end(&text), state.now()).await;
            let judged = Judged::of(&verdict, state.registry.catalogue(), reader.language);
            reader.page(&state, Some(judged), None)
        }
        Err(problem) => {
            let words = problem_in_words(&problem, reader.language);
            let mut response = reader.page(&state, None, Some(words))?;
            *response.status_mut() = problem.status();
            if let Some(seconds) = problem.seconds_to_wait() {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            Ok(response)
        }
    }
}

/// The page's style sheet.
pub(super) async fn style() -> Response {
    guarded(answer::public(answer::bytes("text/css; charset=utf-8", STYLE)))
}

/// The app, its opening pages among its files.
pub(super) fn app(host: &str, decoder: Option<Vec<u8>>) -> App {
    let place = decoder.as_ref().map_or("", |_| app::DECODER);
    let shell = |language| {
        let page = VerifyPage { request_id: None, ..VerifyPage::of(language, host, place) };
        page.render().unwrap_or_default()
    };
    let shells = [("/?lang=zh&installed", shell(Language::Zh)), ("/?lang=en&installed", shell(Language::En))];
    App::new(&shells, decoder)
}

impl<'a> VerifyPage<'a> {
    /// The empty page.
    fn of(language: Language, host: &'a str, decoder: &'static str) -> Self {
        VerifyPage {
            lang: pick(language, "zh", "en"),
            html_lang: pick(language, "zh-CN", "en"),
            other_lang: pick(language, "en", "zh"),
            text: match language {
                Language::Zh => |zh, _| zh,
                Language::En => |_, en| en,
            },
            most: limits::ENVELOPE * 2,
            host,
            request_id: None,
            at: String::new(),
            decoder,
            problem: None,
            judged: None,
        }
    }
}

/// Who reads the page: in which language, and under which request.
struct Reader {
    language: Language,
    /// None for a browser that fetches the page to open an installed app with it.
    request_id: Option<RequestId>,
}

impl Reader {
    fn of(request: &Request) -> Self {
        let keeps = request.uri().query().unwrap_or_default().split('&').any(|pair| pair == "installed");
        Self {
            language: language(request.uri(), request.headers()),
            request_id: (!keeps).then(|| Trace::id_of(request)),
        }
    }

    fn page(
        &self,
        state: &State,
        judged: Option<Judged>,
        problem: Option<String>,
    ) -> Result<Response, Problem> {
        let decoder = if state.app.has_decoder() { app::DECODER } else { "" };
        let at = || judged.as_ref().map_or_else(|| state.now(), |judged| judged.at);
        let page = VerifyPage {
            request_id: self.request_id,
            at: self.request_id.map(|_| at().to_string().replace('T', " ")).unwrap_or_default(),
            problem,
            judged,
            ..VerifyPage::of(self.language, state.registry.public_url(), decoder)
        };
        let html = page.render().map_err(Problem::internal)?;
        let mut response = guarded(answer::bytes("text/html; charset=utf-8", html));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

const fn pick(language: Language, zh: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Zh => zh,
        Language::En => en,
    }
}

/// `?lang=`, else the browser's first language that is one of ours, else Chinese.
pub(super) fn language(uri: &Uri, headers: &HeaderMap) -> Language {
    let asked = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("lang="));
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = |tag: &str| match tag.trim_ascii().get(..2) {
        Some("zh") => Some(Language::Zh),
        Some("en") => Some(Language::En),
        _ => None,
    };
    asked.and_then(known).or_else(|| accepted.split(',').find_map(known)).unwrap_or(Language::Zh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_asked_for_then_the_browsers_then_chinese() {
        let headers = |accept: &'static str| {
            HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static(accept))])
        };
        let at = |uri: &'static str, accept| language(&Uri::from_static(uri), &headers(accept));
        assert_eq!(at("/?lang=en", "zh-CN"), Language::En);
        assert_eq!(at("/?lang=zh", "en"), Language::Zh);
        assert_eq!(at("/", "fr, en-GB;q=0.8, zh;q=0.1"), Language::En);
        assert_eq!(at("/?lang=x", "fr"), Language::Zh);
    }
}
