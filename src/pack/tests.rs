//! Packs: hostile ones first, then what comes back, then what a verdict is by them.

use proptest::prelude::*;

use super::believed::LIST_BYTES;
use super::*;
use crate::codec::{StatusReference, Typ, sign_envelope, zlib};
use crate::crypto::{Algorithm, Digest};
use crate::pki::testing::{NOW, Tree, at};
use crate::pki::{
    Anchor, PathError, Revocation, RevocationReason, TrustError, TrustList, Usage, sign_trust_list,
};
use crate::verify::Offline;

const LIST: &str = "http://127.0.0.1:8080/v1/status-lists/3f-0";
const TYPES: &[u8] =
    br#"{"types":[{"code":"11100000MB03271699022","offline":{"fresh":60,"stale":120},"name":"x"}]}"#;
/// The trust list is the first line.
const TRUST_LIST: usize = 0;
const STATUS_LIST: usize = 1;

struct City {
    tree: Tree,
    trust_list: Vec<u8>,
    entries: Vec<u8>,
    version: u64,
    time: i64,
}

impl City {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut TrustList)) -> Self {
        let tree = Tree::grow(Algorithm::Es256);
        let mut list = tree.list();
        change(&mut list);
        let signer = &tree.trust_list;
        let trust_list = sign_trust_list(&list, &signer.key, &signer.certificate).unwrap();
        let trust_list = trust_list.bare_bytes().to_vec();
        Self { tree, trust_list, entries: vec![0; LIST_BYTES], version: 100, time: NOW }
    }

    fn contents(&self) -> Contents<'_> {
        Contents {
            issued_at: at(self.time),
            version: self.version,
            public_url: "http://127.0.0.1:8080",
            trust_list: (&self.trust_list, at(NOW)),
            status_lists: vec![(LIST.to_owned(), self.entries.clone())],
            licence_types: TYPES.to_vec(),
            checkpoint: Some(("origin".to_owned(), "a note".to_owned())),
            survivors: Vec::new(),
            selection: None,
        }
    }

    fn pack(&self) -> Vec<u8> {
        self.signed(self.contents())
    }

    fn signed(&self, contents: Contents<'_>) -> Vec<u8> {
        let signer = self.tree.signer(Usage::Pack);
        SignedPack::sign(contents, None, signer.certificate.key_id(), &signer.key).unwrap().whole()
    }

    fn set(&mut self, index: usize, value: u8) {
        self.entries[index / 4] |= value << (index % 4 * 2);
    }

    /// The pack with its manifest changed and signed anew.
    fn with_manifest(&self, change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
        let mut file = PackFile::decode(&self.pack()).unwrap();
        let mut manifest = Manifest::decode(file.manifest.payload()).unwrap();
        change(&mut manifest);
        let signer = self.tree.signer(Usage::Pack);
        let key_id = signer.certificate.key_id();
        file.manifest = sign_envelope(Typ::Pack, key_id, manifest.encode(), &signer.key).unwrap();
        file.encode()
    }

    fn with_part(&self, position: usize, part: Part) -> Vec<u8> {
        let mut file = PackFile::decode(&self.pack()).unwrap();
        file.parts[position] = part;
        file.encode()
    }
}

fn open(bytes: &[u8]) -> Result<Pack, PackError> {
    Pack::open(bytes, Anchor::FirstUse)
}

fn entry(pack: &Pack, index: u32) -> Option<u8> {
    pack.entry(&StatusReference { uri: LIST.to_owned(), index }).map(|entry| entry.value)
}

#[test]
fn a_changed_part_is_refused_by_name() {
    let city = City::new();
    assert!(open(&city.pack()).is_ok(), "the twin");
    let mut other = city.entries.clone();
    other[9] = 1;
    let digest = |name: &str| PackError::Digest { name: name.to_owned() };
    for (what, part, expected) in [
        ("another list", Part::Whole(zlib::deflate(&other)), digest(LIST)),
        ("a shorter list", Part::Whole(zlib::deflate(&other[1..])), digest(LIST)),
        (
            "changes to nothing held",
            Part::Changes(vec![(1, 1)]),
            PackError::NotHeld { name: LIST.to_owned() },
        ),
        ("a part that is held", Part::Held, PackError::NotHeld { name: LIST.to_owned() }),
    ] {
        assert_eq!(open(&city.with_part(STATUS_LIST, part)).unwrap_err(), expected, "{what}");
    }
    let bomb = Part::Whole(zlib::deflate(&vec![0; 8 * LIST_BYTES]));
    assert!(matches!(open(&city.with_part(STATUS_LIST, bomb)), Err(PackError::Zlib { .. })));
    let foreign = City::new();
    let part = Part::Whole(foreign.trust_list);
    assert_eq!(open(&city.with_part(TRUST_LIST, part)).unwrap_err(), digest("trust-list"));
}

