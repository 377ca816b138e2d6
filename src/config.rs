//! What a running service keeps to: every limit of the HTTP side in one place.

use std::time::Duration;

pub use crate::access::AccessLimits;

/// Limits of the HTTP service. Each closes one way of wearing it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections open at once over TCP; more wait in the listen queue.
    pub max_connections: usize,
    /// Connections open at once on the local socket.
    pub max_local_connections: usize,
    /// From a connection's first moment, or the end of its last answer, to the end of the next request's header.
    pub header_read_timeout: Duration,
    /// From a request's header to the end of its body; for a batch, from one piece of it to the next.
    pub body_read_timeout: Duration,
    /// From a batch's header to the end of its lines.
    pub batch_timeout: Duration,
    /// From a request's header to the header of its answer.
    pub request_timeout: Duration,
    /// How long a client may leave what it is sent unread.
    pub write_timeout: Duration,
    /// How often an address may come without a good key.
    pub strangers: StrangerLimits,
    /// Bytes of any body that is no picture and no batch.
    pub body: usize,
    /// Bytes of a picture.
    pub picture_body: usize,
    /// Bytes of one line of a batch.
    pub batch_line: usize,
    /// Pictures read at once.
    pub picture_workers: usize,
    /// Whole pictures that may wait for a worker.
    pub picture_queue: usize,
    /// Bytes of pictures that are on their way in, wait for a worker or are read, all together.
    pub picture_memory: usize,
    /// How long requests in flight have to end once the service is told to stop.
    pub drain: Duration,
}

impl HttpLimits {
    /// For a service whose database is another machine: whoever asks is told within five seconds that it does not answer.
    pub fn over_a_database() -> Self {
        Self { request_timeout: Duration::from_secs(5), ..Self::default() }
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            max_connections: 1_024,
            max_local_connections: 256,
            header_read_timeout: Duration::from_secs(10),
            body_read_timeout: Duration::from_secs(30),
            batch_timeout: Duration::from_secs(3_600),
            request_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            strangers: StrangerLimits::default(),
            body: 128 * 1024,
            picture_body: 8 << 20,
            batch_line: 64 * 1024,
            picture_workers: 2,
            picture_queue: 16,
            picture_memory: 128 << 20,
            drain: Duration::from_secs(10),
        }
    }
}

/// How the identity provider is asked for its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityProviderLimits {
    /// How long it may take.
    pub patience: Duration,
    /// Bytes of an answer.
    pub answer: usize,
    /// Age at which the keys are asked for again.
    pub age: Duration,
    /// From one question to the next at least.
    pub quiet: Duration,
    /// Age at which keys are not believed any more, where the provider does not answer.
    pub longest: Duration,
}

impl Default for IdentityProviderLimits {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(5),
            answer: 256 * 1024,
            age: Duration::from_secs(600),
            quiet: Duration::from_secs(30),
            longest: Duration::from_secs(86_400),
        }
    }
}

/// How often one address is told that it has no good key, before it is told to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrangerLimits {
    /// Times in a row.
    pub burst: u32,
    /// After which there is once more.
    pub interval: Duration,
    /// How many times as often this machine's own addresses are: a proxy on it stands for all its clients.
    pub loopback_times: u32,
    /// Addresses that are remembered.
    pub addresses: usize,
}

impl Default for StrangerLimits {
    fn default() -> Self {
        Self { burst: 60, interval: Duration::from_secs(1), loopback_times: 50, addresses: 10_000 }
    }
}
