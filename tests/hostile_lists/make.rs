//! Makes `fixtures/hostile/2.5-status.json` with the public keys in `keys/`; each list is rightly signed unless its signature is
//! what is wrong with it:
//!
//! ```sh
//! cargo test --test hostile_lists -- --ignored make_the_hostile_lists
//! ```
//!
//! Expectations are written here by hand, never taken from what the library answers.

use elicense::codec::Typ;
use elicense::codec::zlib::deflate;
use elicense::pki::Usage;
use elicense::status::{EntryBits, LIST_BYTES, LIST_ENTRIES};
use serde_json::json;

use super::city::{ES256, JUDGED, department, golden, signer, time, trust};
use super::draft::{
    Draft, Form, INDEX, MADE, VERSION, entries, other_authoritys_uri, own_uri, trust_list, uri,
};
use super::fixture::{Expected, Fixture, Presented, Section, Seen, Twin};
use super::item::Item;
use super::manifest::Body;

struct Set(Section);

#[test]
#[ignore = "writes into the tree; see the top of this file"]
fn make_the_hostile_lists() {
    let mut set = Set(Section { section: "2.5-status".to_owned(), twins: Vec::new(), fixtures: Vec::new() });
    for form in Form::ALL {
        set.twin(form.name(), "a list as it is published", shown(Draft::new().write(form)));
        let seen = Seen { version: VERSION, issued_at: MADE.to_owned() };
        let again = Presented { seen: Some(seen), ..shown(Draft::new().write(form)) };
        set.twin(&format!("{}-seen", form.name()), "the same list, seen before", again);
    }
    substituted(&mut set);
    replayed(&mut set);
    malformed(&mut set);
    no_lists(&mut set);
    set.0.write();
}

fn shown(list: Vec<u8>) -> Presented {
    let list = Body::of(&list);
    Presented { uri: own_uri(), index: INDEX, at: JUDGED.to_owned(), seen: None, trust_list: None, list }
}

fn refused(because: &str) -> Expected {
    Expected::Refused(because.to_owned())
}

impl Set {
    fn twin(&mut self, name: &str, how: &str, present: Presented) {
        self.0.twins.push(Twin { name: name.to_owned(), how: how.to_owned(), present });
    }

    /// A fixture beside the twin of this name.
    fn add(
        &mut self,
        (row, name, twin): (u8, &str, &str),
        how: &str,
        expected: Expected,
        present: Presented,
    ) {
        let (name, how, twin) = (name.to_owned(), how.to_owned(), twin.to_owned());
        self.0.fixtures.push(Fixture { row, name, how, expected, twin, present });
    }

    /// The same fault in both forms.
    fn both(&mut self, (row, name): (u8, &str), how: &str, because: &str, change: impl Fn(&mut Draft)) {
        for form in Form::ALL {
            let list = Draft::new().with(&change).write(form);
            let named = format!("{name}-{}", form.name());
            self.add((row, &named, form.name()), how, refused(because), shown(list));
        }
    }
}