#[test]
fn every_flipped_bit_of_a_pack_is_found() {
    let city = City::new();
    let pack = city.pack();
    for index in 0..pack.len() {
        let mut changed = pack.clone();
        changed[index] ^= 1 << (index % 8);
        // zlib has more than one stream for the same bytes; what is judged by is what was signed.
        if let Ok(read) = open(&changed) {
            assert!(read.to_bytes() == pack, "byte {index}");
        }
    }
}

#[test]
fn a_manifest_must_be_in_order_and_whole() {
    let city = City::new();
    let refused = |change: fn(&mut Manifest)| open(&city.with_manifest(change)).unwrap_err();
    assert_eq!(refused(|manifest| manifest.lines.swap(0, 1)), PackError::Order { position: 1 });
    let types = PackError::PartCount { kind: PartKind::LicenceTypes, expected: "one", got: 0 };
    let without_types = |manifest: &mut Manifest| manifest.lines[2].kind = PartKind::Survivors;
    assert_eq!(refused(without_types), PackError::Order { position: 3 });
    assert!(matches!(
        refused(|manifest| {
            manifest.lines.remove(2);
        }),
        PackError::Parts { lines: 3, parts: 4 }
    ));
    let mut file = PackFile::decode(&city.with_manifest(|manifest| {
        manifest.lines.remove(2);
    }))
    .unwrap();
    file.parts.remove(2);
    assert_eq!(open(&file.encode()).unwrap_err(), types);
    assert_eq!(
        refused(|manifest| manifest.public_url = "http://other".to_owned()),
        PackError::OtherInstallation {
            expected: "http://127.0.0.1:8080".to_owned(),
            got: "http://other".to_owned()
        }
    );
    assert_eq!(
        refused(|manifest| manifest.lines[STATUS_LIST].size = 1 << 40),
        PackError::Value { what: "size of a part" }
    );
    assert!(matches!(refused(|manifest| manifest.lines[STATUS_LIST].size = 9), PackError::Content { .. }));
    assert!(matches!(open(b""), Err(PackError::Cbor(_))));
    assert_eq!(open(&[0x83, 0x61, b'x', 0x40, 0x80]).unwrap_err(), PackError::NotAPack);
}

#[test]
fn only_the_pack_key_signs_packs() {
    let city = City::new();
    for usage in [Usage::Receipt, Usage::StatusList, Usage::Presentation] {
        let signer = city.tree.signer(usage);
        let pack = SignedPack::sign(city.contents(), None, signer.certificate.key_id(), &signer.key)
            .unwrap()
            .whole();
        assert!(matches!(open(&pack), Err(PackError::Signer(PathError::Usage { .. }))), "{usage}");
    }
    let signer = city.tree.signer(Usage::Pack);
    let other = city.tree.signer(Usage::Receipt);
    let key_id = signer.certificate.key_id();
    let forged = SignedPack::sign(city.contents(), None, key_id, &other.key).unwrap().whole();
    assert!(matches!(open(&forged), Err(PackError::Signature(_))));
    let key_id = crate::codec::KeyId::from_bytes([9; 8]);
    let unknown = SignedPack::sign(city.contents(), None, key_id, &signer.key).unwrap().whole();
    assert_eq!(open(&unknown).unwrap_err(), PackError::SignerUnknown { key_id });
    let mut early = City::new();
    early.time = NOW - 40 * 365 * 86_400;
    assert!(matches!(open(&early.pack()), Err(PackError::Signer(_))));
}

