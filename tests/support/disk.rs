//! An ext4 file system in a file, whose power can be cut.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use super::{python, tree};

const SIZE: u64 = 1 << 30;

/// Mounted as long as it lives, but for the moment within [`Disk::restore_power`].
pub(crate) struct Disk {
    image: PathBuf,
    mount: PathBuf,
}

impl Disk {
    /// A new one, `name` under `place`. Where loop devices are missing, this fails and says so.
    #[track_caller]
    pub(crate) fn make(place: &Path, name: &str) -> Self {
        assert!(rustix::process::geteuid().is_root(), "cutting the power of a file system needs root");
        assert!(
            Path::new("/dev/loop-control").exists(),
            "cutting the power of a file system needs loop devices"
        );
        let disk = Self { image: place.join(format!("{name}.img")), mount: place.join(name) };
        File::create(&disk.image).and_then(|image| image.set_len(SIZE)).expect("an image");
        std::fs::create_dir(&disk.mount).expect("a mount point");
        succeed(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&disk.image));
        disk.attach();
        disk
    }

    pub(crate) fn path(&self) -> &Path {
        &self.mount
    }

    /// What is on it now is safe from the next cut.
    pub(crate) fn sync(&self) {
        succeed(Command::new("sync").arg("--file-system").arg(&self.mount));
    }

    /// Gets everything ready to cut the power, so that [`Switch::cut`] takes no longer than the cut itself.
    pub(crate) fn switch(&self) -> Switch {
        let mut child = Command::new(python())
            .arg(tree("tests/power_cut.py"))
            .arg("cut")
            .arg(&self.mount)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut said = String::new();
        let output = child.stdout.take().expect("a piped output");
        BufReader::new(output).read_line(&mut said).expect("what the switch says can be read");
        assert_eq!(said, "ready\n", "the switch is not ready");
        Switch(child)
    }

    /// As after a restart of the machine. Everything that used it must have ended.
    pub(crate) fn restore_power(&self) {
        self.detach();
        let checked = output(Command::new("e2fsck").args(["-f", "-p"]).arg(&self.image));
        // 1: the file system was repaired, as any system does it when it starts.
        assert!(matches!(checked.status.code(), Some(0 | 1)), "{}", told(&checked));
        self.attach();
    }

    fn attach(&self) {
        succeed(Command::new("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.mount));
    }

    fn detach(&self) {
        // A killed process may hold its files for a moment after its end was seen.
        for _ in 0..200 {
            if output(Command::new("umount").arg(&self.mount)).status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        succeed(Command::new("umount").arg(&self.mount));
    }
}

/// The power switch of a [`Disk`].
pub(crate) struct Switch(Child);

impl Switch {
    /// When this returns, what was not synced is lost and every write fails.
    ///
    /// A sync that is in flight just now may be told to have succeeded although it is lost: in about 8 of 100 cuts of a
    /// bare loop of writes and syncs the kernel (6.18) does so, which a machine without power could not. What is
    /// acknowledged between the call and its return therefore proves nothing.
    pub(crate) fn cut(mut self) {
        let mut input = self.0.stdin.take().expect("a piped input");
        input.write_all(b"now\n").expect("the switch listens");
        let status = self.0.wait().expect("the switch ends");
        assert!(status.success(), "the power could not be cut: {status}");
    }
}

/// Runs a test in a mount namespace of its own, so that what it mounts is gone with it, however it ends.
pub(crate) fn in_own_mounts(test: &str, body: fn()) {
    const INSIDE: &str = "ELICENSE_TEST_IN_OWN_MOUNTS";
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    assert!(rustix::process::geteuid().is_root(), "cutting the power of a file system needs root");
    let program = std::env::current_exe().expect("a test knows its own program");
    let run = output(
        Command::new("unshare")
            .arg("--mount")
            .arg(program)
            .args(["--exact", test, "--nocapture"])
            .env(INSIDE, "1"),
    );
    println!("{}", told(&run));
    assert!(run.status.success(), "{test} failed; what it said is above");
    let ran_one = String::from_utf8_lossy(&run.stdout).contains("1 passed");
    assert!(ran_one, "no test is called {test}");
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whatever a failing test left open must not keep the mount. The loop device goes with it.
        let _unmounted = Command::new("umount").arg("--lazy").arg(&self.mount).output();
    }
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

#[track_caller]
fn succeed(command: &mut Command) {
    let output = output(command);
    assert!(output.status.success(), "{command:?}: {}", told(&output));
}

fn told(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
