//! The command line: one subcommand a file. Reads the clock, the environment and files, and passes them down.
//!
//! `bulk` does files of rows, `access` decides whether a command goes through the running service's local socket or opens the installation itself;
//! `exit` is the only place that knows exit codes.

mod access;
mod ask;
mod bulk;
mod client;
mod demo;
mod demo_applicants;
mod demo_city;
mod department;
mod department_plan;
mod exit;
mod grant;
mod init;
mod issue;
mod pack;
mod presented;
mod print;
mod public_url;
mod qr;
mod receipt;
mod serve;
mod show;
mod status;
mod store;
mod tls;
mod trust_memory;
mod types;
mod upkeep;
mod verify;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};

use crate::store::{IndexPolicy, StoreAt};
use crate::time::UnixTime;
use exit::{CliError, Exit};

/// Electronic certificates (电子证照): issue them, keep them, show them, verify them.
#[derive(Parser)]
#[command(name = "elicense", version, after_help = exit::TABLE)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A city with departments and licences to try everything with: made once, then served
    Demo(demo::DemoArgs),
    /// Make an installation for real use
    Init(init::InitArgs),
    /// Serve an installation over HTTP
    Serve(serve::ServeArgs),
    /// Issue licences from JSON or NDJSON files
    Issue(issue::IssueArgs),
    /// Verify a licence: a file, a QR text, a picture of a QR, or standard input
    Verify(verify::VerifyArgs),
    /// Suspend, resume or end a licence, or many from a file
    Status(status::StatusArgs),
    /// Show a licence with its status and history
    Show(show::ShowArgs),
    /// Draw the QR of a licence
    Qr(qr::QrArgs),
    /// Get receipts again: for the case file, or to print
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    /// List the licence types
    Types(types::TypesArgs),
    /// Add departments, list them, make and withdraw their API keys
    #[command(subcommand)]
    Department(department::DepartmentCommand),
    /// Give grants, list, confirm and withdraw them: which department may make which call
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    /// Make packs for offline verifiers, and keep them up to date
    #[command(subcommand)]
    Pack(pack::PackCommand),
    /// Make certificates for TLS: the service's own, and departments' to be known by
    #[command(subcommand)]
    Tls(tls::TlsCommand),
    /// Look after the store
    #[command(subcommand)]
    Store(store::StoreCommand),
}

impl Command {
    /// How its results and errors are printed.
    const fn output(&self) -> OutputArgs {
        match self {
            Self::Init(args) => args.output,
            Self::Issue(args) => args.output,
            Self::Verify(args) => args.output,
            Self::Status(args) => args.output,
            Self::Show(args) => args.output,
            Self::Receipt(command) => command.output(),
            Self::Types(args) => args.output,
            Self::Department(command) => command.output(),
            Self::Grant(command) => command.output(),
            Self::Pack(command) => command.output(),
            Self::Tls(command) => command.output(),
            Self::Store(command) => command.output(),
            Self::Demo(_) | Self::Serve(_) | Self::Qr(_) => OutputArgs { json: false },
        }
    }
}

/// Where the installation is.
#[derive(Args, Clone)]
struct DataArgs {
    /// Directory of the installation
    #[arg(long = "data", value_name = "DIR", env = "ELICENSE_DATA")]
    dir: PathBuf,
    #[command(flatten)]
    store: StoreUrlArgs,
}

/// What keeps the ledger, where the directory does not.
#[derive(Args, Clone)]
struct StoreUrlArgs {
    /// PostgreSQL database that keeps the ledger: postgres://USER@HOST/DATABASE?sslrootcert=FILE
    ///
    /// The directory holds keys and settings only then, and a copy of it is another node. A command line can be seen by
    /// every user of the machine; the environment variable cannot.
    #[arg(long = "store", value_name = "URL", env = "ELICENSE_STORE", hide_env_values = true)]
    url: Option<String>,
}

impl StoreUrlArgs {
    /// The database, or the directory's files with their index used as said.
    fn at(&self, index: IndexPolicy) -> Result<StoreAt, CliError> {
        match self.url.as_deref().filter(|url| !url.is_empty()) {
            None => Ok(index.into()),
            // Not clap's to parse: it would show the password in its message.
            Some(url) => Ok(StoreAt::Database(url.parse().map_err(CliError::usage)?)),
        }
    }
}

/// How results are printed.
#[derive(Args, Clone, Copy)]
struct OutputArgs {
    /// Print JSON, for machines
    #[arg(long)]
    json: bool,
}

/// Runs the program: everything but the exit code has been printed when it returns.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    let output = cli.command.output();
    match run(cli.command) {
        Ok(exit) => exit.into(),
        Err(error @ CliError::NobodyReads) => error.exit().into(),
        Err(error) => {
            match output.json {
                true => print::note(error.to_json()),
                false => print::note(format_args!("elicense: {error}")),
            }
            error.exit().into()
        }
    }
}

fn run(command: Command) -> Result<Exit, CliError> {
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Issue(args) => issue::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Qr(args) => qr::run(&args),
        Command::Receipt(command) => receipt::run(&command),
        Command::Types(args) => types::run(&args),
        Command::Department(command) => department::run(&command),
        Command::Grant(command) => grant::run(&command),
        Command::Pack(command) => pack::run(&command),
        Command::Tls(command) => tls::run(&command),
        Command::Store(command) => store::run(&command),
    }
}

/// The clock.
fn now() -> UnixTime {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(seconds).ok().and_then(UnixTime::from_seconds).unwrap_or(UnixTime::MAX)
}

/// Who holds the store, for others who find it open.
fn who(command: &str) -> String {
    format!("elicense {command}, process {}, since {}", std::process::id(), now())
}

fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::internal)
}
