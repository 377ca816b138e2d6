//! Accepts connections within limits, answers them, and drains them when told to stop.
//!
//! `axum::serve` has no limit on connections and none on how long a header may take; this loop has both.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::descriptors;
use super::router::build;
use super::state::{Listener, State};
use super::strangers::Peer;
use super::tls::{ClientCertificate, Tls};
use super::watch::Watch;
use super::write_timeout::WriteTimeout;
use crate::config::HttpLimits;

/// Most bytes of a request's header. Its lines are at most 100, which is hyper's own limit: any other one set here would
/// cost an allocation a request.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Most bytes of a request that are read ahead. It bounds memory, not headers: a reading may come to more.
const MAX_READ_AHEAD: usize = 64 * 1024;
/// How long to wait after an error of the listener, which is nearly always one of too few file descriptors.
const BACK_OFF: Duration = Duration::from_millis(100);

/// The network's listener.
pub struct Network {
    tcp: TcpListener,
    tls: Option<Tls>,
}

impl Network {
    /// Everything in TLS.
    pub const fn over_tls(tcp: TcpListener, tls: Tls) -> Self {
        Self { tcp, tls: Some(tls) }
    }
}

/// In the open, for this machine alone or a proxy that speaks TLS.
impl From<TcpListener> for Network {
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, tls: None }
    }
}

/// Where a request over the network comes from, as the connection says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source(pub(super) IpAddr);

/// Serves until `shutdown` is done, then takes no more connections and gives those that are open `limits.drain` to finish
/// what they are at. When it returns, no connection holds the registry any more.
///
/// # Errors
///
/// Where the TCP listener has no address.
pub async fn serve(
    network: impl Into<Network>,
    local: Option<UnixListener>,
    state: State,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let Network { tcp, tls } = network.into();
    let limits = descriptors::fit(state.limits);
    tracing::info!(address = %tcp.local_addr()?, tls = tls.is_some(), "listening");
    let (stop, stopping) = watch::channel(());
    let (end, ended) = watch::channel(());
    let connections = GracefulShutdown::new();
    let seen = Arc::clone(&state.watch);
    let network = Door {
        seen: Arc::clone(&seen),
        router: build(state.clone(), Listener::Tcp),
        places: Arc::new(Semaphore::new(limits.max_connections)),
        limits,
        tls,
        connections: &connections,
        stopping: stopping.clone(),
        ended: ended.clone(),
    };
    let machine = Door {
        seen,
        router: build(state, Listener::Local),
        places: Arc::new(Semaphore::new(limits.max_local_connections)),
        limits,
        tls: None,
        connections: &connections,
        stopping,
        ended,
    };
    tokio::select! {
        () = shutdown => {}
        () = network.open(tcp) => {}
        () = machine.open_if(local) => {}
        () = network.keep_tls_fresh() => {}
    }
    drop((network, machine));
    // Who is still shaking hands has asked for nothing yet.
    let _ = stop.send(());
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
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Option<IpAddr>)>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Option<IpAddr>)> {
        let (stream, address) = self.accept().await?;
        // An answer is one write; waiting to fill a segment would only delay it.
        stream.set_nodelay(true)?;
        Ok((stream, Some(address.ip().to_canonical())))
    }
}

impl Accept for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<(UnixStream, Option<IpAddr>)> {
        Ok((self.accept().await?.0, None))
    }
}

/// One listener's loop and what its connections need.
struct Door<'a> {
    seen: Arc<Watch>,
    router: Router,
    places: Arc<Semaphore>,
    limits: HttpLimits,
    tls: Option<Tls>,
    connections: &'a GracefulShutdown,
    stopping: watch::Receiver<()>,
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

    /// Without TLS there is nothing to keep fresh.
    async fn keep_tls_fresh(&self) {
        match &self.tls {
            Some(tls) => tls.keep_fresh().await,
            None => std::future::pending().await,
        }
    }

    /// Takes connections for ever, each only when there is a place for it.
    async fn open<A: Accept>(&self, listener: A) {
        while let Ok(place) = Arc::clone(&self.places).acquire_owned().await {
            match listener.next().await {
                Ok((stream, source)) => self.answer(stream, source, place),
                Err(error) if is_the_clients(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }

    fn answer<S>(&self, stream: S, source: Option<IpAddr>, place: OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = WriteTimeout::new(stream, self.limits.write_timeout);
        let conversation = Conversation {
            router: self.router.clone(),
            limits: self.limits,
            source,
            client: None,
            watcher: self.connections.watcher(),
        };
        let (tls, stopping) = (self.tls.clone(), self.stopping.clone());
        let mut ended = self.ended.clone();
        let counted = self.seen.metrics.connected();
        tokio::spawn(async move {
            let _held = (place, counted);
            let answered = async {
                match tls {
                    Some(tls) => conversation.over_tls(stream, &tls, stopping).await,
                    None => conversation.over(stream).await,
                }
            };
            tokio::select! {
                () = answered => {}
                _ = ended.changed() => {}
            }
        });
    }
}

/// What the requests of one connection are answered with.
struct Conversation {
    router: Router,
    limits: HttpLimits,
    source: Option<IpAddr>,
    client: Option<ClientCertificate>,
    watcher: Watcher,
}

impl Conversation {
    /// A handshake, and then the requests. Neither waits for any other connection.
    async fn over_tls<S>(self, stream: S, tls: &Tls, mut stopping: watch::Receiver<()>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let greeted = tokio::select! {
            greeted = tls.greet(stream, self.limits.header_read_timeout) => greeted,
            _ = stopping.changed() => return,
        };
        match greeted {
            Ok((stream, client)) => Self { client, ..self }.over(stream).await,
            Err(error) => tracing::debug!(%error, "a handshake failed"),
        }
    }

    async fn over<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { router, limits, source, client, watcher } = self;
        let router = TowerToHyperService::new(router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            if let Some(source) = source {
                request.extensions_mut().insert(Source(source));
                request.extensions_mut().insert(Peer::of(source));
            }
            if let Some(client) = client {
                request.extensions_mut().insert(client);
            }
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_read_timeout)
            .max_header_size(MAX_HEADER_BYTES)
            .max_buf_size(MAX_READ_AHEAD)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection broke");
        }
    }
}

/// A connection that was gone before it was taken says nothing about the listener.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput)
}
