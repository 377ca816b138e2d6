//! A village's day: the page is installed, loses its network, verifies, gets it back, and knows what has changed since.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::codec::{decode_bytes, encode_qr_text};
use serde_json::{Value, json};

use super::browser::Script;
use super::support::demo::{Demo, Issuer};
use super::support::http::{Client, Request};
use super::support::service::elicense;
use super::support::tree;

/// What `installed.mjs` has to have done, and how many states it has to have audited.
const STEPS: usize = 14;
const AUDITS: usize = 4 * 7 + 2;

/// The same address each time, because a browser keeps what it has by address.
struct Village {
    address: SocketAddr,
    place: PathBuf,
    service: Option<Child>,
}

impl Village {
    fn new(place: &Path) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self { address: free.local_addr().unwrap(), place: place.to_owned(), service: None }
    }

    /// `elicense demo` in a folder of the place, with the decoder that npm brought.
    fn start(&mut self, folder: &str) -> Client {
        let log = std::fs::File::create(self.place.join(format!("{folder}.log"))).unwrap();
        let child = elicense()
            .args(["demo", "--data"])
            .arg(self.place.join(folder))
            .args(["--listen", &self.address.to_string(), "--assets"])
            .arg(tree("tests/page/node_modules/jsqr/dist"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.service = Some(child);
        let deadline = Instant::now() + Duration::from_secs(120);
        while !Client::new(self.address).try_send(&Request::get("/readyz")).is_ok_and(|one| one.status == 200)
        {
            assert!(Instant::now() < deadline, "the service is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        Client::new(self.address)
    }

    fn kill(&mut self) {
        let mut service = self.service.take().expect("it runs");
        service.kill().unwrap();
        service.wait().unwrap();
    }
}

impl Drop for Village {
    fn drop(&mut self) {
        if let Some(service) = &mut self.service {
            let _ended = service.kill().and_then(|()| service.wait());
        }
    }
}

/// The same licence with its number changed by one bit, under the signature of the true one.
fn forged(qr: &str, number: &str) -> String {
    let envelope = elicense::codec::decode_text(qr).unwrap();
    let mut bytes = envelope.bare_bytes().to_vec();
    let at = bytes.windows(number.len()).position(|window| window == number.as_bytes()).unwrap();
    bytes[at] ^= 1;
    encode_qr_text(&decode_bytes(&bytes).unwrap())
}

fn plan(village: &Village, client: &mut Client, issuer: &Issuer, to_be_suspended: &str) -> Value {
    let valid = issuer.issue(client, "village-valid", "VILLAGE-0001");
    let suspended = issuer.issue(client, "village-suspended", "VILLAGE-0002");
    issuer.change_status(client, &suspended.identifier, "suspended", "under review").expect_status(200);
    let get = |client: &mut Client, what: &str| {
        let path = format!("/v1/licences/{}/{what}", valid.identifier);
        client.send(&Request::get(&path).key(&issuer.api_key)).expect_status(200).body
    };
    let (picture, file) = (village.place.join("qr.png"), village.place.join("licence.elic"));
    std::fs::write(&picture, get(client, "qr.png")).unwrap();
    std::fs::write(&file, get(client, "file")).unwrap();
    let film = village.place.join("film.y4m");
    std::fs::write(&film, film_of(&std::fs::read(&picture).unwrap())).unwrap();
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("images");
    std::fs::create_dir_all(&pictures).unwrap();
    json!({
        "url": format!("http://{}", village.address),
        "root": root(client),
        "valid": valid.qr,
        "validNumber": valid.number,
        "forged": forged(&valid.qr, &valid.number),
        "suspended": suspended.qr,
        "toBeSuspended": to_be_suspended,
        "film": film,
        "picture": picture,
        "file": file,
        "pictures": pictures,
    })
}

/// What a camera sees that is held at the picture: a still film, uncompressed.
fn film_of(png: &[u8]) -> Vec<u8> {
    const SIZE: u32 = 640;
    let code = image::load_from_memory(png).unwrap().into_luma8();
    let code = image::imageops::resize(&code, 560, 560, image::imageops::FilterType::Nearest);
    let mut frame = image::GrayImage::from_pixel(SIZE, SIZE, image::Luma([255]));
    image::imageops::overlay(&mut frame, &code, 40, 40);
    let colours = vec![128; usize::try_from(SIZE * SIZE / 2).unwrap()];
    let frame = [b"FRAME\n", frame.as_raw().as_slice(), &colours].concat();
    [format!("YUV4MPEG2 W{SIZE} H{SIZE} F10:1 Ip A1:1 C420jpeg\n").as_bytes(), &frame, &frame].concat()
}

/// SHA-256 of the root certificate, which comes first.
fn root(client: &mut Client) -> String {
    let pem = client.send(&Request::get("/v1/trust-list.pem")).expect_status(200);
    let text = String::from_utf8(pem.body).unwrap();
    let first = text.split("-----END").next().unwrap();
    let base64: String = first.lines().skip(1).collect();
    elicense::crypto::Digest::of(&STANDARD.decode(base64).unwrap()).to_string()
}

#[test]
fn a_village_verifies_without_a_line_and_learns_of_a_suspension_with_it() {
    let place = tempfile::tempdir().unwrap();
    let mut village = Village::new(place.path());
    let mut client = village.start("city");
    let issuer = Demo::read(&place.path().join("city")).issuer(&mut client);
    let later = issuer.issue(&mut client, "village-later", "VILLAGE-0003");
    let plan = plan(&village, &mut client, &issuer, &later.qr);
    let result = Script::start("installed.mjs", &plan, place.path()).run(|word| match word {
        "cut" => village.kill(),
        "suspend" => {
            let mut client = village.start("city");
            let changed = issuer.change_status(&mut client, &later.identifier, "suspended", "complaint");
            changed.expect_status(200);
        }
        "impostor" => drop(village.start("impostor")),
        other => panic!("asked for {other}"),
    });
    assert_eq!(result["done"].as_array().unwrap().len(), STEPS, "{result}");
    assert_eq!(result["audited"].as_array().unwrap().len(), AUDITS, "{result}");
}
