//! Connections to the database: to whichever of its hosts answers as wanted, with every wait limited, over TLS where the
//! way leads over the network (STORE.md §7.6).

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::lookup_host;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{DatabaseAct, DatabaseCause, DatabaseFailure};
use super::url::{DatabaseUrl, Target};
use crate::store::durable::{Act, IoFailure, failed};

/// How long one address may take to give a connection that can be used.
const CONNECT: Duration = Duration::from_secs(1);
/// Longest file of authorities.
const MAX_AUTHORITIES: u64 = 1024 * 1024;

/// What a connection is for, which decides how long the server may take over its statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reading entries and rows.
    Read,
    /// Taking turns and appending.
    Append,
    /// Making and changing tables.
    Migrate,
}

impl Purpose {
    /// Settings of the session. Warnings have to arrive: one during a commit says that it may not be safe.
    const fn options(self) -> &'static str {
        match self {
            Self::Read => {
                "-c client_min_messages=warning -c statement_timeout=2000 -c lock_timeout=1000 \
                 -c idle_in_transaction_session_timeout=2000"
            }
            Self::Append => {
                "-c client_min_messages=warning -c statement_timeout=4000 -c lock_timeout=2800 \
                 -c idle_in_transaction_session_timeout=2000"
            }
            Self::Migrate => {
                "-c client_min_messages=warning -c statement_timeout=0 -c lock_timeout=10000 \
                 -c idle_in_transaction_session_timeout=10000"
            }
        }
    }
}

/// Authorities for TLS cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// It holds no certificates.
    #[error("{}: expected certificates in PEM, at most {MAX_AUTHORITIES} bytes", path.display())]
    Certificates {
        /// The file.
        path: std::path::PathBuf,
    },
}

/// Makes connections to one database.
pub(super) struct Connector {
    config: Config,
    targets: Vec<Target>,
    tls: Option<MakeRustlsConnect>,
    /// Which of the targets answered last.
    last: AtomicUsize,
}

impl Connector {
    /// For the database at `url`; reads its file of authorities.
    pub(super) fn new(url: &DatabaseUrl) -> Result<Self, AuthoritiesError> {
        let mut config = url.config();
        config
            .application_name("elicense")
            .connect_timeout(CONNECT)
            .tcp_user_timeout(Duration::from_secs(3))
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(2))
            .keepalives_interval(Duration::from_secs(1))
            .keepalives_retries(3);
        let tls = url.authorities().map(tls).transpose()?;
        Ok(Self { config, targets: url.targets().to_vec(), tls, last: AtomicUsize::new(0) })
    }

    /// A connection to the first host that answers as wanted, beginning with the one that did last.
    pub(super) async fn connect(&self, purpose: Purpose) -> Result<Connection, DatabaseFailure> {
        let mut failure = connect_failure(DatabaseCause::Lost(io::ErrorKind::NotFound));
        let last = self.last.load(Ordering::Relaxed);
        for offset in 0..self.targets.len() {
            let at = (last + offset) % self.targets.len();
            let Some(target) = self.targets.get(at) else { continue };
            match self.connect_target(target, purpose).await {
                Ok(connection) => {
                    self.last.store(at, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(problem) => failure = problem,
            }
        }
        Err(failure)
    }

    async fn connect_target(&self, target: &Target, purpose: Purpose) -> Result<Connection, DatabaseFailure> {
        let mut config = self.config.clone();
        config.options(purpose.options()).port(target.port);
        let name = match &target.host {
            Host::Unix(path) => {
                config.host_path(path);
                return self.connect_once(&config).await;
            }
            Host::Tcp(name) => name,
        };
        let found = timeout(CONNECT, lookup_host((name.as_str(), target.port))).await;
        let addresses = found.map_err(|_| connect_failure(DatabaseCause::Late))?;
        let addresses = addresses.map_err(|error| connect_failure(DatabaseCause::Lost(error.kind())))?;
        let mut failure = connect_failure(DatabaseCause::Lost(io::ErrorKind::NotFound));
        config.host(name);
        for address in addresses {
            let mut config = config.clone();
            config.hostaddr(address.ip());
            match self.connect_once(&config).await {
                Ok(connection) => return Ok(connection),
                Err(problem) => failure = problem,
            }
        }
        Err(failure)
    }

    /// Everything until the session can be used: a server that takes the connection and then says nothing is given up.
    async fn connect_once(&self, config: &Config) -> Result<Connection, DatabaseFailure> {
        let connecting = async {
            let connection = match &self.tls {
                Some(tls) => {
                    let (client, connection) = config.connect(tls.clone()).await?;
                    Connection::drive(client, connection)
                }
                None => {
                    let (client, connection) = config.connect(NoTls).await?;
                    Connection::drive(client, connection)
                }
            };
            Ok(connection)
        };
        match timeout(CONNECT, connecting).await {
            Ok(connected) => connected.map_err(|error| DatabaseFailure::of(DatabaseAct::Connect, &error)),
            Err(_) => Err(connect_failure(DatabaseCause::Late)),
        }
    }
}

const fn connect_failure(cause: DatabaseCause) -> DatabaseFailure {
    DatabaseFailure::new(DatabaseAct::Connect, cause)
}

/// TLS that takes certificates of the authorities in `path` only, for the name that was dialled.
fn tls(path: &Path) -> Result<MakeRustlsConnect, AuthoritiesError> {
    let mut pem = Vec::new();
    let file = File::open(path).map_err(failed(Act::Open, path))?;
    file.take(MAX_AUTHORITIES).read_to_end(&mut pem).map_err(failed(Act::Read, path))?;
    let unusable = || AuthoritiesError::Certificates { path: path.to_owned() };
    let mut authorities = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        authorities.add(certificate.map_err(|_| unusable())?).map_err(|_| unusable())?;
    }
    if authorities.is_empty() {
        return Err(unusable());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| unusable())?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// A session of the database. Dropping it breaks it off, whatever it does at the time.
pub(super) struct Connection {
    client: Client,
    warnings: Arc<AtomicU64>,
    driver: JoinHandle<()>,
}

impl Connection {
    /// Runs the wire of `client` in a task of its own, which counts the server's warnings.
    fn drive<S, T>(client: Client, mut wire: tokio_postgres::Connection<S, T>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let warnings = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&warnings);
        let driver = tokio::spawn(async move {
            // A notice is seen before the answer that follows it on the wire.
            while let Some(Ok(message)) = poll_fn(|context| wire.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    let harmless = [Severity::Debug, Severity::Log, Severity::Info, Severity::Notice];
                    if !notice.parsed_severity().is_some_and(|severity| harmless.contains(&severity)) {
                        counted.fetch_add(1, Ordering::AcqRel);
                    }
                }
            }
        });
        Self { client, warnings, driver }
    }

    /// What asks.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// Warnings that the server has sent so far.
    pub(super) fn warnings(&self) -> u64 {
        self.warnings.load(Ordering::Acquire)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
