//! `elicense serve`: the service over TCP and on the local socket.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::signal::unix::{SignalKind, signal};

use super::access::{SOCKET, open};
use super::exit::{CliError, Exit};
use super::print::line;
use super::upkeep::Upkeep;
use super::{DataArgs, runtime};
use crate::config::{HttpLimits, IdentityProviderLimits};
use crate::crypto::SystemRandom;
use crate::http::{self, IdentityProvider, Network, State, Tls, TlsFiles};
use crate::pki::Certificate;
use crate::registry::Registry;
use crate::store::IndexPolicy;

/// Connections that may wait until there is a place for them; the default of 128 is a short burst.
const LISTEN_QUEUE: u32 = 1_024;

/// Arguments of `serve`.
#[derive(Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    listen: ListenArgs,
}

/// Where the service listens.
#[derive(Args, Clone)]
pub(super) struct ListenArgs {
    /// Address to listen on; licences keep the public URL they were issued under
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", env = "ELICENSE_LISTEN")]
    pub(super) listen: SocketAddr,
    /// Folder of what the operator brings for the verify page: jsQR.js, which reads QR pictures where the browser does not
    #[arg(long, value_name = "DIR", env = "ELICENSE_ASSETS")]
    assets: Option<PathBuf>,
    /// TLS: the service's certificate and those above it in PEM; read again each minute and at SIGHUP, when it has changed
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "ELICENSE_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// TLS: the certificate's private key in PEM, mode 0600
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "ELICENSE_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Serve addresses other than this machine's own without TLS: keys and personal data travel in the open
    #[arg(long, conflicts_with = "tls_cert")]
    without_tls: bool,
}

/// The decoder that the operator brings. Of its folder nothing but this file is ever read or handed out.
const DECODER: &str = "jsQR.js";
/// Bytes of a decoder; jsQR has a quarter of that.
const MOST_DECODER: usize = 1024 * 1024;

impl ListenArgs {
    /// Binds before anything is opened, so that a port in use costs nothing. Without TLS, other addresses than this machine's own
    /// have to be asked for in so many words.
    pub(super) fn bind(&self) -> Result<TcpListener, CliError> {
        let loopback = self.listen.ip().to_canonical().is_loopback();
        if self.tls_cert.is_none() && !self.without_tls && !loopback {
            return Err(CliError::Usage(format!(
                "--listen {}: others could read API keys and personal data on their way to an address that is not this machine's own. \
                 Give --tls-cert and --tls-key (`elicense tls server-certificate` makes both), or listen on 127.0.0.1 behind a proxy \
                 that speaks TLS, or say --without-tls",
                self.listen
            )));
        }
        bind(self.listen)
    }

    /// `https` with TLS, else `http`.
    pub(super) const fn scheme(&self) -> &'static str {
        if self.tls_cert.is_some() { "https" } else { "http" }
    }

    /// The listener with TLS around it, if so it was asked.
    pub(super) fn network(&self, tcp: TcpListener, registry: &Registry) -> Result<Network, CliError> {
        let (Some(certificates), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(tcp.into()) };
        let files = TlsFiles { certificates: certificates.clone(), key: key.clone() };
        let root = registry.root();
        let tls = Tls::new(files, root.as_deref().map(Certificate::der).unwrap_or_default())
            .map_err(CliError::data)?;
        Ok(Network::over_tls(tcp, tls))
    }

    /// The operator's decoder, where a folder is named.
    pub(super) fn decoder(&self) -> Result<Option<Vec<u8>>, CliError> {
        let Some(folder) = &self.assets else { return Ok(None) };
        let path = folder.join(DECODER);
        let wrong = |why: String| CliError::Data(format!("{}: {why}", path.display()));
        let bytes = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
        if bytes.len() > MOST_DECODER || std::str::from_utf8(&bytes).is_err() {
            return Err(wrong(format!("expected JavaScript in UTF-8, of at most {MOST_DECODER} bytes")));
        }
        Ok(Some(bytes))
    }
}

