//! `elicense status`: suspend, resume, revoke.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::access::{Access, identifier};
use super::exit::{CliError, Exit};
use super::words::print_licence;
use super::{DataArgs, OutputArgs, runtime};

/// Arguments of `status`.
#[derive(Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The licence's identifier
    identifier: String,
    /// The state from now on
    to: To,
    /// Why, 1 to 200 characters
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// A state that a licence can be put into.
#[derive(Clone, Copy, ValueEnum)]
enum To {
    /// Good again
    Valid,
    /// Not good for now
    Suspended,
    /// Not good any more, for ever
    Revoked,
}

impl To {
    const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }
}

pub(super) fn run(args: &StatusArgs) -> Result<Exit, CliError> {
    let identifier = identifier(&args.identifier)?;
    let body = json!({"to": args.to.word(), "reason": args.reason}).to_string().into_bytes();
    runtime()?.block_on(async {
        let mut access = Access::to(&args.data.dir, "status").await?;
        let licence = access.change_status(&identifier, body).await?;
        print_licence(&licence, args.output)?;
        Ok(Exit::Done)
    })
}