/// Row 47: another list, another purpose, another key.
fn substituted(set: &mut Set) {
    let other = "expected the status list";
    set.both((47, "next-list"), "the authority's next list", other, |draft| draft.sub = uri(ES256, "1"));
    set.both((47, "other-authoritys-list"), "another authority's list", other, |draft| {
        draft.sub = other_authoritys_uri();
    });
    set.both((47, "sub-empty"), "no address of its own", other, |draft| draft.sub = String::new());
    set.both((47, "sub-with-slash"), "a slash behind its address", other, |draft| draft.sub.push('/'));
    let trust = trust();
    for (name, usage, how) in [
        ("pack", Usage::Pack, "signed by the key of packs"),
        ("trust-list", Usage::TrustList, "signed by the key of trust lists"),
        ("receipt", Usage::Receipt, "signed by the key of receipts"),
    ] {
        let kid = signer(&trust, usage).key_id();
        set.both((47, &format!("key-of-{name}")), how, "expected a status list signed by", |draft| {
            *draft = Draft::new().signed_by(name, kid);
        });
        set.both((47, &format!("key-of-{name}-in-disguise")), how, "does not match", |draft| {
            let kid = draft.key_id;
            *draft = Draft::new().signed_by(name, kid);
        });
    }
    let issuer = department(&trust, ES256).key_id();
    set.both(
        (47, "key-of-the-authority"),
        "signed by the department itself",
        "expected a status list signed by",
        |draft| {
            *draft = Draft::new().signed_by("department-11999900MB00003341", issuer);
        },
    );
    let own = Draft::new();
    for (typ, name) in [(Typ::Pack, "pack"), (Typ::Licence, "licence"), (Typ::TrustList, "trust-list")] {
        let draft = Draft::new().with(|draft| draft.typ = typ);
        let named = format!("typ-of-{name}");
        set.add(
            (47, &named, "cwt"),
            "another typ, the right key",
            refused("expected a status list, got"),
            shown(draft.write(Form::Cwt)),
        );
    }
    set.add(
        (47, "a-licence", "cwt"),
        "a golden licence",
        refused("expected a status list, got"),
        shown(golden("es256-full.cose")),
    );
    for (name, member, value, how) in [
        ("alg-none", "alg", json!("none"), "alg none"),
        ("alg-hs256", "alg", json!("HS256"), "an HMAC"),
        ("typ-jwt", "typ", json!("jwt"), "another typ"),
        ("typ-long", "typ", json!("application/statuslist+jwt"), "the media type in place of its short form"),
        ("kid-long", "kid", json!("AAAAAAAAAAAAAAAA"), "a kid of 12 bytes"),
        ("crit", "crit", json!(["exp"]), "a critical extension"),
        ("jwk", "jwk", json!({ "kty": "EC" }), "a key in the header"),
    ] {
        let mut header = own.header();
        header[member] = value;
        let because = if member == "kid" { "kid of 8 bytes" } else { "in the header" };
        set.add((47, name, "jwt"), how, refused(because), shown(own.jwt(&header, &own.payload())));
    }
    let foreign = "to no authority";
    for (name, address, how) in [
        (
            "address-of-nobody",
            "https://licences.example/v1/status-lists/0000000000000000-0".to_owned(),
            "nobody's prefix",
        ),
        ("address-number-00", uri(ES256, "00"), "a number that is not canonical"),
        ("address-number-missing", uri(ES256, ""), "no number"),
        ("address-number-signed", uri(ES256, "+0"), "a sign before the number"),
    ] {
        let draft = Draft::new().with(|draft| draft.sub.clone_from(&address));
        let present = Presented { uri: address, ..shown(draft.write(Form::Cwt)) };
        set.add((47, name, "cwt"), how, refused(foreign), present);
    }
    withdrawn(set);
}

/// The signer of lists is no longer one.
fn withdrawn(set: &mut Set) {
    let at = time(MADE).seconds();
    let revoked = |reason: &str| {
        let map =
            Item::Map(vec![(1.into(), reason.into()), (2.into(), (at - 60).into()), (3.into(), 40.into())]);
        trust_list(move |entry| entry.set(3, map.clone()))
    };
    for (name, list, how) in [
        ("signer-compromised", revoked("compromised"), "the signer's key is revoked as compromised"),
        ("signer-superseded", revoked("superseded"), "the signer's key is revoked as superseded"),
        ("signer-retired", trust_list(|entry| entry.set(2, at)), "the signer was retired in that second"),
    ] {
        let present = Presented { trust_list: Some(Body::of(&list)), ..shown(Draft::new().write(Form::Cwt)) };
        set.add((47, name, "cwt"), how, refused("revoked or retired"), present);
    }
    let late = Draft::new().with(|draft| {
        draft.iat = time("2061-01-01T00:00:00+08:00").seconds();
        draft.exp = draft.iat + 604_800;
    });
    let present = Presented { at: "2061-01-01T00:00:00+08:00".to_owned(), ..shown(late.write(Form::Cwt)) };
    set.add(
        (47, "signer-expired", "cwt"),
        "made after the signer's certificate ended",
        refused("valid"),
        present,
    );
}

/// Row 48: lists from before.
fn replayed(set: &mut Set) {
    for form in Form::ALL {
        let seen = |version, issued_at: &str| {
            let seen = Some(Seen { version, issued_at: issued_at.to_owned() });
            Presented { seen, ..shown(Draft::new().write(form)) }
        };
        let twin = format!("{}-seen", form.name());
        let name = |name: &str| format!("{name}-{}", form.name());
        let because = "of the status list was seen before";
        set.add(
            (48, &name("older-version"), &twin),
            "a newer version was seen",
            refused(because),
            seen(VERSION + 1, MADE),
        );
        let because = "a status list of 2026-11-24T09:59:01+08:00 was seen before";
        set.add(
            (48, &name("older-time"), &twin),
            "a later one was seen",
            refused(because),
            seen(VERSION, "2026-11-24T09:59:01+08:00"),
        );
        let stale =
            Presented { at: "2026-12-01T09:59:00+08:00".to_owned(), ..shown(Draft::new().write(form)) };
        set.add(
            (48, &name("expired"), form.name()),
            "judged in the second of its exp",
            refused("was good until"),
            stale,
        );
        let early =
            Presented { at: "2026-11-24T09:57:59+08:00".to_owned(), ..shown(Draft::new().write(form)) };
        set.add(
            (48, &name("from-the-future"), form.name()),
            "made 61 s after now",
            refused("says it was made at"),
            early,
        );
    }
}

