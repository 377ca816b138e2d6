//! Forgeries made at random: nothing that no department signed is ever accepted.
//!
//! A hundred thousand in each run; `PROPTEST_CASES` asks for another number of each kind.

use std::sync::LazyLock;

use elicense::crypto::{SigningKey, to_be_signed};
use elicense::pki::TrustStore;
use elicense::verify::{Check, Outcome, Verdict, Verifier};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::city::{EDDSA, ES256, JUDGED, department_key, golden, golden_text, key, time, trust};
use super::craft::{Parts, qr_text};
use super::item::Item;

static TRUST: LazyLock<TrustStore> = LazyLock::new(trust);

/// Everything that a department signed.
static SIGNED: LazyLock<Vec<Parts>> = LazyLock::new(|| {
    [
        "es256-full.cose",
        "es256-qr.cose",
        "eddsa-full.cose",
        "eddsa-qr.cose",
        "eddsa-full.elic",
        "es256-full.elic",
    ]
    .map(|name| Parts::of(&golden(name)))
    .into()
});

/// Keys that anyone might sign with; the last two are the departments' own, for what is not theirs.
static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    let names = ["outsider", "receipt", "city", "root", "trust-list", "status-list"];
    names.into_iter().map(key).chain([ES256, EDDSA].map(department_key)).collect()
});

/// The third byte of a protected header: -8 or -7.
const EDDSA_ALG: u8 = 0x27;
const ES256_ALG: u8 = 0x26;

fn is_accepted(verdict: &Verdict) -> bool {
    let passed = |check| verdict.finding(check).unwrap().result == Outcome::Pass;
    verdict.licence.is_some()
        || [Check::Format, Check::Issuer, Check::Scope, Check::Signature].into_iter().all(passed)
}

fn accepts(envelope: &[u8]) -> bool {
    is_accepted(&Verifier::new(&TRUST).verify_bytes(envelope, time(JUDGED)))
}

/// One change of a tree of CBOR, at a place that is chosen by a number.
#[derive(Clone, Debug)]
enum Change {
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    Remove,
    Double,
    Swap,
    Wrap,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<i64>().prop_map(Change::Number),
        "[0-9A-Z.-]{0,30}|[农局云岭]{1,20}|2[01][0-9]{2}-[01][0-9]-[0-3][0-9]".prop_map(Change::Text),
        prop::collection::vec(any::<u8>(), 0..70).prop_map(Change::Bytes),
        Just(Change::Remove),
        Just(Change::Double),
        Just(Change::Swap),
        Just(Change::Wrap),
    ]
}

fn children(item: &mut Item) -> Vec<&mut Item> {
    match item {
        Item::Array(items) => items.iter_mut().collect(),
        Item::Map(pairs) => pairs.iter_mut().flat_map(|(key, value)| [key, value]).collect(),
        Item::Tag(_, inner) => vec![inner],
        _ => Vec::new(),
    }
}

/// How many items a tree has.
fn size(item: &mut Item) -> usize {
    1 + children(item).into_iter().map(size).sum::<usize>()
}

/// Changes the item at this place, counted from the top; `None` once it is done.
fn apply(item: &mut Item, place: usize, change: &Change) -> Option<usize> {
    let Some(place) = place.checked_sub(1) else {
        alter(item, change);
        return None;
    };
    children(item).into_iter().try_fold(place, |place, child| apply(child, place, change))
}

fn alter(item: &mut Item, change: &Change) {
    *item = match (change, item.clone()) {
        (Change::Number(number), _) => Item::Int(*number),
        (Change::Text(text), _) => Item::Text(text.clone()),
        (Change::Bytes(bytes), _) => Item::Bytes(bytes.clone()),
        (Change::Remove, Item::Map(mut pairs)) => {
            pairs.pop();
            Item::Map(pairs)
        }
        (Change::Remove, Item::Array(mut items)) => {
            items.pop();
            Item::Array(items)
        }
        (Change::Remove, _) => Item::Raw(Vec::new()),
        (Change::Double, Item::Map(pairs)) => {
            let doubled = pairs.into_iter().flat_map(|pair| [pair.clone(), pair]);
            Item::Map(doubled.collect())
        }
        (Change::Double, whole) => Item::Raw([whole.encode(), whole.encode()].concat()),
        (Change::Swap, Item::Map(mut pairs)) => {
            pairs.reverse();
            Item::Map(pairs)
        }
        (Change::Swap | Change::Wrap, whole) => Item::Array(vec![whole]),
    };
}

/// A change of bytes, at places that are chosen by numbers.
#[derive(Clone, Debug)]
enum Edit {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Delete(Index, usize),
    Copy(Index, Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<Index>(), prop::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), 1_usize..40).prop_map(|(at, count)| Edit::Delete(at, count)),
        (any::<Index>(), any::<Index>(), 1_usize..80)
            .prop_map(|(from, to, count)| Edit::Copy(from, to, count)),
    ]
}

