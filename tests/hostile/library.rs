//! The fixtures before the library: no service, no clock, a ledger that holds the golden licences.

use elicense::codec::without_scanner_line_end;
use elicense::pki::{Anchor, TrustStore};
use elicense::render::{PictureLimits, read_qr};
use elicense::verify::{Verdict, Verifier};
use serde_json::Value;

use super::city::{GoldenLedger, JUDGED, golden_text, time, trust};
use super::judged::{Judged, assert_none, check_accepted, check_refused};
use super::manifest::{self, Accepted, Presented, Refused};
use super::{pictures, support};

/// What the library judges by.
pub(crate) struct Library {
    trust: TrustStore,
    ledger: GoldenLedger,
}

impl Library {
    pub(crate) fn new() -> Self {
        Self { trust: trust(), ledger: GoldenLedger::read() }
    }

    /// What the library says; `None` where only a service has something to say.
    pub(crate) fn judge(&self, presented: &Presented) -> Option<Judged> {
        let verifier = Verifier::new(&self.trust).with_records(&self.ledger);
        let at = time(JUDGED);
        let verdict = |verdict: Verdict| Some(Judged::Verdict(serde_json::to_value(verdict).unwrap()));
        match presented {
            Presented::Credential { media, body } => {
                let bytes = body.bytes();
                match media.as_str() {
                    "application/cose" => verdict(verifier.verify_bytes(&bytes, at)),
                    "text/plain" => {
                        let text = std::str::from_utf8(&bytes).ok()?;
                        verdict(verifier.verify_text(without_scanner_line_end(text), at))
                    }
                    _ => {
                        let request: Value = serde_json::from_slice(&bytes).ok()?;
                        let members = request.as_object().filter(|members| members.len() == 1)?;
                        verdict(verifier.verify_text(members.get("credential")?.as_str()?, at))
                    }
                }
            }
            Presented::Picture { picture } => {
                let (_, bytes) = pictures::draw(picture);
                let text = read_qr(&bytes, &PictureLimits::default()).ok()?;
                verdict(verifier.verify_text(&text, at))
            }
            Presented::TrustList { .. } | Presented::Requests(_) => None,
        }
    }
}

#[test]
fn the_library_refuses_every_fixture() {
    let library = Library::new();
    let mut complaints = Vec::new();
    let mut judged = 0;
    for fixture in manifest::all().into_iter().flat_map(|section| section.fixtures) {
        match (library.judge(&fixture.present), &fixture.refused) {
            (Some(got), refused @ Refused::Verdict { .. }) => {
                judged += 1;
                let checked = check_refused(refused, &got);
                complaints
                    .extend(checked.err().map(|why| format!("#{} {}: {why}", fixture.row, fixture.name)));
            }
            // A duplicate member and bodies over their limit are the service's to refuse.
            (_, Refused::Problem { .. }) => {}
            (_, Refused::TrustList { .. }) => {}
            (None, Refused::Verdict { .. }) => complaints.push(format!("{}: no verdict", fixture.name)),
        }
    }
    assert_none(&complaints);
    assert!(judged >= 150, "{judged}");
}

#[test]
fn the_library_accepts_every_twin() {
    let library = Library::new();
    let mut complaints = Vec::new();
    for twin in manifest::all().into_iter().flat_map(|section| section.twins) {
        if let Some(got) = library.judge(&twin.present) {
            complaints
                .extend(check_accepted(twin.accepted, &got).err().map(|why| format!("{}: {why}", twin.name)));
        }
    }
    assert_none(&complaints);
}

fn believe(list: &[u8]) -> Result<TrustStore, String> {
    let root = trust().root_fingerprint();
    TrustStore::from_envelope(list, Anchor::Pinned(root)).map_err(|error| error.to_string())
}

#[test]
fn no_hostile_trust_list_is_believed() {
    let mut complaints = Vec::new();
    let mut tried = 0;
    for section in manifest::all() {
        for fixture in section.fixtures {
            let (Presented::TrustList { body }, Refused::TrustList { because }) =
                (&fixture.present, &fixture.refused)
            else {
                continue;
            };
            tried += 1;
            match believe(&body.bytes()) {
                Ok(_) => complaints.push(format!("#{} {}: believed", fixture.row, fixture.name)),
                Err(said) if said.contains(because) => {}
                Err(said) => complaints.push(format!("#{} {}: {said}", fixture.row, fixture.name)),
            }
        }
        for twin in section.twins {
            if let (Presented::TrustList { body }, Accepted::Believed) = (&twin.present, twin.accepted) {
                complaints.extend(believe(&body.bytes()).err().map(|said| format!("{}: {said}", twin.name)));
            }
        }
    }
    assert_none(&complaints);
    assert!(tried >= 20, "{tried}");
}

/// The command line says that the data is bad, and judges nothing by such a list.
#[test]
fn the_command_line_refuses_them_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.cose");
    let root = golden_text("root.sha256");
    let credential = golden_text("eddsa-qr.txt");
    let verify = |list: &[u8]| {
        std::fs::write(&path, list).unwrap();
        let mut command = support::service::elicense();
        command.env("XDG_STATE_HOME", folder.path()).arg("verify").arg("--trust").arg(&path);
        let output = support::service::run(command.args(["--root", root.trim_end(), &credential]));
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for section in manifest::all() {
        for fixture in section.fixtures {
            if let Presented::TrustList { body } = &fixture.present {
                let (code, said) = verify(&body.bytes());
                assert_eq!((code, said.as_str()), (Some(65), ""), "{}", fixture.name);
            }
        }
        for twin in section.twins {
            if let Presented::TrustList { body } = &twin.present {
                assert_eq!(
                    verify(&body.bytes()).0,
                    Some(2),
                    "{}: with a list alone, indeterminate",
                    twin.name
                );
            }
        }
    }
}
