//! A client that costs little: requests made beforehand, connections kept alive, one request at a time on each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A request as its bytes.
pub(crate) fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A request without a body.
pub(crate) fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n").into_bytes()
}

/// Keeps this thread, and those it starts from now on, on these cores.
pub(crate) fn pin(cores: &[usize]) {
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(*core));
    sched_setaffinity(None, &set).unwrap();
}

/// Sends all requests over `connections` and gives the time until the last answer. Every answer must have `status`.
pub(crate) async fn send_all(
    address: SocketAddr,
    requests: Arc<[Vec<u8>]>,
    connections: usize,
    status: &'static str,
) -> Duration {
    send_timed(address, requests, connections, status).await.0
}

/// The same, with how long each answer took, in no order.
pub(crate) async fn send_timed(
    address: SocketAddr,
    requests: Arc<[Vec<u8>]>,
    connections: usize,
    status: &'static str,
) -> (Duration, Vec<Duration>) {
    let next = Arc::new(AtomicUsize::new(0));
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        streams.push(stream);
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for mut stream in streams {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.spawn(async move {
            let mut answer = vec![0; 64 * 1024];
            let mut took = Vec::new();
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let asked = Instant::now();
                stream.write_all(request).await.unwrap();
                read_answer(&mut stream, &mut answer, status).await;
                took.push(asked.elapsed());
            }
            took
        });
    }
    let mut took = Vec::new();
    while let Some(done) = tasks.join_next().await {
        took.extend(done.unwrap());
    }
    (start.elapsed(), took)
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8], status: &str) {
    let mut read = 0;
    loop {
        let count = stream.read(&mut buffer[read..]).await.unwrap();
        assert!(count > 0, "the service closed the connection");
        read += count;
        let text = &buffer[..read];
        let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = str::from_utf8(&text[..end]).unwrap().to_ascii_lowercase();
        let (_, length) = head.split_once("content-length: ").unwrap();
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        if read == end + 4 + length {
            let body = String::from_utf8_lossy(&text[end + 4..]);
            assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}\n{body}");
            return;
        }
    }
}
