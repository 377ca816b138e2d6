//! Standard output and error. A reader that has gone, as in `elicense … | head`, ends the program quietly and breaks
//! nothing.

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

/// Tells a person something beside the output. Where nobody reads that, nothing is lost.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes a file that the command line named.
pub(super) fn file(path: &std::path::Path, bytes: &[u8]) -> Result<(), CliError> {
    std::fs::write(path, bytes).map_err(|error| CliError::Data(format!("{}: {error}", path.display())))
}
