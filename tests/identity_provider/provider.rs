//! The real provider as a process of node's.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::support::http::{Client, Request};
use super::support::tree;

/// A running `oidc-provider`. Dropping it ends it.
pub(crate) struct Provider {
    child: Child,
    commands: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
    pub(crate) issuer: String,
}

impl Provider {
    /// One whose tokens are for `audience` and about people of `department`.
    pub(crate) fn start(audience: &str, department: &str) -> Self {
        let folder = tree("tests/identity_provider");
        assert!(folder.join("node_modules/oidc-provider").exists(), "no oidc-provider: run scripts/test.sh");
        let mut child = Command::new("node")
            .args(["provider.mjs", audience, department])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts (package nodejs; scripts/test.sh installs it)");
        let (commands, said) = (child.stdin.take(), child.stdout.take().expect("its standard output"));
        let mut provider = Self { child, commands, said: BufReader::new(said), issuer: String::new() };
        provider.issuer = provider.line("issuer ");
        provider
    }

    /// New keys; the old ones are forgotten.
    pub(crate) fn rotate(&mut self) {
        let commands = self.commands.as_mut().expect("it takes commands");
        commands.write_all(b"rotate\n").expect("it takes a command");
        self.line("did rotate");
    }

    /// What follows these words, in the line that begins with them.
    fn line(&mut self, words: &str) -> String {
        let mut line = String::new();
        while !line.starts_with(words) {
            line.clear();
            assert_ne!(
                self.said.read_line(&mut line).expect("text"),
                0,
                "the provider did not say {words:?}"
            );
        }
        line.trim_end()[words.trim_end().len()..].trim().to_owned()
    }

    fn client(&self) -> Client {
        Client::new(self.issuer.strip_prefix("http://").unwrap().parse().expect("an address"))
    }

    /// An access token of this client's.
    pub(crate) fn token(&self, client: &str) -> String {
        let request = Request::post("/token").header("authorization", &basic(client));
        let form = "grant_type=client_credentials";
        let answer = self.client().send(&request.body("application/x-www-form-urlencoded", form));
        let answer: Value = answer.expect_status(200).json();
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// Its keys.
    pub(crate) fn jwks(&self) -> Vec<u8> {
        self.client().send(&Request::get("/jwks")).expect_status(200).body
    }
}

fn basic(client: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{client}:secret")))
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
