//! Asks a person for what the command line did not say. Questions go to standard error, so that standard output stays what
//! a machine may read.

use std::io::{BufRead, IsTerminal, Write};

use super::exit::CliError;
use super::print::note;

/// Asks on a terminal; elsewhere there is nobody to ask.
pub(super) struct Asker {
    somebody: bool,
}

/// What is asked for, and the option that says it beforehand.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) option: &'a str,
    pub(super) what: &'a str,
}

impl Asker {
    pub(super) fn new() -> Self {
        Self { somebody: std::io::stdin().is_terminal() && std::io::stderr().is_terminal() }
    }

    /// Whether there is somebody to ask.
    pub(super) const fn has_somebody(&self) -> bool {
        self.somebody
    }

    /// What was given, or else is asked for, read by `read`; a wrong answer is asked for again.
    pub(super) fn required<T>(
        &self,
        question: Question<'_>,
        given: Option<&str>,
        read: impl Fn(&str) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        match given {
            Some(given) => read(given).map_err(|error| named(question, &error)),
            None if self.somebody => self.until_right(question.what, read),
            None => Err(CliError::Usage(format!(
                "{} is missing and there is no terminal to ask on: {}",
                question.option, question.what
            ))),
        }
    }

    /// As [`Asker::required`]; an empty answer, or nobody to ask, means none.
    pub(super) fn optional<T>(
        &self,
        question: Question<'_>,
        given: Option<&str>,
        read: impl Fn(&str) -> Result<T, CliError>,
    ) -> Result<Option<T>, CliError> {
        match given {
            Some(given) => read(given).map(Some).map_err(|error| named(question, &error)),
            None if self.somebody => self.until_right(question.what, |answer| match answer {
                "" => Ok(None),
                answer => read(answer).map(Some),
            }),
            None => Ok(None),
        }
    }

    fn until_right<T>(&self, what: &str, read: impl Fn(&str) -> Result<T, CliError>) -> Result<T, CliError> {
        loop {
            match read(answer(what)?.trim()) {
                Ok(value) => return Ok(value),
                Err(error) => note(format_args!("  {error}")),
            }
        }
    }
}

fn named(question: Question<'_>, error: &CliError) -> CliError {
    CliError::Usage(format!("{}: {error}", question.option))
}

fn answer(what: &str) -> Result<String, CliError> {
    eprint!("{what}: ");
    std::io::stderr().flush().map_err(CliError::internal)?;
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) => Err(CliError::Usage("the answers ended before the questions".to_owned())),
        Ok(_) => Ok(line),
        Err(error) => Err(CliError::Internal(format!("standard input: {error}"))),
    }
}
