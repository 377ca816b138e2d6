//! What became of each row: lines on standard output, refusals, a progress bar on standard error.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::rows::Source;
use crate::cli::OutputArgs;
use crate::cli::exit::{CliError, Refusal};
use crate::cli::print::{line, note};

/// Counts and tells what becomes of rows.
pub(super) struct Report {
    output: OutputArgs,
    bar: ProgressBar,
    issued: u64,
    pub(super) refused: u64,
}

impl Report {
    pub(super) fn new(output: OutputArgs) -> Self {
        Self { output, bar: ProgressBar::hidden(), issued: 0, refused: 0 }
    }

    /// Goes on to another source. The bar draws itself only on a terminal.
    pub(super) fn begin(&mut self, source: &Source) {
        self.bar = match source.length {
            _ if !source.is_bulk() => ProgressBar::hidden(),
            Some(length) => with_template(
                ProgressBar::new(length),
                "{bar:40} {percent}% of {total_bytes}, {msg}, {eta} to go",
            ),
            None => with_template(ProgressBar::new_spinner(), "{spinner} {msg}, {elapsed}"),
        };
    }

    /// What became of a row; `read` bytes of the source are behind it.
    pub(super) fn row(
        &mut self,
        at: (&Source, u64),
        read: u64,
        done: Result<&Value, &Refusal>,
    ) -> Result<(), CliError> {
        match done {
            Ok(issued) => {
                self.issued += 1;
                self.say(|output| print_issued(output, at, issued))?;
            }
            Err(refusal) => {
                self.refused += 1;
                self.say(|output| print_refused(output, at, refusal))?;
            }
        }
        self.bar.set_message(format!("{} issued, {} refused", self.issued, self.refused));
        self.bar.inc(read);
        Ok(())
    }

    /// Passes over an empty line.
    pub(super) fn pass(&self, read: u64) {
        self.bar.inc(read);
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// The last word, on standard error.
    pub(super) fn close(&self, stopped: bool) {
        if self.output.json {
            return note(json!({"issued": self.issued, "refused": self.refused, "stopped": stopped}));
        }
        note(format_args!("{} issued, {} refused", self.issued, self.refused));
        if stopped {
            note("stopped; run the same command again to go on");
        }
    }

    /// Prints, with the bar out of the way where both go to a terminal.
    fn say(&self, print: impl FnOnce(OutputArgs) -> Result<(), CliError>) -> Result<(), CliError> {
        if std::io::stdout().is_terminal() {
            self.bar.suspend(|| print(self.output))
        } else {
            print(self.output)
        }
    }
}

fn with_template(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn print_issued(output: OutputArgs, (source, row): (&Source, u64), issued: &Value) -> Result<(), CliError> {
    let text = |key: &str| issued.get(key).and_then(Value::as_str).unwrap_or_default();
    if output.json {
        line(json!({"file": source.name, "row": row, "issued": issued}))
    } else {
        line(format_args!("{}  {}", text("identifier"), text("number")))
    }
}

fn print_refused(
    output: OutputArgs,
    (source, row): (&Source, u64),
    refusal: &Refusal,
) -> Result<(), CliError> {
    if output.json {
        return line(json!({"file": source.name, "row": row, "refused": refusal}));
    }
    note(format_args!("{}, row {row}: {refusal}", source.name));
    Ok(())
}
