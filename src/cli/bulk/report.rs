//! What became of each row: lines on standard output, refusals, a progress bar on standard error.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::rows::Source;
use crate::cli::OutputArgs;
use crate::cli::exit::{CliError, Refusal};
use crate::cli::print::{line, note};

/// What doing a row is called.
#[derive(Clone, Copy)]
pub(super) enum Words {
    Issued,
    Changed,
}

/// Counts and tells what becomes of rows.
pub(super) struct Report {
    output: OutputArgs,
    words: Words,
    bar: ProgressBar,
    done: u64,
    /// Rows whose change had been made before.
    already: u64,
    pub(super) refused: u64,
}

impl Report {
    pub(super) fn new(output: OutputArgs, words: Words) -> Self {
        Self { output, words, bar: ProgressBar::hidden(), done: 0, already: 0, refused: 0 }
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
            Ok(value) => {
                match value.get("result").and_then(Value::as_str) {
                    Some("already") => self.already += 1,
                    _ => self.done += 1,
                }
                let words = self.words;
                self.say(|output| print_done(output, words, at, value))?;
            }
            Err(refusal) => {
                self.refused += 1;
                self.say(|output| print_refused(output, at, refusal))?;
            }
        }
        self.bar.set_message(self.counts());
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
            let Self { done, already, refused, .. } = self;
            return note(match self.words {
                Words::Issued => json!({"issued": done, "refused": refused, "stopped": stopped}),
                Words::Changed => {
                    json!({"changed": done, "already": already, "refused": refused, "stopped": stopped})
                }
            });
        }
        note(self.counts());
        if stopped {
            note("stopped; run the same command again to go on");
        }
    }

    fn counts(&self) -> String {
        let Self { done, already, refused, .. } = self;
        match self.words {
            Words::Issued => format!("{done} issued, {refused} refused"),
            Words::Changed => format!("{done} changed, {already} already so, {refused} refused"),
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

fn print_done(
    output: OutputArgs,
    words: Words,
    (source, row): (&Source, u64),
    value: &Value,
) -> Result<(), CliError> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    match (output.json, words) {
        (true, Words::Issued) => line(json!({"file": source.name, "row": row, "issued": value})),
        (true, Words::Changed) => line(json!({"file": source.name, "row": row, "changed": value})),
        (false, Words::Issued) => line(format_args!("{}  {}", text("identifier"), text("number"))),
        (false, Words::Changed) => line(format_args!(
            "{}  {}  {} since {}",
            text("identifier"),
            text("result"),
            text("status"),
            text("since")
        )),
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
