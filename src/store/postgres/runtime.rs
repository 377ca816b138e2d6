//! The engine's own tasks, and how other threads wait for them.

use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::block_in_place;

/// The system gave no thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no thread for the connections to the database: {kind}")]
pub struct RuntimeError {
    /// The kind of failure.
    pub kind: io::ErrorKind,
}

/// One thread on which all connections of an engine run.
pub(super) fn runtime() -> Result<Runtime, RuntimeError> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).thread_name("postgres").enable_all();
    builder.build().map_err(|error| RuntimeError { kind: error.kind() })
}

/// Runs `future` on `runtime` and blocks the thread until it ends, at most so long.
pub(super) fn block_on<T: Send + 'static>(
    runtime: &Runtime,
    most: Duration,
    future: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let (reply, answer) = sync_channel(1);
    drop(runtime.spawn(async move { drop(reply.try_send(future.await)) }));
    wait(&answer, most)
}

/// Waits for an answer, at most so long. A thread that runs tasks hands them on first.
pub(super) fn wait<T>(answer: &Receiver<T>, most: Duration) -> Option<T> {
    let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(|| answer.recv_timeout(most).ok()),
        _ => answer.recv_timeout(most).ok(),
    }
}
