//! What stands at a provider's address and is no good one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

/// What it does when it is asked.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Takes the connection and says nothing.
    Silence,
    /// Sends a byte now and then.
    Slow,
    HangUp,
    /// Sends to another provider.
    Redirect(String),
    /// These bytes as keys, behind a description as it should be.
    Keys(Vec<u8>),
    /// A description that is another issuer's.
    OtherIssuer(String),
    /// Keys at another address.
    KeysElsewhere(String),
}

pub(crate) struct FalseProvider {
    pub(crate) issuer: String,
    questions: Arc<AtomicUsize>,
}

impl FalseProvider {
    /// Its threads wait for connections until the test's process ends.
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let questions = Arc::new(AtomicUsize::new(0));
        let (own, count) = (issuer.clone(), Arc::clone(&questions));
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for mut stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                let Some(path) = path(&mut stream) else { continue };
                // The service may have gone before the end of it.
                let _sent = answer.send(&own, &path, &mut stream);
                if matches!(answer, Answer::Silence | Answer::Slow) {
                    held.push(stream);
                }
            }
        });
        Self { issuer, questions }
    }

    /// How often it was asked.
    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }
}

fn path(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()?.split(' ').nth(1).map(str::to_owned)
}

impl Answer {
    fn send(&self, own: &str, path: &str, stream: &mut TcpStream) -> std::io::Result<()> {
        let described = |issuer: &str, keys: &str| json!({"issuer": issuer, "jwks_uri": keys}).to_string();
        let is_description = path.contains(".well-known");
        let body = match self {
            Self::Silence | Self::HangUp => return Ok(()),
            Self::Slow => return stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"),
            Self::Redirect(to) => {
                let head = format!("HTTP/1.1 302 Found\r\nlocation: {to}{path}\r\ncontent-length: 0\r\n\r\n");
                return stream.write_all(head.as_bytes());
            }
            Self::Keys(keys) if !is_description => keys.clone(),
            Self::Keys(_) => described(own, &format!("{own}/jwks")).into_bytes(),
            Self::OtherIssuer(issuer) => described(issuer, &format!("{own}/jwks")).into_bytes(),
            Self::KeysElsewhere(keys) => described(own, keys).into_bytes(),
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat())
    }
}
