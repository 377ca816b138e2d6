//! The published status lists: which there are, and each in the form that is asked for, so that caches on the way can carry it.

use std::time::Instant;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{self, Path};
use axum::http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::answer;
use super::problem::Problem;
use super::state::State;
use crate::registry::{ActError, Published, Registry};
use crate::status::StatusListForm;

/// The aggregation of the draft, section 9.
#[derive(Serialize)]
struct ListsView {
    status_lists: Vec<String>,
}

/// `GET /v1/status-lists`.
pub(super) async fn list(extract::State(state): extract::State<State>) -> Result<Response, Problem> {
    let now = state.now();
    let status_lists = off_the_loop(&state, move |registry| registry.status_list_uris(now)).await?;
    let mut response = answer::json(&ListsView { status_lists })?;
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(answer::public(response))
}

/// `GET /v1/status-lists/{id}`.
pub(super) async fn show(
    extract::State(state): extract::State<State>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = accepted_form(&headers).ok_or_else(|| {
        let detail = "a status list comes as application/statuslist+cwt or application/statuslist+jwt";
        Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail)
    })?;
    // What is not even text is no list's name either.
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let (now, tick) = (state.now(), Instant::now());
    let published = off_the_loop(&state, move |registry| registry.status_list(&id, now, tick)).await?;
    let published = published.ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "status_list_unknown", "there is no such status list")
    })?;
    answer_with(&published, form, &headers)
}

/// Signing a list anew takes longer than other requests should wait for a thread.
async fn off_the_loop<T: Send + 'static>(
    state: &State,
    act: impl FnOnce(&Registry) -> Result<T, ActError> + Send + 'static,
) -> Result<T, Problem> {
    let registry = std::sync::Arc::clone(&state.registry);
    let done = tokio::task::spawn_blocking(move || act(&registry)).await;
    Ok(done.map_err(Problem::internal)??)
}

fn answer_with(
    published: &Published,
    form: StatusListForm,
    request: &HeaderMap,
) -> Result<Response, Problem> {
    let representation = published.form(form);
    let tag = format!("\"{}\"", representation.tag);
    let mut response = if is_known(request, &tag) {
        answer::with_status(Response::default(), StatusCode::NOT_MODIFIED)
    } else {
        let mut response =
            Response::new(Bytes::from_owner(std::sync::Arc::clone(&representation.bytes)).into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
        response
    };
    let max_age = format!("public, max-age={}", published.max_age);
    for (name, value) in [(ETAG, tag), (CACHE_CONTROL, max_age)] {
        response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(Problem::internal)?);
    }
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    // Wallets run in browsers, under other origins; nothing here is anybody's secret.
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

/// Whether the client has this very representation (RFC 9110 §13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let mut tags = values(headers, &IF_NONE_MATCH);
    tags.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// The form that is most welcome (RFC 9110 §12.5.1): CWT, where nothing is said or both are as welcome; none, where neither is.
fn accepted_form(headers: &HeaderMap) -> Option<StatusListForm> {
    if !headers.contains_key(ACCEPT) {
        return Some(StatusListForm::Cwt);
    }
    let welcome = StatusListForm::ALL.map(|form| (welcome(headers, form), form));
    let (weight, form) = welcome.into_iter().rev().max_by_key(|(weight, _)| *weight)?;
    (weight > 0).then_some(form)
}

/// How welcome a form is, in thousandths: what the most specific range says that it falls into.
fn welcome(headers: &HeaderMap, form: StatusListForm) -> u16 {
    let ranges = values(headers, &ACCEPT).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let specific = match parts.next()? {
            "*/*" => 0,
            "application/*" => 1,
            name if name.eq_ignore_ascii_case(form.media_type()) => 2,
            _ => return None,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some((specific, weight.map_or(1_000, thousandths)))
    });
    ranges.max_by_key(|(specific, _)| *specific).map_or(0, |(_, weight)| weight)
}

/// A weight of at most three decimals; anything else is no wish.
fn thousandths(weight: &str) -> u16 {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = decimals.len() <= 3 && decimals.bytes().all(|digit| digit.is_ascii_digit());
    match (whole, format!("{decimals:0<3}").parse::<u16>()) {
        ("1", Ok(0)) if digits => 1_000,
        ("0", Ok(thousandths)) if digits => thousandths,
        _ => 0,
    }
}

/// The members of a header that is a list, over all its lines.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(accept: &[&'static str]) -> Option<StatusListForm> {
        let lines = accept.iter().map(|line| (ACCEPT, HeaderValue::from_static(line)));
        accepted_form(&lines.collect())
    }

    #[test]
    fn the_most_welcome_form_is_answered() {
        use StatusListForm::{Cwt, Jwt};
        for (accept, expected) in [
            (&[][..], Some(Cwt)),
            (&["*/*"], Some(Cwt)),
            (&["application/statuslist+cwt"], Some(Cwt)),
            (&["application/statuslist+jwt"], Some(Jwt)),
            (&["Application/StatusList+JWT"], Some(Jwt)),
            (&["application/statuslist+jwt, application/statuslist+cwt"], Some(Cwt)),
            (&["application/statuslist+jwt, application/statuslist+cwt;q=0.9"], Some(Jwt)),
            (&["text/html", "application/statuslist+jwt;q=0.001"], Some(Jwt)),
            (&["application/statuslist+cwt;q=0, */*"], Some(Jwt)),
            (&["application/*;q=0.5, application/statuslist+jwt;q=0.4"], Some(Cwt)),
            (&["*/*;q=0.1, application/*;q=0"], None),
            (&["application/json"], None),
            (&["application/statuslist+jwt;q=2"], None),
            (&[""], None),
        ] {
            assert_eq!(accepting(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn a_known_tag_is_known_in_any_company() {
        let known = |value: &'static str| {
            is_known(&HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(value))]), "\"ab\"")
        };
        for yes in ["\"ab\"", "W/\"ab\"", "\"x\", \"ab\"", "*"] {
            assert!(known(yes), "{yes}");
        }
        for no in ["ab", "\"abc\"", "\"a\"", ""] {
            assert!(!known(no), "{no}");
        }
    }
}
