//! `elicense show`: a licence with its status and history, or its file.

use std::path::PathBuf;

use clap::Args;

use super::access::{Access, identifier};
use super::exit::{CliError, Exit};
use super::print::file;
use super::words::print_licence;
use super::{DataArgs, OutputArgs, runtime};

/// Arguments of `show`.
#[derive(Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The licence's identifier
    identifier: String,
    /// Write the signed file (.elic) here
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &ShowArgs) -> Result<Exit, CliError> {
    let identifier = identifier(&args.identifier)?;
    runtime()?.block_on(async {
        let mut access = Access::to(&args.data, "show").await?;
        if let Some(path) = &args.file {
            file(path, &access.file(&identifier).await?)?;
        }
        print_licence(&access.licence(&identifier).await?, args.output)?;
        Ok(Exit::Done)
    })
}
