//! `elicense store`: check, rebuild, statistics here; `backup`, `restore` and `move` in files of their own, with the
//! bar that they show.

mod backup;
mod bar;
mod moving;
mod restore;

use std::sync::Arc;

use clap::Subcommand;
use serde_json::{Value, json};

use super::access::open_alone;
use super::exit::{CliError, Exit};
use super::print::line;
use super::{DataArgs, OutputArgs, StoreUrlArgs, who};
use crate::crypto::SystemRandom;
use crate::registry::{IndexReport, StoreReport, StoreStats, check_store, store_stats};
use crate::store::postgres::{Migrated, migrate};
use crate::store::{IndexPolicy, Sizes, StoreAt};

/// `store …`.
#[derive(Subcommand)]
pub(super) enum StoreCommand {
    /// Walk the whole ledger, compare the index with it, and name the first thing that is wrong
    ///
    /// Beside a running service the ledger is walked and the index left out, because the service has it open.
    Check(StoreArgs),
    /// Make the index anew from the ledger, and check; the service must be stopped
    Rebuild(StoreArgs),
    /// Make the tables of a PostgreSQL store, or bring them up to date; safe to run twice, refused where they are newer
    Migrate(MigrateArgs),
    /// Say how much there is, without reading it all; also beside a running service
    Stats(StoreArgs),
    /// Back the store up into a folder, also beside a running service; again into the same folder, what came since
    Backup(backup::BackupArgs),
    /// Make an installation of a backup, in a new or empty directory
    Restore(restore::RestoreArgs),
    /// Move the store from an installation's directory into a PostgreSQL database, or back; the service must be stopped
    Move(moving::MoveArgs),
}

impl StoreCommand {
    /// How its results and errors are printed.
    pub(super) const fn output(&self) -> OutputArgs {
        match self {
            Self::Check(args) | Self::Rebuild(args) | Self::Stats(args) => args.output,
            Self::Migrate(args) => args.output,
            Self::Backup(args) => args.output,
            Self::Restore(args) => args.output,
            Self::Move(args) => args.output,
        }
    }
}

/// Arguments of every `store` command.
#[derive(clap::Args)]
pub(super) struct StoreArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `store migrate`: an installation is not needed.
#[derive(clap::Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    store: StoreUrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &StoreCommand) -> Result<Exit, CliError> {
    match command {
        StoreCommand::Check(args) => print(args, &check(args)?)?,
        StoreCommand::Stats(args) => {
            print_stats(args, &store_stats(&args.data.dir).map_err(CliError::data)?)?
        }
        StoreCommand::Migrate(args) => run_migrate(args)?,
        StoreCommand::Rebuild(args) => {
            if args.data.store.at(IndexPolicy::Rebuild)?.is_database() {
                return Err(CliError::Usage(
                    "the rows of a database change in the same transactions as its ledger, and are not made anew; `elicense store check` compares them"
                        .to_owned(),
                ));
            }
            let registry = open_alone(&args.data, "store rebuild", IndexPolicy::Rebuild)?;
            registry.close().map_err(CliError::internal)?;
            print(args, &check(args)?)?;
        }
        StoreCommand::Backup(args) => backup::run(args)?,
        StoreCommand::Restore(args) => restore::run(args)?,
        StoreCommand::Move(args) => moving::run(args)?,
    }
    Ok(Exit::Done)
}

fn run_migrate(args: &MigrateArgs) -> Result<(), CliError> {
    let StoreAt::Database(url) = args.store.at(IndexPolicy::CatchUp)? else {
        return Err(CliError::Usage("--store URL, or ELICENSE_STORE, says which database".to_owned()));
    };
    let Migrated { from, to } = migrate(&url, &SystemRandom).map_err(CliError::data)?;
    if args.output.json {
        return line(format_args!("{:#}", json!({"from": from, "to": to})));
    }
    match from == to {
        true => line(format_args!("the tables are of version {to} already")),
        false => line(format_args!("the tables went from version {from} to version {to}")),
    }
}

fn check(args: &StoreArgs) -> Result<StoreReport, CliError> {
    let at = args.data.store.at(IndexPolicy::CatchUp)?;
    check_store(&args.data.dir, &at, &who("store check"), Arc::new(SystemRandom)).map_err(CliError::data)
}

fn print(args: &StoreArgs, report: &StoreReport) -> Result<(), CliError> {
    if args.output.json {
        let kinds: serde_json::Map<_, _> =
            report.kinds.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
        return line(format_args!(
            "{:#}",
            json!({"entries": report.entries, "root": report.root.to_string(), "kinds": kinds,
                "unfinished_group": report.unfinished, "index": index_json(&report.index)})
        ));
    }
    line(format_args!("{} entries, Merkle root {}", report.entries, report.root))?;
    for (name, count) in &report.kinds {
        line(format_args!("  {count:>10}  {name}"))?;
    }
    if report.unfinished {
        line("the last group is being written, or was when the process ended: it was never acknowledged")?;
    }
    line("ledger: every entry is whole, in its place, and as the checkpoint says")?;
    line(match &report.index {
        IndexReport::Compared(index) => {
            format!("index: {} rows, all as {} entries make them", index.rows, index.entries)
        }
        IndexReport::Missing => "index: there is none; the next start makes it".to_owned(),
        IndexReport::InUse { by } => format!("index: not compared, the store is open: {by}"),
    })
}

fn index_json(index: &IndexReport) -> Value {
    match index {
        IndexReport::Compared(index) => json!({"rows": index.rows, "entries": index.entries}),
        IndexReport::Missing => json!({"missing": true}),
        IndexReport::InUse { by } => json!({"in_use_by": by}),
    }
}

fn print_stats(args: &StoreArgs, stats: &StoreStats) -> Result<(), CliError> {
    let root = stats.root.map(|root| root.to_string());
    if args.output.json {
        let said = match stats.sizes {
            None => json!({"entries": stats.entries, "root": root}),
            Some(sizes) => json!({"entries": stats.entries, "root": root, "asides": sizes.asides,
                "ledger": {"segments": sizes.segments, "bytes": sizes.ledger_bytes},
                "index": {"entries": sizes.indexed, "bytes": sizes.index_bytes}}),
        };
        return line(format_args!("{said:#}"));
    }
    line(format_args!(
        "{} entries by the last checkpoint, Merkle root {}",
        stats.entries,
        root.as_deref().unwrap_or("none")
    ))?;
    match stats.sizes {
        None => line("ledger and index are in a database: its own tools say how large they are")?,
        Some(sizes) => print_sizes(&sizes)?,
    }
    line("`elicense store check` counts the entries of each kind and reads every one")
}

fn print_sizes(sizes: &Sizes) -> Result<(), CliError> {
    line(format_args!("ledger  {} bytes in {} segments", sizes.ledger_bytes, sizes.segments))?;
    line(format_args!(
        "index   {} bytes, safe on the disk up to entry {}",
        sizes.index_bytes, sizes.indexed
    ))?;
    if sizes.asides > 0 {
        line(format_args!("{} unfinished groups, never acknowledged, were put aside", sizes.asides))?;
    }
    Ok(())
}
