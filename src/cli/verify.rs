//! `elicense verify`: a verdict from the store here, a service elsewhere, a pack carried along, or a trust list alone.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hyper::Method;
use serde_json::{Value, json};

use super::access::{Access, to_value};
use super::client::{Ask, Client};
use super::exit::{CliError, Exit};
use super::presented::{Presented, read};
use super::words::print_verdict;
use super::{DataArgs, OutputArgs, StoreUrlArgs, now, runtime, trust_memory};
use crate::licence::Catalogue;
use crate::sdjwt::Challenge;
use crate::time::UnixTime;
use crate::verify::{Language, Status, Verdict, Verifier};

/// Arguments of `verify`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    by: By,
    /// SHA-256 of the root certificate, in hexadecimal; by default the one accepted at first use
    #[arg(long, value_name = "HEX", conflicts_with_all = ["dir", "server"])]
    root: Option<String>,
    /// Judge for another time, as 2026-11-24T10:00:00+08:00
    #[arg(long, value_name = "TIME")]
    at: Option<UnixTime>,
    /// Who you are, as the holder of an SD-JWT VC was told; goes with --nonce
    #[arg(long, value_name = "TEXT", requires = "nonce")]
    audience: Option<String>,
    /// What you made up for this once and the holder was to sign
    #[arg(long, value_name = "TEXT", requires = "audience")]
    nonce: Option<String>,
    #[command(flatten)]
    store: StoreUrlArgs,
    /// Language of the findings
    #[arg(long, default_value = "zh")]
    lang: Lang,
    /// A file (.elic, text, PNG or JPEG), the QR's or SD-JWT VC's text itself, or - for standard input
    #[arg(value_name = "FILE|TEXT|PICTURE|-")]
    presented: String,
    #[command(flatten)]
    pub(super) output: OutputArgs,
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
    /// Judge by this pack, without a line: the status is as of the pack
    #[arg(long, value_name = "FILE")]
    pack: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Lang {
    Zh,
    En,
}

const AFTER_HELP: &str = "\
With --trust and --pack the root that the list begins with is believed at first use, told, and no other from then on; --root
says it beforehand. `curl URL/v1/trust-list` gets a service's list, `elicense pack update FILE --server URL` its pack. A pack
that is older than one seen before is refused (65).

Exit codes: 0 valid, 1 invalid, 2 it cannot be determined, 64 wrong usage, 65 unreadable input, 70 no service answers.";

pub(super) fn run(args: &VerifyArgs) -> Result<Exit, CliError> {
    let presented = args.challenged(read(&args.presented)?);
    match (&args.by.dir, &args.by.server) {
        (Some(dir), _) => here(args, dir, presented),
        (_, Some(url)) => {
            no_time(args)?;
            let verdict = runtime()?.block_on(async { ask(Client::tcp(url).await?, presented).await })?;
            print_answer(args, &verdict)
        }
        _ => carried(args, &presented),
    }
}

/// By what was carried along: a pack, or a trust list alone.
fn carried(args: &VerifyArgs, presented: &Presented) -> Result<Exit, CliError> {
    match (&args.by.pack, &args.by.trust) {
        (Some(path), _) => {
            let pack =
                believe_file(path, "pack", |bytes| trust_memory::believe_pack(bytes, args.root.as_deref()))?;
            let catalogue = Catalogue::shipped().map_err(CliError::internal)?;
            let verifier = Verifier::new(pack.trust()).with_offline(&pack).with_catalogue(&catalogue);
            let verdict = match args.at {
                Some(at) => judge(&verifier, presented, at),
                // The pack's own time is the newest signed one: an older pack would not have been believed.
                None => judge(&verifier.with_newest_seen(pack.seen().issued_at), presented, now()),
            };
            print(args, &verdict)
        }
        (_, Some(path)) => {
            let trust =
                believe_file(path, "trust list", |bytes| trust_memory::believe(bytes, args.root.as_deref()))?;
            print(args, &judge(&Verifier::new(&trust), presented, args.at.unwrap_or_else(now)))
        }
        _ => Err(CliError::Usage("one of --data, --server, --pack and --trust is needed".to_owned())),
    }
}

