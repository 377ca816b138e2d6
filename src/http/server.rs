//! Accepts connections within limits, answers them, and drains them when told to stop.
//!
//! `axum::serve` has no limit on connections and none on how long a header may take; this loop has both.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::descriptors;
use super::router::build;
use super::state::{Listener, State};
use super::strangers::Peer;
use super::write_timeout::WriteTimeout;
use crate::config::HttpLimits;

/// Most bytes of a request's header. Its lines are at most 100, which is hyper's own limit: any other one set here would
/// cost an allocation a request.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Most bytes of a request that are read ahead. It bounds memory, not headers: a reading may come to more.
const MAX_READ_AHEAD: usize = 64 * 1024;
/// How long to wait after an error of the listener, which is nearly always one of too few file descriptors.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Serves until `shutdown` is done, then takes no more connections and gives those that are open `limits.drain` to finish
/// what they are at. When it returns, no connection holds the registry any more.
///
/// # Errors
///
/// Where the TCP listener has no address.
pub async fn serve(
    tcp: TcpListener,
    local: Option<UnixListener>,
    state: State,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let limits = descriptors::fit(state.limits);
    tracing::info!(address = %tcp.local_addr()?, "listening");
    let (end, ended) = watch::channel(());
    let connections = GracefulShutdown::new();
    let network = Door {
        router: build(state.clone(), Listener::Tcp),
        places: Arc::new(Semaphore::new(limits.max_connections)),
        limits,
        connections: &connections,
        ended: ended.clone(),
    };
    let machine = Door {
        router: build(state, Listener::Local),
        places: Arc::new(Semaphore::new(limits.max_local_connections)),
        limits,
        connections: &connections,
        ended,
    };
    tokio::select! {
        () = shutdown => {}
        () = network.open(tcp) => {}
        () = machine.open_if(local) => {}
    }
    drop((network, machine));
    let open = connections.count();
    tracing::info!(open, "draining");
    if tokio::time::timeout(limits.drain, connections.shutdown()).await.is_err() {
        tracing::warn!("connections were cut at the end of the time to drain");
    }
    // Whoever is left is cut; then the last one has gone when the channel is closed.
    let _ = end.send(());
    end.closed().await;
    Ok(())
}

/// Where connections come from.
trait Accept: Send + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// The next connection, and whose it is where that says anything.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Option<Peer>)>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Option<Peer>)> {
        let (stream, address) = self.accept().await?;
        // An answer is one write; waiting to fill a segment would only delay it.
        stream.set_nodelay(true)?;
        Ok((stream, Some(Peer::of(address.ip()))))
    }
}

impl Accept for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<(UnixStream, Option<Peer>)> {
        Ok((self.accept().await?.0, None))
    }
}

/// One listener's loop and what its connections need.
struct Door<'a> {
    router: Router,
    places: Arc<Semaphore>,
    limits: HttpLimits,
    connections: &'a GracefulShutdown,
    ended: watch::Receiver<()>,
}

impl Door<'_> {
    /// Without a listener nothing ever comes.
    async fn open_if<A: Accept>(&self, listener: Option<A>) {
        match listener {
            Some(listener) => self.open(listener).await,
            None => std::future::pending().await,
        }
    }

    /// Takes connections for ever, each only when there is a place for it.
    async fn open<A: Accept>(&self, listener: A) {
        while let Ok(place) = Arc::clone(&self.places).acquire_owned().await {
            match listener.next().await {
                Ok((stream, peer)) => self.answer(stream, peer, place),
                Err(error) if is_the_clients(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }

    fn answer<S>(&self, stream: S, peer: Option<Peer>, place: OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            router.call(request)
        });
        let stream = WriteTimeout::new(stream, self.limits.write_timeout);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_read_timeout)
            .max_header_size(MAX_HEADER_BYTES)
            .max_buf_size(MAX_READ_AHEAD)
            .serve_connection(TokioIo::new(stream), service);
        let watched = self.connections.watch(connection);
        let mut ended = self.ended.clone();
        tokio::spawn(async move {
            let _held = place;
            tokio::select! {
                done = watched => {
                    if let Err(error) = done {
                        tracing::debug!(%error, "a connection broke");
                    }
                }
                _ = ended.changed() => {}
            }
        });
    }
}

/// A connection that was gone before it was taken says nothing about the listener.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput)
}
