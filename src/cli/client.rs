//! A plain HTTP/1.1 client: to a service, or to the local socket of the one that has an installation open.

use std::path::Path;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};

use super::exit::CliError;

/// One connection.
pub(super) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

/// One request.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Client {
    /// Connects to the local socket; `None` where no service listens there.
    pub(super) async fn local(socket: &Path) -> Option<Self> {
        let stream = UnixStream::connect(socket).await.ok()?;
        Self::over(TokioIo::new(stream), "localhost".to_owned()).await.ok()
    }

    /// Connects to `http://host:port`.
    pub(super) async fn tcp(url: &str) -> Result<Self, CliError> {
        let host = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let host = host.filter(|host| !host.is_empty() && !host.contains('/'));
        let host = host.ok_or_else(|| match url.starts_with("https://") {
            true => CliError::Usage(format!(
                "{url}: TLS is not spoken here; expected http://HOST:PORT, of the service itself or a proxy beside it"
            )),
            false => CliError::Usage(format!("expected http://HOST:PORT, got {url}")),
        })?;
        let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let stream = TcpStream::connect(&address).await;
        let stream = stream
            .map_err(|error| CliError::Internal(format!("no service answers at {address}: {error}")))?;
        Self::over(TokioIo::new(stream), host.to_owned()).await
    }

    async fn over<S>(stream: S, host: String) -> Result<Self, CliError>
    where
        S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    {
        let (sender, connection) = handshake(stream).await.map_err(CliError::internal)?;
        tokio::spawn(connection);
        Ok(Self { sender, host })
    }

    /// Whether it can take another request.
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Asks, and hands out the body of a good answer.
    pub(super) async fn bytes(&mut self, ask: Ask<'_>) -> Result<Vec<u8>, CliError> {
        let mut request = Request::builder().method(ask.method).uri(ask.path).header("host", &self.host);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(ask.body))).map_err(CliError::usage)?;
        let lost = |error| CliError::Transport(format!("the service does not answer: {error}"));
        self.sender.ready().await.map_err(lost)?;
        let answer = self.sender.send_request(request).await.map_err(lost)?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(lost)?.to_bytes();
        if status.is_success() { Ok(body.to_vec()) } else { Err(CliError::answered(status.as_u16(), &body)) }
    }

    /// Asks for JSON.
    pub(super) async fn json(&mut self, ask: Ask<'_>) -> Result<Value, CliError> {
        let body = self.bytes(ask).await?;
        serde_json::from_slice(&body)
            .map_err(|error| CliError::Internal(format!("the service's answer: {error}")))
    }
}
