//! `elicense verify`: a verdict from the store here, a service elsewhere, or a trust list alone.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hyper::Method;
use serde_json::Value;

use super::access::Access;
use super::client::{Ask, Client};
use super::exit::{CliError, Exit};
use super::words::print_verdict;
use super::{OutputArgs, now, runtime, trust_memory};
use crate::codec::{QR_PREFIX, limits, without_scanner_line_end};
use crate::render::{PictureLimits, read_qr};
use crate::time::UnixTime;
use crate::verify::{Language, Status, Verdict, Verifier};

/// Arguments of `verify`.
#[derive(Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    by: By,
    /// SHA-256 of the root certificate, in hexadecimal; by default the one accepted at first use
    #[arg(long, value_name = "HEX", requires = "trust")]
    root: Option<String>,
    /// Judge for another time, as 2026-11-24T10:00:00+08:00
    #[arg(long, value_name = "TIME")]
    at: Option<UnixTime>,
    /// Language of the findings
    #[arg(long, default_value = "zh")]
    lang: Lang,
    /// A file (.elic, text, PNG or JPEG), the QR's text itself, or - for standard input
    #[arg(value_name = "FILE|TEXT|PICTURE|-")]
    presented: String,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct By {
    /// Judge by the installation in this directory
    #[arg(long = "data", value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Ask this service
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Judge by this trust list alone: the answer is at best indeterminate
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Lang {
    Zh,
    En,
}

/// What was presented.
enum Presented {
    Text(String),
    Bytes(Vec<u8>),
}

pub(super) fn run(args: &VerifyArgs) -> Result<Exit, CliError> {
    let presented = read(&args.presented)?;
    match (&args.by.dir, &args.by.server, &args.by.trust) {
        (Some(dir), _, _) => here(args, dir, presented),
        (_, Some(url), _) => {
            no_time(args)?;
            let verdict = runtime()?.block_on(async { ask(Client::tcp(url).await?, presented).await })?;
            print_answer(args, &verdict)
        }
        (_, _, Some(trust)) => {
            let list = std::fs::read(trust)
                .map_err(|error| CliError::Data(format!("{}: {error}", trust.display())))?;
            let trust = trust_memory::believe(&list, args.root.as_deref())?;
            print(args, &judge(&Verifier::new(&trust), &presented, args.at.unwrap_or_else(now)))
        }
        _ => Err(CliError::Usage("one of --data, --server and --trust is needed".to_owned())),
    }
}

fn here(args: &VerifyArgs, dir: &Path, presented: Presented) -> Result<Exit, CliError> {
    runtime()?.block_on(async {
        match (Access::to(dir, "verify").await?, args.at) {
            (Access::Service(client), None) => {
                let verdict = ask(*client, presented).await?;
                print_answer(args, &verdict)
            }
            (Access::Service(_), Some(_)) => no_time(args).map(|()| Exit::Usage),
            (Access::Here(registry), Some(at)) => print(args, &judge(&registry.verifier(), &presented, at)),
            (Access::Here(registry), None) => {
                let verdict = match &presented {
                    Presented::Text(text) => registry.verify_text(text, now()),
                    Presented::Bytes(bytes) => registry.verify_bytes(bytes, now()),
                };
                print(args, &verdict)
            }
        }
    })
}

fn no_time(args: &VerifyArgs) -> Result<(), CliError> {
    match args.at {
        None => Ok(()),
        Some(_) => Err(CliError::Usage(
            "a running service judges for now; --at needs --trust, or a store that no service has open"
                .to_owned(),
        )),
    }
}

fn judge(verifier: &Verifier<'_>, presented: &Presented, at: UnixTime) -> Verdict {
    match presented {
        Presented::Text(text) => verifier.verify_text(text, at),
        Presented::Bytes(bytes) => verifier.verify_bytes(bytes, at),
    }
}

async fn ask(mut client: Client, presented: Presented) -> Result<Value, CliError> {
    let (kind, body) = match presented {
        Presented::Text(text) => ("text/plain", text.into_bytes()),
        Presented::Bytes(bytes) => ("application/cose", bytes),
    };
    let headers = vec![("content-type", kind.to_owned())];
    client.json(Ask { method: Method::POST, path: "/v1/verifications", headers, body }).await
}

fn print(args: &VerifyArgs, verdict: &Verdict) -> Result<Exit, CliError> {
    if args.output.json {
        println!("{}", serde_json::to_string_pretty(verdict).map_err(CliError::internal)?);
    } else {
        print_verdict(verdict, args.language());
    }
    Ok(match verdict.status {
        Status::Valid => Exit::Done,
        Status::Invalid => Exit::Invalid,
        Status::Indeterminate => Exit::Indeterminate,
    })
}

/// A verdict that came as JSON from a service.
fn print_answer(args: &VerifyArgs, verdict: &Value) -> Result<Exit, CliError> {
    let (status, exit) = match verdict.get("status").and_then(Value::as_str) {
        Some("valid") => (Status::Valid, Exit::Done),
        Some("invalid") => (Status::Invalid, Exit::Invalid),
        Some("indeterminate") => (Status::Indeterminate, Exit::Indeterminate),
        _ => return Err(CliError::Internal("the service's answer is no verdict".to_owned())),
    };
    if args.output.json {
        println!("{verdict:#}");
        return Ok(exit);
    }
    println!("{}", status.headline(args.language()));
    for finding in verdict.get("findings").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default();
        println!(
            "  {}: {}  {}",
            super::words::check_label(text("check"), args.language()),
            super::words::outcome_label(text("result"), args.language()),
            super::words::sentence(text("code"), args.language())
        );
    }
    if let Some(licence) = verdict.get("licence") {
        let text = |key: &str| licence.get(key).and_then(Value::as_str).unwrap_or_default();
        println!("{}  {}  {}", text("type_name"), text("number"), text("identifier"));
    }
    Ok(exit)
}

impl VerifyArgs {
    const fn language(&self) -> Language {
        match self.lang {
            Lang::Zh => Language::Zh,
            Lang::En => Language::En,
        }
    }
}

fn read(presented: &str) -> Result<Presented, CliError> {
    if presented.starts_with(QR_PREFIX) {
        return Ok(Presented::Text(presented.to_owned()));
    }
    let bytes = if presented == "-" {
        let mut bytes = Vec::new();
        let most = u64::try_from(PictureLimits::default().bytes).unwrap_or(u64::MAX);
        std::io::stdin().take(most).read_to_end(&mut bytes).map_err(CliError::data)?;
        bytes
    } else {
        match std::fs::read(presented) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !looks_like_a_path(presented) => {
                return Ok(Presented::Text(presented.to_owned()));
            }
            Err(error) => return Err(CliError::Data(format!("{presented}: {error}"))),
        }
    };
    classify(bytes)
}

fn looks_like_a_path(text: &str) -> bool {
    text.len() < limits::CERTIFICATE
        && (text.starts_with(['.', '/']) || Path::new(text).extension().is_some())
}

fn classify(bytes: Vec<u8>) -> Result<Presented, CliError> {
    if bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xff\xd8\xff") {
        return read_qr(&bytes, &PictureLimits::default()).map(Presented::Text).map_err(CliError::data);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Presented::Text(without_scanner_line_end(&text).to_owned())),
        Err(not_text) => Ok(Presented::Bytes(not_text.into_bytes())),
    }
}
