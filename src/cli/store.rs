//! `elicense store`: check, rebuild, statistics.

use clap::Subcommand;
use serde_json::json;

use super::access::open_alone;
use super::exit::{CliError, Exit};
use super::{DataArgs, OutputArgs};
use crate::registry::{StoreReport, check_store};
use crate::store::IndexPolicy;

/// `store …`.
#[derive(Subcommand)]
pub(super) enum StoreCommand {
    /// Walk the whole ledger and name the first bad entry; also beside a running service
    Check(StoreArgs),
    /// Make the index anew from the ledger; refused while a service runs
    Rebuild(StoreArgs),
    /// Say how much is in it
    Stats(StoreArgs),
}

/// Arguments of every `store` command.
#[derive(clap::Args)]
pub(super) struct StoreArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &StoreCommand) -> Result<Exit, CliError> {
    match command {
        StoreCommand::Check(args) => {
            let report = check_store(&args.data.dir).map_err(CliError::data)?;
            print(args, &report, "every entry is whole, in its place, and as the checkpoint says");
        }
        StoreCommand::Stats(args) => {
            let report = check_store(&args.data.dir).map_err(CliError::data)?;
            print(args, &report, "");
        }
        StoreCommand::Rebuild(args) => {
            let registry = open_alone(&args.data.dir, "store rebuild", IndexPolicy::Rebuild)?;
            registry.close().map_err(CliError::internal)?;
            let report = check_store(&args.data.dir).map_err(CliError::data)?;
            print(args, &report, "the index was made anew");
        }
    }
    Ok(Exit::Done)
}

fn print(args: &StoreArgs, report: &StoreReport, message: &str) {
    if args.output.json {
        let kinds: serde_json::Map<_, _> =
            report.kinds.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
        let text = json!({"entries": report.entries, "root": report.root.to_string(), "kinds": kinds,
            "unfinished_group": report.unfinished});
        println!("{text:#}");
        return;
    }
    println!("{} entries, Merkle root {}", report.entries, report.root);
    for (name, count) in &report.kinds {
        println!("  {count:>10}  {name}");
    }
    if report.unfinished {
        println!("the last group is being written, or was when the process ended: it was never acknowledged");
    }
    if !message.is_empty() {
        println!("{message}");
    }
}
