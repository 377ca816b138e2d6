//! What the verify page's form brought: a text, or a picture whose code is read.

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use tokio::time::Instant;

use crate::http::body;
use crate::http::problem::Problem;
use crate::http::state::State;

/// Bytes of a form besides its picture: a part's head, and a text.
const AROUND_PICTURE: usize = 128 * 1024;

/// The text of the credential that the form brings, or that its picture shows.
pub(super) async fn presented(state: &State, request: Request) -> Result<String, Problem> {
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
    let most = state.limits.picture_body.saturating_add(AROUND_PICTURE);
    let (head, body) = request.into_parts();
    let mut upload = state.pictures.receive(body, most, Instant::now() + patience).await?;
    let request = Request::from_parts(head, Body::from(std::mem::take(&mut upload.bytes)));
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
            return state.pictures.read(upload.with(content.to_vec())).await;
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
}
