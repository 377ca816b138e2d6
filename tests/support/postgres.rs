//! A PostgreSQL of the tests' own, of Debian's package: made in a temporary directory, durable (`fsync` on, checksums),
//! reached over TCP with a password and optionally TLS, and over a local socket as its superuser.
//!
//! It ends with the test process, also where that is killed: a keeper waits for the end of a pipe that only the test
//! process holds, stops the server, and removes the directory. PostgreSQL refuses root, so a test that runs as root runs
//! it as user `postgres`.

#![allow(dead_code, reason = "every test binary compiles this and uses its own part of it")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to start or to stop; generous, for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The role that owns the databases, and its password: with characters that a URL has to escape.
pub(crate) const USER: &str = "elicense";
pub(crate) const PASSWORD: &str = "p@ss/w:rd %41";
/// [`PASSWORD`] as it stands in a URL.
pub(crate) const PASSWORD_IN_URL: &str = "p%40ss%2Fw%3Ard%20%2541";
/// Stops the server of the cluster in `$1` and removes the directory, once nobody can write to its input any more.
const KEEPER: &str = r#"cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ] && [ "/proc/$pid/cwd" -ef "$1/data" ]; then
    kill -QUIT "$pid"
    while [ "/proc/$pid/cwd" -ef "$1/data" ]; do sleep 0.05; done
fi
rm -rf "$1""#;

/// A running server, stopped and removed when dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Holds data, sockets, certificates and log.
    dir: PathBuf,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
    keeper: Child,
}

