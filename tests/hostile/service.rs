//! The fixtures before the running service: the real binary, over TCP, on an installation with the golden keys.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::city::{API_KEYS, golden};
use super::judged::{Judged, assert_none, check_accepted, check_refused, comparable};
use super::library::Library;
use super::manifest::{self, Accepted, Body, Call, Presented, Refused};
use super::support::http::{Client, Request, Response};
use super::support::service::{Service, Start};
use super::{installation, pictures};

/// A service on an installation of its own.
pub(crate) struct Running {
    service: Service,
    _dir: tempfile::TempDir,
}

impl Running {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        installation::make(&data);
        Self { service: Start::serve(&data, dir.path()).ready(), _dir: dir }
    }

    pub(crate) fn client(&self) -> Client {
        self.service.client()
    }

    /// The answer to a credential, in each shape that it can be sent in.
    fn judge(&self, client: &mut Client, presented: &Presented) -> Vec<Judged> {
        let post = |media: &str, body: Vec<u8>| Request::post("/v1/verifications").body(media, body);
        match presented {
            Presented::Credential { media, body } => {
                let bytes = body.bytes();
                if bytes.len() > 128 * 1024 {
                    return vec![read(&refused_before_its_body(self.service.address, media, bytes.len()))];
                }
                let in_json = (media == "application/cose" && !bytes.is_empty())
                    .then(|| json!({ "credential": STANDARD.encode(&bytes) }).to_string());
                let mut answers = vec![read(&client.send(&post(media, bytes)))];
                // What is too long for an envelope is too long for its base64 too, and said in other words.
                answers.extend(
                    in_json
                        .filter(|body| body.len() < 87_000)
                        .map(|body| read(&client.send(&post("application/json", body.into_bytes())))),
                );
                answers
            }
            Presented::Picture { picture } => {
                let (media, bytes) = pictures::draw(picture);
                if bytes.len() > 8 << 20 {
                    return vec![read(&refused_before_its_body(self.service.address, media, bytes.len()))];
                }
                vec![read(&client.send(&post(media, bytes)))]
            }
            Presented::Requests(calls) => vec![read(&self.ask(client, calls))],
            Presented::TrustList { .. } => Vec::new(),
        }
    }

    /// Sends one call behind the other; all but the last must be done.
    fn ask(&self, client: &mut Client, calls: &[Call]) -> Response {
        let mut identifier = String::new();
        let (last, before) = calls.split_last().unwrap();
        for call in before {
            let response = client.send(&request(call, &identifier));
            assert!((200..300).contains(&response.status), "{} {}: {response}", call.method, call.path);
            if let Some(Value::String(made)) = response.json().get("identifier") {
                identifier.clone_from(made);
            }
        }
        client.send(&request(last, &identifier))
    }
}

fn request(call: &Call, identifier: &str) -> Request {
    let filled = |text: &str| text.replace("{identifier}", identifier);
    let path = filled(&call.path);
    let mut request = if call.method == "GET" { Request::get(&path) } else { Request::post(&path) };
    let (media, others): (Vec<_>, Vec<_>) = call.headers.iter().partition(|(name, _)| name == "content-type");
    for (name, value) in others {
        request = request.header(name, value);
    }
    let body = match &call.body {
        None => return request,
        Some(Body::Text(text)) => filled(text).into_bytes(),
        Some(other) => other.bytes(),
    };
    let [(_, media)] = media[..] else { panic!("{}: a body has one content type", call.path) };
    request.body(media, body)
}

/// A service that refuses a body by its announced length does not read it, and a client that went on sending would have
/// its connection reset.
fn refused_before_its_body(address: SocketAddr, media: &str, length: usize) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = format!(
        "POST /v1/verifications HTTP/1.1\r\nhost: {address}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line == "\r\n" {
            break;
        }
        lines.push(line.trim_end().to_lowercase());
    }
    let value = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let mut body = vec![0; value("content-length: ").unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let headers =
        value("content-type: ").map(|media| ("content-type".to_owned(), media)).into_iter().collect();
    Response { status: lines[0].split(' ').nth(1).unwrap().parse().unwrap(), headers, body }
}