/// Row 49: entries and claims that are not what they should be.
fn malformed(set: &mut Set) {
    for (name, index) in [("index-past-the-end", LIST_ENTRIES), ("index-largest", u32::MAX)] {
        let present = Presented { index, ..shown(Draft::new().write(Form::Cwt)) };
        set.add(
            (49, name, "cwt"),
            "a licence names a place that no list has",
            Expected::Reads(None),
            present,
        );
    }
    // The pair of bits stands where it would if the first entry were in the highest ones.
    let mut reversed = entries(EntryBits::Two, 0);
    reversed.set(INDEX ^ 3, 2).unwrap();
    let list = Draft::new().with(|draft| draft.lst = reversed.compress());
    set.add(
        (49, "bit-order-reversed", "cwt"),
        "the first entry in the highest bits",
        Expected::Reads(Some(0)),
        shown(list.write(Form::Cwt)),
    );
    let list = Draft::new().with(|draft| draft.lst = entries(EntryBits::Two, 3).compress());
    set.add(
        (49, "value-3", "cwt"),
        "a value that means nothing",
        Expected::Reads(Some(3)),
        shown(list.write(Form::Jwt)),
    );
    for width in [EntryBits::One, EntryBits::Four, EntryBits::Eight] {
        let count = i64::from(width.count());
        set.both(
            (49, &format!("entries-of-{count}-bits")),
            "entries of another size",
            "expected entries of 2 bits",
            |draft| {
                draft.bits = count;
                draft.lst = entries(width, 1).compress();
            },
        );
    }
    for bits in [0, 3, 16] {
        set.both(
            (49, &format!("bits-{bits}")),
            "a size that there is not",
            "expected entries of 2 bits",
            |draft| {
                draft.bits = bits;
            },
        );
    }
    let zeros = |bytes| deflate(&vec![0; bytes]);
    let good = entries(EntryBits::Two, 2).compress();
    let larger = "inflates to more than 262144 bytes";
    set.both((49, "bomb"), "8 MiB of zeros", larger, |draft| draft.lst = zeros(8 << 20));
    set.both((49, "one-byte-more"), "a byte behind the entries", larger, |draft| {
        draft.lst = zeros(LIST_BYTES + 1)
    });
    set.both((49, "one-byte-less"), "the last byte missing", "expected entries in 262144 bytes", |draft| {
        draft.lst = zeros(LIST_BYTES - 1);
    });
    set.both((49, "nothing-compressed"), "no entries", "expected entries in 262144 bytes", |draft| {
        draft.lst = zeros(0)
    });
    set.both((49, "stream-cut"), "the stream's last byte missing", "cut short", |draft| {
        draft.lst.truncate(good.len() - 1);
    });
    set.both((49, "stream-twice"), "the stream twice", "stand behind the zlib stream", |draft| {
        draft.lst = good.repeat(2);
    });
    set.both((49, "stream-raw"), "deflate without its container", "damaged or of another kind", |draft| {
        draft.lst = good[2..good.len() - 4].to_vec();
    });
    set.both((49, "checksum-wrong"), "another checksum", "damaged or of another kind", |draft| {
        *draft.lst.last_mut().unwrap() ^= 1;
    });
    for (name, ttl) in [("ttl-zero", 0), ("ttl-of-32-days", 2_764_800), ("ttl-of-ages", i64::MAX)] {
        set.both((49, name), "a ttl that nobody means", "expected a ttl of 1 to 2678400 s", |draft| {
            draft.ttl = Some(ttl);
        });
    }
    set.both((49, "exp-past-the-calendar"), "an end that cannot be shown", "outside the calendar", |draft| {
        draft.exp = 1 << 60
    });
    for (name, change) in [
        ("ttl-missing", (|draft: &mut Draft| draft.ttl = None) as fn(&mut Draft)),
        ("ttl-negative", |draft| draft.ttl = Some(-300)),
        ("version-missing", |draft| draft.version = None),
        ("version-negative", |draft| draft.version = Some(-1)),
    ] {
        for form in Form::ALL {
            let because = match (form, name.ends_with("missing")) {
                (Form::Jwt, _) => "as claims",
                (Form::Cwt, true) => "exactly the claims",
                (Form::Cwt, false) => "a number of zero or more",
            };
            let list = Draft::new().with(change).write(form);
            let named = format!("{name}-{}", form.name());
            set.add(
                (49, &named, form.name()),
                "a claim missing, or below zero",
                refused(because),
                shown(list),
            );
        }
    }
    shapes(set);
}

