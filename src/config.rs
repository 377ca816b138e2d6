//! What a running service keeps to: every limit of the HTTP side in one place.

use std::time::Duration;

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
    /// Bytes of any body that is no picture and no batch.
    pub body: usize,
    /// Bytes of a picture.
    pub picture_body: usize,
    /// Bytes of one line of a batch.
    pub batch_line: usize,
    /// Pictures read at once.
    pub picture_workers: usize,
    /// Pictures that may be on their way in or wait for a worker.
    pub picture_queue: usize,
    /// How long requests in flight have to end once the service is told to stop.
    pub drain: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            max_connections: 1_024,
            max_local_connections: 64,
            header_read_timeout: Duration::from_secs(10),
            body_read_timeout: Duration::from_secs(30),
            batch_timeout: Duration::from_secs(3_600),
            request_timeout: Duration::from_secs(60),
            body: 128 * 1024,
            picture_body: 8 << 20,
            batch_line: 64 * 1024,
            picture_workers: 2,
            picture_queue: 16,
            drain: Duration::from_secs(10),
        }
    }
}