fn read(response: &Response) -> Judged {
    match (response.status, response.header("content-type")) {
        (200..300, _) => Judged::Verdict(serde_json::from_slice(&response.body).unwrap_or(Value::Null)),
        (status, Some("application/problem+json")) => {
            let body = response.json();
            assert_eq!(body["status"], status, "{response}");
            Judged::Problem { status, code: body["code"].as_str().unwrap().to_owned() }
        }
        _ => panic!("neither a verdict nor a problem: {response}"),
    }
}

#[test]
fn the_service_refuses_every_fixture_as_the_library_does() {
    let (running, library) = (Running::start(), Library::new());
    let mut complaints = Vec::new();
    let mut answered = 0;
    for fixture in manifest::all().into_iter().flat_map(|section| section.fixtures) {
        // A service that has refused a request unread closes the connection.
        let mut client = running.client();
        let mut complain = |why: String| complaints.push(format!("#{} {}: {why}", fixture.row, fixture.name));
        for answer in running.judge(&mut client, &fixture.present) {
            answered += 1;
            if let Judged::Problem { status: status @ 500.., code } = &answer {
                complain(format!("{status} {code}"));
            }
            if let Err(why) = check_refused(&fixture.refused, &answer) {
                complain(why);
            } else if let (Refused::Verdict { .. }, Some(said)) =
                (&fixture.refused, library.judge(&fixture.present))
                && comparable(&said) != comparable(&answer)
            {
                complain(format!(
                    "the library says {}, the service {}",
                    comparable(&said),
                    comparable(&answer)
                ));
            }
        }
    }
    assert_none(&complaints);
    assert!(answered >= 300, "{answered}");
    assert_eq!(running.client().send(&Request::get("/readyz")).status, 200, "it is none the worse for it");
}

#[test]
fn the_service_accepts_every_twin() {
    let (running, library) = (Running::start(), Library::new());
    let mut client = running.client();
    let mut complaints = Vec::new();
    for twin in manifest::all().into_iter().flat_map(|section| section.twins) {
        for answer in running.judge(&mut client, &twin.present) {
            let good = match (twin.accepted, &answer) {
                (Accepted::Done, Judged::Verdict(_)) => Ok(()),
                (accepted, answer) => check_accepted(accepted, answer),
            };
            complaints.extend(good.err().map(|why| format!("{}: {why}", twin.name)));
            if let Some(said) = library.judge(&twin.present) {
                let (said, answer) = (comparable(&said), comparable(&answer));
                if said != answer {
                    complaints.push(format!("{}: the library says {said}, the service {answer}", twin.name));
                }
            }
        }
    }
    assert_none(&complaints);
}

/// ADVERSARY #60: strangers learn nothing from how they are refused. #61: nor do other departments.
#[test]
fn strangers_are_answered_alike() {
    let running = Running::start();
    let mut client = running.client();
    for (row, status) in [(60, 401), (61, 404)] {
        let mut answers = BTreeSet::new();
        for fixture in manifest::all().into_iter().flat_map(|section| section.fixtures) {
            let wanted = matches!(&fixture.refused, Refused::Problem { status: own, .. } if *own == status);
            if let (true, Presented::Requests(calls)) = (fixture.row == row && wanted, &fixture.present) {
                let response = running.ask(&mut client, calls);
                let mut body = response.json();
                assert!(body.as_object_mut().unwrap().remove("request_id").is_some(), "{response}");
                answers.insert((response.status, body.to_string()));
            }
        }
        assert_eq!(answers.len(), 1, "#{row}: {answers:?}");
    }
}

/// ADVERSARY #28, once more from outside: a whole file, every bit of it, over one connection.
#[test]
fn every_changed_bit_of_a_file_is_refused() {
    let running = Running::start();
    let mut client = running.client();
    let good = golden("eddsa-full.elic");
    let mut judge = |bytes: Vec<u8>| {
        let request = Request::post("/v1/verifications").body("application/cose", bytes);
        client.send(&request).expect_status(200).json()
    };
    assert_eq!(judge(good.clone())["status"], "valid");
    for bit in 0..good.len() * 8 {
        let mut changed = good.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let verdict = judge(changed);
        let failed = |check: usize| verdict["findings"][check]["result"] == "fail";
        let refused = failed(FORMAT) || failed(ISSUER) || failed(SIGNATURE);
        assert!(verdict["status"] == "invalid" && refused, "bit {} of byte {}: {verdict}", bit % 8, bit / 8);
        assert!(verdict.get("licence").is_none(), "{verdict}");
    }
}

