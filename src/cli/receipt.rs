//! `elicense receipt`: a receipt again, for the case file.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::Value;

use super::access::{Access, to_value};
use super::client::Ask;
use super::exit::{CliError, Exit};
use super::print::{file, line};
use super::words::receipt_in_words;
use super::{DataArgs, OutputArgs, runtime};
use crate::codec::ReceiptId;
use crate::registry::{KeptReceipt, Registry};
use crate::render::ReceiptDocument;
use crate::verify::Language;

/// Receipts that were given.
#[derive(Subcommand)]
pub(super) enum ReceiptCommand {
    /// Show a receipt, or write its file or the page to print
    Show(ShowReceiptArgs),
}

impl ReceiptCommand {
    pub(super) const fn output(&self) -> OutputArgs {
        match self {
            Self::Show(args) => args.output,
        }
    }
}

/// Arguments of `receipt show`.
#[derive(Args)]
pub(super) struct ShowReceiptArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The receipt's id: 32 hexadecimal digits
    id: ReceiptId,
    /// Write the signed file here
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the page to print here
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// The forms of a receipt.
#[derive(Clone, Copy)]
enum ReceiptForm {
    File,
    Page,
    Json,
}

pub(super) fn run(command: &ReceiptCommand) -> Result<Exit, CliError> {
    let ReceiptCommand::Show(args) = command;
    runtime()?.block_on(async {
        let mut access = Access::to(&args.data, "receipt show").await?;
        for (path, form) in [(&args.out, ReceiptForm::File), (&args.html, ReceiptForm::Page)] {
            if let Some(path) = path {
                file(path, &receipt(&mut access, args.id, form).await?)?;
            }
        }
        let json = receipt(&mut access, args.id, ReceiptForm::Json).await?;
        let receipt: Value = serde_json::from_slice(&json).map_err(CliError::internal)?;
        match (args.output.json, args.out.is_none() && args.html.is_none()) {
            (true, _) => line(format_args!("{receipt:#}"))?,
            (false, true) => line(receipt_in_words(&receipt, Language::Zh))?,
            (false, false) => {}
        }
        Ok(Exit::Done)
    })
}

async fn receipt(access: &mut Access, id: ReceiptId, form: ReceiptForm) -> Result<Vec<u8>, CliError> {
    match access {
        Access::Service(client) => {
            let accept = match form {
                ReceiptForm::File => "application/cose",
                ReceiptForm::Page => "text/html",
                ReceiptForm::Json => "application/json",
            };
            let (path, headers) = (format!("/v1/receipts/{id}"), vec![("accept", accept.to_owned())]);
            client.bytes(Ask { method: Method::GET, path: &path, headers, body: Vec::new() }).await
        }
        Access::Here(registry) => {
            let kept = registry.receipt(&registry.machine(), &id.to_string())?;
            in_form(registry, &kept, form)
        }
    }
}

fn in_form(registry: &Registry, kept: &KeptReceipt, form: ReceiptForm) -> Result<Vec<u8>, CliError> {
    let document =
        ReceiptDocument { shown: &kept.shown, envelope: &kept.envelope, catalogue: registry.catalogue() };
    Ok(match form {
        ReceiptForm::File => kept.envelope.bare_bytes().to_vec(),
        ReceiptForm::Page => document.html().map_err(CliError::internal)?.into_bytes(),
        ReceiptForm::Json => to_value(&kept.view())?.to_string().into_bytes(),
    })
}
