//! `GET /v1/pack`: what an offline verifier needs, whole or as an update.

use std::sync::Arc;

use axum::extract::{self, RawQuery};
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use tokio::sync::Semaphore;

use super::answer;
use super::problem::Problem;
use super::state::State;
use crate::codec::KeyId;
use crate::pack::Selection;
use crate::registry::{HeldPack, PackRequest};

/// Packs that are at work at once, each on a thread: one is made, and whoever wants the same waits for it. The others wait
/// without a thread.
static TURNS: Semaphore = Semaphore::const_new(4);

/// Parts of a held pack that a query may name.
const MOST_HELD: usize = 200;

pub(super) async fn pack(
    extract::State(state): extract::State<State>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let request = read_query(query.as_deref().unwrap_or_default())?;
    let (registry, now) = (Arc::clone(&state.registry), state.now());
    let turn = TURNS.acquire().await.map_err(Problem::internal)?;
    let made = tokio::task::spawn_blocking(move || {
        // It stays taken while the thread is, though the client may have gone.
        let _turn = turn;
        registry.pack(&request, now)
    });
    let made = made.await;
    let pack = made.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = match known {
        Some(known) if known.split(',').any(|tag| tag.trim() == pack.etag) => {
            answer::with_status(answer::bytes("application/cbor", ""), StatusCode::NOT_MODIFIED)
        }
        _ => answer::bytes("application/cbor", pack.bytes),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
    if let Ok(etag) = HeaderValue::try_from(pack.etag) {
        headers.insert(ETAG, etag);
    }
    Ok(response)
}

/// `since=VERSION`, `have=` beginnings of digests, `type=` and `authority=` as often as wanted.
fn read_query(query: &str) -> Result<PackRequest, Problem> {
    let (mut since, mut digests, mut selection) = (None, Vec::new(), Selection::default());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let good = match key {
            "since" if since.is_none() => value.parse().map(|version| since = Some(version)).is_ok(),
            "have" => read_digests(value, &mut digests),
            "type" => value.parse().map(|code| selection.types.push(code)).is_ok(),
            "authority" => value.parse().map(|code| selection.authorities.push(code)).is_ok(),
            _ => false,
        };
        if !good || selection.types.len() + selection.authorities.len() > MOST_HELD {
            let key: String = key.chars().take(40).collect();
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "pack_query_refused",
                format!(
                    "expected since=VERSION, have=16 hexadecimal digits with commas between them, type=CODE and authority=CODE; {key:?} is not so"
                ),
            ));
        }
    }
    let all = selection.types.is_empty() && selection.authorities.is_empty();
    Ok(PackRequest {
        selection: (!all).then_some(selection),
        held: since.map(|version| HeldPack { version, digests }),
    })
}

fn read_digests(value: &str, digests: &mut Vec<[u8; 8]>) -> bool {
    // A beginning of a digest looks as a key id does: sixteen digits.
    let read = value.split(',').filter(|one| !one.is_empty()).map(KeyId::from_hex);
    let read: Option<Vec<KeyId>> = read.collect();
    let Some(read) = read.filter(|read| read.len() <= MOST_HELD) else { return false };
    digests.extend(read.iter().map(|begin| *begin.as_bytes()));
    true
}
