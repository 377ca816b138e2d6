//! The `elicense` program: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    elicense::cli::main()
}
