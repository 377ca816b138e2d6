//! `elicense issue`: licences from files, one or a million.
//!
//! The idempotency key of a row is made of its own bytes, so a run that was cut off is run again: what was issued is found,
//! the rest is issued. Two equal rows are one licence. Rows are in flight many at once, so that they share the store's
//! syncs; what became of them is told in the order of the file.

mod lanes;
mod report;
mod rows;

use std::path::PathBuf;

use clap::Args;
use futures_util::StreamExt;
use futures_util::future::{Either, ready};
use futures_util::stream::poll_fn;
use serde_json::Value;
use tokio::sync::watch;

use self::lanes::{IN_FLIGHT, Lanes};
use self::report::Report;
use self::rows::{Row, Source};
use super::exit::{CliError, Exit, INTERRUPTED, Refusal};
use super::print::note;
use super::serve::stop;
use super::{DataArgs, OutputArgs, runtime};

/// Arguments of `issue`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct IssueArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Credit code of the department that issues
    #[arg(long, value_name = "CODE")]
    department: String,
    /// Issue requests: one a line in a file named .ndjson or .jsonl and on standard input (-), else one a file
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

const AFTER_HELP: &str = "\
A run that was stopped, killed or refused in part is simply run again on the same files: a row that was issued before
gives the same licence, never a second one. With --json every row is one line on standard output, in the order of the
files: {\"file\", \"row\", \"issued\": {…}} or {\"file\", \"row\", \"refused\": {\"code\", \"detail\", \"problems\"}}.
`elicense types CODE --json` prints the JSON Schema of a request.

Exit code 65: some rows were refused, the others are issued. 130: stopped by Ctrl-C, rows begun are finished.";

pub(super) fn run(args: &IssueArgs) -> Result<Exit, CliError> {
    let sources = args
        .files
        .iter()
        .map(|path| Source::of(path).map_err(|error| CliError::Data(format!("{}: {error}", path.display()))));
    // Every file is looked at before anything is issued: a name mistyped at the end is told at the beginning.
    let sources: Vec<Source> = sources.collect::<Result<_, _>>()?;
    runtime()?.block_on(async {
        let lanes = Lanes::to(&args.data.dir, &args.department).await?;
        let stopped = stopped();
        let mut report = Report::new(args.output);
        for source in &sources {
            report.begin(source);
            let issued = issue_source(source, &lanes, &mut report, stopped.clone()).await;
            report.end();
            issued?;
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
        // As good as a kill: what is issued is durable, and the next run finds it.
        std::process::exit(INTERRUPTED);
    });
    stopped
}

async fn issue_source(
    source: &Source,
    lanes: &Lanes,
    report: &mut Report,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), CliError> {
    let mut rows = source.rows();
    let stop = async move {
        // The sender lives as long as the program; were it gone, nobody would ask to stop any more.
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let rows = poll_fn(move |context| rows.poll_recv(context)).take_until(Box::pin(stop));
    let in_flight = rows.map(|row| match row {
        Ok(row) if row.body.is_empty() => Either::Left(ready((row.number, row.read, Done::Passed))),
        Ok(row) => Either::Right(send(lanes.clone(), row)),
        Err(error) => Either::Left(ready((0, 0, Done::Failed(CliError::data(error))))),
    });
    let mut in_flight = std::pin::pin!(in_flight.buffered(IN_FLIGHT));
    while let Some((row, read, done)) = in_flight.next().await {
        match done {
            Done::Passed => report.pass(read),
            Done::Issued(issued) => report.row((source, row), read, Ok(&issued))?,
            Done::Refused(refusal) => report.row((source, row), read, Err(&refusal))?,
            Done::Failed(error) => return Err(stopped_by(&error, &source.name, row)),
        }
    }
    Ok(())
}

/// What became of a row.
enum Done {
    Issued(Value),
    Refused(Refusal),
    /// An empty line.
    Passed,
    /// It is not known, or no further row can be issued.
    Failed(CliError),
}

/// On a task of its own, so that rows are signed on every core.
async fn send(lanes: Lanes, row: Row) -> (u64, u64, Done) {
    let (number, read) = (row.number, row.read);
    let done = match tokio::spawn(lanes.issue(row)).await {
        Ok(Ok(issued)) => Done::Issued(issued),
        Ok(Err(CliError::Refused(refusal))) if !refusal.is_the_departments() => Done::Refused(refusal),
        Ok(Err(error)) => Done::Failed(error),
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
        "{place}: {error}\nstopped there; run the same command again to go on, nothing is issued twice"
    );
    match error {
        CliError::Data(_) | CliError::Refused(_) => CliError::Data(format!("{place}: {error}")),
        _ => CliError::Internal(message),
    }
}