#[test]
fn a_pack_of_a_withdrawn_signer_is_refused() {
    for (retired, revoked) in [(true, false), (false, true)] {
        let city = City::with(|list| {
            let is_pack =
                |entry: &&mut crate::pki::CertificateEntry| entry.certificate.usage() == Some(Usage::Pack);
            let entry = list.certificates.iter_mut().find(is_pack).unwrap();
            entry.retired = retired.then(|| at(NOW - 5));
            let revocation = Revocation { reason: RevocationReason::Superseded, at: at(NOW), position: 7 };
            entry.revocation = revoked.then_some(revocation);
        });
        assert!(matches!(open(&city.pack()), Err(PackError::SignerWithdrawn { .. })));
    }
}

#[test]
fn an_older_pack_and_another_root_are_refused() {
    let mut city = City::new();
    let held = open(&city.pack()).unwrap();
    city.version -= 1;
    assert!(matches!(held.update(&city.pack()), Err(PackError::RolledBack { version: 99, .. })));
    city.version += 1;
    city.time -= 1;
    assert!(matches!(held.update(&city.pack()), Err(PackError::RolledBack { .. })));
    city.time += 2;
    assert!(held.update(&city.pack()).is_ok(), "the twin");
    let other = City::new();
    assert!(matches!(held.update(&other.pack()), Err(PackError::Trust(TrustError::OtherRoot { .. }))));
}

#[test]
fn an_update_costs_what_changed_and_gives_the_whole() {
    let mut city = City::new();
    for index in (0..1 << 20).step_by(97) {
        city.set(index, 1);
    }
    let held = open(&city.pack()).unwrap();
    city.set(1_000, 2);
    city.set(1_000_003, 1);
    city.version = 102;
    city.time += 60;
    let digests: Vec<[u8; 8]> =
        held.manifest().lines.iter().map(|line| line.digest.as_bytes()[..8].try_into().unwrap()).collect();
    let signer = city.tree.signer(Usage::Pack);
    let changed = |uri: &str| (uri == LIST).then(|| vec![5, 1_000, 1_000_003]);
    let held_parts = Held { digests: &digests, changed: &changed };
    let sign = |contents| SignedPack::sign(contents, None, signer.certificate.key_id(), &signer.key).unwrap();
    let update = sign(city.contents()).update(&held_parts);
    let whole = city.pack();
    let parts = |bytes: &[u8]| PackFile::decode(bytes).unwrap().parts;
    assert!(update.len() < 1_000 && whole.len() > 5_000, "{} beside {}", update.len(), whole.len());
    let newer = held.update(&update).unwrap();
    assert!(parts(&newer.to_bytes()) == parts(&whole), "the same parts as a whole pack's");
    assert_eq!(
        [1_000, 1_000_003, 5, 97].map(|index| entry(&newer, index)),
        [Some(2), Some(1), Some(0), Some(1)]
    );
    // For whoever holds another pack it is nothing.
    assert!(matches!(open(&update), Err(PackError::NotHeld { .. })));
    let mut missed = city.contents();
    missed.status_lists[0].1[77] = 1;
    let update = sign(missed).update(&held_parts);
    assert_eq!(held.update(&update).unwrap_err(), PackError::Digest { name: LIST.to_owned() });
}

#[test]
fn entries_policies_and_survivors_are_read() {
    let mut city = City::new();
    city.set(3, 2);
    city.set((1 << 20) - 1, 1);
    let signer = city.tree.department.certificate.key_id();
    let digest = |byte| Digest::from_bytes([byte; 32]);
    let mut contents = city.contents();
    contents.survivors = vec![SurvivorSet { signer, digests: vec![digest(9), digest(3)] }];
    let pack = open(&city.signed(contents)).unwrap();
    assert_eq!(
        [0, 3, (1 << 20) - 1, 1 << 20, u32::MAX].map(|index| entry(&pack, index)),
        [Some(0), Some(2), Some(1), None, None]
    );
    let elsewhere = StatusReference { uri: format!("{LIST}0"), index: 0 };
    assert_eq!(pack.entry(&elsewhere), None);
    let policy = pack.policy(&"11100000MB03271699022".parse().unwrap());
    assert_eq!((policy.fresh, policy.stale), (60, 120));
    assert!(pack.survives(&signer, &digest(3)) && !pack.survives(&signer, &digest(4)));
    assert_eq!(pack.checkpoint(), Some("a note"));
}

proptest! {
    #[test]
    fn any_bytes_are_a_pack_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = open(&bytes);
        let _ = Manifest::decode(&bytes);
    }
}
