//! `elicense status`: puts a licence into another state, or many from a file.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};
use serde_json::json;

use super::access::{Access, identifier};
use super::bulk::{self, Job};
use super::exit::{CliError, Exit};
use super::words::print_licence;
use super::{DataArgs, OutputArgs, runtime};
use crate::licence::State;

/// Arguments of `status`.
#[derive(Args)]
#[command(after_help = AFTER_HELP, group = ArgGroup::new("what").required(true).args(["identifier", "files"]))]
pub(super) struct StatusArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The licence's identifier
    #[arg(requires_all = ["to", "reason"])]
    identifier: Option<String>,
    /// The state from now on
    #[arg(value_parser = states())]
    to: Option<State>,
    /// Why, 1 to 200 characters
    #[arg(long)]
    reason: Option<String>,
    /// The law, rule or decision it rests on, 1 to 200 characters
    #[arg(long, value_name = "TEXT")]
    legal_basis: Option<String>,
    /// Changes, a row each: {"identifier", "to", "reason", "legal_basis"?} a line in a file named .ndjson or .jsonl and on
    /// standard input (-), else as CSV under a line of these names
    #[arg(long = "file", value_name = "FILE", conflicts_with_all = ["identifier", "reason", "legal_basis"])]
    files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

const AFTER_HELP: &str = "\
docs/LIFECYCLE.md says which state may follow which, and what the ministries call it.

A file names a licence once. It can be run again: what is so already stays, and what was done by the same row and changed
by somebody since is refused instead of done anew. With --json every row is one line on standard output, in the order of
the file: {\"file\", \"row\", \"changed\": {…}} or {\"file\", \"row\", \"refused\": {\"code\", \"detail\"}}.

Exit code 65: some rows were refused, the others are done. 130: stopped by Ctrl-C, rows begun are finished.";

/// Every state by its word, with what it is called.
fn states() -> impl TypedValueParser<Value = State> {
    let value =
        |state: &State| PossibleValue::new(state.as_str()).help(format!("{} {}", state.zh(), state.en()));
    let words = PossibleValuesParser::new(State::ALL.iter().map(value));
    words.try_map(|word| State::of_word(&word).ok_or("no such state"))
}

pub(super) fn run(args: &StatusArgs) -> Result<Exit, CliError> {
    let (Some(text), Some(to)) = (&args.identifier, args.to) else {
        return bulk::run(Job::ChangeStatus, &args.data, &args.files, args.output);
    };
    let identifier = identifier(text)?;
    let body = match &args.legal_basis {
        Some(legal_basis) => json!({"to": to, "reason": args.reason, "legal_basis": legal_basis}),
        None => json!({"to": to, "reason": args.reason}),
    };
    let body = body.to_string().into_bytes();
    runtime()?.block_on(async {
        let mut access = Access::to(&args.data, "status").await?;
        let licence = access.change_status(&identifier, body).await?;
        print_licence(&licence, args.output)?;
        Ok(Exit::Done)
    })
}
