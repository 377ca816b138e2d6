//! A script of `tests/page/` in Node, driving Chromium: it gets a plan, asks for things on the way, and ends with a result.

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::support::tree;

/// A running script.
pub(crate) struct Script {
    child: Child,
}

impl Script {
    pub(crate) fn start(name: &str, plan: &Value, place: &Path) -> Self {
        assert!(
            tree("tests/page/node_modules/playwright-core").exists(),
            "no playwright-core: run scripts/test.sh"
        );
        let file = place.join("plan.json");
        std::fs::write(&file, plan.to_string()).expect("the plan can be written");
        let child = Command::new("node")
            .arg(name)
            .current_dir(tree("tests/page"))
            .env("PLAN", &file)
            .env("CHROMIUM", chromium())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts (package nodejs; scripts/test.sh installs it)");
        Self { child }
    }

    /// Runs it to its end. A line `ask WORD` is what it waits for until `done` is told; `result JSON` is its result.
    pub(crate) fn run(mut self, mut asked: impl FnMut(&str)) -> Value {
        let mut stdin = self.child.stdin.take().expect("a pipe");
        let stdout = BufReader::new(self.child.stdout.take().expect("a pipe"));
        let mut result = Value::Null;
        for line in stdout.lines() {
            let line = line.expect("the script writes text");
            if let Some(word) = line.strip_prefix("ask ") {
                asked(word);
                stdin.write_all(b"done\n").expect("the script listens");
            } else if let Some(json) = line.strip_prefix("result ") {
                result = serde_json::from_str(json).expect("a result in JSON");
            } else {
                println!("{line}");
            }
        }
        let status = self.child.wait().expect("the script ends");
        assert!(status.success(), "the script failed; its complaint is above");
        result
    }
}

fn chromium() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromium"))
        .find(|candidate| candidate.exists())
        .expect("chromium is on the PATH (package chromium; scripts/test.sh installs it)")
}
