//! TLS on the network's listener: the service's own certificate, read again when its files change, and departments'
//! client certificates of our own hierarchy.
//!
//! A client may show a certificate or none. One that does not lead to our root, is not for TLS clients, or is past its time
//! ends the handshake with an alert that says so; whether the ledger still knows it is asked for each request. No session is
//! resumed: what was true at an earlier handshake is not taken for true now.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, ServerConfig, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, version};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use zeroize::Zeroizing;

use crate::crypto::{Digest, KeyFileError, read_secret_file};
use crate::licence::CreditCode;
use crate::pki::{TlsCertificate, TlsUse};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Longest file of certificates.
const MAX_CERTIFICATES: u64 = 256 * 1024;

/// Where the service's certificate lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those above it but the root, in PEM, the service's own first.
    pub certificates: PathBuf,
    /// Its private key in PEM, mode 0600.
    pub key: PathBuf,
}

/// TLS cannot be spoken with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of certificates.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds no certificates, or something else among them.
    #[error("{}: expected certificates in PEM, the service's own first, at most {MAX_CERTIFICATES} bytes", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
    },
    /// The file of the private key.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// It holds no private key that can be used.
    #[error("{}: expected an RSA, ECDSA or Ed25519 private key in PEM", path.display())]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// The two files do not belong together.
    #[error("{} holds the private key of another certificate than {}", key.display(), certificates.display())]
    Pair {
        /// The file of certificates.
        certificates: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The installation's root cannot be believed by the TLS library.
    #[error("the installation's root cannot be the anchor of client certificates: {0}")]
    Root(String),
}

/// TLS for the network's listener; cheap to clone.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    own: Arc<OwnCertificate>,
}

/// The department whose client certificate a connection has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClientCertificate {
    /// SHA-256 of its DER.
    pub(super) digest: Digest,
    /// The credit code in it.
    pub(super) department: CreditCode,
}

impl Tls {
    /// Reads the files. `root` is the DER of the installation's root, below which client certificates are believed.
    ///
    /// # Errors
    ///
    /// Where the files cannot be read, or do not belong together.
    pub fn new(files: TlsFiles, root: &[u8]) -> Result<Self, TlsError> {
        let wrong_root = |error: &dyn std::fmt::Display| TlsError::Root(error.to_string());
        let mut anchors = RootCertStore::empty();
        anchors.add(CertificateDer::from(root)).map_err(|error| wrong_root(&error))?;
        let provider = Arc::new(default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(anchors.into(), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| wrong_root(&error))?;
        let own = Arc::new(OwnCertificate::read(files)?);
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<OwnCertificate>::clone(&own);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|error| wrong_root(&error))?
            .with_client_cert_verifier(clients)
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { acceptor: Arc::new(config).into(), own })
    }

    /// The handshake of one connection, within `patience`.
    pub(super) async fn greet<S>(
        &self,
        stream: S,
        patience: Duration,
    ) -> io::Result<(TlsStream<S>, Option<ClientCertificate>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let late = |_| io::Error::from(io::ErrorKind::TimedOut);
        let stream = tokio::time::timeout(patience, self.acceptor.accept(stream)).await.map_err(late)??;
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let client = shown.map(|der| ClientCertificate::read(der)).transpose()?;
        Ok((stream, client))
    }

    /// Reads the files again each minute and at SIGHUP, for ever. What cannot be used is said, and the certificate before it
    /// stays.
    pub(super) async fn keep_fresh(&self) {
        let mut hangup = signal(SignalKind::hangup()).ok();
        loop {
            let asked = async {
                match &mut hangup {
                    Some(hangup) => drop(hangup.recv().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = asked => {}
            }
            let own = Arc::clone(&self.own);
            match tokio::task::spawn_blocking(move || own.read_again()).await {
                Ok(Ok(true)) => tracing::info!("the TLS certificate was renewed"),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => tracing::error!(%error, "the TLS certificate before stays"),
                Err(error) => tracing::error!(%error, "the TLS certificate was not looked at"),
            }
        }
    }
}

impl ClientCertificate {
    /// What a certificate says that was verified up to our root. One that is not of the form we mint is none of ours.
    fn read(der: &[u8]) -> io::Result<Self> {
        let refused = |error: &dyn std::fmt::Display| {
            io::Error::new(io::ErrorKind::InvalidData, format!("the client certificate: {error}"))
        };
        let certificate = TlsCertificate::parse_tls(der).map_err(|error| refused(&error))?;
        match *certificate.role() {
            TlsUse::Client(department) => Ok(Self { digest: certificate.fingerprint(), department }),
            TlsUse::Server => Err(refused(&"a server's")),
        }
    }
}

/// The service's certificate as the files had it when they were last good.
#[derive(Debug)]
struct OwnCertificate {
    files: TlsFiles,
    now: RwLock<Arc<CertifiedKey>>,
    /// Of both files, as they were last looked at.
    seen: Mutex<[Digest; 2]>,
}

impl OwnCertificate {
    fn read(files: TlsFiles) -> Result<Self, TlsError> {
        let contents = files.read()?;
        let now = RwLock::new(Arc::new(files.certified(&contents)?));
        Ok(Self { files, now, seen: Mutex::new(contents.digests()) })
    }

    /// Whether there was something new, and it is used from now on.
    fn read_again(&self) -> Result<bool, TlsError> {
        let contents = self.files.read()?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == contents.digests() {
            return Ok(false);
        }
        let certified = Arc::new(self.files.certified(&contents)?);
        *seen = contents.digests();
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(true)
    }
}

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// What the two files hold.
struct Contents {
    certificates: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Contents {
    fn digests(&self) -> [Digest; 2] {
        [Digest::of(&self.certificates), Digest::of(&self.key)]
    }
}

impl TlsFiles {
    fn read(&self) -> Result<Contents, TlsError> {
        let certificates = read_certificates(&self.certificates)?;
        Ok(Contents { certificates, key: read_secret_file(&self.key)? })
    }

    fn certified(&self, contents: &Contents) -> Result<CertifiedKey, TlsError> {
        let chain = chain(&self.certificates, &contents.certificates)?;
        let wrong = || TlsError::Key { path: self.key.clone() };
        let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|_| wrong())?;
        let certified = CertifiedKey::new(chain, any_supported_type(&key).map_err(|_| wrong())?);
        let pair = || TlsError::Pair { certificates: self.certificates.clone(), key: self.key.clone() };
        certified.keys_match().map_err(|_| pair())?;
        Ok(certified)
    }
}

fn read_certificates(path: &Path) -> Result<Vec<u8>, TlsError> {
    let io = |source| TlsError::Io { path: path.to_owned(), source };
    if fs::metadata(path).map_err(io)?.len() > MAX_CERTIFICATES {
        return Err(TlsError::Certificates { path: path.to_owned() });
    }
    fs::read(path).map_err(io)
}

fn chain(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    chain
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| TlsError::Certificates { path: path.to_owned() })
}
