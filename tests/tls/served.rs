//! The service over TLS as a process, certificates made for it, and who calls it: curl and openssl.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::pki::certificates_pem;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::support::demo::Installation;
use super::support::service::{elicense, run};

const PATIENCE: Duration = Duration::from_secs(120);

/// A client certificate that `elicense tls` made.
pub(crate) struct Made {
    pub(crate) folder: PathBuf,
    pub(crate) id: String,
}

impl Installation {
    pub(crate) fn run_tls(&self, words: &[&str], out: &Path) -> Output {
        run(elicense().arg("tls").args(words).arg(out).arg("--data").arg(&self.data).arg("--json"))
    }

    pub(crate) fn client_certificate(&self, code: &str, name: &str, words: &[&str]) -> Made {
        let folder = self.folder.join(name);
        let made = self.run_tls(&[&["client-certificate", code], words, &["--out"]].concat(), &folder);
        assert!(made.status.success(), "{}", said(&made));
        let view: Value = serde_json::from_slice(&made.stdout).unwrap();
        Made { folder, id: view["id"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn server_certificate(&self, name: &str) -> PathBuf {
        let folder = self.folder.join(name);
        let made = self.run_tls(
            &[
                "server-certificate",
                "--name",
                "localhost",
                "--name",
                "127.0.0.1",
                "--expires",
                "2030-01-01",
                "--out",
            ],
            &folder,
        );
        assert!(made.status.success(), "{}", said(&made));
        folder
    }

    /// A folder with a key and certificates, as curl takes them.
    pub(crate) fn shown<'a>(
        &self,
        name: &str,
        key: &str,
        certificates: impl IntoIterator<Item = &'a [u8]>,
    ) -> PathBuf {
        let folder = self.folder.join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("key.pem"), key).unwrap();
        fs::write(folder.join("certificate.pem"), certificates_pem(certificates)).unwrap();
        folder
    }
}

/// `elicense serve` with TLS. Dropping it kills it.
pub(crate) struct Secured {
    pub(crate) child: Child,
    pub(crate) folder: PathBuf,
    url: String,
    log: PathBuf,
}

/// What a caller shows.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shown<'a> {
    pub(crate) key: Option<&'a str>,
    pub(crate) certificate: Option<&'a Path>,
}

impl Secured {
    /// With a new certificate of the city's.
    pub(crate) fn serve(city: &Installation) -> Self {
        let mut number = 0;
        while city.folder.join(format!("server-{number}")).exists() {
            number += 1;
        }
        let folder = city.server_certificate(&format!("server-{number}"));
        let [certificate, key] =
            ["certificate.pem", "key.pem"].map(|name| folder.join(name).display().to_string());
        Self::start(city, &["--tls-cert", &certificate, "--tls-key", &key, "--listen", "127.0.0.1:0"], folder)
    }

    pub(crate) fn start(city: &Installation, words: &[&str], folder: PathBuf) -> Self {
        let log = folder.join("service.log");
        let output = File::create(&log).unwrap();
        let child = elicense()
            .arg("serve")
            .args(words)
            .arg("--data")
            .arg(&city.data)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut secured = Self { child, folder, url: String::new(), log };
        let said = secured.wait_until_it_says("elicense serves");
        let line = said.lines().find(|line| line.contains("elicense serves")).unwrap();
        secured.url = line.rsplit(' ').next().unwrap().to_owned();
        secured
    }

    pub(crate) fn wait_until_it_says(&self, words: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = fs::read_to_string(&self.log).unwrap_or_default();
            if said.contains(words) && said.ends_with('\n') {
                return said;
            }
            assert!(Instant::now() < deadline, "the service did not say {words:?}: {said}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub(crate) fn address(&self) -> String {
        self.url.split_once("://").unwrap().1.to_owned()
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    /// Status and code of the answer.
    pub(crate) fn ask(&self, path: &str, shown: Shown<'_>) -> (u16, String) {
        let output = curl(&self.url(path), &self.root(), shown);
        assert!(output.status.success(), "{}", said(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
        (status.parse().unwrap(), body["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Of the certificate that a new connection is shown.
    pub(crate) fn fingerprint(&self) -> String {
        let shown = openssl(&["s_client", "-connect", &self.address()], &[], &[]);
        let text = said(&shown);
        let begin = text.find("-----BEGIN CERTIFICATE").unwrap_or_else(|| panic!("no certificate: {text}"));
        let end = text[begin..].find("-----END").unwrap();
        text[begin..begin + end].to_owned()
    }

    pub(crate) fn terminate(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- the service said:\n{}\n---", fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}

/// The body, a line break and the status; TLS failures are its own.
pub(crate) fn curl(url: &str, root: &Path, shown: Shown<'_>) -> Output {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--verbose",
        "--max-time",
        "60",
        "--write-out",
        "\n%{http_code}",
    ]);
    if url.starts_with("https") {
        command.arg("--cacert").arg(root);
    }
    if let Some(key) = shown.key {
        command.arg("--header").arg(format!("Authorization: Bearer {key}"));
    }
    if let Some(folder) = shown.certificate {
        command.arg("--cert").arg(folder.join("certificate.pem")).arg("--key").arg(folder.join("key.pem"));
    }
    command.arg(url).stdin(Stdio::null()).output().unwrap_or_else(|error| {
        panic!("curl cannot be run ({error}); install it: apt-get install --yes curl")
    })
}

pub(crate) fn openssl(first: &[&str], then: &[&str], last: &[&Path]) -> Output {
    let mut command = Command::new("openssl");
    command.args(first).args(then).args(last).stdin(Stdio::null());
    command.output().unwrap_or_else(|error| {
        panic!("openssl cannot be run ({error}); install it: apt-get install --yes openssl")
    })
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// DER of every block of a PEM text.
pub(crate) fn pem_blocks(pem: &str) -> Vec<Vec<u8>> {
    pem.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .map(|rest| {
            let base64: String = rest.split("-----END").next().unwrap().split_ascii_whitespace().collect();
            STANDARD.decode(base64).unwrap()
        })
        .collect()
}