impl Cluster {
    /// The one that the tests of this binary share; each takes a database of its own.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// A new one with these settings (`name=value`) besides ours.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let dir = tempfile::Builder::new().prefix("elicense-pg-").tempdir().expect("a directory").keep();
        if is_root() {
            run(Command::new("chown").arg("postgres:").arg(&dir));
        }
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&dir)
            .stdin(Stdio::piped())
            .process_group(0) // an interrupt at the terminal reaches the test, not this
            .spawn()
            .expect("sh starts");
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut cluster = Self { dir, port: free_port(), settings, server: None, keeper };
        cluster.make();
        cluster.boot();
        let role = format!("CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'");
        cluster.sql("postgres", &role);
        cluster
    }

    /// An empty database of its own, as a URL: over TCP with the password, without TLS.
    pub(crate) fn fresh_database(&self) -> String {
        let name = self.fresh_name();
        self.url(&name)
    }

    /// The name of an empty database of its own.
    pub(crate) fn fresh_name(&self) -> String {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", MADE.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER {USER}"));
        name
    }

    /// The URL of a database over TCP with the password, without TLS.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD_IN_URL}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// The URL of a database over TCP with the password, at `host`, over TLS by `authority`.
    pub(crate) fn tls_url(&self, database: &str, host: &str, authority: &Path) -> String {
        let (port, authority) = (self.port, authority.display());
        format!("postgres://{USER}:{PASSWORD_IN_URL}@{host}:{port}/{database}?sslrootcert={authority}")
    }

    /// The URL of a database over the local socket, as the superuser.
    pub(crate) fn socket_url(&self, database: &str) -> String {
        format!("postgres://postgres@/{database}?host={}&port={}", self.dir.display(), self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps its files.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The certificate that the server's comes from. The server's is for `localhost` and 127.0.0.1.
    pub(crate) fn authority(&self) -> PathBuf {
        self.dir.join("authority.pem")
    }

    /// The certificate of somebody else.
    pub(crate) fn other_authority(&self) -> PathBuf {
        self.dir.join("other.pem")
    }

    /// What the superuser gets for `sql`: a line a row, columns parted by `|`.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        self.try_sql(database, sql).unwrap_or_else(|problem| panic!("{sql}: {problem}"))
    }

    /// The same, where it may fail.
    pub(crate) fn try_sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = self.psql(database).args(["-c", sql]).output().expect("psql starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// A `psql` of the superuser, to be given `-c SQL` or statements on its input: for sessions that last.
    pub(crate) fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(binary("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database]);
        command.arg("-h").arg(&self.dir).arg("-p").arg(self.port.to_string());
        command
    }

    /// Kills the server with SIGKILL, as a crash of the machine would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("the server can be killed");
            server.wait().expect("the server ended");
        }
    }

    /// Stops the server; connections are broken off.
    pub(crate) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            run(Command::new("kill").args(["-INT", &server.id().to_string()]));
            server.wait().expect("the server ended");
        }
    }

    /// Starts the server and waits until it answers.
    pub(crate) fn boot(&mut self) {
        let end = Instant::now() + PATIENCE;
        let log = self.dir.join("log");
        while self.server.is_none() || self.try_sql("postgres", "SELECT 1").is_err() {
            let ended = self.server.as_mut().is_none_or(|server| server.try_wait().unwrap().is_some());
            if ended {
                self.server = Some(self.spawn(&log));
            }
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(Instant::now() < end, "PostgreSQL does not answer; it says:\n{}", said());
            sleep(Duration::from_millis(50));
        }
    }

    /// Started anew, listening on every address of the loopback.
    pub(crate) fn listen_everywhere(&mut self) {
        self.stop();
        self.settings.push("listen_addresses=*".to_owned());
        let rules = self.dir.join("data/pg_hba.conf");
        let kept = fs::read_to_string(&rules).expect("rules can be read");
        let more = "host all all 127.0.0.0/8 scram-sha-256\n";
        fs::write(&rules, format!("{kept}{more}")).expect("rules can be written");
        self.boot();
    }

    /// Started anew as a replica, of nobody: reading what is there, until it is promoted.
    pub(crate) fn restart_as_replica(&mut self) {
        self.stop();
        fs::write(self.dir.join("data/standby.signal"), "").expect("the signal can be written");
        if is_root() {
            run(Command::new("chown").arg("postgres:").arg(self.dir.join("data/standby.signal")));
        }
        self.boot();
    }

    fn spawn(&self, log: &Path) -> Child {
        let output = File::options().create(true).append(true).open(log).expect("the log can be written");
        let mut command = as_postgres(binary("postgres"));
        command.arg("-D").arg(self.dir.join("data")).arg("-p").arg(self.port.to_string());
        command.arg("-k").arg(&self.dir);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.process_group(0).stdin(Stdio::null());
        command.stdout(output.try_clone().expect("a second end")).stderr(output);
        command.spawn().expect("PostgreSQL starts")
    }

    fn make(&self) {
        let data = self.dir.join("data");
        let mut initdb = as_postgres(binary("initdb"));
        initdb.args([
            "--no-sync",
            "--data-checksums",
            "--encoding=UTF8",
            "--locale=C",
            "--username=postgres",
        ]);
        run(initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256"]).arg("-D").arg(&data));
        self.make_certificates();
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nfsync = on\nshared_buffers = 64MB\nssl = on\n\
             ssl_cert_file = '{0}/server.pem'\nssl_key_file = '{0}/server.key'\nlog_line_prefix = '%m [%p] %d '\n",
            self.dir.display()
        );
        fs::write(data.join("postgresql.auto.conf"), settings).expect("settings can be written");
    }

    /// Two authorities, and the server's certificate of the first.
    fn make_certificates(&self) {
        let dir = self.dir.display();
        let script = format!(
            "cd '{dir}'
            for name in authority other; do
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$name \
                    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
                    -keyout $name.key -out $name.pem
            done
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
                -keyout server.key -out server.csr
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' >server.ext
            openssl x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 \
                -extfile server.ext -out server.pem
            chmod 600 server.key"
        );
        run(as_postgres(OsStr::new("sh")).args(["-ec", &script]));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = fs::read_to_string(self.dir.join("log")).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            eprintln!("PostgreSQL said last:\n{}", lines[lines.len().saturating_sub(20)..].join("\n"));
        }
        drop(self.keeper.stdin.take());
        if let Some(mut server) = self.server.take() {
            let _ = server.wait();
        }
        let _ = self.keeper.wait();
    }
}

/// Debian's newest PostgreSQL on this machine.
pub(crate) fn binary(name: &str) -> PathBuf {
    let version = |path: &Path| -> Option<u32> { path.file_name()?.to_str()?.parse().ok() };
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| version(path));
    let found = newest.map(|path| path.join("bin").join(name)).filter(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("PostgreSQL is missing: install Debian's package postgresql, or run scripts/test.sh")
    })
}

/// A command that runs as user `postgres` if this is root, else as who this is.
pub(crate) fn as_postgres(program: impl AsRef<OsStr>) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").env("LC_ALL", "C");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
}
