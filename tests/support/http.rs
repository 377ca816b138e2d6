//! A blocking HTTP/1.1 client over one kept connection. It never repeats a request on its own: whether an answer was
//! lost is what the tests are about.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long any step of an exchange may take before the test gives up on the service.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Client {
    address: SocketAddr,
    patience: Duration,
    connection: Option<BufReader<TcpStream>>,
}

/// What is asked, built up in the order it reads: `Request::post("/v1/x").key(&key).json(&body)`.
pub(crate) struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn post(path: &str) -> Self {
        Self { method: "POST", ..Self::get(path) }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn key(self, api_key: &str) -> Self {
        self.header("authorization", &format!("Bearer {api_key}"))
    }

    pub(crate) fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    fn to_bytes(&self, host: SocketAddr) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self} is not JSON: {error}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The same response, once it has this status.
    #[track_caller]
    pub(crate) fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "answered {self}");
        self
    }
}

impl std::fmt::Display for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.status, self.text().chars().take(2000).collect::<String>())
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, patience: PATIENCE, connection: None }
    }

    /// The same, giving up earlier.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Asks once. After an error nothing is known about what the service did.
    pub(crate) fn try_send(&mut self, request: &Request) -> io::Result<Response> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.address, self.patience)?,
        };
        connection.get_mut().write_all(&request.to_bytes(self.address))?;
        let response = read_response(&mut connection)?;
        if response.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(response)
    }

    #[track_caller]
    pub(crate) fn send(&mut self, request: &Request) -> Response {
        match self.try_send(request) {
            Ok(response) => response,
            Err(error) => panic!("{} {}: {error}", request.method, request.path),
        }
    }
}

/// A connection on which a test sends what it likes.
pub(crate) struct Raw(BufReader<TcpStream>);

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self(connect(address, PATIENCE).expect("the service takes connections"))
    }

    /// A connection that has sent these bytes. The service may have hung up before it took them all.
    pub(crate) fn sent(address: SocketAddr, bytes: &[u8]) -> Self {
        let mut raw = Self::connect(address);
        let _taken = raw.send(bytes);
        raw
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    pub(crate) fn response(&mut self) -> io::Result<Response> {
        read_response(&mut self.0)
    }

    /// The answer to HEAD, which has no body whatever its length says.
    pub(crate) fn head(&mut self) -> io::Result<Response> {
        read_head(&mut self.0)
    }

    /// Every answer that comes until the service hangs up.
    pub(crate) fn responses_to_the_end(&mut self) -> Vec<Response> {
        let mut responses = Vec::new();
        while !self.at_end() {
            match self.response() {
                Ok(response) => responses.push(response),
                Err(error) => {
                    assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "the service did not hang up");
                    break;
                }
            }
        }
        responses
    }

    /// Waits until there is more to read, or the service has hung up.
    pub(crate) fn at_end(&mut self) -> bool {
        match self.0.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) => {
                assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "neither an answer nor an end");
                true
            }
        }
    }
}

fn connect(address: SocketAddr, patience: Duration) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

fn read_head(connection: &mut BufReader<TcpStream>) -> io::Result<Response> {
    let status_line = read_line(connection)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| broken(&format!("no status in {status_line:?}")))?;
    Ok(Response { status, headers: read_headers(connection)?, body: Vec::new() })
}

fn read_response(connection: &mut BufReader<TcpStream>) -> io::Result<Response> {
    let mut response = read_head(connection)?;
    response.body = if response.header("transfer-encoding") == Some("chunked") {
        read_chunks(connection)?
    } else {
        let length = response.header("content-length").unwrap_or("0");
        read_exactly(connection, length.parse().map_err(|_| broken("no number in content-length"))?)?
    };
    Ok(response)
}

fn read_headers(connection: &mut BufReader<TcpStream>) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = read_line(connection)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| broken(&format!("no colon in {line:?}")))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn read_chunks(connection: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(connection)?;
        let size =
            usize::from_str_radix(&line, 16).map_err(|_| broken(&format!("no chunk size in {line:?}")))?;
        body.extend(read_exactly(connection, size)?);
        read_line(connection)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_exactly(connection: &mut BufReader<TcpStream>, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    connection.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(broken("the connection ended within an answer")),
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
