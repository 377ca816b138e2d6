//! Asks the provider, and nobody else: one GET a connection, bounded in time and size, no redirects.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::header::{ACCEPT, CONNECTION, HOST};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::address::{Address, AddressError};
use super::keys::{KeySet, KeySetError};
use crate::config::IdentityProviderLimits;
use crate::registry::IdentityProviderSettings;

/// The provider's keys could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer within {0} s")]
    Late(u64),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the connection broke: {0}")]
    Http(#[from] hyper::Error),
    #[error("expected 200, got {0}")]
    Status(StatusCode),
    #[error("the answer broke off, or has more than {0} bytes")]
    Body(usize),
    #[error("the provider's description of itself is not that of OpenID Connect Discovery")]
    Description,
    #[error("the provider calls itself {got:?}")]
    Issuer { got: String },
    #[error("the provider's jwks_uri: {0}")]
    Address(#[from] AddressError),
    #[error("the provider's jwks_uri leads to another host, which is not asked")]
    Elsewhere,
    #[error(transparent)]
    Keys(#[from] KeySetError),
}

/// An identity provider that cannot be asked, by its settings.
#[derive(Debug, thiserror::Error)]
pub enum IdentityProviderError {
    /// Its address.
    #[error("identity_provider.issuer in settings.json: {0}")]
    Issuer(#[from] AddressError),
    /// The certificates to believe.
    #[error("identity_provider.ca_file in settings.json: {}: expected certificates in PEM", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
    },
    /// The TLS library.
    #[error("the identity provider cannot be asked over TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// How to ask the provider.
pub(super) struct Source {
    issuer: String,
    address: Address,
    tls: TlsConnector,
    limits: IdentityProviderLimits,
}

#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

impl Source {
    pub(super) fn new(
        settings: &IdentityProviderSettings,
        limits: IdentityProviderLimits,
        root: &[u8],
    ) -> Result<Self, IdentityProviderError> {
        let mut anchors = RootCertStore::empty();
        match &settings.ca_file {
            Some(path) => {
                for certificate in read_certificates(path)? {
                    anchors.add(certificate)?;
                }
            }
            None => anchors.add(CertificateDer::from(root))?,
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(anchors)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let (issuer, address) = (settings.issuer.clone(), Address::parse(&settings.issuer)?);
        Ok(Self { issuer, address, tls: Arc::new(config).into(), limits })
    }

    /// The provider's keys as they are now.
    pub(super) async fn keys(&self) -> Result<KeySet, FetchError> {
        let late = |_| FetchError::Late(self.limits.patience.as_secs());
        tokio::time::timeout(self.limits.patience, self.ask_for_keys()).await.map_err(late)?
    }

    async fn ask_for_keys(&self) -> Result<KeySet, FetchError> {
        let description = self.get(&self.address.discovery()).await?;
        let description: Description =
            serde_json::from_slice(&description).map_err(|_| FetchError::Description)?;
        // A description of another issuer would hand its keys out as this one's (OpenID Connect Discovery §4.3).
        if description.issuer != self.issuer {
            let got = description.issuer.chars().take(120).collect();
            return Err(FetchError::Issuer { got });
        }
        let keys = Address::parse(&description.jwks_uri)?;
        if keys.origin != self.address.origin {
            return Err(FetchError::Elsewhere);
        }
        Ok(KeySet::read(&self.get(&keys).await?)?)
    }

    async fn get(&self, address: &Address) -> Result<Bytes, FetchError> {
        let origin = &address.origin;
        let stream = TcpStream::connect((origin.host.as_str(), origin.port)).await?;
        if !origin.is_tls {
            return self.get_over(stream, address).await;
        }
        let name = ServerName::try_from(origin.host.clone()).map_err(io::Error::other)?;
        self.get_over(self.tls.connect(name, stream).await?, address).await
    }

    async fn get_over<S>(&self, stream: S, address: &Address) -> Result<Bytes, FetchError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with this call, however that ends.
        let mut connections = JoinSet::new();
        connections.spawn(connection);
        let request = Request::get(&address.path)
            .header(HOST, &address.origin.authority)
            .header(ACCEPT, "application/json")
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new());
        let answer = sender.send_request(request.map_err(io::Error::other)?).await?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let most = self.limits.answer;
        let body = Limited::new(answer.into_body(), most).collect().await;
        Ok(body.map_err(|_| FetchError::Body(most))?.to_bytes())
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, IdentityProviderError> {
    let wrong = || IdentityProviderError::Certificates { path: path.to_owned() };
    let pem = std::fs::read(path).map_err(|_| wrong())?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    certificates.ok().filter(|all| !all.is_empty()).ok_or_else(wrong)
}