/// Places of the checks in a verdict.
const FORMAT: usize = 0;
const ISSUER: usize = 1;
const SIGNATURE: usize = 3;

/// ADVERSARY #13, #19, #20: what claims to be large takes no memory. Pictures, which are decoded, have limits of their own.
#[test]
fn bombs_leave_the_services_memory_as_it_was() {
    const MOST_KIB: u64 = 8 * 1024;
    let running = Running::start();
    let bombs: Vec<Presented> = manifest::all()
        .into_iter()
        .flat_map(|section| section.fixtures)
        .filter(|fixture| [13, 19, 20].contains(&fixture.row))
        .map(|fixture| fixture.present)
        .collect();
    assert!(bombs.len() >= 20, "{}", bombs.len());
    let throw = |times: usize| {
        for bomb in bombs.iter().cycle().take(times * bombs.len()) {
            running.judge(&mut running.client(), bomb);
        }
    };
    // Threads, their arenas and the cache come into being with the first requests.
    throw(1);
    let before = peak_kib(&running.service);
    throw(20);
    let grown = peak_kib(&running.service) - before;
    assert!(grown <= MOST_KIB, "{grown} KiB more at the peak than the {before} before");
}

/// The most memory that the process has had at once.
fn peak_kib(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.process_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells the peak");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// In a batch every line has the answer that it has alone.
#[test]
fn a_batch_says_the_same() {
    let running = Running::start();
    let mut client = running.client();
    let (mut lines, mut alone) = (Vec::new(), Vec::new());
    for fixture in manifest::all().into_iter().flat_map(|section| section.fixtures) {
        let Presented::Credential { media, body } = &fixture.present else { continue };
        let line = match (media.as_str(), body.bytes()) {
            ("application/cose", bytes) => json!({ "credential": STANDARD.encode(bytes) }).to_string(),
            (_, bytes) => match String::from_utf8(bytes) {
                Ok(text) if media == "text/plain" => json!({ "credential": text }).to_string(),
                Ok(json) if !json.is_empty() => json,
                _ => continue,
            },
        };
        if line.contains('\n') || line.len() > 60_000 {
            continue;
        }
        let request = Request::post("/v1/verifications").body("application/json", line.clone());
        alone.push((fixture.name, comparable(&read(&client.send(&request)))));
        lines.push(line);
    }
    assert!(lines.len() >= 400, "{}", lines.len());
    let request = Request::post("/v1/verifications/batch").body("application/x-ndjson", lines.join("\n"));
    let answers = client.send(&request).expect_status(200).text();
    assert_eq!(answers.lines().count(), lines.len());
    for (answer, (name, alone)) in answers.lines().zip(alone) {
        let answer: Value = serde_json::from_str(answer).unwrap();
        let judged = match answer["code"].as_str() {
            Some(code) => Judged::Problem {
                status: u16::try_from(answer["status"].as_u64().unwrap()).unwrap(),
                code: code.to_owned(),
            },
            None => Judged::Verdict(answer),
        };
        assert_eq!(comparable(&judged), alone, "{name}");
    }
}

/// ADVERSARY #57: a hundred at once, one licence.
#[test]
fn a_hundred_equal_requests_make_one_licence() {
    let running = Running::start();
    let body = json!({
        "type": "11100000000013338W032",
        "number": "一百次",
        "holders": [{"name": "迪丽努尔·艾合买提", "code": "999999188709090265", "code_type": "111"}],
        "fields": {"work": "建筑电工", "sex": "女", "first_issued": "2024-12-02"},
    });
    let issue = || {
        let request = Request::post("/v1/licences").key(API_KEYS.es256).header("idempotency-key", "hundred");
        let mut client = running.client();
        let body = &body;
        move || client.send(&request.json(body)).expect_status(201).text()
    };
    let answers: BTreeSet<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..100).map(|_| scope.spawn(issue())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers.len(), 1, "{answers:?}");
}
