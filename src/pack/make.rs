//! Makes packs: whole, or as an update for whoever holds an older one.

use super::believed::{SeenPack, packed};
use super::error::PackError;
use super::file::{PackFile, Part};
use super::manifest::{Line, Manifest, PartKind, Selection};
use crate::codec::{Envelope, KeyId, Typ, sign_envelope};
use crate::crypto::{Digest, SigningKey};
use crate::time::UnixTime;

/// Everything that goes into a pack.
#[derive(Clone, Debug)]
pub struct Contents<'a> {
    /// When it is made.
    pub issued_at: UnixTime,
    /// Entries of the ledger it is made from.
    pub version: u64,
    /// Public URL of the installation.
    pub public_url: &'a str,
    /// The trust list's envelope, and when it was signed.
    pub trust_list: (&'a [u8], UnixTime),
    /// Status lists: address and entries.
    pub status_lists: Vec<(String, Vec<u8>)>,
    /// Licence types as `GET /v1/licence-types` answers.
    pub licence_types: Vec<u8>,
    /// The ledger's origin and its last checkpoint.
    pub checkpoint: Option<(String, String)>,
    /// What survived the compromise of signers' keys.
    pub survivors: Vec<SurvivorSet>,
    /// What was chosen.
    pub selection: Option<Selection>,
}

/// What survived the compromise of one signer's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurvivorSet {
    /// The signer's key id.
    pub signer: KeyId,
    /// Digests of envelopes.
    pub digests: Vec<Digest>,
}

/// A signed pack, to be handed out whole or as an update.
#[derive(Clone, Debug)]
pub struct SignedPack {
    manifest: Envelope,
    seen: SeenPack,
    lines: Vec<Line>,
    parts: Vec<ReadyPart>,
}

/// A part's bytes, and as they travel whole.
#[derive(Clone, Debug)]
struct ReadyPart {
    bytes: Vec<u8>,
    packed: Vec<u8>,
}

/// What whoever asks for an update holds.
pub struct Held<'a> {
    /// The first eight bytes of digests of parts that he holds.
    pub digests: &'a [[u8; 8]],
    /// Which entries of a status list, by its address, may have changed since his pack was made; more than did does no harm.
    /// `None` where the list has to be sent whole.
    pub changed: &'a dyn Fn(&str) -> Option<Vec<u32>>,
}

impl Held<'_> {
    fn part(&self, line: &Line, part: &ReadyPart) -> Part {
        let [begin, ..] = line.digest.as_bytes().as_chunks::<8>().0 else { return Part::Held };
        if self.digests.contains(begin) {
            return Part::Held;
        }
        let changes = match line.kind {
            PartKind::StatusList => (self.changed)(&line.name),
            _ => None,
        };
        let ReadyPart { bytes, packed } = part;
        match changes {
            // Beyond that the whole list is the smaller of the two: a change takes up to 7 bytes.
            Some(changes) if changes.len() * 7 < packed.len() => {
                Part::Changes(changes.into_iter().map(|index| (index, entry(bytes, index))).collect())
            }
            _ => Part::Whole(packed.clone()),
        }
    }
}

fn entry(entries: &[u8], index: u32) -> u8 {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    entries.get(index / 4).map_or(0, |byte| byte >> (index % 4 * 2) & 3)
}

impl SignedPack {
    /// Signs the contents with the key whose certificate has this key id. Parts that are the same in `last` are taken from
    /// there.
    pub fn sign(
        contents: Contents<'_>,
        last: Option<&Self>,
        signer: KeyId,
        key: &SigningKey,
    ) -> Result<Self, PackError> {
        let (issued_at, version, public_url) = (contents.issued_at, contents.version, contents.public_url);
        let selection = contents.selection.clone();
        let (lines, parts): (Vec<_>, Vec<_>) =
            contents.parts().into_iter().map(|part| part.ready(last)).unzip();
        let seen = SeenPack { version, issued_at };
        let public_url = public_url.to_owned();
        let manifest = Manifest { issued_at, version, public_url, lines, selection };
        let envelope = sign_envelope(Typ::Pack, signer, manifest.encode(), key)?;
        Ok(Self { manifest: envelope, seen, lines: manifest.lines, parts })
    }

    /// All of it.
    pub fn whole(&self) -> Vec<u8> {
        self.file(|_, part| Part::Whole(part.packed.clone()))
    }

    /// What is new for whoever holds an older one.
    pub fn update(&self, held: &Held<'_>) -> Vec<u8> {
        self.file(|line, part| held.part(line, part))
    }

    /// Its version and time.
    pub const fn seen(&self) -> SeenPack {
        self.seen
    }

    fn file(&self, part: impl Fn(&Line, &ReadyPart) -> Part) -> Vec<u8> {
        let parts = self.lines.iter().zip(&self.parts).map(|(line, ready)| part(line, ready)).collect();
        PackFile { manifest: self.manifest.clone(), parts }.encode()
    }
}

impl Contents<'_> {
    fn parts(self) -> Vec<NamedPart> {
        let (trust_list, signed) = self.trust_list;
        let now = self.issued_at;
        let part = |kind, name: &str, bytes| NamedPart { kind, name: name.to_owned(), time: now, bytes };
        let mut all =
            vec![NamedPart { time: signed, ..part(PartKind::TrustList, "trust-list", trust_list.to_vec()) }];
        all.extend(self.status_lists.into_iter().map(|(uri, bytes)| part(PartKind::StatusList, &uri, bytes)));
        all.push(part(PartKind::LicenceTypes, "licence-types", self.licence_types));
        if let Some((origin, note)) = self.checkpoint {
            all.push(part(PartKind::Checkpoint, &origin, note.into_bytes()));
        }
        all.extend(self.survivors.into_iter().map(|set| {
            let mut digests: Vec<_> = set.digests.iter().map(|digest| *digest.as_bytes()).collect();
            digests.sort_unstable();
            digests.dedup();
            part(PartKind::Survivors, &set.signer.to_string(), digests.concat())
        }));
        all.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
        all
    }
}

/// What a line is about, before it has a digest.
struct NamedPart {
    kind: PartKind,
    name: String,
    time: UnixTime,
    bytes: Vec<u8>,
}

impl NamedPart {
    fn ready(self, last: Option<&SignedPack>) -> (Line, ReadyPart) {
        let Self { kind, name, time, bytes } = self;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let same = last.and_then(|last| {
            let mut parts = last.lines.iter().zip(&last.parts);
            parts.find(|(line, part)| line.kind == kind && line.name == name && part.bytes == bytes)
        });
        let (digest, packed) = match same {
            Some((line, part)) => (line.digest, part.packed.clone()),
            None => (Digest::of(&bytes), packed(kind, &bytes)),
        };
        (Line { kind, name, time, digest, size }, ReadyPart { bytes, packed })
    }
}
