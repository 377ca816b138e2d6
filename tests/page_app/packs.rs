//! Packs of the golden city, honest and not.

use elicense::codec::{KeyId, LicenceClaims, Typ, decode_bytes, sign_envelope};
use elicense::crypto::{Digest, SigningKey};
use elicense::pack::{Contents, Manifest, PackFile, Part, SignedPack, SurvivorSet};
use elicense::pki::{Revocation, RevocationReason, TrustList, Usage, sign_trust_list};
use elicense::time::UnixTime;
use serde_json::json;

use super::city::{
    EDDSA, ES256, JUDGED, PUBLIC_URL, STATUS_TAGS, department, golden, key, signer, time, trust,
};

/// Bytes of a status list's entries.
const LIST: usize = 1 << 18;

/// A pack of the golden city before it is signed.
pub(crate) struct GoldenPack {
    pub(crate) issued_at: UnixTime,
    pub(crate) version: u64,
    pub(crate) trust_list: Vec<u8>,
    /// Entries that are not 0: whose licence, and the value.
    pub(crate) entries: Vec<(&'static str, u8)>,
    pub(crate) survivors: Vec<SurvivorSet>,
    pub(crate) types: Vec<u8>,
}

impl GoldenPack {
    pub(crate) fn new() -> Self {
        Self {
            issued_at: time(JUDGED).plus(-3_600),
            version: 100,
            trust_list: golden("trust-list.cose"),
            entries: Vec::new(),
            survivors: Vec::new(),
            types: json!({ "types": [] }).to_string().into_bytes(),
        }
    }

    /// Made that many seconds before the fixtures are judged.
    pub(crate) fn aged(seconds: i64) -> Self {
        Self { issued_at: time(JUDGED).plus(-seconds), ..Self::new() }
    }

    /// With a trust list that has changed.
    pub(crate) fn with_list(change: impl FnOnce(&mut TrustList)) -> Self {
        let trust = trust();
        let mut list = trust.list().clone();
        change(&mut list);
        let certificate = signer(&trust, Usage::TrustList).certificate();
        let signed = sign_trust_list(&list, &key("trust-list"), certificate).unwrap();
        Self { trust_list: signed.bare_bytes().to_vec(), ..Self::new() }
    }

    fn contents(&self) -> Contents<'_> {
        Contents {
            issued_at: self.issued_at,
            version: self.version,
            public_url: PUBLIC_URL,
            trust_list: (&self.trust_list, self.issued_at),
            status_lists: STATUS_TAGS.iter().map(|(code, tag)| (uri(tag), self.list_of(code))).collect(),
            licence_types: self.types.clone(),
            checkpoint: Some(("licences.example/ledger/901de000".to_owned(), "a note\n".to_owned())),
            survivors: self.survivors.clone(),
            selection: None,
        }
    }

    fn list_of(&self, code: &str) -> Vec<u8> {
        let mut bytes = vec![0; LIST];
        for (_, value) in self.entries.iter().filter(|(own, _)| *own == code) {
            let name = if code == ES256 { "es256" } else { "eddsa" };
            let claims = claims(name);
            let index = usize::try_from(claims.status.index).unwrap();
            bytes[index / 4] |= value << (index % 4 * 2);
        }
        bytes
    }

    pub(crate) fn signed(&self) -> SignedPack {
        let signer = signer(&trust(), Usage::Pack).key_id();
        SignedPack::sign(self.contents(), None, signer, &key("pack")).unwrap()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.signed().whole()
    }
}

fn uri(tag: &str) -> String {
    format!("{PUBLIC_URL}/v1/status-lists/{tag}-0")
}

fn claims(name: &str) -> LicenceClaims {
    LicenceClaims::decode(decode_bytes(&golden(&format!("{name}-full.cose"))).unwrap().payload()).unwrap()
}

/// Marks the certificate of a department as revoked then.
pub(crate) fn revoke(list: &mut TrustList, code: &str, reason: RevocationReason, at: &str) {
    let key_id = department(&trust(), code).key_id();
    let entry = list.certificates.iter_mut().find(|entry| entry.certificate.key_id() == key_id).unwrap();
    entry.revocation = Some(Revocation { reason, at: time(at), position: 30 });
}

/// The ES256 department's key is compromised, and its golden licence in QR form stood in the ledger before.
pub(crate) fn compromised(survive: &[&str]) -> GoldenPack {
    let revoke = |list: &mut TrustList| {
        revoke(list, ES256, RevocationReason::Compromised, "2025-06-01T00:00:00+08:00");
    };
    let digests = survive.iter().map(|name| Digest::of(&golden(name))).collect();
    let survivors = vec![SurvivorSet { signer: department(&trust(), ES256).key_id(), digests }];
    GoldenPack { survivors, ..GoldenPack::with_list(revoke) }
}

