//! A pack that is believed: what the offline verifier judges by.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::error::PackError;
use super::file::{PackFile, Part};
use super::manifest::{Line, Manifest, PartKind};
use crate::codec::{Envelope, KeyId, StatusReference, zlib};
use crate::crypto::Digest;
use crate::licence::{OfflinePolicy, TypeCode};
use crate::pki::{Anchor, TrustStore, Usage};
use crate::time::UnixTime;
use crate::verify::{ListEntry, Offline};

/// Bytes of a status list's entries: 2^20 of 2 bits (FORMAT.md §10).
pub(super) const LIST_BYTES: usize = 1 << 18;
/// Bytes that a part other than a status list may inflate to: survivors are 64 bytes a licence.
const MOST_PART: usize = 1 << 30;

/// The newest pack a verifier has seen; none older is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenPack {
    /// Its version.
    pub version: u64,
    /// When it was made.
    pub issued_at: UnixTime,
}

/// A pack that is believed.
#[derive(Clone, Debug)]
pub struct Pack {
    trust: TrustStore,
    envelope: Envelope,
    manifest: Manifest,
    /// The parts' bytes, not compressed, in the order of the lines.
    contents: Vec<Arc<[u8]>>,
    lists: HashMap<String, (UnixTime, Arc<[u8]>)>,
    policies: HashMap<TypeCode, OfflinePolicy>,
    survivors: HashMap<KeyId, Arc<[u8]>>,
}

/// As much of the licence types as judging needs.
#[derive(Deserialize)]
struct Types {
    types: Vec<TypeOfPack>,
}

#[derive(Deserialize)]
struct TypeOfPack {
    code: TypeCode,
    #[serde(default)]
    offline: OfflinePolicy,
}

impl Pack {
    /// Believes a whole pack, or says why not.
    pub fn open(bytes: &[u8], anchor: Anchor) -> Result<Self, PackError> {
        Self::load(PackFile::decode(bytes)?, anchor, None)
    }

    /// Believes an update of this pack, or a whole one in its place; the root stays the same, and nothing may be older.
    pub fn update(&self, bytes: &[u8]) -> Result<Self, PackError> {
        let anchor = Anchor::Pinned(self.trust.root_fingerprint());
        let newer = Self::load(PackFile::decode(bytes)?, anchor, Some(self))?;
        newer.trust.check_not_older(self.trust.version())?;
        newer.check_not_older(self.seen())?;
        Ok(newer)
    }

    fn load(file: PackFile, anchor: Anchor, held: Option<&Self>) -> Result<Self, PackError> {
        // The payload is read before it is believed, to find the trust list; nothing else in it counts until then.
        let manifest = Manifest::decode(file.manifest.payload())?;
        check_counts(&manifest, file.parts.len())?;
        let mut parts = file.parts.into_iter().zip(&manifest.lines);
        let (part, line) = parts.next().ok_or(PackError::Value { what: "first line" })?;
        let first = content(part, line, held)?;
        let trust = TrustStore::from_envelope(&first, anchor)?;
        check_signer(&file.manifest, &manifest, &trust)?;
        let mut contents = vec![first];
        for (part, line) in parts {
            contents.push(content(part, line, held)?);
        }
        let lines = || manifest.lines.iter().zip(&contents);
        let of_kind = |kind| lines().filter(move |(line, _)| line.kind == kind);
        let lists = of_kind(PartKind::StatusList)
            .map(|(line, bytes)| (line.name.clone(), (line.time, Arc::clone(bytes))))
            .collect();
        let policies = of_kind(PartKind::LicenceTypes).map(|(line, bytes)| policies(line, bytes)).collect();
        let policies: Result<Vec<_>, _> = policies;
        let policies = policies?.into_iter().flatten().collect();
        let survivors = of_kind(PartKind::Survivors)
            .map(|(line, bytes)| survivors(line, bytes))
            .collect::<Result<_, _>>()?;
        Ok(Self { trust, envelope: file.manifest, lists, policies, survivors, manifest, contents })
    }

