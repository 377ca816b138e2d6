//! The `elicense` program: parse, run, exit code.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// The service makes and drops many small pieces of memory on many threads; this allocator takes less time over it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    elicense::cli::main()
}
