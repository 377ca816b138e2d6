//! `elicense store move`.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::bar::{Bar, Counting};
use crate::cli::access::SOCKET;
use crate::cli::exit::CliError;
use crate::cli::print::line;
use crate::cli::{OutputArgs, who};
use crate::crypto::SystemRandom;
use crate::registry::{MoveError, MoveOrder, MoveReport, move_from_database, move_to_database};
use crate::store::{DatabaseUrl, Head};

/// Arguments of `store move`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct MoveArgs {
    /// Where the store is: the directory of an installation, or a postgres:// URL [default: ELICENSE_STORE]
    #[arg(long, value_name = "DIR or URL")]
    from: Option<String>,
    /// Where it goes: a postgres:// URL, or the directory of a node of it [default: ELICENSE_STORE]
    #[arg(long, value_name = "DIR or URL")]
    to: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

const AFTER_HELP: &str = "\
Everything moves as it is: same entries, same proofs, same credentials. The directory keeps keys and settings; its ledger and
index are put away as ledger.moved and index.moved, and come out again when the store is moved back. Moved to a database, the
directory is a node, and a copy of it is another; moved back, only this directory serves. What was interrupted is finished by
the same command; until then the store takes orders in one place at most. A URL on the command line can be read by every user
of the machine: leave --to (or --from) away and set ELICENSE_STORE. Examples:

  elicense store move --from DIR --to postgres://elicense@db.example/elicense
  elicense store move --from postgres://elicense@db.example/elicense --to DIR";

/// What is meant by an end of the way.
enum End {
    Directory(PathBuf),
    Database(Box<DatabaseUrl>),
}

impl End {
    fn read(option: &str, given: Option<&String>) -> Result<Self, CliError> {
        let of_environment = || std::env::var("ELICENSE_STORE").ok();
        let text = given
            .cloned()
            .or_else(of_environment)
            .ok_or_else(|| CliError::Usage(format!("{option} is missing, and ELICENSE_STORE is not set")))?;
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Database(Box::new(text.parse().map_err(CliError::usage)?)));
        }
        Ok(Self::Directory(text.into()))
    }
}

pub(super) fn run(args: &MoveArgs) -> Result<(), CliError> {
    let ends = (End::read("--from", args.from.as_ref())?, End::read("--to", args.to.as_ref())?);
    let bar = Bar::of(Counting::Entries);
    let progress = &mut |done, all| bar.step(done, all);
    let report = match &ends {
        (End::Directory(dir), End::Database(url)) => move_to_database(&order(dir)?, url, progress)?,
        (End::Database(url), End::Directory(dir)) => move_from_database(&order(dir)?, url, progress)?,
        (End::Directory(_), End::Directory(_)) => {
            return Err(CliError::Usage(
                "expected a postgres:// URL at one end; `elicense store backup` and `restore` copy a directory"
                    .to_owned(),
            ));
        }
        (End::Database(_), End::Database(_)) => {
            return Err(CliError::Usage(
                "expected a directory at one end; move it there, and from there to the other database"
                    .to_owned(),
            ));
        }
    };
    drop(bar);
    print(args, &ends, &report)
}

fn order(dir: &Path) -> Result<MoveOrder, CliError> {
    if UnixStream::connect(dir.join(SOCKET)).is_ok() {
        return Err(CliError::Data(format!(
            "a service has {} open; `elicense store move` needs it alone: stop the service, run this again",
            dir.display()
        )));
    }
    Ok(MoveOrder { dir: dir.to_owned(), who: who("store move"), random: Arc::new(SystemRandom) })
}

fn print(args: &MoveArgs, ends: &(End, End), report: &MoveReport) -> Result<(), CliError> {
    let MoveReport { from, to, had } = report;
    if args.output.json {
        return line(format_args!(
            "{:#}",
            json!({"entries": to.entries(), "root": to.root().to_string(), "had": had,
                "from": head_json(from), "to": head_json(to)})
        ));
    }
    line(format_args!("{} entries, Merkle root {}, the same at both ends", from.entries(), from.root()))?;
    line(match ends {
        (End::Directory(dir), _) => format!(
            "Serve it: elicense serve --data {} --store URL\n{}/ledger.moved and index.moved can be removed once that went well",
            dir.display(),
            dir.display()
        ),
        (_, End::Directory(dir)) => format!(
            "Serve it: elicense serve --data {}\nnodes of the database take no orders any more; stop them",
            dir.display()
        ),
        _ => String::new(),
    })
}

fn head_json(head: &Head) -> Value {
    json!({"entries": head.entries(), "root": head.root().to_string(), "chain": head.chain().to_string()})
}

impl From<MoveError> for CliError {
    fn from(error: MoveError) -> Self {
        match error {
            MoveError::Io(_) | MoveError::Database(_) | MoveError::Migrate(_) => Self::internal(error),
            error => Self::data(error),
        }
    }
}