    /// That neither version nor time is below what was seen before.
    pub fn check_not_older(&self, seen: SeenPack) -> Result<(), PackError> {
        let got = self.seen();
        if got.version < seen.version || got.issued_at < seen.issued_at {
            return Err(PackError::RolledBack {
                seen_version: seen.version,
                seen_at: seen.issued_at,
                version: got.version,
                at: got.issued_at,
            });
        }
        Ok(())
    }

    /// What to remember of it.
    pub const fn seen(&self) -> SeenPack {
        SeenPack { version: self.manifest.version, issued_at: self.manifest.issued_at }
    }

    /// Whom it says to believe.
    pub const fn trust(&self) -> &TrustStore {
        &self.trust
    }

    /// What was signed.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The ledger's last checkpoint in it (FORMAT.md §6).
    pub fn checkpoint(&self) -> Option<&str> {
        let (_, bytes) = self.of_kind(PartKind::Checkpoint).next()?;
        std::str::from_utf8(bytes).ok()
    }

    /// The whole pack as a file, also where it came as an update.
    pub fn to_bytes(&self) -> Vec<u8> {
        let whole = |(line, bytes): (&Line, &Arc<[u8]>)| Part::Whole(packed(line.kind, bytes));
        let parts = self.manifest.lines.iter().zip(&self.contents).map(whole).collect();
        PackFile { manifest: self.envelope.clone(), parts }.encode()
    }

    fn of_kind(&self, kind: PartKind) -> impl Iterator<Item = (&Line, &Arc<[u8]>)> {
        self.manifest.lines.iter().zip(&self.contents).filter(move |(line, _)| line.kind == kind)
    }

    fn find(&self, line: &Line) -> Option<&Arc<[u8]>> {
        let mut all = self.manifest.lines.iter().zip(&self.contents);
        all.find(|(mine, _)| (mine.kind, &mine.name) == (line.kind, &line.name)).map(|(_, bytes)| bytes)
    }
}

impl Offline for Pack {
    fn entry(&self, reference: &StatusReference) -> Option<ListEntry> {
        let (as_of, entries) = self.lists.get(&reference.uri)?;
        let index = usize::try_from(reference.index).ok()?;
        let byte = entries.get(index / 4)?;
        Some(ListEntry { value: byte >> (index % 4 * 2) & 3, as_of: *as_of })
    }

    fn policy(&self, code: &TypeCode) -> OfflinePolicy {
        self.policies.get(code).copied().unwrap_or_default()
    }

    fn survives(&self, signer: &KeyId, envelope: &Digest) -> bool {
        let Some(all) = self.survivors.get(signer) else { return false };
        let (digests, _) = all.as_chunks::<32>();
        digests.binary_search(envelope.as_bytes()).is_ok()
    }

    fn made(&self) -> UnixTime {
        self.manifest.issued_at
    }
}

/// A part's bytes as they travel whole.
pub(super) fn packed(kind: PartKind, bytes: &[u8]) -> Vec<u8> {
    match kind {
        PartKind::TrustList | PartKind::Checkpoint => bytes.to_vec(),
        PartKind::StatusList | PartKind::LicenceTypes | PartKind::Survivors => zlib::deflate(bytes),
    }
}

fn check_counts(manifest: &Manifest, parts: usize) -> Result<(), PackError> {
    let lines = manifest.lines.len();
    if lines != parts {
        return Err(PackError::Parts { lines, parts });
    }
    let counts = [
        (PartKind::TrustList, "one", 1..=1),
        (PartKind::LicenceTypes, "one", 1..=1),
        (PartKind::Checkpoint, "at most one", 0..=1),
    ];
    counts.into_iter().try_for_each(|(kind, expected, range)| match manifest.of_kind(kind).count() {
        got if range.contains(&got) => Ok(()),
        got => Err(PackError::PartCount { kind, expected, got }),
    })
}

