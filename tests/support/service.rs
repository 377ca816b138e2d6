//! The real binary as a process that a test starts, kills, and starts again.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::http::{Client, Request};
use super::keeping;
use super::tail;

/// How long the service may take to be ready, or to end after SIGTERM; generous, for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running service. Dropping it kills it; if the test is failing, its output is shown.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    output: PathBuf,
}

/// How to start one: the subcommand and what goes around it.
pub(crate) struct Start<'a> {
    subcommand: &'a str,
    data: &'a Path,
    /// Where standard output and error go; a path outside of anything the test destroys.
    logs: &'a Path,
    preload: Option<&'a str>,
    descriptors: Option<u32>,
    store: Option<&'a str>,
}

impl<'a> Start<'a> {
    /// `elicense demo`, which makes the demonstration if DIR has none, and serves it.
    pub(crate) fn demo(data: &'a Path, logs: &'a Path) -> Self {
        Self { subcommand: "demo", data, logs, preload: None, descriptors: None, store: None }
    }

    /// `elicense serve`.
    pub(crate) fn serve(data: &'a Path, logs: &'a Path) -> Self {
        Self { subcommand: "serve", data, logs, preload: None, descriptors: None, store: None }
    }

    /// With this library loaded first (`LD_PRELOAD`).
    pub(crate) fn preloading(self, library: &'a str) -> Self {
        Self { preload: Some(library), ..self }
    }

    /// With no more file descriptors than this.
    pub(crate) fn with_descriptors(self, most: u32) -> Self {
        Self { descriptors: Some(most), ..self }
    }

    /// With its ledger in the database at `url`.
    pub(crate) fn over(self, url: &'a str) -> Self {
        Self { store: Some(url), ..self }
    }

    /// The process, without waiting until it answers.
    pub(crate) fn spawn(&self) -> Service {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let address = free_address();
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let output = self.logs.join(format!("{}-{number}.log", self.subcommand));
        let log = File::create(&output).expect("the log can be made");
        let mut command = match self.descriptors {
            Some(most) => under_limit(&elicense_for(self.data), most),
            None => elicense_for(self.data),
        };
        command
            .args([self.subcommand, "--data"])
            .arg(self.data)
            .arg("--listen")
            .arg(address.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log can be written from two ends"))
            .stderr(log);
        if let Some(url) = self.store.map(str::to_owned).or_else(|| keeping::url(self.data)) {
            command.env("ELICENSE_STORE", url);
        }
        if let Some(library) = self.preload {
            command.env("LD_PRELOAD", library);
        }
        let child = command.spawn().expect("the binary starts");
        Service { child, address, output }
    }

    /// The process, answering. A port can be lost between its choice and its use, so an early end is tried again.
    pub(crate) fn ready(&self) -> Service {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut service = self.spawn();
            match service.wait_until_ready() {
                Ok(()) => return service,
                Err(problem) if attempts == 3 || !service.says("in use") => {
                    panic!("{} --data {}: {problem}", self.subcommand, self.data.display())
                }
                Err(_) => {}
            }
        }
    }
}

impl Service {
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return Err(format!("ended with {status} before it was ready"));
            }
            let answer = Client::new(self.address).try_send(&Request::get("/readyz"));
            if answer.is_ok_and(|response| response.status == 200) {
                return Ok(());
            }
            sleep(Duration::from_millis(5));
        }
        Err(format!("not ready after {} s", PATIENCE.as_secs()))
    }

    /// SIGKILL: no chance to finish anything.
    pub(crate) fn kill(mut self) {
        self.kill_now();
    }

    pub(crate) fn kill_now(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }

    /// SIGTERM, and how the process ended.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("a child can be signalled");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return status;
            }
            assert!(Instant::now() < deadline, "still running {} s after SIGTERM", PATIENCE.as_secs());
            sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// What the process has written so far.
    pub(crate) fn output(&self) -> String {
        std::fs::read(&self.output)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn says(&self, words: &str) -> bool {
        self.output().contains(words)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail only where the process has ended already, which is what is wanted.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
        if std::thread::panicking() {
            eprintln!(
                "--- the service on {} said at the end:\n{}\n---",
                self.address,
                tail(&self.output(), 40)
            );
        }
    }
}

/// The binary, away from the user's own state and settings.
pub(crate) fn elicense() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elicense"));
    command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// The same, for an installation whose ledger may be in a database of the tests.
pub(crate) fn elicense_for(data: &Path) -> Command {
    let mut command = elicense();
    if let Some(url) = keeping::url(data) {
        command.env("ELICENSE_STORE", url);
    }
    command
}

/// The upkeep of the installation in `data` that its store allows: files are checked, their index is made anew, and they are
/// checked again; a database is checked.
pub(crate) fn upkeep(data: &Path) -> &'static [[&'static str; 2]] {
    match keeping::url(data) {
        None => &[["store", "check"], ["store", "rebuild"], ["store", "check"]],
        Some(_) => &[["store", "check"]],
    }
}

/// The same command, and what is added to it, in a shell that first gives up descriptors.
fn under_limit(command: &Command, most: u32) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("ulimit -n {most} && exec \"$0\" \"$@\"")).arg(command.get_program());
    let settings = command.get_envs().filter_map(|(name, value)| value.map(|value| (name, value)));
    shell.envs(settings);
    shell
}

/// Runs a subcommand to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("the binary starts")
}

/// A port that nothing listens on; the kernel chooses it.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound address")
}
