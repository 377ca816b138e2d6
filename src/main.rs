//! The `elicense` program: parse, run, exit code.

fn main() {}