fn check_signer(envelope: &Envelope, manifest: &Manifest, trust: &TrustStore) -> Result<(), PackError> {
    let key_id = envelope.key_id();
    let signer = trust.signer(&key_id).ok_or(PackError::SignerUnknown { key_id })?;
    signer.check_usage(Usage::Pack)?;
    signer.check_at(manifest.issued_at)?;
    let retired = signer.retired().is_some_and(|retired| retired <= manifest.issued_at);
    if retired || !signer.revocations().is_empty() {
        return Err(PackError::SignerWithdrawn { key_id });
    }
    envelope.verify(signer.key())?;
    if trust.public_url() != manifest.public_url {
        let (expected, got) = (trust.public_url().to_owned(), manifest.public_url.clone());
        return Err(PackError::OtherInstallation { expected, got });
    }
    Ok(())
}

/// A part's bytes, as the manifest says they have to be.
fn content(part: Part, line: &Line, held: Option<&Pack>) -> Result<Arc<[u8]>, PackError> {
    let name = || line.name.clone();
    let of_held = || held.and_then(|held| held.find(line)).ok_or_else(|| PackError::NotHeld { name: name() });
    let size = usize::try_from(line.size).ok().filter(|size| *size <= MOST_PART);
    let size = size.ok_or(PackError::Value { what: "size of a part" })?;
    if line.kind == PartKind::StatusList && size != LIST_BYTES {
        return Err(PackError::Content { name: name(), what: "a status list has 262,144 bytes" });
    }
    let bytes: Arc<[u8]> = match part {
        Part::Held => Arc::clone(of_held()?),
        Part::Changes(changes) if line.kind == PartKind::StatusList => changed(of_held()?, &changes, line)?,
        Part::Changes(_) => {
            return Err(PackError::Content { name: name(), what: "only a status list comes as changes" });
        }
        Part::Whole(bytes) => match line.kind {
            PartKind::TrustList | PartKind::Checkpoint => bytes.into(),
            PartKind::StatusList | PartKind::LicenceTypes | PartKind::Survivors => {
                zlib::inflate(&bytes, size).map_err(|error| PackError::Zlib { name: name(), error })?.into()
            }
        },
    };
    if bytes.len() != size || Digest::of(&bytes) != line.digest {
        return Err(PackError::Digest { name: name() });
    }
    Ok(bytes)
}

fn changed(held: &[u8], changes: &[(u32, u8)], line: &Line) -> Result<Arc<[u8]>, PackError> {
    let mut entries = held.to_vec();
    for (index, value) in changes {
        let index = usize::try_from(*index).unwrap_or(usize::MAX);
        let out_of_range =
            || PackError::Content { name: line.name.clone(), what: "a change lies behind the list's end" };
        let byte = entries.get_mut(index / 4).ok_or_else(out_of_range)?;
        let shift = index % 4 * 2;
        *byte = *byte & !(3 << shift) | (value & 3) << shift;
    }
    Ok(entries.into())
}

fn policies(line: &Line, bytes: &[u8]) -> Result<Vec<(TypeCode, OfflinePolicy)>, PackError> {
    let types: Result<Types, _> = serde_json::from_slice(bytes);
    let types = types.map_err(|_| PackError::Content {
        name: line.name.clone(),
        what: "not a list of licence types in JSON",
    })?;
    Ok(types.types.into_iter().map(|one| (one.code, one.offline)).collect())
}

fn survivors(line: &Line, bytes: &Arc<[u8]>) -> Result<(KeyId, Arc<[u8]>), PackError> {
    let wrong = |what| PackError::Content { name: line.name.clone(), what };
    let key_id = KeyId::from_hex(&line.name).ok_or_else(|| wrong("its name is no key id in hexadecimal"))?;
    let (digests, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || !digests.is_sorted_by(|one, next| one < next) {
        return Err(wrong("not digests in order"));
    }
    Ok((key_id, Arc::clone(bytes)))
}
