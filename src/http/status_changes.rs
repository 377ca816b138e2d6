//! `POST /v1/licences/status-changes`: NDJSON in, NDJSON out, a row for a row, in order and in bounded memory.
//!
//! Rows are on their way several at a time, so that they share the store's syncs. What was begun is done to its end, also
//! when the client hangs up: the same rows sent again say what became of them.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{self, Request};
use axum::response::Response;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::answer;
use super::body::MediaType;
use super::department::Department;
use super::lines::{Line, LineLimits, Lines};
use super::problem::Problem;
use super::state::State;
use super::trace::{RequestId, Trace};
use crate::licence::Identifier;
use crate::registry::{Caller, NamedOnce, StatusRow, StatusRowView};

/// Rows that go to the store in one turn, and turns of one client under way at once.
const ROWS_A_TURN: usize = 16;
const TURNS_AT_ONCE: usize = 4;
/// Bytes from which on a turn takes no further row.
const BYTES_A_TURN: usize = 64 * 1024;

/// A row on its way.
struct Numbered {
    row: u64,
    read: Result<StatusRow, Problem>,
}

/// Counts rows and sees to it that each names another licence.
#[derive(Default)]
struct Rows {
    count: u64,
    named: NamedOnce,
}

#[derive(Serialize)]
struct Done<'a> {
    row: u64,
    #[serde(flatten)]
    done: &'a StatusRowView,
}

#[derive(Serialize)]
struct Refused<'a> {
    row: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<&'a Identifier>,
    result: &'static str,
    problem: Value,
}

pub(super) async fn change_many(
    extract::State(state): extract::State<State>,
    Department(caller): Department,
    request: Request,
) -> Result<Response, Problem> {
    if MediaType::of(request.headers()) != Some(MediaType::Ndjson) {
        return Err(Problem::unsupported("expected application/x-ndjson, without coding"));
    }
    let id = Trace::id_of(&request);
    let limits = LineLimits {
        line: StatusRow::MAX_BYTES,
        patience: state.limits.body_read_timeout,
        deadline: Instant::now() + state.limits.batch_timeout,
    };
    let lines = Lines::new(request.into_body().into_data_stream(), limits);
    let turns = stream::unfold((lines, Rows::default()), |(mut lines, mut rows)| async {
        let some = lines.some(ROWS_A_TURN, BYTES_A_TURN).await?;
        let turn: Vec<Numbered> = some.into_iter().map(|line| rows.read(line)).collect();
        Some((turn, (lines, rows)))
    });
    let answers = turns
        .map(move |turn| {
            let (state, caller) = (state.clone(), caller.clone());
            let numbers: Vec<u64> = turn.iter().map(|numbered| numbered.row).collect();
            let done = tokio::spawn(async move { change_all(&state, &caller, id, &turn).await });
            async move {
                done.await.unwrap_or_else(|error| {
                    let problem = Problem::internal(error);
                    numbers.iter().flat_map(|row| refused(*row, None, &problem, id)).collect()
                })
            }
        })
        .buffered(TURNS_AT_ONCE)
        .map(|answers| Ok::<_, Infallible>(Bytes::from(answers)));
    Ok(answer::bytes("application/x-ndjson", Body::from_stream(answers)))
}

impl Rows {
    fn read(&mut self, line: Line) -> Numbered {
        self.count += 1;
        let read = line.and_then(|line| {
            let row = StatusRow::from_json(&line)?;
            self.named.note(&row)?;
            Ok(row)
        });
        Numbered { row: self.count, read }
    }
}

/// The answers of a turn's rows, in order.
async fn change_all(state: &State, caller: &Caller, id: RequestId, turn: &[Numbered]) -> Vec<u8> {
    let answers = join_all(turn.iter().map(|numbered| change(state, caller, id, numbered)));
    answers.await.concat()
}

async fn change(state: &State, caller: &Caller, id: RequestId, Numbered { row, read }: &Numbered) -> Vec<u8> {
    let named = match read {
        Ok(named) => named,
        Err(problem) => return refused(*row, None, problem, id),
    };
    let done = state.registry.change_status_by_row(caller, named, state.now()).await;
    let line = done
        .map_err(Problem::from)
        .and_then(|done| serde_json::to_vec(&Done { row: *row, done: &done }).map_err(Problem::internal));
    match line {
        Ok(mut line) => {
            line.push(b'\n');
            line
        }
        Err(problem) => refused(*row, Some(named.identifier()), &problem, id),
    }
}

fn refused(row: u64, identifier: Option<&Identifier>, problem: &Problem, id: RequestId) -> Vec<u8> {
    let problem = serde_json::from_slice(&problem.to_json(id)).unwrap_or_default();
    let line = serde_json::to_vec(&Refused { row, identifier, result: "refused", problem });
    let mut line = line.unwrap_or_default();
    line.push(b'\n');
    line
}