fn believe_file<T>(
    path: &Path,
    what: &str,
    believe: impl FnOnce(&[u8]) -> Result<T, CliError>,
) -> Result<T, CliError> {
    let bytes =
        std::fs::read(path).map_err(|error| CliError::Data(format!("{}: {error}", path.display())))?;
    believe(&bytes).map_err(|error| match error {
        CliError::Data(why) => {
            CliError::Data(format!("{}: the {what} is not believed: {why}", path.display()))
        }
        other => other,
    })
}

fn here(args: &VerifyArgs, dir: &Path, presented: Presented) -> Result<Exit, CliError> {
    runtime()?.block_on(async {
        let data = DataArgs { dir: dir.to_owned(), store: args.store.clone() };
        match (Access::to(&data, "verify").await?, args.at) {
            (Access::Service(client), None) => {
                let verdict = ask(*client, presented).await?;
                print_answer(args, &verdict)
            }
            (Access::Service(_), Some(_)) => no_time(args).map(|()| Exit::Usage),
            (Access::Here(registry), Some(at)) => {
                print(args, &judge(&registry.verifier(&registry.trust()), &presented, at))
            }
            (Access::Here(registry), None) => {
                let verdict = match &presented {
                    Presented::Text(text) => registry.verify_text(text, now()).await,
                    Presented::Challenged(text, challenge) => {
                        registry.verify_challenged(text, challenge, now()).await
                    }
                    Presented::Bytes(bytes) => registry.verify_bytes(bytes, now()).await,
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
            "a running service judges for now; --at needs --pack, --trust, or a store that no service has open"
                .to_owned(),
        )),
    }
}

fn judge(verifier: &Verifier<'_>, presented: &Presented, at: UnixTime) -> Verdict {
    match presented {
        Presented::Text(text) => verifier.verify_text(text, at),
        Presented::Challenged(text, challenge) => verifier.verify_challenged(text, challenge, at),
        Presented::Bytes(bytes) => verifier.verify_bytes(bytes, at),
    }
}

async fn ask(mut client: Client, presented: Presented) -> Result<Value, CliError> {
    let (kind, body) = match presented {
        Presented::Text(text) => ("text/plain", text.into_bytes()),
        Presented::Challenged(credential, Challenge { audience, nonce }) => {
            let request = json!({"credential": credential, "audience": audience, "nonce": nonce});
            ("application/json", request.to_string().into_bytes())
        }
        Presented::Bytes(bytes) => ("application/cose", bytes),
    };
    let headers = vec![("content-type", kind.to_owned())];
    client.json(Ask { method: Method::POST, path: "/v1/verifications", headers, body }).await
}

fn print(args: &VerifyArgs, verdict: &Verdict) -> Result<Exit, CliError> {
    print_answer(args, &to_value(verdict)?)
}

/// A verdict as JSON, from here or from a service.
fn print_answer(args: &VerifyArgs, verdict: &Value) -> Result<Exit, CliError> {
    let (status, exit) = match verdict.get("status").and_then(Value::as_str) {
        Some("valid") => (Status::Valid, Exit::Done),
        Some("invalid") => (Status::Invalid, Exit::Invalid),
        Some("indeterminate") => (Status::Indeterminate, Exit::Indeterminate),
        _ => return Err(CliError::Internal("the service's answer is no verdict".to_owned())),
    };
    print_verdict(verdict, status, args.language(), args.output)?;
    Ok(exit)
}

impl VerifyArgs {
    /// With what the holder was to prove, if anything.
    fn challenged(&self, presented: Presented) -> Presented {
        match (presented, &self.audience, &self.nonce) {
            (Presented::Text(text), Some(audience), Some(nonce)) => {
                let challenge = Challenge { audience: audience.clone(), nonce: nonce.clone() };
                Presented::Challenged(text, challenge)
            }
            (presented, _, _) => presented,
        }
    }

    const fn language(&self) -> Language {
        match self.lang {
            Lang::Zh => Language::Zh,
            Lang::En => Language::En,
        }
    }
}
