//! `elicense qr`: the QR of a licence, in the terminal or as a file.

use std::path::{Path, PathBuf};

use clap::Args;

use super::access::{Access, Picture, identifier};
use super::exit::{CliError, Exit};
use super::print::{file, line};
use super::{DataArgs, runtime};
use crate::render::{PictureLimits, QrSymbol, read_qr};

/// Arguments of `qr`.
#[derive(Args)]
pub(super) struct QrArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The licence's identifier
    identifier: String,
    /// Write a picture here: .png or .svg
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the QR's text instead of drawing it
    #[arg(long)]
    text: bool,
}

pub(super) fn run(args: &QrArgs) -> Result<Exit, CliError> {
    let identifier = identifier(&args.identifier)?;
    let out = args.out.as_ref().map(|path| Ok::<_, CliError>((path, kind(path)?))).transpose()?;
    runtime()?.block_on(async {
        let mut access = Access::to(&args.data, "qr").await?;
        if let Some((path, kind)) = out {
            file(path, &access.picture(&identifier, kind).await?)?;
            return Ok(Exit::Done);
        }
        // Reading our own picture back shows that what is printed is what a scanner will read.
        let png = access.picture(&identifier, Picture::Png).await?;
        let text = read_qr(&png, &PictureLimits::default()).map_err(CliError::internal)?;
        if args.text {
            line(text)?;
        } else {
            line(QrSymbol::of(&text).map_err(CliError::internal)?.terminal())?;
        }
        Ok(Exit::Done)
    })
}

fn kind(path: &Path) -> Result<Picture, CliError> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("png") => Ok(Picture::Png),
        Some("svg") => Ok(Picture::Svg),
        _ => Err(CliError::Usage(format!(
            "expected a file name that ends in .png or .svg, got {}",
            path.display()
        ))),
    }
}
