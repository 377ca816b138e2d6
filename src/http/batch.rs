//! `POST /v1/verifications/batch`: NDJSON in, NDJSON out, a line for a line, in order and in bounded memory.
//!
//! Lines are judged a few at a time on every core. A client reads while it sends: where it does not read, no more of its
//! lines are taken.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{self, Request};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::answer;
use super::body::MediaType;
use super::lines::{Line, LineLimits, Lines};
use super::problem::Problem;
use super::state::State;
use super::trace::{RequestId, Trace};
use super::verifications::CredentialRequest;

/// Lines judged in one go before other calls have their turn.
const LINES_A_TURN: usize = 8;
/// Bytes from which on a turn takes no further line.
const BYTES_A_TURN: usize = 64 * 1024;
/// Turns of one client under way at once: enough for every core, and few enough that others get at them too.
const TURNS_AT_ONCE: usize = 4;

pub(super) async fn verify_batch(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Problem> {
    if MediaType::of(request.headers()) != Some(MediaType::Ndjson) {
        return Err(Problem::unsupported("expected application/x-ndjson, without coding"));
    }
    let id = Trace::id_of(&request);
    let limits = LineLimits {
        line: state.limits.batch_line,
        patience: state.limits.body_read_timeout,
        deadline: Instant::now() + state.limits.batch_timeout,
    };
    let lines = Lines::new(request.into_body().into_data_stream(), limits);
    let turns = stream::unfold(lines, |mut lines| async {
        lines.some(LINES_A_TURN, BYTES_A_TURN).await.map(|turn| (turn, lines))
    });
    let answers = turns
        .map(move |turn| {
            let (state, lines) = (state.clone(), turn.len());
            let judged = tokio::spawn(async move { judge_all(&state, id, turn).await });
            async move {
                judged.await.unwrap_or_else(|error| line_of(&Problem::internal(error), id).repeat(lines))
            }
        })
        .buffered(TURNS_AT_ONCE)
        .map(|answers| Ok::<_, Infallible>(Bytes::from(answers)));
    Ok(answer::bytes("application/x-ndjson", Body::from_stream(answers)))
}

async fn judge_all(state: &State, id: RequestId, lines: Vec<Line>) -> Vec<u8> {
    let mut answers = Vec::new();
    for line in lines {
        let judged = match line {
            Ok(line) => judge(state, &line).await,
            Err(problem) => Err(problem),
        };
        match judged {
            Ok(verdict) => {
                answers.extend(verdict);
                answers.push(b'\n');
            }
            Err(problem) => answers.extend(line_of(&problem, id)),
        }
    }
    answers
}

async fn judge(state: &State, line: &[u8]) -> Result<Vec<u8>, Problem> {
    let request = CredentialRequest::from_json(line)?;
    if request.purpose.is_some() {
        let detail = "a batch gives no receipts: send what has a purpose to /v1/verifications";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "verification_request_refused", detail));
    }
    let challenge = request.challenge()?;
    let verdict = state.registry.verify(request.presented(challenge.as_ref()), None, state.now()).await;
    serde_json::to_vec(&verdict).map_err(Problem::internal)
}

fn line_of(problem: &Problem, id: RequestId) -> Vec<u8> {
    let mut line = problem.to_json(id);
    line.push(b'\n');
    line
}
