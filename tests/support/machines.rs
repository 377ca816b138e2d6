//! Machines for tests that need several: each with processes, disk, host name and network of its own, on one line that can be
//! cut. They are namespaces of this machine, and are gone with the test, however it ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::{python, tail};

/// Longest that a command on a machine may take, in seconds; generous, for a loaded machine.
const PATIENCE: &str = "180";
/// First half of every address; the test itself is `.0.1`.
const NETWORK: [u8; 2] = [10, 77];
/// What a machine finds changed by nobody but itself.
const DISKS: [&str; 5] = ["etc", "opt", "srv", "usr/local", "var"];

/// Starts a machine; its arguments: name, folder of its disk, folder of the network, user's Python, packages of Python.
const BOOT: &str = r#"
set -euo pipefail
name=$1 disk=$2 lan=$3 python=$4 packages=$5
hostname "$name"
for folder in etc opt srv usr/local var; do
    mkdir -p "$disk/$folder" "$disk/.work/$folder"
    mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$disk/$folder,workdir=$disk/.work/$folder" "/$folder"
done
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/haproxy
# As Debian does at every start of a machine.
install -d -o postgres -g postgres -m 2775 /run/postgresql
# Python and its packages may lie where only this user comes.
mount --bind "$python" /opt/python
mount --bind "$packages" /opt/packages
mount --bind "$lan/elicense" /usr/local/bin/elicense
ip link set lo up
echo started
while read -r _; do :; done
"#;

/// A stand-in for `ssh MACHINE COMMAND…` between machines of one network, as root.
const SSH: &str = r#"#!/bin/sh
machine=$1; shift
space=LAN/proc/$(cat "LAN/$machine.pid")/ns
exec nsenter --mount="$space/mnt" --uts="$space/uts" --net="$space/net" -- sh -c "$*"
"#;

/// Python with its packages, where the page has it installed.
const PYTHON: &str = r#"#!/bin/sh
export PYTHONHOME=/opt/python PYTHONPATH=/opt/packages PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH=/opt/python/lib
exec /opt/python/bin/python3 "$@"
"#;

/// A program of one of the packages.
const PYTHON_PROGRAM: &str = r#"#!/bin/sh
exec /opt/patroni/bin/python -c \
    'import sys; from MODULE import FUNCTION as run; sys.argv[0] = "NAME"; sys.exit(run())' "$@"
"#;

/// Machines that see each other by name.
pub(crate) struct Lan {
    place: tempfile::TempDir,
    machines: Vec<Machine>,
}

/// One of them.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) address: Ipv4Addr,
    lan: PathBuf,
    /// Ends with everything that runs on the machine when it is killed, or when its input ends.
    holder: Option<Child>,
}

/// Which way packets are lost, seen from the machine at whose end the line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Both,
    In,
    Out,
}

/// What becomes of a packet on a line that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It is gone, and nobody is told.
    Silent,
    /// Whoever sent it is told at once that the connection is refused.
    Refused,
}

/// Runs a test in a network of its own, in which it can have machines. `test` is the test's own name.
pub(crate) fn in_own_network(test: &str, body: fn()) {
    const INSIDE: &str = "ELICENSE_TEST_IN_OWN_NETWORK";
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    assert!(rustix::process::geteuid().is_root(), "machines of a test need root");
    let program = std::env::current_exe().expect("a test knows its own program");
    // The test dies with whoever started it, and its machines with the test.
    let status = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare", "--net", "--mount"])
        .arg(program)
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env(INSIDE, "1")
        .status()
        .expect("setpriv starts (package util-linux)");
    assert!(status.success(), "{test} failed; what it said is above");
}

