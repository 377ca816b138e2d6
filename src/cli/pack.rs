//! `elicense pack`: make packs where the installation is, keep one up to date where it is not.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::json;

use super::access::Access;
use super::client::{Ask, Client};
use super::exit::{CliError, Exit};
use super::print::{line, note};
use super::{DataArgs, OutputArgs, runtime, trust_memory};
use crate::licence::{CreditCode, TypeCode};
use crate::pack::{Pack, PackError, PartKind, Selection};
use crate::registry::PackRequest;
use crate::store::replace_file;

/// Subcommands of `pack`.
#[derive(Subcommand)]
pub(super) enum PackCommand {
    /// Make a pack of this installation: trust list, status lists, licence types, checkpoint, signed
    Make(MakeArgs),
    /// Bring a pack up to date, or get the first one; costs what has changed
    Update(UpdateArgs),
    /// Say what is in a pack, and how old it is
    Show(ShowArgs),
}

#[derive(Args)]
pub(super) struct MakeArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Where the pack goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only status lists of authorities that may issue this type; more than once for several
    #[arg(long = "type", value_name = "CODE")]
    types: Vec<TypeCode>,
    /// Only status lists of this authority; more than once for several
    #[arg(long = "authority", value_name = "CODE")]
    authorities: Vec<CreditCode>,
}

#[derive(Args)]
pub(super) struct UpdateArgs {
    /// The pack; made where there is none
    file: PathBuf,
    /// The service that makes it
    #[arg(long, value_name = "URL", required_unless_present = "with")]
    server: Option<String>,
    /// An update that came as a file
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    with: Option<PathBuf>,
    /// SHA-256 of the root certificate, in hexadecimal; by default the one accepted at first use
    #[arg(long, value_name = "HEX")]
    root: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub(super) struct ShowArgs {
    /// The pack
    file: PathBuf,
    /// SHA-256 of the root certificate, in hexadecimal; by default the one accepted at first use
    #[arg(long, value_name = "HEX")]
    root: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

impl PackCommand {
    pub(super) const fn output(&self) -> OutputArgs {
        match self {
            Self::Make(_) => OutputArgs { json: false },
            Self::Update(args) => args.output,
            Self::Show(args) => args.output,
        }
    }
}

pub(super) fn run(command: &PackCommand) -> Result<Exit, CliError> {
    match command {
        PackCommand::Make(args) => make(args),
        PackCommand::Update(args) => update(args),
        PackCommand::Show(args) => {
            let pack = trust_memory::believe_pack(&read(&args.file)?, args.root.as_deref())?;
            tell(&pack, args.output).map(|()| Exit::Done)
        }
    }
}

fn make(args: &MakeArgs) -> Result<Exit, CliError> {
    let all = args.types.is_empty() && args.authorities.is_empty();
    let selection = Selection { types: args.types.clone(), authorities: args.authorities.clone() };
    let request = PackRequest { selection: (!all).then_some(selection), held: None };
    let pack =
        runtime()?.block_on(async { Access::to(&args.data, "pack make").await?.pack(&request).await })?;
    replace_file(&args.out, &pack).map_err(CliError::data)?;
    line(format_args!("{}: {} bytes", args.out.display(), pack.len())).map(|()| Exit::Done)
}

fn update(args: &UpdateArgs) -> Result<Exit, CliError> {
    let root = args.root.as_deref();
    let held = match args.file.exists() {
        true => Some(trust_memory::believe_pack(&read(&args.file)?, root)?),
        false => None,
    };
    let (newer, cost) = match (&args.server, &args.with) {
        (Some(url), _) => runtime()?.block_on(ask(url, held.as_ref(), root))?,
        (_, Some(file)) => {
            let update = read(file)?;
            (take(held.as_ref(), &update, root)?, update.len())
        }
        _ => return Err(CliError::Usage("one of --server and --with is needed".to_owned())),
    };
    let whole = newer.to_bytes();
    // Nothing that is not believed comes into the file, and what is older than the file is not believed.
    replace_file(&args.file, &whole).map_err(CliError::data)?;
    trust_memory::believe_pack(&whole, root)?;
    note(format_args!("{cost} bytes came; the pack has {}", whole.len()));
    tell(&newer, args.output).map(|()| Exit::Done)
}

/// The update that a service gives, else all of it: the service may have forgotten what has changed since.
async fn ask(url: &str, held: Option<&Pack>, root: Option<&str>) -> Result<(Pack, usize), CliError> {
    let mut client = Client::tcp(url).await?;
    if let Some(pack) = held {
        let update = get(&mut client, &path_of_update(pack)).await?;
        match pack.update(&update) {
            Ok(newer) => return Ok((newer, update.len())),
            Err(PackError::NotHeld { .. } | PackError::Digest { .. }) => {}
            Err(error) => return Err(CliError::data(error)),
        }
    }
    let whole = get(&mut client, "/v1/pack").await?;
    Ok((take(held, &whole, root)?, whole.len()))
}

fn path_of_update(pack: &Pack) -> String {
    let digests: Vec<String> = pack.manifest().lines.iter().map(|line| line.digest.to_string()).collect();
    let begins: Vec<&str> = digests.iter().filter_map(|digest| digest.get(..16)).collect();
    let mut path = format!("/v1/pack?since={}&have={}", pack.seen().version, begins.join(","));
    if let Some(selection) = &pack.manifest().selection {
        path.push_str(&selection.to_query());
    }
    path
}

async fn get(client: &mut Client, path: &str) -> Result<Vec<u8>, CliError> {
    client.bytes(Ask { method: Method::GET, path, headers: Vec::new(), body: Vec::new() }).await
}

fn take(held: Option<&Pack>, bytes: &[u8], root: Option<&str>) -> Result<Pack, CliError> {
    match held {
        Some(pack) => pack.update(bytes).map_err(CliError::data),
        None => trust_memory::believe_pack(bytes, root),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|error| CliError::Data(format!("{}: {error}", path.display())))
}

fn tell(pack: &Pack, output: OutputArgs) -> Result<(), CliError> {
    let (manifest, trust) = (pack.manifest(), pack.trust());
    let lists = manifest.of_kind(PartKind::StatusList).count();
    if output.json {
        let parts: Vec<_> = manifest
            .lines
            .iter()
            .map(|line| json!({"kind": line.kind.to_string(), "name": line.name, "time": line.time, "bytes": line.size}))
            .collect();
        return line(format_args!(
            "{:#}",
            json!({"version": manifest.version, "made": manifest.issued_at, "public_url": manifest.public_url, "region": trust.list().region, "trust_list": trust.version(), "root": trust.root_fingerprint().to_string(), "parts": parts})
        ));
    }
    line(format_args!("pack of {}  {}", trust.list().region, manifest.public_url))?;
    line(format_args!("made        {}, from {} ledger entries", manifest.issued_at, manifest.version))?;
    line(format_args!("trust list  version {}, signed {}", trust.version(), trust.issued_at()))?;
    line(format_args!("root        {}", trust.root_fingerprint()))?;
    line(format_args!("statuses    {lists} lists"))
}
