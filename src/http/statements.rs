//! What the installation states to everyone: its types, trust list, ledger, and how it is.

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{self, Path};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer;
use super::problem::Problem;
use super::state::State;
use crate::licence::{LicenceType, json_schema_of_issue_request};
use crate::registry::NotReady;
use crate::sdjwt::TypeMetadata;

#[derive(Serialize)]
struct TypesView<'a> {
    types: Vec<&'a LicenceType>,
}

#[derive(Serialize)]
struct TypeView<'a> {
    #[serde(flatten)]
    licence_type: &'a LicenceType,
    #[serde(flatten)]
    metadata: TypeMetadata,
    issue_request_schema: Value,
}

pub(super) async fn list_types(extract::State(state): extract::State<State>) -> Result<Response, Problem> {
    answer::json(&TypesView { types: state.registry.catalogue().iter().collect() }).map(answer::public)
}

pub(super) async fn show_type(
    extract::State(state): extract::State<State>,
    code: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    // What is no code, or not even text, is as unknown as a code that nobody uses.
    let code = code.ok().and_then(|Path(code)| code.parse().ok());
    let licence_type = code.and_then(|code| state.registry.catalogue().get(&code)).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "type_unknown", "there is no such type in the catalogue")
    })?;
    let issue_request_schema = json_schema_of_issue_request(licence_type);
    let metadata = TypeMetadata::of(state.registry.public_url(), licence_type);
    answer::json(&TypeView { licence_type, metadata, issue_request_schema }).map(answer::public)
}

pub(super) async fn trust_list(extract::State(state): extract::State<State>) -> Response {
    answer::public(answer::bytes("application/cose", Bytes::from_owner(state.registry.trust_list())))
}

pub(super) async fn trust_list_pem(extract::State(state): extract::State<State>) -> Response {
    answer::public(answer::bytes("application/x-pem-file", state.registry.trust_list_pem()))
}

pub(super) async fn ledger_checkpoint(extract::State(state): extract::State<State>) -> Response {
    text(state.registry.checkpoint().to_string())
}

pub(super) async fn ledger_key(extract::State(state): extract::State<State>) -> Response {
    text(state.registry.ledger_key())
}

pub(super) async fn alive() -> Result<Response, Problem> {
    answer::json(&json!({"status": "alive"}))
}

pub(super) async fn ready(extract::State(state): extract::State<State>) -> Result<Response, Problem> {
    state.registry.readiness().await.map_err(not_ready)?;
    answer::json(&json!({"status": "ready"}))
}

/// What keeps this node from taking orders.
pub(super) fn not_ready(error: NotReady) -> Problem {
    let (code, detail, seconds) = match error {
        NotReady::DatabaseLost(_) => {
            ("database_lost", "this node does not reach its database; the cause is in the log", 1_u32)
        }
        NotReady::CatchingUp { .. } => {
            ("catching_up", "this node takes in what other nodes have written; it is not up to date yet", 1)
        }
        NotReady::Store(_) | NotReady::Checkpoint(_) | NotReady::TrustList(_) => {
            ("not_ready", "the store takes no entries now; the cause is in the log", 5)
        }
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(seconds).caused_by(error)
}

fn text(text: String) -> Response {
    answer::public(answer::bytes("text/plain; charset=utf-8", text))
}