impl Lan {
    /// A network with these machines, all started. The tenth machine's address ends in 19.
    pub(crate) fn start(names: &[&str]) -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        let lan = place.path();
        succeed(Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(lan));
        fs::create_dir(lan.join("proc")).expect("a folder");
        succeed(Command::new("mount").args(["-t", "proc", "proc"]).arg(lan.join("proc")));
        fs::copy(env!("CARGO_BIN_EXE_elicense"), lan.join("elicense")).expect("the binary can be copied");
        for words in ["link set lo up", "link add lan type bridge", "link set lan up"] {
            succeed(Command::new("ip").args(words.split(' ')));
        }
        succeed(Command::new("ip").args(["address", "add", "10.77.0.1/24", "dev", "lan"]));
        let numbered = names.iter().zip(10_u8..);
        let addresses: Vec<(&str, Ipv4Addr)> = numbered.map(|(name, at)| (*name, address(at))).collect();
        let hosts: String = addresses.iter().map(|(name, address)| format!("{address} {name}\n")).collect();
        let machines = addresses
            .iter()
            .map(|(name, address)| {
                make_disk(&lan.join(name), lan, &format!("127.0.0.1 localhost\n{hosts}"));
                let mut machine = Machine {
                    name: (*name).to_owned(),
                    address: *address,
                    lan: lan.to_owned(),
                    holder: None,
                };
                machine.power_on();
                machine
            })
            .collect();
        Self { place, machines }
    }

    #[track_caller]
    pub(crate) fn machine(&self, name: &str) -> &Machine {
        self.machines.iter().find(|machine| machine.name == name).expect("a machine of this name")
    }

    #[track_caller]
    pub(crate) fn machine_mut(&mut self, name: &str) -> &mut Machine {
        self.machines.iter_mut().find(|machine| machine.name == name).expect("a machine of this name")
    }

    /// A folder of the test's own.
    pub(crate) fn place(&self) -> &Path {
        self.place.path()
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        self.machines.clear();
        // The namespace takes the mounts with it; the folder can only be removed without them.
        for mount in [self.place.path().join("proc"), self.place.path().to_owned()] {
            let _unmounted = Command::new("umount").arg("--lazy").arg(mount).output();
        }
    }
}

impl Machine {
    /// Its disk is as it was; nothing runs yet.
    pub(crate) fn power_on(&mut self) {
        let (home, packages) = python_folders();
        let mut holder = Command::new("unshare")
            .args(["--pid", "--net", "--mount", "--uts", "--fork", "--kill-child", "--mount-proc"])
            .args(["bash", "-c", BOOT, "boot", &self.name])
            .args([&self.lan.join(&self.name), &self.lan, &home, &packages])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare starts (package util-linux)");
        let mut said = String::new();
        let output = holder.stdout.take().expect("a piped output");
        BufReader::new(output).read_line(&mut said).expect("what the machine says can be read");
        assert_eq!(said, "started\n", "{} does not start", self.name);
        fs::write(self.lan.join(format!("{}.pid", self.name)), holder.id().to_string()).expect("a file");
        self.plug_in(holder.id());
        self.holder = Some(holder);
    }

    fn plug_in(&self, holder: u32) {
        let [.., last] = self.address.octets();
        // The same card each time: the others remember it.
        let card = format!("02:00:00:00:00:{last:02x}");
        let (port, holder) = (format!("port{last}"), holder.to_string());
        succeed(
            Command::new("ip")
                .args(["link", "add", &port, "type", "veth", "peer", "name", "eth0"])
                .args(["address", &card, "netns", &holder]),
        );
        succeed(Command::new("ip").args(["link", "set", &port, "master", "lan", "up"]));
        let inside = format!("ip address add {}/24 dev eth0 && ip link set eth0 up", self.address);
        succeed(
            Command::new("nsenter").arg(format!("--net=/proc/{holder}/ns/net")).args(["sh", "-c", &inside]),
        );
    }

    /// Every process on it is killed, and nobody on the line is told.
    pub(crate) fn power_off(&mut self) {
        let [.., last] = self.address.octets();
        // First off the line, so that no process's end says good-bye.
        succeed(Command::new("ip").args(["link", "delete", &format!("port{last}")]));
        self.end();
    }

    fn end(&mut self) {
        if let Some(mut holder) = self.holder.take() {
            holder.kill().expect("a child can be killed");
            holder.wait().expect("a killed child ends");
        }
    }

    /// Every process on it is killed; the machine goes on, and says so to who was connected.
    pub(crate) fn kill_everything(&self) {
        // Spares itself and the first process; what waits for it is killed with the rest.
        let _killed = self.command("kill").args(["-KILL", "--", "-1"]).status();
    }

