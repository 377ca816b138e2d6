//! Standard output: a reader that has gone, as in `elicense … | head`, ends the program quietly and breaks nothing.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use super::exit::CliError;

/// Prints a line.
pub(super) fn line(text: impl Display) -> Result<(), CliError> {
    writeln!(std::io::stdout(), "{text}").map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => CliError::NobodyReads,
        _ => CliError::Internal(format!("standard output: {error}")),
    })
}
