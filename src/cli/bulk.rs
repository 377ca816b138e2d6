//! Files of rows, one or a million, done a row at a time.
//!
//! Rows are in flight many at once, so that they share the store's syncs; what became of them is told in the order of the
//! file. A run that was cut off is run again: each job knows what it has done.

mod csv;
mod lanes;
mod report;
mod rows;

use std::path::PathBuf;

use futures_util::StreamExt;
use futures_util::future::{Either, ready};
use futures_util::stream::poll_fn;
use serde_json::Value;
use tokio::sync::watch;

pub(super) use self::lanes::Job;
use self::lanes::{IN_FLIGHT, Lanes};
use self::report::Report;
use self::rows::{Row, Source};
use super::exit::{CliError, Exit, INTERRUPTED, Refusal};
use super::print::note;
use super::serve::stop;
use super::{DataArgs, OutputArgs, runtime};
use crate::registry::{NamedOnce, StatusRow};

/// Does every row of the files, in the order in which they are named.
pub(super) fn run(
    job: Job,
    data: &DataArgs,
    files: &[PathBuf],
    output: OutputArgs,
) -> Result<Exit, CliError> {
    let sources = files.iter().map(|path| {
        Source::of(path, job.form()).map_err(|error| CliError::Data(format!("{}: {error}", path.display())))
    });
    // Every file is looked at before anything is done: a name mistyped at the end is told at the beginning.
    let sources: Vec<Source> = sources.collect::<Result<_, _>>()?;
    runtime()?.block_on(async {
        let words = job.words();
        let lanes = Lanes::to(data, job).await?;
        let stopped = stopped();
        let mut report = Report::new(output, words);
        for source in &sources {
            report.begin(source);
            let done = source_by_rows(source, &lanes, &mut report, stopped.clone()).await;
            report.end();
            done?;
        }
        lanes.close()?;
        let stopped = *stopped.borrow();
        report.close(stopped);
        Ok(match (stopped, report.refused) {
            (true, _) => Exit::Interrupted,
            (false, 0) => Exit::Done,
            (false, _) => Exit::Data,
        })
    })
}

/// Becomes true at Ctrl-C or SIGTERM: no further row is begun.
fn stopped() -> watch::Receiver<bool> {
    let (sender, stopped) = watch::channel(false);
    let stop_once = stop();
    tokio::spawn(async move {
        stop_once.await;
        let _ = sender.send(true);
        note("stopping: rows that are begun are finished; once more to break off at once");
        stop().await;
        // As good as a kill: what is done is durable, and the next run finds it.
        std::process::exit(INTERRUPTED);
    });
    stopped
}

async fn source_by_rows(
    source: &Source,
    lanes: &Lanes,
    report: &mut Report,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), CliError> {
    let mut rows = source.rows();
    let mut named = NamedOnce::default();
    let stop = async move {
        // The sender lives as long as the program; were it gone, nobody would ask to stop any more.
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let rows = poll_fn(move |context| rows.poll_recv(context)).take_until(Box::pin(stop));
    let in_flight = rows.map(|row| match row {
        Ok(row) if row.body.is_empty() && row.wrong.is_none() => {
            Either::Left(ready((row.number, row.read, Done::Passed)))
        }
        Ok(row) => match readable(lanes, &row, &mut named) {
            Ok(()) => Either::Right(send(lanes.clone(), row)),
            Err(error) => Either::Left(ready((row.number, row.read, Done::of(Err(error))))),
        },
        Err(error) => Either::Left(ready((0, 0, Done::Failed(CliError::data(error))))),
    });
    let mut in_flight = std::pin::pin!(in_flight.buffered(IN_FLIGHT));
    while let Some((row, read, done)) = in_flight.next().await {
        match done {
            Done::Passed => report.pass(read),
            Done::Did(value) => report.row((source, row), read, Ok(&value))?,
            Done::Refused(refusal) => report.row((source, row), read, Err(&refusal))?,
            Done::Failed(error) => return Err(stopped_by(&error, &source.name, row)),
        }
    }
    Ok(())
}

/// A row of changes names a licence that no row before it in this file has named.
fn readable(lanes: &Lanes, row: &Row, named: &mut NamedOnce) -> Result<(), CliError> {
    if let Some(wrong) = row.wrong {
        return Err(CliError::Refused(Refusal::new("row_unreadable", wrong)));
    }
    if lanes.is_for_changes() {
        named.note(&StatusRow::from_json(&row.body)?)?;
    }
    Ok(())
}

/// What became of a row.
enum Done {
    Did(Value),
    Refused(Refusal),
    /// An empty line.
    Passed,
    /// It is not known, or no further row can be done.
    Failed(CliError),
}

impl Done {
    fn of(done: Result<Value, CliError>) -> Self {
        match done {
            Ok(value) => Self::Did(value),
            Err(CliError::Refused(refusal)) if !refusal.is_the_departments() => Self::Refused(refusal),
            Err(error) => Self::Failed(error),
        }
    }
}

/// On a task of its own, so that rows are done on every core.
async fn send(lanes: Lanes, row: Row) -> (u64, u64, Done) {
    let (number, read) = (row.number, row.read);
    let done = match tokio::spawn(lanes.send(row)).await {
        Ok(done) => Done::of(done),
        Err(error) => Done::Failed(CliError::internal(error)),
    };
    (number, read, done)
}

fn stopped_by(error: &CliError, name: &str, row: u64) -> CliError {
    let place = match row {
        0 => name.to_owned(),
        row => format!("{name}, row {row}"),
    };
    let message = format!(
        "{place}: {error}\nstopped there; run the same command again to go on, nothing is done twice"
    );
    match error {
        CliError::Data(_) | CliError::Refused(_) => CliError::Data(format!("{place}: {error}")),
        _ => CliError::Internal(message),
    }
}
