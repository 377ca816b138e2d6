//! The bar of a command that works through a store. It draws itself only on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// What a bar counts.
#[derive(Clone, Copy)]
pub(super) enum Counting {
    Bytes,
    Entries,
}

/// A bar that learns with the first step how long it is.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn of(what: Counting) -> Self {
        let template = match what {
            Counting::Bytes => "{bar:40} {percent}% of {total_bytes}, {binary_bytes_per_sec}, {eta} to go",
            Counting::Entries => "{bar:40} {percent}% of {len} entries, {per_sec}, {eta} to go",
        };
        let bar = ProgressBar::new(0);
        Self(match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    /// So much is done, of so much.
    pub(super) fn step(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
