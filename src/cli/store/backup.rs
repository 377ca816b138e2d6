//! `elicense store backup`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::bar::{Bar, Counting};
use crate::cli::exit::CliError;
use crate::cli::print::line;
use crate::cli::{OutputArgs, now, who};
use crate::registry::{BackupError, BackupKeys, BackupOrder, BackupReport, CheckError, back_up};

/// Arguments of `store backup`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct BackupArgs {
    /// Directory of the installation
    #[arg(long = "data", value_name = "DIR", env = "ELICENSE_DATA")]
    dir: PathBuf,
    /// Folder of the backup, best on another machine's disk: new, empty, or an earlier backup of the same installation
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Put the private keys and the data key into it too: whoever has the backup then has everything
    #[arg(long)]
    with_keys: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

const AFTER_HELP: &str = "\
Without --with-keys the keys must be kept elsewhere: a backup without them opens for nobody. The copy is walked from its first
byte before the backup counts as made. A backup that was interrupted is made again by the same command; what the folder held
before can be restored all the same. Example, every hour:

  elicense store backup --data DIR --to /mnt/other/elicense";

pub(super) fn run(args: &BackupArgs) -> Result<(), CliError> {
    let order = BackupOrder {
        dir: args.dir.clone(),
        folder: args.to.clone(),
        keys: if args.with_keys { BackupKeys::With } else { BackupKeys::Without },
        who: who("store backup"),
        now: now(),
    };
    let bar = Bar::of(Counting::Bytes);
    let report = back_up(&order, &mut |done, all| bar.step(done, all))?;
    drop(bar);
    print(args, &report)
}

fn print(args: &BackupArgs, report: &BackupReport) -> Result<(), CliError> {
    let BackupReport { entries, root, had, bytes } = report;
    if args.output.json {
        return line(format_args!(
            "{:#}",
            json!({"entries": entries, "root": root.to_string(), "had": had, "bytes": bytes, "keys": args.with_keys})
        ));
    }
    line(format_args!("{entries} entries, Merkle root {root}"))?;
    line(format_args!("{} of them are new in {}: {bytes} bytes", entries - had, args.to.display()))?;
    line(match args.with_keys {
        true => "the keys are in it: whoever has the backup has everything",
        false => "the keys are not in it: keep them elsewhere, nobody can open it without them",
    })
}

impl From<BackupError> for CliError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Io(_) | BackupError::Check(CheckError::Lock(_)) => Self::internal(error),
            error => Self::data(error),
        }
    }
}