fn edited(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits {
        if bytes.is_empty() {
            return bytes;
        }
        let length = bytes.len();
        match edit {
            Edit::Set(at, byte) => bytes[at.index(length)] = *byte,
            Edit::Insert(at, more) => {
                let at = at.index(length);
                bytes.splice(at..at, more.iter().copied());
            }
            Edit::Delete(at, count) => {
                let at = at.index(length);
                bytes.drain(at..length.min(at + count));
            }
            Edit::Copy(from, to, count) => {
                let (from, to) = (from.index(length), to.index(length));
                let piece = bytes[from..length.min(from + count)].to_vec();
                let until = length.min(to + piece.len());
                bytes.splice(to..until, piece);
            }
        }
    }
    bytes
}

/// As many as the environment says, else this many.
fn cases(number: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").is_ok();
    let usual = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if asked { usual } else { ProptestConfig { cases: number, ..usual } }
}

proptest! {
    #![proptest_config(cases(34_000))]

    /// A payload changed anywhere, under any key but the right one.
    #[test]
    fn nobody_signs_for_a_department(
        signed in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), change()), 0..4),
        key in any::<Index>(),
    ) {
        let parts = &SIGNED[signed.index(SIGNED.len())];
        let mut payload = Item::parse(&parts.payload);
        for (place, change) in &changes {
            let place = place.index(size(&mut payload));
            prop_assert_eq!(apply(&mut payload, place, change), None);
        }
        let payload = payload.encode();
        let own = if parts.protected[2] == EDDSA_ALG { EDDSA } else { ES256 };
        let own = department_key(own).verifying_key();
        let others: Vec<&SigningKey> = KEYS.iter().filter(|key| key.verifying_key() != own).collect();
        let key = others[key.index(others.len())];
        let alg = if key.algorithm().name() == "EdDSA" { EDDSA_ALG } else { ES256_ALG };
        let mut protected = parts.protected.clone();
        protected[2] = alg;
        for protected in [parts.protected.clone(), protected] {
            let signature = key.sign(&to_be_signed(&protected, &payload)).unwrap().to_vec();
            let forged = Parts { protected, unprotected: parts.unprotected.clone(), payload: payload.clone(), signature };
            prop_assert!(!accepts(&forged.bytes()));
        }
    }

    /// Bytes of a file changed, cut, doubled, moved.
    #[test]
    fn no_edited_file_is_accepted(
        name in select(vec!["es256-full.elic", "eddsa-full.elic", "es256-qr.cose", "eddsa-qr.cose"]),
        edits in prop::collection::vec(edit(), 1..5),
    ) {
        let good = golden(name);
        let changed = edited(good.clone(), &edits);
        prop_assert!(changed == good || !accepts(&changed));
    }

    /// The same inside the compression, which knows nothing of what it carries.
    #[test]
    fn no_edited_qr_text_is_accepted(
        name in select(vec!["es256-qr", "eddsa-qr"]),
        edits in prop::collection::vec(edit(), 1..4),
        inside in any::<bool>(),
    ) {
        let envelope = golden(&format!("{name}.cose"));
        let text = if inside {
            qr_text(&edited(envelope.clone(), &edits))
        } else {
            let text = edited(golden_text(&format!("{name}.txt")).into_bytes(), &edits);
            String::from_utf8_lossy(&text).into_owned()
        };
        let verdict = Verifier::new(&TRUST).verify_text(&text, time(JUDGED));
        let is_the_same =
            || elicense::codec::decode_text(&text).is_ok_and(|decoded| decoded.to_bare_bytes() == envelope);
        prop_assert!(!is_accepted(&verdict) || is_the_same(), "{text}");
    }
}

/// ADVERSARY #33: parts of what was signed, put together in every other way.
#[test]
fn parts_of_several_licences_make_none() {
    let bare = |parts: &Parts| Parts { unprotected: Item::Map(Vec::new()), ..parts.clone() }.bytes();
    let signed: Vec<Vec<u8>> = SIGNED.iter().map(bare).collect();
    let mut tried = 0;
    for protected in &*SIGNED {
        for unprotected in &*SIGNED {
            for payload in &*SIGNED {
                for signature in &*SIGNED {
                    let mixed = Parts {
                        protected: protected.protected.clone(),
                        unprotected: unprotected.unprotected.clone(),
                        payload: payload.payload.clone(),
                        signature: signature.signature.clone(),
                    };
                    // The chain is no part of what is signed: it may be absent, or be the signer's.
                    let was_signed = signed.contains(&bare(&mixed));
                    assert!(was_signed || !accepts(&mixed.bytes()), "{mixed:?}");
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, SIGNED.len().pow(4));
}

#[test]
fn what_was_signed_is_accepted() {
    for parts in &*SIGNED {
        assert!(accepts(&parts.bytes()));
    }
}
