//! `POST /v1/verifications/batch`: NDJSON in, NDJSON out, a line for a line, in order and in bounded memory.
//!
//! A client reads while it sends: where it does not read, no more of its lines are taken.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{self, Request};
use axum::response::Response;
use futures_util::{StreamExt, stream};

use super::answer;
use super::body::{self, MediaType};
use super::problem::Problem;
use super::state::State;
use super::trace::{RequestId, Trace};
use super::verifications::CredentialRequest;

/// Lines judged in one go before other calls have their turn.
const LINES_A_TURN: usize = 32;

pub(super) async fn verify_batch(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Problem> {
    if MediaType::of(request.headers()) != Some(MediaType::Ndjson) {
        return Err(Problem::unsupported("expected application/x-ndjson, without coding"));
    }
    let id = Trace::id_of(&request);
    let lines = Lines::new(request.into_body().into_data_stream(), state.limits.batch_line);
    let answers = stream::unfold((state, lines), move |(state, mut lines)| async move {
        let answers = turn(&state, id, &mut lines).await?;
        tokio::task::yield_now().await;
        Some((Ok::<_, Infallible>(Bytes::from(answers)), (state, lines)))
    });
    Ok(answer::bytes("application/x-ndjson", Body::from_stream(answers)))
}

/// The answers to the next few lines; `None` at the end.
async fn turn(state: &State, id: RequestId, lines: &mut Lines) -> Option<Vec<u8>> {
    let mut answers = Vec::new();
    let mut next = lines.next(state.limits.body_read_timeout).await;
    for left in (0..LINES_A_TURN).rev() {
        let Some(line) = next else { break };
        answers
            .extend(line.and_then(|line| judge(state, &line)).unwrap_or_else(|problem| problem.to_json(id)));
        answers.push(b'\n');
        next = if left > 0 { lines.complete() } else { None };
    }
    (!answers.is_empty()).then_some(answers)
}

fn judge(state: &State, line: &[u8]) -> Result<Vec<u8>, Problem> {
    let request = CredentialRequest::from_json(line)?;
    let verdict = state.registry.verify_text(&request.credential, state.now());
    serde_json::to_vec(&verdict).map_err(Problem::internal)
}

/// A body cut into lines of at most `most` bytes.
struct Lines {
    body: BodyDataStream,
    most: usize,
    /// What came and was not given out; up to `scanned` it holds no line end.
    waiting: Vec<u8>,
    scanned: usize,
    /// The rest of a line that was too long is on its way.
    skipping: bool,
    ended: bool,
}

impl Lines {
    const fn new(body: BodyDataStream, most: usize) -> Self {
        Self { body, most, waiting: Vec::new(), scanned: 0, skipping: false, ended: false }
    }

    /// The next line without its end; `None` at the body's end.
    async fn next(&mut self, patience: Duration) -> Option<Result<Vec<u8>, Problem>> {
        loop {
            if let Some(line) = self.complete() {
                return Some(line);
            }
            if self.ended {
                return self.last();
            }
            match tokio::time::timeout(patience, self.body.next()).await {
                Ok(Some(Ok(piece))) => self.waiting.extend_from_slice(&piece),
                Ok(None) => self.ended = true,
                Ok(Some(Err(_))) => return Some(Err(self.give_up(body::incomplete()))),
                Err(_) => return Some(Err(self.give_up(body::late()))),
            }
        }
    }

    /// A line that is there to its end already.
    fn complete(&mut self) -> Option<Result<Vec<u8>, Problem>> {
        loop {
            let fresh = self.waiting.get(self.scanned..).unwrap_or_default();
            let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else {
                self.scanned = self.waiting.len();
                return self.too_long();
            };
            let mut line: Vec<u8> = self.waiting.drain(..=self.scanned + end).collect();
            self.scanned = 0;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            line.pop();
            let fits = line.len() <= self.most;
            return Some(if fits { Ok(line) } else { Err(Problem::too_large(self.most)) });
        }
    }

    /// A line without an end is given up once it is too long, and what still comes of it thrown away.
    fn too_long(&mut self) -> Option<Result<Vec<u8>, Problem>> {
        if self.waiting.len() <= self.most && !self.skipping {
            return None;
        }
        self.waiting.clear();
        self.scanned = 0;
        let first = !std::mem::replace(&mut self.skipping, true);
        first.then(|| Err(Problem::too_large(self.most)))
    }

    /// A last line that has no end.
    fn last(&mut self) -> Option<Result<Vec<u8>, Problem>> {
        let line = std::mem::take(&mut self.waiting);
        self.scanned = 0;
        (!line.is_empty()).then_some(Ok(line))
    }

    fn give_up(&mut self, problem: Problem) -> Problem {
        self.waiting.clear();
        self.scanned = 0;
        self.ended = true;
        problem
    }
}
