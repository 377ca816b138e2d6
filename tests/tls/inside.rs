//! The service over TLS in this process, with limits and an identity provider that a test chooses.

#![allow(dead_code, reason = "every test binary compiles this and uses its own part of it")]

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::config::{HttpLimits, IdentityProviderLimits};
use elicense::crypto::{Algorithm, SigningKey, SystemRandom, create_secret_file};
use elicense::http::{IdentityProvider, Network, State, Tls, TlsFiles};
use elicense::pki::public_key_to_der;
use elicense::registry::IdentityProviderSettings;
use elicense::time::UnixTime;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::support::city::City;

/// The city's service over TLS, until it is dropped.
pub(crate) struct Inside {
    pub(crate) address: SocketAddr,
    pub(crate) folder: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    service: Option<JoinHandle<()>>,
}

impl Inside {
    pub(crate) fn serve(
        city: &City,
        limits: HttpLimits,
        provider: Option<(IdentityProviderSettings, IdentityProviderLimits)>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = Arc::clone(&city.state.registry);
        let state = State::new(Arc::clone(&registry), limits, Arc::new(SystemRandom));
        let root = registry.root().unwrap().der().to_vec();
        let files = server_files(city, folder.path());
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let service = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async {
                let state = match provider {
                    Some((settings, limits)) => {
                        state.believing(IdentityProvider::start(settings, limits, &root).unwrap())
                    }
                    None => state,
                };
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let network = Network::over_tls(listener, Tls::new(files, &root).unwrap());
                let stopped = async { drop(stopped.await) };
                elicense::http::serve(network, None, state, stopped).await.unwrap();
            });
        });
        Self { address, folder, stop: Some(stop), service: Some(service) }
    }

    /// A connection on which nothing was said yet.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
        stream
    }

    /// Status and code of the answer to GET with these headers.
    pub(crate) fn ask(&self, path: &str, headers: &[&str]) -> (u16, String) {
        answered(&self.curl_with(path, headers, &[]))
    }

    /// The same of POST with this body.
    pub(crate) fn post(&self, path: &str, headers: &[&str], body: &str) -> (u16, String) {
        answered(&self.curl_with(path, headers, &["--data-binary", body]))
    }

    fn curl_with(&self, path: &str, headers: &[&str], words: &[&str]) -> Output {
        let mut command = Command::new("curl");
        command.args([
            "--silent",
            "--show-error",
            "--max-time",
            "60",
            "--write-out",
            "\n%{http_code}",
            "--cacert",
        ]);
        command.arg(self.folder.path().join("root.pem"));
        for header in headers {
            command.args(["--header", header]);
        }
        command.args(words);
        command.arg(format!("https://{}{path}", self.address)).stdin(Stdio::null());
        command.output().unwrap_or_else(|error| {
            panic!("curl cannot be run ({error}); install it: apt-get install --yes curl")
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.service.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))), "the service failed");
    }
}

fn answered(output: &Output) -> (u16, String) {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let (body, status) = text.rsplit_once('\n').unwrap();
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    (status.parse().unwrap(), body["code"].as_str().unwrap_or_default().to_owned())
}

fn server_files(city: &City, folder: &std::path::Path) -> TlsFiles {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let public_key = STANDARD.encode(public_key_to_der(&key.verifying_key()));
    let body = json!({"public_key": public_key, "hosts": ["127.0.0.1"]}).to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let asked = city.state.registry.certify_tls_server(body.as_bytes(), now());
    let made = runtime.block_on(asked).unwrap();
    std::fs::write(folder.join("certificate.pem"), &made.certificate).unwrap();
    std::fs::write(folder.join("root.pem"), &made.root).unwrap();
    create_secret_file(&folder.join("key.pem"), key.to_pkcs8_pem().as_bytes()).unwrap();
    let [certificates, key]: [PathBuf; 2] = ["certificate.pem", "key.pem"].map(|name| folder.join(name));
    TlsFiles { certificates, key }
}

pub(crate) fn now() -> UnixTime {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    UnixTime::from_seconds(i64::try_from(now).unwrap()).unwrap()
}
