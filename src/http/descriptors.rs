//! Connections and files share this process's file descriptors: connections leave some for the store.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::HttpLimits;

/// Descriptors that the store, its checkpoints, listeners and logs may come to need.
const FOR_FILES: usize = 128;
/// Connections that there are in any case.
const FEWEST: usize = 8;

/// The same limits with no more connections than there are descriptors for, once the process has raised its own limit as
/// far as it may. Without this, whoever opens connections keeps the store from its files.
pub(super) fn fit(limits: HttpLimits) -> HttpLimits {
    let most = raised().map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let fitting = fitting(&limits, most);
    if fitting < limits.max_connections {
        let wanted = limits.max_connections;
        tracing::warn!(
            descriptors = most,
            wanted,
            connections = fitting,
            "too few file descriptors (ulimit -n)"
        );
    }
    HttpLimits { max_connections: fitting, ..limits }
}

fn fitting(limits: &HttpLimits, descriptors: usize) -> usize {
    let kept = limits.max_local_connections.saturating_add(FOR_FILES);
    limits.max_connections.min(descriptors.saturating_sub(kept).max(FEWEST))
}

/// How many descriptors this process may have now; `None` where there is no limit.
fn raised() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_files() {
        let limits =
            HttpLimits { max_connections: 1_000, max_local_connections: 64, ..HttpLimits::default() };
        for (descriptors, connections) in
            [(usize::MAX, 1_000), (1_192, 1_000), (1_191, 999), (1_024, 832), (200, 8), (10, 8), (0, 8)]
        {
            assert_eq!(fitting(&limits, descriptors), connections, "{descriptors}");
        }
    }
}