    /// A program on this machine, as root, away from the environment of the test.
    pub(crate) fn command(&self, program: &str) -> Command {
        let holder = self.holder.as_ref().expect("the machine is on").id();
        let space = |name: &str| format!("/proc/{holder}/ns/{name}");
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--mount={}", space("mnt")))
            .arg(format!("--net={}", space("net")))
            .arg(format!("--uts={}", space("uts")))
            .arg(format!("--pid={}", space("pid_for_children")))
            .args(["--", program])
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LANG", "C.UTF-8");
        command
    }

    /// What these lines of a shell wrote, standard error apart.
    pub(crate) fn try_run(&self, script: &str) -> Output {
        self.command("timeout")
            .args(["--kill-after=5", PATIENCE, "bash", "-c"])
            .arg(format!("set -eu -o pipefail\ncd /\n{script}"))
            .output()
            .expect("nsenter starts (package util-linux)")
    }

    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> String {
        let output = self.try_run(script);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "on {}: {}\n{script}\n{}\n{}",
            self.name,
            output.status,
            tail(&said, 40),
            tail(&trouble, 40)
        );
        said
    }

    /// Cuts the line between this machine and others, at this machine's end.
    pub(crate) fn cut(&self, others: &[&Self], way: Way, loss: Loss) {
        let others: Vec<String> = others.iter().map(|other| other.address.to_string()).collect();
        let others = others.join(", ");
        let (what, but) = match loss {
            Loss::Silent => ("drop", ""),
            // The refusal itself comes in over the same line.
            Loss::Refused => ("meta l4proto tcp reject with tcp reset", "tcp flags rst accept; "),
        };
        let mut rules = "table ip cut {\n".to_owned();
        if way != Way::Out {
            rules += &format!(
                "chain in {{ type filter hook input priority 0; {but}ip saddr {{ {others} }} {what}; }}\n"
            );
        }
        if way != Way::In {
            rules += &format!(
                "chain out {{ type filter hook output priority 0; ip daddr {{ {others} }} {what}; }}\n"
            );
        }
        self.run(&format!("nft -f - <<'END'\n{rules}}}\nEND"));
    }

    /// The line is whole again.
    pub(crate) fn mend(&self) {
        self.run("nft delete table ip cut");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.end();
    }
}

fn address(last: u8) -> Ipv4Addr {
    let [first, second] = NETWORK;
    Ipv4Addr::new(first, second, 0, last)
}

/// A disk with what is installed on every machine.
fn make_disk(disk: &Path, lan: &Path, hosts: &str) {
    for folder in DISKS.into_iter().chain(["usr/local/bin", "opt/patroni/bin", "opt/python", "opt/packages"])
    {
        fs::create_dir_all(disk.join(folder)).expect("a folder");
    }
    fs::write(disk.join("etc/hosts"), hosts).expect("a file");
    fs::write(disk.join("usr/local/bin/elicense"), "").expect("a file");
    program(&disk.join("usr/local/bin/ssh"), &SSH.replace("LAN", lan.to_str().expect("UTF-8")));
    program(&disk.join("opt/patroni/bin/python"), PYTHON);
    for (name, module, function) in
        [("patroni", "patroni.__main__", "main"), ("patronictl", "patroni.ctl", "ctl")]
    {
        let text =
            PYTHON_PROGRAM.replace("MODULE", module).replace("FUNCTION", function).replace("NAME", name);
        program(&disk.join("opt/patroni/bin").join(name), &text);
    }
}

fn program(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a file of ours");
}

/// Where Python itself lies, and where its packages do.
fn python_folders() -> (PathBuf, PathBuf) {
    let asked = "import sys, sysconfig; print(sys.base_prefix); print(sysconfig.get_path('purelib'))";
    let output = Command::new(python()).args(["-c", asked]).output().expect("Python starts");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let mut lines = said.lines().map(PathBuf::from);
    let mut line = || lines.next().expect("Python says where it is");
    (line(), line())
}

#[track_caller]
fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}
