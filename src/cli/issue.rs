//! `elicense issue`: licences from files, one or a million.
//!
//! The idempotency key of a row is made of its own bytes, so a run that was cut off is run again: what was issued is found,
//! the rest is issued. Two equal rows are one licence.

use std::path::PathBuf;

use clap::Args;

use super::bulk::{self, Job};
use super::exit::{CliError, Exit};
use super::{DataArgs, OutputArgs};

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
    let job = Job::Issue { department: args.department.clone() };
    bulk::run(job, &args.data, &args.files, args.output)
}