/// Another signer and another key for a manifest, or another manifest.
fn resigned(typ: Typ, signer: KeyId, key: &SigningKey, change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
    let mut file = PackFile::decode(&GoldenPack::new().bytes()).unwrap();
    let mut manifest = Manifest::decode(file.manifest.payload()).unwrap();
    change(&mut manifest);
    file.manifest = sign_envelope(typ, signer, manifest.encode(), key).unwrap();
    file.encode()
}

fn with_manifest(change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
    resigned(Typ::Pack, signer(&trust(), Usage::Pack).key_id(), &key("pack"), change)
}

fn with_part(position: usize, part: Part) -> Vec<u8> {
    let mut file = PackFile::decode(&GoldenPack::new().bytes()).unwrap();
    file.parts[position] = part;
    file.encode()
}

/// Packs to be opened by whoever holds none, by what is wrong with them.
pub(crate) fn hostile() -> Vec<(String, Vec<u8>)> {
    let golden_trust = trust();
    let own = |usage| signer(&golden_trust, usage).key_id();
    let whole = GoldenPack::new().bytes();
    let mut all: Vec<(&str, Vec<u8>)> = vec![
        ("the twin", whole.clone()),
        ("a byte behind", [&whole[..], &[0]].concat()),
        ("signed by the receipt key", resigned(Typ::Pack, own(Usage::Receipt), &key("receipt"), |_| {})),
        (
            "signed with another key under its name",
            resigned(Typ::Pack, own(Usage::Pack), &key("receipt"), |_| {}),
        ),
        ("signed by an unknown key", resigned(Typ::Pack, KeyId::from_bytes([7; 8]), &key("pack"), |_| {})),
        ("a receipt", resigned(Typ::Receipt, own(Usage::Receipt), &key("receipt"), |_| {})),
        (
            "made before its signer was certified",
            GoldenPack { issued_at: time("2024-12-31T00:00:00+08:00"), ..GoldenPack::new() }.bytes(),
        ),
        ("of another installation", with_manifest(|one| one.public_url = "https://other.example".to_owned())),
        ("another digest", with_manifest(|one| one.lines[1].digest = Digest::of(b""))),
        ("another size", with_manifest(|one| one.lines[3].size += 1)),
        ("a status list of another size", with_manifest(|one| one.lines[1].size -= 1)),
        ("a line too few", with_manifest(|one| drop(one.lines.pop()))),
        ("no licence types", with_manifest(|one| one.lines.retain(|line| line.name != "licence-types"))),
        ("lines out of order", with_manifest(|one| one.lines.swap(1, 2))),
        ("a line twice", with_manifest(|one| one.lines[2] = one.lines[1].clone())),
        ("a name of 513 bytes", with_manifest(|one| one.lines[2].name = "x".repeat(513))),
        ("a control character in a name", with_manifest(|one| one.lines[2].name.push('\n'))),
        ("a part that is held", with_part(1, Part::Held)),
        ("changes to nothing", with_part(1, Part::Changes(vec![(1, 1)]))),
        ("changes to the licence types", with_part(3, Part::Changes(vec![(1, 1)]))),
        ("another trust list's bytes", with_part(0, Part::Whole(golden("es256-qr.cose")))),
        ("a part that is no zlib", with_part(1, Part::Whole(vec![1, 2, 3, 4, 5, 6, 7, 8]))),
        (
            "its signer retired",
            GoldenPack::with_list(|list| {
                let entry =
                    list.certificates.iter_mut().find(|one| one.certificate.key_id() == own(Usage::Pack));
                entry.unwrap().retired = Some(time("2026-01-01T00:00:00+08:00"));
            })
            .bytes(),
        ),
        (
            "its signer revoked",
            GoldenPack::with_list(|list| {
                let entry =
                    list.certificates.iter_mut().find(|one| one.certificate.key_id() == own(Usage::Pack));
                let at = time("2025-01-01T00:00:00+08:00");
                entry.unwrap().revocation =
                    Some(Revocation { reason: RevocationReason::Superseded, at, position: 3 });
            })
            .bytes(),
        ),
        ("licence types that are no JSON", GoldenPack { types: b"{".to_vec(), ..GoldenPack::new() }.bytes()),
    ];
    for (what, change) in [("zlib with a byte behind", 0_usize), ("zlib with its end behind", 4)] {
        let mut file = PackFile::decode(&whole).unwrap();
        if let Part::Whole(bytes) = &mut file.parts[1] {
            let end = bytes[bytes.len() - 4..].to_vec();
            bytes.extend(if change == 0 { vec![0] } else { end });
        }
        all.push((what, file.encode()));
    }
    let mut named: Vec<_> = all.into_iter().map(|(what, bytes)| (what.to_owned(), bytes)).collect();
    // Every bit that is tried is another one; the steps have no factor in common with eight.
    named.extend((0..whole.len() * 8).step_by(173).map(|bit| {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        (format!("bit {bit}"), bytes)
    }));
    named.extend(
        (0..whole.len()).step_by(211).map(|length| (format!("cut at {length}"), whole[..length].to_vec())),
    );
    named
}

/// Both departments' codes, for entries.
pub(crate) const BOTH: [&str; 2] = [ES256, EDDSA];
