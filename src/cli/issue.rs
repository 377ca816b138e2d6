//! `elicense issue`: licences from files, one or a million.
//!
//! The idempotency key of a row is made of its own bytes, so a run that was cut off is run again: what was issued is found,
//! the rest is issued. Two equal rows are one licence.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::access::Access;
use super::exit::{CliError, Exit};
use super::{DataArgs, OutputArgs, runtime};
use crate::crypto::Digest;
use crate::licence::Draft;

/// Arguments of `issue`.
#[derive(Args)]
pub(super) struct IssueArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Credit code of the department that issues
    #[arg(long, value_name = "CODE")]
    department: String,
    /// Issue requests: a JSON file holds one, an NDJSON file (.ndjson, .jsonl) one a line
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Default)]
struct Count {
    issued: u64,
    refused: u64,
}

pub(super) fn run(args: &IssueArgs) -> Result<Exit, CliError> {
    runtime()?.block_on(async {
        let mut access = Access::to(&args.data.dir, "issue").await?;
        let mut count = Count::default();
        for path in &args.files {
            issue_file(args, path, &mut access, &mut count).await?;
        }
        eprintln!("{} issued, {} refused", count.issued, count.refused);
        Ok(if count.refused == 0 { Exit::Done } else { Exit::Data })
    })
}

async fn issue_file(
    args: &IssueArgs,
    path: &Path,
    access: &mut Access,
    count: &mut Count,
) -> Result<(), CliError> {
    let io = |error| CliError::Data(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let by_line = path.extension().is_some_and(|extension| extension == "ndjson" || extension == "jsonl");
    let mut reader = BufReader::new(file);
    let bar = progress(length, by_line);
    let mut row: u64 = 0;
    while let Some(body) = next_body(&mut reader, by_line).map_err(io)? {
        row += 1;
        bar.inc(u64::try_from(body.len()).unwrap_or(0));
        if body.trim_ascii().is_empty() {
            continue;
        }
        let key = format!("file-{}", Digest::of(&body));
        let place = json!({"file": path, "row": row});
        match access.issue(&args.department, &key, body).await {
            Ok(issued) => {
                count.issued += 1;
                bar.suspend(|| print_issued(args.output, &place, &issued));
            }
            Err(CliError::Data(detail)) => {
                count.refused += 1;
                bar.suspend(|| print_refused(args.output, &place, &detail));
            }
            Err(error) => return Err(error),
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// The next request: the whole file, or a line. Never more than one request's bytes and a little in memory.
fn next_body(reader: &mut impl BufRead, by_line: bool) -> std::io::Result<Option<Vec<u8>>> {
    let most = u64::try_from(Draft::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(2);
    let mut body = Vec::new();
    if by_line {
        reader.by_ref().take(most).read_until(b'\n', &mut body)?;
        if body.last() != Some(&b'\n') {
            skip_rest_of_line(reader)?;
        }
    } else {
        reader.by_ref().take(most).read_to_end(&mut body)?;
    }
    Ok((!body.is_empty()).then_some(body))
}

/// A line longer than any request is refused as such; what is left of it is passed over.
fn skip_rest_of_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(buffer.len(), |end| end + 1);
        if length == 0 {
            return Ok(());
        }
        reader.consume(length);
        if end.is_some() {
            return Ok(());
        }
    }
}

fn progress(length: u64, by_line: bool) -> ProgressBar {
    if !by_line {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn print_issued(output: OutputArgs, place: &Value, issued: &Value) {
    let text = |key: &str| issued.get(key).and_then(Value::as_str).unwrap_or_default();
    if output.json {
        println!("{}", json!({"at": place, "issued": issued}));
    } else {
        println!("{}  {}", text("identifier"), text("number"));
    }
}

fn print_refused(output: OutputArgs, place: &Value, detail: &str) {
    if output.json {
        println!("{}", json!({"at": place, "refused": detail}));
    } else {
        let text = |key: &str| place.get(key).map(Value::to_string).unwrap_or_default();
        eprintln!("{} row {}: {detail}", text("file"), text("row"));
    }
}
