//! The verify page: a form, and the verdict on what was sent with it. No script: it works in every browser.

use askama::Template;
use axum::body::Body;
use axum::extract::{self, FromRequest, Multipart, Request};
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;

use super::answer;
use super::body;
use super::problem::Problem;
use super::state::State;
use crate::codec::{limits, without_scanner_line_end};
use crate::licence::{Catalogue, FieldValue, Licence};
use crate::verify::{Form, Language, Outcome, Verdict};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("page/verify.css");
/// Bytes of a form besides its picture: a part's head, and a text.
const AROUND_PICTURE: usize = 128 * 1024;

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage<'a> {
    lang: &'static str,
    html_lang: &'static str,
    other_lang: &'static str,
    text: fn(&'static str, &'static str) -> &'static str,
    most: usize,
    host: &'a str,
    problem: Option<String>,
    judged: Option<Judged>,
}

/// A verdict in words.
struct Judged {
    status: &'static str,
    headline: &'static str,
    icon: &'static str,
    at: String,
    findings: Vec<Row>,
    licence: Vec<(String, String)>,
    is_qr: bool,
}

struct Row {
    check: &'static str,
    code: &'static str,
    result: &'static str,
    icon: &'static str,
    label: &'static str,
    outcome: &'static str,
    sentence: &'static str,
}

/// `GET /`.
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    page(&state, language(&uri, &headers), None, None)
}

/// `POST /`: the same page, with the verdict above the form.
pub(super) async fn judge(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Problem> {
    let language = language(request.uri(), request.headers());
    match presented(&state, request).await {
        Ok(text) => {
            let verdict = state.registry.verify_text(without_scanner_line_end(&text), state.now());
            let judged = judged(&verdict, state.registry.catalogue(), language);
            page(&state, language, Some(judged), None)
        }
        Err(problem) => {
            let status = problem.status();
            let response = page(&state, language, None, Some(problem_in_words(&problem, language)))?;
            Ok(answer::with_status(response, status))
        }
    }
}

/// The page's style sheet.
pub(super) async fn style() -> Response {
    guarded(answer::public(answer::bytes("text/css; charset=utf-8", STYLE)))
}

fn page(
    state: &State,
    language: Language,
    judged: Option<Judged>,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let page = VerifyPage {
        lang: pick(language, "zh", "en"),
        html_lang: pick(language, "zh-CN", "en"),
        other_lang: pick(language, "en", "zh"),
        text: match language {
            Language::Zh => |zh, _| zh,
            Language::En => |_, en| en,
        },
        most: limits::ENVELOPE * 2,
        host: state.registry.public_url(),
        problem,
        judged,
    };
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "the page could not be written");
        Problem::internal()
    })?;
    let mut response = guarded(answer::bytes("text/html; charset=utf-8", html));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
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
fn language(uri: &Uri, headers: &HeaderMap) -> Language {
    let asked = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("lang="));
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = |tag: &str| match tag.trim_ascii().get(..2) {
        Some("zh") => Some(Language::Zh),
        Some("en") => Some(Language::En),
        _ => None,
    };
    asked.and_then(known).or_else(|| accepted.split(',').find_map(known)).unwrap_or(Language::Zh)
}

/// The text of the credential that the form brings, or that its picture shows.
async fn presented(state: &State, request: Request) -> Result<String, Problem> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim_ascii();
    let patience = state.limits.body_read_timeout;
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        // In the form's coding a character may take three bytes.
        let most = state.limits.body.saturating_mul(3);
        let form = body::read(request.into_body(), most, patience).await?;
        return credential_of(&form).ok_or_else(nothing_sent);
    }
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        return Err(Problem::unsupported("expected a form"));
    }
    let place = state.pictures.place()?;
    let most = state.limits.picture_body.saturating_add(AROUND_PICTURE);
    let (head, body) = request.into_parts();
    let body = body::read(body, most, patience).await?;
    let request = Request::from_parts(head, Body::from(body));
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| unreadable())?;
    while let Some(part) = form.next_field().await.map_err(|_| unreadable())? {
        let is_picture = part.name() == Some("picture");
        let is_text = part.name() == Some("credential");
        let content = part.bytes().await.map_err(|_| unreadable())?;
        if content.is_empty() {
            continue;
        }
        if is_text {
            return Ok(String::from_utf8_lossy(&content).into_owned());
        }
        if is_picture {
            return state.pictures.read(place, content).await;
        }
    }
    Err(nothing_sent())
}

fn unreadable() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "form_unreadable", "the form cannot be read")
}

fn nothing_sent() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing_sent", "expected a text or a picture")
}

