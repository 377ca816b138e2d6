//! The table: every figure beside its limit or its peer, from the medians that criterion has just written down.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Medians that were measured without criterion: group, side, nanoseconds.
static MEASURED: Mutex<Vec<(&str, &str, f64)>> = Mutex::new(Vec::new());

/// Records the median of what was measured in rounds, each round both sides.
pub(crate) fn record(group: &'static str, of: &'static str, mut rounds: Vec<Duration>) {
    rounds.sort_unstable();
    let median = rounds[rounds.len() / 2].as_nanos() as f64;
    MEASURED.lock().unwrap_or_else(PoisonError::into_inner).push((group, of, median));
}

/// What is promised of a ratio.
#[derive(Clone, Copy)]
pub(crate) enum Promise {
    AtMost(f64),
    AtLeast(f64),
    /// Of work done a second, to be seen beside its peer.
    Nothing,
}

/// One line of the table: two benchmarks of one group.
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) beside: &'static str,
    pub(crate) promise: Promise,
}

impl Promise {
    fn is_kept(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(most) => ratio <= most,
            Self::AtLeast(least) => ratio >= least,
            Self::Nothing => true,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {most}"),
            Self::AtLeast(least) => format!("≥ {least}"),
            Self::Nothing => "–".to_owned(),
        }
    }
}

/// Prints the rows whose both sides were measured, as the table of docs/PERFORMANCE.md.
pub(crate) fn print<'a>(rows: impl Iterator<Item = &'a Row>) {
    println!(
        "\n| what | median | beside | median | ratio | promised | |\n| --- | --- | --- | --- | --- | --- | --- |"
    );
    for row in rows {
        let Row { group, ours, beside, promise } = row;
        let (Some(our_time), Some(their_time)) = (median(group, ours), median(group, beside)) else {
            println!("| {group} | not measured: a filter left a side out | | | | | |");
            continue;
        };
        // Of work done a second it is the inverse: both sides do the same number of requests.
        let ratio = match promise {
            Promise::AtMost(_) => our_time / their_time,
            Promise::AtLeast(_) | Promise::Nothing => their_time / our_time,
        };
        let kept = match promise {
            Promise::Nothing => "",
            promise if promise.is_kept(ratio) => "kept",
            _ => "**not kept**",
        };
        println!(
            "| {group} | {} | {beside} | {} | {ratio:.3} | {} | {kept} |",
            time(our_time),
            time(their_time),
            promise.words()
        );
    }
}

fn time(nanoseconds: f64) -> String {
    if nanoseconds < 1e6 {
        format!("{:.2} µs", nanoseconds / 1e3)
    } else {
        format!("{:.2} ms", nanoseconds / 1e6)
    }
}

/// Nanoseconds.
fn median(group: &str, of: &str) -> Option<f64> {
    let measured = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((.., median)) = measured.iter().find(|(at, side, _)| (*at, *side) == (group, of)) {
        return Some(*median);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    // As criterion names its folders.
    let folder = |name: &str| name.replace('/', "_");
    let file =
        target.join("criterion").join(folder(group)).join(folder(of)).join("new").join("estimates.json");
    let estimates: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    estimates.pointer("/median/point_estimate")?.as_f64()
}
