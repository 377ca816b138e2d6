//! `elicense store restore`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::bar::{Bar, Counting};
use crate::cli::OutputArgs;
use crate::cli::exit::CliError;
use crate::cli::print::line;
use crate::registry::{Outside, RestoreError, RestoreOrder, RestoreReport, restore};

/// Arguments of `store restore`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct RestoreArgs {
    /// Directory of the installation
    #[arg(long = "data", value_name = "DIR", env = "ELICENSE_DATA")]
    dir: PathBuf,
    /// Folder of the backup
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// Folder where the private keys and the data key are [default: where they were, else those in the backup, in DIR/keys]
    #[arg(long, value_name = "PATH")]
    keys: Option<PathBuf>,
    /// File of the last checkpoint, which the installation goes on with [default: where it was]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Restore a backup that is older than the last checkpoint, and lose what came after its N entries
    #[arg(long, value_name = "N")]
    accept_losing_entries_after: Option<u64>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

const AFTER_HELP: &str = "\
DIR must be new or empty; what is restored is compared with the last checkpoint outside of it, and refused if that knows of
more entries: licences that were issued and suspended since would be gone. The refusal says how many, and what to say if there
is no newer backup. Make sure that the old service is stopped for good: two services on one ledger would part it in two.
The first start makes the index anew. Example:

  elicense store restore --from /mnt/other/elicense --data DIR";

pub(super) fn run(args: &RestoreArgs) -> Result<(), CliError> {
    let absolute = |path: &Option<PathBuf>| path.as_deref().map(std::path::absolute).transpose();
    let order = RestoreOrder {
        folder: args.from.clone(),
        dir: args.dir.clone(),
        keys: absolute(&args.keys).map_err(CliError::usage)?,
        checkpoint: absolute(&args.checkpoint).map_err(CliError::usage)?,
        accept_losing_after: args.accept_losing_entries_after,
    };
    let bar = Bar::of(Counting::Bytes);
    let report = restore(&order, &mut |done, all| bar.step(done, all))?;
    drop(bar);
    print(args, &report)
}

fn print(args: &RestoreArgs, report: &RestoreReport) -> Result<(), CliError> {
    let RestoreReport { entries, root, last, outside } = report;
    let last = last.map(|last| last.to_string());
    if args.output.json {
        return line(format_args!(
            "{:#}",
            json!({"entries": entries, "root": root.to_string(), "last": last, "checkpoint": to_json(outside)})
        ));
    }
    line(format_args!("{entries} entries, Merkle root {root}"))?;
    let last = last.as_deref().unwrap_or("the beginning");
    line(match outside {
        Outside::None => {
            format!("no checkpoint lay outside: whether anything came after {last} is not known")
        }
        Outside::Gone => {
            format!("the checkpoint outside is gone: whatever came after {last} is lost, as accepted")
        }
        Outside::Agrees => "the last checkpoint outside knows of nothing more".to_owned(),
        Outside::Lost { entries, kept } => format!(
            "{entries} entries after {last} are lost, as accepted; {} can still prove that they were there",
            kept.display()
        ),
    })?;
    line(format_args!("Serve it: elicense serve --data {}", args.dir.display()))
}

fn to_json(outside: &Outside) -> Value {
    match outside {
        Outside::None => json!({"outside": "none"}),
        Outside::Gone => json!({"outside": "gone"}),
        Outside::Agrees => json!({"outside": "agrees"}),
        Outside::Lost { entries, kept } => json!({"outside": "lost", "lost": entries, "kept": kept}),
    }
}

impl From<RestoreError> for CliError {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Io(_) => Self::internal(error),
            RestoreError::Make(error) => error.into(),
            error => Self::data(error),
        }
    }
}