/// The same claims in another shape.
fn shapes(set: &mut Set) {
    let own = Draft::new();
    let shapes: [(&str, &str, &str, fn(&mut Item)); 5] = [
        ("claim-twice", "sub twice", "key", |claims| claims.double(2, "https://licences.example")),
        ("claim-unknown", "iss too", "exactly the claims", |claims| claims.set(1, "me")),
        ("lst-missing", "no lst", "exactly bits and lst", |claims| claims.at(65_533).remove("lst")),
        ("lst-text", "lst as text", "a byte string", |claims| claims.at(65_533).set("lst", "eNo")),
        ("aggregation", "a member besides", "exactly bits and lst", |claims| {
            claims.at(65_533).set("aggregation_uri", "https://licences.example");
        }),
    ];
    for (name, how, because, change) in shapes {
        let mut claims = own.claims();
        change(&mut claims);
        set.add((49, &format!("{name}-cwt"), "cwt"), how, refused(because), shown(own.cwt(claims)));
    }
    let (header, payload) = (own.header().to_string(), own.payload().to_string());
    for (name, how, from, to) in [
        ("claim-twice", "sub twice", "\"ttl\":300", "\"ttl\":300,\"ttl\":400"),
        ("claim-unknown", "nbf too", "\"ttl\":300", "\"ttl\":300,\"nbf\":1"),
        ("ttl-text", "a number as text", "\"ttl\":300", "\"ttl\":\"300\""),
        ("ttl-fraction", "a number with a fraction", "\"ttl\":300", "\"ttl\":300.0"),
        ("lst-padded", "padding behind lst", "\"},\"sub\"", "=\"},\"sub\""),
        ("lst-missing", "no lst", "\"lst\"", "\"list\""),
    ] {
        assert!(payload.contains(from), "{from} in {payload}");
        let list = own.jwt_of(&header, &payload.replace(from, to));
        set.add((49, &format!("{name}-jwt"), "jwt"), how, refused("as claims"), shown(list));
    }
    let token = own.write(Form::Jwt);
    let text = String::from_utf8(token).unwrap();
    for (name, how, list) in [
        ("jwt-padded", "padding behind the signature", format!("{text}=")),
        ("jwt-line-end", "a line end behind it", format!("{text}\n")),
        ("jwt-four-parts", "a fourth part", format!("{text}.e30")),
        ("jwt-unsigned", "no signature", text.rsplit_once('.').unwrap().0.to_owned()),
    ] {
        set.add((49, name, "jwt"), how, refused("three parts in base64url"), shown(list.into_bytes()));
    }
    let json = format!("{{\"payload\":\"{text}\"}}");
    set.add(
        (49, "jws-as-json", "jwt"),
        "the JSON serialization",
        refused("not well-formed"),
        shown(json.into_bytes()),
    );
}

/// Row 50: 200, and no list.
fn no_lists(set: &mut Set) {
    for (name, how, bytes) in [
        ("html", "a page in place of a list", "<!doctype html><title>Sign in</title><p>Sign in to go on."),
        ("json", "a problem in place of a list", "{\"type\":\"about:blank\",\"status\":503}"),
        ("nothing", "an empty body", ""),
        ("error-text", "an error in words", "upstream connect error"),
    ] {
        set.add((50, name, "cwt"), how, refused("not well-formed"), shown(bytes.as_bytes().to_vec()));
    }
    set.add(
        (50, "eyes", "jwt"),
        "a text that begins as a JWT does",
        refused("three parts"),
        shown(b"eyes".to_vec()),
    );
    set.add(
        (50, "endless", "cwt"),
        "more than a list can be",
        refused("at most 524288 bytes"),
        shown(vec![b'<'; 600_000]),
    );
    let long = [&b"eyJ"[..], &vec![b'A'; 600_000]].concat();
    set.add(
        (50, "endless-jwt", "jwt"),
        "more than a list can be",
        refused("at most 524288 bytes"),
        shown(long),
    );
}