/// The field `credential` of a form in `application/x-www-form-urlencoded`.
fn credential_of(form: &[u8]) -> Option<String> {
    let value = form.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(b"credential="))?;
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, behind @ ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
                decoded.push(digit(*high)? * 16 + digit(*low)?);
                rest = behind;
            }
            (byte, _) => decoded.push(*byte),
        }
    }
    (!decoded.is_empty()).then(|| String::from_utf8_lossy(&decoded).into_owned())
}

fn problem_in_words(problem: &Problem, language: Language) -> String {
    let zh = match problem.code() {
        "nothing_sent" => "请输入二维码文字，或选择一张图片。",
        "picture_format_unknown" => "文件不是 PNG 或 JPEG 图片。",
        "picture_damaged" => "图片已损坏或不完整。",
        "picture_without_code" => "图片中没有找到可读的二维码。",
        "picture_with_several_codes" => "图片中有多个不同的二维码，请只保留一个。",
        "picture_code_not_text" | "picture_code_part_of_series" => "图片中的二维码不是证照二维码。",
        "pictures_busy" => "正在处理的图片过多，请稍后再试。",
        "too_large" | "picture_too_many_bytes" | "picture_too_many_pixels" => "图片或文字过大。",
        _ => "无法处理所提交的内容。",
    };
    match language {
        Language::Zh => zh.to_owned(),
        Language::En => format!("This could not be checked: {}.", problem.detail()),
    }
}

fn judged(verdict: &Verdict, catalogue: &Catalogue, language: Language) -> Judged {
    let row = |finding: &crate::verify::Finding| Row {
        check: finding.check.as_str(),
        code: finding.code.as_str(),
        result: match finding.result {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Unknown => "unknown",
        },
        icon: match finding.result {
            Outcome::Pass => "✓",
            Outcome::Fail => "✕",
            Outcome::Unknown => "?",
        },
        label: finding.check.label(language),
        outcome: finding.result.label(language),
        sentence: finding.code.sentence(language),
    };
    Judged {
        status: verdict.status.as_str(),
        headline: verdict.status.headline(language),
        icon: match verdict.status.as_str() {
            "valid" => "✓",
            "invalid" => "✕",
            _ => "?",
        },
        at: verdict.at.to_string().replace('T', " "),
        findings: verdict.findings.iter().map(row).collect(),
        licence: verdict
            .licence
            .as_ref()
            .map(|shown| licence_rows(shown.licence(), catalogue, language))
            .unwrap_or_default(),
        is_qr: verdict.form == Some(Form::Qr),
    }
}

/// Everything that may be shown of a licence, its fields in the order of their type.
fn licence_rows(licence: &Licence, catalogue: &Catalogue, language: Language) -> Vec<(String, String)> {
    let licence_type = catalogue.get(&licence.identifier.type_code());
    let type_name = match (language, licence_type) {
        (Language::En, Some(known)) => format!("{} ({})", licence.type_name, known.name_en()),
        _ => licence.type_name.clone(),
    };
    let until = licence
        .valid_to
        .map_or_else(|| pick(language, "长期", "long-term").to_owned(), |date| date.to_string());
    let mut rows = vec![
        (pick(language, "证照类型", "Type").to_owned(), type_name),
        (pick(language, "证照编号", "Number").to_owned(), licence.number.clone()),
    ];
    for holder in &licence.holders {
        let holder = format!("{}　{}", holder.name(), holder.code());
        rows.push((pick(language, "持证主体", "Holder").to_owned(), holder));
    }
    rows.extend([
        (pick(language, "颁发机构", "Authority").to_owned(), licence.authority.name().to_owned()),
        (pick(language, "颁发日期", "Issued").to_owned(), licence.issued.to_string()),
        (pick(language, "有效期", "In force").to_owned(), format!("{} – {until}", licence.valid_from)),
    ]);
    let value = |value: &FieldValue| match value {
        FieldValue::Text(text) => text.clone(),
        FieldValue::Integer(number) => number.to_string(),
    };
    let known = licence_type.map(|known| known.fields()).unwrap_or_default();
    for field in known {
        if let Some(found) = licence.fields.get(field.key()) {
            let label = match language {
                Language::Zh => field.label(),
                Language::En => field.label_en(),
            };
            rows.push((label.to_owned(), value(found)));
        }
    }
    let unknown = licence.fields.iter().filter(|(key, _)| known.iter().all(|field| field.key() != *key));
    rows.extend(unknown.map(|(key, found)| (key.clone(), value(found))));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_gives_its_text_back() {
        assert_eq!(credential_of(b"x=1&credential=EL1%3AA+B%25%2b").as_deref(), Some("EL1:A B%+"));
        for form in ["", "credential=", "credential=%4", "credential=%zz", "other=1"] {
            assert_ne!(credential_of(form.as_bytes()).as_deref(), Some("EL1"), "{form}");
        }
        assert_eq!(credential_of(b"credential=%zz"), None);
    }

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