pub(super) fn run(args: &ServeArgs) -> Result<Exit, CliError> {
    log_to_stderr();
    let runtime = runtime()?;
    runtime.block_on(async {
        let decoder = args.listen.decoder()?;
        let tcp = args.listen.bind()?;
        let registry = open(&args.data, "serve", IndexPolicy::CatchUp)?;
        let address = tcp.local_addr().map_err(CliError::internal)?;
        let network = args.listen.network(tcp, &registry)?;
        line(format_args!("elicense serves {} on {}://{address}", registry.region(), args.listen.scheme()))?;
        serve(network, &args.data.dir, registry, decoder).await
    })
}

fn bind(address: SocketAddr) -> Result<TcpListener, CliError> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // As `TcpListener::bind` does, so that a restart need not wait for old connections to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(LISTEN_QUEUE)
    };
    listen().map_err(|error: std::io::Error| match error.kind() {
        ErrorKind::AddrInUse => CliError::Internal(format!(
            "{address} is in use: another program listens there. --listen names another address, as --listen 127.0.0.1:0 for any"
        )),
        ErrorKind::PermissionDenied => {
            CliError::Internal(format!("{address}: {error}; ports below 1024 are the system's"))
        }
        _ => CliError::Internal(format!("{address}: {error}")),
    })
}

/// Serves until SIGTERM or SIGINT, then answers what was begun and closes the store.
pub(super) async fn serve(
    network: Network,
    dir: &Path,
    registry: Registry,
    decoder: Option<Vec<u8>>,
) -> Result<Exit, CliError> {
    let socket = dir.join(SOCKET);
    let local = bind_local(&socket)?;
    let registry = Arc::new(registry);
    let limits = match registry.is_shared() {
        true => HttpLimits::over_a_database(),
        false => HttpLimits::default(),
    };
    let state = State::new(Arc::clone(&registry), limits, Arc::new(SystemRandom));
    let state = match decoder {
        Some(decoder) => state.with_decoder(decoder),
        None => state,
    };
    let state = match identity_provider(dir, &registry)? {
        Some(provider) => state.believing(provider),
        None => state,
    };
    let upkeep = Upkeep::start(&registry);
    let served = http::serve(network, Some(local), state, stop()).await;
    drop(upkeep);
    let _ = std::fs::remove_file(&socket);
    served.map_err(CliError::internal)?;
    // Every connection has ended, so nobody else holds it; if somebody does, dropping it closes the store as well.
    if let Ok(registry) = Arc::try_unwrap(registry) {
        registry.close().map_err(CliError::internal)?;
    }
    Ok(Exit::Done)
}

/// The identity provider of `settings.json`, if there is one. That it cannot be reached stops nothing.
fn identity_provider(dir: &Path, registry: &Registry) -> Result<Option<Arc<IdentityProvider>>, CliError> {
    let Some(mut settings) = registry.identity_provider().cloned() else { return Ok(None) };
    settings.ca_file = settings.ca_file.map(|file| dir.join(file));
    let root = registry.root();
    let root = root.as_deref().map(Certificate::der).unwrap_or_default();
    let provider = IdentityProvider::start(settings, IdentityProviderLimits::default(), root);
    provider.map(Some).map_err(CliError::data)
}

/// The local socket, mode 0600. The caller holds the store's lock, so one that is there is stale.
fn bind_local(socket: &Path) -> Result<UnixListener, CliError> {
    if std::fs::symlink_metadata(socket).is_ok_and(|found| found.file_type().is_socket()) {
        std::fs::remove_file(socket).map_err(CliError::internal)?;
    }
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let bound = UnixListener::bind(socket);
    rustix::process::umask(before);
    bound.map_err(|error| CliError::Internal(format!("{}: {error}", socket.display())))
}

/// Ends at SIGTERM or SIGINT, also one that comes before it is first waited for.
pub(super) fn stop() -> impl Future<Output = ()> {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Structured logs on standard error; `ELICENSE_LOG` sets how much.
pub(super) fn log_to_stderr() {
    let filter = std::env::var("ELICENSE_LOG").unwrap_or_else(|_| "warn,elicense=info".to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,elicense=info"));
    let _ = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
