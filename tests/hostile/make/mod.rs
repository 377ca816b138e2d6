//! Makes the fixtures in `fixtures/hostile/` with the public keys in `keys/`, so that each is rightly signed unless its
//! signature is what is wrong with it:
//!
//! ```sh
//! cargo test --test hostile -- --ignored make_the_hostile_fixtures
//! ```
//!
//! Expectations are written here by hand, never taken from what the library answers.

mod base64_texts;
mod cbor;
mod envelope;
mod issuers;
mod requests;
mod schema;
mod signatures;
mod text;
mod trust_lists;
mod uses;
mod values;

use serde_json::json;

use super::manifest::{Accepted, Body, Fixture, Presented, Refused, Section, Twin};

#[test]
#[ignore = "writes into the tree; see the top of this file"]
fn make_the_hostile_fixtures() {
    let mut envelopes = Set::new("2.1-envelope");
    envelope::add(&mut envelopes);
    trust_lists::add_to_envelopes(&mut envelopes);
    let mut decoding = Set::new("2.2-decoding");
    text::add(&mut decoding);
    cbor::add(&mut decoding);
    schema::add(&mut decoding);
    let mut signed = Set::new("2.3-signatures");
    signatures::add(&mut signed);
    trust_lists::add_to_signatures(&mut signed);
    let mut asked = Set::new("2.6-requests");
    requests::add(&mut asked);
    for set in [envelopes, decoding, signed, asked] {
        set.0.write();
    }
}

/// One file in the making.
struct Set(Section);

impl Set {
    fn new(section: &str) -> Self {
        Self(Section { section: section.to_owned(), ..Section::default() })
    }

    fn twin(&mut self, name: &str, accepted: Accepted, present: Presented, how: &str) {
        self.0.twins.push(Twin { name: name.to_owned(), how: how.to_owned(), accepted, present });
    }

    fn refuse(&mut self, case: Case<'_>, refused: Refused, present: Presented, how: &str) {
        let Case { row, name, twin } = case;
        assert!(self.0.twins.iter().any(|known| known.name == twin), "{name} has no twin {twin}");
        assert!(self.0.fixtures.iter().all(|known| known.name != name), "two are called {name}");
        self.0.fixtures.push(Fixture {
            row,
            name: name.to_owned(),
            how: how.to_owned(),
            refused,
            twin: twin.to_owned(),
            present,
        });
    }
}

/// Which row a fixture belongs to, and what is nearly the same and accepted.
#[derive(Clone, Copy)]
struct Case<'a> {
    row: u8,
    name: &'a str,
    twin: &'a str,
}

const fn case<'a>(row: u8, name: &'a str, twin: &'a str) -> Case<'a> {
    Case { row, name, twin }
}

/// The format check fails because of this, and nothing else can be looked at.
fn undecodable(because: &str) -> Refused {
    fails(&[("format", "undecodable")], because)
}

fn fails(checks: &[(&str, &str)], because: &str) -> Refused {
    let fails = checks.iter().map(|(check, code)| ((*check).to_owned(), (*code).to_owned())).collect();
    Refused::Verdict { fails, because: because.to_owned() }
}

fn problem(status: u16, code: &str) -> Refused {
    Refused::Problem { status, code: code.to_owned() }
}

fn credential(media: &str, bytes: &[u8]) -> Presented {
    Presented::Credential { media: media.to_owned(), body: Body::of(bytes) }
}

/// An envelope in bytes.
fn cose(bytes: impl AsRef<[u8]>) -> Presented {
    credential("application/cose", bytes.as_ref())
}

/// A credential as a scanner or a person gives it.
fn plain(text: impl AsRef<[u8]>) -> Presented {
    credential("text/plain", text.as_ref())
}

/// A request in JSON with this credential.
fn in_json(text: &str) -> Presented {
    credential("application/json", json!({ "credential": text }).to_string().as_bytes())
}

/// A body that says it is JSON.
fn json_body(body: impl AsRef<[u8]>) -> Presented {
    credential("application/json", body.as_ref())
}
